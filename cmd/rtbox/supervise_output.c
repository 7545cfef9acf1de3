/* A supervised command's output: from its pipes to our own output and into the log. */
#include "die.h"
#include "supervise_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PARTIAL_NS (200 * RT_NS_PER_MS)
#define PIPE_SIZE (64 << 10)
#define LARGE_PIPE (256 << 10)

static void close_stream(struct loop *l, int i)
{
	close(l->in[i]);
	l->in[i] = -1;
	l->due[i] = 0;
}

void loop_captured(struct loop *l, int ret)
{
	if (ret < 0)
		warn("the output of run \"%s\" is no longer captured: %s", l->s->dir->id,
		     strerror(errno));
}

/* When nobody reads, the command is to see that by its own SIGPIPE. */
static void passed(struct loop *l, int i, int ret)
{
	static const char *const names[] = { "standard output", "standard error" };

	if (ret == 0)
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

void loop_pass(struct loop *l, int i)
{
	passed(l, i, passon_write(&l->pass[i]));
}

/* Read a piece, once; nothing while the one before still has to go. */
void loop_pump(struct loop *l, int i)
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
	/* It writes faster than we read, and would wait for us each time. */
	if (n == PIPE_SIZE)
		fcntl(l->in[i], F_SETPIPE_SZ, LARGE_PIPE);
	if (l->at_ns[TIMER_IDLE])
		loop_set(l, TIMER_IDLE, l->s->limits.idle_ns);
	loop_captured(l, rt_capture_add(l->s->capture, (enum rt_stream)i,
					(struct rt_str){ l->piece, (size_t)n }));
	l->at_ns[TIMER_PARTIAL] = 0;
	if (rt_capture_pending(l->s->capture))
		loop_set(l, TIMER_PARTIAL, PARTIAL_NS);
	if (!l->muted[i])
		passed(l, i, passon_take(&l->pass[i], (struct rt_str){ l->piece, (size_t)n }));
}

/* What stands in the pipes now is due, and no more: somebody may go on writing for ever. */
void loop_make_due(struct loop *l)
{
	for (int i = OUT; i <= ERR; i++) {
		int waiting = 0;

		if (l->in[i] >= 0 && ioctl(l->in[i], FIONREAD, &waiting) == 0)
			l->due[i] = waiting;
	}
}

/* Pass on what is due; false as long as a slow reader of our output keeps us from it. */
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
