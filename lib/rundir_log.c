/*
 * The logs of a run and its steps, in logs/: making room for a step, opening one,
 * and rotating it as logrotate does, by renaming. See rundir.h.
 */
#include "fdio.h"
#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

void rt_rundir_step_id(char id[RT_STEP_ID_SIZE], int number)
{
	snprintf(id, RT_STEP_ID_SIZE, "step_%03d", number);
}

int rt_rundir_step_number(const char *id)
{
	char again[RT_STEP_ID_SIZE];
	long n;

	if (strncmp(id, "step_", 5) != 0)
		return 0;
	n = strtol(id + 5, NULL, 10);
	if (n < 1 || n > INT_MAX)
		return 0;
	rt_rundir_step_id(again, (int)n);
	return strcmp(again, id) == 0 ? (int)n : 0;
}

/*
 * The number to try first. A directory has two links and one for each directory
 * in it, which spares the thousandth step a thousand tries; where file systems
 * count otherwise, trying begins at 1.
 */
static int first_free_step(int logs)
{
	struct stat st;

	return fstat(logs, &st) == 0 && st.st_nlink > 2 ? (int)st.st_nlink - 1 : 1;
}

int rt_rundir_new_step(const struct rt_rundir *d, int *number, struct rt_err *err)
{
	int logs = rt_dir_make(d->fd, RT_LOGS_DIR, err), step = -1, n;
	char id[RT_STEP_ID_SIZE];

	if (logs < 0)
		return -1;
	for (n = first_free_step(logs);; n++) {
		rt_rundir_step_id(id, n);
		if (mkdirat(logs, id, 0777) == 0) {
			step = openat(logs, id, DIR_FLAGS);
			break;
		}
		if (errno != EEXIST || n == INT_MAX)
			break;
	}
	if (step < 0) {
		rt_err_sys(err, "cannot make \"%s/%s/%s\"", d->path, RT_LOGS_DIR, id);
		close(logs);
		return -1;
	}
	rt_give_to_owner_of(logs, step);
	close(step);
	close(logs);
	*number = n;
	return 0;
}

/* Open a log that need not be there yet, in the folder logs/ or one in it that is there. */
static int open_log(const struct rt_rundir *d, const char *path)
{
	int fd = rt_file_open(d->fd, path, O_WRONLY | O_APPEND, 0);

	if (fd < 0 && errno == ENOENT) {
		int logs = rt_dir_make(d->fd, RT_LOGS_DIR, NULL);

		if (logs < 0)
			return -1;
		close(logs);
		fd = rt_file_open(d->fd, path, O_WRONLY | O_APPEND | O_CREAT, 0666);
	}
	return fd;
}

int rt_rundir_open_log(const struct rt_rundir *d, int step, const char *name)
{
	char id[RT_STEP_ID_SIZE] = "", path[300];

	if (step)
		rt_rundir_step_id(id, step);
	snprintf(path, sizeof(path), "%s/%s%s%s", RT_LOGS_DIR, id, step ? "/" : "", name);
	return open_log(d, path);
}

bool rt_rundir_has_logs(const struct rt_rundir *d, const char *step_id)
{
	char path[RT_ID_MAX + 64];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", RT_LOGS_DIR, step_id);
	return fstatat(d->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

int rt_rundir_open_component(const struct rt_rundir *d, const char *step_id, const char *name)
{
	bool taken = strcasecmp(name, "output") == 0 || strcasecmp(name, "run") == 0;
	char path[2 * RT_ID_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s%s%s%s.log", RT_LOGS_DIR, step_id, *step_id ? "/" : "",
		 name, taken ? "-component" : "");
	return open_log(d, path);
}

/* The folder that a log is in; -1 and errno. */
static int open_folder(const struct rt_rundir *d, int step)
{
	int logs = openat(d->fd, RT_LOGS_DIR, DIR_FLAGS), fd, why;
	char id[RT_STEP_ID_SIZE];

	if (logs < 0 || step == 0)
		return logs;
	rt_rundir_step_id(id, step);
	fd = openat(logs, id, DIR_FLAGS);
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
