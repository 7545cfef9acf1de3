/* Starting a command, and ending as it ended. See spawn.h. */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

void rt_inherited_get(struct rt_inherited *in)
{
	struct sigaction chld;

	sigprocmask(SIG_BLOCK, NULL, &in->mask);
	in->sigchld_ignored = sigaction(SIGCHLD, NULL, &chld) == 0 && chld.sa_handler == SIG_IGN;
	in->children = waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void rt_inherited_restore(const struct rt_inherited *in)
{
	if (in->sigchld_ignored)
		signal(SIGCHLD, SIG_IGN);
	sigprocmask(SIG_SETMASK, &in->mask, NULL);
}

static bool set_up(int fd, int as)
{
	return fd < 0 ? close(as) == 0 || errno == EBADF : dup2(fd, as) >= 0;
}

/* In the child: become the command, or tell the parent why not. */
_Noreturn static void become(const struct rt_spawn *how, int report)
{
	int why;

	/* Both sides do it: whoever comes first, it is so before a signal is sent there. */
	if (how->own_group)
		setpgid(0, 0);
	if (how->terminal)
		tcsetpgrp(how->terminal, getpid());
	if ((!how->input || set_up(how->input, STDIN_FILENO)) && set_up(how->out, STDOUT_FILENO) &&
	    set_up(how->err, STDERR_FILENO)) {
		rt_inherited_restore(how->in);
		environ = (char **)(char *const *)how->envp;
		execvp(how->argv[0], how->argv);
	}
	why = errno;
	while (write(report, &why, sizeof(why)) < 0 && errno == EINTR)
		;
	_exit(127);
}

/* What the child said of its exec: 0 when it went well, else errno. */
static int read_report(int fd)
{
	int why = 0;
	ssize_t n;

	do
		n = read(fd, &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(why) ? why : 0;
}

pid_t rt_child_start(const struct rt_spawn *how, int *exit_code, struct rt_err *err)
{
	int report[2], why;
	pid_t pid;

	*exit_code = 126;
	if (pipe2(report, O_CLOEXEC) < 0)
		return rt_err_sys(err, "cannot make a pipe for \"%s\"", how->argv[0]);
	pid = fork();
	if (pid < 0) {
		rt_err_sys(err, "cannot start \"%s\"", how->argv[0]);
		goto out;
	}
	if (pid == 0)
		become(how, report[1]);
	if (how->own_group)
		setpgid(pid, pid);
	close(report[1]);
	report[1] = -1;
	why = read_report(report[0]);
	if (why) {
		waitpid(pid, NULL, 0);
		pid = -1;
		errno = why;
		*exit_code = why == ENOENT || why == ENOTDIR ? 127 : 126;
		rt_err_sys(err, "cannot execute \"%s\"", how->argv[0]);
	}
out:
	close(report[0]);
	if (report[1] >= 0)
		close(report[1]);
	return pid;
}

int rt_wait_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The names that kill -l has, those that nothing dies of last. */
static const struct {
	int sig;
	const char *name;
} signals[] = {
	{ SIGHUP, "SIGHUP" },   { SIGINT, "SIGINT" },   { SIGQUIT, "SIGQUIT" },
	{ SIGILL, "SIGILL" },   { SIGTRAP, "SIGTRAP" }, { SIGABRT, "SIGABRT" },
	{ SIGBUS, "SIGBUS" },   { SIGFPE, "SIGFPE" },   { SIGKILL, "SIGKILL" },
	{ SIGUSR1, "SIGUSR1" }, { SIGSEGV, "SIGSEGV" }, { SIGUSR2, "SIGUSR2" },
	{ SIGPIPE, "SIGPIPE" }, { SIGALRM, "SIGALRM" }, { SIGTERM, "SIGTERM" },
	{ SIGXCPU, "SIGXCPU" }, { SIGXFSZ, "SIGXFSZ" }, { SIGSYS, "SIGSYS" },
	{ SIGCONT, "SIGCONT" }, { SIGTSTP, "SIGTSTP" }, { SIGWINCH, "SIGWINCH" },
};
#define SIGNALS (sizeof(signals) / sizeof(*signals))

static const char *signal_name(int sig)
{
	for (size_t i = 0; i < SIGNALS; i++) {
		if (signals[i].sig == sig)
			return signals[i].name;
	}
	return NULL;
}

int rt_signal_find(const char *name)
{
	char *end;
	long n = strtol(name, &end, 10);

	if (end != name)
		return *end || n < 1 || n >= NSIG ? 0 : (int)n;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < SIGNALS; i++) {
		if (strcasecmp(name, signals[i].name + 3) == 0)
			return signals[i].sig;
	}
	return 0;
}

void rt_wait_text(char text[64], int status)
{
	const char *name;

	text[0] = '\0';
	if (WIFSIGNALED(status)) {
		name = signal_name(WTERMSIG(status));
		if (name)
			snprintf(text, 64, "killed by %s", name);
		else
			snprintf(text, 64, "killed by signal %d", WTERMSIG(status));
	} else if (WEXITSTATUS(status)) {
		snprintf(text, 64, "exit code %d", WEXITSTATUS(status));
	}
}

_Noreturn void rt_end_like(int status)
{
	const struct rlimit no_core = { 0, 0 };
	sigset_t only;
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (sig) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(sig, SIG_DFL);
		sigemptyset(&only);
		sigaddset(&only, sig);
		kill(getpid(), sig);
		sigprocmask(SIG_UNBLOCK, &only, NULL);
	}
	_exit(rt_wait_code(status));
}
