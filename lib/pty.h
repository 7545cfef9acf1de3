/*
 * A pseudo-terminal for a command, and the session on it. The command must not
 * lead that session: with its leader a session loses its terminal, and what a
 * command leaves in the background is to keep it. So a small process, the
 * keeper, leads it, is the command's parent as a shell would be (a stop from
 * the keyboard counts only below one), tells what wait(2) tells it, and stays
 * until it is dismissed or nobody holds the descriptor that it talks to. Where
 * the terminal goes away before, it ends, and the command is hung up.
 */
#ifndef RT_PTY_H
#define RT_PTY_H

#include "spawn.h"

#include <sys/resource.h>

struct rt_pty {
	int master;   /* does not block */
	int slave;    /* what the command gets; while it is open, master has no end */
	pid_t keeper; /* 0: none */
	int told;     /* readable when the keeper has something to tell; -1: none */
};

/* Neither becomes the controlling terminal of this process. */
int rt_pty_open(struct rt_pty *p, struct rt_err *err);

/*
 * Start a command in a new session on it, as the foreground group; as
 * rt_child_start. how->input and how->terminal are set here.
 */
pid_t rt_pty_start(struct rt_pty *p, const struct rt_spawn *how, int *exit_code,
		   struct rt_err *err);

/* What became of the command, as wait4(2) has it; 0 when the keeper is gone. */
int rt_pty_hear(const struct rt_pty *p, int *status, struct rusage *usage);

/*
 * End the keeper and with it the session. Who has the terminal open keeps it,
 * and another command can be started on it.
 */
void rt_pty_dismiss(struct rt_pty *p);

#endif
