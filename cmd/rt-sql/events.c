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

enum {
	RUN_ID,
	FIRST_FIELD,
	LINE = FIRST_FIELD + RT_F_RUN_ID,
};

/* clang-format off */
static const struct sql_column columns[] = {
	{ "run_id", "TEXT", "the run's folder; of a file that is no run's what the line says" },
	{ "ts", "TEXT", "UTC, as 2026-07-01T12:00:00.000+00:00" },
	{ "type", "TEXT", "never NULL" },
	{ "level", "TEXT", "debug, info, warning, error or critical; never NULL" },
	{ "stage", "TEXT", "" },
	{ "message", "TEXT", "never NULL: the type where there is none" },
	{ "percent", "REAL", "0 to 100" },
	{ "step", "INTEGER", "" },
	{ "total_steps", "INTEGER", "" },
	{ "iteration", "INTEGER", "" },
	{ "max_iterations", "INTEGER", "" },
	{ "task_id", "TEXT", "" },
	{ "step_id", "TEXT", "step_001 ..., as in steps" },
	{ "component", "TEXT", "" },
	{ "action", "TEXT", "" },
	{ "agent_role", "TEXT", "" },
	{ "model", "TEXT", "" },
	{ "correlation_id", "TEXT", "" },
	{ "span_id", "TEXT", "" },
	{ "event_id", "TEXT", "" },
	{ "parent_id", "TEXT", "" },
	{ "state_before", "TEXT", "" },
	{ "state_after", "TEXT", "" },
	{ "success", "INTEGER", "0 or 1" },
	{ "result", "", "text or number; an object or array as JSON" },
	{ "duration_ms", "REAL", "milliseconds" },
	{ "error", "", "text or number; an object or array as JSON" },
	{ "metadata", "TEXT", "JSON: metadata ->> '$.total_tokens'" },
	{ "line", "TEXT HIDDEN", "the whole line, not in *: line ->> '$.other_key'" },
	{ .name = NULL },
};
/* clang-format on */

/* What the values of these columns are made of. */
static void want(struct rt_wanted *w, uint32_t wanted)
{
	struct rt_path path;

	if (wanted & 1u << RUN_ID)
		rt_wanted_add(w, RT_FIELD(RT_F_RUN_ID));
	for (int f = 0; f < RT_F_RUN_ID; f++) {
		if (!(wanted >> (FIRST_FIELD + f) & 1))
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
		if (source_match(&base->source, base->plan.filter, &c->wanted, line, c->reader.torn,
				 &c->ev, &c->scratch)) {
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
			value_number(to, rt_buf_view(&c->scratch));
		break;
	default:
		if (rt_event_get(&c->ev, f, &v))
			value_json(to, &v, rt_field_is_text(f), &c->scratch);
	}
}

static void column(struct sql_cursor *base, sqlite3_context *to, int n)
{
	struct events_cursor *c = (struct events_cursor *)base;

	if (n == LINE)
		sqlite3_result_text64(to, c->ev.line.p, c->ev.line.n, SQLITE_TRANSIENT,
				      SQLITE_UTF8);
	else if (n != RUN_ID)
		put_field(c, to, (enum rt_field)(n - FIRST_FIELD));
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
