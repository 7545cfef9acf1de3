/* What a command left behind: its supervisor says so, or rt-run reap when that was killed. */
#ifndef RT_ORPHANS_H
#define RT_ORPHANS_H

#include "annotate.h"
#include "proctree.h"

/*
 * The processes that were started in the run at `path`: those with that RT_RUN
 * in the environment they began with, and all below them; never this process,
 * nor what it is below of. Of other users' only root sees that. Release t.
 */
int orphans_find(struct rt_proctree *t, const char *path);

/* Record who is left in a step (all NULL: in none), or with `end` that they are going to be ended. */
void orphans_record(struct rt_record *record, const struct rt_proctree *t,
		    const struct annotate_step *step, bool end);

/* End them: TERM, and KILL for those that are still there after 10 seconds. Returns how many are left. */
size_t orphans_end(const char *path);

#endif
