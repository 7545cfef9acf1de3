/*
 * What applets share beyond option parsing: the options that all of them take,
 * run and event selection, configuration files, and opening the run that a
 * command line means.
 */
#ifndef RT_COMMON_H
#define RT_COMMON_H

#include "buf.h"
#include "catalog.h"
#include "filter.h"
#include "opt.h"
#include "out.h"

/* Taken by every applet. */
struct common_opts {
	const char *run;      /* -r */
	const char *runs_dir; /* -d */
	const char *color;    /* --color */
	bool quiet, verbose, utc;
};
extern const struct opt common_opts[];

/* Output forms, for every applet that prints records: -o, --json, --format. */
struct output_opts {
	const char *mode; /* NULL: the applet's default */
	const char *format;
	const char *columns;
};
extern const struct opt output_opts[];

/*
 * The form that -o, --json, --format and --columns mean; `choices` ("table|jsonl|json")
 * are those that the applet has, its default first. Dies of any other.
 */
enum out_mode output_mode(const struct output_opts *o, const char *choices);

/* Which runs: -a --name --group --status --label --host. */
struct select_opts {
	bool all;
	struct opt_list name, group, status, label, host;
};
extern const struct opt select_opts[];

/* Which events: --type --stage ... --match. */
struct event_opts {
	struct opt_list type, stage, task, step, role, model, component, action, correlation, match;
	const char *level, *grep, *since, *until;
	bool fixed;
};
extern const struct opt event_opts[];

/* An environment variable; NULL when it is not set, or empty. */
const char *env_value(const char *name);

/*
 * Read /etc/rt/rt.conf and $XDG_CONFIG_HOME/rt/rt.conf: each RT_NAME=value line
 * becomes an environment variable, unless that is set already. A line that is
 * no assignment of an RT_ name is said with file and line number, and skipped.
 */
void config_load(void);

/* Apply -q, -v; fill in what --color and --utc mean for standard output (o may be NULL). */
void common_apply(const struct common_opts *c, struct out *o);

/* The runs folder that the options and the environment mean; dies when it is a file. Free it. */
char *common_runs_dir(const struct common_opts *c);

/* The same for a writer, whom a file in its place must not end: NULL, and err says so. */
char *find_runs_dir(const struct common_opts *c, struct rt_err *err);

/* What a run is wanted for. */
enum run_use {
	USE_WRITE,  /* its directory */
	USE_READ,   /* the same, or its archive */
	USE_LATEST, /* the same, or a file of events; without any the latest run */
};

/*
 * The run that `arg` (NULL: -r, else $RT_RUN) means. Dies with what was looked for and where.
 * Returns false only when no run is named at all, and the latest one is not meant.
 */
bool common_resolve(const struct common_opts *c, const char *arg, enum run_use use,
		    struct rt_found *found);

/* The same, without dying of a run that is not there or is ambiguous: -1 and err. */
int common_find(const struct common_opts *c, const char *arg, enum run_use use,
		struct rt_found *found, struct rt_err *err);

/* What --exit-status makes of a state. */
int exit_status_of(enum rt_state state);

/* Build a filter from the options; dies of a bad value, naming the option. */
void event_filter_init(struct rt_filter *f, const struct event_opts *e);

/* Whether any of them was given. */
bool selection_given(const struct select_opts *o);

/* Build a run selection; dies of a bad value. Release it. */
void selection_init(struct rt_selection *s, const struct select_opts *o);
void selection_release(struct rt_selection *s);

/* Warn of runs that are not in the list since they could not be read, if there are any. */
void selection_tell_unreadable(const struct rt_catalog *list, const char *runs_dir);

/* A time as -S and -U take it, in nanoseconds; NULL gives `fallback`. Dies naming the option. */
int64_t common_time(const char *option, const char *text, int64_t fallback);

/* "10M": bytes, with K, M, G or T for powers of 1024. False when it is none. */
bool size_parse(const char *text, uint64_t *bytes);

#endif
