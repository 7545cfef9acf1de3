/* The tables `runs` and `steps`: what status.json says, brought up to date. */
#include "sql.h"
#include "clock.h"
#include "die.h"
#include "rundir.h"

#include <stdlib.h>
#include <string.h>

struct status_cursor {
	struct sql_cursor base;
	struct rt_status st;
	enum rt_state state; /* derived */
	bool given;          /* of runs: the one row was */
	size_t step_at;      /* of steps: behind the one at hand */
	struct rt_str step;
	struct rt_buf scratch;
};

enum {
	RUN_ID,
	NAME,
	GROUP,
	STATUS,
	CREATED_AT,
	STARTED_AT,
	FINISHED_AT,
	DURATION_MS,
	STAGE,
	PERCENT,
	EXIT_CODE,
	SIGNAL,
	ERROR,
	HOST,
	EVENTS,
	WARNINGS,
	ERRORS,
	PROMPT_TOKENS,
	COMPLETION_TOKENS,
	TOTAL_TOKENS,
	COST_USD,
	PATH,
};

enum { RETRIES = 7 }; /* of steps */

/* clang-format off */
static const struct sql_column run_columns[] = {
	[RUN_ID] = { "run_id", "TEXT", "the name of its folder" },
	[NAME] = { "name", "TEXT", "" },
	[GROUP] = { "group_name", "TEXT", "GROUP is a word of SQL" },
	[STATUS] = { "status", "TEXT", "as rt-status shows it, lost and stale too" },
	[CREATED_AT] = { "created_at", "TEXT", "UTC, as 2026-07-01T12:00:00.000+00:00" },
	[STARTED_AT] = { "started_at", "TEXT", "" },
	[FINISHED_AT] = { "finished_at", "TEXT", "NULL as long as it is not over" },
	[DURATION_MS] = { "duration_ms", "INTEGER", "milliseconds, from its start to its end" },
	[STAGE] = { "stage", "TEXT", "the last one" },
	[PERCENT] = { "percent", "REAL", "0 to 100" },
	[EXIT_CODE] = { "exit_code", "INTEGER", "" },
	[SIGNAL] = { "signal", "INTEGER", "that the command died of" },
	[ERROR] = { "error", "TEXT", "" },
	[HOST] = { "host", "TEXT", "" },
	[EVENTS] = { "events", "INTEGER", "how many" },
	[WARNINGS] = { "warnings", "INTEGER", "" },
	[ERRORS] = { "errors", "INTEGER", "" },
	[PROMPT_TOKENS] = { "prompt_tokens", "INTEGER", "" },
	[COMPLETION_TOKENS] = { "completion_tokens", "INTEGER", "" },
	[TOTAL_TOKENS] = { "total_tokens", "INTEGER", "" },
	[COST_USD] = { "cost_usd", "REAL", "US dollars" },
	[PATH] = { "path", "TEXT", "its folder" },
	{ .name = NULL },
};

/* Named as the members in status.json, but for the first. */
static const struct sql_column step_columns[] = {
	{ "run_id", "TEXT", "" },
	{ "step_id", "TEXT", "step_001 ..." },
	{ "name", "TEXT", "" },
	{ "status", "TEXT", "running, success, failed, timeout, skipped, cancelled, incomplete" },
	{ "started_at", "TEXT", "UTC" },
	{ "finished_at", "TEXT", "" },
	{ "duration_ms", "INTEGER", "milliseconds" },
	[RETRIES] = { "retries", "INTEGER", "" },
	{ .name = NULL },
};
/* clang-format on */

static bool load(struct status_cursor *c, struct rt_err *err)
{
	struct rt_rundir dir;
	bool ok = false;

	if (rt_rundir_open_reader(&dir, c->base.source.dir, &c->base.source.unpack->unpacker, err) <
	    0)
		return false;
	if (rt_status_init(&c->st) < 0)
		die(EXIT_FAIL, "out of memory");
	if (rt_status_load(&c->st, &dir, err) == 0) {
		c->state = rt_status_derive(&c->st, dir.fd, rt_clock_now_ns());
		ok = true;
	} else {
		rt_status_release(&c->st);
	}
	rt_rundir_release(&dir);
	return ok;
}

/* A file is no run. */
static bool begin(struct sql_cursor *base)
{
	struct status_cursor *c = (struct status_cursor *)base;
	struct rt_err err = RT_ERR_INIT;

	if (!base->source.dir)
		return false;
	if (!load(c, &err)) {
		cursor_failed(base, err.msg);
		return false;
	}
	c->given = false;
	c->step_at = 0;
	rt_buf_init(&c->scratch);
	return true;
}

static void end(struct sql_cursor *base)
{
	struct status_cursor *c = (struct status_cursor *)base;

	rt_status_release(&c->st);
	rt_buf_release(&c->scratch);
}

static bool next_run(struct sql_cursor *base)
{
	struct status_cursor *c = (struct status_cursor *)base;
	bool first = !c->given;

	c->given = true;
	base->place = 0;
	return first;
}

/* The one that it says, else the folder between it and the runs folder. */
static void put_group(const struct status_cursor *c, sqlite3_context *to)
{
	const char *dir = c->base.source.dir, *runs = c->base.db->runs_dir;
	size_t n = strlen(runs);
	const char *group = strncmp(dir, runs, n) == 0 && dir[n] == '/' ? dir + n + 1 : "";
	const char *slash = strchr(group, '/');

	if (c->st.group.len)
		value_text(to, rt_buf_view(&c->st.group));
	else if (slash && !strchr(slash + 1, '/'))
		value_text(to, (struct rt_str){ group, (size_t)(slash - group) });
}

static void put_count(sqlite3_context *to, int64_t n, bool known)
{
	if (known)
		sqlite3_result_int64(to, n);
}

static void put_usage(const struct rt_usage *u, sqlite3_context *to, int n)
{
	if (n == COST_USD && u->cost_usd > 0)
		sqlite3_result_double(to, u->cost_usd);
	else if (n != COST_USD)
		put_count(to,
			  n == PROMPT_TOKENS     ? u->prompt :
			  n == COMPLETION_TOKENS ? u->completion :
						   u->total,
			  u->prompt || u->completion || u->total);
}

/* What is a number or a time. */
static void put_figure(const struct rt_status *st, sqlite3_context *to, int n)
{
	switch (n) {
	case CREATED_AT:
		value_time(to, st->created_ns);
		break;
	case STARTED_AT:
		value_time(to, st->started_ns);
		break;
	case FINISHED_AT:
		value_time(to, st->finished_ns);
		break;
	case DURATION_MS:
		put_count(to, st->finished_ns / RT_NS_PER_MS - st->started_ns / RT_NS_PER_MS,
			  st->finished_ns && st->started_ns);
		break;
	case PERCENT:
		value_number(to, rt_buf_view(&st->percent), run_columns[n].type);
		break;
	case EXIT_CODE:
		put_count(to, st->exit_code, st->exit_code >= 0);
		break;
	case SIGNAL:
		put_count(to, st->signal, st->signal > 0);
		break;
	case EVENTS:
		put_count(to, st->n_events, true);
		break;
	case WARNINGS:
		put_count(to, st->n_warnings, true);
		break;
	case ERRORS:
		put_count(to, st->n_errors, true);
		break;
	default:
		put_usage(rt_ledger_total(st->ledger), to, n);
	}
}

/* Columns that are not set are NULL. */
static void run_column(struct sql_cursor *base, sqlite3_context *to, int n)
{
	struct status_cursor *c = (struct status_cursor *)base;

	switch (n) {
	case RUN_ID:
		value_text(to, rt_str(base->source.run_id));
		break;
	case NAME:
		value_text(to, rt_buf_view(&c->st.name));
		break;
	case GROUP:
		put_group(c, to);
		break;
	case STATUS:
		sqlite3_result_text(to, rt_state_name(c->state), -1, SQLITE_STATIC);
		break;
	case STAGE:
		value_text(to, rt_buf_view(&c->st.stage));
		break;
	case ERROR:
		value_text(to, rt_buf_view(&c->st.error));
		break;
	case HOST:
		value_text(to, rt_buf_view(&c->st.host));
		break;
	case PATH:
		value_text(to, rt_str(base->source.dir));
		break;
	default:
		put_figure(&c->st, to, n);
	}
}

static bool next_step(struct sql_cursor *base)
{
	struct status_cursor *c = (struct status_cursor *)base;

	base->place = (off_t)c->step_at;
	return rt_table_next(&c->st.steps, &c->step_at, &c->step);
}

static void step_column(struct sql_cursor *base, sqlite3_context *to, int n)
{
	struct status_cursor *c = (struct status_cursor *)base;
	struct rt_json v;

	if (n == RUN_ID)
		value_text(to, rt_str(base->source.run_id));
	else if (rt_scan_find(c->step, rt_str(step_columns[n].name), &v))
		value_json(to, &v, step_columns[n].type, &c->scratch);
	else if (n == RETRIES) /* none is left out */
		sqlite3_result_int(to, 0);
}

const struct sql_table sql_runs = {
	.name = "runs",
	.about = "a row for each run; a file that is no run's has none",
	.columns = run_columns,
	.cursor_size = sizeof(struct status_cursor),
	.rows = 1,
	.begin = begin,
	.next = next_run,
	.column = run_column,
	.end = end,
};

const struct sql_table sql_steps = {
	.name = "steps",
	.about = "the last 100 steps of each run",
	.columns = step_columns,
	.cursor_size = sizeof(struct status_cursor),
	.rows = 10,
	.begin = begin,
	.next = next_step,
	.column = step_column,
	.end = end,
};
