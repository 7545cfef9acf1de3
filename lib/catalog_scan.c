/*
 * The directories of a runs folder: which of them are runs, and whether they are
 * as they were cached. In large folders several threads ask, since each answer
 * is a system call or more; while one reads the folder another reads the cache.
 */
#include "catalog_scan.h"
#include "id.h"
#include "rundir.h"
#include "share.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define NAMES_BYTES (64u << 10)
#define LARGE_CACHE (1u << 20) /* bytes that are worth a thread */
#define WORTH 1000             /* directories that are */
#define PORTION 256

struct rt_names {
	struct rt_names *next;
	size_t used;
	char text[NAMES_BYTES];
};

struct scan {
	struct rt_places *e;
	const char *runs_dir;
	struct rt_cache *cache;
	int fd;       /* of the runs folder */
	size_t first; /* of the places that are looked at now */
	int ret;
	struct rt_err *err;
};

static int no_memory(struct rt_err *err)
{
	return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
}

/* Room for n bytes, NULL when memory runs out. */
static char *add_name(struct rt_places *e, size_t n)
{
	struct rt_names *names = e->names;

	if (!names || NAMES_BYTES - names->used < n) {
		names = malloc(sizeof(*names));
		if (!names)
			return NULL;
		names->next = e->names;
		names->used = 0;
		e->names = names;
	}
	names->used += n;
	return names->text + names->used - n;
}

static int add_place(struct rt_places *e, struct rt_str group, struct rt_str id)
{
	size_t at = group.n ? group.n + 1 : 0;
	struct rt_place *v;
	char *name;

	if (e->n == e->cap) {
		size_t cap = e->cap ? 2 * e->cap : 64;

		v = realloc(e->v, cap * sizeof(*v));
		if (!v)
			return -1;
		e->v = v;
		e->cap = cap;
	}
	name = add_name(e, at + id.n + 1);
	if (!name)
		return -1;
	if (at) {
		memcpy(name, group.p, group.n);
		name[at - 1] = '/';
	}
	memcpy(name + at, id.p, id.n);
	name[at + id.n] = '\0';
	e->v[e->n++] = (struct rt_place){ .name = name,
					  .group = (uint16_t)at,
					  .n = (uint16_t)(at + id.n) };
	return 0;
}

/* Add what may be runs or groups in the directory fd, which is closed: no links to any. */
static int read_dir(struct rt_places *e, int fd, struct rt_str group, struct rt_err *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *d;
	int ret = 0;

	if (!dir) {
		close(fd);
		return no_memory(err);
	}
	/* a directory that breaks off would else be one that ends */
	for (errno = 0; ret == 0 && (d = readdir(dir)) != NULL; errno = 0) {
		struct rt_str id = rt_str(d->d_name);

		if ((d->d_type == DT_DIR || d->d_type == DT_UNKNOWN) && rt_id_valid(id))
			ret = add_place(e, group, id) < 0 ? no_memory(err) : 0;
	}
	e->unreadable += errno != 0;
	closedir(dir);
	return ret;
}

static int read_top(struct scan *s)
{
	int fd = openat(s->fd, ".", DIR_FLAGS);

	if (fd < 0)
		return rt_err_sys(s->err, "cannot read the runs folder \"%s\"", s->runs_dir);
	return read_dir(s->e, fd, (struct rt_str){ NULL, 0 }, s->err);
}

/* The two things that begin a scan, for threads: neither needs the other. */
static void read_both(void *arg, size_t worker, size_t from, size_t to)
{
	struct scan *s = arg;

	(void)worker;
	for (; from < to; from++) {
		if (from == 0)
			s->ret = read_top(s);
		else
			rt_cache_load(s->cache, s->runs_dir);
	}
}

/* Whether it is as it was cached. */
static bool is_known(const struct scan *s, struct rt_place *e, size_t *hint)
{
	struct stat st;

	if (!s->cache || fstatat(s->fd, e->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISDIR(st.st_mode))
		return false;
	e->mark = rt_dir_mark(&st);
	e->cached = rt_cache_find(s->cache, (struct rt_str){ e->name, e->n }, e->mark, hint);
	return e->cached != NULL;
}

static void look_at(void *arg, size_t worker, size_t from, size_t to)
{
	const struct scan *s = arg;
	size_t hint = from;

	(void)worker;
	for (; from < to; from++) {
		struct rt_place *e = &s->e->v[s->first + from];

		e->kind = is_known(s, e, &hint) || rt_rundir_is_run(s->fd, e->name) ?
				  RT_PLACE_RUN :
				  RT_PLACE_OTHER;
	}
}

/* Find out about the places from `first` on. */
static void look_at_all(struct scan *s, size_t first)
{
	size_t n = s->e->n - first;

	s->first = first;
	rt_share_run(n, PORTION, rt_share_threads(n, WORTH), look_at, s);
}

/* What is in the folders that are no runs. */
static int read_groups(struct scan *s)
{
	size_t top = s->e->n;
	int ret = 0;

	for (size_t i = 0; i < top && ret == 0; i++) {
		const struct rt_place *e = &s->e->v[i];
		struct rt_str name = { e->name, e->n };
		int fd;

		if (e->kind != RT_PLACE_OTHER)
			continue;
		fd = openat(s->fd, e->name, DIR_FLAGS | O_NOFOLLOW);
		if (fd >= 0)
			ret = read_dir(s->e, fd, name, s->err);
		else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			s->e->unreadable++;
	}
	if (ret == 0)
		look_at_all(s, top);
	return ret;
}

static void keep_runs(struct rt_places *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		if (e->v[i].kind == RT_PLACE_RUN)
			e->v[n++] = e->v[i];
	e->n = n;
}

int rt_places_scan(struct rt_places *e, const char *runs_dir, struct rt_cache *cache,
		   struct rt_err *err)
{
	struct scan s = { .e = e, .runs_dir = runs_dir, .cache = cache, .err = err };
	size_t threads = cache && rt_cache_size(runs_dir) > LARGE_CACHE ? 2 : 1;

	memset(e, 0, sizeof(*e));
	s.fd = open(runs_dir, DIR_FLAGS);
	if (s.fd < 0 && errno == ENOENT)
		return 0;
	if (s.fd < 0)
		return rt_err_sys(err, "cannot read the runs folder \"%s\"", runs_dir);
	rt_share_run(cache ? 2 : 1, 1, threads, read_both, &s);
	if (s.ret == 0) {
		look_at_all(&s, 0);
		s.ret = read_groups(&s);
	}
	close(s.fd);
	keep_runs(e);
	if (s.ret < 0)
		rt_places_release(e);
	return s.ret;
}

void rt_places_release(struct rt_places *e)
{
	while (e->names) {
		struct rt_names *names = e->names;

		e->names = names->next;
		free(names);
	}
	free(e->v);
	memset(e, 0, sizeof(*e));
}

char *rt_place_path(const char *runs_dir, const char *name)
{
	size_t n = strlen(runs_dir), len = strlen(name);
	char *path = malloc(n + len + 2);

	if (!path)
		return NULL;
	memcpy(path, runs_dir, n);
	path[n] = '/';
	memcpy(path + n + 1, name, len + 1);
	return path;
}
