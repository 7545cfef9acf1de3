/*
 * How lines end. A terminal puts a carriage return before each newline: what the
 * command wrote is without, and so is the log; a terminal that is raw needs it.
 */
#include "supervise_loop.h"

#include <unistd.h>

/* Without the carriage return that the command's terminal puts before a line's end. */
static struct rt_str without_returns(struct loop_tty *t, struct rt_str piece)
{
	size_t n = 0;

	for (size_t i = 0; i < piece.n; i++) {
		if (t->carriage && piece.p[i] != '\n')
			t->text[n++] = '\r';
		t->carriage = piece.p[i] == '\r';
		if (!t->carriage)
			t->text[n++] = piece.p[i];
	}
	return (struct rt_str){ t->text, n };
}

static struct rt_str with_returns(struct loop_tty *t, struct rt_str piece)
{
	size_t n = 0;

	for (size_t i = 0; i < piece.n; i++) {
		if (piece.p[i] == '\n')
			t->text[n++] = '\r';
		t->text[n++] = piece.p[i];
	}
	return (struct rt_str){ t->text, n };
}

struct rt_str loop_logged(struct loop *l, int stream, struct rt_str piece)
{
	return stream == OUT && l->tty.ours ? without_returns(&l->tty, piece) : piece;
}

struct rt_str loop_rest(struct loop *l, int stream)
{
	bool held = stream == OUT && l->tty.carriage;

	l->tty.carriage = l->tty.carriage && !held;
	return (struct rt_str){ "\r", held };
}

/* A step writes to the terminal of the run's supervisor, past its own: which is raw. */
static bool is_past_own(const struct loop *l, int stream)
{
	struct termios own, there;

	return l->pass[stream].terminal && tcgetattr(STDOUT_FILENO + stream, &own) == 0 &&
	       tcgetattr(l->s->own[stream], &there) == 0 && (own.c_oflag & OPOST) &&
	       (own.c_oflag & ONLCR) && !(there.c_oflag & OPOST);
}

struct rt_str loop_shown(struct loop *l, int stream, struct rt_str piece, struct rt_str logged)
{
	if (stream == OUT && l->tty.ours)
		return l->tty.raw ? piece : logged;
	return is_past_own(l, stream) ? with_returns(&l->tty, piece) : piece;
}
