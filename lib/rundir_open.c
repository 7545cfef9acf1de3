/* Runs and their archives: opening one to read it, what of it is archived. See rundir.h. */
#include "packed.h"
#include "rundir.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_regular(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static bool is_link(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

const char *rt_rundir_archive(int dirfd)
{
	static const char *const names[] = { RT_PACKED_GZ, RT_PACKED_ZST };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (is_regular(dirfd, names[i]))
			return names[i];
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (faccessat(dirfd, names[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return names[i];
	return NULL;
}

/*
 * The archive in an open directory, if there is one: a regular file, nothing that
 * a link leads to. What else has its name is an error only where nothing else
 * says that this is a run, so that nobody hides a run by putting it there.
 */
int rt_rundir_adopt(struct rt_rundir *d, const struct rt_unpacker *unpacker, struct rt_err *err)
{
	const char *name = unpacker ? rt_rundir_archive(d->fd) : NULL;
	char *path;

	if (!name)
		return 0;
	if (!is_regular(d->fd, name)) {
		if (is_regular(d->fd, RT_STATUS_FILE) || is_regular(d->fd, RT_EVENTS_FILE))
			return 0;
		return rt_err_set(err, RT_ERR_FAILURE, "\"%s/%s\" is %s", d->path, name,
				  is_link(d->fd, name) ?
					  "a symbolic link, which rt does not follow" :
					  "no regular file");
	}
	if (asprintf(&path, "%s/%s", d->path, name) < 0)
		path = NULL;
	d->archive = rt_packed_new(unpacker, path);
	return d->archive ? 0 : rt_err_set(err, RT_ERR_FAILURE, "out of memory");
}

/* A run that is nothing but an archive. */
static int open_packed(struct rt_rundir *d, const char *path, const struct rt_unpacker *unpacker,
		       struct rt_err *err)
{
	char *whole = realpath(path, NULL);

	*d = (struct rt_rundir){ .fd = -1, .path = whole };
	if (!whole)
		return rt_err_sys(err, "cannot open run \"%s\"", path);
	rt_packed_id(whole, d->id);
	d->archive = rt_packed_new(unpacker, strdup(whole));
	if (d->archive)
		return 0;
	rt_rundir_release(d);
	return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
}

int rt_rundir_open_reader(struct rt_rundir *d, const char *path, const struct rt_unpacker *unpacker,
			  struct rt_err *err)
{
	struct stat st;

	if (unpacker && stat(path, &st) == 0 && S_ISREG(st.st_mode))
		return open_packed(d, path, unpacker, err);
	if (rt_rundir_open(d, path, err) < 0)
		return -1;
	if (rt_rundir_adopt(d, unpacker, err) == 0)
		return 0;
	rt_rundir_release(d);
	return -1;
}

bool rt_rundir_packed(const struct rt_rundir *d)
{
	return d->archive &&
	       (d->fd < 0 || faccessat(d->fd, RT_EVENTS_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0);
}

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* ".NAME.tmp": a next version being written, or one that never was finished. */
static bool is_temporary(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && name[0] == '.' && strcmp(name + n - 4, ".tmp") == 0;
}

enum rt_part rt_rundir_part(const char *path)
{
	static const char *const of_now[] = { RT_ALIVE_FILE, RT_SOCKET_FILE, RT_ARCHIVE_FILE,
					      RT_PACKED_GZ,  RT_PACKED_ZST,  NULL };
	static const char *const for_lists[] = { RT_STATUS_FILE, RT_METADATA_FILE, NULL };
	/* as the .gitignore of a runs folder has them, in any folder */
	static const char *const tracked[] = { RT_SUMMARY_FILE, RT_SUMMARY_MD_FILE, RT_INDEX_FILE,
					       ".gitignore", NULL };
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	if (is_temporary(name) || (!slash && is_one_of(name, of_now)))
		return RT_PART_NONE;
	if (is_one_of(name, tracked))
		return slash ? RT_PART_KEPT : RT_PART_BESIDE;
	return !slash && is_one_of(name, for_lists) ? RT_PART_KEPT : RT_PART_PACKED;
}
