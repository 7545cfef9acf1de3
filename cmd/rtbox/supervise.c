/* Running a command between its pipes and our output. See supervise.h. */
#include "supervise.h"
#include "clock.h"
#include "die.h"
#include "fdio.h"
#include "handoff.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE 65536
#define PARTIAL_MS 200 /* a line without its end is written after that much quiet */
#define BEAT_MS 30000

static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };

/* Everything that is polled. */
enum { OUT, ERR, SIGNALS, ASKED, JOB, POLLED };

struct loop {
	struct supervised *s;
	struct rt_child child;
	struct pollfd fds[POLLED];
	bool exited;
	int status; /* of wait, once exited */
	int64_t beat_ns;
	char piece[PIECE];
};

static void all_signals(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(*forwarded); i++)
		sigaddset(set, forwarded[i]);
	sigaddset(set, SIGCHLD);
	/* A reader that goes away shows as EPIPE. */
	sigaddset(set, SIGPIPE);
}

void supervise_signals(sigset_t *inherited)
{
	sigset_t set;

	all_signals(&set);
	sigprocmask(SIG_BLOCK, &set, inherited);
}

_Noreturn void run_unrecorded(char *const *argv, const sigset_t *mask)
{
	int why;

	if (mask)
		sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	why = errno;
	die(why == ENOENT || why == ENOTDIR ? 127 : 126, "cannot execute \"%s\": %s", argv[0],
	    strerror(why));
}

/* Pass a piece on; a descriptor that was made non-blocking by somebody is waited for. */
static int pass_on(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EAGAIN) {
			struct pollfd out = { fd, POLLOUT, 0 };

			poll(&out, 1, -1);
			continue;
		}
		if (done < 0 && errno != EINTR)
			return -1;
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

static void close_stream(struct loop *l, int i)
{
	close(l->fds[i].fd);
	l->fds[i].fd = -1;
}

static void captured(struct loop *l, int ret)
{
	if (ret < 0)
		warn("the output of run \"%s\" is no longer captured: %s", l->s->dir->id,
		     strerror(errno));
}

/* Read what there is, once: how much that was, 0 when there is nothing (more) for now. */
static size_t pump(struct loop *l, int i)
{
	ssize_t n;

	if (l->fds[i].fd < 0)
		return 0;
	do
		n = read(l->fds[i].fd, l->piece, sizeof(l->piece));
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0) {
		close_stream(l, i);
		return 0;
	}
	/* Nobody takes our output: the command is to see that too, by its own SIGPIPE. */
	if (pass_on(l->s->own[i], l->piece, (size_t)n) < 0)
		close_stream(l, i);
	captured(l, rt_capture_add(l->s->capture, (enum rt_stream)i,
				   (struct rt_str){ l->piece, (size_t)n }));
	return (size_t)n;
}

/* What stands in the pipes now, and no more: somebody may go on writing for ever. */
static void drain(struct loop *l)
{
	for (int i = OUT; i <= ERR; i++) {
		int waiting = 0;
		size_t n, done = 0;

		if (l->fds[i].fd < 0 || ioctl(l->fds[i].fd, FIONREAD, &waiting) < 0)
			continue;
		/* Once more than that, to see the end of a pipe that nobody writes to. */
		do {
			n = pump(l, i);
			done += n;
		} while (n && done <= (size_t)waiting);
	}
}

static void reap(struct loop *l)
{
	int status;

	while (waitpid(l->child.pid, &status, WNOHANG) == l->child.pid) {
		l->exited = true;
		l->status = status;
	}
}

static void take_signal(struct loop *l)
{
	struct signalfd_siginfo info;
	int sig;

	if (read(l->fds[SIGNALS].fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	sig = (int)info.ssi_signo;
	if (sig == SIGCHLD) {
		reap(l);
		return;
	}
	if (sig == SIGPIPE)
		return;
	if (sig != SIGUSR1 && sig != SIGUSR2)
		l->s->signalled = sig;
	/* What the terminal sent, the command has got already: it is in our process group. */
	if (info.ssi_code != SI_KERNEL && !l->exited)
		kill(l->child.pid, sig);
}

static bool same_pipe(int fd, int pipe_fd)
{
	struct stat a, b;

	return fd >= 0 && pipe_fd >= 0 && fstat(fd, &a) == 0 && fstat(pipe_fd, &b) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* A step shows its output: where that is our own pipe, it gets what lies behind it. */
static void answer_step(struct loop *l)
{
	int shown[2], given[2], conn = rt_handoff_accept(l->fds[ASKED].fd, shown);

	if (conn < 0)
		return;
	drain(l);
	captured(l, rt_capture_flush(l->s->capture));
	for (int i = 0; i < 2; i++) {
		given[i] = -1;
		for (int stream = OUT; stream <= ERR; stream++) {
			if (same_pipe(shown[i], l->fds[stream].fd))
				given[i] = l->s->own[stream];
		}
	}
	rt_handoff_answer(conn, shown, given);
}

/* The mtime of .alive tells other machines that we live. */
static void beat(struct loop *l)
{
	int64_t now = rt_clock_monotonic_ns();
	int fd;

	if (!l->s->heartbeat || now < l->beat_ns)
		return;
	l->beat_ns = now + BEAT_MS * RT_NS_PER_MS;
	fd = rt_file_open(l->s->dir->fd, RT_ALIVE_FILE, O_WRONLY | O_CREAT, 0666);
	if (fd >= 0) {
		futimens(fd, NULL);
		close(fd);
	}
}

static int wait_ms(const struct loop *l)
{
	if (rt_capture_pending(l->s->capture))
		return PARTIAL_MS;
	return l->s->heartbeat ? BEAT_MS : -1;
}

static void step(struct loop *l)
{
	int n = poll(l->fds, POLLED, wait_ms(l));

	if (n == 0)
		captured(l, rt_capture_flush(l->s->capture));
	beat(l);
	if (n <= 0)
		return;
	/* Before anything that may come with it: what a step says must come after. */
	if (l->fds[ASKED].revents)
		answer_step(l);
	if (l->fds[OUT].revents)
		pump(l, OUT);
	if (l->fds[ERR].revents)
		pump(l, ERR);
	if (l->fds[SIGNALS].revents)
		take_signal(l);
	if (l->fds[JOB].revents && l->s->job->ready(l->s->job) == 0)
		l->fds[JOB].fd = -1;
}

/*
 * Processes that the command left behind go on writing. Their output is passed
 * on and captured by a process of its own, until they close it, while we return
 * with the command, as the caller would have without us. True when there is
 * one: a line that has no end yet is then its to write.
 */
static bool leave_drainer(struct loop *l)
{
	pid_t pid;

	drain(l);
	if (l->fds[OUT].fd < 0 && l->fds[ERR].fd < 0)
		return false;
	pid = fork();
	if (pid != 0)
		return pid > 0;
	close(STDIN_FILENO);
	for (int i = SIGNALS; i < POLLED; i++)
		l->fds[i].fd = -1;
	l->s->heartbeat = false;
	while (l->fds[OUT].fd >= 0 || l->fds[ERR].fd >= 0)
		step(l);
	rt_capture_end(l->s->capture);
	_exit(0);
}

int supervise(struct supervised *s, int *exit_code)
{
	struct loop l = { .s = s, .exited = false };
	struct rt_err err = RT_ERR_INIT;
	sigset_t signals;

	all_signals(&signals);
	l.beat_ns = rt_clock_monotonic_ns() + BEAT_MS * RT_NS_PER_MS;
	if (rt_child_start(&l.child, s->argv, s->envp, s->mask, exit_code, &err) < 0) {
		error("%s", err.msg);
		return -1;
	}
	l.fds[OUT] = (struct pollfd){ l.child.out, POLLIN, 0 };
	l.fds[ERR] = (struct pollfd){ l.child.err, POLLIN, 0 };
	l.fds[SIGNALS] = (struct pollfd){ signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK),
					  POLLIN, 0 };
	l.fds[ASKED] = (struct pollfd){ s->listen_fd, POLLIN, 0 };
	l.fds[JOB] = (struct pollfd){ s->job ? s->job->fd : -1, POLLIN, 0 };
	while (!l.exited)
		step(&l);
	if (!leave_drainer(&l))
		captured(&l, rt_capture_end(s->capture));
	close(l.fds[SIGNALS].fd);
	for (int i = OUT; i <= ERR; i++) {
		if (l.fds[i].fd >= 0)
			close(l.fds[i].fd);
	}
	return l.status;
}
