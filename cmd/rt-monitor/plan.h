/*
 * The plan of a run: its steps, made of the step_* events, all of them, where status.json
 * keeps the last hundred. The events are read piece by piece, so that a long run is on
 * the screen at once.
 */
#ifndef RT_PLAN_H
#define RT_PLAN_H

#include "status.h"

enum plan_state {
	PLAN_RUNNING,
	PLAN_SUCCESS,
	PLAN_FAILED,
	PLAN_TIMEOUT,
	PLAN_SKIPPED,
	PLAN_CANCELLED,
	PLAN_INCOMPLETE, /* the run ended, the step did not */
	PLAN_STATES
};

struct plan_step {
	char *id, *name; /* "step_001"; "build" */
	char *component; /* or NULL */
	char *error;     /* or NULL */
	enum plan_state state;
	int64_t started_ns, finished_ns; /* 0: not known */
	int retries;
	int exit_code; /* -1: not known */
};

struct plan {
	struct plan_step *v; /* in the order of their first events */
	size_t n, cap;
	size_t *index, n_index; /* by the hash of the id: a place in v, and 1; 0: free */
	size_t count[PLAN_STATES];
	off_t read; /* up to here the events were read */
};

void plan_init(struct plan *p);
void plan_release(struct plan *p); /* it can be used again */

/*
 * Read on in the events, open as fd, for a moment. `over`: nothing is written any more.
 * 1: there is more to be read; 0: there is not; -1: it cannot be read, see errno.
 */
int plan_read(struct plan *p, int fd, bool over);

/* In a run that is over no step goes on. */
void plan_settle(struct plan *p, int64_t ended_ns);

/* The step of that id, name or number; NULL: there is none. */
struct plan_step *plan_find(struct plan *p, const char *word);

const char *plan_state_name(enum plan_state state);

#endif
