/* Rotating captured logs, as logrotate does: by renaming. See rundir.h. */
#include "fdio.h"
#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* The folder that a log is in; -1 and errno. */
static int open_folder(const struct rt_rundir *d, int step)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int logs = openat(d->fd, RT_LOGS_DIR, flags), fd, why;
	char name[32];

	if (logs < 0 || step == 0)
		return logs;
	snprintf(name, sizeof(name), "step_%03d", step);
	fd = openat(logs, name, flags);
	why = errno;
	close(logs);
	errno = why;
	return fd;
}

/* Rename NAME.from (NAME for 0) to NAME.to. One that is not there is no trouble. */
static int move(int folder, const char *name, int from, int to)
{
	char old[NAME_MAX + 1], new[NAME_MAX + 1];

	snprintf(old, sizeof(old), from ? "%s.%d" : "%s", name, from);
	snprintf(new, sizeof(new), to ? "%s.%d" : "%s", name, to);
	return renameat(folder, old, folder, new) < 0 && errno != ENOENT ? -1 : 0;
}

/* The oldest first, so that no name is taken: one is missing at any time, no more. */
static int shift(int folder, const char *name, int backups)
{
	int ret = 0;

	for (int n = backups - 1; n >= 0 && ret == 0; n--)
		ret = move(folder, name, n, n + 1);
	if (backups == 0)
		ret = unlinkat(folder, name, 0);
	return ret;
}

int rt_rundir_rotate_log(const struct rt_rundir *d, int step, const char *name, int backups)
{
	int folder = open_folder(d, step), fd = -1, why;

	if (folder < 0)
		return -1;
	if (shift(folder, name, backups) == 0) {
		fd = rt_rundir_open_log(d, step, name);
		why = errno;
		if (fd < 0 && backups)
			move(folder, name, 1, 0);
		errno = why;
	}
	why = errno;
	close(folder);
	errno = why;
	return fd;
}
