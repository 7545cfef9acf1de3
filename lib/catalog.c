/*
 * Runs of a runs folder: which are selected, and in what order. They are found
 * by catalog_scan.c and described by catalog_row.c, by several threads where
 * there are many. What a RUN argument means is in resolve.c.
 */
#include "catalog.h"
#include "catalog_row.h"
#include "fdio.h"
#include "rundir.h"
#include "scan.h"
#include "share.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define METADATA_MAX (1u << 20)
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define WORTH 256 /* runs that are worth a thread */
#define PORTION 64

/* What one thread found. */
struct part {
	struct rt_catalog found;
	struct rt_cache_news news;
	bool failed; /* for want of memory */
};

struct list {
	const char *runs_dir;
	const struct rt_selection *sel;
	const struct rt_unpacker *unpacker;
	bool states[RT_STATE_COUNT]; /* those that are selected */
	struct rt_places places;
	struct rt_cache cache;
	struct part parts[RT_SHARE_MAX];
};

static bool matches(char *const *globs, const char *text)
{
	if (!globs)
		return true;
	for (; *globs; globs++)
		if (fnmatch(*globs, text, 0) == 0)
			return true;
	return false;
}

/* One KEY=GLOB against the labels of an object, metadata.json or the like. */
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
	int fd = -1;

	if (!labels)
		return true;
	rt_buf_init(&metadata);
	if (row->labels)
		rt_buf_addf(&metadata, "{\"labels\":%s}", row->labels);
	else
		fd = open(row->path, DIR_FLAGS);
	if (fd >= 0 && rt_file_read(fd, RT_METADATA_FILE, &metadata, METADATA_MAX) < 0)
		rt_buf_clear(&metadata);
	for (; *labels && !match; labels++)
		match = has_label(rt_buf_view(&metadata), *labels);
	if (fd >= 0)
		close(fd);
	rt_buf_release(&metadata);
	return match;
}

static bool has_begun_in(const struct rt_selection *sel, int64_t started_ns, int64_t created_ns)
{
	int64_t began = started_ns ? started_ns : created_ns;

	return began >= sel->since_ns && began < sel->until_ns;
}

static bool selects(const struct list *l, const struct rt_row *row)
{
	const struct rt_selection *sel = l->sel;

	if (!sel)
		return true;
	return l->states[row->state] && has_begun_in(sel, row->started_ns, row->created_ns) &&
	       matches(sel->name, row->name) && matches(sel->group, row->group) &&
	       matches(sel->host, row->host) && matches_label(sel->label, row);
}

/* Whether what is cached cannot be selected, so that it need not be looked at. */
static bool is_ruled_out(const struct list *l, const struct rt_cached *run)
{
	return l->sel &&
	       (!l->states[run->state] || !has_begun_in(l->sel, run->started_ns, run->created_ns));
}

static int compare_newest_first(const void *a, const void *b)
{
	const struct rt_row *x = a, *y = b;
	int order = (y->created_ns > x->created_ns) - (y->created_ns < x->created_ns);

	return order ? order : strcmp(y->path, x->path);
}

/* Room for n more; false when there is no memory. */
static bool make_room(struct rt_catalog *c, size_t n)
{
	size_t cap = 2 * c->cap > c->n + n ? 2 * c->cap : c->n + n;
	struct rt_row *rows;

	if (c->cap - c->n >= n)
		return true;
	rows = realloc(c->rows, cap * sizeof(*rows));
	if (!rows)
		return false;
	c->rows = rows;
	c->cap = cap;
	return true;
}

/* 0: the row is in the part, or not to be there; -1: no memory. */
static int add_row(struct list *l, struct part *part, const struct rt_place *e)
{
	struct rt_row row = { .path = NULL };
	int ret;

	if (e->cached && is_ruled_out(l, e->cached))
		return 0;
	ret = make_room(&part->found, 1) ?
		      rt_row_load(&row, l->runs_dir, e, &l->cache, &part->news, l->unpacker) :
		      -1;
	part->found.unreadable += ret == 0;
	if (ret > 0 && selects(l, &row))
		part->found.rows[part->found.n++] = row;
	else
		rt_row_release(&row);
	return ret < 0 ? -1 : 0;
}

static void add_rows(void *arg, size_t worker, size_t from, size_t to)
{
	struct list *l = arg;
	struct part *part = &l->parts[worker];

	for (; from < to && !part->failed; from++)
		part->failed = add_row(l, part, &l->places.v[from]) < 0;
}

/* What all threads found, in *c and in the first part's news; false when memory runs out. */
static bool gather(struct list *l, struct rt_catalog *c)
{
	struct part *first = &l->parts[0];
	bool failed = first->failed;

	*c = first->found;
	c->unreadable += l->places.unreadable;
	for (size_t i = 1; i < RT_SHARE_MAX; i++) {
		struct part *part = &l->parts[i];
		size_t n = part->found.n;

		failed |= part->failed;
		if (n && make_room(c, n)) {
			memcpy(c->rows + c->n, part->found.rows, n * sizeof(*c->rows));
			c->n += n;
			part->found.n = 0;
		}
		failed |= part->found.n > 0;
		c->unreadable += part->found.unreadable;
		rt_catalog_release(&part->found);
		rt_buf_addv(&first->news.lines, rt_buf_view(&part->news.lines));
		first->news.lines.failed |= part->news.lines.failed;
		first->news.n += part->news.n;
		first->news.damaged |= part->news.damaged;
		rt_buf_release(&part->news.lines);
	}
	return !failed;
}

static void init(struct list *l, const char *runs_dir, const struct rt_selection *sel,
		 const struct rt_unpacker *unpacker)
{
	memset(l, 0, sizeof(*l));
	l->runs_dir = runs_dir;
	l->sel = sel;
	l->unpacker = unpacker;
	for (int i = 0; sel && i < RT_STATE_COUNT; i++)
		l->states[i] = matches(sel->status, rt_state_name((enum rt_state)i));
	for (size_t i = 0; i < RT_SHARE_MAX; i++)
		rt_buf_init(&l->parts[i].news.lines);
	rt_cache_init(&l->cache, runs_dir);
}

static int list_rows(struct list *l, struct rt_catalog *c, struct rt_err *err)
{
	size_t threads = rt_share_threads(l->places.n, WORTH);
	struct rt_cache_news *news = &l->parts[0].news;
	bool good;

	rt_share_run(l->places.n, PORTION, threads, add_rows, l);
	good = gather(l, c);
	rt_cache_save(&l->cache, l->runs_dir, news);
	rt_buf_release(&news->lines);
	if (!good) {
		rt_catalog_release(c);
		return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
	}
	if (c->n)
		qsort(c->rows, c->n, sizeof(*c->rows), compare_newest_first);
	return 0;
}

int rt_catalog_list(struct rt_catalog *c, const char *runs_dir, const struct rt_selection *sel,
		    const struct rt_unpacker *unpacker, struct rt_err *err)
{
	struct rt_cache *cache;
	struct list l;
	int ret;

	init(&l, runs_dir, sel, unpacker);
	cache = l.cache.there ? &l.cache : NULL;
	ret = rt_places_scan(&l.places, runs_dir, cache, err);
	if (ret == 0)
		ret = list_rows(&l, c, err);
	rt_places_release(&l.places);
	rt_cache_release(&l.cache);
	return ret;
}

bool rt_catalog_selects(const char *runs_dir, const char *name, const struct rt_selection *sel,
			const struct rt_unpacker *unpacker)
{
	const char *slash = strchr(name, '/');
	struct rt_place place = { .name = name,
				  .group = slash ? (uint16_t)(slash + 1 - name) : 0,
				  .n = (uint16_t)strlen(name) };
	struct rt_row row = { .path = NULL };
	struct list l;
	bool selected;

	init(&l, runs_dir, sel, unpacker);
	selected = rt_row_load(&row, runs_dir, &place, &l.cache, &l.parts[0].news, unpacker) > 0 &&
		   selects(&l, &row);
	rt_row_release(&row);
	rt_buf_release(&l.parts[0].news.lines);
	rt_cache_release(&l.cache);
	return selected;
}

void rt_catalog_release(struct rt_catalog *c)
{
	for (size_t i = 0; i < c->n; i++)
		rt_row_release(&c->rows[i]);
	free(c->rows);
	memset(c, 0, sizeof(*c));
}
