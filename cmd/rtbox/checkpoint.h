/*
 * Where a paused run waits and a cancelled one stops, when nobody supervises it
 * who could do that to its processes: in `rt-run checkpoint`, and before a step.
 */
#ifndef RT_CHECKPOINT_H
#define RT_CHECKPOINT_H

#include "rundir.h"

enum checkpoint {
	CHECKPOINT_GO = 0,
	CHECKPOINT_CANCELLED, /* the run is: what it would do next is not to be done */
	CHECKPOINT_TIMEOUT,   /* it is still paused */
};

/*
 * Look at the run, without its lock, and wait while it is paused, at most
 * timeout_ns (-1: for ever). Returns one of the above, or -1 where that cannot
 * be told.
 */
int checkpoint_wait(const struct rt_rundir *d, int64_t timeout_ns, struct rt_err *err);

/* Whether a supervisor looks after the run: then nobody else has to. */
bool checkpoint_is_supervised(const struct rt_rundir *d);

/*
 * The same check before a step of a run that has no supervisor. Exits with
 * EXIT_CANCELLED when the run is cancelled, having said that `what` is not run.
 * A run of which that cannot be told holds up nothing.
 */
void checkpoint_step(const struct rt_rundir *d, const char *what);

#endif
