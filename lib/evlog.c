/* events.jsonl under its lock: append, heal, never half. Reading is reader.c. */
#include "evlog.h"
#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int rt_evlog_open(struct rt_evlog *l, const struct rt_rundir *d, struct rt_err *err)
{
	l->size = 0;
	l->torn = l->reopened = false;
	l->fd = rt_file_open(d->fd, RT_EVENTS_FILE, O_RDWR | O_APPEND, 0);
	if (l->fd >= 0)
		return 0;
	if (errno == ELOOP)
		return rt_err_set(err, RT_ERR_FAILURE,
				  "\"%s/%s\" is a symbolic link, which rt does not follow", d->path,
				  RT_EVENTS_FILE);
	if (errno == ENXIO || errno == EISDIR)
		return rt_err_set(err, RT_ERR_FAILURE, "\"%s/%s\" is no regular file", d->path,
				  RT_EVENTS_FILE);
	if (errno == ENOENT && rt_rundir_archive(d->fd))
		return rt_err_set(err, RT_ERR_FAILURE,
				  "run \"%s\" is archived (%s): it cannot be written to", d->id,
				  rt_rundir_archive(d->fd));
	return rt_err_sys(err, "cannot open \"%s/%s\"", d->path, RT_EVENTS_FILE);
}

void rt_evlog_close(struct rt_evlog *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* Whether the file that is open is still the one in the directory. */
static bool is_current(const struct rt_evlog *l, const struct rt_rundir *d, off_t *size)
{
	struct stat open_one, named;

	if (fstat(l->fd, &open_one) < 0 ||
	    fstatat(d->fd, RT_EVENTS_FILE, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*size = open_one.st_size;
	return open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

int rt_evlog_lock(struct rt_evlog *l, const struct rt_rundir *d, int timeout_ms, struct rt_err *err)
{
	char last = '\n';

	if (l->fd < 0 && rt_evlog_open(l, d, err) < 0)
		return -1;
	for (int tries = 0; tries < 100; tries++) {
		if (rt_lock(l->fd, timeout_ms) < 0) {
			if (errno != EWOULDBLOCK)
				return rt_err_sys(err, "cannot lock \"%s/%s\"", d->path,
						  RT_EVENTS_FILE);
			return rt_err_set(
				err, RT_ERR_LOCKED,
				"run \"%s\" is locked by another process for more than %d ms"
				" (RT_LOCK_TIMEOUT)",
				d->id, timeout_ms);
		}
		if (is_current(l, d, &l->size)) {
			if (l->size && pread(l->fd, &last, 1, l->size - 1) < 0) {
				rt_err_sys(err, "cannot read \"%s/%s\"", d->path, RT_EVENTS_FILE);
				rt_evlog_unlock(l);
				return -1;
			}
			l->torn = last != '\n';
			return 0;
		}
		rt_evlog_close(l);
		if (rt_evlog_open(l, d, err) < 0)
			return -1;
		l->reopened = true;
	}
	return rt_err_set(err, RT_ERR_FAILURE, "\"%s/%s\" is replaced again and again", d->path,
			  RT_EVENTS_FILE);
}

void rt_evlog_unlock(struct rt_evlog *l)
{
	if (l->fd >= 0)
		rt_unlock(l->fd);
}

int rt_evlog_append(struct rt_evlog *l, struct rt_str lines, bool sync, struct rt_err *err)
{
	ssize_t n;
	int saved;

	do
		n = write(l->fd, lines.p, lines.n);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)lines.n && (!sync || fdatasync(l->fd) == 0)) {
		l->size += n;
		l->torn = false;
		return 0;
	}
	saved = n >= 0 && n < (ssize_t)lines.n ? ENOSPC : errno;
	/* Nobody else writes under the lock: what stands past the old end is ours. */
	if (n > 0 && ftruncate(l->fd, l->size) < 0)
		return rt_err_sys(err,
				  "an event was written in part to \"%s\" and cannot be removed",
				  RT_EVENTS_FILE);
	errno = saved;
	return rt_err_sys(err, "cannot append to \"%s\"", RT_EVENTS_FILE);
}
