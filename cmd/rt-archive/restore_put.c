/*
 * Bringing an archive back, the writing part: every file into a folder of drafts, then
 * all of them to their places. What breaks off in between leaves a run that reads as
 * before, because readers take from the archive what is not in the directory.
 */
#include "restore.h"
#include "die.h"
#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct target {
	int fd;
	int64_t left;
};

static bool write_piece(void *arg, const char *data, size_t n)
{
	struct target *t = arg;

	t->left -= (int64_t)n;
	if (t->left < 0)
		errno = EFBIG;
	return t->left >= 0 && rt_fd_write(t->fd, data, n) == 0;
}

/* What is in the directory counts; that it is another than the archive has is worth a word. */
static int keep(struct restore *r, const struct restore_item *item, struct members *m)
{
	int fd = rt_file_open(r->dir->fd, item->path, O_RDONLY, 0), same;

	if (fd < 0)
		return rt_err_sys(r->err, "cannot read \"%s/%s\"", r->dir->path, item->path);
	same = members_compare(m, fd);
	if (same == 0)
		warn("\"%s/%s\" stays as it is: the archive has another one", r->dir->path,
		     item->path);
	close(fd);
	return same < 0 ? -1 : 0;
}

/* Unpack a file as number i of the draft. */
static int unpack(struct restore *r, size_t i, struct members *m)
{
	const struct restore_item *item = &r->v[i];
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = item->mtime } };
	struct target t = { .left = m->size };
	char name[32];
	int got;

	snprintf(name, sizeof(name), "%zu", i);
	t.fd = openat(r->draft, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (t.fd < 0)
		return rt_err_sys(r->err, "cannot write \"%s/%s/%s\"", r->dir->path, RESTORE_DRAFT,
				  name);
	rt_give_to_owner_of(r->dir->fd, t.fd);
	got = members_feed(m, write_piece, &t);
	if (got > 0 || (got == 0 && (fchmod(t.fd, item->mode) < 0 || futimens(t.fd, times) < 0)))
		got = rt_err_sys(r->err, "cannot write \"%s\" of \"%s\"", item->path, r->path);
	close(t.fd);
	return got;
}

/* The second look: entries come as they did. */
int restore_unpack(struct restore *r)
{
	struct members m;
	size_t i = 0;
	int got, ret = 0;

	if (restore_open(r, &m) < 0)
		return -1;
	while (ret == 0 && (got = members_step(&m)) > 0 && (m.top || i < r->n)) {
		const struct restore_item *item = &r->v[i];

		if (m.top)
			continue;
		if (!rt_str_is(m.name, item->path) || (m.kind == MEMBER_FOLDER) != item->folder)
			break;
		if (!item->folder && rt_rundir_part(item->path) != RT_PART_NONE)
			ret = item->wanted ? unpack(r, i, &m) : keep(r, item, &m);
		i++;
	}
	members_close(&m);
	if (ret == 0 && i == r->n)
		return 0;
	if (r->err->kind == RT_ERR_NONE)
		rt_err_set(r->err, RT_ERR_FAILURE, "\"%s\" cannot be brought back", r->path);
	return -1;
}

static int cannot_put(struct restore *r, const struct restore_item *item)
{
	return rt_err_sys(r->err, "cannot put \"%s/%s\" in its place", r->dir->path, item->path);
}

/* Make the folders above `path`, those that an archive does not list itself. */
static int make_above(struct restore *r, const struct restore_item *item)
{
	char *path = xstrdup(item->path);
	int ret = 0;

	for (char *p = strchr(path, '/'); p && ret == 0; p = strchr(p + 1, '/')) {
		const char *name;
		int dirfd;

		*p = '\0';
		dirfd = rt_file_parent(r->dir->fd, path, &name);
		if (dirfd < 0 || (mkdirat(dirfd, name, 0777) < 0 && errno != EEXIST))
			ret = cannot_put(r, item);
		if (dirfd >= 0 && dirfd != r->dir->fd)
			close(dirfd);
		*p = '/';
	}
	free(path);
	return ret;
}

/* Move without replacing: what came meanwhile stays. */
static int put(struct restore *r, size_t i)
{
	struct restore_item *item = &r->v[i];
	const char *name;
	char number[32];
	int dirfd, ret = 0;

	if (!item->wanted)
		return 0;
	if (make_above(r, item) < 0)
		return -1;
	dirfd = rt_file_parent(r->dir->fd, item->path, &name);
	snprintf(number, sizeof(number), "%zu", i);
	if (dirfd < 0)
		ret = cannot_put(r, item);
	else if (item->folder)
		item->made = mkdirat(dirfd, name, 0700) == 0 || errno == EEXIST;
	else if (rt_file_move(r->draft, number, dirfd, name) < 0 && errno != EEXIST)
		ret = cannot_put(r, item);
	if (item->folder && !item->made)
		ret = cannot_put(r, item);
	if (dirfd >= 0 && dirfd != r->dir->fd)
		close(dirfd);
	return ret;
}

/* A folder is as open as it was when all is in it. */
static int finish_folder(struct restore *r, const struct restore_item *item)
{
	const char *name;
	int dirfd, fd, ret = -1;
	struct stat st;

	if (!item->made)
		return 0;
	dirfd = rt_file_parent(r->dir->fd, item->path, &name);
	fd = dirfd < 0 ? -1 : openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0) {
		rt_give_to_owner_of(r->dir->fd, fd);
		ret = fchmod(fd, item->mode | (st.st_mode & S_ISGID));
	}
	if (ret < 0)
		cannot_put(r, item);
	if (fd >= 0)
		close(fd);
	if (dirfd >= 0 && dirfd != r->dir->fd)
		close(dirfd);
	return ret;
}

/* The events last: with them the run is one that may be written to. */
int restore_put(struct restore *r)
{
	size_t events = r->n;
	int ret = 0;

	for (size_t i = 0; i < r->n && ret == 0; i++) {
		if (strcmp(r->v[i].path, RT_EVENTS_FILE) == 0)
			events = i;
		else
			ret = put(r, i);
	}
	for (size_t i = r->n; i-- > 0 && ret == 0;)
		ret = finish_folder(r, &r->v[i]);
	return ret == 0 && events < r->n ? put(r, events) : ret;
}
