/* rt-run reap: runs whose owner is gone become failed, as their owner could not say. */
#include "catalog.h"
#include "clock.h"
#include "die.h"
#include "epilogue.h"
#include "notify.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>

struct reap_opts {
	bool all, force;
	struct common_opts common;
};

static const struct opt reap_options[] = {
	{ 'a', "all", NULL, OPT_FLAG, offsetof(struct reap_opts, all), NULL,
	  "every run of the runs folder", NULL, COMPLETE_NONE },
	{ 0, "force", NULL, OPT_FLAG, offsetof(struct reap_opts, force), NULL,
	  "runs that are only stale, too", NULL, COMPLETE_NONE },
	{ 0 },
};

static const struct opt_group reap_groups[] = {
	{ reap_options, 0 },
	{ common_opts, offsetof(struct reap_opts, common) },
	{ NULL, 0 },
};

static char *reason(const struct rt_status *st, enum rt_state state)
{
	if (state == RT_STALE)
		return xstrdup("lost: nothing was heard of it for too long");
	return xasprintf("lost: process %lld on %s is gone", (long long)st->owner.pid,
			 st->host.len ? st->host.s : "its host");
}

/* Whether the run was one to be reaped; -1 when that failed, which was said. */
static int reap(const char *path, const struct rt_record_opts *opts, bool force)
{
	struct rt_change change = { .to = RT_FAILED, .exit_code = -1 };
	struct rt_err err = RT_ERR_INIT;
	struct rt_record *record = NULL;
	struct rt_rundir d = { .fd = -1 };
	struct rt_status st;
	enum rt_state state;
	char *why = NULL;
	int ret = -1;

	if (rt_status_init(&st) < 0)
		die(EXIT_FAIL, "out of memory");
	if (rt_rundir_open(&d, path, &err) < 0 || rt_status_load(&st, &d, &err) < 0)
		goto out;
	state = rt_status_derive(&st, d.fd, rt_clock_now_ns());
	ret = 0;
	if (state != RT_LOST && !(force && state == RT_STALE))
		goto out;
	why = reason(&st, state);
	change.error = why;
	change.only_if = 1u << state;
	ret = rt_record_open(&record, path, opts, &err);
	if (ret == 0)
		ret = end_run(record, &change, &(struct epilogue_opts){ false, false }, &err);
	if (ret == 0) {
		puts(d.id);
		notify(&(struct notice){ record, RT_LOST, &change, NULL, NULL });
		ret = 1;
	} else if (err.kind == RT_ERR_REFUSED) {
		ret = 0; /* somebody else was faster, or it lives again */
	}
out:
	free(why);
	if (ret < 0)
		error("%s", err.msg);
	rt_record_close(record);
	rt_status_release(&st);
	rt_rundir_release(&d);
	return ret;
}

static int reap_all(const struct common_opts *c, const struct rt_record_opts *opts, bool force)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_catalog catalog;
	char *runs_dir = common_runs_dir(c);
	int code = 0;

	if (rt_catalog_list(&catalog, runs_dir, NULL, NULL, &err) < 0)
		die_err(&err);
	for (size_t i = 0; i < catalog.n; i++) {
		enum rt_state state = catalog.rows[i].state;

		if ((state == RT_LOST || (force && state == RT_STALE)) &&
		    reap(catalog.rows[i].path, opts, force) < 0)
			code = EXIT_FAIL;
	}
	rt_catalog_release(&catalog);
	free(runs_dir);
	return code;
}

/* A run that was named: if there is nothing to do, that is said. */
static int reap_one(const char *path, const struct rt_record_opts *opts, bool force)
{
	int done = reap(path, opts, force);

	if (done == 0)
		error("\"%s\" is not lost%s", base_name(path),
		      force ? "" : " (--force takes what is stale, too)");
	return done == 1 ? 0 : EXIT_FAIL;
}

static int run_reap(const struct rt_applet *self, int argc, char **argv)
{
	struct reap_opts o = { .all = false };
	struct rt_found found = { NULL, false };
	struct rt_record_opts opts;
	struct rt_redact *redact;
	char **words;
	int n, code = 0;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	common_apply(&o.common, NULL);
	survive_limits();
	if (n > 1 || (n && o.all))
		die_usage("\"%s\" is too much: one RUN, or --all", words[o.all ? 0 : 1]);
	redact = redact_env();
	record_opts_init(&opts, redact);
	if (o.all) {
		code = reap_all(&o.common, &opts, o.force);
	} else {
		if (!common_resolve(&o.common, n ? words[0] : NULL, USE_WRITE, &found))
			die_usage("which run? give RUN, or --all");
		code = reap_one(found.path, &opts, o.force);
		rt_found_release(&found);
	}
	rt_redact_free(redact);
	return code;
}

const struct rt_applet run_reap_applet = {
	.name = "reap",
	.summary = "mark runs whose owner is gone as failed",
	.usage = "[--force] RUN\n[--force] --all",
	.groups = reap_groups,
	.operands = COMPLETE_RUN,
	.more = "Prints the id of each run that it changed.",
	.run = run_reap,
};
