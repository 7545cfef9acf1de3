/* The rows of a statement, printed in the forms that all programs have. */
#include "sql.h"
#include "die.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is being printed. */
struct answer {
	sqlite3_stmt *statement;
	int n;        /* columns */
	char **names; /* each one different */
	struct rt_buf row;
};

static bool is_taken(const struct answer *a, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(a->names[i], name) == 0)
			return true;
	return false;
}

/* Two columns of one name, of a join perhaps: the second is name_2. */
static void name_columns(struct answer *a)
{
	a->n = sqlite3_column_count(a->statement);
	a->names = xcalloc((size_t)a->n, sizeof(*a->names));
	for (int i = 0; i < a->n; i++) {
		const char *name = sqlite3_column_name(a->statement, i);
		char *unique = xstrdup(name ? name : "");

		for (int k = 2; is_taken(a, i, unique); k++) {
			free(unique);
			unique = xasprintf("%s_%d", name ? name : "", k);
		}
		a->names[i] = unique;
	}
}

/* The shortest text that is read as the same number. JSON has none for infinity. */
static void add_real(struct rt_buf *b, double d)
{
	char text[32];

	if (!isfinite(d)) {
		rt_buf_adds(b, "null");
		return;
	}
	snprintf(text, sizeof(text), "%.15g", d);
	if (strtod(text, NULL) != d)
		snprintf(text, sizeof(text), "%.17g", d);
	rt_buf_adds(b, text);
	if (!text[strcspn(text, ".e")])
		rt_buf_adds(b, ".0");
}

static void add_value(struct answer *a, int i)
{
	const char *p;

	switch (sqlite3_column_type(a->statement, i)) {
	case SQLITE_NULL:
		rt_buf_adds(&a->row, "null");
		break;
	case SQLITE_INTEGER:
		rt_buf_addf(&a->row, "%lld", (long long)sqlite3_column_int64(a->statement, i));
		break;
	case SQLITE_FLOAT:
		add_real(&a->row, sqlite3_column_double(a->statement, i));
		break;
	default:
		p = sqlite3_column_blob(a->statement, i); /* of a text: its bytes */
		rt_json_quote(&a->row, (struct rt_str){ p ? p : "", (size_t)sqlite3_column_bytes(
									    a->statement, i) });
	}
}

static void make_row(struct answer *a)
{
	rt_buf_clear(&a->row);
	for (int i = 0; i < a->n; i++) {
		rt_buf_addc(&a->row, i ? ',' : '{');
		rt_json_quote(&a->row, rt_str(a->names[i]));
		rt_buf_addc(&a->row, ':');
		add_value(a, i);
	}
	rt_buf_addc(&a->row, '}');
	if (a->row.failed)
		die(EXIT_FAIL, "out of memory");
}

/* Go through the rows, and print them unless `records` is NULL: then one is enough. */
static size_t read_rows(struct sql_db *db, struct answer *a, struct records *records)
{
	size_t n = 0;
	int rc;

	while ((rc = sqlite3_step(a->statement)) == SQLITE_ROW) {
		n++;
		if (!records)
			return n;
		make_row(a);
		records_add(records, rt_buf_view(&a->row));
		if (ferror(records->out->f))
			return n;
	}
	if (rc != SQLITE_DONE)
		die(EXIT_FAIL, "%s", sqlite3_errmsg(db->db));
	return n;
}

static size_t print_rows(struct sql_db *db, struct answer *a, struct out *o, enum out_mode mode,
			 const struct output_opts *opts)
{
	struct records records;
	size_t n;

	if (opts->columns)
		records_begin(&records, o, mode, opts->format, opts->columns);
	else
		records_begin_names(&records, o, mode, opts->format, a->names, (size_t)a->n);
	n = read_rows(db, a, &records);
	records_end(&records);
	return n;
}

/*
 * A document is printed when it is whole, as a table is: an error among the
 * rows would leave half of one.
 */
static size_t print_whole(struct sql_db *db, struct answer *a, struct out *o, enum out_mode mode,
			  const struct output_opts *opts)
{
	struct out held = *o;
	char *text = NULL;
	size_t size, n;

	held.f = open_memstream(&text, &size);
	if (!held.f)
		die(EXIT_FAIL, "out of memory");
	n = print_rows(db, a, &held, mode, opts);
	if (ferror(held.f) || fclose(held.f) != 0)
		die(EXIT_FAIL, "out of memory");
	fwrite(text, 1, size, o->f);
	free(text);
	return n;
}

size_t answer_print(struct sql_db *db, sqlite3_stmt *statement, struct out *o,
		    const struct output_opts *opts, bool quiet)
{
	enum out_mode mode = output_mode(opts,
					 o->tty ? "table|jsonl|json|csv" : "jsonl|table|json|csv");
	struct answer a = { .statement = statement };
	size_t n;

	rt_buf_init(&a.row);
	name_columns(&a);
	if (quiet)
		n = read_rows(db, &a, NULL);
	else if (mode == OUT_JSON)
		n = print_whole(db, &a, o, mode, opts);
	else
		n = print_rows(db, &a, o, mode, opts);
	for (int i = 0; i < a.n; i++)
		free(a.names[i]);
	free(a.names);
	rt_buf_release(&a.row);
	return n;
}
