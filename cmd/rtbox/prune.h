/*
 * rt-prune in two halves: which runs go (prune.c), and how one is deleted or
 * archived (prune_act.c).
 */
#ifndef RT_PRUNE_H
#define RT_PRUNE_H

#include "catalog.h"
#include "unpack.h"

/* A runs folder that is pruned. */
struct prune {
	const char *runs_dir;
	int runs_fd;    /* it, open */
	int private_fd; /* and its .rt */
	int lock_fd;
	struct unpack unpack;
};

/*
 * Open the folder and take the lock that keeps another rt-prune out. 1: done; 0: one is at
 * work. With `look` nothing is written, and no lock taken. Dies of errors.
 */
int prune_open(struct prune *p, const char *runs_dir, bool look);
void prune_close(struct prune *p);

/* Remove what a deletion that did not end has left. -1: it could not be, which was said. */
int prune_empty_trash(struct prune *p);

/* Whether the run is archived, and all that its archive holds was removed. */
bool prune_is_archived(const struct rt_row *row);

/* Bytes on the disk: of a run, and of all that is in the folder. */
int64_t prune_run_bytes(const struct rt_row *row);
int64_t prune_all_bytes(const struct prune *p);

/* Delete or archive a run. 1: done, 0: there was nothing to be done, -1: it failed, which was said. */
int prune_delete(struct prune *p, const struct rt_row *row);
int prune_archive(struct prune *p, const struct rt_row *row);

#endif
