/*
 * rt-summarize --import: the runs that other systems left in a folder. A folder
 * is one when it has logs/, a sprint_NNN/, events.jsonl or metrics.json in it; what
 * is below belongs to it. Elsewhere each file of JSON lines is one.
 */
#include "summarize.h"
#include "die.h"
#include "rundir.h"
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has(int fd, const char *name)
{
	return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Whether there is a sprint_NNN, not always the first. */
static bool has_sprint(int fd)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 ? NULL : fdopendir(again);
	const struct dirent *d;
	bool found = false;

	if (!dir) {
		if (again >= 0)
			close(again);
		return false;
	}
	while (!found && (d = readdir(dir)))
		found = strncmp(d->d_name, "sprint_", 7) == 0 && d->d_name[7] >= '0' &&
			d->d_name[7] <= '9';
	closedir(dir);
	return found;
}

/* Whether a run of ours or of the older tracker: it says itself how it stands. */
static bool is_tracked(int fd)
{
	return (has(fd, RT_STATUS_FILE) || has(fd, RT_ARCHIVE_FILE)) && !has_sprint(fd);
}

static bool is_run(int fd)
{
	return is_tracked(fd) || has(fd, RT_EVENTS_FILE) || has(fd, RT_LOGS_DIR) ||
	       has(fd, RT_METRICS_FILE) || has_sprint(fd);
}

struct import {
	struct summarized_runs *runs;
	const char *dir;
};

static void add(struct import *im, const char *path, bool file, bool tree)
{
	struct summarized_runs *runs = im->runs;
	const char *slash = strrchr(path, '/');

	runs->v = xrealloc(runs->v, (runs->n + 1) * sizeof(*runs->v));
	runs->v[runs->n] = (struct summarized){ .tree = tree };
	runs->v[runs->n].found.file = file;
	runs->v[runs->n].found.path = *path ? xasprintf("%s/%s", im->dir, path) : xstrdup(im->dir);
	if (slash)
		runs->v[runs->n].group = xstrndup(path, (size_t)(slash - path));
	runs->n++;
}

/* The folder, when it is a run. */
static bool add_folder(struct import *im, int fd, const char *path)
{
	if (!is_run(fd))
		return false;
	add(im, path, false, !is_tracked(fd));
	return true;
}

static int visit(void *arg, const struct rt_tree_item *item)
{
	struct import *im = arg;
	bool taken;
	int fd;

	if (S_ISREG(item->st.st_mode)) {
		if (rt_summary_is_log(item->dirfd, item->name))
			add(im, item->path, true, false);
		return 0;
	}
	if (!S_ISDIR(item->st.st_mode) || item->left)
		return 0;
	if (item->name[0] == '.')
		return 1;
	fd = openat(item->dirfd, item->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	taken = add_folder(im, fd, item->path);
	close(fd);
	return taken;
}

static int compare(const void *a, const void *b)
{
	const struct summarized *x = a, *y = b;

	return strcmp(x->found.path, y->found.path);
}

void summarized_import(struct summarized_runs *runs, const char *dir)
{
	struct import im = { runs, dir };
	struct rt_err err = RT_ERR_INIT;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*runs = (struct summarized_runs){ .selected = true };
	if (fd < 0)
		die(EXIT_FAIL, "cannot open \"%s\": %s", dir, strerror(errno));
	if (!add_folder(&im, fd, "") && rt_tree_walk(fd, visit, &im, &err) < 0)
		die_err(&err);
	close(fd);
	if (runs->n == 0)
		die(EXIT_FAIL,
		    "no runs in \"%s\": no logs/, sprint_NNN/, events.jsonl or "
		    "metrics.json, and no file of JSON lines",
		    dir);
	qsort(runs->v, runs->n, sizeof(*runs->v), compare);
}
