/* Files: reading and writing whole, replacing in one step, locks. See fdio.h. */
#include "fdio.h"
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

int rt_fd_read(int fd, struct rt_buf *b, size_t limit)
{
	size_t start = b->len;
	struct stat st;

	/* Room for a file of known size at once: each doubling would touch new memory. */
	if (fstat(fd, &st) == 0 && st.st_size > 0 && (size_t)st.st_size <= limit)
		rt_buf_reserve_exact(b, (size_t)st.st_size + 4096);
	for (;;) {
		ssize_t n;

		if (b->cap - b->len < 1024 && !rt_buf_reserve(b, 8192)) {
			errno = ENOMEM;
			return -1;
		}
		n = read(fd, b->s + b->len, b->cap - b->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		b->len += (size_t)n;
		b->s[b->len] = '\0';
		if (b->len - start > limit) {
			errno = EFBIG;
			return -1;
		}
	}
	return 0;
}

int rt_fd_write(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int rt_file_parent(int dirfd, const char *path, const char **name)
{
	char part[256];
	int fd = dirfd;

	for (;;) {
		const char *slash = strchr(path, '/');
		size_t n = slash ? (size_t)(slash - path) : 0;
		int next;

		if (!slash) {
			*name = path;
			return fd;
		}
		if (n == 0 || n >= sizeof(part)) {
			errno = ENAMETOOLONG;
			next = -1;
		} else {
			memcpy(part, path, n);
			part[n] = '\0';
			next = openat(fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		}
		if (fd != dirfd)
			close(fd);
		if (next < 0)
			return -1;
		fd = next;
		path = slash + 1;
	}
}

int rt_file_open(int dirfd, const char *path, int flags, mode_t mode)
{
	struct stat st;
	const char *name;
	int parent = rt_file_parent(dirfd, path, &name), fd, saved;

	if (parent < 0)
		return -1;
	/* O_NONBLOCK: a FIFO must not hang the open; for regular files it means nothing. */
	flags |= O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	fd = openat(parent, name, flags & ~O_CREAT, mode);
	if (fd < 0 && errno == ENOENT && (flags & O_CREAT)) {
		fd = openat(parent, name, flags, mode);
		if (fd >= 0)
			rt_give_to_owner_of(parent, fd);
	}
	saved = errno;
	if (parent != dirfd)
		close(parent);
	errno = saved;
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		errno = ENXIO;
		return -1;
	}
	return fd;
}

bool rt_file_written(int fd)
{
#ifdef F_SETLEASE
	/* see fcntl(2): it is not given while the file is open for writing anywhere */
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return errno == EAGAIN;
	fcntl(fd, F_SETLEASE, F_UNLCK);
#else
	(void)fd;
#endif
	return false;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

bool rt_file_same(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && is_same(&x, &y);
}

bool rt_file_named(int fd, int dirfd, const char *path)
{
	struct stat open_one, named;

	return fstat(fd, &open_one) == 0 &&
	       fstatat(dirfd, path, &named, AT_SYMLINK_NOFOLLOW) == 0 && is_same(&open_one, &named);
}

int64_t rt_mtime_ns(const struct stat *st)
{
#ifdef __APPLE__
	const struct timespec *t = &st->st_mtimespec;
#else
	const struct timespec *t = &st->st_mtim;
#endif
	return rt_clock_later(rt_clock_of_seconds(t->tv_sec), t->tv_nsec);
}

int rt_file_read(int dirfd, const char *path, struct rt_buf *b, size_t limit)
{
	int fd = rt_file_open(dirfd, path, O_RDONLY, 0), ret, saved;

	if (fd < 0)
		return -1;
	ret = rt_fd_read(fd, b, limit);
	saved = errno;
	close(fd);
	errno = saved;
	return ret;
}

void rt_give_to_owner_of(int dirfd, int fd)
{
	struct stat dir, st;

	if (fstat(dirfd, &dir) < 0 || fstat(fd, &st) < 0)
		return;
	if (geteuid() == 0 && dir.st_uid != st.st_uid && fchown(fd, dir.st_uid, dir.st_gid) == 0)
		return;
	if (dir.st_gid != st.st_gid && fchown(fd, (uid_t)-1, dir.st_gid) < 0)
		return; /* not a member of that group: nothing to be done */
}

int rt_dir_make(int dirfd, const char *name, struct rt_err *err)
{
	bool made = mkdirat(dirfd, name, 0777) == 0;
	int fd;

	if (!made && errno != EEXIST)
		return rt_err_sys(err, "cannot make folder \"%s\"", name);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return rt_err_sys(err, "cannot open folder \"%s\"", name);
	if (made)
		rt_give_to_owner_of(dirfd, fd);
	return fd;
}

int rt_copy_ownership(int fd, const struct stat *old)
{
	struct stat now;
	mode_t mode = old->st_mode & 07777;

	if (fstat(fd, &now) < 0)
		return -1;
	if (now.st_uid != old->st_uid || now.st_gid != old->st_gid) {
		if (fchown(fd, old->st_uid, old->st_gid) < 0 &&
		    fchown(fd, (uid_t)-1, old->st_gid) < 0 && now.st_gid != old->st_gid)
			mode &= (mode_t)~070;
	}
	return (now.st_mode & 07777) == mode ? 0 : fchmod(fd, mode);
}

/* Open the temporary file: never more open than what it replaces. */
static int open_temporary(const struct rt_replacement *r, mode_t mode)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(r->dirfd, r->tmp, flags, mode);

	if (fd < 0 && errno == EEXIST && unlinkat(r->dirfd, r->tmp, 0) == 0)
		fd = openat(r->dirfd, r->tmp, flags, mode);
	return fd;
}

int rt_replace_prepare(struct rt_replacement *r, int dirfd, const char *name, struct rt_str data,
		       enum rt_replace how, struct rt_err *err)
{
	struct stat old;
	int fd;

	r->dirfd = dirfd;
	snprintf(r->name, sizeof(r->name), "%s", name);
	snprintf(r->tmp, sizeof(r->tmp), ".%s.tmp", name);
	r->exists = fstatat(dirfd, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
	if (!r->exists && errno != ENOENT)
		return rt_err_sys(err, "cannot look at \"%s\"", name);
	if (r->exists && !S_ISREG(old.st_mode))
		return rt_err_set(err, RT_ERR_FAILURE, "\"%s\" is no regular file", name);
	fd = open_temporary(r, r->exists ? old.st_mode & 0600 : 0666);
	if (fd < 0)
		return rt_err_sys(err, "cannot write \"%s\"", name);
	if (!r->exists)
		rt_give_to_owner_of(dirfd, fd);
	if (rt_fd_write(fd, data.p, data.n) < 0 || (r->exists && rt_copy_ownership(fd, &old) < 0) ||
	    (how == RT_REPLACE_DURABLE && fsync(fd) < 0)) {
		rt_err_sys(err, "cannot write \"%s\"", name);
		close(fd);
		rt_replace_abort(r);
		return -1;
	}
	if (close(fd) < 0) {
		rt_err_sys(err, "cannot write \"%s\"", name);
		rt_replace_abort(r);
		return -1;
	}
	return 0;
}

void rt_replace_abort(struct rt_replacement *r)
{
	unlinkat(r->dirfd, r->tmp, 0);
}

/*
 * Exchange and remove the old one: what ext4 flushes at a rename it leaves
 * alone here, a fourth of the time. Only over a regular file, because an
 * exchange also succeeds over a directory.
 */
static bool exchange(const struct rt_replacement *r)
{
#ifdef RENAME_EXCHANGE
	if (renameat2(r->dirfd, r->tmp, r->dirfd, r->name, RENAME_EXCHANGE) < 0)
		return false;
	unlinkat(r->dirfd, r->tmp, 0);
	return true;
#else
	(void)r;
	return false;
#endif
}

int rt_replace_commit(struct rt_replacement *r, enum rt_replace how, struct rt_err *err)
{
	if (how == RT_REPLACE_FAST && r->exists && exchange(r))
		return 0;
	if (renameat(r->dirfd, r->tmp, r->dirfd, r->name) < 0) {
		rt_err_sys(err, "cannot replace \"%s\"", r->name);
		rt_replace_abort(r);
		return -1;
	}
	if (how == RT_REPLACE_DURABLE && fsync(r->dirfd) < 0)
		return rt_err_sys(err, "cannot sync the directory of \"%s\"", r->name);
	return 0;
}

int rt_file_replace(int dirfd, const char *name, struct rt_str data, enum rt_replace how,
		    struct rt_err *err)
{
	struct rt_replacement r;

	if (rt_replace_prepare(&r, dirfd, name, data, how, err) < 0)
		return -1;
	return rt_replace_commit(&r, how, err);
}

int rt_file_move(int from_dir, const char *from, int to_dir, const char *to)
{
#ifdef RENAME_NOREPLACE
	if (renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
#endif
	if (faccessat(to_dir, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(from_dir, from, to_dir, to);
}

/*
 * Polling, because a blocking flock could only be ended by a signal, and
 * signals belong to the program. The first waits are as short as an emit.
 */
int rt_lock(int fd, int timeout_ms)
{
	int64_t deadline = 0;
	long wait_ns = RT_LOCK_NAP_NS / 20;

	for (;;) {
		struct timespec pause = { 0, 0 };
		int64_t now;

		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return -1;
		now = rt_clock_monotonic_ns();
		if (!deadline)
			deadline = now + timeout_ms * RT_NS_PER_MS;
		if (now >= deadline) {
			errno = EWOULDBLOCK;
			return -1;
		}
		pause.tv_nsec = wait_ns;
		nanosleep(&pause, NULL);
		wait_ns += wait_ns / 2;
		if (wait_ns > RT_LOCK_NAP_NS)
			wait_ns = RT_LOCK_NAP_NS;
	}
}

void rt_unlock(int fd)
{
	flock(fd, LOCK_UN);
}
