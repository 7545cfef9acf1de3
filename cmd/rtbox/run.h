/* What rt-run's subcommands share. */
#ifndef RT_RUN_H
#define RT_RUN_H

#include "metadata.h"
#include "outlet.h"
#include "writer.h"

extern const struct rt_applet run_exec_applet, run_start_applet, run_step_applet, run_finish_applet,
	run_env_applet, run_reap_applet, run_checkpoint_applet, run_begin_applet, run_end_applet,
	run_context_applet, run_artifact_applet, run_pause_applet, run_resume_applet,
	run_cancel_applet;

/* Of `rt-run artifact`: those that read. */
extern const struct rt_applet artifact_get_applet, artifact_list_applet, artifact_stat_applet;

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
	struct rt_trace trace; /* its span */
	struct git_job git;
	const struct rt_rundir *dir; /* once it is made */
	int64_t created_ns;
};

/* Die of bad arguments. */
void new_run_check(const struct new_run_opts *o);

/* What it is called; NULL when there is nothing to call it by. */
const char *new_run_name(const struct new_run_opts *o, char *const *argv);

/*
 * Make the run. The options were checked; argv is NULL where there is no command.
 * 0: *out is open; 1: --join, and there is such a run that goes on: *path is its
 * directory, to be freed; -1: it failed, see err. Release *n in any case.
 */
int new_run_create(struct new_run *n, const struct new_run_opts *o, const struct common_opts *c,
		   char *const *argv, int64_t owner_pid, const struct rt_record_opts *opts,
		   const struct rt_inherited *in, struct rt_record **out, char **path,
		   struct rt_err *err);

/* What to say behind a refusal to make the run: that --join may be what was meant. */
const char *join_hint(const struct new_run_opts *o, const struct rt_err *err);

/* Give git so long to answer; what it says goes into metadata.json when it does. */
void new_run_wait_git(struct new_run *n, int timeout_ms);
void new_run_release(struct new_run *n);

/* A run's status, to be released, and its state as readers see it; dies of what is no run. */
enum rt_state load_state(struct rt_status *st, const struct rt_rundir *d);

/* The argument of --exit-code; dies of what is none. */
int exit_code_option(const char *text);

/* The last part of a command's name. */
const char *base_name(const char *path);

/* Record that the command has failed and is started again; ev says what of the run it is. */
void record_retry(struct supervised *s, struct rt_event *ev, const char *text, int retry,
		  int64_t delay_ns);

/* Record that the command took too long, and ended well when it was told to, if it is so. */
void record_forgiven(const struct supervised *s);

/* Say that a run goes unrecorded or recorded in part; with `required` die of it instead. */
void recording_trouble(const struct rt_err *err, bool required);

/*
 * Run a command that nothing is recorded of, as these ask for: *end says how it
 * ended. False where they ask for nothing, or there is nothing to supervise it with.
 */
bool try_unrecorded(char *const *argv, const struct limits *limits, const struct outlet_opts *opts,
		    const struct rt_inherited *in, struct outcome *end);

/* The same, and end as it ended. Where it returns, the caller becomes the command. */
void run_unrecorded(char *const *argv, const struct limits *limits, const struct outlet_opts *opts,
		    const struct rt_inherited *in);

/* Become the command. */
_Noreturn void become_command(char *const *argv, const struct rt_inherited *in);

/* Run argv as a step of the run at `path`; does not return. */
_Noreturn void run_as_step(const char *path, const char *name, char *const *argv,
			   const struct limits *limits, const struct outlet_opts *outlet,
			   bool required, const struct rt_inherited *in);

#endif
