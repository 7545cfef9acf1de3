/*
 * Starting a command, and ending as it ended. Signal mask and dispositions that
 * the caller inherited reach the command unchanged.
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
	bool children; /* there are some: a shell became us that had started them */
};

/* What this process has now. */
void rt_inherited_get(struct rt_inherited *in);

/* Put it back, in the process that becomes the command. */
void rt_inherited_restore(const struct rt_inherited *in);

/* How a command is started. */
struct rt_spawn {
	char *const *argv, *const *envp;
	const struct rt_inherited *in;
	int input;      /* what its standard input is to be; 0: ours */
	int out, err;   /* and its standard output and error; -1: closed */
	bool own_group; /* it leads a process group of its own */
	int terminal;   /* which is the foreground one of this terminal; 0: of none */
};

/*
 * Start it; its pid, or -1 when it cannot be executed: *exit_code is then 126 or
 * 127, as shells have it.
 */
pid_t rt_child_start(const struct rt_spawn *how, int *exit_code, struct rt_err *err);

/* What wait(2) said, as an exit code: 128 + signal for a death by signal. */
int rt_wait_code(int status);

/* "exit code 2", "killed by SIGTERM"; "" for success. */
void rt_wait_text(char text[64], int status);

/* The number of a signal by its name or number ("TERM", "SIGTERM", "15"); 0: there is none. */
int rt_signal_find(const char *name);

/* End this process as wait(2) says that another one ended, by the same signal, without a core. */
_Noreturn void rt_end_like(int status);

#endif
