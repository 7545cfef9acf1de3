/* Where everything of a run lies. See rundir.h. */
#include "rundir.h"
#include "packed.h"
#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

static const char gitignore[] = "# Only what rt writes for people is kept in git.\n"
				"*\n"
				"!*/\n"
				"!.gitignore\n"
				"!INDEX.md\n"
				"!logs_summary.txt\n"
				"!summary.md\n";

/*
 * The directory's own path, however it was spelled: its last part is the run's
 * id. Linux tells it for one system call. NULL and errno.
 */
static char *path_of(int fd, const char *spelled)
{
	char name[64], path[PATH_MAX];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, path, sizeof(path));
	if (n > 0 && (size_t)n < sizeof(path) && path[0] == '/')
		return strndup(path, (size_t)n);
#ifdef F_GETPATH
	if (fcntl(fd, F_GETPATH, path) == 0)
		return strdup(path);
#endif
	return realpath(spelled, NULL);
}

/* Take over an open directory. */
static int adopt_dir(struct rt_rundir *d, int fd, const char *spelled, struct rt_err *err)
{
	const char *slash;

	d->archive = NULL;
	d->path = path_of(fd, spelled);
	if (!d->path)
		return rt_err_sys(err, "cannot resolve \"%s\"", spelled);
	d->fd = fd;
	slash = strrchr(d->path, '/');
	snprintf(d->id, sizeof(d->id), "%s", slash && slash[1] ? slash + 1 : d->path);
	return 0;
}

int rt_rundir_open(struct rt_rundir *d, const char *path, struct rt_err *err)
{
	int fd = open(path, DIR_FLAGS);

	d->fd = -1;
	d->path = NULL;
	d->archive = NULL;
	if (fd < 0 && errno == ENOTDIR && access(path, F_OK) == 0)
		return rt_err_set(err, RT_ERR_FAILURE,
				  "\"%s\" is no run directory: nothing else can be written to",
				  path);
	if (fd < 0)
		return rt_err_sys(err, "cannot open run \"%s\"", path);
	if (adopt_dir(d, fd, path, err) == 0)
		return 0;
	close(fd);
	return -1;
}

void rt_rundir_release(struct rt_rundir *d)
{
	if (d->fd >= 0)
		close(d->fd);
	free(d->path);
	rt_packed_free(d->archive);
	d->fd = -1;
	d->path = NULL;
	d->archive = NULL;
}

int rt_rundir_open_private(const char *runs_dir)
{
	int runs = open(runs_dir, DIR_FLAGS), fd;

	if (runs < 0)
		return -1;
	fd = openat(runs, RT_PRIVATE_DIR, DIR_FLAGS | O_NOFOLLOW);
	close(runs);
	return fd;
}

bool rt_rundir_is_run(int dirfd, const char *name)
{
	static const char *const marks[] = { RT_STATUS_FILE, RT_EVENTS_FILE, RT_ARCHIVE_FILE,
					     RT_PACKED_GZ, RT_PACKED_ZST };
	int fd = openat(dirfd, name, DIR_FLAGS | O_NOFOLLOW);
	bool is = false;

	if (fd < 0)
		return false;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks) && !is; i++)
		is = faccessat(fd, marks[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	close(fd);
	return is;
}

/* mkdir -p: every missing part of path. */
static int make_path(const char *path, struct rt_err *err)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof(part))
		return rt_err_set(err, RT_ERR_USAGE, "runs folder name is too long");
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0777) < 0 && errno != EEXIST && errno != EISDIR)
			return rt_err_sys(err, "cannot make runs folder \"%s\"", part);
	}
	return 0;
}

static int write_new(int dirfd, const char *name, struct rt_str text, bool durable,
		     struct rt_err *err)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	int ret;

	if (fd < 0)
		return rt_err_sys(err, "cannot write \"%s\"", name);
	rt_give_to_owner_of(dirfd, fd);
	ret = rt_fd_write(fd, text.p, text.n);
	if (ret == 0 && durable)
		ret = fsync(fd);
	if (ret < 0)
		rt_err_sys(err, "cannot write \"%s\"", name);
	close(fd);
	return ret;
}

/* Open the runs folder, made where it was missing; *private_fd is its .rt. */
static int open_runs(const char *runs_dir, int *private_fd, struct rt_err *err)
{
	struct stat st;
	int fd;

	if (stat(runs_dir, &st) == 0 && !S_ISDIR(st.st_mode))
		return rt_err_set(err, RT_ERR_FAILURE, "runs folder \"%s\" is not a directory",
				  runs_dir);
	fd = open(runs_dir, DIR_FLAGS);
	if (fd < 0 && errno == ENOENT) {
		if (make_path(runs_dir, err) < 0)
			return -1;
		fd = open(runs_dir, DIR_FLAGS);
	}
	if (fd < 0)
		return rt_err_sys(err, "cannot open runs folder \"%s\"", runs_dir);
	if (faccessat(fd, RT_PRIVATE_DIR, F_OK, 0) < 0 &&
	    faccessat(fd, ".gitignore", F_OK, 0) < 0 &&
	    write_new(fd, ".gitignore", rt_str(gitignore), false, err) < 0 &&
	    !(err && err->sys == EEXIST)) {
		close(fd);
		return -1;
	}
	*private_fd = rt_dir_make(fd, RT_PRIVATE_DIR, err);
	if (*private_fd < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int rt_runs_create(const char *runs_dir, struct rt_err *err)
{
	int private_fd, fd = open_runs(runs_dir, &private_fd, err);

	if (fd < 0)
		return -1;
	close(private_fd);
	close(fd);
	return 0;
}

static void remove_draft(int private_fd, const char *draft, const struct rt_file_text *files,
			 size_t n)
{
	int fd = openat(private_fd, draft, DIR_FLAGS | O_NOFOLLOW);

	if (fd < 0)
		return;
	for (size_t i = 0; i < n; i++)
		unlinkat(fd, files[i].name, 0);
	unlinkat(fd, RT_LOGS_DIR, AT_REMOVEDIR);
	close(fd);
	unlinkat(private_fd, draft, AT_REMOVEDIR);
}

/* Everything of the run, in a folder that nobody looks at yet. Returns it, open. */
static int write_draft(int private_fd, const char *draft, const struct rt_file_text *files,
		       size_t n, bool durable, struct rt_err *err)
{
	int fd = rt_dir_make(private_fd, draft, err), logs;

	if (fd < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (write_new(fd, files[i].name, files[i].text, durable && !files[i].unsynced,
			      err) < 0)
			goto fail;
	}
	logs = rt_dir_make(fd, RT_LOGS_DIR, err);
	if (logs < 0)
		goto fail;
	close(logs);
	if (!durable || fsync(fd) == 0)
		return fd;
	rt_err_sys(err, "cannot sync the new run");
fail:
	close(fd);
	remove_draft(private_fd, draft, files, n);
	return -1;
}

/* The directory that the run goes into: the runs folder itself, or its group. */
static int open_home(int runs, const char *group, struct rt_err *err)
{
	int fd;

	if (!group) {
		fd = fcntl(runs, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? rt_err_sys(err, "cannot open the runs folder again") : fd;
	}
	if (rt_rundir_is_run(runs, group))
		return rt_err_set(err, RT_ERR_REFUSED, "group \"%s\" is a run already", group);
	return rt_dir_make(runs, group, err);
}

/* The same for a group that was removed since; -1 and errno when it is the one that was open. */
static int open_home_again(int runs, const char *group, int *home, struct rt_err *err)
{
	struct stat st;
	int fd = open_home(runs, group, err);

	if (fd < 0)
		return -1;
	if (fstat(*home, &st) < 0 || st.st_nlink > 0) {
		close(fd);
		errno = ENOENT;
		return -1;
	}
	close(*home);
	*home = fd;
	return 0;
}

int rt_rundir_create(struct rt_rundir *d, const char *runs_dir, const char *group, const char *id,
		     const struct rt_file_text *files, size_t n, bool durable, struct rt_err *err)
{
	char draft[RT_ID_MAX + 8] = "new.", path[PATH_MAX];
	int private_fd = -1, home = -1, fd = -1, runs = open_runs(runs_dir, &private_fd, err);
	int ret = -1;

	if (runs < 0)
		return -1;
	home = open_home(runs, group, err);
	if (home < 0)
		goto out;
	/* Not the process id: in containers the next one has the same. */
	rt_id_make(draft + 4);
	fd = write_draft(private_fd, draft, files, n, durable, err);
	if (fd < 0)
		goto out;
	while (rt_file_move(private_fd, draft, home, id) < 0) {
		/* rt-prune removed the group when its last run was deleted */
		if (errno == ENOENT && group && open_home_again(runs, group, &home, err) == 0)
			continue;
		if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)
			rt_err_set(err, RT_ERR_REFUSED, "run \"%s\" exists already", id);
		else
			rt_err_sys(err, "cannot make run \"%s\"", id);
		remove_draft(private_fd, draft, files, n);
		goto out;
	}
	if (durable)
		fsync(home);
	snprintf(path, sizeof(path), "%s/%s%s%s", runs_dir, group ? group : "", group ? "/" : "",
		 id);
	ret = adopt_dir(d, fd, path, err);
	if (ret == 0)
		fd = -1;
out:
	if (fd >= 0)
		close(fd);
	if (home >= 0)
		close(home);
	close(private_fd);
	close(runs);
	return ret;
}

static int sync_below(int dirfd, const char *name)
{
	/* Whatever somebody has put there: a FIFO is not waited for. */
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), ret;

	if (fd < 0)
		return -1;
	ret = fsync(fd);
	close(fd);
	return ret;
}

int rt_rundir_sync(const struct rt_rundir *d, const char *const *names, size_t n,
		   struct rt_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < n && ret == 0; i++)
		ret = sync_below(d->fd, names[i]);
	if (ret < 0)
		return rt_err_sys(err, "cannot sync run \"%s\"", d->id);
	return 0;
}
