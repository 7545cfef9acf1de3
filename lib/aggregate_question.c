/* What is asked of events in groups: --agg, --by, --bucket and --sort taken apart. See aggregate.h. */
#include "aggregate_table.h"

#include <stdlib.h>

static int no_memory(struct rt_err *err)
{
	return rt_err_set(err, RT_ERR_FAILURE, "out of memory");
}

static const struct {
	const char *name;
	enum rt_fold fold;
} folds[] = {
	{ "count", RT_FOLD_COUNT }, { "sum", RT_FOLD_SUM }, { "avg", RT_FOLD_AVG },
	{ "min", RT_FOLD_MIN },     { "max", RT_FOLD_MAX }, { "distinct", RT_FOLD_DISTINCT },
};

/* The next part of a list with commas, trimmed; false past the last. */
static bool next_part(const char **list, struct rt_str *part)
{
	size_t n;

	if (!*list)
		return false;
	n = strcspn(*list, ",");
	*part = rt_str_trim((struct rt_str){ *list, n });
	*list = (*list)[n] ? *list + n + 1 : NULL;
	return true;
}

/* "p95" or "p99.9": the share; false for anything else. */
static bool parse_quantile(struct rt_str name, double *q)
{
	struct rt_json number = rt_json_of((struct rt_str){ name.p + 1, name.n - 1 }, RT_JSON_TEXT);

	return name.n > 1 && name.p[0] == 'p' && rt_json_number(&number, q) && *q >= 0 && *q <= 100;
}

static bool find_fold(struct rt_str name, struct rt_column *c)
{
	for (size_t i = 0; i < sizeof(folds) / sizeof(*folds); i++) {
		if (rt_str_is(name, folds[i].name)) {
			c->fold = folds[i].fold;
			return true;
		}
	}
	c->fold = RT_FOLD_QUANTILE;
	if (!parse_quantile(name, &c->quantile))
		return false;
	c->quantile /= 100;
	return true;
}

/* "NAME(PATH)", or "count". */
static int parse_column(struct rt_column *c, struct rt_str text, struct rt_err *err)
{
	const char *open = memchr(text.p, '(', text.n);
	struct rt_str name = { text.p, open ? (size_t)(open - text.p) : text.n }, path = { "", 0 };

	if (open) {
		if (text.p[text.n - 1] != ')')
			return rt_err_set(err, RT_ERR_USAGE,
					  "bad aggregate \"%.*s\": the ) is missing", (int)text.n,
					  text.p);
		path = rt_str_trim((struct rt_str){ open + 1, text.n - name.n - 2 });
	}
	if (!find_fold(rt_str_trim(name), c))
		return rt_err_set(
			err, RT_ERR_USAGE,
			"unknown aggregate \"%.*s\": use count, sum, avg, min, max, distinct or "
			"p0 to p100",
			(int)text.n, text.p);
	if (path.n == 0 && c->fold != RT_FOLD_COUNT)
		return rt_err_set(err, RT_ERR_USAGE,
				  "\"%.*s\" of what? Name a field: %.*s(duration_ms)", (int)text.n,
				  text.p, (int)rt_str_trim(name).n, rt_str_trim(name).p);
	c->title = text;
	if (open && path.n == 0)
		c->title = rt_str_trim(name);
	rt_path_init(&c->path, path);
	return 0;
}

static int parse_columns(struct rt_aggregate *a, const char *list, struct rt_err *err)
{
	struct rt_str part;

	while (next_part(&list, &part)) {
		if (a->n_columns == RT_COLUMNS_MAX)
			return rt_err_set(err, RT_ERR_USAGE, "more than %d aggregates",
					  RT_COLUMNS_MAX);
		if (parse_column(&a->columns[a->n_columns++], part, err) < 0)
			return -1;
	}
	return 0;
}

static int parse_keys(struct rt_aggregate *a, const char *list, struct rt_err *err)
{
	struct rt_str part;

	while (next_part(&list, &part)) {
		if (part.n == 0)
			return rt_err_set(err, RT_ERR_USAGE, "an empty name in --by");
		if (memchr(part.p, '=', part.n))
			return rt_err_set(err, RT_ERR_USAGE,
					  "bad name \"%.*s\" in --by: it holds a =", (int)part.n,
					  part.p);
		if (a->n_keys == RT_COLUMNS_MAX)
			return rt_err_set(err, RT_ERR_USAGE, "more than %d names in --by",
					  RT_COLUMNS_MAX);
		rt_path_init(&a->keys[a->n_keys++], part);
	}
	return 0;
}

/* Which column `--sort` names: its index, the keys first, then the others; -1: none. */
static int find_column(const struct rt_aggregate *a, struct rt_str name)
{
	for (size_t i = 0; i < a->n_keys; i++)
		if (rt_str_eq(a->keys[i].text, name))
			return (int)i;
	for (size_t i = 0; i < a->n_columns; i++)
		if (rt_str_eq(a->columns[i].title, name))
			return (int)(a->n_keys + i);
	return -1;
}

/* No column may be there twice. */
static int check_names(const struct rt_aggregate *a, struct rt_err *err)
{
	size_t n = a->n_keys + a->n_columns;

	for (size_t i = 0; i < n; i++) {
		struct rt_str name = i < a->n_keys ? a->keys[i].text :
						     a->columns[i - a->n_keys].title;

		if ((size_t)find_column(a, name) != i ||
		    (a->bucket_ns && rt_str_is(name, "bucket")))
			return rt_err_set(err, RT_ERR_USAGE, "\"%.*s\" would be two columns",
					  (int)name.n, name.p);
	}
	return 0;
}

static int parse_sort(struct rt_aggregate *a, const char *text, struct rt_err *err)
{
	struct rt_str name = rt_str_trim(rt_str(text));

	a->sort_given = true;
	a->sort_down = name.n && name.p[0] == '-';
	name.p += a->sort_down;
	name.n -= a->sort_down;
	if (a->bucket_ns && rt_str_is(name, "bucket")) {
		a->sort_column = RT_SORT_BUCKET;
		return 0;
	}
	a->sort_column = find_column(a, name);
	if (a->sort_column >= 0)
		return 0;
	return rt_err_set(err, RT_ERR_USAGE, "cannot sort by \"%s\": it is no column of the answer",
			  text);
}

static char *copy_text(const char *text)
{
	return text ? strdup(text) : NULL;
}

int rt_aggregate_new(struct rt_aggregate **out, const struct rt_question *q, struct rt_err *err)
{
	struct rt_aggregate *a = calloc(1, sizeof(*a));

	if (!a)
		return no_memory(err);
	rt_buf_init(&a->key);
	rt_buf_init(&a->scratch);
	a->list = strdup(q->list ? q->list : "count");
	a->by = copy_text(q->by);
	a->bucket_ns = q->bucket_ns;
	if (!a->list || (q->by && !a->by)) {
		rt_aggregate_free(a);
		return no_memory(err);
	}
	if (parse_columns(a, a->list, err) < 0 || parse_keys(a, a->by, err) < 0 ||
	    check_names(a, err) < 0 || (q->sort && parse_sort(a, q->sort, err) < 0)) {
		rt_aggregate_free(a);
		return -1;
	}
	*out = a;
	return 0;
}

void rt_aggregate_want(const struct rt_aggregate *a, struct rt_wanted *w)
{
	if (a->bucket_ns)
		rt_wanted_add(w, RT_FIELD(RT_F_TS));
	for (size_t i = 0; i < a->n_keys; i++)
		rt_wanted_add_path(w, &a->keys[i]);
	for (size_t i = 0; i < a->n_columns; i++)
		if (a->columns[i].path.text.n)
			rt_wanted_add_path(w, &a->columns[i].path);
}
