/* The table `artifacts`: the regular files of a run's artifact store, in the order of their keys. */
#include "sql.h"
#include "clock.h"
#include "die.h"

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
	[MODIFIED_AT] = { "modified_at", "TEXT", "UTC, as 2026-07-01T12:00:00.000+00:00" },
	[PATH] = { "path", "TEXT", "" },
	{ .name = NULL },
};
/* clang-format on */

static void add(struct artifacts_cursor *c, const char *folder, const char *name,
		const struct stat *st)
{
	struct artifact *a;

	c->v = xrealloc(c->v, (c->n + 1) * sizeof(*c->v));
	a = &c->v[c->n++];
	a->key = xasprintf("%s%s", folder, name);
	a->size = st->st_size;
	a->modified_ns = st->st_mtim.tv_sec * RT_NS_PER_S + st->st_mtim.tv_nsec;
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
		add(c, folder, name, &st);
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
	if (c->n)
		qsort(c->v, c->n, sizeof(*c->v), compare_keys);
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
