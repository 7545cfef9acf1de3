/* rt-run env: what the commands of a run should have in their environment. */
#include "die.h"
#include "environ.h"
#include "run.h"

#include <stdio.h>
#include <string.h>

struct env_opts {
	struct common_opts common;
};

static const struct opt_group env_groups[] = {
	{ common_opts, offsetof(struct env_opts, common) },
	{ NULL, 0 },
};

static int run_env(const struct rt_applet *self, int argc, char **argv)
{
	struct env_opts o = { .common = { NULL } };
	struct rt_found found = { NULL, false };
	struct rt_err err = RT_ERR_INIT;
	struct env_list list;
	struct rt_rundir d;
	char **words;
	int n;

	n = opt_parse(self, argc, argv, &o, &words, NULL);
	common_apply(&o.common, NULL);
	if (n > 1)
		die_usage("\"%s\" is too much: env takes one RUN", words[1]);
	if (!common_resolve(&o.common, n ? words[0] : NULL, USE_WRITE, &found))
		die(EXIT_FAIL, "no run is set: give RUN, -r or RT_RUN");
	if (rt_rundir_open(&d, found.path, &err) < 0)
		die_err(&err);
	env_of_run(&list, &d, NULL, NULL, NULL);
	for (size_t i = 0; i < list.n; i++) {
		/* No form of KEY=VALUE lines that all readers share has a line end in it. */
		if (strchr(list.v[i], '\n'))
			die(EXIT_FAIL, "the path of run \"%s\" has a line end in it", d.id);
		puts(list.v[i]);
	}
	env_free(&list);
	rt_rundir_release(&d);
	rt_found_release(&found);
	return 0;
}

const struct rt_applet run_env_applet = {
	.name = "env",
	.summary = "print a run's environment as KEY=VALUE lines",
	.usage = "[RUN]",
	.groups = env_groups,
	.operands = COMPLETE_RUN,
	.more = "For $GITHUB_ENV, dotenv files and docker run --env-file.",
	.run = run_env,
};
