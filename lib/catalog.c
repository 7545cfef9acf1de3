/*
 * Runs of a runs folder: found by looking through its directories, described by
 * their status.json. What a RUN argument means is in resolve.c.
 */
#include "catalog.h"
#include "catalog_row.h"
#include "clock.h"
#include "fdio.h"
#include "record.h"
#include "rundir.h"
#include "scan.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define METADATA_MAX (1u << 20)
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

static int no_memory(struct rt_err *err)
{
	return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
}

static int add_place(struct rt_places *e, const char *group, const char *id,
		     const struct rt_place *known)
{
	size_t at = group ? strlen(group) + 1 : 0, len = strlen(id);
	struct rt_place *v;

	if (e->n == e->cap) {
		size_t cap = e->cap ? 2 * e->cap : 64;

		v = realloc(e->v, cap * sizeof(*v));
		if (!v)
			return -1;
		e->v = v;
		e->cap = cap;
	}
	v = &e->v[e->n];
	*v = *known;
	v->name = malloc(at + len + 1);
	if (!v->name)
		return -1;
	if (group) {
		memcpy(v->name, group, at - 1);
		v->name[at - 1] = '/';
	}
	memcpy(v->name + at, id, len + 1);
	v->id = v->name + at;
	e->n++;
	return 0;
}

/* Whether what readdir found can be a run or a group: a directory itself, no link to one. */
static bool is_candidate(int dirfd, const struct dirent *d)
{
	struct stat st;

	if (!rt_id_valid(rt_str(d->d_name)))
		return false;
	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR;
	return fstatat(dirfd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* What the cache knows of a directory, as it is now. */
static void look_up(struct rt_cache *cache, int dirfd, const char *group, const char *id,
		    struct rt_place *known)
{
	char name[2 * RT_ID_MAX + 2];
	struct stat st;
	int n;

	memset(known, 0, sizeof(*known));
	if (!cache || fstatat(dirfd, id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	n = snprintf(name, sizeof(name), "%s%s%s", group ? group : "", group ? "/" : "", id);
	known->mark = rt_dir_mark(&st);
	known->cached = rt_cache_find(cache, (struct rt_str){ name, (size_t)n }, known->mark);
}

/* Add the runs in dirfd, which it closes; `group` is NULL at the top, where groups are entered. */
static int scan_dir(struct rt_places *e, int dirfd, const char *group, struct rt_cache *cache,
		    struct rt_err *err)
{
	DIR *dir = fdopendir(dirfd);
	struct rt_place known;
	struct dirent *d;
	int ret = 0;

	if (!dir) {
		close(dirfd);
		return no_memory(err);
	}
	while (ret == 0 && (d = readdir(dir)) != NULL) {
		if (!is_candidate(dirfd, d))
			continue;
		look_up(cache, dirfd, group, d->d_name, &known);
		if (known.cached || rt_rundir_is_run(dirfd, d->d_name)) {
			ret = add_place(e, group, d->d_name, &known) < 0 ? no_memory(err) : 0;
		} else if (!group) {
			int fd = openat(dirfd, d->d_name, DIR_FLAGS | O_NOFOLLOW);

			if (fd >= 0)
				ret = scan_dir(e, fd, d->d_name, cache, err);
			else if (errno != ENOENT)
				e->unreadable++;
		}
	}
	closedir(dir);
	return ret;
}

int rt_places_scan(struct rt_places *e, const char *runs_dir, struct rt_cache *cache,
		   struct rt_err *err)
{
	int fd = open(runs_dir, DIR_FLAGS);

	memset(e, 0, sizeof(*e));
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return rt_err_sys(err, "cannot read the runs folder \"%s\"", runs_dir);
	if (scan_dir(e, fd, NULL, cache, err) < 0) {
		rt_places_release(e);
		return -1;
	}
	return 0;
}

void rt_places_release(struct rt_places *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->v[i].name);
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

static bool matches(char *const *globs, const char *text)
{
	if (!globs)
		return true;
	for (; *globs; globs++)
		if (fnmatch(*globs, text, 0) == 0)
			return true;
	return false;
}

/* One KEY=GLOB against metadata.json's labels. */
static bool has_label(struct rt_str metadata, const char *label)
{
	size_t n = strcspn(label, "=");
	struct rt_buf path, text;
	struct rt_json value;
	bool has;

	rt_buf_init(&path);
	rt_buf_init(&text);
	rt_buf_adds(&path, "labels.");
	rt_buf_add(&path, label, n);
	has = rt_scan_find(metadata, rt_buf_view(&path), &value);
	if (has && label[n]) {
		rt_json_text(&value, &text);
		has = fnmatch(label + n + 1, text.s, 0) == 0;
	}
	rt_buf_release(&path);
	rt_buf_release(&text);
	return has;
}

static bool matches_label(char *const *labels, const struct rt_row *row)
{
	struct rt_buf metadata;
	bool match = false;
	int fd;

	if (!labels)
		return true;
	rt_buf_init(&metadata);
	fd = open(row->path, DIR_FLAGS);
	if (fd >= 0 && rt_file_read(fd, RT_METADATA_FILE, &metadata, METADATA_MAX) == 0)
		for (; *labels && !match; labels++)
			match = has_label(rt_buf_view(&metadata), *labels);
	if (fd >= 0)
		close(fd);
	rt_buf_release(&metadata);
	return match;
}

static bool selects(const struct rt_selection *sel, const struct rt_row *row)
{
	int64_t began = row->started_ns ? row->started_ns : row->created_ns;

	if (!sel)
		return true;
	return matches(sel->name, row->name) && matches(sel->group, row->group) &&
	       matches(sel->status, rt_state_name(row->state)) && matches(sel->host, row->host) &&
	       began >= sel->since_ns && began < sel->until_ns && matches_label(sel->label, row);
}

static int compare_newest_first(const void *a, const void *b)
{
	const struct rt_row *x = a, *y = b;
	int order = (y->created_ns > x->created_ns) - (y->created_ns < x->created_ns);

	return order ? order : strcmp(y->path, x->path);
}

/* Whether what is cached cannot be selected, so that it need not be looked at. */
static bool is_ruled_out(const struct rt_selection *sel, const struct rt_cached *run)
{
	int64_t began = run->started_ns ? run->started_ns : run->created_ns;

	return sel && (!matches(sel->status, rt_state_name(run->state)) || began < sel->since_ns ||
		       began >= sel->until_ns);
}

/* Room for one more; false when there is no memory. */
static bool make_room(struct rt_catalog *c)
{
	size_t cap = c->cap ? 2 * c->cap : 64;
	struct rt_row *rows;

	if (c->n < c->cap)
		return true;
	rows = realloc(c->rows, cap * sizeof(*rows));
	if (!rows)
		return false;
	c->rows = rows;
	c->cap = cap;
	return true;
}

/* 0: the row is in the catalog, or not to be there; -1: no memory. */
static int add_row(struct rt_catalog *c, const char *runs_dir, struct rt_cache *cache,
		   const struct rt_place *e, const struct rt_selection *sel)
{
	struct rt_row row = { .path = NULL };
	int ret;

	if (e->cached && is_ruled_out(sel, e->cached))
		return 0;
	ret = make_room(c) ? rt_row_load(&row, runs_dir, e, cache) : -1;
	c->unreadable += ret == 0;
	if (ret > 0 && selects(sel, &row))
		c->rows[c->n++] = row;
	else
		rt_row_release(&row);
	return ret < 0 ? -1 : 0;
}

int rt_catalog_list(struct rt_catalog *c, const char *runs_dir, const struct rt_selection *sel,
		    struct rt_err *err)
{
	struct rt_places places;
	struct rt_cache cache, *known;
	int ret = 0;

	memset(c, 0, sizeof(*c));
	known = rt_cache_load(&cache, runs_dir) ? &cache : NULL;
	if (rt_places_scan(&places, runs_dir, known, err) < 0) {
		rt_cache_release(&cache);
		return -1;
	}
	c->unreadable = places.unreadable;
	for (size_t i = 0; i < places.n && ret == 0; i++)
		ret = add_row(c, runs_dir, known, &places.v[i], sel);
	rt_places_release(&places);
	rt_cache_save(&cache, runs_dir);
	rt_cache_release(&cache);
	if (ret < 0) {
		rt_catalog_release(c);
		return no_memory(err);
	}
	if (c->n)
		qsort(c->rows, c->n, sizeof(*c->rows), compare_newest_first);
	return 0;
}

void rt_catalog_release(struct rt_catalog *c)
{
	for (size_t i = 0; i < c->n; i++)
		rt_row_release(&c->rows[i]);
	free(c->rows);
	memset(c, 0, sizeof(*c));
}
