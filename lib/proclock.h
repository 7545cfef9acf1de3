/* Which processes hold the lock of a run: of those that are to be stopped, none may. */
#ifndef RT_PROCLOCK_H
#define RT_PROCLOCK_H

#include "proctree.h"

/*
 * Go through the processes of the tree that have a flock(2) on an events.jsonl,
 * any run's, as /proc/locks tells; returns how many there are. Where there is no
 * such file, there are none.
 */
size_t rt_proclock_find(const struct rt_proctree *t, void (*found)(pid_t pid));

#endif
