/*
 * rt-summarize --regression: whether the last runs of a name are slower, cost
 * more or fail more than those before. Each is a comparison of medians, and no
 * single run makes one: the last three all have to be above what was usual.
 */
#include "summarize.h"
#include "die.h"
#include "figures.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define LAST 3         /* runs that are judged */
#define BEFORE 20      /* runs that they are compared with, at most */
#define BEFORE_LEAST 3 /* fewer say nothing */
#define GROWTH 1.25    /* of a median, to be a regression */
#define LEAST_MS 2000  /* and so much longer: less is noise */
#define STEPS_SHOWN 3

/* The last runs and those before them, the newest first. */
struct sample {
	struct run_figures v[LAST + BEFORE];
	size_t n;
};

typedef double measure_fn(const struct rt_figures *f);

static double duration_of(const struct rt_figures *f)
{
	return (double)f->duration_ms;
}

static double cost_of(const struct rt_figures *f)
{
	return f->usage.cost_usd;
}

static double tokens_of(const struct rt_figures *f)
{
	return (double)f->usage.total;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* What a measure was and became. */
struct change {
	double before, now;
	bool all; /* each of the last ones is above what was usual */
};

/*
 * Of the runs, or with `step` >= 0 of that step of the newest one, where at least
 * one run on each side has it. False: none has.
 */
static bool measure(const struct sample *s, long step, measure_fn *of, struct change *c)
{
	double now[LAST], before[BEFORE];
	size_t n_now = 0, n_before = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct rt_figures *f = &s->v[i].run;

		if (step >= 0)
			f = figures_match(&s->v[0], (size_t)step, &s->v[i]);
		if (!f || f->duration_ms < 0)
			continue;
		if (i < LAST)
			now[n_now++] = of(f);
		else
			before[n_before++] = of(f);
	}
	if (!n_now || !n_before)
		return false;
	c->before = median(before, n_before);
	c->now = median(now, n_now);
	c->all = now[0] > c->before; /* median() has sorted them */
	return true;
}

static bool is_regression(const struct change *c, double least)
{
	return c->all && c->now >= c->before * GROWTH && c->now - c->before >= least;
}

/* A kind of regression: what it is called, in what it is measured. */
struct kind {
	const char *word, *unit;
	measure_fn *of;
	double least;
};

static void describe(struct rt_buf *out, const struct kind *k, const struct change *c)
{
	if (k->of == duration_of) {
		figures_duration(out, (int64_t)c->before);
		rt_buf_adds(out, " to ");
		figures_duration(out, (int64_t)c->now);
	} else {
		rt_buf_addf(out, "%.6g to %.6g%s", c->before, c->now, k->unit);
	}
	if (c->before > 0)
		rt_buf_addf(out, " (%+.0f %%)", (c->now - c->before) * 100 / c->before);
}

static void print_change(const struct kind *k, const struct change *c)
{
	struct rt_buf out;

	rt_buf_init(&out);
	describe(&out, k, c);
	printf("%s\n", out.s);
	rt_buf_release(&out);
}

static void print_name(const char *name)
{
	struct rt_buf out;

	rt_buf_init(&out);
	rt_inert_add(&out, rt_str(*name ? name : "(without a name)"));
	fputs(out.s, stdout);
	rt_buf_release(&out);
}

/* A step that grew, and by how much. */
struct grown {
	size_t step;
	struct change c;
};

static int compare_growth(const void *a, const void *b)
{
	const struct grown *x = a, *y = b;
	double p = x->c.now - x->c.before, q = y->c.now - y->c.before;

	if (p != q)
		return p > q ? -1 : 1;
	return x->step < y->step ? -1 : 1;
}

/* The steps that account for most of it. */
static void blame_steps(const struct sample *s, const struct kind *k)
{
	struct grown *v = xcalloc(s->v[0].n + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < s->v[0].n; i++) {
		struct change c;

		if (measure(s, (long)i, k->of, &c) && c.now > c.before &&
		    c.now >= c.before * GROWTH)
			v[n++] = (struct grown){ i, c };
	}
	qsort(v, n, sizeof(*v), compare_growth);
	for (size_t i = 0; i < n && i < STEPS_SHOWN; i++) {
		fputs("  step ", stdout);
		print_name(s->v[0].steps[v[i].step].name);
		fputs(": ", stdout);
		print_change(k, &v[i].c);
	}
	free(v);
}

static bool check_kind(const struct sample *s, const char *name, const struct kind *k)
{
	struct change c;

	if (!measure(s, -1, k->of, &c) || !is_regression(&c, k->least))
		return false;
	print_name(name);
	printf(": %s, ", k->word);
	print_change(k, &c);
	blame_steps(s, k);
	return true;
}

/* Time; and money, or tokens where nobody says what they cost. */
static bool check_green(const struct sample *s, const char *name)
{
	static const struct kind time = { "slower", "", duration_of, LEAST_MS };
	static const struct kind cost = { "costlier", " USD", cost_of, 0 };
	static const struct kind tokens = { "costlier", " tokens", tokens_of, 0 };
	bool priced = false, found;

	if (s->n < LAST + BEFORE_LEAST)
		return false;
	for (size_t i = 0; i < s->n; i++)
		priced |= s->v[i].run.usage.cost_usd > 0;
	found = check_kind(s, name, &time);
	return check_kind(s, name, priced ? &cost : &tokens) || found;
}

/* The steps that failed in the newest run. */
static void blame_failed(const struct rt_row *row, struct unpack *unpack)
{
	struct rt_found found = { .path = row->path };
	struct rt_err err = RT_ERR_INIT;
	struct run_figures r;

	if (figures_read(&r, &found, unpack, &err) < 0)
		die_err(&err);
	for (size_t i = 0, shown = 0; i < r.n && shown < STEPS_SHOWN; i++) {
		if (!r.steps[i].bad)
			continue;
		fputs("  step ", stdout);
		print_name(r.steps[i].name);
		printf(": %s\n", r.steps[i].status);
		shown++;
	}
	figures_release(&r);
}

/* The last ones all failed, and most of those before did not. */
static bool check_red(const struct rt_catalog *c, const char *name, struct unpack *unpack)
{
	size_t n = 0, failed = 0, good = 0;
	const struct rt_row *newest = NULL;

	for (size_t i = 0; i < c->n && n < LAST + BEFORE; i++) {
		const struct rt_row *row = &c->rows[i];
		bool bad = row->state == RT_FAILED || row->state == RT_LOST;

		if (!bad && row->state != RT_COMPLETED)
			continue;
		newest = newest ? newest : row;
		failed += n < LAST && bad;
		good += n >= LAST && !bad;
		n++;
	}
	if (n < LAST + BEFORE_LEAST || failed < LAST || good * 2 <= n - LAST)
		return false;
	print_name(name);
	printf(": redder, the last %d failed, %zu of the %zu before passed\n", LAST, good,
	       n - LAST);
	blame_failed(newest, unpack);
	return true;
}

/* The newest runs that completed. */
static void read_green(struct sample *s, const struct rt_catalog *c, struct unpack *unpack)
{
	struct rt_err err = RT_ERR_INIT;

	for (size_t i = 0; i < c->n && s->n < LAST + BEFORE; i++) {
		struct rt_found found = { .path = c->rows[i].path };

		if (c->rows[i].state != RT_COMPLETED)
			continue;
		if (figures_read(&s->v[s->n], &found, unpack, &err) < 0)
			die_err(&err);
		s->n++;
	}
}

int summarize_regression(const struct common_opts *common, const char *name, struct unpack *unpack)
{
	char *names[] = { (char *)(uintptr_t)name, NULL };
	struct rt_selection sel = { .name = names, .since_ns = INT64_MIN, .until_ns = INT64_MAX };
	char *runs_dir = common_runs_dir(common);
	struct rt_err err = RT_ERR_INIT;
	struct sample s = { .n = 0 };
	struct rt_catalog c;
	bool worse;

	if (rt_catalog_list(&c, runs_dir, &sel, &unpack->unpacker, &err) < 0)
		die_err(&err);
	if (c.n == 0)
		die(EXIT_FAIL, "no run is called \"%s\" in \"%s\"", name, runs_dir);
	read_green(&s, &c, unpack);
	worse = check_red(&c, name, unpack);
	worse |= check_green(&s, name);
	if (!worse) {
		print_name(name);
		if (s.n < LAST + BEFORE_LEAST)
			printf(": not known, %zu completed, %d are needed\n", s.n,
			       LAST + BEFORE_LEAST);
		else
			printf(": as before, the last %d against %zu\n", LAST, s.n - LAST);
	}
	for (size_t i = 0; i < s.n; i++)
		figures_release(&s.v[i]);
	rt_catalog_release(&c);
	free(runs_dir);
	return worse ? EXIT_NO : 0;
}
