/* The groups of an aggregate in order, and as JSON. See aggregate.h. */
#include "aggregate_table.h"
#include "clock.h"
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

size_t rt_aggregate_groups(const struct rt_aggregate *a)
{
	return a->n;
}

/* What a cell comes to: a number that is whole or not, or nothing. */
struct result {
	bool there, whole;
	bool given; /* it is a number of the events, not worked out */
	int64_t integer;
	double real;
};

static struct result whole_result(int64_t n)
{
	return (struct result){ .there = true, .whole = true, .integer = n, .real = (double)n };
}

/* What is too large for a number is none. */
static struct result real_result(double value)
{
	return (struct result){ .there = isfinite(value), .real = value };
}

static struct result sum_result(const struct rt_sum *s)
{
	int64_t whole = (int64_t)s->low;
	bool fits = s->high == (whole < 0 ? -1 : 0);

	if (fits && !s->is_real)
		return whole_result(whole);
	return real_result(s->real + s->lost +
			   (fits ? (double)whole : (double)s->high * 0x1p64 + (double)s->low));
}

static struct result result_of(const struct rt_column *c, const struct rt_cell *cell)
{
	if (c->fold == RT_FOLD_COUNT)
		return whole_result((int64_t)cell->n);
	if (c->fold == RT_FOLD_DISTINCT)
		return whole_result((int64_t)cell->u.seen.n);
	if (cell->n == 0)
		return (struct result){ .there = false };
	switch (c->fold) {
	case RT_FOLD_MIN:
	case RT_FOLD_MAX:
		if (cell->u.extreme.is_whole)
			return whole_result(cell->u.extreme.whole);
		return (struct result){ .there = true,
					.given = true,
					.real = cell->u.extreme.real };
	case RT_FOLD_QUANTILE:
		return real_result(rt_sketch_quantile(&cell->u.sketch, c->quantile));
	case RT_FOLD_AVG:
		return real_result(sum_result(&cell->u.sum).real / (double)cell->n);
	default:
		return sum_result(&cell->u.sum);
	}
}

static int compare_numbers(double a, double b)
{
	return (a > b) - (a < b);
}

/* What is not there comes last, whichever way the others go. */
static int put_last(bool x_there, bool y_there)
{
	return y_there - x_there;
}

/* Two parts of keys: numbers before texts, by their value. */
static int compare_parts(enum rt_key_kind kx, struct rt_str x, enum rt_key_kind ky, struct rt_str y,
			 bool down)
{
	struct rt_json vx = rt_json_of(x, RT_JSON_TEXT), vy = rt_json_of(y, RT_JSON_TEXT);
	double a, b;
	int order = 0;

	if (kx == RT_KEY_NONE || ky == RT_KEY_NONE)
		return put_last(kx != RT_KEY_NONE, ky != RT_KEY_NONE);
	if (kx != ky)
		order = (kx == RT_KEY_TEXT) - (ky == RT_KEY_TEXT);
	else if (kx == RT_KEY_BARE && rt_json_number(&vx, &a) && rt_json_number(&vy, &b))
		order = compare_numbers(a, b);
	if (order == 0)
		order = rt_str_compare(x, y);
	return down ? -order : order;
}

/* By the key at one place; -1: by all of them, one after the other. */
static int compare_keys(const struct rt_aggregate *a, const struct rt_group *x,
			const struct rt_group *y, int place, bool down)
{
	const char *p = x->key, *q = y->key;
	int order = 0;

	for (int i = 0; order == 0 && i < (int)a->n_keys; i++) {
		struct rt_str s = { NULL, 0 }, t = { NULL, 0 };
		enum rt_key_kind ks = rt_key_next(&p, &s), kt = rt_key_next(&q, &t);

		if (place < 0 || i == place)
			order = compare_parts(ks, s, kt, t, down);
	}
	return order;
}

static int compare_cells(const struct rt_aggregate *a, const struct rt_group *x,
			 const struct rt_group *y, size_t column, bool down)
{
	struct result s = result_of(&a->columns[column], &x->cells[column]);
	struct result t = result_of(&a->columns[column], &y->cells[column]);

	if (!s.there || !t.there)
		return put_last(s.there, t.there);
	return down ? compare_numbers(t.real, s.real) : compare_numbers(s.real, t.real);
}

static int compare_buckets(const struct rt_group *x, const struct rt_group *y, bool down)
{
	int order = (x->bucket_ns > y->bucket_ns) - (x->bucket_ns < y->bucket_ns);

	if (x->bucket_ns == RT_NO_TIME || y->bucket_ns == RT_NO_TIME)
		return put_last(x->bucket_ns != RT_NO_TIME, y->bucket_ns != RT_NO_TIME);
	return down ? -order : order;
}

static int compare_as_asked(const struct rt_aggregate *a, const struct rt_group *x,
			    const struct rt_group *y)
{
	int keys = (int)a->n_keys;

	if (!a->sort_given)
		return a->bucket_ns ? 0 : compare_cells(a, x, y, 0, true);
	if (a->sort_column == RT_SORT_BUCKET)
		return compare_buckets(x, y, a->sort_down);
	if (a->sort_column < keys)
		return compare_keys(a, x, y, a->sort_column, a->sort_down);
	return compare_cells(a, x, y, (size_t)(a->sort_column - keys), a->sort_down);
}

static int compare_groups(const void *x, const void *y, void *arg)
{
	const struct rt_aggregate *a = arg;
	int order = compare_as_asked(a, x, y);

	if (order == 0)
		order = compare_buckets(x, y, false);
	return order ? order : compare_keys(a, x, y, -1, false);
}

int rt_aggregate_finish(struct rt_aggregate *a, struct rt_err *err)
{
	if (a->n == 0 && rt_aggregate_add_empty(a, err) < 0)
		return -1;
	if (a->n)
		qsort_r(a->groups, a->n, sizeof(*a->groups), compare_groups, a);
	return 0;
}

void rt_aggregate_columns(const struct rt_aggregate *a, struct rt_buf *out)
{
	const char *sep = "";

	if (a->bucket_ns) {
		rt_buf_adds(out, "bucket");
		sep = ",";
	}
	for (size_t i = 0; i < a->n_keys + a->n_columns; i++) {
		rt_buf_adds(out, sep);
		rt_buf_addv(out, i < a->n_keys ? a->keys[i].text : a->columns[i - a->n_keys].title);
		sep = ",";
	}
}

static void add_name(struct rt_buf *out, struct rt_str name)
{
	if (out->s[out->len - 1] != '{')
		rt_buf_addc(out, ',');
	rt_json_quote(out, name);
	rt_buf_addc(out, ':');
}

/* 15 digits; more where a number of an event has more. */
static void add_real(struct rt_buf *out, const struct result *r)
{
	char text[32];
	int digits = 15;

	do
		snprintf(text, sizeof(text), "%.*g", digits, r->real);
	while (r->given && digits++ < 17 && strtod(text, NULL) != r->real);
	rt_buf_adds(out, text);
}

static void add_result(struct rt_buf *out, const struct result *r)
{
	if (!r->there)
		rt_buf_adds(out, "null");
	else if (r->whole)
		rt_buf_addf(out, "%" PRId64, r->integer);
	else
		add_real(out, r);
}

void rt_aggregate_write(const struct rt_aggregate *a, size_t n, struct rt_buf *out)
{
	const struct rt_group *g = &a->groups[n];
	const char *p = g->key;
	char ts[RT_TS_LEN + 1];

	rt_buf_addc(out, '{');
	if (a->bucket_ns) {
		rt_clock_format(ts, g->bucket_ns);
		add_name(out, rt_str("bucket"));
		if (g->bucket_ns == RT_NO_TIME)
			rt_buf_adds(out, "null");
		else
			rt_json_quote(out, rt_str(ts));
	}
	for (size_t i = 0; i < a->n_keys; i++) {
		struct rt_str text;
		enum rt_key_kind kind = rt_key_next(&p, &text);

		add_name(out, a->keys[i].text);
		if (kind == RT_KEY_NONE)
			rt_buf_adds(out, "null");
		else if (kind == RT_KEY_BARE)
			rt_buf_addv(out, text);
		else
			rt_json_quote(out, text);
	}
	for (size_t i = 0; i < a->n_columns; i++) {
		struct result r = result_of(&a->columns[i], &g->cells[i]);

		add_name(out, a->columns[i].title);
		add_result(out, &r);
	}
	rt_buf_addc(out, '}');
}

double rt_aggregate_first(const struct rt_aggregate *a, size_t n)
{
	struct result r = result_of(&a->columns[0], &a->groups[n].cells[0]);

	return r.there ? r.real : 0;
}
