/* The lines of a reader that may meet a filter: the others are passed over unread. */
#ifndef RT_SIEVE_H
#define RT_SIEVE_H

#include "evlog.h"
#include "filter.h"

struct rt_sieve {
	struct rt_probe probe;
	off_t pos;                     /* the reader has read up to here, */
	const char *end;               /* to here it is whole lines, */
	const char *hit[RT_PROBE_MAX]; /* and here each text stands next: `end` if nowhere */
	struct rt_lines lines;         /* where no text is looked for: these come next */
};

void rt_sieve_init(struct rt_sieve *s, const struct rt_filter *f);

/*
 * As rt_reader_next, forwards; what it passes over cannot match. Not all that
 * it hands out does. Begin anew with each reader.
 */
int rt_sieve_search(struct rt_sieve *s, struct rt_reader *r,
		    struct rt_str *line); /* where none is outlined */
static inline int rt_sieve_next(struct rt_sieve *s, struct rt_reader *r, struct rt_str *line)
{
	if (s->probe.n == 0 && rt_reader_outlined(r, &s->lines, line))
		return 1;
	return rt_sieve_search(s, r, line);
}

#endif
