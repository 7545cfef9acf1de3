/*
 * A file of any size that is written piece by piece, and then put in the place
 * of its name in one step: readers see the old one or the whole new one. Small
 * ones that are there at once are rt_file_replace's.
 *
 * Several at once for the same name are fine: the last one that is put wins.
 */
#ifndef RT_DRAFT_H
#define RT_DRAFT_H

#include "err.h"

#include <stdbool.h>

struct rt_draft {
	int fd;           /* write to it */
	int dirfd;        /* the folder; not owned */
	const char *name; /* in it; not owned */
	char tmp[48];
	bool named; /* tmp is there, to be removed if it is not put in place */
};

/*
 * Begin one. It is never more open than what it replaces; where the file system
 * can, it has no name until it is put, so that a crash leaves nothing. Close it.
 */
int rt_draft_open(struct rt_draft *d, int dirfd, const char *name, struct rt_err *err);

/*
 * All is written: owner, group and mode are those of the file it replaces, and
 * with `sync` it is on the disk. What takes time is done then.
 */
int rt_draft_finish(struct rt_draft *d, bool sync, struct rt_err *err);

/* Put it in place of its name. */
int rt_draft_put(struct rt_draft *d, bool sync, struct rt_err *err);

/* Let go of it; what was not put is gone. */
void rt_draft_close(struct rt_draft *d);

/* Remove this file if it is a draft that nobody writes any more. Best effort. */
void rt_draft_sweep(int dirfd, const char *name);

#endif
