/*
 * A database in memory that only answers: one SELECT, of the tables that there
 * are. Nothing is loaded, attached, set or written.
 */
#include "sql.h"
#include "die.h"

#include <stdlib.h>
#include <string.h>

/*
 * Not for a statement: one reads programs into this one, the other tells and
 * takes addresses in its memory.
 */
static bool is_denied(const char *function)
{
	return function && (sqlite3_stricmp(function, "load_extension") == 0 ||
			    sqlite3_stricmp(function, "fts3_tokenizer") == 0);
}

/* What a statement may do, asked by SQLite as it reads it. */
static int authorize(void *arg, int action, const char *a, const char *b, const char *database,
		     const char *trigger)
{
	(void)arg;
	(void)a;
	(void)database;
	(void)trigger;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return is_denied(b) ? SQLITE_DENY : SQLITE_OK;
	default:
		return SQLITE_DENY;
	}
}

void db_open(struct sql_db *db, struct sources *sources)
{
	memset(db, 0, sizeof(*db));
	db->sources = sources;
	db->real_runs_dir = realpath(sources->runs_dir, NULL);
	db->taken = xcalloc(sources->n + 1, sizeof(*db->taken));
	db->failed = xcalloc(sources->n + 1, sizeof(*db->failed));
	choose_init(db);
	if (sqlite3_open_v2(":memory:", &db->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		die(EXIT_FAIL, "cannot start SQLite: %s", sqlite3_errmsg(db->db));
	sqlite3_db_config(db->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	/* "x" is a column; were it a text too, a misspelt one would be found nowhere */
	sqlite3_db_config(db->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	vtab_register(db);
	sqlite3_set_authorizer(db->db, authorize, NULL);
}

void db_close(struct sql_db *db)
{
	sqlite3_close(db->db);
	free(db->by_run);
	free(db->taken);
	free(db->failed);
	free(db->real_runs_dir);
}

static const char only_select[] = "only a SELECT is answered: nothing is ever changed or set";

_Noreturn static void die_of(const char *sql, int at, const char *message)
{
	mark_error(sql, at, message);
	exit(EXIT_USAGE);
}

sqlite3_stmt *db_prepare(struct sql_db *db, const char *sql)
{
	sqlite3_stmt *statement, *second = NULL;
	const char *tail;
	int rc = sqlite3_prepare_v2(db->db, sql, -1, &statement, &tail);

	/* of a function that is a PRAGMA it says that by the text alone */
	if (rc == SQLITE_AUTH ||
	    (rc != SQLITE_OK && strcmp(sqlite3_errmsg(db->db), "not authorized") == 0))
		die_of(sql, -1, only_select);
	if (rc != SQLITE_OK)
		die_of(sql, sqlite3_error_offset(db->db), sqlite3_errmsg(db->db));
	if (!statement)
		die_of(sql, -1, "the statement is empty");
	/* EXPLAIN tells of SQLite's inside, with addresses; it says nothing of which runs are read */
	if (sqlite3_column_count(statement) == 0 || sqlite3_stmt_isexplain(statement))
		die_of(sql, -1, only_select);
	if (sqlite3_bind_parameter_count(statement))
		die_of(sql, -1, "a parameter (?, :name) has no value here");
	if (sqlite3_prepare_v2(db->db, tail, -1, &second, NULL) != SQLITE_OK || second)
		die_of(sql, (int)(tail - sql) + (int)strspn(tail, " \t\r\n"),
		       "one statement at a time");
	return statement;
}
