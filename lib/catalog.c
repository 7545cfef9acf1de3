/*
 * Runs of a runs folder: found by looking through its directories, described by
 * their status.json. What a RUN argument means is in resolve.c.
 */
#include "catalog.h"
#include "catalog_scan.h"
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

static int add_place(struct rt_places *e, const char *group, const char *id)
{
	struct rt_place *v = realloc(e->v, (e->n + 1) * sizeof(*v));
	size_t at = group ? strlen(group) + 1 : 0, len = strlen(id);

	if (!v)
		return -1;
	e->v = v;
	v += e->n;
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

/* Add the runs in dirfd, which it closes; `group` is NULL at the top, where groups are entered. */
static int scan_dir(struct rt_places *e, int dirfd, const char *group, struct rt_err *err)
{
	DIR *dir = fdopendir(dirfd);
	struct dirent *d;
	int ret = 0;

	if (!dir) {
		close(dirfd);
		return no_memory(err);
	}
	while (ret == 0 && (d = readdir(dir)) != NULL) {
		if (!is_candidate(dirfd, d))
			continue;
		if (rt_rundir_is_run(dirfd, d->d_name)) {
			ret = add_place(e, group, d->d_name) < 0 ? no_memory(err) : 0;
		} else if (!group) {
			int fd = openat(dirfd, d->d_name, DIR_FLAGS | O_NOFOLLOW);

			if (fd >= 0)
				ret = scan_dir(e, fd, d->d_name, err);
			else if (errno != ENOENT)
				e->unreadable++;
		}
	}
	closedir(dir);
	return ret;
}

int rt_places_scan(struct rt_places *e, const char *runs_dir, struct rt_err *err)
{
	int fd = open(runs_dir, DIR_FLAGS);

	memset(e, 0, sizeof(*e));
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return rt_err_sys(err, "cannot read the runs folder \"%s\"", runs_dir);
	if (scan_dir(e, fd, NULL, err) < 0) {
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

static void row_release(struct rt_row *row)
{
	char *const strings[] = { row->path, row->id,    row->group,   row->name,
				  row->host, row->stage, row->percent, row->error };

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		free(strings[i]);
}

/* From the start to the end, or to now; of one that died to what was heard of it last. */
static int64_t duration_ms(const struct rt_row *row, int64_t now_ns)
{
	int64_t from = row->started_ns ? row->started_ns : row->created_ns;
	int64_t to = row->finished_ns ? row->finished_ns : now_ns;

	if (row->state == RT_LOST || (rt_state_over(row->state) && !row->finished_ns))
		to = row->updated_ns;
	if (!from || !to || row->state == RT_PENDING)
		return -1;
	return to > from ? (to - from) / RT_NS_PER_MS : 0;
}

/* What the status says; false when memory runs out. */
static bool fill_row(struct rt_row *row, const struct rt_place *e, const struct rt_status *st)
{
	size_t group = (size_t)(e->id - e->name);

	row->id = strdup(e->id);
	row->group = group ? strndup(e->name, group - 1) : strdup(st->group.s);
	row->name = strdup(st->name.s);
	row->host = strdup(st->host.s);
	row->stage = strdup(st->stage.s);
	row->percent = strdup(st->percent.s);
	row->error = strdup(st->error.s);
	row->created_ns = st->created_ns ? st->created_ns :
			  st->started_ns ? st->started_ns :
					   st->updated_ns;
	row->started_ns = st->started_ns;
	row->finished_ns = st->finished_ns;
	row->updated_ns = st->updated_ns;
	row->exit_code = st->exit_code;
	row->n_events = st->n_events;
	row->n_warnings = st->n_warnings;
	row->n_errors = st->n_errors;
	row->usage = *rt_ledger_total(st->ledger);
	return row->path && row->id && row->group && row->name && row->host && row->stage &&
	       row->percent && row->error;
}

/* Read the run into a row. 1: done, 0: there is nothing to be read, -1: no memory. */
static int load_row(struct rt_row *row, const char *runs_dir, const struct rt_place *e,
		    int64_t now_ns)
{
	struct rt_rundir dir;
	struct rt_status st;
	int ret = -1;

	memset(row, 0, sizeof(*row));
	row->path = rt_place_path(runs_dir, e->name);
	if (!row->path || rt_status_init(&st) < 0) {
		free(row->path);
		return -1;
	}
	if (rt_rundir_open(&dir, row->path, NULL) < 0) {
		ret = 0;
		goto out;
	}
	if (rt_status_load(&st, &dir, NULL) < 0) {
		ret = 0;
	} else if (fill_row(row, e, &st)) {
		row->state = rt_status_derive(&st, dir.fd, now_ns);
		row->duration_ms = duration_ms(row, now_ns);
		ret = 1;
	}
	rt_rundir_release(&dir);
out:
	rt_status_release(&st);
	if (ret <= 0)
		row_release(row);
	return ret;
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

/* 0: the row is in the catalog, or not to be there; -1: no memory. */
static int add_row(struct rt_catalog *c, const char *runs_dir, const struct rt_place *e,
		   const struct rt_selection *sel, int64_t now_ns)
{
	struct rt_row row, *rows;
	int ret = load_row(&row, runs_dir, e, now_ns);

	if (ret <= 0) {
		c->unreadable += ret == 0;
		return ret;
	}
	if (!selects(sel, &row)) {
		row_release(&row);
		return 0;
	}
	rows = realloc(c->rows, (c->n + 1) * sizeof(*rows));
	if (!rows) {
		row_release(&row);
		return -1;
	}
	c->rows = rows;
	c->rows[c->n++] = row;
	return 0;
}

int rt_catalog_list(struct rt_catalog *c, const char *runs_dir, const struct rt_selection *sel,
		    struct rt_err *err)
{
	int64_t now_ns = rt_clock_now_ns();
	struct rt_places places;
	int ret = 0;

	memset(c, 0, sizeof(*c));
	if (rt_places_scan(&places, runs_dir, err) < 0)
		return -1;
	c->unreadable = places.unreadable;
	for (size_t i = 0; i < places.n && ret == 0; i++)
		ret = add_row(c, runs_dir, &places.v[i], sel, now_ns);
	rt_places_release(&places);
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
		row_release(&c->rows[i]);
	free(c->rows);
	memset(c, 0, sizeof(*c));
}

static void add_text(struct rt_buf *out, const char *key, const char *text)
{
	if (!*text)
		return;
	rt_buf_addf(out, ",\"%s\":", key);
	rt_json_quote(out, rt_str(text));
}

static void add_time(struct rt_buf *out, const char *key, int64_t ns)
{
	char text[RT_TS_LEN + 1];

	if (!ns)
		return;
	rt_clock_format(text, ns);
	add_text(out, key, text);
}

static void add_usage(struct rt_buf *out, const struct rt_usage *usage)
{
	if (usage->total)
		rt_buf_addf(out, ",\"tokens\":{\"prompt\":%lld,\"completion\":%lld,\"total\":%lld}",
			    (long long)usage->prompt, (long long)usage->completion,
			    (long long)usage->total);
	if (usage->cost_usd > 0)
		rt_buf_addf(out, ",\"cost_usd\":%.10g", usage->cost_usd);
}

void rt_row_json(const struct rt_row *row, struct rt_buf *out)
{
	rt_buf_adds(out, "{\"run_id\":");
	rt_json_quote(out, rt_str(row->id));
	add_text(out, "status", rt_state_name(row->state));
	add_time(out, "created_at", row->created_ns);
	add_time(out, "updated_at", row->updated_ns);
	add_text(out, "name", row->name);
	add_text(out, "group", row->group);
	add_time(out, "started_at", row->started_ns);
	add_time(out, "finished_at", row->finished_ns);
	if (row->duration_ms >= 0)
		rt_buf_addf(out, ",\"duration_ms\":%lld", (long long)row->duration_ms);
	add_text(out, "stage", row->stage);
	if (rt_json_is_number(rt_str(row->percent)))
		rt_buf_addf(out, ",\"percent\":%s", row->percent);
	if (row->exit_code >= 0)
		rt_buf_addf(out, ",\"exit_code\":%d", row->exit_code);
	add_text(out, "error", row->error);
	add_text(out, "host", row->host);
	rt_buf_addf(out, ",\"counts\":{\"events\":%lld,\"warnings\":%lld,\"errors\":%lld}",
		    (long long)row->n_events, (long long)row->n_warnings, (long long)row->n_errors);
	add_usage(out, &row->usage);
	add_text(out, "path", row->path);
	rt_buf_addc(out, '}');
}
