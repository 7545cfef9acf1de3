/*
 * Starting a command with its output in pipes, and ending as it ended. Signal
 * mask and dispositions that the caller inherited reach the command unchanged.
 */
#ifndef RT_SPAWN_H
#define RT_SPAWN_H

#include "err.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* What of signals a command is to have as if nobody stood before it. */
struct rt_inherited {
	sigset_t mask;
	bool sigchld_ignored;
};

/* What this process has now. */
void rt_inherited_get(struct rt_inherited *in);

/* Put it back, in the process that becomes the command. */
void rt_inherited_restore(const struct rt_inherited *in);

struct rt_child {
	pid_t pid;
	int out, err; /* read ends of its standard output and error, non-blocking */
};

/*
 * Start argv with the environment envp. -1 when it cannot be executed: *exit_code is then 126 or 127, as shells have it.
 */
int rt_child_start(struct rt_child *c, char *const *argv, char *const *envp,
		   const struct rt_inherited *in, int *exit_code, struct rt_err *err);

/* What wait(2) said, as an exit code: 128 + signal for a death by signal. */
int rt_wait_code(int status);

/* "exit code 2", "killed by SIGTERM"; "" for success. */
void rt_wait_text(char text[64], int status);

/* End this process as wait(2) says that another one ended, by the same signal, without a core. */
_Noreturn void rt_end_like(int status);

#endif
