/* rt-run: which of its commands is meant. Each has a file of its own. */
#include "die.h"
#include "run.h"

#include <string.h>

static const struct rt_applet *const subs[] = {
	&run_start_applet,   &run_step_applet,
	&run_begin_applet,   &run_end_applet,
	&run_finish_applet,  &run_env_applet,
	&run_reap_applet,    &run_checkpoint_applet,
	&run_context_applet, &run_artifact_applet,
	&run_pause_applet,   &run_resume_applet,
	&run_cancel_applet,  NULL,
};

static int run_run(const struct rt_applet *self, int argc, char **argv)
{
	const struct rt_applet *sub = argc > 1 ? opt_find_sub(self, argv[1]) : NULL;

	if (sub)
		return opt_run_sub(sub, argc - 1, argv + 1);
	return run_exec_applet.run(self, argc, argv);
}

const struct rt_applet rt_applet_run = {
	.name = "run",
	.summary = "run a command and record it",
	.usage = "[options] -- COMMAND [ARG...]\nCOMMAND-NAME [options]",
	.groups = run_exec_groups,
	.subs = subs,
	.operands = COMPLETE_COMMAND,
	.operands_last = true,
	.usage_exit = EXIT_NOT_RUN,
	.more = "The command's output passes through unchanged and is captured; rt-run ends as\n"
		"the command ends (125: wrong usage, 126: cannot execute, 127: not found).",
	.run = run_run,
};
