/*
 * rt-tail: the last events and output of a run, and what comes after them. How
 * it goes about it is told in tail.h.
 */
#include "tail.h"
#include "applets.h"
#include "die.h"

#define DEFAULT_LINES 10

struct tail_opts {
	struct common_opts common;
	struct output_opts output;
	struct event_opts event;
	struct select_opts select;
	int64_t n; /* -2: not given */
	bool follow, events, logs, exit_status;
};

/* clang-format off */
static const struct opt tail_opts[] = {
	{ 'n', "lines", NULL, OPT_COUNT, offsetof(struct tail_opts, n), "N|all",
	  "begin this many lines before the end (10; with --since: all)", NULL, COMPLETE_NONE },
	{ 'f', "follow", NULL, OPT_FLAG, offsetof(struct tail_opts, follow), NULL,
	  "go on until the run is over", NULL, COMPLETE_NONE },
	{ 0, "events", NULL, OPT_FLAG, offsetof(struct tail_opts, events), NULL,
	  "show events only", NULL, COMPLETE_NONE },
	{ 0, "logs", NULL, OPT_FLAG, offsetof(struct tail_opts, logs), NULL,
	  "show captured output only", NULL, COMPLETE_NONE },
	{ 0, "exit-status", NULL, OPT_FLAG, offsetof(struct tail_opts, exit_status), NULL,
	  "exit with 0 when it completed, 1 failed, cancelled or lost, 4 not over", NULL,
	  COMPLETE_NONE },
	{ .name = NULL },
};

static const struct opt_group tail_groups[] = {
	{ tail_opts, 0 },
	{ event_opts, offsetof(struct tail_opts, event) },
	{ select_opts, offsetof(struct tail_opts, select) },
	{ output_opts, offsetof(struct tail_opts, output) },
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

static void show(struct tail *t, const struct tail_opts *o)
{
	int64_t n = o->n;

	if (n == -2)
		n = o->event.since ? -1 : DEFAULT_LINES;
	tail_seek(t, n);
	tail_pass(t);
	if (t->follow)
		tail_follow(t);
	tail_close(t);
}

static int tail_run(const struct rt_applet *self, int argc, char **argv)
{
	struct tail_opts o = { .n = -2 };
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
	mode = output_mode(&o.output, "pretty|jsonl|json|cat|raw");
	if (!filter)
		die(EXIT_FAIL, "out of memory");
	event_filter_init(filter, &o.event);
	t.events = o.events || !o.logs;
	t.output = o.logs || (!o.events && !selects_events(&o.event));
	t.follow = o.follow;
	t.exit_status = o.exit_status;
	tail_printer_init(&t.printer, &out, mode, o.output.format, filter);
	tail_open(&t, &o.common, &o.select, n, operands);
	show(&t, &o);
	tail_printer_end(&t.printer);
	rt_filter_free(filter);
	opt_release(self, &o);
	code = unpack_exit_code(&t.unpack, t.code);
	unpack_release(&t.unpack);
	return code;
}

const struct rt_applet rt_applet_tail = {
	.name = "tail",
	.summary = "show the last events and output of runs, and follow them",
	.usage = "[OPTION...] [RUN|FILE]...",
	.groups = tail_groups,
	.operands = COMPLETE_RUN,
	.more = "RUN is the latest one unless it is given here, with -r or in $RT_RUN, or runs\n"
		"are selected; with -f new ones of a selection join. Options that select events\n"
		"leave output out, but for --step, --since and --until; --logs then shows the\n"
		"output that they select.\n",
	.run = tail_run,
};
