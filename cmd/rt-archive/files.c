/* The files of a run, beside its archive. See files.h. */
#include "files.h"
#include "die.h"
#include "fdio.h"
#include "scan.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_MAX (64u << 20) /* as readers have it */

static int add_item(void *arg, const struct rt_tree_item *item)
{
	struct files *f = arg;
	enum rt_part part = rt_rundir_part(item->path);

	if (item->left)
		return 0;
	if (part == RT_PART_NONE || part == RT_PART_BESIDE)
		return 1;
	if (item->mounted || (!S_ISREG(item->st.st_mode) && !S_ISDIR(item->st.st_mode))) {
		f->others++;
		return 0;
	}
	if (f->n == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 64;
		f->v = xrealloc(f->v, f->cap * sizeof(*f->v));
	}
	f->v[f->n++] = (struct file){ .path = xstrdup(item->path), .st = item->st };
	return 0;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

int files_scan(struct files *f, const struct rt_rundir *d, struct rt_err *err)
{
	*f = (struct files){ .v = NULL };
	if (rt_tree_walk(d->fd, add_item, f, err) < 0)
		return -1;
	if (f->n)
		qsort(f->v, f->n, sizeof(*f->v), compare_paths);
	return 0;
}

void files_release(struct files *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].path);
	free(f->v);
	*f = (struct files){ .v = NULL };
}

struct file *files_find(const struct files *f, struct rt_str path)
{
	size_t low = 0, high = f->n;

	while (low < high) {
		size_t at = low + (high - low) / 2;
		int order = rt_str_compare(path, rt_str(f->v[at].path));

		if (order == 0)
			return &f->v[at];
		if (order < 0)
			high = at;
		else
			low = at + 1;
	}
	return NULL;
}

/* Whether it is as it was found: not replaced, not written to. */
static bool is_unchanged(const struct file *file, const struct stat *now)
{
	return now->st_ino == file->st.st_ino && now->st_dev == file->st.st_dev &&
	       now->st_mode == file->st.st_mode && now->st_size == file->st.st_size &&
	       rt_mtime_ns(now) == rt_mtime_ns(&file->st);
}

int files_open(const struct rt_rundir *d, const struct file *file)
{
	int fd = rt_file_open(d->fd, file->path, O_RDONLY, 0);
	struct stat st;

	if (fd < 0 || (fstat(fd, &st) == 0 && is_unchanged(file, &st)))
		return fd;
	close(fd);
	errno = ESTALE;
	return -1;
}

/* 1: the file is what the member at hand is, 0: another, -1: the archive breaks off. */
static int compare_file(const struct file *file, const struct rt_rundir *d, struct members *m)
{
	int fd, same;

	if (!S_ISREG(file->st.st_mode) || file->st.st_size != m->size)
		return 0;
	fd = files_open(d, file);
	if (fd < 0)
		return 0;
	same = members_compare(m, fd);
	close(fd);
	return same;
}

/* Of several members with the same name the first one counts. */
static int compare_member(struct file *file, const struct rt_rundir *d, struct members *m)
{
	mode_t mode = archive_entry_perm(m->entry) & 0777;
	int same;

	if (file->seen)
		return 0;
	file->seen = true;
	if (m->kind == MEMBER_FOLDER)
		same = S_ISDIR(file->st.st_mode);
	else
		same = compare_file(file, d, m);
	file->same = same > 0 && (file->st.st_mode & 0777) == mode;
	return same < 0 ? -1 : 0;
}

/* Of what is not archived but stands in the archive somebody else made. */
static bool is_there(const struct rt_rundir *d, struct rt_str name)
{
	char *path = xstrndup(name.p, name.n);
	bool there = rt_rundir_part(path) == RT_PART_NONE ||
		     faccessat(d->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

	free(path);
	return there;
}

int files_compare(struct files *f, const struct rt_rundir *d, struct members *m,
		  struct facts *facts, size_t *lacking)
{
	int got;

	*lacking = 0;
	while ((got = members_step(m)) > 0) {
		struct file *file = files_find(f, m->name);

		if (m->top)
			continue;
		facts_add(facts, m);
		if (file && compare_member(file, d, m) < 0)
			return -1;
		if (file ? file_is_folder(file) != (m->kind == MEMBER_FOLDER) :
			   !m->name.n || !is_there(d, m->name))
			++*lacking;
	}
	return got;
}

/* 1: removed, or not there; 0: it changed. */
static int remove_file(const struct file *file, const struct rt_rundir *d, struct rt_err *err)
{
	bool folder = file_is_folder(file);
	struct stat now;
	const char *name;
	int dirfd = rt_file_parent(d->fd, file->path, &name), ret = 1;

	if (dirfd < 0 || fstatat(dirfd, name, &now, AT_SYMLINK_NOFOLLOW) < 0)
		ret = errno == ENOENT ? 1 : rt_err_sys(err, "cannot look at \"%s\"", file->path);
	else if (!folder && !is_unchanged(file, &now))
		ret = 0;
	else if (unlinkat(dirfd, name, folder ? AT_REMOVEDIR : 0) < 0 && errno != ENOENT &&
		 !(folder && (errno == ENOTEMPTY || errno == EEXIST)))
		ret = rt_err_sys(err, "cannot remove \"%s/%s\"", d->path, file->path);
	if (dirfd >= 0 && dirfd != d->fd)
		close(dirfd);
	return ret;
}

/* Whether status.json accounts for all the events: what stays beside an archive is believed. */
static bool is_settled(const struct files *f, const struct rt_rundir *d)
{
	const struct file *events = files_find(f, rt_str(RT_EVENTS_FILE));
	struct rt_buf text;
	struct rt_json v;
	int64_t size = -1;

	if (!events)
		return true;
	rt_buf_init(&text);
	if (rt_file_read(d->fd, RT_STATUS_FILE, &text, STATUS_MAX) < 0 ||
	    !rt_scan_find(rt_buf_view(&text), rt_str("events_size"), &v) || !rt_json_int(&v, &size))
		size = -1;
	rt_buf_release(&text);
	return size == events->st.st_size;
}

/* Whether a file goes when its run is pruned. */
static bool is_to_go(const struct file *file, bool settled)
{
	enum rt_part part = rt_rundir_part(file->path);

	return part == RT_PART_PACKED ||
	       (part == RT_PART_KEPT && !settled && strcmp(file->path, RT_STATUS_FILE) == 0);
}

/*
 * What a process that the run left behind still writes would be lost with the file that it
 * has open. Of the events the lock tells, which is ours.
 */
static int check_writers(const struct files *f, const struct rt_rundir *d, bool settled,
			 struct rt_err *err)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct file *file = &f->v[i];
		bool written;
		int fd;

		if (file_is_folder(file) || !is_to_go(file, settled) ||
		    strcmp(file->path, RT_EVENTS_FILE) == 0)
			continue;
		fd = rt_file_open(d->fd, file->path, O_RDONLY, 0);
		written = fd >= 0 && rt_file_written(fd);
		if (fd >= 0)
			close(fd);
		if (written)
			return rt_err_set(err, RT_ERR_REFUSED,
					  "\"%s\" is not pruned: a process still writes to \"%s\"",
					  d->id, file->path);
	}
	return 0;
}

/*
 * The events go before all else: from then on the run is one that is archived, which nobody
 * writes to, and what is still there is what the archive has. A status.json that is not to
 * stay goes before them, since without them nobody knows that. The others go backwards: a
 * folder after what is in it.
 */
int files_remove(const struct files *f, const struct rt_rundir *d, bool all, size_t *changed,
		 struct rt_err *err)
{
	const struct file *first[2] = { files_find(f, rt_str(RT_EVENTS_FILE)),
					files_find(f, rt_str(RT_STATUS_FILE)) };
	bool settled = is_settled(f, d);

	*changed = 0;
	if (all && check_writers(f, d, settled, err) < 0)
		return -1;
	for (size_t i = f->n + 2; i-- > 0;) {
		const struct file *file = i >= f->n ? first[i - f->n] : &f->v[i];
		int got;

		if (!file || (!all && !file->borrowed) || !is_to_go(file, settled))
			continue;
		got = file->same ? remove_file(file, d, err) : 0;
		if (got < 0)
			return -1;
		*changed += got == 0;
		if (i >= f->n && got == 0)
			return 0; /* it is written to: nothing else is removed */
	}
	return 0;
}
