/* Values on their way to SQLite. It copies each: what is read next takes their place. */
#include "sql.h"
#include "clock.h"
#include "text.h"

#include <string.h>

void value_text(sqlite3_context *to, struct rt_str text)
{
	if (text.n)
		sqlite3_result_text64(to, text.p, text.n, SQLITE_TRANSIENT, SQLITE_UTF8);
	else
		sqlite3_result_null(to);
}

void value_time(sqlite3_context *to, int64_t ns)
{
	char text[RT_TS_LEN + 1];

	if (!ns) {
		sqlite3_result_null(to);
		return;
	}
	rt_clock_format(text, ns);
	sqlite3_result_text(to, text, RT_TS_LEN, SQLITE_TRANSIENT);
}

/* The integer that it is if it may be one and fits into 64 bits, else a real; or NULL. */
static void put_number(sqlite3_context *to, const struct rt_json *v, bool integer)
{
	int64_t i;
	double d;

	if (integer && rt_json_int(v, &i))
		sqlite3_result_int64(to, i);
	else if (rt_json_number(v, &d))
		sqlite3_result_double(to, d);
	else
		sqlite3_result_null(to);
}

/* A string without its quotes; what is none as the JSON that it is. */
static void put_text(sqlite3_context *to, const struct rt_json *v, struct rt_buf *scratch)
{
	struct rt_str text = rt_json_plain(v, scratch);

	sqlite3_result_text64(to, text.n ? text.p : "", text.n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

void value_json(sqlite3_context *to, const struct rt_json *v, const char *type,
		struct rt_buf *scratch)
{
	bool real = strcmp(type, "REAL") == 0, integer = strcmp(type, "INTEGER") == 0;
	bool truth = v->type == RT_JSON_TRUE || v->type == RT_JSON_FALSE;
	bool number = v->type == RT_JSON_INT || v->type == RT_JSON_REAL;

	if (v->type == RT_JSON_NONE || v->type == RT_JSON_NULL)
		sqlite3_result_null(to);
	else if (truth && (integer || !*type))
		sqlite3_result_int(to, v->type == RT_JSON_TRUE);
	else if (number && (real || integer))
		put_number(to, v, integer);
	else if (real || integer)
		sqlite3_result_null(to);
	else if (number && !*type)
		put_number(to, v, v->type == RT_JSON_INT);
	else
		put_text(to, v, scratch);
}

void value_number(sqlite3_context *to, struct rt_str text, const char *type)
{
	struct rt_json v = rt_json_of(text, RT_JSON_REAL);

	if (rt_json_is_number(text))
		value_json(to, &v, type, NULL);
	else
		sqlite3_result_null(to);
}
