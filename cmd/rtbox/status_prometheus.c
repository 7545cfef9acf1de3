/*
 * rt-status -o prometheus: what the runs of a folder come to, in the text format
 * of Prometheus (prometheus.io/docs/instrumenting/exposition_formats), for
 * node_exporter's textfile collector. Series are by name and group of runs:
 * an id as a label would make a new series with each run.
 */
#include "status_list.h"
#include "catalog.h"
#include "die.h"
#include "evlog.h"
#include "runfile.h"
#include "sieve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double bounds[] = { 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600 };

#define BOUNDS (sizeof(bounds) / sizeof(*bounds))

struct histogram {
	uint64_t count[BOUNDS + 1]; /* of those up to each bound, and of all */
	double sum;
};

enum { STARTED, EVENTS, WARNINGS, ERRORS, COUNTERS };
enum { RUN, STAGE, ITERATION, SPANS };

/* What is known of the runs with one name in one group. */
struct series {
	const char *name, *group;
	uint64_t counter[COUNTERS], active, ended[RT_STATE_COUNT];
	uint64_t prompt, completion;
	double cost_usd;
	struct histogram span[SPANS];
};

static void observe(struct histogram *h, double seconds)
{
	for (size_t i = 0; i < BOUNDS; i++)
		h->count[i] += seconds <= bounds[i];
	h->count[BOUNDS]++;
	h->sum += seconds;
}

static void add_stages(struct series *s, const struct rt_status *st)
{
	struct rt_str entry;
	struct rt_json ms;
	double number;
	size_t at = 0;

	while (rt_table_next(&st->stages, &at, &entry))
		if (rt_scan_find(entry, rt_str("duration_ms"), &ms) && rt_json_number(&ms, &number))
			observe(&s->span[STAGE], number / 1000);
}

/* The iterations of a run that were begun last; of more at once the oldest are forgotten. */
struct begun {
	double number;
	int64_t ns; /* 0: none */
};

#define BEGUN_MAX 32

/* An iteration takes what its end says, or the time since it began. */
static void add_iteration(struct series *s, const struct rt_event *ev, struct begun *v,
			  size_t *next)
{
	double number = -1, ms;
	int64_t ns = 0;
	size_t i = 0;

	rt_event_number(ev, RT_F_ITERATION, &number);
	rt_event_time(ev, &ns);
	if (ev->type == RT_T_ITERATION_STARTED) {
		v[(*next)++ % BEGUN_MAX] = (struct begun){ number, ns };
		return;
	}
	while (i < BEGUN_MAX && !(v[i].ns && v[i].number == number))
		i++;
	if (rt_event_number(ev, RT_F_DURATION_MS, &ms))
		observe(&s->span[ITERATION], ms / 1000);
	else if (i < BEGUN_MAX && ns >= v[i].ns)
		observe(&s->span[ITERATION], (double)(ns - v[i].ns) / 1e9);
	if (i < BEGUN_MAX)
		v[i].ns = 0;
}

static void add_iterations(struct series *s, const struct rt_rundir *dir,
			   const struct rt_filter *iterations)
{
	struct rt_runfile f;
	struct rt_reader r;
	struct rt_sieve sieve;
	struct rt_buf scratch;
	struct rt_str line;
	struct rt_event ev;
	struct begun begun[BEGUN_MAX] = { { 0, 0 } };
	size_t next = 0;

	if (rt_runfile_open(&f, dir, RT_EVENTS_FILE) < 0)
		return;
	rt_buf_init(&scratch);
	rt_sieve_init(&sieve, iterations);
	if (rt_reader_init(&r, f.fd, 0, -1, false) == 0) {
		while (rt_sieve_next(&sieve, &r, &line) > 0)
			if (rt_event_parse(&ev, line) == 0 &&
			    rt_filter_match(iterations, &ev, &scratch))
				add_iteration(s, &ev, begun, &next);
		rt_reader_release(&r);
	}
	rt_buf_release(&scratch);
	rt_runfile_close(&f);
}

/* What only the run itself tells. */
static void add_inside(struct series *s, const struct rt_row *row,
		       const struct rt_unpacker *unpacker, const struct rt_filter *iterations)
{
	struct rt_rundir dir;
	struct rt_status st;

	if (rt_rundir_open_reader(&dir, row->path, unpacker, NULL) < 0)
		return;
	if (rt_status_init(&st) < 0)
		die(EXIT_FAIL, "out of memory");
	if (rt_status_load(&st, &dir, NULL) == 0)
		add_stages(s, &st);
	add_iterations(s, &dir, iterations);
	rt_status_release(&st);
	rt_rundir_release(&dir);
}

static void add_run(struct series *s, const struct rt_row *row)
{
	bool over = rt_state_over(row->state) || row->state == RT_LOST;

	s->counter[STARTED]++;
	s->active += !over && row->state != RT_STALE;
	s->ended[row->state] += over;
	if (over && row->duration_ms >= 0)
		observe(&s->span[RUN], (double)row->duration_ms / 1000);
	s->counter[EVENTS] += (uint64_t)row->n_events;
	s->counter[WARNINGS] += (uint64_t)row->n_warnings;
	s->counter[ERRORS] += (uint64_t)row->n_errors;
	s->prompt += (uint64_t)row->usage.prompt;
	s->completion += (uint64_t)row->usage.completion;
	s->cost_usd += row->usage.cost_usd;
}

/* A label's value: backslash, quote and newline are escaped. */
static void add_label(struct rt_buf *out, const char *key, const char *value)
{
	rt_buf_addf(out, "%s=\"", key);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			rt_buf_addc(out, '\\');
		if (*value == '\n')
			rt_buf_adds(out, "\\n");
		else
			rt_buf_addc(out, *value);
	}
	rt_buf_addc(out, '"');
}

/* One sample; `more` is a further label, or "". */
static void sample(struct rt_buf *out, const char *metric, const struct series *s, const char *more,
		   double value)
{
	rt_buf_addf(out, "%s{", metric);
	add_label(out, "name", s->name);
	rt_buf_addc(out, ',');
	add_label(out, "group", s->group);
	rt_buf_addf(out, "%s%s} %.15g\n", *more ? "," : "", more, value);
}

static void head(struct rt_buf *out, const char *metric, const char *type, const char *help)
{
	rt_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
}

static void write_histogram(struct rt_buf *out, const struct series *v, size_t n, int span,
			    const char *metric, const char *help)
{
	char bucket[80], sum[80], count[80], le[32];

	snprintf(bucket, sizeof(bucket), "%s_bucket", metric);
	snprintf(sum, sizeof(sum), "%s_sum", metric);
	snprintf(count, sizeof(count), "%s_count", metric);
	head(out, metric, "histogram", help);
	for (size_t i = 0; i < n; i++) {
		const struct histogram *h = &v[i].span[span];

		for (size_t b = 0; b <= BOUNDS; b++) {
			if (b < BOUNDS)
				snprintf(le, sizeof(le), "le=\"%g\"", bounds[b]);
			else
				snprintf(le, sizeof(le), "le=\"+Inf\"");
			sample(out, bucket, &v[i], le, (double)h->count[b]);
		}
		sample(out, sum, &v[i], "", h->sum);
		sample(out, count, &v[i], "", (double)h->count[BOUNDS]);
	}
}

static void write_counter(struct rt_buf *out, const struct series *v, size_t n, int counter,
			  const char *metric, const char *help)
{
	head(out, metric, "counter", help);
	for (size_t i = 0; i < n; i++)
		sample(out, metric, &v[i], "", (double)v[i].counter[counter]);
}

static void write_ended(struct rt_buf *out, const struct series *v, size_t n)
{
	static const enum rt_state results[] = { RT_COMPLETED, RT_FAILED, RT_CANCELLED, RT_LOST };
	char result[40];

	head(out, "rt_runs_ended_total", "counter", "Runs that ended, by how.");
	for (size_t i = 0; i < n; i++) {
		for (size_t r = 0; r < sizeof(results) / sizeof(*results); r++) {
			snprintf(result, sizeof(result), "result=\"%s\"",
				 rt_state_name(results[r]));
			sample(out, "rt_runs_ended_total", &v[i], result,
			       (double)v[i].ended[results[r]]);
		}
	}
}

static void write_tokens(struct rt_buf *out, const struct series *v, size_t n)
{
	head(out, "rt_tokens_total", "counter", "Tokens of language models, by kind.");
	for (size_t i = 0; i < n; i++) {
		sample(out, "rt_tokens_total", &v[i], "kind=\"prompt\"", (double)v[i].prompt);
		sample(out, "rt_tokens_total", &v[i], "kind=\"completion\"",
		       (double)v[i].completion);
	}
	head(out, "rt_cost_dollars_total", "counter", "Cost in US dollars.");
	for (size_t i = 0; i < n; i++)
		sample(out, "rt_cost_dollars_total", &v[i], "", v[i].cost_usd);
}

static void write_all(struct rt_buf *out, const struct series *v, size_t n)
{
	write_counter(out, v, n, STARTED, "rt_runs_started_total", "Runs that were started.");
	write_ended(out, v, n);
	head(out, "rt_runs_active", "gauge", "Runs that are not over.");
	for (size_t i = 0; i < n; i++)
		sample(out, "rt_runs_active", &v[i], "", (double)v[i].active);
	write_counter(out, v, n, EVENTS, "rt_events_total", "Events of runs.");
	write_counter(out, v, n, WARNINGS, "rt_warnings_total", "Warnings of runs.");
	write_counter(out, v, n, ERRORS, "rt_errors_total", "Errors of runs.");
	write_tokens(out, v, n);
	write_histogram(out, v, n, RUN, "rt_run_duration_seconds", "How long runs took.");
	write_histogram(out, v, n, STAGE, "rt_stage_duration_seconds",
			"How long stages of runs took.");
	write_histogram(out, v, n, ITERATION, "rt_iteration_duration_seconds",
			"How long iterations of runs took.");
}

static int compare_rows(const void *a, const void *b)
{
	const struct rt_row *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->group, y->group);
}

/* As it is; to a terminal line by line, names without what would steer it. */
static void print_inert(struct out *o, struct rt_str text)
{
	const char *p = text.p, *end = p + text.n, *nl;

	if (!o->tty) {
		fwrite(text.p, 1, text.n, o->f);
		return;
	}
	for (; (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1) {
		out_text(o, (struct rt_str){ p, (size_t)(nl - p) });
		putc('\n', o->f);
	}
}

void status_prometheus(const struct rt_catalog *c, const struct rt_unpacker *unpacker,
		       struct out *o)
{
	struct series *v = xcalloc(c->n ? c->n : 1, sizeof(*v));
	struct rt_filter *iterations = rt_filter_new();
	struct rt_err err = RT_ERR_INIT;
	struct rt_buf out;
	size_t n = 0;

	if (!iterations || rt_filter_field(iterations, RT_F_TYPE,
					   "iteration_started,iteration_completed", &err) < 0)
		die(EXIT_FAIL, "out of memory");
	if (c->n)
		qsort(c->rows, c->n, sizeof(*c->rows), compare_rows);
	for (size_t i = 0; i < c->n; i++) {
		const struct rt_row *row = &c->rows[i];

		if (i == 0 || compare_rows(row - 1, row) != 0) {
			v[n].name = row->name;
			v[n++].group = row->group;
		}
		add_run(&v[n - 1], row);
		add_inside(&v[n - 1], row, unpacker, iterations);
	}
	rt_buf_init(&out);
	write_all(&out, v, n);
	if (out.failed)
		die(EXIT_FAIL, "out of memory");
	print_inert(o, rt_buf_view(&out));
	rt_buf_release(&out);
	rt_filter_free(iterations);
	free(v);
}
