/*
 * Passing a command's output on to where ours goes, without ever waiting inside
 * a write: a slow reader must hold up the command, as it would without us, but
 * not the signals and steps that we have to look after.
 */
#ifndef RT_PASSON_H
#define RT_PASSON_H

#include "buf.h"

#define PASSON_MAX 65536 /* bytes of a piece */

struct passon {
	int fd;       /* our output */
	size_t chunk; /* bytes that a write takes at once when poll says that it can */
	size_t at, n; /* what of the piece is still to be written: [at, n) */
	char piece[PASSON_MAX];
};

void passon_init(struct passon *p, int fd);

static inline bool passon_pending(const struct passon *p)
{
	return p->at < p->n;
}

/* Take a piece of at most PASSON_MAX bytes; there must be none pending. */
void passon_take(struct passon *p, struct rt_str piece);

/*
 * Write what can be written now. -1 and errno when nothing can be written any
 * more (EPIPE: nobody reads); what is pending is then gone.
 */
int passon_write(struct passon *p);

#endif
