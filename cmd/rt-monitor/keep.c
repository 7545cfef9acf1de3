/*
 * The process that outlives the drawing one. No handler in a program that has just
 * crashed, and none at all in one that was killed, could give the terminal back as
 * well as a process beside it can.
 */
#include "keep.h"
#include "common.h"
#include "die.h"
#include "fdio.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

void keep_check(void)
{
	const char *term = env_value("TERM"), *cup;
	int why;

	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
		die(EXIT_FAIL, "it draws on a terminal, and this is none: "
			       "rt-status and rt-tail -f print");
	if (!term || setupterm(term, STDOUT_FILENO, &why) != OK)
		die(EXIT_FAIL, "what the terminal can do is not known: TERM is \"%s\"",
		    term ? term : "");
	cup = tigetstr("cup");
	if (!cup || cup == (char *)-1)
		die(EXIT_FAIL, "the terminal cannot be drawn on: TERM is \"%s\"", term);
}

struct keeper {
	struct termios modes;
	int said;      /* where standard error goes meanwhile, or -1 */
	int stderr_fd; /* standard error itself */
	sigset_t signals, old;
	pid_t pid;
};

static void watch_signals(struct keeper *k)
{
	static const int caught[] = { SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP };

	sigemptyset(&k->signals);
	/* one that is ignored, as nohup(1) has it, stays so */
	signal(SIGCHLD, SIG_DFL);
	for (size_t i = 0; i < sizeof(caught) / sizeof(*caught); i++)
		sigaddset(&k->signals, caught[i]);
	sigprocmask(SIG_BLOCK, &k->signals, &k->old);
}

/* On the screen that is drawn a message would be in the way, and gone with it. */
static void hold_messages(struct keeper *k)
{
	k->said = memfd_create("messages", MFD_CLOEXEC);
	k->stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (k->said >= 0 && k->stderr_fd >= 0)
		dup2(k->said, STDERR_FILENO);
}

static void show_messages(struct keeper *k)
{
	struct rt_buf text;

	if (k->said < 0 || k->stderr_fd < 0)
		return;
	dup2(k->stderr_fd, STDERR_FILENO);
	rt_buf_init(&text);
	if (lseek(k->said, 0, SEEK_SET) == 0 && rt_fd_read(k->said, &text, 1 << 20) == 0)
		(void)!rt_fd_write(STDERR_FILENO, text.s, text.len);
	rt_buf_release(&text);
}

static void put(const char *capability)
{
	const char *s = tigetstr(capability);

	if (s && s != (char *)-1)
		putp(s);
}

/*
 * As endwin(3X) would have done it. In the background the terminal is a shell's, who
 * got it when this was stopped.
 */
static void restore(const struct keeper *k)
{
	if (tcgetpgrp(STDOUT_FILENO) != getpgrp())
		return;
	put("sgr0");
	put("op");
	put("cnorm");
	put("rmkx");
	put("rmcup");
	fflush(stdout);
	tcsetattr(STDOUT_FILENO, TCSADRAIN, &k->modes);
}

/* To the process that draws, unless the terminal has sent it to both. */
static void pass_on(const struct keeper *k, const siginfo_t *info)
{
	if (info->si_code != SI_KERNEL && info->si_signo != SIGCHLD)
		kill(k->pid, info->si_signo);
}

/* A stopped one stops this one, too, for the shell that waits for it. */
static void stop(const struct keeper *k)
{
	sigset_t tstp, before;

	sigemptyset(&tstp);
	sigaddset(&tstp, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &tstp, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	kill(k->pid, SIGCONT);
}

/* Wait for its end; what wait(2) says. */
static int wait_for_end(const struct keeper *k)
{
	siginfo_t info;
	int status;

	for (;;) {
		while (waitpid(k->pid, &status, WNOHANG | WUNTRACED) == k->pid) {
			if (!WIFSTOPPED(status))
				return status;
			stop(k);
		}
		if (sigwaitinfo(&k->signals, &info) > 0)
			pass_on(k, &info);
	}
}

static _Noreturn void die_of(int sig)
{
	struct rlimit none = { 0, 0 };
	sigset_t set;

	/* the process that crashed has left its core, this one is well */
	setrlimit(RLIMIT_CORE, &none);
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
	_exit(128 + sig);
}

int keep_terminal(int (*draw)(void *arg), void *arg)
{
	struct keeper k = { .said = -1, .stderr_fd = -1 };
	int status;

	if (tcgetattr(STDOUT_FILENO, &k.modes) < 0)
		die(EXIT_FAIL, "cannot ask the terminal for its modes: %s", strerror(errno));
	watch_signals(&k);
	hold_messages(&k);
	k.pid = fork();
	if (k.pid == 0) {
		prctl(PR_SET_PDEATHSIG, KEEP_GONE);
		sigprocmask(SIG_SETMASK, &k.old, NULL);
		del_curterm(cur_term); /* it gets one of its own */
		exit(draw(arg));
	}
	if (k.pid < 0) {
		show_messages(&k);
		die(EXIT_FAIL, "cannot start a process: %s", strerror(errno));
	}
	status = wait_for_end(&k);
	restore(&k);
	del_curterm(cur_term);
	show_messages(&k);
	if (WIFSIGNALED(status))
		die_of(WTERMSIG(status));
	return WEXITSTATUS(status);
}
