/*
 * rt-monitor: the full-screen view of a run, and of the runs to pick from. Here are its
 * options; monitor.h says where what is.
 */
#include "common.h"
#include "die.h"
#include "keep.h"
#include "monitor.h"
#include "start.h"

#include <stdlib.h>

struct monitor_opts {
	struct common_opts common;
	struct select_opts select;
};

static const struct opt_group groups[] = {
	{ select_opts, offsetof(struct monitor_opts, select) },
	{ common_opts, offsetof(struct monitor_opts, common) },
	{ NULL, 0 },
};

/* What the drawing process needs to know. */
struct start {
	struct out out;
	const char *runs_dir, *path;
	const struct rt_selection *selection;
};

static int draw(void *arg)
{
	struct start *s = arg;
	struct monitor m = {
		.out = s->out,
		.runs = { .dir = s->runs_dir, .selection = s->selection },
	};

	monitor_run(&m, s->path);
	return 0;
}

static int run(const struct rt_applet *self, int argc, char **argv)
{
	struct monitor_opts o = { .common = { NULL } };
	struct rt_found found = { NULL, false };
	struct rt_selection selection;
	struct start start;
	bool selects;
	char *runs_dir;
	int code;

	argc = opt_parse(self, argc, argv, &o, &argv, NULL);
	common_apply(&o.common, &start.out);
	if (argc > 1)
		die_usage("one run at a time: \"%s\" is too much", argv[1]);
	selects = selection_given(&o.select);
	if (selects && argc)
		die_usage("\"%s\" is a run, and the list is of those that are selected: one of "
			  "the two",
			  argv[0]);
	selection_init(&selection, &o.select);
	runs_dir = common_runs_dir(&o.common);
	if (!selects)
		common_resolve(&o.common, argc ? argv[0] : NULL, USE_READ, &found);
	keep_check();
	start.runs_dir = runs_dir;
	start.path = found.path;
	start.selection = &selection;
	code = keep_terminal(draw, &start);
	rt_found_release(&found);
	selection_release(&selection);
	free(runs_dir);
	opt_release(self, &o);
	return code;
}

static const struct rt_applet applet = {
	.name = "monitor",
	.summary = "watch and steer a run on the whole screen",
	.usage = "[OPTION...] [RUN]",
	.groups = groups,
	.operands = COMPLETE_RUN,
	.more = "Without RUN, -r or $RT_RUN, or with an option that selects runs, it begins with\n"
		"a list to pick one from. In it \"?\" shows keys and commands, \"q\" ends it; the\n"
		"run goes on.",
	.run = run,
};

int main(int argc, char **argv)
{
	return start_helper(&applet, argc, argv);
}
