/* The environment that a run's commands get, and `rt-run env` prints. */
#ifndef RT_ENVIRON_H
#define RT_ENVIRON_H

#include "rundir.h"
#include "trace.h"

/* NAME=value strings, the last one NULL; free with env_free. */
struct env_list {
	char **v;
	size_t n;
};

/* What is around a command in a step. What is NULL is not exported. */
struct env_step {
	const char *id, *stage, *component, *context_file;
};

/* The trace that our own environment tells of; false when there is none. */
bool env_trace(struct rt_trace *t);

/*
 * What rt-run exports for a run, of which `trace` is the span that the command is
 * in (NULL: the run's own); step is NULL outside of any. runs_dir may be NULL: it
 * is looked for.
 */
void env_of_run(struct env_list *list, const struct rt_rundir *d, const char *runs_dir,
		const struct rt_trace *trace, const struct env_step *step);

/* Add one more; NULL: nothing. */
void env_add(struct env_list *list, const char *name, const char *value);

/* This process's environment with those in place of what it has of the same names. */
void env_merged(struct env_list *list, const struct env_list *with);
void env_free(struct env_list *list);

#endif
