/* Captured output in the CRI format. See capture.h. */
#include "capture.h"
#include "fdio.h"

#include <errno.h>
#include <unistd.h>

#define ADD_MASK "::add-mask::"
#define ADD_MASK_MAX \
	8192 /* bytes of a line with it that has no end yet; past that it is taken as it is */

void rt_capture_init(struct rt_capture *c, int fd, struct rt_redact *redact)
{
	c->fd = fd;
	c->limits = (struct rt_log_limits){ .max = 0 };
	c->size = 0;
	c->trouble = c->unrotatable = 0;
	c->redact = redact;
	rt_needle_exact(&c->add_mask, rt_str(ADD_MASK));
	rt_buf_init(&c->text);
	rt_buf_init(&c->out);
	for (int i = 0; i < 2; i++) {
		c->begun[i] = false;
		rt_buf_init(&c->masks[i]);
		rt_buf_init(&c->held[i]);
		rt_buf_init(&c->line[i]);
	}
}

void rt_capture_limit(struct rt_capture *c, const struct rt_log_limits *limits)
{
	struct stat st;

	c->limits = *limits;
	c->size = c->fd >= 0 && fstat(c->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

void rt_capture_release(struct rt_capture *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	rt_buf_release(&c->text);
	rt_buf_release(&c->out);
	for (int i = 0; i < 2; i++) {
		rt_buf_release(&c->masks[i]);
		rt_buf_release(&c->held[i]);
		rt_buf_release(&c->line[i]);
	}
}

/* What stands between the time and the text of a record, by stream and whether it ends a line. */
#define TAG_LEN 10
static const char tags[2][2][TAG_LEN + 1] = {
	{ " stdout P ", " stdout F " },
	{ " stderr P ", " stderr F " },
};

/* All that is read at once was written at the same instant, as far as anybody can tell. */
static void stamp(struct rt_capture *c)
{
	rt_clock_format_nano(c->ts, rt_clock_now_ns());
}

static int write_out(struct rt_capture *c)
{
	int ret = 0, why;

	if (c->fd >= 0 && c->out.len && !c->trouble)
		ret = rt_fd_write(c->fd, c->out.s, c->out.len);
	if (c->out.failed || c->line[0].failed || c->line[1].failed) {
		errno = ENOMEM;
		ret = -1;
	}
	if (c->trouble) {
		errno = c->trouble;
		c->trouble = 0;
		ret = -1;
	}
	rt_buf_clear(&c->out);
	if (ret < 0) {
		why = errno;
		close(c->fd);
		c->fd = -1;
		errno = why;
	}
	return ret;
}

/* Make room for a record of n bytes: at the limit a new file is begun. */
static void make_room(struct rt_capture *c, size_t n)
{
	const struct rt_log_limits *l = &c->limits;
	int fd;

	if (l->max == 0 || c->size == 0 || c->size + n <= l->max || c->trouble)
		return;
	if ((c->begun[0] || c->begun[1]) && (c->size + n) / 2 <= l->max)
		return;
	if (rt_fd_write(c->fd, c->out.s, c->out.len) < 0)
		c->trouble = errno;
	rt_buf_clear(&c->out);
	if (c->trouble)
		return;
	fd = rt_rundir_rotate_log(l->dir, l->step, l->name, l->backups);
	if (fd < 0) {
		c->unrotatable = errno;
		c->limits.max = 0;
		return;
	}
	close(c->fd);
	c->fd = fd;
	c->size = 0;
}

static void put_line(struct rt_capture *c, enum rt_stream stream, struct rt_str text, bool full)
{
	size_t n = RT_TS_NANO_LEN + TAG_LEN + text.n + 1;
	char *p;

	make_room(c, n);
	p = rt_buf_extend(&c->out, n);
	if (!p)
		return;
	c->size += n;
	c->begun[stream] = !full;
	memcpy(p, c->ts, RT_TS_NANO_LEN);
	p += RT_TS_NANO_LEN;
	memcpy(p, tags[stream][full], TAG_LEN);
	p += TAG_LEN;
	memcpy(p, text.p, text.n);
	p[text.n] = '\n';
}

/* Masked text: cut into lines, what has no newline waits. Most lines come whole. */
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
		} else if (nl && line->len == 0) {
			put_line(c, stream, (struct rt_str){ text.p, n }, true);
			n++;
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

/* How much of the end of the text may be the beginning of ADD_MASK. */
static size_t begun_mask(struct rt_str text)
{
	size_t n = sizeof(ADD_MASK) - 2;

	if (n > text.n)
		n = text.n;
	while (n && memcmp(text.p + text.n - n, ADD_MASK, n) != 0)
		n--;
	return n;
}

/* A value as GitHub's toolkit writes it: %25, %0D and %0A are escapes in it. */
static void learn_value(struct rt_redact *redact, struct rt_str value)
{
	struct rt_buf plain;

	rt_buf_init(&plain);
	for (size_t i = 0; i < value.n; i++) {
		const char *p = value.p + i;
		bool whole = value.n - i >= 3;

		if (whole && memcmp(p, "%25", 3) == 0)
			rt_buf_addc(&plain, '%');
		else if (whole && memcmp(p, "%0A", 3) == 0)
			rt_buf_addc(&plain, '\n');
		else if (whole && memcmp(p, "%0D", 3) == 0)
			rt_buf_addc(&plain, '\r');
		else
			whole = false;
		if (whole)
			i += 2;
		else
			rt_buf_addc(&plain, *p);
	}
	/* Who writes it without escapes means it as it stands. */
	rt_redact_add(redact, value);
	if (!rt_str_eq(value, rt_buf_view(&plain)))
		rt_redact_add(redact, rt_buf_view(&plain));
	rt_buf_release(&plain);
}

/*
 * GitHub's way for a command to say that a value is secret from now on. Returns
 * how much of the text can be taken: what follows is such a line without its
 * end (yet).
 */
static size_t learn_masks(struct rt_capture *c, struct rt_str text, bool last)
{
	const char *p = text.p, *end = text.p + text.n;

	while ((p = rt_needle_find(&c->add_mask, p, end)) != NULL) {
		const char *value = p + sizeof(ADD_MASK) - 1;
		const char *nl = memchr(value, '\n', (size_t)(end - value));

		if (!nl && !last && end - p <= ADD_MASK_MAX)
			return (size_t)(p - text.p);
		p = nl ? nl : end;
		/* A carriage return at its end is none of it: rt_redact_add trims. */
		learn_value(c->redact, (struct rt_str){ value, (size_t)(p - value) });
	}
	return last ? text.n : text.n - begun_mask(text);
}

static void take_masked(struct rt_capture *c, enum rt_stream stream, struct rt_str piece, bool last)
{
	struct rt_buf *waiting = &c->masks[stream];
	struct rt_str text = piece, safe;
	size_t n;

	if (waiting->len) {
		rt_buf_addv(waiting, piece);
		text = rt_buf_view(waiting);
	}
	n = learn_masks(c, text, last);
	safe = rt_redact_stream(c->redact, &c->held[stream], (struct rt_str){ text.p, n }, last,
				&c->text);
	take_text(c, stream, safe);
	if (waiting->len)
		rt_buf_splice(waiting, 0, n, NULL, 0);
	else
		rt_buf_add(waiting, text.p + n, text.n - n);
}

int rt_capture_add(struct rt_capture *c, enum rt_stream stream, struct rt_str piece)
{
	if (c->fd < 0)
		return 0;
	stamp(c);
	if (c->redact)
		take_masked(c, stream, piece, false);
	else
		take_text(c, stream, piece);
	return write_out(c);
}

bool rt_capture_pending(const struct rt_capture *c)
{
	return c->fd >= 0 && (c->line[0].len || c->line[1].len);
}

int rt_capture_flush(struct rt_capture *c)
{
	stamp(c);
	for (int i = 0; i < 2; i++) {
		if (c->line[i].len)
			put_line(c, (enum rt_stream)i, rt_buf_view(&c->line[i]), false);
		rt_buf_clear(&c->line[i]);
	}
	return write_out(c);
}

int rt_capture_end(struct rt_capture *c)
{
	stamp(c);
	for (int i = 0; i < 2 && c->redact && c->fd >= 0; i++)
		take_masked(c, (enum rt_stream)i, (struct rt_str){ "", 0 }, true);
	return rt_capture_flush(c);
}
