/*
 * Bringing an archive back. It is read twice: first all of it is looked at, so that one
 * that is hostile is refused before anything was written; then files are unpacked
 * into a folder of the run, as numbers, and moved from there to where they belong
 * (restore_put.c).
 */
#include "restore.h"
#include "die.h"
#include "facts.h"
#include "fdio.h"
#include "packed.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define NAME_LONGEST 255      /* of a part of a path */
#define PATHS_MAX (32u << 20) /* bytes */

void restore_remove_drafts(const struct rt_rundir *d)
{
	rt_tree_remove(d->fd, RESTORE_DRAFT, NULL);
}

static int refuse(struct restore *r, const char *why, const char *name)
{
	return rt_err_set(r->err, RT_ERR_REFUSED, "\"%s\" is refused: %s \"%.200s\"", r->path, why,
			  name);
}

/* How much it may hold: what archive.json says, if it speaks of this archive; else a guess. */
static int64_t find_most(struct restore *r)
{
	struct facts_told told;
	struct facts found;
	struct stat st;

	facts_init(&found, r->path);
	facts_read(&told, r->dir);
	if (told.bytes >= 0 && facts_hash(&found, r->fd, NULL) == 0 && facts_agree(&told, &found))
		return told.bytes;
	if (fstat(r->fd, &st) < 0)
		return RESTORE_FREE;
	return RESTORE_FREE + st.st_size * RESTORE_RATIO;
}

static bool has_long_part(struct rt_str name)
{
	size_t n = 0;

	for (size_t i = 0; i < name.n; i++) {
		n = name.p[i] == '/' ? 0 : n + 1;
		if (n > NAME_LONGEST)
			return true;
	}
	return name.n >= PATH_MAX;
}

/* Why the entry at hand is none of a run; NULL where it is. */
static const char *find_fault(struct restore *r, const struct members *m)
{
	if (m->kind == MEMBER_OTHER)
		return "it holds a link or a device,";
	if (!m->name.n)
		return "a name in it leads elsewhere,";
	if (has_long_part(m->name))
		return "a name in it is too long,";
	r->names += m->name.n;
	if (r->n == RT_PACKED_FILES_MAX || r->names > PATHS_MAX)
		return "there are too many files in it, up to";
	if (m->kind == MEMBER_FILE && (m->size > r->most || (r->bytes += m->size) > r->most))
		return "it unpacks to more than it should, with";
	return NULL;
}

static void add_item(struct restore *r, const struct members *m)
{
	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 64;
		r->v = xrealloc(r->v, r->cap * sizeof(*r->v));
	}
	r->v[r->n++] = (struct restore_item){
		.path = xstrndup(m->name.p, m->name.n),
		.mode = archive_entry_perm(m->entry) & 0777,
		.mtime = archive_entry_mtime(m->entry),
		.folder = m->kind == MEMBER_FOLDER,
	};
}

int restore_open(struct restore *r, struct members *m)
{
	if (lseek(r->fd, 0, SEEK_SET) == 0 && members_open_fd(m, r->fd, r->path, false) == 0)
		return 0;
	return rt_err_set(r->err, RT_ERR_FAILURE, "\"%s\" cannot be brought back", r->path);
}

/* The first look: what is in it, in its order. */
static int list_items(struct restore *r)
{
	struct members m;
	int got;

	if (restore_open(r, &m) < 0)
		return -1;
	while ((got = members_step(&m)) > 0) {
		const char *fault = m.top ? NULL : find_fault(r, &m);

		if (fault) {
			struct rt_str name = members_stored_name(&m);
			char *text = xstrndup(name.p, name.n);

			refuse(r, fault, text);
			free(text);
			break;
		}
		if (!m.top)
			add_item(r, &m);
	}
	members_close(&m);
	if (got < 0)
		rt_err_set(r->err, RT_ERR_FAILURE, "\"%s\" cannot be brought back", r->path);
	return got == 0 ? 0 : -1;
}

static int compare_items(const void *a, const void *b)
{
	return strcmp((*(const struct restore_item *const *)a)->path,
		      (*(const struct restore_item *const *)b)->path);
}

/* Whether something above `path` is a file. */
static bool is_below_file(const struct restore *r, struct restore_item **sorted, const char *path)
{
	struct restore_item above = { .path = xstrdup(path) }, *key = &above, **found;
	bool is = false;

	for (char *p = strchr(above.path, '/'); p && !is; p = strchr(p + 1, '/')) {
		*p = '\0';
		found = bsearch(&key, sorted, r->n, sizeof(*sorted), compare_items);
		is = found && !(*found)->folder;
		*p = '/';
	}
	free(above.path);
	return is;
}

/* No name twice, and none below a file. */
static int check_names(struct restore *r)
{
	struct restore_item **sorted = xcalloc(r->n + 1, sizeof(*sorted));
	int ret = 0;

	for (size_t i = 0; i < r->n; i++)
		sorted[i] = &r->v[i];
	qsort(sorted, r->n, sizeof(*sorted), compare_items);
	for (size_t i = 0; i < r->n && ret == 0; i++) {
		const char *path = sorted[i]->path;

		if (i && strcmp(sorted[i - 1]->path, path) == 0)
			ret = refuse(r, "a name is in it twice,", path);
		else if (is_below_file(r, sorted, path))
			ret = refuse(r, "there is something below a file,", path);
	}
	free(sorted);
	return ret;
}

/* Whether the run's directory has it: then it is not wanted. */
static int look_at(struct restore *r, struct restore_item *item)
{
	struct stat st;
	const char *name;
	int dirfd = rt_file_parent(r->dir->fd, item->path, &name), ret = 0;

	if (rt_rundir_part(item->path) == RT_PART_NONE)
		return 0; /* no part of the record, or an older archive */
	if (dirfd < 0 || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		item->wanted = errno == ENOENT;
		if (!item->wanted)
			ret = refuse(r,
				     "in the run there is something else instead of the folder of",
				     item->path);
	} else if (item->folder ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode)) {
		ret = refuse(r, "in the run there is something else that is called", item->path);
	}
	if (dirfd >= 0 && dirfd != r->dir->fd)
		close(dirfd);
	return ret;
}

static int look_at_all(struct restore *r)
{
	struct statvfs fs;
	int ret = 0;

	for (size_t i = 0; i < r->n && ret == 0; i++)
		ret = look_at(r, &r->v[i]);
	if (ret == 0 && fstatvfs(r->dir->fd, &fs) == 0 &&
	    (uint64_t)r->bytes / fs.f_frsize > fs.f_bavail)
		return rt_err_set(r->err, RT_ERR_FAILURE,
				  "\"%s\" unpacks to more than there is room for", r->path);
	return ret;
}

static int make_draft(struct restore *r)
{
	restore_remove_drafts(r->dir);
	if (mkdirat(r->dir->fd, RESTORE_DRAFT, 0700) == 0)
		r->draft = openat(r->dir->fd, RESTORE_DRAFT,
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return r->draft >= 0 ?
		       0 :
		       rt_err_sys(r->err, "cannot make \"%s/%s\"", r->dir->path, RESTORE_DRAFT);
}

int restore_files(const struct rt_rundir *d, int fd, const char *path, struct rt_err *err)
{
	struct restore r = { .dir = d, .fd = fd, .path = path, .draft = -1, .err = err };
	int ret = -1;

	r.most = find_most(&r);
	if (list_items(&r) == 0 && check_names(&r) == 0 && look_at_all(&r) == 0 &&
	    make_draft(&r) == 0 && restore_unpack(&r) == 0)
		ret = restore_put(&r);
	if (r.draft >= 0) {
		close(r.draft);
		restore_remove_drafts(d);
	}
	for (size_t i = 0; i < r.n; i++)
		free(r.v[i].path);
	free(r.v);
	return ret;
}
