/* What rt-run's subcommands share. */
#ifndef RT_RUN_H
#define RT_RUN_H

#include "metadata.h"
#include "writer.h"

extern const struct rt_applet run_exec_applet, run_start_applet, run_step_applet,
	run_finish_applet, run_env_applet, run_reap_applet;

extern const struct opt_group run_exec_groups[]; /* of `rt-run -- COMMAND` */

/* What a new run is, as rt-run and rt-run start take it. */
struct new_run_opts {
	const char *name, *group, *id;
	struct opt_list label;
	bool join, json_logs;
};
extern const struct opt new_run_opts[];

/* A run that is being made: everything about it that lives as long. */
struct new_run {
	char id[RT_ID_MAX + 1];
	char *runs_dir;
	char *name;
	struct metadata metadata;
	struct git_job git;
	int64_t created_ns;
};

/*
 * Check the options and make the run. Bad arguments die with `usage_code`
 * before anything is made. 0: *out is open; 1: --join and there is such a run
 * that goes on: *path is its directory, to be freed; -1: it failed, see err.
 */
int new_run_create(struct new_run *n, const struct new_run_opts *o, const struct common_opts *c,
		   char *const *argv, int64_t owner_pid, const struct rt_record_opts *opts,
		   const sigset_t *mask, struct rt_record **out, char **path,
		   struct rt_err *err);

/* Add what git said to metadata.json. */
void new_run_add_git(struct new_run *n, const struct rt_rundir *d);
void new_run_release(struct new_run *n);

/* Say that a run goes unrecorded or recorded in part; with `required` die of it instead. */
void recording_trouble(const struct rt_err *err, bool required);

/* Run argv as a step of the run at `path`; does not return. */
_Noreturn void run_as_step(const char *path, const char *name, char *const *argv, bool required,
			   const sigset_t *mask);

#endif
