/* The environment that a run's commands get, and `rt-run env` prints. */
#ifndef RT_ENVIRON_H
#define RT_ENVIRON_H

#include "rundir.h"

/* NAME=value strings, the last one NULL; free with env_free. */
struct env_list {
	char **v;
	size_t n;
};

/* What rt-run exports for a run; the step parts are left out when step_id is NULL. */
void env_of_run(struct env_list *list, const struct rt_rundir *d, const char *runs_dir,
		const char *step_id, const char *stage);

/* This process's environment with those in place of what it has of the same names. */
void env_merged(struct env_list *list, const struct env_list *with);
void env_free(struct env_list *list);

#endif
