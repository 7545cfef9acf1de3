/* rt-run checkpoint: where a paused run waits and a cancelled one stops. */
#include "checkpoint.h"
#include "die.h"
#include "run.h"

#include <stdio.h>

struct checkpoint_opts {
	int64_t timeout_ns;
	struct common_opts common;
};

static const struct opt checkpoint_options[] = {
	{ 0, "timeout", NULL, OPT_DURATION, offsetof(struct checkpoint_opts, timeout_ns), "D",
	  "wait no longer than that, then exit with 124", NULL, COMPLETE_NONE },
	{ 0 },
};

static const struct opt_group checkpoint_groups[] = {
	{ checkpoint_options, 0 },
	{ common_opts, offsetof(struct checkpoint_opts, common) },
	{ NULL, 0 },
};

static int check(const struct rt_rundir *d, int64_t timeout_ns)
{
	struct rt_err err = RT_ERR_INIT;

	switch (checkpoint_wait(d, timeout_ns, &err)) {
	case CHECKPOINT_GO:
		return 0;
	case CHECKPOINT_CANCELLED:
		error("run \"%s\" is cancelled", d->id);
		return EXIT_CANCELLED;
	case CHECKPOINT_TIMEOUT:
		error("run \"%s\" is still paused", d->id);
		return EXIT_TIMEOUT;
	default:
		return recording_failed(&err);
	}
}

static int run_checkpoint(const struct rt_applet *self, int argc, char **argv)
{
	struct checkpoint_opts o = { .timeout_ns = -1 };
	struct rt_found found = { NULL, false };
	struct rt_err err = RT_ERR_INIT;
	struct rt_rundir d;
	char **words;
	int n, code;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	common_apply(&o.common, NULL);
	if (n > 1)
		die_usage("\"%s\" is too much: checkpoint takes one RUN", words[1]);
	if (!common_resolve(&o.common, n ? words[0] : NULL, USE_WRITE, &found)) {
		note("no run is set (RT_RUN or -r): nothing to wait for");
		return 0;
	}
	if (rt_rundir_open(&d, found.path, &err) < 0) {
		code = recording_failed(&err);
	} else {
		code = check(&d, o.timeout_ns);
		rt_rundir_release(&d);
	}
	rt_found_release(&found);
	return code;
}

const struct rt_applet run_checkpoint_applet = {
	.name = "checkpoint",
	.summary = "wait while the run is paused, fail when it is cancelled",
	.usage = "[--timeout D] [RUN]",
	.groups = checkpoint_groups,
	.operands = COMPLETE_RUN,
	.more = "For scripts whose run has no supervisor, between two parts of their work:\n"
		"rt-run checkpoint || exit. A cancelled run makes it exit with 143, as a\n"
		"command does that was ended by SIGTERM; without a run set it exits with 0.",
	.run = run_checkpoint,
};
