/* A supervised command's output: from its pipes to our own output and into the log. */
#include "die.h"
#include "status.h"
#include "supervise_loop.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PARTIAL_NS (200 * RT_NS_PER_MS)
#define PIPE_SIZE (64 << 10)
#define LARGE_PIPE (256 << 10)
#define SAID_MAX 60     /* bytes of the command in what is said of it */
#define TTY_HOLDS 16384 /* bytes, at most; Linux says of a part of them only that they are there */

static void close_stream(struct loop *l, int i)
{
	close(l->in[i]);
	l->in[i] = -1;
	l->due[i] = 0;
}

void loop_captured(struct loop *l, int ret)
{
	struct rt_capture *c = l->s->capture;

	if (ret < 0)
		warn("the output of run \"%s\" is no longer captured: %s", l->s->dir->id,
		     strerror(errno));
	if (c->unrotatable)
		warn("\"%s\" is no longer rotated: %s", c->limits.name, strerror(c->unrotatable));
	c->unrotatable = 0;
}

/* Without us the command would have had the error to itself; it must not die of it. */
static void mute(struct loop *l, int i)
{
	static const char *const names[] = { "standard output", "standard error" };
	const char *why = strerror(errno), *kept = "";

	if (l->s->capture->fd >= 0)
		kept = "; the output is still captured";
	l->muted[i] = true;
	if (l->s->hold)
		warn("%s is no longer held back: cannot write a file in \"%s\": %s%s", names[i],
		     l->s->hold->where[i] ? l->s->hold->where[i] : l->s->dir->path, why, kept);
	else
		warn("cannot write %s: %s%s", names[i], why, kept);
}

/* Where nobody reads any more (EPIPE), the command is to see that by its own SIGPIPE. */
static void passed(struct loop *l, int i, int ret)
{
	if (ret == 0)
		return;
	if (errno == EPIPE) {
		if (l->in[i] >= 0)
			close_stream(l, i);
		return;
	}
	mute(l, i);
}

void loop_pass(struct loop *l, int i)
{
	passed(l, i, passon_write(&l->pass[i]));
}

/* There is output: who waits for that waits anew. */
static void note_output(struct loop *l)
{
	l->output_ns = rt_clock_monotonic_ns();
	if (l->at_ns[TIMER_IDLE])
		l->at_ns[TIMER_IDLE] = rt_clock_later(l->output_ns, l->s->limits.idle_ns);
	if (l->at_ns[TIMER_STILL] && !l->s->silent)
		l->at_ns[TIMER_STILL] = rt_clock_later(l->output_ns, l->s->still_ns);
}

/* The stage that the run is in, as far as it says. */
static void add_stage(struct rt_buf *line, const struct rt_rundir *d)
{
	struct rt_status st;

	if (rt_status_init(&st) < 0)
		return;
	if (rt_status_load(&st, d, NULL) == 0 && st.stage.len)
		rt_buf_addf(line, ", stage %s", st.stage.s);
	rt_status_release(&st);
}

void loop_say_still(struct loop *l)
{
	int64_t now = rt_clock_monotonic_ns();
	struct rt_buf command, line;
	char ran[32], quiet[32];

	loop_set(l, TIMER_STILL, l->s->still_ns);
	/* Who reads slowly has something to read. */
	if (passon_pending(&l->pass[OUT]) || passon_pending(&l->pass[ERR]))
		return;
	rt_buf_init(&command);
	rt_buf_init(&line);
	for (char *const *word = l->s->argv; *word && command.len < SAID_MAX; word++)
		rt_buf_addf(&command, word == l->s->argv ? "%s" : " %s", *word);
	rt_redact_text(l->s->capture->redact, rt_buf_view(&command), &line);
	line.len = rt_utf8_cut(rt_buf_view(&line), SAID_MAX);
	rt_duration_format(ran, now - l->start_ns);
	rt_duration_format(quiet, now - l->output_ns);
	rt_buf_addf(&line, " (%s", ran);
	if (l->s->dir)
		add_stage(&line, l->s->dir);
	error("still running: %s, no output for %s)", line.s, quiet);
	rt_buf_release(&command);
	rt_buf_release(&line);
}

void loop_pump(struct loop *l, int i)
{
	/* Where a terminal needs carriage returns, there is room for them. */
	size_t max = sizeof(l->piece) / (l->pass[i].terminal ? 2 : 1);
	struct rt_str piece, logged;
	ssize_t n;

	if (l->in[i] < 0 || passon_pending(&l->pass[i]))
		return;
	do
		n = read(l->in[i], l->piece, max);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN) {
		l->due[i] = 0;
		return;
	}
	if (n <= 0) {
		loop_captured(l, rt_capture_add(l->s->capture, (enum rt_stream)i, loop_rest(l, i)));
		close_stream(l, i);
		return;
	}
	l->due[i] -= n;
	/* It writes faster than we read, and would wait for us each time. */
	if (n == PIPE_SIZE)
		fcntl(l->in[i], F_SETPIPE_SZ, LARGE_PIPE);
	note_output(l);
	piece = (struct rt_str){ l->piece, (size_t)n };
	logged = loop_logged(l, i, piece);
	loop_captured(l, rt_capture_add(l->s->capture, (enum rt_stream)i, logged));
	l->at_ns[TIMER_PARTIAL] = 0;
	if (rt_capture_pending(l->s->capture))
		loop_set(l, TIMER_PARTIAL, PARTIAL_NS);
	if (l->s->hold)
		hold_note(l->s->hold, i);
	if (!l->muted[i])
		passed(l, i, passon_take(&l->pass[i], loop_shown(l, i, piece, logged)));
	if (l->s->annotate)
		annotate_add(l->s->annotate, i, logged);
}

void loop_make_due(struct loop *l)
{
	for (int i = OUT; i <= ERR; i++) {
		int waiting = 0;

		if (i == OUT && l->tty.on)
			l->due[i] = l->in[i] >= 0 ? TTY_HOLDS : 0;
		else if (l->in[i] >= 0 && ioctl(l->in[i], FIONREAD, &waiting) == 0)
			l->due[i] = waiting;
	}
}

bool loop_drain(struct loop *l)
{
	bool done = true;

	for (int i = OUT; i <= ERR; i++) {
		while (l->due[i] > 0 && !passon_pending(&l->pass[i]))
			loop_pump(l, i);
		done &= !passon_pending(&l->pass[i]);
	}
	return done;
}
