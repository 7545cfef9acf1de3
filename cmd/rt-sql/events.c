/* The table `events`: the lines of a source that a statement's conditions may be met by. */
#include "sql.h"
#include "die.h"
#include "sieve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct events_cursor {
	struct sql_cursor base;
	struct rt_reader reader;
	struct rt_sieve sieve;
	struct rt_event ev;
	struct rt_wanted wanted; /* what conditions and columns look at */
	struct rt_buf scratch;
};

/* clang-format off */
static const struct sql_column columns[] = {
	[SQL_RUN_ID] = { "run_id", "TEXT", "the run's folder; of a file that is no run's what the line says" },
	[SQL_FIELD(RT_F_TS)] = { "ts", "TEXT", "UTC, as 2026-07-01T12:00:00.000+00:00" },
	[SQL_FIELD(RT_F_TYPE)] = { "type", "TEXT", "never NULL" },
	[SQL_FIELD(RT_F_LEVEL)] = { "level", "TEXT", "debug, info, warning, error or critical; never NULL" },
	[SQL_FIELD(RT_F_STAGE)] = { "stage", "TEXT", "" },
	[SQL_FIELD(RT_F_MESSAGE)] = { "message", "TEXT", "never NULL: the type where there is none" },
	[SQL_FIELD(RT_F_PERCENT)] = { "percent", "REAL", "0 to 100" },
	[SQL_FIELD(RT_F_STEP)] = { "step", "INTEGER", "" },
	[SQL_FIELD(RT_F_TOTAL_STEPS)] = { "total_steps", "INTEGER", "" },
	[SQL_FIELD(RT_F_ITERATION)] = { "iteration", "INTEGER", "" },
	[SQL_FIELD(RT_F_MAX_ITERATIONS)] = { "max_iterations", "INTEGER", "" },
	[SQL_FIELD(RT_F_TASK_ID)] = { "task_id", "TEXT", "" },
	[SQL_FIELD(RT_F_STEP_ID)] = { "step_id", "TEXT", "step_001 ..., as in steps" },
	[SQL_FIELD(RT_F_COMPONENT)] = { "component", "TEXT", "" },
	[SQL_FIELD(RT_F_ACTION)] = { "action", "TEXT", "" },
	[SQL_FIELD(RT_F_AGENT_ROLE)] = { "agent_role", "TEXT", "" },
	[SQL_FIELD(RT_F_MODEL)] = { "model", "TEXT", "" },
	[SQL_FIELD(RT_F_CORRELATION_ID)] = { "correlation_id", "TEXT", "" },
	[SQL_FIELD(RT_F_SPAN_ID)] = { "span_id", "TEXT", "" },
	[SQL_FIELD(RT_F_EVENT_ID)] = { "event_id", "TEXT", "" },
	[SQL_FIELD(RT_F_PARENT_ID)] = { "parent_id", "TEXT", "" },
	[SQL_FIELD(RT_F_STATE_BEFORE)] = { "state_before", "TEXT", "" },
	[SQL_FIELD(RT_F_STATE_AFTER)] = { "state_after", "TEXT", "" },
	[SQL_FIELD(RT_F_SUCCESS)] = { "success", "INTEGER", "0 or 1" },
	[SQL_FIELD(RT_F_RESULT)] = { "result", "", "text or number; an object or array as JSON" },
	[SQL_FIELD(RT_F_DURATION_MS)] = { "duration_ms", "REAL", "milliseconds" },
	[SQL_FIELD(RT_F_ERROR)] = { "error", "", "text or number; an object or array as JSON" },
	[SQL_FIELD(RT_F_METADATA)] = { "metadata", "TEXT", "JSON: metadata ->> '$.total_tokens'" },
	[SQL_LINE] = { "line", "TEXT HIDDEN", "the whole line, not in *: line ->> '$.other_key'" },
	{ .name = NULL },
};
/* clang-format on */

_Static_assert(SQL_LINE < 31, "SQLite is given a bit for each column in an int, see plan_make");

/* What the values of these columns are made of. */
static void want(struct rt_wanted *w, uint32_t wanted)
{
	struct rt_path path;

	if (wanted & 1u << SQL_RUN_ID)
		rt_wanted_add(w, RT_FIELD(RT_F_RUN_ID));
	for (int f = 0; f < RT_F_RUN_ID; f++) {
		if (!(wanted >> SQL_FIELD(f) & 1))
			continue;
		rt_path_init(&path, rt_str(rt_field_name((enum rt_field)f)));
		rt_wanted_add_path(w, &path);
	}
}

/* A stream is gone when it was read once. */
static bool take_stream(struct sql_cursor *c)
{
	if (!c->source.stream)
		return true;
	if (!c->db->taken[c->at]) {
		c->db->taken[c->at] = true;
		return true;
	}
	c->base.pVtab->zErrMsg = sqlite3_mprintf("\"%s\" can be read only once, and the statement "
						 "reads events again: give it a file",
						 c->source.name);
	return false;
}

static void read_failed(struct sql_cursor *c)
{
	char *why = xasprintf("cannot read \"%s\": %s", c->source.name, strerror(errno));

	cursor_failed(c, why);
	free(why);
}

static bool begin(struct sql_cursor *base)
{
	struct events_cursor *c = (struct events_cursor *)base;
	struct source *s = &base->source;

	source_narrow(s, base->plan.filter);
	if (!source_open(s)) {
		cursor_failed(base, NULL);
		return false;
	}
	if (!take_stream(base)) {
		source_close(s);
		return false;
	}
	if (rt_reader_init(&c->reader, s->fd, s->from, s->to, false) < 0) {
		read_failed(base);
		source_close(s);
		return false;
	}
	rt_sieve_init(&c->sieve, base->plan.filter);
	rt_wanted_init(&c->wanted);
	rt_filter_want(base->plan.filter, &c->wanted);
	want(&c->wanted, base->plan.columns);
	rt_buf_init(&c->scratch);
	return true;
}

static bool next(struct sql_cursor *base)
{
	struct events_cursor *c = (struct events_cursor *)base;
	struct rt_str line;
	int got;

	while ((got = rt_sieve_next(&c->sieve, &c->reader, &line)) > 0) {
		if (source_match(&base->source, base->plan.filter, &c->wanted, line,
				 &c->sieve.lines, c->reader.torn, &c->ev, &c->scratch)) {
			base->place = c->reader.line_at;
			return true;
		}
	}
	if (got < 0)
		read_failed(base);
	return false;
}

static void end(struct sql_cursor *base)
{
	struct events_cursor *c = (struct events_cursor *)base;

	base->source.skipped += c->reader.skipped;
	rt_reader_release(&c->reader);
	rt_buf_release(&c->scratch);
	source_close(&base->source);
}

/* What a reader derives, as text. */
static void put_text(struct events_cursor *c, sqlite3_context *to, enum rt_field f)
{
	rt_buf_clear(&c->scratch);
	if (rt_event_text(&c->ev, f, &c->scratch))
		sqlite3_result_text64(to, c->scratch.s, c->scratch.len, SQLITE_TRANSIENT,
				      SQLITE_UTF8);
	else
		sqlite3_result_null(to);
}

static void put_field(struct events_cursor *c, sqlite3_context *to, enum rt_field f)
{
	const struct sql_column *column = &columns[SQL_FIELD(f)];
	struct rt_json v;

	switch (f) {
	case RT_F_TYPE:
		if (c->ev.type == RT_T_OTHER)
			put_text(c, to, f);
		else
			sqlite3_result_text(to, rt_type_name(c->ev.type), -1, SQLITE_STATIC);
		break;
	case RT_F_LEVEL:
		sqlite3_result_text(to, rt_level_name(c->ev.level), -1, SQLITE_STATIC);
		break;
	case RT_F_TS:
	case RT_F_MESSAGE:
		put_text(c, to, f);
		break;
	case RT_F_DURATION_MS:
		/* in seconds there, perhaps */
		rt_buf_clear(&c->scratch);
		if (rt_event_text(&c->ev, f, &c->scratch))
			value_number(to, rt_buf_view(&c->scratch), column->type);
		break;
	default:
		if (rt_event_get(&c->ev, f, &v))
			value_json(to, &v, column->type, &c->scratch);
	}
}

static void column(struct sql_cursor *base, sqlite3_context *to, int n)
{
	struct events_cursor *c = (struct events_cursor *)base;

	if (n == SQL_LINE)
		sqlite3_result_text64(to, c->ev.line.p, c->ev.line.n, SQLITE_TRANSIENT,
				      SQLITE_UTF8);
	else if (n != SQL_RUN_ID)
		put_field(c, to, sql_field_of(n));
	else if (base->source.run_id)
		sqlite3_result_text(to, base->source.run_id, -1, SQLITE_TRANSIENT);
	else
		put_text(c, to, RT_F_RUN_ID);
}

const struct sql_table sql_events = {
	.name = "events",
	.about = "what happened, see rt-event(5)",
	.columns = columns,
	.has_events = true,
	.cursor_size = sizeof(struct events_cursor),
	.rows = 100000,
	.begin = begin,
	.next = next,
	.column = column,
	.end = end,
};
