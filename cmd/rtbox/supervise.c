/*
 * The supervisor's loop: from the command's start to its last output, and what
 * is done meanwhile. What there is to do is in the other supervise_*.c.
 */
#include "die.h"
#include "supervise_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define BEAT_NS (30 * RT_NS_PER_S)
#define SETTLE_NS (100 * RT_NS_PER_MS)

/* The mtime of .alive tells other machines that we live. */
static void beat(struct loop *l)
{
	rt_owner_beat(l->s->dir->fd);
	loop_set(l, TIMER_BEAT, BEAT_NS);
}

/* A command that is as quick as this ends before, and then the run is brought there once. */
static void settle(struct loop *l)
{
	struct rt_err err = RT_ERR_INIT;

	if (rt_record_settle(l->s->record, &err) < 0)
		warn("%s", err.msg);
}

/* Limits of time do not count while the run is paused. */
static bool is_set(const struct loop *l, int t)
{
	return l->at_ns[t] && !(l->paused_ns && t >= TIMER_LIMITS);
}

/* What is due is done, each at most once. */
static void run_timers(struct loop *l)
{
	int64_t now = rt_clock_monotonic_ns();

	for (int t = 0; t < TIMERS; t++) {
		if (!is_set(l, t) || now < l->at_ns[t])
			continue;
		l->at_ns[t] = 0;
		switch ((enum timer)t) {
		case TIMER_PARTIAL:
			loop_captured(l, rt_capture_flush(l->s->capture));
			break;
		case TIMER_BEAT:
			beat(l);
			break;
		case TIMER_SETTLE:
			settle(l);
			break;
		case TIMER_STILL:
			loop_say_still(l);
			break;
		case TIMER_PEERS:
			loop_drop_silent(l);
			break;
		case TIMER_TIMEOUT:
			loop_stop(l, STOP_TIMEOUT);
			break;
		case TIMER_IDLE:
			loop_stop(l, STOP_IDLE);
			break;
		case TIMER_KILL:
			loop_kill(l);
			break;
		case TIMER_RETRY:
			loop_start(l);
			break;
		case TIMER_TTY:
			loop_tty_take(l);
			break;
		case TIMERS:
			break;
		}
	}
}

/* Until the next timer; -1: there is none. */
static int wait_ms(const struct loop *l)
{
	int64_t next = INT64_MAX;

	for (int t = 0; t < TIMERS; t++) {
		if (is_set(l, t) && l->at_ns[t] < next)
			next = l->at_ns[t];
	}
	return next == INT64_MAX ? -1 : rt_clock_ms_until(next);
}

/* What is worth waiting for: input only where the last piece has gone, output only where not. */
static void choose(struct loop *l)
{
	for (int i = OUT; i <= ERR; i++) {
		bool pending = passon_pending(&l->pass[i]);

		l->fds[i].fd = pending ? -1 : l->in[i];
		l->fds[OUTPUTS + i].fd = pending ? l->s->own[i] : -1;
	}
	loop_choose_peers(l);
	loop_tty_choose(l);
}

/*
 * poll(2) refuses more entries than the process may have open files, unused ones
 * included, so it only gets those in use.
 */
static int poll_open(struct loop *l)
{
	struct pollfd open[POLLED];
	int which[POLLED], n = 0, ready;

	for (int i = 0; i < POLLED; i++) {
		l->fds[i].revents = 0;
		if (l->fds[i].fd < 0)
			continue;
		which[n] = i;
		open[n++] = l->fds[i];
	}
	ready = poll(open, (nfds_t)n, wait_ms(l));
	/* Out of memory: do not spin. */
	if (ready < 0 && errno != EINTR)
		poll(NULL, 0, 10);
	for (int i = 0; i < n && ready > 0; i++)
		l->fds[which[i]].revents = open[i].revents;
	return ready;
}

void loop_turn(struct loop *l)
{
	int n;

	choose(l);
	n = poll_open(l);
	run_timers(l);
	if (n <= 0)
		return;
	for (int i = OUT; i <= ERR; i++) {
		if (l->fds[OUTPUTS + i].revents)
			loop_pass(l, i);
	}
	/* Before anything that may come with it: what a step says must come after. */
	if (l->fds[ASKED].revents & POLLIN)
		loop_accept(l);
	for (int i = 0; i < PEER_MAX; i++) {
		if (l->fds[PEERS + i].revents)
			loop_hear(l, &l->peers[i]);
	}
	loop_answer_steps(l);
	for (int i = OUT; i <= ERR; i++) {
		if (l->fds[i].revents)
			loop_pump(l, i);
	}
	if (l->fds[SIGNALS].revents)
		loop_take_signal(l);
	if (l->fds[JOB].revents && l->s->job->ready(l->s->job) == 0)
		l->fds[JOB].fd = -1;
	loop_tty_turn(l);
}

/* From a start to an end after which nothing is to be started again. */
static void run(struct loop *l)
{
	if (loop_start(l) < 0)
		return;
	do {
		while (!loop_ended(l))
			loop_turn(l);
		if (l->s->limits.kill_orphans && !l->stopping) {
			loop_note_left(l, true);
			loop_stop(l, STOP_NONE);
			while (!loop_ended(l))
				loop_turn(l);
		}
	} while (loop_retry(l));
}

/*
 * The command has ended: what it wrote goes out. When it was told to end, we
 * do not wait for a slow reader either: that is left to the drainer.
 */
static void finish_output(struct loop *l)
{
	loop_tty_finish(l);
	loop_close_ends(l);
	loop_clear_limits(l);
	loop_make_due(l);
	while (!loop_drain(l) && l->s->end.why == STOP_NONE)
		loop_turn(l);
	/* Once more, to see the end of a pipe that nobody writes to any more. */
	loop_pump(l, OUT);
	loop_pump(l, ERR);
	loop_tty_leave(l);
}

/* Closed when we were started (see start_guard_fds): the command is to find it so. */
static bool is_closed(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags < 0 || (flags & FD_CLOEXEC);
}

/* -1: there are no pipes for the command to write to. */
static int begin(struct loop *l)
{
	struct supervised *s = l->s;
	sigset_t signals;

	s->end = (struct outcome){ .status = 0 };
	for (int i = 0; i < POLLED; i++)
		l->fds[i] = (struct pollfd){ -1, POLLIN, 0 };
	for (int i = OUT; i <= ERR; i++) {
		passon_init(&l->pass[i], s->own[i]);
		l->fds[OUTPUTS + i].events = POLLOUT;
	}
	loop_tty_begin(l);
	for (int i = OUT; i <= ERR; i++) {
		int fds[2];

		if (l->ends[i] >= 0 || is_closed(STDOUT_FILENO + i))
			continue;
		if (pipe2(fds, O_CLOEXEC) < 0)
			return -1;
		fcntl(fds[0], F_SETFL, O_NONBLOCK);
		l->in[i] = fds[0];
		l->ends[i] = fds[1];
	}
	sigprocmask(SIG_BLOCK, NULL, &signals);
	l->fds[SIGNALS].fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->fds[SIGNALS].fd < 0)
		return -1;
	l->fds[ASKED].fd = s->listen_fd;
	l->fds[JOB].fd = s->job ? s->job->fd : -1;
	return 0;
}

static void release(struct loop *l)
{
	loop_close_ends(l);
	for (int i = OUT; i <= ERR; i++) {
		if (l->in[i] >= 0)
			close(l->in[i]);
	}
	if (l->fds[SIGNALS].fd >= 0)
		close(l->fds[SIGNALS].fd);
	loop_release_peers(l);
	rt_proctree_release(&l->others);
	free(l);
}

/*
 * On a terminal the command stays in our process group: that is what makes
 * Ctrl-C, Ctrl-Z and a pager behind us work as without us. Elsewhere it leads a
 * group of its own, so that it gets each signal once.
 */
static bool has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void supervise(struct supervised *s)
{
	struct loop *l = calloc(1, sizeof(*l));
	struct rt_err err = RT_ERR_INIT;

	if (!l) {
		loop_leave_alone(s, "out of memory");
		return;
	}
	l->s = s;
	for (int i = 0; i < PEER_MAX; i++)
		l->peers[i].fd = -1;
	l->in[OUT] = l->in[ERR] = l->ends[OUT] = l->ends[ERR] = -1;
	l->own_group = !has_terminal();
	if (begin(l) < 0) {
		/* The pipes are ours: without them the command can still run by itself. */
		rt_err_sys(&err, "no pipes for \"%s\"", s->argv[0]);
		loop_leave_alone(s, err.msg);
		release(l);
		return;
	}
	rt_proctree_adopt();
	if (s->in->children && rt_proctree_list(&l->others, getpid()) < 0)
		l->others = (struct rt_proctree){ NULL, 0 };
	l->start_ns = l->output_ns = rt_clock_monotonic_ns();
	if (s->still_ns)
		loop_set(l, TIMER_STILL, s->still_ns);
	if (s->heartbeat) {
		beat(l);
		loop_set(l, TIMER_SETTLE, SETTLE_NS);
	}
	run(l);
	loop_thaw(l);
	finish_output(l);
	/* No children at all is the rule, and cheap to see. */
	if (s->end.started && waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOHANG | WNOWAIT) == 0)
		loop_note_left(l, false);
	loop_annotate_end(l);
	if (!loop_leave_drainer(l)) {
		rt_pty_dismiss(&l->tty.pty);
		loop_captured(l, rt_capture_end(s->capture));
	}
	release(l);
}
