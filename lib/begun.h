/*
 * Steps that one program began and another one will end. What the end has to
 * know of the beginning is in a small file for each, RUN/.begun/step_003, which
 * goes away with the end: who removes it is the one who ends the step.
 */
#ifndef RT_BEGUN_H
#define RT_BEGUN_H

#include "rundir.h"
#include "trace.h"

struct rt_begun {
	int number;
	char id[RT_STEP_ID_SIZE]; /* step_003 */
	int64_t started_ns;
	struct rt_buf name, component; /* component: empty where there is none */
	bool traced;
	struct rt_trace trace; /* where `traced` */
};

void rt_begun_init(struct rt_begun *b);
void rt_begun_release(struct rt_begun *b);

/* Keep it, under its id. */
int rt_begun_add(const struct rt_rundir *d, const struct rt_begun *b, struct rt_err *err);

/*
 * The newest that `which` names, by its id or its name; NULL: the newest. 1, or
 * 0 when there is none, or -1.
 */
int rt_begun_find(const struct rt_rundir *d, const char *which, struct rt_begun *b,
		  struct rt_err *err);

/* End it: 1, or 0 when somebody else has, or -1. */
int rt_begun_remove(const struct rt_rundir *d, const struct rt_begun *b, struct rt_err *err);

#endif
