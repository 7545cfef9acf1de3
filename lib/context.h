/*
 * What people say to a run while it goes on: a file for each text,
 * RUN/context/001.txt. The next step that starts gets all that no step got yet,
 * as one file in its own folder; context/001.step says which one that was.
 */
#ifndef RT_CONTEXT_H
#define RT_CONTEXT_H

#include "rundir.h"

#define RT_CONTEXT_MAX (1u << 20) /* bytes of a text */

/* Add a text, which is there whole or not at all, and say which number it has. */
int rt_context_add(const struct rt_rundir *d, struct rt_str text, int *number, struct rt_err *err);

/* Take it back, unless a step has it. */
void rt_context_remove(const struct rt_rundir *d, int number);

/*
 * Give the step what no step got yet. 1: that is in logs/step_NNN/context.txt,
 * every text with a newline at its end; 0: there is nothing; -1: what there is
 * cannot be given, and waits for the next one. A text that cannot be read keeps
 * no other one back: *warning names it.
 */
int rt_context_give(const struct rt_rundir *d, int step, struct rt_err *warning,
		    struct rt_err *err);

/* The last one. */
struct rt_context_latest {
	int number;
	int64_t added_ns;
	bool given;         /* a step got it */
	struct rt_buf text; /* its beginning */
};

/* Fill it in, to be released by its text; false where there is none. */
bool rt_context_latest(const struct rt_rundir *d, struct rt_context_latest *c);

#endif
