/* A pseudo-terminal for a command, and the session on it. See pty.h. */
#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define LOOK_MS 50 /* a keeper that tells nothing for so long may be stopped */

/* What the keeper tells first: how the start went. */
struct begun {
	pid_t pid;
	int exit_code;
	struct rt_err err;
};

/* And then, whenever it changes: how the command is. */
struct state {
	int status;
	struct rusage usage;
};

int rt_pty_open(struct rt_pty *p, struct rt_err *err)
{
	char name[64];

	*p = (struct rt_pty){ .slave = -1, .told = -1 };
	p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (p->master < 0)
		return rt_err_sys(err, "cannot make a pseudo-terminal");
	if (grantpt(p->master) == 0 && unlockpt(p->master) == 0 &&
	    ptsname_r(p->master, name, sizeof(name)) == 0)
		p->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (p->slave >= 0)
		return 0;
	rt_err_sys(err, "cannot open a pseudo-terminal");
	close(p->master);
	p->master = -1;
	return -1;
}

/* It may live long: nothing that somebody waits for the end of is to stay open in it. */
static void keep_only(int fd)
{
	dup2(fd, 0);
#ifdef SYS_close_range
	if (syscall(SYS_close_range, 1U, ~0U, 0U) == 0)
		return;
#endif
	for (long i = 1, n = sysconf(_SC_OPEN_MAX); i < n; i++)
		close((int)i);
}

static void tell(const void *what, size_t size)
{
	while (send(0, what, size, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

/* As a shell does when a job has ended: what that left behind is in the background now. */
static void take_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	tcsetpgrp(fd, getpid());
	close(fd);
}

/*
 * When the terminal goes away, with who has started us, the kernel tells the
 * leader of the session alone; its end is what tells the command.
 */
static void end_with_terminal(void)
{
	sigset_t hup;

	signal(SIGHUP, SIG_DFL);
	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	sigprocmask(SIG_UNBLOCK, &hup, NULL);
}

_Noreturn static void keep(const struct rt_pty *p, const struct rt_spawn *how, int fd)
{
	struct begun begun = { .exit_code = 126, .err = RT_ERR_INIT };
	struct state state;
	char none;

	setsid();
	prctl(PR_SET_NAME, "rt-keeper");
	if (ioctl(p->slave, TIOCSCTTY, 0) < 0)
		begun.pid = rt_err_sys(&begun.err, "no terminal for \"%s\"", how->argv[0]);
	else
		begun.pid = rt_child_start(how, &begun.exit_code, &begun.err);
	keep_only(fd);
	tell(&begun, sizeof(begun));
	if (begun.pid < 0)
		_exit(0);
	(void)!chdir("/");
	end_with_terminal();
	do {
		while (wait4(begun.pid, &state.status, WUNTRACED, &state.usage) < 0)
			;
		if (!WIFSTOPPED(state.status))
			take_terminal();
		tell(&state, sizeof(state));
	} while (WIFSTOPPED(state.status));
	while (read(0, &none, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

static bool hear(int fd, void *what, size_t size)
{
	ssize_t n;

	do
		n = recv(fd, what, size, 0);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)size;
}

/* How the start went. The command may run by then, and have stopped the keeper. */
static bool hear_start(const struct rt_pty *p, struct begun *begun)
{
	struct pollfd told = { p->told, POLLIN, 0 };
	int ready;

	while ((ready = poll(&told, 1, LOOK_MS)) == 0 || (ready < 0 && errno == EINTR))
		kill(p->keeper, SIGCONT);
	return hear(p->told, begun, sizeof(*begun));
}

pid_t rt_pty_start(struct rt_pty *p, const struct rt_spawn *how, int *exit_code, struct rt_err *err)
{
	struct rt_spawn with = *how;
	struct begun begun;
	sigset_t all, was;
	int pair[2];

	*exit_code = 126;
	with.input = with.terminal = p->slave;
	with.own_group = true;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return rt_err_sys(err, "cannot make a socket for \"%s\"", how->argv[0]);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &was);
	p->keeper = fork();
	if (p->keeper == 0)
		keep(p, &with, pair[1]);
	sigprocmask(SIG_SETMASK, &was, NULL);
	close(pair[1]);
	p->told = pair[0];
	if (p->keeper < 0) {
		p->keeper = 0;
		rt_err_sys(err, "cannot start \"%s\"", how->argv[0]);
	} else if (!hear_start(p, &begun)) {
		rt_err_set(err, RT_ERR_FAILURE, "cannot start \"%s\"", how->argv[0]);
	} else if (begun.pid > 0) {
		return begun.pid;
	} else {
		*exit_code = begun.exit_code;
		*err = begun.err;
	}
	rt_pty_dismiss(p);
	return -1;
}

int rt_pty_hear(const struct rt_pty *p, int *status, struct rusage *usage)
{
	struct state state;

	if (!hear(p->told, &state, sizeof(state)))
		return 0;
	*status = state.status;
	*usage = state.usage;
	return 1;
}

void rt_pty_dismiss(struct rt_pty *p)
{
	if (p->told >= 0)
		close(p->told);
	p->told = -1;
	if (p->keeper) {
		/* It would end by itself, if nobody has stopped it. */
		kill(p->keeper, SIGKILL);
		while (waitpid(p->keeper, NULL, 0) < 0 && errno == EINTR)
			;
	}
	p->keeper = 0;
}
