/*
 * Texts that every match of a regular expression must contain: for filter.c,
 * which looks for them before it asks the C library's regexec, and for
 * filter_probe.c, which passes over lines without them.
 */
#ifndef RT_FILTER_LITERALS_H
#define RT_FILTER_LITERALS_H

#include "buf.h"

#define RT_LITERALS_MAX 7 /* texts, and */
#define RT_LITERAL_LEN 32 /* bytes of each */

/*
 * Of these texts each match contains at least one; n == 0: nothing is known.
 * They consist of characters of ASCII that every JSON writer leaves as they
 * are. With `exact` what contains one is a match, too.
 */
struct rt_literals {
	char text[RT_LITERALS_MAX][RT_LITERAL_LEN];
	uint8_t len[RT_LITERALS_MAX];
	size_t n;
	bool exact;
};

/* A character of ASCII that no JSON writer has to escape; many escape "/". */
static inline bool rt_stands_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '/';
}

static inline struct rt_str rt_literal(const struct rt_literals *l, size_t i)
{
	return (struct rt_str){ l->text[i], l->len[i] };
}

/* Those of a POSIX extended regular expression that regcomp takes, in which case counts. */
void rt_literals_find(struct rt_literals *l, const char *regex);

/* Whether one of them stands in the text. */
bool rt_literals_in(const struct rt_literals *l, struct rt_str text);

#endif
