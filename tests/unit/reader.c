/* lib/reader: the lines of a file are the same forwards, backwards, in parts and from a pipe. */
#include "evlog.h"
#include "fdio.h"
#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

#define MARK '\x1f'

static int scratch_file(struct rt_str text)
{
	FILE *f = tmpfile();
	int fd = f ? dup(fileno(f)) : -1;

	if (fd < 0 || rt_fd_write(fd, text.p, text.n) < 0) {
		perror("scratch file");
		exit(1);
	}
	fclose(f);
	return fd;
}

/* What the lines of [from, to) should be, by the simplest of means. */
static void expect(struct rt_str text, size_t from, size_t to, struct rt_buf *out)
{
	rt_buf_clear(out);
	for (size_t i = from; i < to;) {
		const char *nl = memchr(text.p + i, '\n', to - i);
		size_t end = nl ? (size_t)(nl - text.p) : to;

		rt_buf_add(out, text.p + i, end - i);
		rt_buf_addc(out, MARK);
		i = end + 1;
	}
}

enum how { FORWARD, BACKWARD, BUFFERED, OUTLINED };

/* The next line, taken from the buffer as long as there is one in it if that is asked. */
static int read_line(struct rt_reader *r, enum how how, struct rt_lines *lines, struct rt_str *line)
{
	if (how == OUTLINED && rt_reader_outlined(r, lines, line) > 0)
		return 1;
	if (how >= BUFFERED && rt_reader_buffered(r, line) > 0)
		return 1;
	return rt_reader_next(r, line);
}

/* What a reader gives; the lines of one that goes backwards are put in order. */
static bool read_lines(int fd, off_t from, off_t to, enum how how, size_t *skipped,
		       struct rt_buf *out)
{
	struct rt_lines lines;
	struct rt_reader r;
	struct rt_str line;
	int got;

	rt_buf_clear(out);
	if (rt_reader_init(&r, fd, from, to, how == BACKWARD) < 0)
		return false;
	rt_lines_init(&lines, rt_simd_best());
	while ((got = read_line(&r, how, &lines, &line)) > 0) {
		if (how == BACKWARD) {
			rt_buf_splice(out, 0, 0, "\x1f", 1);
			rt_buf_splice(out, 0, 0, line.p, line.n);
		} else {
			rt_buf_addv(out, line);
			rt_buf_addc(out, MARK);
		}
	}
	*skipped = r.skipped;
	rt_reader_release(&r);
	return got == 0;
}

/* The same block by block; each is looked at when the next one has been read. */
static bool read_blocks(int fd, struct rt_buf *out)
{
	struct rt_block blocks[2] = { { .buf = NULL }, { .buf = NULL } };
	struct rt_reader r;
	int got = 1, n = 0;

	rt_buf_clear(out);
	if (rt_reader_init(&r, fd, 0, -1, false) < 0)
		return false;
	for (; got > 0; n++) {
		const struct rt_block *before = &blocks[(n + 1) % 2];

		got = rt_reader_block(&r, &blocks[n % 2]);
		if (n == 0)
			continue;
		rt_buf_addv(out, before->text);
		if (before->torn)
			rt_buf_addc(out, '\n');
	}
	for (size_t i = 0; i < out->len; i++)
		out->s[i] = out->s[i] == '\n' ? MARK : out->s[i];
	rt_block_release(&blocks[0]);
	rt_block_release(&blocks[1]);
	rt_reader_release(&r);
	return got == 0;
}

/*
 * A file of random lines: some empty, some longer than the reader's buffer, some
 * that end in a string, perhaps torn.
 */
static void random_file(struct rt_buf *text, int round)
{
	static const size_t most[] = { 3, 100, 5000, 400000, 1500000 };
	size_t lines = (size_t)rand() % 40;

	rt_buf_clear(text);
	for (size_t i = 0; i < lines; i++) {
		size_t n = (size_t)rand() % most[rand() % (round % 5 + 1)];

		rt_buf_reserve(text, n + 1);
		for (size_t k = 0; k < n; k++)
			rt_buf_addc(text, k % 50 == 49 ? '"' : (char)('a' + (k * 7 + i) % 26));
		rt_buf_addc(text, '\n');
	}
	if (round % 3 == 0 && text->len)
		text->len--; /* torn, or one line fewer */
}

/* A line's beginning that is at `at` or before it. */
static size_t line_start(struct rt_str text, size_t at)
{
	while (at > 0 && text.p[at - 1] != '\n')
		at--;
	return at;
}

static bool same(const struct rt_buf *a, const struct rt_buf *b)
{
	return a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
}

static void test_random(struct tap *t)
{
	struct rt_buf text, want, got;
	bool forward = true, backward = true, buffered = true, outlined = true, parts = true;
	bool blocks = true;
	size_t skipped;

	rt_buf_init(&text);
	rt_buf_init(&want);
	rt_buf_init(&got);
	srand(1);
	for (int round = 0; round < 120; round++) {
		struct rt_str all;
		size_t from, to;
		int fd;

		random_file(&text, round);
		all = rt_buf_view(&text);
		fd = scratch_file(all);
		expect(all, 0, all.n, &want);
		forward &= read_lines(fd, 0, -1, FORWARD, &skipped, &got) && same(&got, &want);
		buffered &= read_lines(fd, 0, -1, BUFFERED, &skipped, &got) && same(&got, &want);
		outlined &= read_lines(fd, 0, -1, OUTLINED, &skipped, &got) && same(&got, &want);
		blocks &= read_blocks(fd, &got) && same(&got, &want);
		if (all.n < 3000000)
			backward &= read_lines(fd, 0, -1, BACKWARD, &skipped, &got) &&
				    same(&got, &want);
		from = line_start(all, all.n ? (size_t)rand() % all.n : 0);
		to = from + (all.n > from ? (size_t)rand() % (all.n - from) : 0);
		expect(all, from, to, &want);
		parts &= read_lines(fd, (off_t)from, (off_t)to, FORWARD, &skipped, &got) &&
			 same(&got, &want);
		if (to - from < 3000000)
			parts &= read_lines(fd, (off_t)from, (off_t)to, BACKWARD, &skipped, &got) &&
				 same(&got, &want);
		close(fd);
	}
	ok(t, forward, "random files, forwards");
	ok(t, buffered, "taking what is in the buffer first");
	ok(t, outlined, "and outlined together");
	ok(t, blocks, "and block by block");
	ok(t, backward, "backwards");
	ok(t, parts, "and parts of them, both ways");
	rt_buf_release(&text);
	rt_buf_release(&want);
	rt_buf_release(&got);
}

/* Through a pipe, in pieces of a size. */
static bool from_pipe(struct rt_str text, size_t piece, struct rt_buf *got)
{
	int fds[2];
	size_t skipped;
	pid_t pid;
	bool good;

	if (pipe(fds) < 0 || (pid = fork()) < 0)
		return false;
	if (pid == 0) {
		close(fds[0]);
		for (size_t i = 0; i < text.n; i += piece)
			rt_fd_write(fds[1], text.p + i, text.n - i < piece ? text.n - i : piece);
		_exit(0);
	}
	close(fds[1]);
	good = read_lines(fds[0], 0, -1, FORWARD, &skipped, got);
	close(fds[0]);
	return good;
}

static void test_pipe(struct tap *t)
{
	struct rt_buf text, want, got;
	bool good = true;

	rt_buf_init(&text);
	rt_buf_init(&want);
	rt_buf_init(&got);
	srand(2);
	for (int round = 0; round < 12; round++) {
		random_file(&text, round % 3);
		expect(rt_buf_view(&text), 0, text.len, &want);
		for (size_t piece = 1; piece < 6000; piece = piece * 7 + 1)
			good &= from_pipe(rt_buf_view(&text), piece, &got) && same(&got, &want);
	}
	ok(t, good, "a pipe, in pieces of any size");
	rt_buf_release(&text);
	rt_buf_release(&want);
	rt_buf_release(&got);
}

/* A line over the limit is skipped and counted, and takes none of its neighbours along. */
static void test_too_long(struct tap *t)
{
	struct rt_buf text, got;
	size_t skipped = 0;
	int fd;

	rt_buf_init(&text);
	rt_buf_init(&got);
	rt_buf_adds(&text, "one\n");
	rt_buf_reserve(&text, RT_READ_LINE_MAX + 200000);
	for (size_t i = 0; i < RT_READ_LINE_MAX + 1; i++)
		rt_buf_addc(&text, 'x');
	rt_buf_adds(&text, "\ntwo\nthree");
	fd = scratch_file(rt_buf_view(&text));
	ok(t, read_lines(fd, 0, -1, FORWARD, &skipped, &got) && skipped == 1,
	   "a line over 16 MiB is skipped and counted");
	is_text(t, got.s, "one\x1ftwo\x1fthree\x1f", "the others are not");
	ok(t, read_lines(fd, 0, -1, BACKWARD, &skipped, &got) && skipped == 1, "backwards, too");
	is_text(t, got.s, "one\x1ftwo\x1fthree\x1f", "the others are not");
	close(fd);
	text.len = RT_READ_LINE_MAX + 4;
	rt_buf_adds(&text, "\ntwo\n");
	fd = scratch_file(rt_buf_view(&text));
	ok(t, read_lines(fd, 0, -1, FORWARD, &skipped, &got) && skipped == 0 && got.len == text.len,
	   "one of 16 MiB is read");
	close(fd);
	rt_buf_release(&text);
	rt_buf_release(&got);
}

static void test_mark(struct tap *t)
{
	struct rt_buf got;
	size_t skipped;
	int fd = scratch_file(rt_str("\xef\xbb\xbfone\n\xef\xbb\xbftwo\n"));

	rt_buf_init(&got);
	read_lines(fd, 0, -1, FORWARD, &skipped, &got);
	is_text(t, got.s, "one\x1f\xef\xbb\xbftwo\x1f", "a byte order mark is passed over, once");
	read_lines(fd, 0, -1, BACKWARD, &skipped, &got);
	is_text(t, got.s, "one\x1f\xef\xbb\xbftwo\x1f", "backwards, too");
	close(fd);
	rt_buf_release(&got);
}

/* What a follower does: a torn tail waits until it is whole; offsets are told. */
static void test_follow(struct tap *t)
{
	int fd = scratch_file(rt_str("one\ntw"));
	struct rt_reader r;
	struct rt_str line;

	rt_reader_init(&r, fd, 0, -1, false);
	r.whole_only = true;
	ok(t, rt_reader_next(&r, &line) == 1 && rt_str_is(line, "one") && r.line_at == 0 && !r.torn,
	   "a whole line");
	ok(t, rt_reader_next(&r, &line) == 0 && rt_reader_next(&r, &line) == 0, "a torn one waits");
	rt_fd_write(fd, "o\nthr", 5);
	ok(t, rt_reader_next(&r, &line) == 1 && rt_str_is(line, "two") && r.line_at == 4,
	   "until it is whole");
	ok(t, rt_reader_next(&r, &line) == 0, "and so on");
	r.whole_only = false;
	ok(t, rt_reader_next(&r, &line) == 1 && rt_str_is(line, "thr") && r.torn,
	   "unless it is asked for");
	rt_reader_release(&r);
	close(fd);
}

static void note_piece(void *arg, const char *p, size_t n)
{
	rt_buf_add(arg, p, n);
}

static void test_seen(struct tap *t)
{
	int fd = scratch_file(rt_str("\xef\xbb\xbfone\n\ntorn"));
	struct rt_reader r;
	struct rt_buf seen;
	struct rt_str line;

	rt_buf_init(&seen);
	rt_reader_init(&r, fd, 0, -1, false);
	r.seen = note_piece;
	r.seen_arg = &seen;
	while (rt_reader_next(&r, &line) > 0)
		;
	is_text(t, seen.s, "\xef\xbb\xbfone\n\ntorn", "every byte is shown as it is read");
	rt_reader_release(&r);
	rt_buf_release(&seen);
	close(fd);
}

int main(void)
{
	struct tap t = { 0 };

	test_random(&t);
	test_pipe(&t);
	test_too_long(&t);
	test_mark(&t);
	test_follow(&t);
	test_seen(&t);
	return tap_done(&t);
}
