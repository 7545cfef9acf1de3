/*
 * rt-status: where a run stands, waiting for its end, and the list of runs.
 * What it prints is in status_show.c and status_list.c.
 */
#include "common.h"
#include "applets.h"
#include "clock.h"
#include "die.h"
#include "status_list.h"
#include "status_view.h"
#include "unpack.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_EVENTS 5
#define POLL_MS 1000 /* liveness, and file systems where inotify is silent */
#define CALM_MS 50   /* between two looks at a run that writes all the time */

struct status_opts {
	struct common_opts common;
	struct output_opts output;
	struct select_opts select;
	const char *since, *until, *sort;
	int64_t n; /* -2: not given */
	int64_t timeout_ns;
	bool list, wait, exit_status;
};

/* clang-format off */
static const struct opt status_opts[] = {
	{ 'n', "lines", NULL, OPT_COUNT, offsetof(struct status_opts, n), "N|all",
	  "how many events are shown (5), or with -l runs (50)", NULL, COMPLETE_NONE },
	{ 'l', "list", NULL, OPT_FLAG, offsetof(struct status_opts, list), NULL,
	  "list runs, the newest first; an option that selects or sorts implies it", NULL,
	  COMPLETE_NONE },
	{ 0, "wait", NULL, OPT_FLAG, offsetof(struct status_opts, wait), NULL,
	  "wait until the run is over; implies --exit-status", NULL, COMPLETE_NONE },
	{ 0, "timeout", NULL, OPT_DURATION, offsetof(struct status_opts, timeout_ns), "TIME",
	  "wait no longer than this (90s, 15m, 2h), then exit with 124", NULL, COMPLETE_NONE },
	{ 0, "exit-status", NULL, OPT_FLAG, offsetof(struct status_opts, exit_status), NULL,
	  "exit with 0 when it completed, 1 failed, cancelled or lost, 4 not over", NULL,
	  COMPLETE_NONE },
	{ .name = NULL },
};

static const struct opt list_opts[] = {
	{ 'S', "since", NULL, OPT_STRING, offsetof(struct status_opts, since), "TIME",
	  "runs that began at TIME or after it: RFC 3339, \"2026-07-01 12:00\", today, 2h (ago)",
	  NULL, COMPLETE_NONE },
	{ 'U', "until", NULL, OPT_STRING, offsetof(struct status_opts, until), "TIME",
	  "runs that began before TIME", NULL, COMPLETE_NONE },
	{ 0, "sort", NULL, OPT_STRING, offsetof(struct status_opts, sort), "[-]KEY",
	  "sort by created, started, finished, updated, duration, name, status, group, host, "
	  "stage, id, exit, events, warnings, errors, tokens or cost; - puts the largest first",
	  STATUS_SORT_KEYS, COMPLETE_NONE },
	{ .name = NULL },
};

static const struct opt_group status_groups[] = {
	{ status_opts, 0 },
	{ select_opts, offsetof(struct status_opts, select) },
	{ list_opts, 0 },
	{ output_opts, offsetof(struct status_opts, output) },
	{ common_opts, offsetof(struct status_opts, common) },
	{ NULL, 0 },
};
/* clang-format on */

static bool selective(const struct status_opts *o)
{
	const struct select_opts *s = &o->select;

	return s->name.n || s->group.n || s->status.n || s->label.n || s->host.n || o->since ||
	       o->until;
}

static int run_list(const struct status_opts *o, struct out *out)
{
	char *runs_dir = common_runs_dir(&o->common);
	struct rt_selection selection;
	struct status_list list = {
		.runs_dir = runs_dir,
		.selection = &selection,
		.output = &o->output,
		.sort = o->sort,
		.n = o->n == -2 && o->select.all ? -1 : o->n,
		.selective = selective(o),
	};
	int code;

	if (o->output.mode && strcmp(o->output.mode, "prometheus") == 0 &&
	    (o->sort || o->n != -2 || o->output.columns))
		die_usage(
			"-o prometheus is of all runs that are selected: no -n, --sort or --columns");
	selection_init(&selection, &o->select);
	selection.since_ns = common_time("--since", o->since, INT64_MIN);
	selection.until_ns = common_time("--until", o->until, INT64_MAX);
	code = status_list_print(&list, out);
	selection_release(&selection);
	free(runs_dir);
	return code;
}

static void load(struct status_view *v, const struct rt_found *found, const struct unpack *u)
{
	struct rt_err err = RT_ERR_INIT;

	if (status_view_load(v, found, &u->unpacker, &err) < 0)
		die_err(&err);
}

/* Sleep until something happens in the run, or time is up, at most POLL_MS. */
static void wait_for_change(int watch, int64_t left_ns)
{
	struct pollfd fd = { .fd = watch, .events = POLLIN };
	struct timespec calm = { 0, CALM_MS * RT_NS_PER_MS };
	int64_t left_ms = left_ns / RT_NS_PER_MS + 1;
	char events[4096];

	if (left_ms > POLL_MS)
		left_ms = POLL_MS;
	/* a watch that could not be had is a negative descriptor: poll only sleeps */
	if (poll(&fd, 1, (int)left_ms) <= 0)
		return;
	nanosleep(&calm, NULL);
	while (read(watch, events, sizeof(events)) > 0)
		;
}

/* Load the run until it is over; false when `timeout_ns` (-1: none) came first. */
static bool wait_until_over(struct status_view *v, const struct rt_found *found,
			    const struct unpack *u, int64_t timeout_ns)
{
	int64_t end = timeout_ns < 0 ? INT64_MAX :
				       rt_clock_later(rt_clock_monotonic_ns(), timeout_ns);
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	bool over;

	if (watch >= 0 &&
	    inotify_add_watch(watch, found->path, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
		close(watch);
		watch = -1;
	}
	for (;;) {
		int64_t now = rt_clock_monotonic_ns();

		load(v, found, u);
		over = rt_state_over(v->state);
		if (over || now >= end)
			break;
		status_view_release(v);
		wait_for_change(watch, end - now);
	}
	if (watch >= 0)
		close(watch);
	return over;
}

static void print_one(struct status_view *v, const struct status_opts *o, struct out *out)
{
	enum out_mode mode = output_mode(&o->output, "pretty|jsonl|json");
	struct records records;
	struct rt_buf json;

	if (mode == OUT_PRETTY) {
		status_view_print(v, out, o->n == -2 ? DEFAULT_EVENTS : o->n);
		return;
	}
	rt_buf_init(&json);
	status_view_json(v, mode != OUT_JSON, &json);
	/* one run is one document, no array of one */
	if (mode == OUT_JSON)
		mode = OUT_JSONL;
	records_begin(&records, out, mode, o->output.format, NULL);
	records_add(&records, rt_buf_view(&json));
	records_end(&records);
	rt_buf_release(&json);
}

static int run_one(const struct status_opts *o, const char *run, struct out *out)
{
	struct rt_found found;
	struct status_view v;
	struct unpack unpack;
	bool in_time = true;
	int code = 0;

	output_mode(&o->output, "pretty|jsonl|json"); /* a bad -o is said before waiting */
	common_resolve(&o->common, run, USE_LATEST, &found);
	unpack_init(&unpack);
	if (o->wait)
		in_time = wait_until_over(&v, &found, &unpack, o->timeout_ns);
	else
		load(&v, &found, &unpack);
	if (o->wait || o->exit_status)
		code = in_time ? exit_status_of(v.state) : EXIT_TIMEOUT;
	if (!o->common.quiet || !(o->wait || o->exit_status))
		print_one(&v, o, out);
	if (v.skipped)
		warn("%zu %s skipped in \"%s\"", v.skipped, v.skipped == 1 ? "line" : "lines",
		     found.path);
	if (!in_time)
		warn("\"%s\" is still %s", v.st.run_id, rt_state_name(v.state));
	status_view_release(&v);
	rt_found_release(&found);
	code = unpack_exit_code(&unpack, code);
	unpack_release(&unpack);
	return code;
}

static void check(const struct status_opts *o, int argc, char **argv)
{
	if (argc > 1)
		die_usage("one run at a time: \"%s\" is too much", argv[1]);
	if (o->timeout_ns >= 0 && !o->wait)
		die_usage("--timeout goes with --wait");
	if (!o->list)
		return;
	if (argc > 0)
		die_usage("a list is of all runs: \"%s\" and -l exclude each other", argv[0]);
	if (o->wait || o->exit_status)
		die_usage("--wait and --exit-status are of one run, -l of many");
}

static int status_run(const struct rt_applet *self, int argc, char **argv)
{
	struct status_opts o = { .n = -2, .timeout_ns = -1 };
	char **operands;
	struct out out;
	int n, code;

	n = opt_parse(self, argc, argv, &o, &operands, NULL);
	common_apply(&o.common, &out);
	o.list |= o.select.all || o.sort || selective(&o) ||
		  (o.output.mode && strcmp(o.output.mode, "prometheus") == 0);
	check(&o, n, operands);
	code = o.list ? run_list(&o, &out) : run_one(&o, n ? operands[0] : NULL, &out);
	opt_release(self, &o);
	return code;
}

const struct rt_applet rt_applet_status = {
	.name = "status",
	.summary = "show where a run stands, or list runs",
	.usage = "[OPTION...] [RUN]\n"
		 "[OPTION...] --wait [--timeout TIME] [RUN]\n"
		 "[OPTION...] -l",
	.groups = status_groups,
	.forms = "pretty|table|jsonl|json|csv|prometheus",
	.operands = COMPLETE_RUN,
	.more = "RUN is the latest one unless it is given here, with -r or in $RT_RUN. It may be\n"
		"a file of events, too.\n",
	.run = status_run,
};
