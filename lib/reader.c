/* Lines of a file or stream in bounded memory, forwards and backwards. See evlog.h. */
#include "evlog.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (256u << 10)
#define BLOCK_MIN 1024u

static bool make_room(struct rt_reader *r, size_t need)
{
	size_t cap = r->cap ? r->cap : r->block;
	char *buf;

	if (need <= r->cap)
		return true;
	while (cap < need)
		cap *= 2;
	/* A NUL behind it all: there are searches that look for one. */
	buf = realloc(r->buf, cap + 1);
	if (!buf) {
		errno = ENOMEM;
		return false;
	}
	buf[cap] = '\0';
	r->buf = buf;
	r->cap = cap;
	return true;
}

void rt_reader_release(struct rt_reader *r)
{
	free(r->buf);
	r->buf = NULL;
}

static ssize_t read_at(struct rt_reader *r, char *buf, size_t n, off_t at)
{
	ssize_t got;

	do
		got = r->stream ? read(r->fd, buf, n) : pread(r->fd, buf, n, at);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Come to the place in a stream where the lines begin that are wanted. */
static int pass_over(struct rt_reader *r, off_t n)
{
	while (n > 0) {
		size_t want = n < (off_t)r->cap ? (size_t)n : r->cap;
		ssize_t got = read_at(r, r->buf, want, 0);

		if (got <= 0)
			return (int)got;
		n -= got;
	}
	return 0;
}

/* A follower has many readers at a time, each of a few lines. */
static size_t block_for(const struct rt_reader *r)
{
	size_t block = BLOCK;

	while (!r->stream && r->to >= 0 && block > BLOCK_MIN && r->to - r->from <= (off_t)block / 2)
		block /= 2;
	return block;
}

int rt_reader_init(struct rt_reader *r, int fd, off_t from, off_t to, bool backward)
{
	struct stat st;

	memset(r, 0, sizeof(*r));
	if (fstat(fd, &st) < 0)
		return -1;
	r->fd = fd;
	r->from = r->pos = from;
	r->to = to;
	r->backward = backward;
	r->stream = !S_ISREG(st.st_mode);
	if (r->stream && backward) {
		errno = ESPIPE;
		return -1;
	}
	if (backward)
		r->pos = r->to = to < 0 || to > st.st_size ? st.st_size : to;
	r->block = block_for(r);
	if (!make_room(r, r->block))
		return -1;
	return r->stream ? pass_over(r, from) : 0;
}

/* More bytes behind buf[end): their number, 0 at the end. */
static ssize_t fill_forward(struct rt_reader *r)
{
	size_t room;
	ssize_t n;

	if (r->to >= 0 && r->pos >= r->to)
		return 0;
	if (r->start) {
		memmove(r->buf, r->buf + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	if (!make_room(r, r->end + r->block / 2))
		return -1;
	room = r->cap - r->end;
	if (r->to >= 0 && (off_t)room > r->to - r->pos)
		room = (size_t)(r->to - r->pos);
	n = read_at(r, r->buf + r->end, room, r->pos);
	if (n > 0) {
		if (r->seen)
			r->seen(r->seen_arg, r->buf + r->end, (size_t)n);
		r->end += (size_t)n;
		r->pos += n;
	}
	return n;
}

/* Hand out buf[begin, stop), which stands at the offset `at`. */
static void hand_out(struct rt_reader *r, size_t begin, size_t stop, off_t at, struct rt_str *line)
{
	r->line_at = at;
	*line = (struct rt_str){ r->buf + begin, stop - begin };
	if (at == 0 && line->n >= 3 && memcmp(line->p, "\xef\xbb\xbf", 3) == 0) {
		line->p += 3;
		line->n -= 3;
	}
}

static off_t start_offset(const struct rt_reader *r)
{
	return r->pos - (off_t)(r->end - r->start);
}

/* What is handed out next is known to be a line of n bytes. */
static void take_line(struct rt_reader *r, size_t n, struct rt_str *line)
{
	r->torn = false;
	hand_out(r, r->start, r->start + n, start_offset(r), line);
	r->start += n + 1;
}

int rt_reader_buffered(struct rt_reader *r, struct rt_str *line)
{
	char *nl = memchr(r->buf + r->start, '\n', r->end - r->start);

	if (!nl || r->skipping || (size_t)(nl - r->buf) - r->start > RT_READ_LINE_MAX)
		return 0;
	take_line(r, (size_t)(nl - r->buf) - r->start, line);
	return 1;
}

int rt_reader_outline(struct rt_reader *r, struct rt_lines *lines, struct rt_str *line)
{
	if (!rt_lines_next(lines, line)) {
		if (r->skipping || r->start == r->end)
			return 0;
		rt_lines_outline(lines, (struct rt_str){ r->buf + r->start, r->end - r->start });
		if (!rt_lines_next(lines, line))
			return 0;
	}
	take_line(r, line->n, line);
	return 1;
}

static int next_forward(struct rt_reader *r, struct rt_str *line)
{
	size_t searched = r->start;

	for (;;) {
		char *nl = memchr(r->buf + searched, '\n', r->end - searched);
		size_t kept;
		ssize_t n;

		if (nl && (r->skipping || (size_t)(nl - r->buf) - r->start > RT_READ_LINE_MAX)) {
			r->skipping = false;
			r->skipped++;
			searched = r->start = (size_t)(nl - r->buf) + 1;
			continue;
		}
		if (nl) {
			take_line(r, (size_t)(nl - r->buf) - r->start, line);
			return 1;
		}
		if (r->end - r->start > RT_READ_LINE_MAX || r->skipping) {
			r->skipping = true;
			r->start = r->end;
		}
		kept = r->end - r->start;
		n = fill_forward(r);
		if (n < 0)
			return -1;
		searched = r->start + kept;
		if (n > 0)
			continue;
		if (r->skipping && !r->whole_only) {
			r->skipping = false;
			r->skipped++;
		}
		if (kept == 0 || r->whole_only)
			return 0;
		r->torn = true;
		hand_out(r, r->start, r->end, start_offset(r), line);
		r->start = r->end;
		return 1;
	}
}

/* More bytes before buf[0, end), where start is always 0 and pos the offset of buf[0]. */
static int fill_backward(struct rt_reader *r)
{
	size_t kept = r->end, want = kept > r->block / 2 ? kept : r->block / 2;
	size_t got = 0;

	if ((off_t)want > r->pos - r->from)
		want = (size_t)(r->pos - r->from);
	if (!make_room(r, want + kept))
		return -1;
	memmove(r->buf + want, r->buf, kept);
	r->pos -= (off_t)want;
	while (got < want) {
		ssize_t n = read_at(r, r->buf + got, want - got, r->pos + (off_t)got);

		if (n <= 0) {
			if (n == 0)
				errno = EIO; /* the file shrank under us */
			return -1;
		}
		got += (size_t)n;
	}
	r->end = want + kept;
	return 0;
}

static int next_backward(struct rt_reader *r, struct rt_str *line)
{
	size_t stop, searched = 0; /* bytes before stop that hold no newline */

	if (r->end == 0 && r->pos == r->from)
		return 0;
	if (r->end == 0 && fill_backward(r) < 0)
		return -1;
	r->torn = r->buf[r->end - 1] != '\n';
	stop = r->torn ? r->end : r->end - 1;
	for (;;) {
		char *nl = memrchr(r->buf, '\n', stop - searched);

		if (!nl && r->pos > r->from) {
			size_t before = r->end;

			searched = stop;
			if (stop > RT_READ_LINE_MAX) {
				r->skipping = true;
				r->end = stop = searched = 0;
				before = 0;
			}
			if (fill_backward(r) < 0)
				return -1;
			stop += r->end - before;
			continue;
		}
		r->end = nl ? (size_t)(nl - r->buf) + 1 : 0;
		if (!r->skipping && stop - r->end <= RT_READ_LINE_MAX) {
			hand_out(r, r->end, stop, r->pos + (off_t)r->end, line);
			return 1;
		}
		r->skipping = false;
		r->skipped++;
		return next_backward(r, line);
	}
}

int rt_reader_next(struct rt_reader *r, struct rt_str *line)
{
	return r->backward ? next_backward(r, line) : next_forward(r, line);
}

/* The reader goes on in the block's buffer with what it has not handed out yet. */
static int change_buffers(struct rt_reader *r, struct rt_block *b)
{
	const char *left = r->buf + r->start;
	size_t n = r->end - r->start;
	struct rt_block full = { .buf = r->buf, .cap = r->cap };

	r->buf = b->buf;
	r->cap = b->cap;
	if (!make_room(r, n > r->block ? n : r->block)) {
		r->buf = full.buf;
		r->cap = full.cap;
		return -1;
	}
	memcpy(r->buf, left, n);
	r->start = 0;
	r->end = n;
	b->buf = full.buf;
	b->cap = full.cap;
	return 0;
}

int rt_reader_block(struct rt_reader *r, struct rt_block *b)
{
	struct rt_str text;
	char *nl;
	int got = next_forward(r, &text);

	if (got <= 0)
		return got;
	if (!r->torn) {
		text.n++;
		nl = memrchr(r->buf + r->start, '\n', r->end - r->start);
		if (nl) {
			text.n = (size_t)(nl + 1 - text.p);
			r->start = (size_t)(nl + 1 - r->buf);
		}
	}
	if (change_buffers(r, b) < 0)
		return -1;
	b->text = text;
	b->torn = r->torn;
	return 1;
}

void rt_block_release(struct rt_block *b)
{
	free(b->buf);
	b->buf = NULL;
}
