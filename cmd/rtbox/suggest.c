/* "Did you mean": the nearest of some names to a word that is none of them. */
#include "opt.h"

#include <string.h>

#define WORD_MAX 40 /* longer words get no suggestion */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/*
 * The number of letters to insert, delete, change or swap with their neighbour
 * to get from one word to the other ("optimal string alignment"). Source: L.
 * Boytsov, "Indexing methods for approximate dictionary searching", ACM Journal
 * of Experimental Algorithmics 16 (2011), section 2.
 */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= nb; j++)
		above[j] = before[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1,
				      above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[nb];
}

void opt_guess_init(struct opt_guess *g, const char *word, size_t n)
{
	g->word = word;
	g->n = n;
	g->best = NULL;
	g->distance = n < 4 ? 1 : n < 8 ? 2 : 3;
}

void opt_guess_try(struct opt_guess *g, const char *candidate)
{
	size_t n = strlen(candidate), d;

	if (g->n > WORD_MAX || n > WORD_MAX || g->n == 0)
		return;
	/* the beginning of a name is nearer than any slip of the finger */
	d = n > g->n && memcmp(g->word, candidate, g->n) == 0 ?
		    0 :
		    distance(g->word, g->n, candidate, n);
	if (d < g->distance || (d == g->distance && !g->best)) {
		g->best = candidate;
		g->distance = d;
	}
}
