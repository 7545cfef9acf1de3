/*
 * Asking a run to do something: rt-run does it, in a process of its own, so that the
 * screen goes on meanwhile. What it says at its end is shown.
 */
#ifndef RT_ASK_H
#define RT_ASK_H

#include "buf.h"
#include "err.h"

#include <signal.h>
#include <sys/types.h>

struct ask {
	pid_t pid; /* 0: nothing is being asked */
	int fd;    /* what it says */
	const char *verb;
	struct rt_buf said;
};

/* Start "rt-run VERB -- PATH [TEXT]" with this mask of signals. -1 and err. */
int ask_start(struct ask *a, const char *verb, const char *path, const char *text,
	      const sigset_t *mask, struct rt_err *err);

/*
 * Read what it says. False: it goes on; true: it has ended, a->said is its last line
 * and *done tells whether it was done.
 */
bool ask_read(struct ask *a, bool *done);

#endif
