/*
 * Which conditions of a statement are settled before lines are parsed: run_id
 * chooses the runs that are opened, ts and equal texts of events become a filter
 * with all that makes filters fast. SQLite looks at every condition again, so
 * what is settled here only has to let through all that meets it: an alias is
 * let through with its twin, a level with all that are worse.
 */
#include "sql.h"
#include "clock.h"
#include "die.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX 16 /* more are sooner found in SQLite's own tree than in a filter's list */
#define COLUMN_0 'a' /* in what is agreed on: an operator and a column for each value */

_Static_assert(COLUMN_0 + SQL_LINE <= CHAR_MAX, "a column is one character of what is agreed on");

/* The operators that are agreed on, a character each. */
enum sign {
	LEFT_TO_SQLITE = 0,
	EQUAL = '=',
	ONE_OF = '[', /* IN */
	LESS = '<',
	AT_MOST = 'l',
	GREATER = '>',
	AT_LEAST = 'g',
};

static enum sign sign_of(const sqlite3_index_info *info, int i)
{
	switch (info->aConstraint[i].op) {
	case SQLITE_INDEX_CONSTRAINT_EQ:
		return EQUAL;
	case SQLITE_INDEX_CONSTRAINT_LT:
		return LESS;
	case SQLITE_INDEX_CONSTRAINT_LE:
		return AT_MOST;
	case SQLITE_INDEX_CONSTRAINT_GT:
		return GREATER;
	case SQLITE_INDEX_CONSTRAINT_GE:
		return AT_LEAST;
	default:
		return LEFT_TO_SQLITE;
	}
}

static bool takes(const struct sql_table *table, int column, enum sign sign)
{
	enum rt_field f = sql_field_of(column);

	if (column == SQL_RUN_ID)
		return sign == EQUAL;
	if (!table->has_events || column < SQL_FIRST_FIELD || column >= SQL_LINE)
		return false;
	if (f == RT_F_TS)
		return true;
	return sign == EQUAL && f != RT_F_MESSAGE && (rt_field_is_text(f) || f == RT_F_LEVEL);
}

/* Guesses of what conditions leave, to choose the order of a join by. */
struct guess {
	double runs; /* the share of the runs that is opened */
	double rows; /* and of their rows that is found */
};

static void guess(struct guess *g, const struct sql_db *db, int column, enum sign sign)
{
	if (column == SQL_RUN_ID)
		g->runs *= sign == EQUAL && db->sources->n > 1 ? 1.0 / (double)db->sources->n : 0.5;
	else
		g->rows *= column == SQL_FIELD(RT_F_TS) && sign != EQUAL ? 0.5 : 0.1;
}

/*
 * A condition on rows makes reading faster, but not so much that reading twice
 * would be: else SQLite would do that for an OR.
 */
static void tell_cost(sqlite3_index_info *info, const struct guess *g, double all, bool any)
{
	info->estimatedCost = all * g->runs * (any ? 0.6 : 1) + 10;
	info->estimatedRows = (sqlite3_int64)(all * g->runs * g->rows) + 1;
}

int plan_make(struct sql_db *db, const struct sql_table *table, sqlite3_index_info *info)
{
	char *agreed = sqlite3_malloc(2 * info->nConstraint + 1);
	struct guess g = { 1, 1 };
	int n = 0;

	if (!agreed)
		return SQLITE_NOMEM;
	for (int i = 0; i < info->nConstraint; i++) {
		int column = info->aConstraint[i].iColumn;
		enum sign sign = sign_of(info, i);

		/* text in another collation is equal to other texts as well */
		if (!info->aConstraint[i].usable || !sign || !takes(table, column, sign) ||
		    strcmp(sqlite3_vtab_collation(info, i), "BINARY") != 0)
			continue;
		if (sign == EQUAL && sqlite3_vtab_in(info, i, 1))
			sign = ONE_OF;
		agreed[2 * n] = (char)sign;
		agreed[2 * n + 1] = (char)(COLUMN_0 + column);
		info->aConstraintUsage[i].argvIndex = ++n;
		guess(&g, db, column, sign);
	}
	agreed[2 * n] = '\0';
	info->idxStr = agreed;
	info->needToFreeIdxStr = 1;
	info->idxNum = (int)(info->colUsed & INT32_MAX);
	tell_cost(info, &g, table->rows * (double)(db->sources->n + 1), n > 0);
	return SQLITE_OK;
}

/* The values of a condition, one after another. */
struct values {
	sqlite3_value *list; /* of IN, or the only one */
	sqlite3_value *v;    /* the one at hand, NULL after the last */
	bool in;
};

/* A list that breaks off is not shorter: rows that its rest asks for would be left out. */
static void values_take(struct values *w, int rc)
{
	if (rc == SQLITE_DONE)
		w->v = NULL;
	else if (rc != SQLITE_OK)
		die(EXIT_FAIL, "cannot read the values of IN: %s", sqlite3_errstr(rc));
}

static void values_begin(struct values *w, enum sign sign, sqlite3_value *value)
{
	w->list = w->v = value;
	w->in = sign == ONE_OF;
	if (w->in)
		values_take(w, sqlite3_vtab_in_first(value, &w->v));
}

static void values_next(struct values *w)
{
	if (w->in)
		values_take(w, sqlite3_vtab_in_next(w->list, &w->v));
	else
		w->v = NULL;
}

static struct rt_str text_of(sqlite3_value *v)
{
	const char *p = (const char *)sqlite3_value_text(v);

	if (!p && sqlite3_value_type(v) != SQLITE_NULL)
		die(EXIT_FAIL, "out of memory");
	return (struct rt_str){ p ? p : "", p ? (size_t)sqlite3_value_bytes(v) : 0 };
}

/*
 * Whether all are texts (or NULL, which nothing is equal to). A number, and
 * what is compared with a column of numbers, has many texts.
 */
static bool all_texts(enum sign sign, sqlite3_value *value, size_t *n)
{
	struct values w;

	*n = 0;
	for (values_begin(&w, sign, value); w.v; values_next(&w)) {
		int type = sqlite3_value_type(w.v);

		if (type != SQLITE_TEXT && type != SQLITE_NULL)
			return false;
		*n += type == SQLITE_TEXT;
	}
	return true;
}

static void add_runs(struct sql_plan *p, const struct sql_db *db, enum sign sign,
		     sqlite3_value *value, size_t n)
{
	struct values w;
	size_t i = 0;
	char **ids;

	if (p->by_run)
		return;
	ids = xcalloc(n, sizeof(*ids));
	for (values_begin(&w, sign, value); w.v && i < n; values_next(&w))
		if (sqlite3_value_type(w.v) == SQLITE_TEXT)
			ids[i++] = xstrdup(text_of(w.v).p);
	choose_runs(p, db, ids, i);
	while (i)
		free(ids[--i]);
	free(ids);
}

/*
 * The first time whose canonical text is not less than `text`, or with `after`
 * greater: SQL compares texts, whatever form the one in the statement has. All
 * canonical texts are of one length and in the order of time.
 */
static int64_t first_time(struct rt_str text, bool after)
{
	const int64_t least = INT64_MIN / RT_NS_PER_MS, most = INT64_MAX / RT_NS_PER_MS;
	int64_t low = least, high = most + 1;
	char canonical[RT_TS_LEN + 1];

	while (low < high) {
		int64_t middle = low + (high - low) / 2;
		int order;

		rt_clock_format(canonical, middle * RT_NS_PER_MS);
		order = rt_str_compare((struct rt_str){ canonical, RT_TS_LEN }, text);
		if (after ? order > 0 : order >= 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low == least ? INT64_MIN : low > most ? INT64_MAX : low * RT_NS_PER_MS;
}

static void add_span(struct rt_filter *f, enum sign sign, sqlite3_value *value)
{
	int64_t since = INT64_MAX, until = INT64_MIN;
	struct values w;

	for (values_begin(&w, sign, value); w.v; values_next(&w)) {
		struct rt_str text = text_of(w.v);
		int64_t from = INT64_MIN, to = INT64_MAX;

		if (sqlite3_value_type(w.v) == SQLITE_NULL)
			continue;
		if (sign != LESS && sign != AT_MOST)
			from = first_time(text, sign == GREATER);
		if (sign != GREATER && sign != AT_LEAST)
			to = first_time(text, sign != LESS);
		since = from < since ? from : since;
		until = to > until ? to : until;
	}
	if (rt_filter_time(f, since, until) < 0)
		die(EXIT_FAIL, "out of memory");
}

/* The least of the levels that are named. What is none is no event's level. */
static void add_level(struct sql_plan *p, enum sign sign, sqlite3_value *value)
{
	enum rt_level least = RT_CRITICAL, level;
	struct rt_err err = RT_ERR_INIT;
	struct values w;
	bool found = false;

	for (values_begin(&w, sign, value); w.v; values_next(&w)) {
		if (!rt_level_find(text_of(w.v), &level))
			continue;
		least = level < least ? level : least;
		found = true;
	}
	p->nothing |= !found;
	if (found && rt_filter_field(p->filter, RT_F_LEVEL, rt_level_name(least), &err) < 0)
		die_err(&err);
}

/* Texts that a filter can be given in a list: "a,b". */
static void add_texts(struct rt_filter *f, enum rt_field field, enum sign sign,
		      sqlite3_value *value)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_buf list;
	struct values w;
	bool fit = true;

	rt_buf_init(&list);
	for (values_begin(&w, sign, value); w.v; values_next(&w)) {
		struct rt_str text = text_of(w.v);

		if (sqlite3_value_type(w.v) == SQLITE_NULL)
			continue;
		fit &= text.n && !memchr(text.p, ',', text.n) && !memchr(text.p, '\0', text.n);
		if (list.len)
			rt_buf_addc(&list, ',');
		rt_buf_addv(&list, text);
	}
	if (fit && !list.failed && rt_filter_field(f, field, list.s, &err) < 0)
		die_err(&err);
	rt_buf_release(&list);
}

void plan_begin(struct sql_plan *p, const struct sql_db *db, int columns, const char *agreed,
		sqlite3_value **values)
{
	memset(p, 0, sizeof(*p));
	p->columns = (uint32_t)columns;
	p->filter = rt_filter_new();
	if (!p->filter)
		die(EXIT_FAIL, "out of memory");
	for (; *agreed; agreed += 2, values++) {
		int column = agreed[1] - COLUMN_0;
		enum rt_field f = sql_field_of(column);
		enum sign sign = (enum sign)agreed[0];
		size_t n;

		if (!all_texts(sign, *values, &n))
			continue;
		if (n == 0)
			p->nothing = true;
		else if (column == SQL_RUN_ID)
			add_runs(p, db, sign, *values, n);
		else if (n > TEXTS_MAX)
			continue;
		else if (f == RT_F_TS)
			add_span(p->filter, sign, *values);
		else if (f == RT_F_LEVEL)
			add_level(p, sign, *values);
		else
			add_texts(p->filter, f, sign, *values);
	}
}

void plan_release(struct sql_plan *p)
{
	free(p->chosen);
	rt_filter_free(p->filter);
	memset(p, 0, sizeof(*p));
}
