/*
 * rt-sql: an SQL statement over runs, events, steps and artifacts. What its
 * tables are is in vtab.c and a file for each, what is settled before lines are
 * parsed in plan.c, the database in db.c, what is printed in answer.c.
 */
#include "sql.h"
#include "die.h"
#include "start.h"

#include <string.h>

struct sql_opts {
	struct common_opts common;
	struct output_opts output;
	struct select_opts select;
	const char *sql;
	bool schema;
};

/* clang-format off */
static const struct opt sql_opts[] = {
	{ 0, "sql", NULL, OPT_STRING, offsetof(struct sql_opts, sql), "SELECT",
	  "the statement", NULL, COMPLETE_NONE },
	{ 0, "schema", NULL, OPT_FLAG, offsetof(struct sql_opts, schema), NULL,
	  "print what tables and columns there are", NULL, COMPLETE_NONE },
	{ .name = NULL },
};
/* clang-format on */

static const struct opt_group sql_groups[] = {
	{ sql_opts, 0 },
	{ select_opts, offsetof(struct sql_opts, select) },
	{ output_opts, offsetof(struct sql_opts, output) },
	{ common_opts, offsetof(struct sql_opts, common) },
	{ NULL, 0 },
};

static int answer(const struct sql_opts *opts, struct out *o, int argc, char **operands)
{
	bool quiet = opts->common.quiet;
	struct sources sources;
	sqlite3_stmt *statement;
	struct sql_db db;
	size_t n;
	int code;

	sources_find_rows(&sources, &opts->common, &opts->select, argc, operands);
	db_open(&db, &sources);
	statement = db_prepare(&db, opts->sql);
	n = answer_print(&db, statement, o, &opts->output, quiet);
	sqlite3_finalize(statement);
	code = db.code ? db.code : sources.code;
	code = code ? code : unpack_exit_code(&sources.unpack, 0);
	db_close(&db);
	sources_tell_skipped(&sources);
	sources_release(&sources);
	if (quiet && n)
		return 0;
	return code ? code : quiet ? EXIT_NO : 0;
}

static int run(const struct rt_applet *self, int argc, char **argv)
{
	struct sql_opts opts = { .sql = NULL };
	char **operands;
	struct out out;
	int code = 0;

	argc = opt_parse(self, argc, argv, &opts, &operands, NULL);
	common_apply(&opts.common, &out);
	if (opts.schema && (opts.sql || argc))
		die_usage("--schema is the same for every run: it takes no statement and no run");
	if (opts.schema)
		schema_print(&out);
	else if (opts.sql)
		code = answer(&opts, &out, argc, operands);
	else
		die_usage("no statement: --sql SELECT, or --schema for what there is");
	opt_release(self, &opts);
	return code;
}

static const struct rt_applet applet = {
	.name = "sql",
	.summary = "ask runs and their events in SQL",
	.usage = "--sql SELECT [OPTION...] [RUN|FILE|-]...\n--schema",
	.groups = sql_groups,
	.forms = "table|jsonl|json|csv",
	.operands = COMPLETE_RUN,
	.more = "The same as rt-query --sql. Without RUN or FILE: -r, else $RT_RUN, else all runs\n"
		"of the runs folder. With -q nothing is printed: it exits with 0 at the first\n"
		"row, and with 1 when there is none.",
	.run = run,
};

int main(int argc, char **argv)
{
	return start_helper(&applet, argc, argv);
}
