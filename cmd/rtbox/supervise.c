/* Running a command between its pipes and our output. See supervise.h. */
#include "supervise.h"
#include "clock.h"
#include "die.h"
#include "fdio.h"
#include "handoff.h"
#include "passon.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARTIAL_MS 200 /* a line without its end is written after that much quiet */
#define BEAT_MS 30000

static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };

/* Everything that is polled. A stream's output has the number of its input and OUTPUTS. */
enum { OUT, ERR, OUTPUTS, ERR_OUTPUT, SIGNALS, ASKED, JOB, POLLED };

struct loop {
	struct pollfd fds[POLLED];
	struct supervised *s;
	struct rt_child child;
	int in[2]; /* the command's pipes, -1: closed */
	struct passon pass[2];
	bool muted[2];  /* our output cannot be written: the stream is only captured */
	int64_t due[2]; /* bytes of the pipe that have to go before something else may */
	int asking;     /* the connection of a step that waits for its answer, -1: none */
	int shown[2];   /* what it showed */
	bool exited;
	int status; /* of wait, once exited */
	int64_t beat_ns;
	char piece[PASSON_MAX];
};

static void all_signals(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(*forwarded); i++)
		sigaddset(set, forwarded[i]);
	sigaddset(set, SIGCHLD);
	/* A reader that goes away shows as EPIPE, a limit on the size of files as EFBIG. */
	sigaddset(set, SIGPIPE);
	sigaddset(set, SIGXFSZ);
}

void supervise_signals(struct rt_inherited *in)
{
	sigset_t set;

	rt_inherited_get(in);
	/* Ignored children are never told of. */
	signal(SIGCHLD, SIG_DFL);
	all_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

_Noreturn void run_unrecorded(char *const *argv, const struct rt_inherited *in)
{
	int why;

	if (in)
		rt_inherited_restore(in);
	execvp(argv[0], argv);
	why = errno;
	die(why == ENOENT || why == ENOTDIR ? 127 : 126, "cannot execute \"%s\": %s", argv[0],
	    strerror(why));
}

static void close_stream(struct loop *l, int i)
{
	close(l->in[i]);
	l->in[i] = -1;
	l->due[i] = 0;
}

static void captured(struct loop *l, int ret)
{
	if (ret < 0)
		warn("the output of run \"%s\" is no longer captured: %s", l->s->dir->id,
		     strerror(errno));
}

/* Write what is pending; when nobody reads, the command is to see that by its own SIGPIPE. */
static void pass(struct loop *l, int i)
{
	static const char *const names[] = { "standard output", "standard error" };

	if (passon_write(&l->pass[i]) == 0)
		return;
	if (errno == EPIPE) {
		if (l->in[i] >= 0)
			close_stream(l, i);
		return;
	}
	/* Without us the command would have had the error to itself; it must not die of it. */
	l->muted[i] = true;
	warn("cannot write %s: %s; the output is still captured", names[i], strerror(errno));
}

/* Read a piece, once; nothing while the one before still has to go. */
static void pump(struct loop *l, int i)
{
	ssize_t n;

	if (l->in[i] < 0 || passon_pending(&l->pass[i]))
		return;
	do
		n = read(l->in[i], l->piece, sizeof(l->piece));
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN) {
		l->due[i] = 0;
		return;
	}
	if (n <= 0) {
		close_stream(l, i);
		return;
	}
	l->due[i] -= n;
	captured(l, rt_capture_add(l->s->capture, (enum rt_stream)i,
				   (struct rt_str){ l->piece, (size_t)n }));
	if (!l->muted[i]) {
		passon_take(&l->pass[i], (struct rt_str){ l->piece, (size_t)n });
		pass(l, i);
	}
}

/* What stands in the pipes now is due, and no more: somebody may go on writing for ever. */
static void make_due(struct loop *l)
{
	for (int i = OUT; i <= ERR; i++) {
		int waiting = 0;

		if (l->in[i] >= 0 && ioctl(l->in[i], FIONREAD, &waiting) == 0)
			l->due[i] = waiting;
	}
}

/* Pass on what is due; false as long as a slow reader of our output keeps us from it. */
static bool drain(struct loop *l)
{
	bool done = true;

	for (int i = OUT; i <= ERR; i++) {
		while (l->due[i] > 0 && !passon_pending(&l->pass[i]))
			pump(l, i);
		done &= !passon_pending(&l->pass[i]);
	}
	return done;
}

static void reap(struct loop *l)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(l->child.pid, &status, WNOHANG)) == l->child.pid) {
		l->exited = true;
		l->status = status;
	}
	/* It cannot be, but waiting for ever would be worse. */
	if (pid < 0 && errno == ECHILD)
		l->exited = true;
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
	if (sig == SIGPIPE || sig == SIGXFSZ)
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

/*
 * A step shows its output: where that is our own pipe, it gets what lies behind
 * it, once all that was written before has gone there.
 */
static void answer_step(struct loop *l)
{
	int given[2];

	if (!drain(l))
		return;
	captured(l, rt_capture_flush(l->s->capture));
	for (int i = 0; i < 2; i++) {
		given[i] = -1;
		for (int stream = OUT; stream <= ERR; stream++) {
			if (same_pipe(l->shown[i], l->in[stream]))
				given[i] = l->s->own[stream];
		}
	}
	rt_handoff_answer(l->asking, l->shown, given);
	l->asking = -1;
}

static void hear_step(struct loop *l)
{
	l->asking = rt_handoff_accept(l->fds[ASKED].fd, l->shown);
	if (l->asking >= 0)
		make_due(l);
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

/* What is worth waiting for: input only where the last piece has gone, output only where not. */
static void choose(struct loop *l)
{
	for (int i = OUT; i <= ERR; i++) {
		bool pending = passon_pending(&l->pass[i]);

		l->fds[i].fd = pending ? -1 : l->in[i];
		l->fds[OUTPUTS + i].fd = pending ? l->s->own[i] : -1;
	}
	l->fds[ASKED].events = l->asking < 0 ? POLLIN : 0;
}

static void step(struct loop *l)
{
	int n;

	choose(l);
	n = poll(l->fds, POLLED, wait_ms(l));
	if (n == 0)
		captured(l, rt_capture_flush(l->s->capture));
	beat(l);
	if (n <= 0)
		return;
	for (int i = OUT; i <= ERR; i++) {
		if (l->fds[OUTPUTS + i].revents)
			pass(l, i);
	}
	/* Before anything that may come with it: what a step says must come after. */
	if (l->fds[ASKED].revents & POLLIN)
		hear_step(l);
	if (l->asking >= 0)
		answer_step(l);
	for (int i = OUT; i <= ERR; i++) {
		if (l->fds[i].revents)
			pump(l, i);
	}
	if (l->fds[SIGNALS].revents)
		take_signal(l);
	if (l->fds[JOB].revents && l->s->job->ready(l->s->job) == 0)
		l->fds[JOB].fd = -1;
}

/* The command has ended: what it wrote goes out, unless somebody wants us to end as well. */
static void finish_output(struct loop *l)
{
	make_due(l);
	while (!drain(l) && !l->s->signalled)
		step(l);
	/* Once more, to see the end of a pipe that nobody writes to any more. */
	pump(l, OUT);
	pump(l, ERR);
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

	if (l->in[OUT] < 0 && l->in[ERR] < 0)
		return false;
	pid = fork();
	if (pid != 0)
		return pid > 0;
	close(STDIN_FILENO);
	/* An open log would keep a lock that we die with. */
	rt_record_close(l->s->record);
	for (int i = SIGNALS; i < POLLED; i++) {
		if (l->fds[i].fd >= 0)
			close(l->fds[i].fd);
		l->fds[i].fd = -1;
	}
	l->s->heartbeat = false;
	while (l->in[OUT] >= 0 || l->in[ERR] >= 0 || passon_pending(&l->pass[OUT]) ||
	       passon_pending(&l->pass[ERR]))
		step(l);
	rt_capture_end(l->s->capture);
	_exit(0);
}

static void begin(struct loop *l)
{
	struct supervised *s = l->s;
	sigset_t signals;

	all_signals(&signals);
	for (int i = 0; i < POLLED; i++)
		l->fds[i] = (struct pollfd){ -1, POLLIN, 0 };
	for (int i = OUT; i <= ERR; i++) {
		passon_init(&l->pass[i], s->own[i]);
		l->muted[i] = false;
		l->due[i] = 0;
		l->fds[OUTPUTS + i].events = POLLOUT;
	}
	l->in[OUT] = l->child.out;
	l->in[ERR] = l->child.err;
	l->fds[SIGNALS].fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	l->fds[ASKED].fd = s->listen_fd;
	l->fds[JOB].fd = s->job ? s->job->fd : -1;
	l->asking = -1;
	l->exited = false;
	l->status = 0;
	l->beat_ns = 0;
}

static void release(struct loop *l)
{
	close(l->fds[SIGNALS].fd);
	for (int i = OUT; i <= ERR; i++) {
		if (l->in[i] >= 0)
			close(l->in[i]);
	}
	if (l->asking >= 0)
		close(l->asking);
	if (l->s->heartbeat)
		unlinkat(l->s->dir->fd, RT_ALIVE_FILE, 0);
	free(l);
}

int supervise(struct supervised *s, int *exit_code)
{
	struct rt_err err = RT_ERR_INIT;
	struct loop *l = xmalloc(sizeof(*l));
	int status;

	l->s = s;
	if (rt_child_start(&l->child, s->argv, s->envp, s->in, exit_code, &err) < 0) {
		free(l);
		/* The pipes are ours: without them the command can still run by itself. */
		if (err.sys == EMFILE || err.sys == ENFILE) {
			warn("not recorded: %s", err.msg);
			rt_record_close(s->record);
			run_unrecorded(s->argv, s->in);
		}
		error("%s", err.msg);
		return -1;
	}
	begin(l);
	beat(l);
	while (!l->exited)
		step(l);
	finish_output(l);
	if (!leave_drainer(l))
		captured(l, rt_capture_end(s->capture));
	status = l->status;
	release(l);
	return status;
}
