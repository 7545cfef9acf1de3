/* Everything in a folder. See tree.h. */
#include "tree.h"
#include "buf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define REMOVE_TRIES 10 /* names may be passed over while others are removed */

struct walk {
	int (*visit)(void *arg, const struct rt_tree_item *item);
	void *arg;
	dev_t device;
	struct rt_buf path; /* of what is visited */
	int depth;
	struct rt_err *err;
};

static int cannot_read(struct walk *w)
{
	return rt_err_sys(w->err, "cannot read \"%s\"", w->path.len ? w->path.s : ".");
}

static int walk_folder(struct walk *w, int fd);

/* Into a folder that was visited. */
static int enter(struct walk *w, int dirfd, const char *name)
{
	int fd, ret;

	if (w->depth == RT_TREE_DEPTH)
		return rt_err_set(w->err, RT_ERR_FAILURE,
				  "folders are more than %d deep at \"%.200s\"", RT_TREE_DEPTH,
				  w->path.s);
	fd = openat(dirfd, name, DIR_FLAGS);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : cannot_read(w);
	w->depth++;
	ret = walk_folder(w, fd);
	w->depth--;
	return ret;
}

static int visit_item(struct walk *w, int dirfd, const char *name)
{
	struct rt_tree_item item = { .dirfd = dirfd, .name = name };
	size_t n;
	int ret;

	if (fstatat(dirfd, name, &item.st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : cannot_read(w);
	item.path = w->path.s;
	item.mounted = item.st.st_dev != w->device;
	ret = w->visit(w->arg, &item);
	if (ret || !S_ISDIR(item.st.st_mode) || item.mounted)
		return ret < 0 ? -1 : 0;
	n = w->path.len;
	if (enter(w, dirfd, name) < 0)
		return -1;
	w->path.s[n] = '\0';
	w->path.len = n;
	item.path = w->path.s;
	item.left = true;
	return w->visit(w->arg, &item) < 0 ? -1 : 0;
}

/* What is in an open folder, which is closed. */
static int walk_folder(struct walk *w, int fd)
{
	DIR *dir = fdopendir(fd);
	size_t n = w->path.len;
	struct dirent *e;
	int ret = 0;

	if (!dir) {
		ret = cannot_read(w);
		close(fd);
		return ret;
	}
	while (ret == 0) {
		errno = 0;
		e = readdir(dir);
		if (!e) {
			ret = errno ? cannot_read(w) : 0;
			break;
		}
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		w->path.len = n;
		if (n)
			rt_buf_addc(&w->path, '/');
		rt_buf_adds(&w->path, e->d_name);
		ret = w->path.failed ? rt_err_set(w->err, RT_ERR_FAILURE, "out of memory") :
				       visit_item(w, dirfd(dir), e->d_name);
	}
	closedir(dir);
	return ret;
}

int rt_tree_walk(int dirfd, int (*visit)(void *arg, const struct rt_tree_item *item), void *arg,
		 struct rt_err *err)
{
	struct walk w = { .visit = visit, .arg = arg, .err = err };
	struct stat st;
	int fd = openat(dirfd, ".", DIR_FLAGS), ret;

	rt_buf_init(&w.path);
	if (fd < 0 || fstat(fd, &st) < 0) {
		ret = cannot_read(&w);
		if (fd >= 0)
			close(fd);
		return ret;
	}
	w.device = st.st_dev;
	ret = walk_folder(&w, fd);
	rt_buf_release(&w.path);
	return ret;
}

static int add_bytes(void *arg, const struct rt_tree_item *item)
{
	int64_t *bytes = arg;

	if (!item->left && !item->mounted)
		*bytes += (int64_t)item->st.st_blocks * 512;
	return 0;
}

int64_t rt_tree_bytes(int dirfd)
{
	int64_t bytes = 0;

	rt_tree_walk(dirfd, add_bytes, &bytes, NULL);
	return bytes;
}

static int remove_item(void *arg, const struct rt_tree_item *item)
{
	bool folder = S_ISDIR(item->st.st_mode);

	if ((folder && !item->left) ||
	    unlinkat(item->dirfd, item->name, folder ? AT_REMOVEDIR : 0) == 0)
		return 0;
	if (errno == ENOENT || (folder && (errno == ENOTEMPTY || errno == EEXIST)))
		return 0; /* the folder itself will say what is left in it */
	return rt_err_sys(arg, "cannot remove \"%s\"", item->path);
}

int rt_tree_remove(int dirfd, const char *name, struct rt_err *err)
{
	for (int tries = 0;; tries++) {
		int fd = openat(dirfd, name, DIR_FLAGS), ret;

		if (fd < 0 && errno == ENOENT)
			return 0;
		if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
			return unlinkat(dirfd, name, 0) == 0 || errno == ENOENT ?
				       0 :
				       rt_err_sys(err, "cannot remove \"%s\"", name);
		if (fd < 0)
			return rt_err_sys(err, "cannot open \"%s\"", name);
		ret = rt_tree_walk(fd, remove_item, err, err);
		close(fd);
		if (ret < 0)
			return -1;
		if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if ((errno != ENOTEMPTY && errno != EEXIST) || tries == REMOVE_TRIES)
			return rt_err_sys(err, "cannot remove \"%s\"", name);
	}
}
