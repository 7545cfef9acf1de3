/* What artifacts a run has, in its directory and its archive. See artifact.h. */
#include "artifact.h"
#include "draft.h"
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Add a key, if it is one: a temporary file is none. */
static int add(struct rt_artifact_keys *keys, struct rt_str key, struct rt_err *err)
{
	char **v, *copy = strndup(key.p, key.n);

	if (copy && rt_key_check(copy, NULL) < 0) {
		free(copy);
		return 0;
	}
	v = copy ? realloc(keys->v, (keys->n + 1) * sizeof(*v)) : NULL;
	if (!v) {
		free(copy);
		return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	}
	keys->v = v;
	v[keys->n++] = copy;
	return 0;
}

/* The files of an open folder, and those of the folders in it. Takes the descriptor. */
static int add_folder(struct rt_artifact_keys *keys, int fd, const char *above, struct rt_err *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int ret = 0;

	if (!dir) {
		rt_err_sys(err, "cannot read \"%s/%s\"", RT_ARTIFACTS_DIR, above);
		close(fd);
		return -1;
	}
	while (ret == 0 && (entry = readdir(dir))) {
		char key[RT_KEY_MAX + 2], folder[RT_ID_MAX + 2];
		struct stat st;
		int sub;

		if (!rt_id_valid(rt_str(entry->d_name)) ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		snprintf(key, sizeof(key), "%s%.*s", above, RT_ID_MAX, entry->d_name);
		if (S_ISREG(st.st_mode))
			ret = add(keys, rt_str(key), err);
		if (!S_ISDIR(st.st_mode) || *above)
			continue;
		sub = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0 && errno != ENOENT)
			ret = rt_err_sys(err, "cannot read \"%s/%s\"", RT_ARTIFACTS_DIR, key);
		snprintf(folder, sizeof(folder), "%.*s/", RT_ID_MAX, entry->d_name);
		if (sub >= 0)
			ret = add_folder(keys, sub, folder, err);
	}
	closedir(dir);
	return ret;
}

static int add_archived(struct rt_artifact_keys *keys, struct rt_packed *a, struct rt_err *err)
{
	static const char above[] = RT_ARTIFACTS_DIR "/";
	const size_t n = sizeof(above) - 1;

	if (rt_packed_load(a) < 0) {
		*err = a->err;
		return -1;
	}
	for (size_t i = 0; i < a->n; i++) {
		struct rt_str name = a->v[i].name;

		if (name.n > n && memcmp(name.p, above, n) == 0 &&
		    add(keys, (struct rt_str){ name.p + n, name.n - n }, err) < 0)
			return -1;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What is in the directory and in the archive is one. */
static void sort_once(struct rt_artifact_keys *keys)
{
	size_t n = 0;

	if (keys->n)
		qsort(keys->v, keys->n, sizeof(*keys->v), compare);
	for (size_t i = 0; i < keys->n; i++) {
		if (n && strcmp(keys->v[n - 1], keys->v[i]) == 0)
			free(keys->v[i]);
		else
			keys->v[n++] = keys->v[i];
	}
	keys->n = n;
}

int rt_artifact_keys_load(struct rt_artifact_keys *keys, const struct rt_rundir *d,
			  struct rt_err *err)
{
	int store = -1, ret = 0;

	keys->v = NULL;
	keys->n = 0;
	errno = ENOENT;
	if (d->fd >= 0)
		store = openat(d->fd, RT_ARTIFACTS_DIR,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (store >= 0)
		ret = add_folder(keys, store, "", err);
	else if (errno != ENOENT)
		ret = rt_err_sys(err, "cannot read \"%s/%s\"", d->path, RT_ARTIFACTS_DIR);
	if (ret == 0 && d->archive)
		ret = add_archived(keys, d->archive, err);
	if (ret < 0)
		rt_artifact_keys_release(keys);
	else
		sort_once(keys);
	return ret;
}

static int sweep(void *arg, const struct rt_tree_item *item)
{
	(void)arg;
	if (S_ISREG(item->st.st_mode))
		rt_draft_sweep(item->dirfd, item->name);
	return 0;
}

void rt_artifact_sweep(const struct rt_rundir *d)
{
	int store = openat(d->fd, RT_ARTIFACTS_DIR,
			   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (store < 0)
		return;
	rt_tree_walk(store, sweep, NULL, NULL);
	close(store);
}

void rt_artifact_keys_release(struct rt_artifact_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		free(keys->v[i]);
	free(keys->v);
	keys->v = NULL;
	keys->n = 0;
}
