/* Becoming a command that nothing is recorded of. */
#include "die.h"
#include "run.h"
#include "spawn.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A signal that waits is forgotten when it is ignored for a moment. */
static void forget(int sig)
{
	signal(sig, signal(sig, SIG_IGN));
}

_Noreturn void run_unrecorded(char *const *argv, const struct rt_inherited *in)
{
	int why;

	/* What came of our own writing is not to end the command before it begins. */
	forget(SIGXFSZ);
	forget(SIGPIPE);
	rt_inherited_restore(in);
	execvp(argv[0], argv);
	why = errno;
	die(why == ENOENT || why == ENOTDIR ? 127 : 126, "cannot execute \"%s\": %s", argv[0],
	    strerror(why));
}
