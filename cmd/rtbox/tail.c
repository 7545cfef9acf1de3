/*
 * rt-tail: the last events and output of a run, and what comes after them. How
 * it goes about it is told in tail.h.
 */
#include "tail.h"
#include "applets.h"
#include "clock.h"
#include "die.h"

#define DEFAULT_LINES 10

struct tail_opts {
	struct common_opts common;
	struct output_opts output;
	struct event_opts event;
	struct select_opts select;
	struct opt_list until_type, until_stage;
	int64_t n; /* -2: not given */
	int64_t timeout_ns;
	const char *after_cursor, *cursor_file, *time;
	bool follow, wait, events, logs, exit_status, show_cursor;
};

/* clang-format off */
static const struct opt tail_opts[] = {
	{ 'n', "lines", NULL, OPT_COUNT, offsetof(struct tail_opts, n), "N|all",
	  "begin this many lines before the end (10; with --since: all)", NULL, COMPLETE_NONE },
	{ 'f', "follow", NULL, OPT_FLAG, offsetof(struct tail_opts, follow), NULL,
	  "go on until the run is over", NULL, COMPLETE_NONE },
	{ 0, "until-type", NULL, OPT_LIST, offsetof(struct tail_opts, until_type), "TYPE",
	  "follow until there is an event of this type, 1 when none comes", NULL, COMPLETE_TYPE },
	{ 0, "until-stage", NULL, OPT_LIST, offsetof(struct tail_opts, until_stage), "STAGE",
	  "follow until there is an event of this stage", NULL, COMPLETE_STAGE },
	{ 0, "after-cursor", NULL, OPT_STRING, offsetof(struct tail_opts, after_cursor), "CURSOR",
	  "begin after this place", NULL, COMPLETE_NONE },
	{ 0, "show-cursor", NULL, OPT_FLAG, offsetof(struct tail_opts, show_cursor), NULL,
	  "print the place behind the last line, at the end", NULL, COMPLETE_NONE },
	{ 0, "cursor-file", NULL, OPT_STRING, offsetof(struct tail_opts, cursor_file), "FILE",
	  "begin after the place that FILE holds, and keep there how far it has come", NULL,
	  COMPLETE_FILE },
	{ 0, "wait", NULL, OPT_FLAG, offsetof(struct tail_opts, wait), NULL,
	  "wait for a run that is not there yet", NULL, COMPLETE_NONE },
	{ 0, "timeout", NULL, OPT_DURATION, offsetof(struct tail_opts, timeout_ns), "TIME",
	  "wait and follow no longer than this (90s, 15m, 2h), then exit with 124", NULL,
	  COMPLETE_NONE },
	{ 0, "events", NULL, OPT_FLAG, offsetof(struct tail_opts, events), NULL,
	  "show events only", NULL, COMPLETE_NONE },
	{ 0, "logs", NULL, OPT_FLAG, offsetof(struct tail_opts, logs), NULL,
	  "show captured output only", NULL, COMPLETE_NONE },
	{ 0, "exit-status", NULL, OPT_FLAG, offsetof(struct tail_opts, exit_status), NULL,
	  "exit with 0 when it completed, 1 failed, cancelled or lost, 4 not over", NULL,
	  COMPLETE_NONE },
	{ .name = NULL },
};

static const struct opt time_opts[] = {
	{ 0, "time", NULL, OPT_CHOICE, offsetof(struct tail_opts, time), "FORM",
	  "times as absolute, relative (how long ago) or elapsed (since the run began)",
	  "absolute|relative|elapsed", COMPLETE_NONE },
	{ .name = NULL },
};

static const struct opt_group tail_groups[] = {
	{ tail_opts, 0 },
	{ event_opts, offsetof(struct tail_opts, event) },
	{ select_opts, offsetof(struct tail_opts, select) },
	{ output_opts, offsetof(struct tail_opts, output) },
	{ time_opts, 0 },
	{ common_opts, offsetof(struct tail_opts, common) },
	{ NULL, 0 },
};
/* clang-format on */

/* Whether events are asked for that output cannot be: it has a time and a step, no more. */
static bool selects_events(const struct event_opts *e)
{
	const struct opt_list *lists[] = { &e->type,        &e->stage, &e->task,
					   &e->role,        &e->model, &e->action,
					   &e->correlation, &e->match, &e->component };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (lists[i]->n)
			return true;
	return e->level || e->grep;
}

/* At what event it ends, of any of the runs. */
static void init_until(struct tail *t, const struct tail_opts *o)
{
	const struct event_opts each[TAIL_UNTIL] = {
		{ .type = o->until_type, .since = o->event.since },
		{ .stage = o->until_stage, .since = o->event.since },
	};
	bool given[TAIL_UNTIL] = { o->until_type.n > 0, o->until_stage.n > 0 };

	for (size_t i = 0; i < TAIL_UNTIL; i++) {
		if (!given[i])
			continue;
		t->until[i] = rt_filter_new();
		if (!t->until[i])
			die(EXIT_FAIL, "out of memory");
		event_filter_init(t->until[i], &each[i]);
		t->follow = true;
	}
}

static void init(struct tail *t, const struct tail_opts *o)
{
	t->events = o->events || !o->logs;
	t->output = o->logs || (!o->events && !selects_events(&o->event));
	t->follow = o->follow;
	t->wait = o->wait;
	t->exit_status = o->exit_status;
	init_until(t, o);
	if (t->exit_status && (t->until[0] || t->until[1]))
		die_usage("--exit-status is of the end, which --until-... does not wait for");
	if (o->timeout_ns >= 0 && !t->follow && !t->wait)
		die_usage("--timeout goes with -f or --wait");
	t->end_ns = o->timeout_ns < 0 ? -1 : rt_clock_later(rt_clock_monotonic_ns(), o->timeout_ns);
	if (o->after_cursor && (o->cursor_file || o->n != -2))
		die_usage("--after-cursor says where it begins: no --cursor-file, no -n");
	if (o->show_cursor && o->output.mode && strcmp(o->output.mode, "json") == 0)
		die_usage("--show-cursor is a line of its own, which -o json has no place for");
	tail_cursor_begin(t, o->after_cursor, o->cursor_file, o->show_cursor);
	if (t->wait && selection_given(&o->select))
		die_usage("--wait is for a run that is named: a selection waits with -f");
}

static void set_time(struct tail *t, const struct tail_opts *o, enum out_mode mode)
{
	if (!o->time)
		return;
	if (mode != OUT_PRETTY)
		die_usage("--time is of -o pretty: other forms have times as they were written");
	t->printer.pretty.time = strcmp(o->time, "relative") == 0 ? TIME_RELATIVE :
				 strcmp(o->time, "elapsed") == 0  ? TIME_ELAPSED :
								    TIME_ABSOLUTE;
}

/* What of events is looked at: of those that are shown as they stand little. */
static void init_wanted(struct tail *t, enum out_mode mode, const struct rt_filter *filter)
{
	bool as_they_stand = mode == OUT_JSONL || mode == OUT_JSON || mode == OUT_RAW;

	t->all_wanted = mode != OUT_PRETTY && (t->printer.across || !as_they_stand);
	rt_wanted_init(&t->wanted);
	if (mode == OUT_PRETTY)
		pretty_want(&t->wanted);
	rt_wanted_add(&t->wanted, RT_FIELD(RT_F_TS) | RT_FIELD(RT_F_TYPE) | RT_FIELD(RT_F_ACTION) |
					  RT_FIELD(RT_F_STEP_ID));
	rt_filter_want(filter, &t->wanted);
	for (size_t i = 0; i < TAIL_UNTIL; i++)
		if (t->until[i])
			rt_filter_want(t->until[i], &t->wanted);
}

static void show(struct tail *t, const struct tail_opts *o)
{
	bool until = t->until[0] || t->until[1];
	int64_t n = o->n;

	if (n == -2)
		n = o->event.since ? -1 : DEFAULT_LINES;
	if (t->cursor.given)
		for (size_t i = 0; i < t->n_runs; i++)
			tail_cursor_seek(t, t->runs[i]);
	else
		tail_seek(t, n);
	t->looks = until && t->cursor.given;
	tail_pass(t);
	if (until && !t->cursor.given)
		tail_until_look_back(t);
	t->looks = until;
	if (t->follow && !t->timed_out && !tail_is_stopped(t))
		tail_follow(t);
	tail_line_end(t);
	tail_until_tell(t);
	tail_close(t);
	tail_cursor_end(t);
}

static int tail_run(const struct rt_applet *self, int argc, char **argv)
{
	struct tail_opts o = { .n = -2, .timeout_ns = -1 };
	struct tail t = { .code = 0 };
	struct rt_filter *filter = rt_filter_new();
	enum out_mode mode;
	char **operands;
	struct out out;
	int n, code;

	n = opt_parse(self, argc, argv, &o, &operands, NULL);
	common_apply(&o.common, &out);
	if (o.output.columns)
		die_usage("--columns is of tables, and there is none here");
	mode = output_mode(&o.output, self->forms);
	if (!filter)
		die(EXIT_FAIL, "out of memory");
	event_filter_init(filter, &o.event);
	init(&t, &o);
	tail_printer_init(&t.printer, &out, mode, o.output.format, filter);
	set_time(&t, &o, mode);
	t.printer.across = n > 1 || selection_given(&o.select);
	init_wanted(&t, mode, filter);
	tail_open(&t, &o.common, &o.select, n, operands);
	tail_line_begin(&t);
	if (t.follow && (t.cursor.wanted || t.line.on))
		tail_signals_begin(&t, t.line.on);
	show(&t, &o);
	tail_printer_end(&t.printer);
	rt_filter_free(filter);
	for (size_t i = 0; i < TAIL_UNTIL; i++)
		rt_filter_free(t.until[i]);
	opt_release(self, &o);
	code = unpack_exit_code(&t.unpack, t.code);
	unpack_release(&t.unpack);
	if (tail_is_stopped(&t))
		out_finish(0);
	tail_signals_end(&t);
	return code;
}

const struct rt_applet rt_applet_tail = {
	.name = "tail",
	.summary = "show the last events and output of runs, and follow them",
	.usage = "[OPTION...] [RUN|FILE]...",
	.groups = tail_groups,
	.forms = "pretty|jsonl|json|cat|raw",
	.operands = COMPLETE_RUN,
	.more = "RUN is the latest one unless it is given here, with -r or in $RT_RUN, or runs\n"
		"are selected; with -f new ones of a selection join. Options that select events\n"
		"leave output out, but for --step, --since and --until; --logs then shows the\n"
		"output that they select.\n",
	.run = tail_run,
};
