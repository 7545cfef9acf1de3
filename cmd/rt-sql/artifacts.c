/*
 * The table `artifacts`: the regular files of a run's artifact store, and of that in its
 * archive, in the order of their keys.
 */
#include "sql.h"
#include "clock.h"
#include "die.h"
#include "fdio.h"
#include "id.h"
#include "packed.h"
#include "rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE "artifacts"

struct artifact {
	char *key;
	int64_t size, modified_ns;
	bool archived; /* there is no file of it, nor a time */
};

struct artifacts_cursor {
	struct sql_cursor base;
	struct artifact *v;
	size_t n, at; /* at: behind the one at hand */
};

enum { RUN_ID, KEY, SIZE_BYTES, MODIFIED_AT, PATH };

/* clang-format off */
static const struct sql_column columns[] = {
	[RUN_ID] = { "run_id", "TEXT", "" },
	[KEY] = { "key", "TEXT", "" },
	[SIZE_BYTES] = { "size_bytes", "INTEGER", "bytes" },
	[MODIFIED_AT] = { "modified_at", "TEXT",
			  "UTC, as 2026-07-01T12:00:00.000+00:00; NULL in an archive" },
	[PATH] = { "path", "TEXT", "its file; NULL in an archive" },
	{ .name = NULL },
};
/* clang-format on */

static void add(struct artifacts_cursor *c, struct artifact a)
{
	c->v = xrealloc(c->v, (c->n + 1) * sizeof(*c->v));
	c->v[c->n++] = a;
}

/* Say that a folder of the store cannot be read, and leave it at that if it is just not there. */
static void cannot_list(struct artifacts_cursor *c, const char *folder)
{
	char *why;

	if (errno == ENOENT || errno == ELOOP || errno == ENOTDIR)
		return;
	why = xasprintf("cannot read \"%s/%s%s%.*s\": %s", c->base.source.dir, STORE,
			*folder ? "/" : "", (int)strcspn(folder, "/"), folder, strerror(errno));
	cursor_failed(&c->base, why);
	free(why);
}

static void list(struct artifacts_cursor *c, int fd, const char *folder);

/* A regular file, or a folder of them in the store itself. */
static void list_entry(struct artifacts_cursor *c, DIR *dir, const char *folder, const char *name)
{
	struct stat st;
	char *below;

	if (fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		cannot_list(c, folder);
	} else if (S_ISREG(st.st_mode)) {
		add(c, (struct artifact){ .key = xasprintf("%s%s", folder, name),
					  .size = st.st_size,
					  .modified_ns = rt_mtime_ns(&st) });
	} else if (S_ISDIR(st.st_mode) && !*folder) {
		below = xasprintf("%s/", name);
		list(c, openat(dirfd(dir), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
		     below);
		free(below);
	}
}

/* The files of a folder, which is closed; a key has at most one "/". No link is followed. */
static void list(struct artifacts_cursor *c, int fd, const char *folder)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		cannot_list(c, folder);
		if (fd >= 0)
			close(fd);
		return;
	}
	for (;;) {
		errno = 0;
		e = readdir(dir);
		if (!e)
			break;
		if (e->d_name[0] != '.')
			list_entry(c, dir, folder, e->d_name);
	}
	if (errno)
		cannot_list(c, folder);
	closedir(dir);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct artifact *)a)->key, ((const struct artifact *)b)->key);
}

static void sort(struct artifacts_cursor *c)
{
	if (c->n)
		qsort(c->v, c->n, sizeof(*c->v), compare_keys);
}

/* What is in the archive alone: the n that were found in the directory count, and are sorted. */
static void list_packed(struct artifacts_cursor *c, struct rt_packed *archive, size_t n)
{
	static const char above[] = STORE "/";
	const size_t skip = sizeof(above) - 1;

	if (rt_packed_load(archive) < 0 || archive->err.kind != RT_ERR_NONE)
		cursor_failed(&c->base, archive->err.msg);
	for (size_t i = 0; i < archive->n; i++) {
		struct rt_str name = archive->v[i].name;
		struct artifact a = { .size = archive->v[i].size, .archived = true };

		if (name.n <= skip || memcmp(name.p, above, skip) != 0)
			continue;
		a.key = xstrndup(name.p + skip, name.n - skip);
		if (rt_key_check(a.key, NULL) == 0 &&
		    !(n && bsearch(&a, c->v, n, sizeof(*c->v), compare_keys)))
			add(c, a);
		else
			free(a.key);
	}
}

static void list_archived(struct artifacts_cursor *c)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_rundir dir;

	if (rt_rundir_open_reader(&dir, c->base.source.dir, &c->base.source.unpack->unpacker,
				  &err) < 0) {
		cursor_failed(&c->base, err.msg);
		return;
	}
	if (dir.archive) {
		sort(c);
		list_packed(c, dir.archive, c->n);
	}
	rt_rundir_release(&dir);
}

static bool begin(struct sql_cursor *base)
{
	struct artifacts_cursor *c = (struct artifacts_cursor *)base;
	char *path;

	if (!base->source.dir)
		return false;
	c->v = NULL;
	c->n = c->at = 0;
	path = xasprintf("%s/%s", base->source.dir, STORE);
	list(c, open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), "");
	free(path);
	list_archived(c);
	sort(c);
	return true;
}

static bool next(struct sql_cursor *base)
{
	struct artifacts_cursor *c = (struct artifacts_cursor *)base;

	base->place = (off_t)c->at;
	return c->at < c->n && ++c->at;
}

static void end(struct sql_cursor *base)
{
	struct artifacts_cursor *c = (struct artifacts_cursor *)base;

	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].key);
	free(c->v);
}

static void column(struct sql_cursor *base, sqlite3_context *to, int n)
{
	struct artifacts_cursor *c = (struct artifacts_cursor *)base;
	const struct artifact *a = &c->v[c->at - 1];
	char *path;

	switch (n) {
	case RUN_ID:
		value_text(to, rt_str(base->source.run_id));
		break;
	case KEY:
		value_text(to, rt_str(a->key));
		break;
	case SIZE_BYTES:
		sqlite3_result_int64(to, a->size);
		break;
	case MODIFIED_AT:
		value_time(to, a->modified_ns);
		break;
	case PATH:
		if (a->archived)
			break;
		path = xasprintf("%s/%s/%s", base->source.dir, STORE, a->key);
		sqlite3_result_text(to, path, -1, free);
		break;
	}
}

const struct sql_table sql_artifacts = {
	.name = "artifacts",
	.about = "the files that runs keep",
	.columns = columns,
	.cursor_size = sizeof(struct artifacts_cursor),
	.rows = 10,
	.begin = begin,
	.next = next,
	.column = column,
	.end = end,
};
