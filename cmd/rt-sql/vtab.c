/*
 * The tables as SQLite sees them: a cursor goes through the sources, and each
 * table says how the rows of one source are read. See https://sqlite.org/vtab.html.
 */
#include "sql.h"
#include "die.h"

#include <stdlib.h>
#include <string.h>

#define PLACE_BITS 40 /* of a row's number: what is left counts the sources */

struct vtab {
	sqlite3_vtab base;
	struct sql_db *db;
	const struct sql_table *table;
};

/* What a module is registered with; SQLite frees it. */
struct binding {
	struct sql_db *db;
	const struct sql_table *table;
};

static int connect_table(sqlite3 *db, void *arg, int argc, const char *const *argv,
			 sqlite3_vtab **out, char **why)
{
	const struct binding *b = arg;
	struct vtab *v = xcalloc(1, sizeof(*v));
	struct rt_buf text;
	int rc;

	(void)argc;
	(void)argv;
	(void)why;
	v->db = b->db;
	v->table = b->table;
	rt_buf_init(&text);
	schema_declare(b->table, &text);
	rc = sqlite3_declare_vtab(db, text.s);
	rt_buf_release(&text);
	if (rc == SQLITE_OK)
		*out = &v->base;
	else
		free(v);
	return rc;
}

static int disconnect(sqlite3_vtab *base)
{
	free(base);
	return SQLITE_OK;
}

static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	const struct vtab *v = (const struct vtab *)base;

	return plan_make(v->db, v->table, info);
}

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
	const struct vtab *v = (const struct vtab *)base;
	struct sql_cursor *c = xcalloc(1, v->table->cursor_size);

	c->db = v->db;
	c->table = v->table;
	c->done = true;
	*out = &c->base;
	return SQLITE_OK;
}

/* In db->failed: what is wrong with one table of a source leaves the others. */
static unsigned char bit_of(const struct sql_table *table)
{
	unsigned char bit = 1;

	for (const struct sql_table *const *t = sql_tables; *t != table; t++)
		bit = (unsigned char)(bit << 1);
	return bit;
}

void cursor_failed(struct sql_cursor *c, const char *why)
{
	unsigned char *failed = &c->db->failed[c->at];

	c->db->code = EXIT_FAIL;
	if (!(*failed & bit_of(c->table)) && why)
		error("%s", why);
	*failed |= bit_of(c->table);
}

/* Done with a source: what was skipped in it is told once, at the end. */
static void leave_source(struct sql_cursor *c)
{
	struct source *s = &c->db->sources->v[c->at];

	if (!c->open)
		return;
	c->table->end(c);
	if (c->source.skipped > s->skipped)
		s->skipped = c->source.skipped;
	note("\"%s\": %zu lines parsed", s->name, c->source.lines);
	c->open = false;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
	struct sql_cursor *c = (struct sql_cursor *)base;

	leave_source(c);
	plan_release(&c->plan);
	free(c);
	return SQLITE_OK;
}

/* Begin with the next source; false when there is none. */
static bool enter_source(struct sql_cursor *c)
{
	const struct sql_db *db = c->db;

	do
		if (!choose_next(&c->plan, db, c->turn++, &c->at))
			return false;
	while (db->failed[c->at] & bit_of(c->table));
	c->source = db->sources->v[c->at];
	c->source.skipped = c->source.lines = 0;
	c->open = c->table->begin(c);
	return !c->base.pVtab->zErrMsg;
}

/* Go on to the next row, of the next source that has one. */
static void find_row(struct sql_cursor *c)
{
	do {
		if (c->open && c->table->next(c))
			return;
		leave_source(c);
	} while (enter_source(c));
	c->done = true;
}

static int filter(sqlite3_vtab_cursor *base, int columns, const char *agreed, int argc,
		  sqlite3_value **values)
{
	struct sql_cursor *c = (struct sql_cursor *)base;

	(void)argc;
	leave_source(c);
	plan_release(&c->plan);
	plan_begin(&c->plan, c->db, columns, agreed, values);
	c->turn = 0;
	c->done = c->plan.nothing;
	if (!c->done)
		find_row(c);
	return c->base.pVtab->zErrMsg ? SQLITE_ERROR : SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base)
{
	struct sql_cursor *c = (struct sql_cursor *)base;

	find_row(c);
	return c->base.pVtab->zErrMsg ? SQLITE_ERROR : SQLITE_OK;
}

static int eof(sqlite3_vtab_cursor *base)
{
	return ((struct sql_cursor *)base)->done;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *to, int n)
{
	struct sql_cursor *c = (struct sql_cursor *)base;

	c->table->column(c, to, n);
	return SQLITE_OK;
}

/*
 * The same row has the same number whatever the conditions: for an OR SQLite
 * reads once for each side, and tells by it which rows it has seen.
 */
static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *id)
{
	const struct sql_cursor *c = (const struct sql_cursor *)base;

	*id = ((sqlite3_int64)c->at << PLACE_BITS) + c->place;
	return SQLITE_OK;
}

/* Without xCreate a table is there by its module's name. */
static const sqlite3_module module = {
	.iVersion = 1,
	.xConnect = connect_table,
	.xBestIndex = best_index,
	.xDisconnect = disconnect,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = filter,
	.xNext = next,
	.xEof = eof,
	.xColumn = column,
	.xRowid = rowid,
};

/* Connect a table: what SQLite asks the authorizer then is nothing that a statement may do. */
static bool connect_now(sqlite3 *db, const char *table)
{
	char *sql = xasprintf("SELECT 1 FROM %s", table);
	sqlite3_stmt *statement;
	bool ok = sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK;

	sqlite3_finalize(statement);
	free(sql);
	return ok;
}

void vtab_register(struct sql_db *db)
{
	for (const struct sql_table *const *t = sql_tables; *t; t++) {
		struct binding *b = xmalloc(sizeof(*b));

		b->db = db;
		b->table = *t;
		if (sqlite3_create_module_v2(db->db, (*t)->name, &module, b, free) != SQLITE_OK ||
		    !connect_now(db->db, (*t)->name))
			die(EXIT_FAIL, "%s", sqlite3_errmsg(db->db));
	}
	/* SQLite's own for JSON; one that was built without has none */
	connect_now(db->db, "json_each");
	connect_now(db->db, "json_tree");
}
