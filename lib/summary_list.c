/*
 * INDEX.md: the runs of a folder, as Markdown for git. First how each name does,
 * then the latest runs. Only what has ended is in it: how a run that goes on
 * stands depends on when one looks.
 */
#include "summary_model.h"

#include "catalog.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define NAMES_MAX 100 /* names, the latest ones */
#define RUNS_MAX 50   /* runs, the latest ones */
#define JUDGED 20     /* runs of a name that its figures are of */

/* How the last runs of a name ended. */
struct named {
	const struct rt_row *last;
	size_t runs, judged, passed, n_ms;
	int64_t ms[JUDGED]; /* of those that passed */
};

static bool is_over(const struct rt_row *row)
{
	return row->state == RT_COMPLETED || row->state == RT_FAILED || row->state == RT_CANCELLED;
}

static void count(struct named *n, const struct rt_row *row)
{
	n->runs++;
	if (row->state == RT_CANCELLED || n->judged == JUDGED)
		return;
	n->judged++;
	if (row->state != RT_COMPLETED)
		return;
	n->passed++;
	if (row->duration_ms >= 0)
		n->ms[n->n_ms++] = row->duration_ms;
}

/* The names, in the order of their last runs; NULL: no memory. Free it. */
static struct named *collect(const struct rt_catalog *c, size_t *n_names, size_t *more,
			     bool *failed)
{
	struct named *v = calloc(NAMES_MAX, sizeof(*v));
	struct sum_index index = { .n = 0 };
	size_t n = 0, at;

	*more = 0;
	for (size_t i = 0; v && i < c->n; i++) {
		struct rt_str name = rt_str(c->rows[i].name);

		if (!is_over(&c->rows[i]))
			continue;
		if (!rt_sum_find(&index, name, &at)) {
			at = n + *more;
			*failed |= !rt_sum_put(&index, name, at);
			if (at < NAMES_MAX)
				v[n++].last = &c->rows[i];
			else
				(*more)++;
		}
		if (at < NAMES_MAX)
			count(&v[at], &c->rows[i]);
	}
	rt_sum_index_release(&index);
	*n_names = n;
	*failed |= !v;
	return v;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void add_duration(struct rt_buf *out, int64_t ms)
{
	char text[32];

	rt_duration_format_ms(text, ms);
	rt_buf_adds(out, text);
}

static void add_start(struct rt_buf *out, const struct rt_row *row)
{
	char at[32] = "";

	if (row->started_ns || row->created_ns)
		rt_sum_time(at, row->started_ns ? row->started_ns : row->created_ns);
	rt_buf_adds(out, at);
}

static void name_row(struct named *n, struct rt_buf *out)
{
	rt_buf_adds(out, "| ");
	rt_sum_md_value(out, n->last->name);
	rt_buf_addf(out, " | %zu | %zu / %zu | ", n->runs, n->passed, n->judged);
	if (n->n_ms) {
		qsort(n->ms, n->n_ms, sizeof(*n->ms), compare);
		add_duration(out, n->ms[n->n_ms / 2]);
	}
	rt_buf_addf(out, " | %s | ", rt_state_name(n->last->state));
	add_start(out, n->last);
	rt_buf_adds(out, " |\n");
}

/* Whether a path means only itself in a link of Markdown. */
static bool is_plain(const char *path)
{
	for (const char *p = path; *p; p++) {
		if (!((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z') && !(*p >= '0' && *p <= '9') &&
		    !strchr("._-/", *p))
			return false;
	}
	return true;
}

/* Its summary, where there is one; `dir`: the runs folder, open. */
static void run_link(const char *runs_dir, int dir, const struct rt_row *row, struct rt_buf *out)
{
	size_t n = strlen(runs_dir);
	struct rt_buf path;

	rt_buf_init(&path);
	if (strncmp(row->path, runs_dir, n) == 0 && row->path[n] == '/')
		rt_buf_addf(&path, "%s/" RT_SUMMARY_MD_FILE, row->path + n + 1);
	if (path.len && is_plain(path.s) && faccessat(dir, path.s, F_OK, 0) == 0)
		rt_buf_addf(out, "[%s](%s)", row->id, path.s);
	else
		rt_sum_md_code(out, row->id);
	out->failed |= path.failed;
	rt_buf_release(&path);
}

static void runs_table(const struct rt_catalog *c, const char *runs_dir, struct rt_buf *out)
{
	int dir = open(runs_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t shown = 0, more = 0;

	rt_buf_adds(out,
		    "\n## Latest runs\n\n| Started | Name | Run | State | Duration | Errors |\n"
		    "|---|---|---|---|--:|--:|\n");
	for (size_t i = 0; i < c->n; i++) {
		const struct rt_row *row = &c->rows[i];

		if (!is_over(row))
			continue;
		if (shown == RUNS_MAX) {
			more++;
			continue;
		}
		shown++;
		rt_buf_adds(out, "| ");
		add_start(out, row);
		rt_buf_adds(out, " | ");
		rt_sum_md_value(out, row->name);
		rt_buf_adds(out, " | ");
		run_link(runs_dir, dir, row, out);
		rt_buf_addf(out, " | %s | ", rt_state_name(row->state));
		add_duration(out, row->duration_ms);
		rt_buf_addf(out, " | %" PRId64 " |\n", row->n_errors);
	}
	if (more)
		rt_buf_addf(out, "\n%zu more: `rt-status -l -n all`\n", more);
	if (dir >= 0)
		close(dir);
}

void rt_summary_index(const struct rt_catalog *c, const char *runs_dir, struct rt_buf *out)
{
	size_t n, more;
	struct named *v = collect(c, &n, &more, &out->failed);

	rt_buf_adds(out,
		    "# Runs\n\n| Name | Runs | Passed lately | Median duration | Last | Started |\n"
		    "|---|--:|--:|--:|---|---|\n");
	for (size_t i = 0; v && i < n; i++)
		name_row(&v[i], out);
	if (more)
		rt_buf_addf(out, "\n%zu more names\n", more);
	runs_table(c, runs_dir, out);
	free(v);
}
