/*
 * Regular expressions by the C library. See ere.h.
 *
 * glibc's regexec tries a match at each place of a text anew. Where "a.*b" fails it has
 * read the text to its end for each "a": of 64 KiB of them that takes a minute. With what
 * comes before made part of the expression there is one place to try. That is slower where
 * most places are no beginning of a match, so it is for long texts; and for what can be any
 * number of characters long, as nothing else has to be read so far.
 */
#include "ere.h"
#include "text.h"

#include <string.h>

#define LONG_TEXT 1024 /* bytes; reading so many at each place takes some milliseconds */

#define FLAGS (REG_EXTENDED | REG_NOSUB)

/*
 * Whether it means the same within brackets, and can be read in one go. Back-references have
 * numbers, and counted parts can take as many states as the text has characters.
 */
static bool can_be_wrapped(const char *pattern, int flags)
{
	struct rt_buf open;
	regex_t regex;
	int bad;

	if (!strpbrk(pattern, "*+") || strchr(pattern, '{'))
		return false;
	for (const char *p = pattern; (p = strchr(p, '\\')) && p[1]; p += 2)
		if (p[1] >= '1' && p[1] <= '9')
			return false;
	/* a ")" too many is a character: a "(" before it would be closed by it */
	rt_buf_init(&open);
	rt_buf_addf(&open, "(%s", pattern);
	bad = open.failed ? REG_ESPACE : regcomp(&regex, open.s, FLAGS | flags);
	rt_buf_release(&open);
	if (!bad)
		regfree(&regex);
	return bad == REG_EPAREN;
}

int rt_ere_init(struct rt_ere *e, const char *pattern, int flags)
{
	struct rt_buf whole;
	int bad = regcomp(&e->regex, pattern, FLAGS | flags);

	e->has_whole = false;
	if (bad || !can_be_wrapped(pattern, flags))
		return bad;
	/* "." is no NUL */
	rt_buf_init(&whole);
	rt_buf_addf(&whole, "^([^a]|a)*(%s)", pattern);
	e->has_whole = !whole.failed && regcomp(&e->whole, whole.s, FLAGS | flags) == 0;
	rt_buf_release(&whole);
	return 0;
}

void rt_ere_release(struct rt_ere *e)
{
	regfree(&e->regex);
	if (e->has_whole)
		regfree(&e->whole);
}

bool rt_ere_in(const struct rt_ere *e, struct rt_str text, struct rt_buf *scratch)
{
	/* bytes that are no characters are nothing that could stand before a match */
	bool whole = e->has_whole && text.n > LONG_TEXT && rt_utf8_valid(text);
	const regex_t *regex = whole ? &e->whole : &e->regex;
#ifdef REG_STARTEND
	regmatch_t range = { .rm_so = 0, .rm_eo = (regoff_t)text.n };

	(void)scratch;
	return regexec(regex, text.n ? text.p : "", 0, &range, REG_STARTEND) == 0;
#else
	if (text.p != scratch->s) {
		rt_buf_clear(scratch);
		rt_buf_addv(scratch, text);
	}
	return regexec(regex, scratch->s, 0, NULL, 0) == 0;
#endif
}
