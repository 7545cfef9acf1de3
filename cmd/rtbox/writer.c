/* Recording from a command line. See writer.h. */
#include "writer.h"
#include "clock.h"
#include "die.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * A bad value must not keep a command from running: it is said, and the default
 * stands.
 */
static void take_sync(struct rt_record_opts *o)
{
	const char *sync = env_value("RT_SYNC");

	if (!sync || strcmp(sync, "end") == 0)
		return;
	if (strcmp(sync, "always") == 0)
		o->sync = RT_SYNC_ALWAYS;
	else if (strcmp(sync, "never") == 0)
		o->sync = RT_SYNC_NEVER;
	else
		warn("RT_SYNC=%s is none of end, always, never: end it is", sync);
}

static void take_timeout(struct rt_record_opts *o)
{
	const char *timeout = env_value("RT_LOCK_TIMEOUT");
	struct rt_err err = RT_ERR_INIT;
	int64_t ns;

	if (!timeout)
		return;
	if (rt_duration_parse(timeout, &ns, &err) < 0) {
		warn("RT_LOCK_TIMEOUT: %s; 10s it is", err.msg);
		return;
	}
	ns /= RT_NS_PER_MS;
	o->lock_timeout_ms = ns < 1 ? 1 : ns > INT_MAX ? INT_MAX : (int)ns;
}

static void take_keep(struct rt_record_opts *o)
{
	const char *keep = env_value("RT_STATUS_EVENTS");
	unsigned long n;
	char *end;

	if (!keep)
		return;
	n = strtoul(keep, &end, 10);
	if (*end || n < 1 || n > 1000)
		warn("RT_STATUS_EVENTS=%s is no number from 1 to 1000: %d it is", keep,
		     RT_STATUS_EVENTS);
	else
		o->keep_events = n;
}

void record_opts_init(struct rt_record_opts *o, const struct rt_redact *redact)
{
	memset(o, 0, sizeof(*o));
	o->redact = redact;
	take_sync(o);
	take_timeout(o);
	take_keep(o);
}

void survive_limits(void)
{
	signal(SIGXFSZ, SIG_IGN);
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
	const char *mode = env_value("RT_ON_ERROR");

	return mode && strcmp(mode, "warn") == 0;
}

int recording_failed(const struct rt_err *err)
{
	/* A transition that is refused is the script's mistake, not the record's. */
	if (is_lenient() && err->kind != RT_ERR_REFUSED) {
		warn("%s", err->msg);
		return 0;
	}
	error("%s", err->msg);
	return err_exit_code(err);
}

static int no_run(int *exit_code)
{
	const char *require = env_value("RT_REQUIRE");

	if (!require || strcmp(require, "0") == 0) {
		note("no run is set (RT_RUN or -r): nothing is recorded");
		return 0;
	}
	error("no run is set, and RT_REQUIRE wants one: set RT_RUN or give -r RUN");
	*exit_code = EXIT_FAIL;
	return -2;
}

int writer_open(struct rt_record **out, const struct common_opts *c, const char *arg,
		const struct rt_redact *redact, int *exit_code)
{
	struct rt_record_opts opts;
	const char *run = arg ? arg : c->run ? c->run : env_value("RT_RUN");
	struct rt_found found = { NULL, false };
	struct rt_err err = RT_ERR_INIT;
	char *runs_dir;
	int ret = -1;

	if (!run)
		return no_run(exit_code);
	record_opts_init(&opts, redact);
	/* What rt-run exported is a path, and opening it finds out whether it is there. */
	if (*run == '/') {
		ret = rt_record_open(out, run, &opts, &err);
	} else {
		runs_dir = find_runs_dir(c, &err);
		if (runs_dir)
			ret = rt_catalog_resolve(runs_dir, run, false, NULL, &found, &err);
		if (ret == 0)
			ret = rt_record_open(out, found.path, &opts, &err);
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

/* The variable's level; an unknown word is said once, and drops nothing. */
static bool level_from(struct levels *l, const char *name, enum rt_level *level)
{
	const char *value = env_value(name);

	if (!value)
		return false;
	if (rt_level_find(rt_str(value), level))
		return true;
	if (!l->warned)
		warn("%s: unknown level \"%s\"", name, value);
	l->warned = true;
	return false;
}

void levels_init(struct levels *l)
{
	*l = (struct levels){ .least = RT_DEBUG };
	for (char **e = environ; *e; e++)
		l->any |= strncmp(*e, "RT_LEVEL", 8) == 0;
	if (l->any)
		level_from(l, "RT_LEVEL", &l->least);
}

bool level_wanted(struct levels *l, enum rt_level level, const char *component)
{
	char name[sizeof("RT_LEVEL_") + RT_ID_MAX];
	enum rt_level least = l->least;

	if (l->any && component && *component && strlen(component) <= RT_ID_MAX) {
		snprintf(name, sizeof(name), "RT_LEVEL_%s", component);
		/* Shells take no "-" or "." in a name. */
		for (char *p = name; *p; p++) {
			if (*p == '-' || *p == '.')
				*p = '_';
		}
		level_from(l, name, &least);
	}
	return level >= least;
}
