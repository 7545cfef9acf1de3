/*
 * What the parts of rt-sql share. The tables are virtual ones of SQLite: nothing
 * is copied into a database, a statement reads the runs themselves.
 */
#ifndef RT_SQL_H
#define RT_SQL_H

#include "common.h"
#include "out.h"
#include "source.h"

#include <sqlite3.h>

/* The database that a statement is put to, and what it is about. */
struct sql_db {
	sqlite3 *db;
	struct sources *sources;
	char *real_runs_dir;   /* the runs folder without links, or NULL */
	size_t *by_run;        /* the sources in the order of their run ids, files first */
	bool *taken;           /* of a source: it is a stream, and was read */
	unsigned char *failed; /* of a source: bits of tables that cannot be read; told */
	int code;              /* exit code of what could not be read, or 0 */
};

struct sql_column {
	const char *name; /* NULL ends a list */
	const char *type; /* "TEXT", "INTEGER", "REAL", or "" for any */
	const char *about;
};

struct sql_cursor;

/* A table: what it holds, and how the rows of one source are read. */
struct sql_table {
	const char *name, *about;
	const struct sql_column *columns; /* the first is run_id */
	bool has_events;                  /* its columns are those of events, below */
	size_t cursor_size;               /* of a struct that begins with a sql_cursor */
	double rows;                      /* that a source is thought to have */

	/*
	 * Begin to read c->source. False when there is nothing to be read (it was said, if
	 * that is an error), and then next and end are not called.
	 */
	bool (*begin)(struct sql_cursor *c);
	/* The next row, of which c->place is set: where it is in the source. False at the end. */
	bool (*next)(struct sql_cursor *c);
	void (*column)(struct sql_cursor *c, sqlite3_context *to, int column);
	void (*end)(struct sql_cursor *c);
};

/* The columns of events: the run, each field of an event, and the whole line. */
enum {
	SQL_RUN_ID, /* first in every table */
	SQL_FIRST_FIELD,
	SQL_LINE = SQL_FIRST_FIELD + RT_F_RUN_ID,
};
#define SQL_FIELD(f) (SQL_FIRST_FIELD + (int)(f)) /* the column of a field before RT_F_RUN_ID */

static inline enum rt_field sql_field_of(int column)
{
	return (enum rt_field)(column - SQL_FIRST_FIELD);
}

extern const struct sql_table sql_runs, sql_events, sql_steps, sql_artifacts;

/* All of them; NULL ends the list. */
extern const struct sql_table *const sql_tables[];

/* What of a statement's conditions is known before anything is read. */
struct sql_plan {
	bool nothing; /* no row can meet them */
	bool by_run;  /* only these sources, in order */
	size_t *chosen, n_chosen;
	uint32_t columns;         /* bit N: the value of column N is wanted */
	struct rt_filter *filter; /* of events; all that it leaves out meets no condition */
};

/* A reader of a table: the sources one after another. */
struct sql_cursor {
	sqlite3_vtab_cursor base;
	struct sql_db *db;
	const struct sql_table *table;
	struct sql_plan plan;
	size_t turn;          /* how many sources the plan has given */
	size_t at;            /* of the source in db->sources */
	struct source source; /* a copy: the statement may read it several times at once */
	bool open;            /* begin was called for it */
	bool done;
	off_t place;
};

/* plan.c: SQLite's xBestIndex, and what was agreed on there with the values. */
int plan_make(struct sql_db *db, const struct sql_table *table, sqlite3_index_info *info);
void plan_begin(struct sql_plan *p, const struct sql_db *db, int columns, const char *agreed,
		sqlite3_value **values);
void plan_release(struct sql_plan *p);

/* choose.c: which sources a plan reads. Fill in db->by_run; it is freed by the caller. */
void choose_init(struct sql_db *db);

/* Only runs that have one of these texts as their id, and files, whose lines may have it. */
void choose_runs(struct sql_plan *p, const struct sql_db *db, char *const *ids, size_t n);

/* The plan's source number `turn`, from 0; false at the end. */
bool choose_next(const struct sql_plan *p, const struct sql_db *db, size_t turn, size_t *at);

/* vtab.c: make the tables known to db->db, before it has an authorizer. */
void vtab_register(struct sql_db *db);

/* Say that the source at hand cannot be read; once, however often the statement tries. */
void cursor_failed(struct sql_cursor *c, const char *why);

/* db.c: open a database that only answers; die of what it cannot do. */
void db_open(struct sql_db *db, struct sources *sources);
void db_close(struct sql_db *db);

/* The one statement in `sql`. What is wrong with it is shown where it is, exit 2. */
sqlite3_stmt *db_prepare(struct sql_db *db, const char *sql);

/* mark.c: say what is wrong with a statement, and where (a byte of it, or -1). */
void mark_error(const char *sql, int at, const char *message);

/* schema.c: a table as CREATE TABLE text, and all of them for a person. */
void schema_declare(const struct sql_table *table, struct rt_buf *out);
void schema_print(struct out *o);

/* answer.c: run the statement and print its rows. Returns the number of rows. */
size_t answer_print(struct sql_db *db, sqlite3_stmt *statement, struct out *o,
		    const struct output_opts *opts, bool quiet);

/* value.c: give SQLite a text (empty: NULL), a time (0: NULL). */
void value_text(sqlite3_context *to, struct rt_str text);
void value_time(sqlite3_context *to, int64_t ns);

/*
 * A value for a column of this type. SQLite makes values be of a column's type
 * when it stores them, and those of a virtual table are not stored: so in a REAL
 * column every number is made a real here, in an INTEGER column an integer where
 * it is integral. What is no number is NULL there, as fields of events are absent
 * whose type is another. value_number is given the text of a number.
 */
void value_json(sqlite3_context *to, const struct rt_json *v, const char *type,
		struct rt_buf *scratch);
void value_number(sqlite3_context *to, struct rt_str text, const char *type);

#endif
