/* How every program begins and ends. What stands here is paid by every rt-emit. */
#include "start.h"
#include "common.h"
#include "die.h"
#include "out.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A file opened by a program that was started with standard output closed would
 * become its standard output. So what is closed is taken by a descriptor that
 * only fails, and that children do not get to see.
 */
void start_guard_fds(void)
{
	struct pollfd fds[3] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	if (poll(fds, 3, 0) <= 0)
		return;
	for (int i = 0; i < 3; i++)
		if (fds[i].revents & POLLNVAL)
			(void)!open("/dev/null", (i ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
}

#define PASSED "RT_CONFIG_PASSED" /* internal: from a program to its helper */

bool start_is_passed(void)
{
	return env_value(PASSED) != NULL;
}

void start_pass_config(void)
{
	setenv(PASSED, "1", 1);
}

char **start_passed_environ(void)
{
	size_t n = 0;
	char **env;

	while (environ[n])
		n++;
	env = xmalloc((n + 2) * sizeof(*env));
	memcpy(env, environ, n * sizeof(*env));
	env[n] = (char *)PASSED "=1";
	env[n + 1] = NULL;
	return env;
}

static int run_applet(const struct rt_applet *a, int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--complete") == 0)
		return out_finish(opt_complete(a, argc - 2, argv + 2));
	return out_finish(a->run(a, argc, argv));
}

int start_applet(const struct rt_applet *a, int argc, char **argv)
{
	config_load();
	return run_applet(a, argc, argv);
}

int start_helper(const struct rt_applet *a, int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc ? argv[0] : "";

	start_guard_fds();
	/* rtbox gives its own name, so that messages are those of what the user called */
	prog_set_name(strncmp(name, "rt-", 3) == 0 ? name : xasprintf("rt-%s", a->name));
	if (!start_is_passed())
		config_load();
	unsetenv(PASSED);
	return run_applet(a, argc, argv);
}
