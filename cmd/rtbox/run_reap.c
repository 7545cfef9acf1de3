/* rt-run reap: runs whose owner is gone become failed, as their owner could not say. */
#include "artifact.h"
#include "catalog.h"
#include "clock.h"
#include "die.h"
#include "epilogue.h"
#include "notify.h"
#include "orphans.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reap_opts {
	bool all, force, kill_orphans;
	struct common_opts common;
};

static const struct opt reap_options[] = {
	{ 'a', "all", NULL, OPT_FLAG, offsetof(struct reap_opts, all), NULL,
	  "every run of the runs folder", NULL, COMPLETE_NONE },
	{ 0, "force", NULL, OPT_FLAG, offsetof(struct reap_opts, force), NULL,
	  "runs that are only stale, too", NULL, COMPLETE_NONE },
	{ 0, "kill-orphans", NULL, OPT_FLAG, offsetof(struct reap_opts, kill_orphans), NULL,
	  "end what is left of the processes of lost runs", NULL, COMPLETE_NONE },
	{ 0 },
};

static const struct opt_group reap_groups[] = {
	{ reap_options, 0 },
	{ common_opts, offsetof(struct reap_opts, common) },
	{ NULL, 0 },
};

#define LOST "lost: process " /* and its pid: what such a run says of its end */

/* What became of the run; `left` is what its command left behind, to be ended with `end`. */
static char *reason(const struct rt_status *st, enum rt_state state, const struct rt_proctree *left,
		    bool end)
{
	struct rt_buf why;
	char *text;

	if (state == RT_STALE)
		return xstrdup("lost: nothing was heard of it for too long");
	rt_buf_init(&why);
	rt_buf_addf(&why, LOST "%lld on %s is gone", (long long)st->owner.pid,
		    st->host.len ? st->host.s : "its host");
	if (left->n) {
		rt_buf_adds(&why, end ? "; ending " : ", but not ");
		rt_proctree_name(left, &why);
	}
	text = rt_buf_detach(&why);
	if (!text)
		die(EXIT_FAIL, "out of memory");
	return text;
}

/* A supervisor that was killed could end nothing: who is left is said, or ended now. */
static void deal_with_left(const struct rt_rundir *d, const struct rt_proctree *left,
			   const struct reap_opts *o)
{
	struct rt_buf names;
	size_t n;

	if (left->n == 0)
		return;
	rt_buf_init(&names);
	rt_proctree_name(left, &names);
	if (!o->kill_orphans)
		warn("run \"%s\": its processes live on: %s", d->id, names.s);
	else if ((n = orphans_end(d->path)) > 0)
		warn("run \"%s\": %zu of its processes cannot be ended: %s", d->id, n, names.s);
	else
		note("run \"%s\": ended %s", d->id, names.s);
	rt_buf_release(&names);
}

/* Whether it was reaped because its owner was lost, which it still would be. */
static bool was_lost(const struct rt_status *st, const struct rt_rundir *d)
{
	struct rt_status then = *st;

	then.state = RT_RUNNING;
	return st->state == RT_FAILED && st->error.len &&
	       strncmp(st->error.s, LOST, strlen(LOST)) == 0 &&
	       rt_status_derive(&then, d->fd, rt_clock_now_ns()) == RT_LOST;
}

/* It is over, and what it left is ended now. */
static void end_left(const struct rt_rundir *d, const struct rt_record_opts *opts,
		     const struct reap_opts *o)
{
	static const struct annotate_step none = { .id = NULL };
	struct rt_err err = RT_ERR_INIT;
	struct rt_record *record;
	struct rt_proctree left;

	if (orphans_find(&left, d->path) == 0 && left.n) {
		if (rt_record_open(&record, d->path, opts, &err) == 0) {
			orphans_record(record, &left, &none, true);
			rt_record_close(record);
		} else {
			warn("not recorded: %s", err.msg);
		}
		puts(d->id);
		deal_with_left(d, &left, o);
	}
	rt_proctree_release(&left);
}

/* Under the lock: who takes the run up again may have a supervisor of its own. */
static int leave(void *arg, struct rt_err *err)
{
	const struct rt_rundir *d = arg;

	(void)err;
	rt_owner_leave(d->fd);
	return 0;
}

/* Whether the run was one to be reaped; -1 when that failed, which was said. */
static int reap(const char *path, const struct rt_record_opts *opts, const struct reap_opts *o)
{
	struct rt_change change = { .to = RT_FAILED, .exit_code = -1 };
	struct rt_err err = RT_ERR_INIT;
	struct rt_record *record = NULL;
	struct rt_rundir d = { .fd = -1 };
	struct rt_proctree left = { NULL, 0 };
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
	if (o->kill_orphans && was_lost(&st, &d)) {
		end_left(&d, opts, o);
		ret = 1;
		goto out;
	}
	if (state != RT_LOST && !(o->force && state == RT_STALE))
		goto out;
	/* A stale one's processes are not here, or were never its own. */
	if (state == RT_LOST)
		orphans_find(&left, d.path);
	change.error = why = reason(&st, state, &left, o->kill_orphans);
	change.only_if = 1u << state;
	change.act = leave;
	change.arg = &d;
	ret = rt_record_open(&record, path, opts, &err);
	if (ret == 0)
		ret = end_run(record, &change, &(struct epilogue_opts){ false, false }, &err);
	if (ret == 0) {
		puts(d.id);
		rt_artifact_sweep(&d);
		deal_with_left(&d, &left, o);
		notify(&(struct notice){ record, RT_LOST, &change, NULL, NULL });
		ret = 1;
	} else if (err.kind == RT_ERR_REFUSED) {
		ret = 0; /* somebody else was faster, or it lives again */
	}
out:
	if (ret < 0)
		error("%s", err.msg);
	free(why);
	rt_proctree_release(&left);
	rt_record_close(record);
	rt_status_release(&st);
	rt_rundir_release(&d);
	return ret;
}

/* Whether reap may have something to do, as far as the list tells. */
static bool is_due(const struct rt_row *row, const struct reap_opts *o)
{
	if (row->state == RT_FAILED)
		return o->kill_orphans && row->error &&
		       strncmp(row->error, LOST, strlen(LOST)) == 0;
	return row->state == RT_LOST || (o->force && row->state == RT_STALE);
}

static int reap_all(const struct rt_record_opts *opts, const struct reap_opts *o)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_catalog catalog;
	char *runs_dir = common_runs_dir(&o->common);
	int code = 0;

	if (rt_catalog_list(&catalog, runs_dir, NULL, NULL, &err) < 0)
		die_err(&err);
	for (size_t i = 0; i < catalog.n; i++) {
		if (is_due(&catalog.rows[i], o) && reap(catalog.rows[i].path, opts, o) < 0)
			code = EXIT_FAIL;
	}
	rt_catalog_release(&catalog);
	free(runs_dir);
	return code;
}

/* A run that was named: if there is nothing to do, that is said. */
static int reap_one(const char *path, const struct rt_record_opts *opts, const struct reap_opts *o)
{
	int done = reap(path, opts, o);

	if (done == 0)
		error("\"%s\" is not lost%s", base_name(path),
		      o->force ? "" : " (--force takes what is stale, too)");
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
		code = reap_all(&opts, &o);
	} else {
		if (!common_resolve(&o.common, n ? words[0] : NULL, USE_WRITE, &found))
			die_usage("which run? give RUN, or --all");
		code = reap_one(found.path, &opts, &o);
		rt_found_release(&found);
	}
	rt_redact_free(redact);
	return code;
}

const struct rt_applet run_reap_applet = {
	.name = "reap",
	.summary = "mark runs whose owner is gone as failed",
	.usage = "[--force] [--kill-orphans] RUN\n[--force] [--kill-orphans] --all",
	.groups = reap_groups,
	.operands = COMPLETE_RUN,
	.more = "Prints the id of each run that it changed.",
	.run = run_reap,
};
