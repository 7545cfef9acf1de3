/*
 * Those who speak to the supervisor over the run's socket: steps that hand over
 * their output, people who steer the run. Nothing here waits for any of them: a
 * peer that says nothing is dropped, one that does not listen gets no answer.
 */
#include "die.h"
#include "fdio.h"
#include "handoff.h"
#include "steer.h"
#include "supervise_loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SILENCE_NS RT_NS_PER_S         /* who has connected has so long to say something */
#define CROWDED_NS (20 * RT_NS_PER_MS) /* the same while nobody else can connect */

/* Where it shows our own pipe, a step gets what lies behind it. */
static void answer_step(struct loop *l, struct peer *p)
{
	int given[2];

	for (int i = 0; i < 2; i++) {
		given[i] = -1;
		for (int stream = OUT; stream <= ERR; stream++) {
			bool typed = l->tty.on && stream == OUT;

			if (rt_file_same(p->shown[i], typed ? l->ends[OUT] : l->in[stream]))
				given[i] = l->s->own[stream];
		}
	}
	rt_handoff_answer(p->fd, p->shown, given);
	p->fd = -1;
}

void loop_answer_steps(struct loop *l)
{
	bool waits = false;

	for (int i = 0; i < PEER_MAX; i++)
		waits |= l->peers[i].fd >= 0 && l->peers[i].what == PEER_STEP;
	/* All that was written before has to go there first. */
	if (!waits || !loop_drain(l))
		return;
	loop_captured(l, rt_capture_flush(l->s->capture));
	for (int i = 0; i < PEER_MAX; i++) {
		if (l->peers[i].fd >= 0 && l->peers[i].what == PEER_STEP)
			answer_step(l, &l->peers[i]);
	}
}

static bool is_ending(const struct loop *l)
{
	return l->stopping || (!l->pid && !l->at_ns[TIMER_RETRY]);
}

/* What has happened, or why it has not (false), goes into text. */
static bool pause_run(struct loop *l, struct rt_str by, struct rt_err *text)
{
	if (l->paused_ns)
		return rt_err_set(text, RT_ERR_NONE, "paused already"), true;
	if (is_ending(l))
		return rt_err_set(text, RT_ERR_REFUSED, "run \"%s\" is ending", l->s->dir->id),
		       false;
	if (loop_pause(l, by, text) < 0)
		return false;
	return rt_err_set(text, RT_ERR_NONE, "paused"), true;
}

static bool resume_run(struct loop *l, struct rt_str by, struct rt_err *text)
{
	struct rt_err err = RT_ERR_INIT;

	if (!l->paused_ns) {
		rt_err_set(text, RT_ERR_NONE, "running already");
	} else if (loop_resume(l, by, &err) < 0) {
		warn("not recorded: %s", err.msg);
		rt_err_set(text, RT_ERR_NONE, "resumed, which is not recorded: %s", err.msg);
	} else {
		rt_err_set(text, RT_ERR_NONE, "resumed");
	}
	return true;
}

/* Its answer is that the connection ends, with us. To wait for the run's lock comes last. */
static void cancel_run(struct loop *l, struct peer *p, const struct rt_steer *steer,
		       struct rt_str by)
{
	struct rt_err err = RT_ERR_INIT;
	struct outcome *end = &l->s->end;

	p->what = PEER_CANCEL;
	if (end->why == STOP_NONE)
		rt_steer_cancelled(steer, end->cancelled);
	l->stop_signal = steer->signal;
	loop_stop(l, STOP_CANCEL);
	if (steer->kill_after_ns >= 0)
		loop_kill_within(l, steer->kill_after_ns);
	if (rt_record_request(l->s->record, RT_CANCELLED, by, NULL, &err) < 0)
		warn("not recorded: %s", err.msg);
}

static void take_steer(struct loop *l, struct peer *p, const struct rt_steer *steer)
{
	struct rt_err text = RT_ERR_INIT;
	struct rt_buf by;
	bool done;

	rt_buf_init(&by);
	rt_steer_write(steer, &by);
	if (steer->verb == RT_STEER_CANCEL) {
		cancel_run(l, p, steer, rt_buf_view(&by));
	} else {
		done = steer->verb == RT_STEER_PAUSE ? pause_run(l, rt_buf_view(&by), &text) :
						       resume_run(l, rt_buf_view(&by), &text);
		rt_steer_answer(p->fd, done, text.msg);
		p->fd = -1;
	}
	rt_buf_release(&by);
}

static void drop(struct peer *p)
{
	close(p->fd);
	p->fd = -1;
}

void loop_hear(struct loop *l, struct peer *p)
{
	struct rt_sock_message m;
	struct rt_steer steer;
	int got = rt_sock_receive(p->fd, &m);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got > 0 && rt_handoff_hear(p->fd, &m, p->shown)) {
		p->what = PEER_STEP;
		loop_make_due(l);
	} else if (got > 0 && rt_steer_hear(p->fd, &m, &steer)) {
		take_steer(l, p, &steer);
	} else {
		drop(p);
	}
	rt_sock_message_release(&m);
}

static struct peer *free_peer(struct loop *l)
{
	for (int i = 0; i < PEER_MAX; i++) {
		if (l->peers[i].fd < 0)
			return &l->peers[i];
	}
	return NULL;
}

void loop_accept(struct loop *l)
{
	struct peer *p = free_peer(l);
	int fd = p ? rt_sock_accept(l->fds[ASKED].fd) : -1;

	if (p && fd < 0 && errno != EAGAIN) {
		/* There may be a descriptor to be had later. */
		l->fds[ASKED].fd = -1;
		loop_set(l, TIMER_PEERS, SILENCE_NS);
	}
	if (fd < 0)
		return;
	*p = (struct peer){ .fd = fd, .since_ns = rt_clock_monotonic_ns(), .shown = { -1, -1 } };
	if (!l->at_ns[TIMER_PEERS])
		loop_set(l, TIMER_PEERS, SILENCE_NS);
	if (!free_peer(l))
		loop_set(l, TIMER_PEERS, CROWDED_NS);
	loop_hear(l, p);
}

void loop_choose_peers(struct loop *l)
{
	l->fds[ASKED].events = free_peer(l) ? POLLIN : 0;
	for (int i = 0; i < PEER_MAX; i++) {
		const struct peer *p = &l->peers[i];

		l->fds[PEERS + i].fd = p->what == PEER_SILENT ? p->fd : -1;
	}
}

void loop_drop_silent(struct loop *l)
{
	int64_t now = rt_clock_monotonic_ns(), patience = free_peer(l) ? SILENCE_NS : CROWDED_NS;

	l->fds[ASKED].fd = l->s->listen_fd;
	for (int i = 0; i < PEER_MAX; i++) {
		struct peer *p = &l->peers[i];

		if (p->fd < 0 || p->what != PEER_SILENT)
			continue;
		/* We may have been busy, or stopped, since it spoke. */
		if (now - p->since_ns >= patience)
			loop_hear(l, p);
		if (p->fd < 0 || p->what != PEER_SILENT)
			continue;
		if (now - p->since_ns >= patience)
			drop(p);
		else
			loop_set(l, TIMER_PEERS, patience);
	}
}

void loop_release_peers(struct loop *l)
{
	for (int i = 0; i < PEER_MAX; i++) {
		struct peer *p = &l->peers[i];

		/* Those who wait for the end are to see it when all is recorded: with our own. */
		if (p->fd < 0 || p->what == PEER_CANCEL)
			continue;
		for (int k = 0; k < 2; k++) {
			if (p->shown[k] >= 0)
				close(p->shown[k]);
		}
		drop(p);
	}
}
