/*
 * One run of a name at a time: rt-run --no-overlap. The lock is a POSIX record
 * lock on a file in the runs folder's .rt: no process that is forked has it,
 * neither the command nor what passes on its output later, and the system lets
 * go of it when its owner ends, however that is.
 */
#ifndef RT_OVERLAP_H
#define RT_OVERLAP_H

#include "err.h"
#include "sha256.h"

struct overlap {
	int fd;    /* the lock file, -1: there is no lock */
	int dirfd; /* .rt */
	char file[sizeof("overlap.") + RT_SHA256_HEX];
};

/*
 * Take the lock of `name` (any text) in `group` (NULL: none). While another run
 * has it: how is "skip", which exits with 0, "fail", which exits with 75, or
 * "wait", which signals end as they end any process. -1 when there can be no
 * lock. To be called before signals are taken over.
 */
int overlap_take(struct overlap *o, const char *how, const char *runs_dir, const char *group,
		 const char *name, struct rt_err *err);

/* Say in it which run it is. */
void overlap_tell(const struct overlap *o, const char *run_id);

/* The command that this process becomes has it. */
void overlap_hand_over(const struct overlap *o);

void overlap_release(struct overlap *o);

#endif
