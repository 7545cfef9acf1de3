/* The tables as text: what SQLite is told of them, and what --schema tells. */
#include "sql.h"

#include <string.h>

const struct sql_table *const sql_tables[] = { &sql_runs, &sql_events, &sql_steps, &sql_artifacts,
					       NULL };

void schema_declare(const struct sql_table *table, struct rt_buf *out)
{
	const char *sep = "";

	rt_buf_addf(out, "CREATE TABLE %s (", table->name);
	for (const struct sql_column *c = table->columns; c->name; c++) {
		rt_buf_addf(out, "%s%s %s", sep, c->name, c->type);
		sep = ", ";
	}
	rt_buf_addc(out, ')');
}

/* One column: `  ts TEXT,          -- what it is`. */
static void print_column(FILE *f, const struct sql_column *c)
{
	const char *comma = c[1].name ? "," : "";
	const char *space = *c->type ? " " : "";
	size_t n = strlen(c->name) + strlen(space) + strlen(c->type) + strlen(comma);

	fprintf(f, "  %s%s%s%s", c->name, space, c->type, comma);
	if (*c->about)
		fprintf(f, "%*s-- %s", n < 27 ? (int)(28 - n) : 1, "", c->about);
	putc('\n', f);
}

void schema_print(struct out *o)
{
	for (const struct sql_table *const *t = sql_tables; *t; t++) {
		fprintf(o->f, "%s-- %s\nCREATE TABLE %s (\n", t == sql_tables ? "" : "\n",
			(*t)->about, (*t)->name);
		for (const struct sql_column *c = (*t)->columns; c->name; c++)
			print_column(o->f, c);
		fputs(");\n", o->f);
	}
}
