/* Starting a supervised command, once or again. */
#include "detach.h"
#include "die.h"
#include "supervise_loop.h"

#include <errno.h>
#include <unistd.h>

void loop_close_ends(struct loop *l)
{
	for (int i = OUT; i <= ERR; i++) {
		if (l->ends[i] >= 0)
			close(l->ends[i]);
		l->ends[i] = -1;
	}
}

/* What keeps us from starting it, but not from becoming it. */
static bool is_shortage(int why)
{
	return why == EMFILE || why == ENFILE || why == EAGAIN || why == ENOMEM;
}

void loop_leave_alone(struct supervised *s, const char *why)
{
	s->end.alone = true;
	warn("not %s: %s", s->record ? "recorded" : "supervised", why);
}

int loop_start(struct loop *l)
{
	struct supervised *s = l->s;
	struct rt_err err = RT_ERR_INIT;
	struct rt_spawn how = {
		.argv = s->argv,
		.envp = s->envp,
		.in = s->in,
		.out = l->ends[OUT],
		.err = l->ends[ERR],
		.own_group = l->own_group,
	};
	int code;

	l->pid = l->tty.on ? loop_tty_start(l, &how, &code, &err) :
			     rt_child_start(&how, &code, &err);
	if (l->pid < 0) {
		l->pid = 0;
		s->end.status = code << 8;
		if (!s->end.started && is_shortage(err.sys))
			loop_leave_alone(s, err.msg);
		else
			error("%s", err.msg);
		return -1;
	}
	s->end.started = true;
	if (s->detached_fd)
		detach_done(s->detached_fd, s->dir->id);
	s->detached_fd = 0;
	/* A terminal would be at its end as soon as nobody has it open. */
	if (s->limits.retries == 0 && !l->tty.on)
		loop_close_ends(l);
	if (s->limits.timeout_ns)
		loop_set(l, TIMER_TIMEOUT, s->limits.timeout_ns);
	if (s->limits.idle_ns)
		loop_set(l, TIMER_IDLE, s->limits.idle_ns);
	return 0;
}

bool loop_retry(struct loop *l)
{
	const struct limits *limits = &l->s->limits;
	struct outcome *end = &l->s->end;
	double delay = (double)limits->retry_ns;
	char text[OUTCOME_TEXT];

	if (!end->status || end->retries >= limits->retries || end->why == STOP_SIGNAL ||
	    end->why == STOP_CANCEL)
		return false;
	for (int i = 0; i < end->retries && delay < (double)INT64_MAX / 4; i++)
		delay *= limits->backoff;
	if (delay > (double)INT64_MAX / 4)
		delay = (double)INT64_MAX / 4;
	outcome_text(end, limits, text);
	end->retries++;
	if (l->s->retrying)
		l->s->retrying(l->s, text, end->retries, (int64_t)delay);
	end->why = STOP_NONE;
	l->stopping = false;
	l->kills = 0;
	loop_clear_limits(l);
	loop_set(l, TIMER_RETRY, (int64_t)delay);
	return true;
}
