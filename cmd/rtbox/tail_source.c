/*
 * One log as lines, forwards from where the last pass ended or backwards from
 * the end. A file that is renamed is read to its end before the next one is
 * begun; one that is cut or replaced is announced. What the lines mean for the
 * run, and printing them, is left to others.
 */
#include "tail.h"
#include "clock.h"
#include "die.h"
#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define ROTATED_MAX 1000 /* rotated files of a log that are looked for */
#define LOCK_MS 100
#define END_OF_MS 999999

struct tail_source *tail_source_new(int dirfd, const char *path, bool events, const char *step_id)
{
	struct tail_source *s = xmalloc(sizeof(*s));

	memset(s, 0, sizeof(*s));
	s->dirfd = dirfd;
	s->path = xstrdup(path);
	s->events = events;
	s->step_id = step_id ? xstrdup(step_id) : NULL;
	s->dirty = true;
	s->fd = -1;
	s->ns = INT64_MIN;
	s->ev = events ? xmalloc(sizeof(*s->ev)) : NULL;
	for (int i = 0; i < 2; i++) {
		rt_buf_init(&s->pieces[i].text);
		rt_buf_init(&s->pieces[i].ts);
	}
	return s;
}

void tail_source_free(struct tail_source *s)
{
	tail_source_park(s);
	for (int i = 0; i < 2; i++) {
		rt_buf_release(&s->pieces[i].text);
		rt_buf_release(&s->pieces[i].ts);
	}
	free(s->ev);
	free(s->step_name);
	free(s->step_id);
	free(s->path);
	free(s);
}

/* The n-th file of the log: its name for 0, else that of a rotated one. */
static const char *file_name(const struct tail_source *s, int n, char name[PATH_MAX])
{
	if (n)
		snprintf(name, PATH_MAX, "%s.%d", s->path, n);
	else
		snprintf(name, PATH_MAX, "%s", s->path);
	return name;
}

static bool stat_file(const struct tail_source *s, int n, struct stat *st)
{
	char name[PATH_MAX];

	return fstatat(s->dirfd, file_name(s, n, name), st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st->st_mode);
}

static bool is_same(const struct tail_source *s, const struct stat *st)
{
	return s->known && st->st_dev == s->dev && st->st_ino == s->ino;
}

/* Which of the log's files is the one that was read last; -1: none any more. */
static int find_known(const struct tail_source *s)
{
	struct stat st;

	for (int n = 0; n < ROTATED_MAX; n++) {
		if (stat_file(s, n, &st)) {
			if (is_same(s, &st))
				return n;
		} else if (n) { /* the log itself may be missing for a moment */
			break;
		}
	}
	return -1;
}

static int open_file(struct tail_source *s, int n)
{
	char name[PATH_MAX];
	int fd = rt_file_open(s->dirfd, file_name(s, n, name), O_RDONLY, 0);

	if (fd >= 0 || errno == ENOENT || s->complained)
		return fd;
	s->complained = true;
	if (errno == ENXIO || errno == EISDIR)
		warn("cannot read \"%s\": it is no regular file", name);
	else
		warn("cannot open \"%s\": %s", name, strerror(errno));
	return -1;
}

static off_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_size : 0;
}

/* What was begun of a line does not go on. */
static void drop_pieces(struct tail_source *s)
{
	s->pieces[0].open = s->pieces[1].open = false;
	s->skipping = false;
}

/* Go on with the file open as fd, at its beginning. */
static void switch_to(struct tail_source *s, int fd)
{
	struct stat st;

	if (s->fd >= 0)
		close(s->fd);
	s->fd = fd;
	s->known = fstat(fd, &st) == 0;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	s->at = s->from[0] = s->from[1] = 0;
	s->n_head = 0;
	s->skipping = false;
}

/* Open the file that was read last, whatever it is called by now; else the log as it is. */
static bool open_known(struct tail_source *s)
{
	int fd;

	if (s->fd >= 0)
		return true;
	for (int tries = 0; s->known && tries < 10; tries++) {
		struct stat st;
		int n = find_known(s);

		if (n < 0)
			break;
		fd = open_file(s, n);
		if (fd >= 0 && fstat(fd, &st) == 0 && is_same(s, &st)) {
			s->fd = fd;
			return true;
		}
		if (fd >= 0) /* renamed in between */
			close(fd);
	}
	fd = open_file(s, 0);
	if (fd < 0)
		return false;
	if (s->known)
		warn("\"%s\" was replaced; going on with the new file", s->path);
	drop_pieces(s);
	switch_to(s, fd);
	return true;
}

/*
 * See where the file ends. Once it was renamed, who holds its lock may still be
 * writing to it, and who takes the lock later finds the new one: so after it
 * was free, the file is whole.
 */
static void look(struct tail_source *s)
{
	struct stat st;

	s->moved = !(stat_file(s, 0, &st) && is_same(s, &st));
	if (!s->moved) {
		s->end = st.st_size;
		return;
	}
	if (s->events && rt_lock(s->fd, LOCK_MS) == 0)
		rt_unlock(s->fd);
	s->end = size_of(s->fd);
}

/*
 * A file that is shorter than what was read of it, or begins with something
 * else, was written anew. One that begins as it did was only cut: a writer takes
 * back what did not fit on the disk.
 */
static void check_rewritten(struct tail_source *s)
{
	char head[TAIL_HEAD];
	bool same;

	if (s->at == 0)
		return;
	same = pread(s->fd, head, s->n_head, 0) == (ssize_t)s->n_head &&
	       memcmp(head, s->head, s->n_head) == 0;
	if (same && s->end >= s->at)
		return;
	drop_pieces(s);
	s->from[0] = s->from[1] = 0;
	if (same && s->n_head) {
		warn("\"%s\" was cut; going on at its end", s->path);
		s->at = s->end;
		return;
	}
	warn("\"%s\" was %s; going on at its beginning", s->path,
	     s->end < s->at ? "truncated" : "overwritten");
	s->at = 0;
	s->n_head = 0;
}

static void remember_head(struct tail_source *s)
{
	size_t n = s->at < TAIL_HEAD ? (size_t)s->at : TAIL_HEAD;
	ssize_t got;

	if (s->fd < 0 || n <= s->n_head)
		return;
	got = pread(s->fd, s->head, n, 0);
	s->n_head = got > 0 ? (size_t)got : 0;
}

static bool start_reading(struct tail_source *s)
{
	off_t from = s->backward ? 0 : s->at, to = s->backward ? s->at : s->end;

	if (rt_reader_init(&s->reader, s->fd, from, to, s->backward) < 0)
		die(EXIT_FAIL, "cannot read \"%s\": %s", s->path, strerror(errno));
	s->reader.whole_only = !s->torn;
	s->reader.skipping = !s->backward && s->skipping;
	s->reading = true;
	return true;
}

static void stop_reading(struct tail_source *s)
{
	if (!s->reading)
		return;
	if (!s->backward)
		s->skipped += s->reader.skipped;
	rt_reader_release(&s->reader);
	s->reading = false;
}

void tail_source_end(struct tail_source *s)
{
	stop_reading(s);
	remember_head(s);
}

void tail_source_park(struct tail_source *s)
{
	tail_source_end(s);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

bool tail_source_begin(struct tail_source *s, bool torn)
{
	s->torn = torn;
	s->backward = false;
	if (!open_known(s))
		return false;
	look(s);
	check_rewritten(s);
	return (s->at < s->end || s->moved) && start_reading(s);
}

bool tail_source_begin_backward(struct tail_source *s, bool torn)
{
	s->torn = torn;
	s->backward = true;
	if (!open_known(s))
		return false;
	look(s);
	s->at = s->from[0] = s->from[1] = s->end;
	return start_reading(s);
}

bool tail_source_wake(struct tail_source *s)
{
	if (s->reading)
		return true;
	return open_known(s) && start_reading(s) && tail_source_next(s);
}

void tail_source_rewind(struct tail_source *s)
{
	struct stat st;
	int n = 0;

	while (n + 1 < ROTATED_MAX && stat_file(s, n + 1, &st))
		n++;
	if (n) {
		int fd = open_file(s, n);

		if (fd >= 0)
			switch_to(s, fd);
	}
}

/*
 * The file that follows the one that is read: the name next to its own. Where
 * it has none any more, the oldest one that was written after it.
 */
static int find_next(const struct tail_source *s, int known)
{
	struct stat mine, st;
	int next = 0;

	if (known >= 0 || fstat(s->fd, &mine) < 0)
		return known - 1;
	for (int n = 1; n < ROTATED_MAX && stat_file(s, n, &st); n++)
		if (st.st_mtime >= mine.st_mtime)
			next = n;
	return next;
}

/* Go on with the next file, once the renamed one is read to its end. */
static bool advance(struct tail_source *s)
{
	for (int tries = 0; tries < 10; tries++) {
		int known = find_known(s), next = find_next(s, known), fd;
		struct stat st;

		if (next < 0)
			return false;
		fd = open_file(s, next);
		if (fd < 0)
			return false; /* not there yet */
		if (known >= 0 && !(stat_file(s, known, &st) && is_same(s, &st))) {
			close(fd); /* renamed once more in between */
			continue;
		}
		if (known < 0)
			drop_pieces(s);
		if (known < 0 && next == 0)
			warn("\"%s\" was replaced; going on with the new file", s->path);
		stop_reading(s);
		switch_to(s, fd);
		look(s);
		return start_reading(s);
	}
	return false;
}

/* Backwards: go on with the file before this one, at its end. */
static bool retreat(struct tail_source *s)
{
	int known = find_known(s), fd = known < 0 ? -1 : open_file(s, known + 1);
	struct stat st;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || is_same(s, &st)) { /* renamed in between */
		close(fd);
		return false;
	}
	stop_reading(s);
	switch_to(s, fd);
	s->at = s->from[0] = s->from[1] = size_of(s->fd);
	return start_reading(s);
}

/*
 * When an event happened. Its time is cut to milliseconds, that of output is
 * not: what ends something (a step, say) comes after the output of the same
 * millisecond, which it is the end of.
 */
static bool event_time(const struct rt_event *ev, int64_t *ns)
{
	if (!rt_event_time(ev, ns))
		return false;
	switch (ev->type) {
	case RT_T_RUN_COMPLETED:
	case RT_T_RUN_FAILED:
	case RT_T_RUN_CANCELLED:
	case RT_T_STEP_COMPLETED:
	case RT_T_STEP_FAILED:
	case RT_T_STEP_RETRYING:
		if (*ns % RT_NS_PER_MS == 0)
			*ns += END_OF_MS;
		break;
	default:
		break;
	}
	return true;
}

static void parse(struct tail_source *s)
{
	int64_t ns;

	if (s->events) {
		s->valid = rt_event_parse(s->ev, s->line) == 0;
		if (s->valid && event_time(s->ev, &ns))
			s->ns = ns;
		return;
	}
	s->valid = rt_cri_parse(&s->cri, s->line);
	if (!s->valid) /* another program's log: lines of text */
		s->cri = (struct rt_cri){ .ts = { "", 0 }, .text = s->line };
	else if (rt_cri_time(&s->cri, &ns))
		s->ns = ns;
}

/* Where the reader stands: behind the line that it handed out last. */
static off_t behind(const struct rt_reader *r)
{
	return r->pos - (off_t)(r->end - r->start);
}

/* The last line of a file has no newline yet: backwards, nothing was seen of it. */
static void leave_torn(struct tail_source *s)
{
	s->at = s->from[0] = s->from[1] = s->reader.line_at;
}

bool tail_source_next(struct tail_source *s)
{
	for (;;) {
		int got = rt_reader_next(&s->reader, &s->line);

		if (got > 0 && s->backward && s->reader.torn && !s->torn) {
			leave_torn(s);
		} else if (got > 0) {
			s->next_at = s->backward ? s->reader.line_at : behind(&s->reader);
			parse(s);
			return true;
		} else if (got < 0 && !s->backward) {
			warn("cannot read \"%s\": %s", s->path, strerror(errno));
			return false;
		} else if (s->backward) {
			if (s->stay || !retreat(s))
				return false;
		} else {
			s->at = behind(&s->reader);
			s->skipping = s->reader.skipping;
			if (!s->moved || !advance(s))
				return false;
		}
	}
}

void tail_source_take(struct tail_source *s)
{
	s->at = s->next_at;
	s->skipping = false;
}
