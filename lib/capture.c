/* Captured output in the CRI format. See capture.h. */
#include "capture.h"
#include "clock.h"
#include "fdio.h"

#include <unistd.h>

#define ADD_MASK "::add-mask::"

static const char *const stream_names[] = { "stdout", "stderr" };

void rt_capture_init(struct rt_capture *c, int fd, struct rt_redact *redact)
{
	c->fd = fd;
	c->redact = redact;
	rt_buf_init(&c->text);
	rt_buf_init(&c->out);
	for (int i = 0; i < 2; i++) {
		rt_buf_init(&c->held[i]);
		rt_buf_init(&c->line[i]);
	}
}

void rt_capture_release(struct rt_capture *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	rt_buf_release(&c->text);
	rt_buf_release(&c->out);
	for (int i = 0; i < 2; i++) {
		rt_buf_release(&c->held[i]);
		rt_buf_release(&c->line[i]);
	}
}

static void put_line(struct rt_capture *c, enum rt_stream stream, struct rt_str text, bool full)
{
	char ts[RT_TS_NANO_LEN + 1];

	rt_clock_format_nano(ts, rt_clock_now_ns());
	rt_buf_adds(&c->out, ts);
	rt_buf_addc(&c->out, ' ');
	rt_buf_adds(&c->out, stream_names[stream]);
	rt_buf_adds(&c->out, full ? " F " : " P ");
	rt_buf_addv(&c->out, text);
	rt_buf_addc(&c->out, '\n');
}

static int write_out(struct rt_capture *c)
{
	int ret = 0;

	if (c->fd >= 0 && c->out.len)
		ret = rt_fd_write(c->fd, c->out.s, c->out.len);
	rt_buf_clear(&c->out);
	if (ret < 0) {
		close(c->fd);
		c->fd = -1;
	}
	return ret;
}

/* Masked text: cut into lines, what has no newline waits. */
static void take_text(struct rt_capture *c, enum rt_stream stream, struct rt_str text)
{
	struct rt_buf *line = &c->line[stream];

	while (text.n) {
		const char *nl = memchr(text.p, '\n', text.n);
		size_t n = nl ? (size_t)(nl - text.p) : text.n;
		size_t room = RT_CAPTURE_CHUNK - line->len;

		if (n > room) {
			rt_buf_add(line, text.p, room);
			put_line(c, stream, rt_buf_view(line), false);
			rt_buf_clear(line);
			n = room;
		} else {
			rt_buf_add(line, text.p, n);
			if (nl) {
				put_line(c, stream, rt_buf_view(line), true);
				rt_buf_clear(line);
				n++;
			}
		}
		text.p += n;
		text.n -= n;
	}
}

/* GitHub's way for a command to say that a value is secret from now on. */
static void learn_masks(struct rt_capture *c, struct rt_str piece)
{
	const char *p = piece.p, *end = piece.p + piece.n;

	while (c->redact && (p = memmem(p, (size_t)(end - p), ADD_MASK, sizeof(ADD_MASK) - 1))) {
		const char *value = p + sizeof(ADD_MASK) - 1;
		const char *nl = memchr(value, '\n', (size_t)(end - value));

		p = nl ? nl : end;
		if (p > value && p[-1] == '\r')
			rt_redact_add(c->redact, (struct rt_str){ value, (size_t)(p - value) - 1 });
		else
			rt_redact_add(c->redact, (struct rt_str){ value, (size_t)(p - value) });
	}
}

int rt_capture_add(struct rt_capture *c, enum rt_stream stream, struct rt_str piece)
{
	if (c->fd < 0)
		return 0;
	learn_masks(c, piece);
	if (c->redact) {
		rt_buf_clear(&c->text);
		rt_redact_stream(c->redact, &c->held[stream], piece, false, &c->text);
		piece = rt_buf_view(&c->text);
	}
	take_text(c, stream, piece);
	return write_out(c);
}

bool rt_capture_pending(const struct rt_capture *c)
{
	return c->fd >= 0 && (c->line[0].len || c->line[1].len);
}

int rt_capture_flush(struct rt_capture *c)
{
	for (int i = 0; i < 2; i++) {
		if (c->line[i].len)
			put_line(c, (enum rt_stream)i, rt_buf_view(&c->line[i]), false);
		rt_buf_clear(&c->line[i]);
	}
	return write_out(c);
}

int rt_capture_end(struct rt_capture *c)
{
	for (int i = 0; i < 2 && c->redact && c->fd >= 0; i++) {
		rt_buf_clear(&c->text);
		rt_redact_stream(c->redact, &c->held[i], (struct rt_str){ "", 0 }, true, &c->text);
		take_text(c, (enum rt_stream)i, rt_buf_view(&c->text));
	}
	return rt_capture_flush(c);
}
