/*
 * The files of a log. They are known by what they are, not by what they are
 * called: a file that was renamed is read to its end before the next one is
 * begun; one that was cut, written anew or replaced is announced.
 */
#include "tail.h"
#include "die.h"
#include "fdio.h"
#include "hash.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#define ROTATED_MAX 1000 /* rotated files of a log that are looked for */
#define LOCK_MS 100
#define OFF_LAST INT64_MAX

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

	return fstatat(s->run->dir.fd, file_name(s, n, name), st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st->st_mode);
}

/* Whether there is an n-th file, or one behind it: while they are renamed, one name is free. */
static bool goes_on(const struct tail_source *s, int n)
{
	struct stat st;

	return stat_file(s, n, &st) || stat_file(s, n + 1, &st);
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
		} else if (!goes_on(s, n)) {
			break;
		}
	}
	return -1;
}

static int open_file(struct tail_source *s, int n)
{
	char name[PATH_MAX];
	int fd = rt_file_open(s->run->dir.fd, file_name(s, n, name), O_RDONLY, 0);

	if (fd >= 0 || errno == ENOENT || s->complained)
		return fd;
	s->complained = true;
	warn("cannot read \"%s\": %s", name, rt_err_text(errno));
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
	s->at = 0;
	s->n_head = 0;
	s->skipping = false;
	s->n_files++;
	for (int i = 0; i < 2; i++) {
		s->from[i] = s->files[i] > 1 ? OFF_LAST : s->files[i] ? s->further[i] : 0;
		s->files[i] -= s->files[i] > 0;
	}
}

bool tail_file_open(struct tail_source *s)
{
	int fd;

	if (s->packed)
		return tail_packed_open(s);
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
void tail_file_look(struct tail_source *s)
{
	struct stat st;

	if (s->packed) {
		tail_packed_look(s);
		return;
	}
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
void tail_file_check(struct tail_source *s)
{
	char head[TAIL_HEAD];
	bool same;

	if (s->at == 0 || s->packed)
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

void tail_file_remember(struct tail_source *s)
{
	size_t n = s->at < TAIL_HEAD ? (size_t)s->at : TAIL_HEAD;
	ssize_t got;

	if (s->fd < 0 || n <= s->n_head || s->packed)
		return;
	got = pread(s->fd, s->head, n, 0);
	s->n_head = got > 0 ? (size_t)got : 0;
}

void tail_file_rewind(struct tail_source *s)
{
	struct stat st;
	int n = 0;

	if (s->packed) {
		tail_packed_rewind(s);
		return;
	}
	/* rt rotates output alone: what others call FILE.1 was not asked for */
	while (!s->events && n + 1 < ROTATED_MAX && goes_on(s, n + 1))
		n++;
	while (n && !stat_file(s, n, &st))
		n--;
	if (n) {
		int fd = open_file(s, n);

		if (fd >= 0)
			switch_to(s, fd);
	}
}

bool tail_mark_is_of(const struct tail_mark *m, int fd, char head[TAIL_HEAD])
{
	size_t n = 0;
	ssize_t got;

	/* a stream may give less at a time */
	while (n < m->n_head && (got = read(fd, head + n, m->n_head - n)) > 0)
		n += (size_t)got;
	return n == m->n_head &&
	       (n == 0 || rt_hash((struct rt_str){ head, n }, RT_HASH_SEED) == m->hash);
}

/* Go to the place in the n-th file, if it is the right one. */
static bool try_mark(struct tail_source *s, int n, const struct tail_mark *m)
{
	int fd = open_file(s, n);
	char head[TAIL_HEAD];

	if (fd < 0)
		return false;
	if (!tail_mark_is_of(m, fd, head)) {
		close(fd);
		return false;
	}
	switch_to(s, fd);
	memcpy(s->head, head, m->n_head);
	s->n_head = m->n_head;
	s->at = m->at;
	s->skipping = m->middle;
	for (int i = 0; m->pieces && i < 2; i++) {
		s->files[i] = m->files[i];
		s->further[i] = m->from[i];
		s->from[i] = m->files[i] ? OFF_LAST : m->from[i];
	}
	return true;
}

bool tail_file_find(struct tail_source *s, const struct tail_mark *m)
{
	struct stat st;

	if (s->packed)
		return tail_packed_find(s, m);
	for (int n = 0; n < ROTATED_MAX && goes_on(s, n); n++)
		if (stat_file(s, n, &st) && st.st_ino == m->ino && try_mark(s, n, m))
			return true;
	/* copied, or restored from an archive: another file, of the same beginning */
	for (int n = 0; m->n_head && n < ROTATED_MAX && goes_on(s, n); n++)
		if (try_mark(s, n, m))
			return true;
	return false;
}

static bool is_newer(const struct stat *st, const struct stat *than)
{
	if (st->st_mtim.tv_sec != than->st_mtim.tv_sec)
		return st->st_mtim.tv_sec > than->st_mtim.tv_sec;
	return st->st_mtim.tv_nsec > than->st_mtim.tv_nsec;
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
	for (int n = 1; n < ROTATED_MAX && goes_on(s, n); n++)
		if (stat_file(s, n, &st) && is_newer(&st, &mine))
			next = n;
	return next;
}

bool tail_file_advance(struct tail_source *s)
{
	if (s->packed)
		return tail_packed_advance(s);
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
		if (known < 0) {
			drop_pieces(s);
			/* How many files came and went in between is written nowhere. */
			warn(next ? "\"%s\" was rotated faster than it is read; some of it may not be shown" :
				    "\"%s\" was replaced; going on with the new file",
			     s->path);
		}
		switch_to(s, fd);
		tail_file_look(s);
		return true;
	}
	return false;
}

bool tail_file_retreat(struct tail_source *s)
{
	int known = s->events ? -1 : find_known(s);
	int fd = known < 0 ? -1 : open_file(s, known + 1);
	struct stat st;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || is_same(s, &st)) { /* renamed in between */
		close(fd);
		return false;
	}
	switch_to(s, fd);
	s->at = s->from[0] = s->from[1] = size_of(s->fd);
	return true;
}
