/*
 * A command that nothing is recorded of: its options hold all the same. Where
 * they ask for nothing, we become it.
 */
#include "die.h"
#include "run.h"
#include "spawn.h"
#include "supervise.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A signal that waits is forgotten when it is ignored for a moment. */
static void forget(int sig)
{
	signal(sig, signal(sig, SIG_IGN));
}

_Noreturn void become_command(char *const *argv, const struct rt_inherited *in)
{
	int why;

	/* What came of our own writing is not to end the command before it begins. */
	forget(SIGXFSZ);
	forget(SIGPIPE);
	rt_inherited_restore(in);
	execvp(argv[0], argv);
	why = errno;
	die(why == ENOENT || why == ENOTDIR ? EXIT_NO_COMMAND : EXIT_CANNOT_RUN,
	    "cannot execute \"%s\": %s", argv[0], strerror(why));
}

static bool ask_for_something(const struct limits *l, const struct outlet_opts *o)
{
	return l->timeout_ns || l->idle_ns || l->retries || l->kill_orphans || l->pty != PTY_AUTO ||
	       o->still_ns || !outlet_passes(o);
}

bool try_unrecorded(char *const *argv, const struct limits *limits, const struct outlet_opts *opts,
		    const struct rt_inherited *in, struct outcome *end)
{
	const struct outlet_place nowhere = { .log = NULL };
	struct supervised s = {
		.argv = argv,
		.envp = environ,
		.limits = *limits,
		.own = { STDOUT_FILENO, STDERR_FILENO },
		.listen_fd = -1,
		.in = in,
	};
	struct rt_redact *redact;
	struct outlet outlet;

	if (!ask_for_something(limits, opts))
		return false;
	redact = redact_env();
	outlet_open(&outlet, opts, &s, &nowhere, redact);
	supervise(&s);
	*end = s.end;
	if (end->alone)
		return false;
	outlet_close(&outlet, &s);
	rt_redact_free(redact);
	return true;
}

void run_unrecorded(char *const *argv, const struct limits *limits, const struct outlet_opts *opts,
		    const struct rt_inherited *in)
{
	struct outcome end;

	if (try_unrecorded(argv, limits, opts, in, &end))
		outcome_end_like(&end);
}
