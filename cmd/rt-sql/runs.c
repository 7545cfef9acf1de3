/*
 * The tables `runs` and `steps`. A run that was listed is not opened for its row
 * of `runs`; otherwise they are what status.json says, brought up to date.
 */
#include "sql.h"
#include "clock.h"
#include "die.h"
#include "rundir.h"

#include <stdlib.h>
#include <string.h>

struct status_cursor {
	struct sql_cursor base;
	struct rt_status st;
	bool loaded;              /* there is an st */
	const struct rt_row *row; /* of runs: what is told */
	struct rt_row own;        /* the same of a run that was not listed; views into st */
	bool given;               /* of runs: the one row was */
	size_t step_at;           /* of steps: behind the one at hand */
	struct rt_str step;
	struct rt_buf scratch; /* of runs: the group's name */
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

/* The folder of the runs folder that a run lies in; empty when it lies in none. */
static struct rt_str folder_of(const char *dir, const char *runs_dir)
{
	size_t n = runs_dir ? strlen(runs_dir) : 0;
	const char *group = n && strncmp(dir, runs_dir, n) == 0 && dir[n] == '/' ? dir + n + 1 : "";
	const char *slash = strchr(group, '/');

	return (struct rt_str){ group,
				slash && !strchr(slash + 1, '/') ? (size_t)(slash - group) : 0 };
}

/* What a list would say of it: the folder that it is in counts, not what the run says. */
static void fill_own(struct status_cursor *c, enum rt_state state)
{
	const struct sql_db *db = c->base.db;
	const struct rt_status *st = &c->st;
	struct rt_str group = folder_of(c->base.source.dir, db->sources->runs_dir);

	if (!group.n)
		group = folder_of(c->base.source.dir, db->real_runs_dir);
	rt_buf_clear(&c->scratch);
	rt_buf_addv(&c->scratch, group.n ? group : rt_buf_view(&st->group));
	if (c->scratch.failed)
		die(EXIT_FAIL, "out of memory");
	c->own = (struct rt_row){
		.path = c->base.source.dir,
		.group = c->scratch.s,
		.name = st->name.s,
		.host = st->host.s,
		.stage = st->stage.s,
		.percent = st->percent.s,
		.error = st->error.s,
		.state = state,
		.created_ns = st->created_ns ? st->created_ns :
			      st->started_ns ? st->started_ns :
					       st->updated_ns,
		.started_ns = st->started_ns,
		.finished_ns = st->finished_ns,
		.exit_code = st->exit_code,
		.n_events = st->n_events,
		.n_warnings = st->n_warnings,
		.n_errors = st->n_errors,
		.usage = *rt_ledger_total(st->ledger),
	};
	c->row = &c->own;
}

static bool load(struct status_cursor *c, struct rt_err *err)
{
	enum rt_state state;
	struct rt_rundir dir;

	if (rt_rundir_open_reader(&dir, c->base.source.dir, &c->base.source.unpack->unpacker, err) <
	    0)
		return false;
	if (rt_status_init(&c->st) < 0)
		die(EXIT_FAIL, "out of memory");
	c->loaded = rt_status_load(&c->st, &dir, err) == 0;
	if (c->loaded) {
		state = rt_status_derive(&c->st, dir.fd, rt_clock_now_ns());
		rt_status_settle(&c->st, state);
		fill_own(c, state);
	} else {
		rt_status_release(&c->st);
	}
	rt_rundir_release(&dir);
	return c->loaded;
}

/* A file is no run. */
static bool begin(struct sql_cursor *base, bool need_status)
{
	struct status_cursor *c = (struct status_cursor *)base;
	struct rt_err err = RT_ERR_INIT;

	if (!base->source.dir)
		return false;
	c->given = c->loaded = false;
	c->step_at = 0;
	c->row = base->source.row;
	rt_buf_init(&c->scratch);
	if (!need_status || load(c, &err))
		return true;
	cursor_failed(base, err.msg);
	rt_buf_release(&c->scratch);
	return false;
}

/* Lists do not say what signal it was; what was completed died of none. */
static bool begin_run(struct sql_cursor *base)
{
	const struct rt_row *row = base->source.row;

	return begin(base, !row || ((base->plan.columns & 1u << SIGNAL) != 0 &&
				    row->state != RT_COMPLETED));
}

static bool begin_steps(struct sql_cursor *base)
{
	return begin(base, true);
}

static void end(struct sql_cursor *base)
{
	struct status_cursor *c = (struct status_cursor *)base;

	if (c->loaded)
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
static void put_figure(const struct rt_row *row, sqlite3_context *to, int n)
{
	switch (n) {
	case CREATED_AT:
		value_time(to, row->created_ns);
		break;
	case STARTED_AT:
		value_time(to, row->started_ns);
		break;
	case FINISHED_AT:
		value_time(to, row->finished_ns);
		break;
	case DURATION_MS:
		put_count(to, row->finished_ns / RT_NS_PER_MS - row->started_ns / RT_NS_PER_MS,
			  row->finished_ns && row->started_ns);
		break;
	case PERCENT:
		value_number(to, rt_str(row->percent), run_columns[n].type);
		break;
	case EXIT_CODE:
		put_count(to, row->exit_code, row->exit_code >= 0);
		break;
	case EVENTS:
		put_count(to, row->n_events, true);
		break;
	case WARNINGS:
		put_count(to, row->n_warnings, true);
		break;
	case ERRORS:
		put_count(to, row->n_errors, true);
		break;
	default:
		put_usage(&row->usage, to, n);
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
		value_text(to, rt_str(c->row->name));
		break;
	case GROUP:
		value_text(to, rt_str(c->row->group));
		break;
	case STATUS:
		sqlite3_result_text(to, rt_state_name(c->row->state), -1, SQLITE_STATIC);
		break;
	case STAGE:
		value_text(to, rt_str(c->row->stage));
		break;
	case ERROR:
		value_text(to, rt_str(c->row->error));
		break;
	case HOST:
		value_text(to, rt_str(c->row->host));
		break;
	case PATH:
		value_text(to, rt_str(base->source.dir));
		break;
	case SIGNAL:
		put_count(to, c->st.signal, c->loaded && c->st.signal > 0);
		break;
	default:
		put_figure(c->row, to, n);
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
	.begin = begin_run,
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
	.begin = begin_steps,
	.next = next_step,
	.column = step_column,
	.end = end,
};
