/* Files that appear whole. See draft.h. */
#include "draft.h"
#include "fdio.h"
#include "id.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TMP_PREFIX "."
#define TMP_SUFFIX ".tmp"

/* A file in the folder without a name, which only Linux has, and needs /proc to name. */
static int open_unnamed(int dirfd, mode_t mode)
{
#ifdef O_TMPFILE
	if (access("/proc/self/fd", X_OK) == 0)
		return openat(dirfd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
#else
	(void)dirfd;
	(void)mode;
#endif
	return -1;
}

int rt_draft_open(struct rt_draft *d, int dirfd, const char *name, struct rt_err *err)
{
	char id[37];
	struct stat old;
	bool exists = fstatat(dirfd, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
	mode_t mode = exists ? old.st_mode & 0600 : 0666;

	if (exists && !S_ISREG(old.st_mode))
		return rt_err_set(err, RT_ERR_FAILURE, "\"%s\" is no regular file", name);
	rt_id_make(id);
	snprintf(d->tmp, sizeof(d->tmp), TMP_PREFIX "%s" TMP_SUFFIX, id);
	d->dirfd = dirfd;
	d->name = name;
	d->named = false;
	d->fd = open_unnamed(dirfd, mode);
	if (d->fd < 0) {
		d->fd = openat(dirfd, d->tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			       mode);
		d->named = d->fd >= 0;
	}
	if (d->fd < 0)
		return rt_err_sys(err, "cannot write \"%s\"", name);
	/* It dies with us: see rt_draft_sweep. */
	flock(d->fd, LOCK_EX | LOCK_NB);
	return 0;
}

static int give_name(struct rt_draft *d)
{
	char self[64];

	if (d->named)
		return 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", d->fd);
	if (linkat(AT_FDCWD, self, d->dirfd, d->tmp, AT_SYMLINK_FOLLOW) < 0)
		return -1;
	d->named = true;
	return 0;
}

int rt_draft_finish(struct rt_draft *d, bool sync, struct rt_err *err)
{
	struct stat old;
	int ret = 0;

	if (fstatat(d->dirfd, d->name, &old, AT_SYMLINK_NOFOLLOW) < 0)
		rt_give_to_owner_of(d->dirfd, d->fd);
	else if (S_ISREG(old.st_mode))
		ret = rt_copy_ownership(d->fd, &old);
	if (ret == 0 && sync)
		ret = fsync(d->fd);
	return ret < 0 ? rt_err_sys(err, "cannot write \"%s\"", d->name) : 0;
}

int rt_draft_put(struct rt_draft *d, bool sync, struct rt_err *err)
{
	if (give_name(d) < 0 || renameat(d->dirfd, d->tmp, d->dirfd, d->name) < 0)
		return rt_err_sys(err, "cannot write \"%s\"", d->name);
	d->named = false;
	if (sync && fsync(d->dirfd) < 0)
		return rt_err_sys(err, "cannot sync the folder of \"%s\"", d->name);
	return 0;
}

void rt_draft_close(struct rt_draft *d)
{
	if (d->named)
		unlinkat(d->dirfd, d->tmp, 0);
	if (d->fd >= 0)
		close(d->fd);
	d->named = false;
	d->fd = -1;
}

void rt_draft_sweep(int dirfd, const char *name)
{
	const size_t before = sizeof(TMP_PREFIX) - 1, id = 36;
	int fd;

	if (strncmp(name, TMP_PREFIX, before) != 0 ||
	    strspn(name + before, "0123456789abcdef-") != id ||
	    strcmp(name + before + id, TMP_SUFFIX) != 0)
		return;
	fd = rt_file_open(dirfd, name, O_WRONLY, 0);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(dirfd, name, 0);
	close(fd);
}
