/*
 * Which sources a plan reads. A join by run_id asks for one run after another,
 * so they are found by halving, not by going through all of them.
 */
#include "sql.h"
#include "die.h"

#include <stdlib.h>
#include <string.h>

/* Of a file that is no run's: "", which no run is called. */
static const char *id_of(const struct sql_db *db, size_t at)
{
	const char *id = db->sources->v[at].run_id;

	return id ? id : "";
}

static int compare_ids(const void *a, const void *b, void *arg)
{
	return strcmp(id_of(arg, *(const size_t *)a), id_of(arg, *(const size_t *)b));
}

void choose_init(struct sql_db *db)
{
	size_t n = db->sources->n;

	db->by_run = xcalloc(n + 1, sizeof(*db->by_run));
	for (size_t i = 0; i < n; i++)
		db->by_run[i] = i;
	qsort_r(db->by_run, n, sizeof(*db->by_run), compare_ids, db);
}

/* Add all sources of this id; a run may have been named twice, and two groups may share an id. */
static void add_id(struct sql_plan *p, const struct sql_db *db, const char *id)
{
	size_t low = 0, high = db->sources->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(id_of(db, db->by_run[middle]), id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < db->sources->n && strcmp(id_of(db, db->by_run[low]), id) == 0; low++) {
		p->chosen = xrealloc(p->chosen, (p->n_chosen + 1) * sizeof(*p->chosen));
		p->chosen[p->n_chosen++] = db->by_run[low];
	}
}

static int compare_places(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

void choose_runs(struct sql_plan *p, const struct sql_db *db, char *const *ids, size_t n)
{
	size_t kept = 0;

	p->by_run = true;
	add_id(p, db, "");
	for (size_t i = 0; i < n; i++)
		if (*ids[i])
			add_id(p, db, ids[i]);
	if (p->n_chosen)
		qsort(p->chosen, p->n_chosen, sizeof(*p->chosen), compare_places);
	for (size_t i = 0; i < p->n_chosen; i++)
		if (!kept || p->chosen[kept - 1] != p->chosen[i])
			p->chosen[kept++] = p->chosen[i];
	p->n_chosen = kept;
}

bool choose_next(const struct sql_plan *p, const struct sql_db *db, size_t turn, size_t *at)
{
	if (turn >= (p->by_run ? p->n_chosen : db->sources->n))
		return false;
	*at = p->by_run ? p->chosen[turn] : turn;
	return true;
}
