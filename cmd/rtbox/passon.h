/*
 * Passing a command's output on to where ours goes, without ever waiting inside
 * a write: a slow reader must hold up the command, as it would without us, but
 * not the signals and steps that we have to look after.
 */
#ifndef RT_PASSON_H
#define RT_PASSON_H

#include "buf.h"

#define PASSON_MAX (128 << 10) /* bytes of a piece */

/* How a write is kept from waiting. */
enum passon_kind {
	PASSON_FILE,   /* it never does */
	PASSON_NOWAIT, /* it is asked not to */
	PASSON_POLL,   /* poll says that there is room, and how much there then is, is known */
};

struct passon {
	int fd; /* our output */
	bool terminal;
	enum passon_kind kind;
	size_t chunk; /* of PASSON_POLL: bytes that a write takes at once when there is room */
	size_t at, n; /* what of the piece is still to be written: [at, n) */
	char piece[PASSON_MAX];
};

void passon_init(struct passon *p, int fd);

static inline bool passon_pending(const struct passon *p)
{
	return p->at < p->n;
}

/*
 * Take a piece of at most PASSON_MAX bytes: what can be written now is, the rest
 * is kept. There must be none pending. Returns as passon_write.
 */
int passon_take(struct passon *p, struct rt_str piece);

/*
 * Write what can be written now. -1 and errno when nothing can be written any
 * more (EPIPE: nobody reads); what is pending is then gone.
 */
int passon_write(struct passon *p);

#endif
