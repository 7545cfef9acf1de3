/* Values on their way to SQLite. It copies each: what is read next takes their place. */
#include "sql.h"
#include "clock.h"

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

/* An integer stays one as long as it fits into 64 bits. */
static void put_number(sqlite3_context *to, const struct rt_json *v)
{
	int64_t i;
	double d;

	if (v->type == RT_JSON_INT && rt_json_int(v, &i))
		sqlite3_result_int64(to, i);
	else if (rt_json_number(v, &d))
		sqlite3_result_double(to, d);
	else
		sqlite3_result_null(to);
}

void value_number(sqlite3_context *to, struct rt_str text)
{
	struct rt_json v = rt_json_of(text, RT_JSON_INT);

	for (size_t i = 0; i < text.n; i++)
		if (strchr(".eE", text.p[i]))
			v.type = RT_JSON_REAL;
	if (text.n)
		put_number(to, &v);
}

void value_json(sqlite3_context *to, const struct rt_json *v, bool as_text, struct rt_buf *scratch)
{
	struct rt_str text;

	switch (v->type) {
	case RT_JSON_NONE:
	case RT_JSON_NULL:
		sqlite3_result_null(to);
		return;
	case RT_JSON_TRUE:
	case RT_JSON_FALSE:
		if (as_text)
			break;
		sqlite3_result_int(to, v->type == RT_JSON_TRUE);
		return;
	case RT_JSON_INT:
	case RT_JSON_REAL:
		if (as_text)
			break;
		put_number(to, v);
		return;
	default:
		break;
	}
	/* a string without its quotes; an array or object as the JSON that it is */
	text = rt_json_plain(v, scratch);
	sqlite3_result_text64(to, text.n ? text.p : "", text.n, SQLITE_TRANSIENT, SQLITE_UTF8);
}
