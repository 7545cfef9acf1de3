/* Recording from a command line. See writer.h. */
#include "writer.h"
#include "clock.h"
#include "die.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

void record_opts_init(struct rt_record_opts *o, const struct rt_redact *redact)
{
	const char *sync = env("RT_SYNC"), *timeout = env("RT_LOCK_TIMEOUT");
	const char *keep = env("RT_STATUS_EVENTS");
	struct rt_err err = RT_ERR_INIT;
	int64_t ns;
	char *end;

	memset(o, 0, sizeof(*o));
	o->redact = redact;
	if (sync) {
		opt_check_choice("RT_SYNC", sync, "end|always|never");
		o->sync = *sync == 'a' ? RT_SYNC_ALWAYS : *sync == 'n' ? RT_SYNC_NEVER : RT_SYNC_END;
	}
	if (timeout) {
		if (rt_duration_parse(timeout, &ns, &err) < 0)
			die_usage("bad RT_LOCK_TIMEOUT: %s", err.msg);
		ns /= RT_NS_PER_MS;
		o->lock_timeout_ms = ns < 1 ? 1 : ns > INT_MAX ? INT_MAX : (int)ns;
	}
	if (keep) {
		unsigned long n = strtoul(keep, &end, 10);

		if (*end || n < 1 || n > 1000)
			die_usage("bad RT_STATUS_EVENTS \"%s\": a number from 1 to 1000", keep);
		o->keep_events = n;
	}
}

struct rt_redact *redact_env(void)
{
	struct rt_redact *r = rt_redact_new(environ);

	if (!r)
		die(EXIT_FAIL, "out of memory");
	return r;
}

static bool is_lenient(void)
{
	const char *mode = env("RT_ON_ERROR");

	return mode && strcmp(mode, "warn") == 0;
}

int recording_failed(const struct rt_err *err)
{
	if (is_lenient()) {
		warn("%s", err->msg);
		return 0;
	}
	error("%s", err->msg);
	return err_exit_code(err);
}

static int no_run(int *exit_code)
{
	const char *require = env("RT_REQUIRE");

	if (!require || strcmp(require, "0") == 0)
		return 0;
	error("no run is set, and RT_REQUIRE wants one: set RT_RUN or give -r RUN");
	*exit_code = EXIT_FAIL;
	return -1;
}

char *writer_runs_dir(const struct common_opts *c, struct rt_err *err)
{
	const char *named = c->runs_dir ? c->runs_dir : env("RT_RUNS_DIR");
	struct stat st;

	if (!named)
		named = env("GAMEGEN_RUNS_DIR");
	if (stat(named ? named : "runs", &st) < 0 || S_ISDIR(st.st_mode))
		return common_runs_dir(c);
	rt_err_set(err, RT_ERR_FAILURE, "the runs folder \"%s\" is not a directory",
		   named ? named : "runs");
	return NULL;
}

int writer_open(struct rt_record **out, const struct common_opts *c, const char *arg,
		const struct rt_record_opts *opts, int *exit_code)
{
	const char *run = arg ? arg : c->run ? c->run : env("RT_RUN");
	struct rt_found found = { NULL, false };
	struct rt_err err = RT_ERR_INIT;
	char *runs_dir;
	int ret = -1;

	if (!run)
		return no_run(exit_code);
	/* What rt-run exported is a path, and opening it finds out whether it is there. */
	if (*run == '/') {
		ret = rt_record_open(out, run, opts, &err);
	} else {
		runs_dir = writer_runs_dir(c, &err);
		if (runs_dir)
			ret = rt_catalog_resolve(runs_dir, run, false, &found, &err);
		if (ret == 0)
			ret = rt_record_open(out, found.path, opts, &err);
		rt_found_release(&found);
		free(runs_dir);
	}
	if (ret == 0)
		return 1;
	if (err.kind == RT_ERR_USAGE)
		die_err(&err);
	*exit_code = recording_failed(&err);
	return -1;
}

/* The variable's level; an unknown word is said and drops nothing. */
static bool level_from(const char *name, enum rt_level *level)
{
	const char *value = env(name);

	if (!value)
		return false;
	if (rt_level_find(rt_str(value), level))
		return true;
	warn("%s: unknown level \"%s\"", name, value);
	return false;
}

bool level_wanted(enum rt_level level, const char *component)
{
	char name[sizeof("RT_LEVEL_") + RT_ID_MAX];
	enum rt_level least = RT_DEBUG;

	level_from("RT_LEVEL", &least);
	if (component && *component && strlen(component) <= RT_ID_MAX) {
		snprintf(name, sizeof(name), "RT_LEVEL_%s", component);
		/* Shells take no "-" or "." in a name. */
		for (char *p = name; *p; p++) {
			if (*p == '-' || *p == '.')
				*p = '_';
		}
		level_from(name, &least);
	}
	return level >= least;
}
