/* A statement that is wrong: what SQLite says of it, and a mark under the place. */
#include "sql.h"
#include "die.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 76 /* of the part that is shown */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The name in "no such column: e.stge", without what qualifies it. */
static struct rt_str missing_name(const char *message, const char *what)
{
	struct rt_str name = { NULL, 0 };
	size_t n = strlen(what);

	if (strncmp(message, what, n) == 0) {
		const char *dot = strrchr(message, '.');

		name = rt_str(dot ? dot + 1 : message + n);
	}
	return name;
}

/* Where a word stands in the statement, or -1. */
static int find_word(const char *sql, struct rt_str word)
{
	for (const char *p = sql; (p = strcasestr(p, word.p)) != NULL; p++)
		if ((p == sql || !is_word(p[-1])) && !is_word(p[word.n]))
			return (int)(p - sql);
	return -1;
}

static void guess_columns(struct opt_guess *guess)
{
	for (const struct sql_table *const *t = sql_tables; *t; t++)
		for (const struct sql_column *c = (*t)->columns; c->name; c++)
			opt_guess_try(guess, c->name);
}

static void guess_tables(struct opt_guess *guess)
{
	for (const struct sql_table *const *t = sql_tables; *t; t++)
		opt_guess_try(guess, (*t)->name);
}

/* A table that has a column of just this name, or NULL. */
static const char *table_with(struct rt_str column)
{
	for (const struct sql_table *const *t = sql_tables; column.p && *t; t++)
		for (const struct sql_column *c = (*t)->columns; c->name; c++)
			if (strcasecmp(c->name, column.p) == 0)
				return (*t)->name;
	return NULL;
}

/* The line of the statement that `at` is in, or the part of it around there; *at counts from it. */
static struct rt_str part_around(const char *sql, size_t *at)
{
	size_t from = *at, n;

	while (from && sql[from - 1] != '\n')
		from--;
	if (*at - from > WIDTH / 2)
		from = *at - WIDTH / 2;
	while (((unsigned char)sql[from] & 0xc0) == 0x80) /* not in the middle of a character */
		from++;
	*at -= from;
	n = strcspn(sql + from, "\n");
	return (struct rt_str){ sql + from, rt_text_cut((struct rt_str){ sql + from, n }, WIDTH) };
}

/* The line, and under it the mark. */
static void show_place(const char *sql, size_t at)
{
	struct rt_str part = part_around(sql, &at);
	struct rt_buf text, before;

	rt_buf_init(&text);
	rt_buf_init(&before);
	rt_inert_add(&before, (struct rt_str){ part.p, at < part.n ? at : part.n });
	rt_buf_adds(&text, "  ");
	rt_inert_add(&text, part);
	for (size_t i = 0; i < text.len; i++)
		if (text.s[i] == '\t')
			text.s[i] = ' ';
	rt_buf_addf(&text, "\n  %*s^\n", (int)rt_text_columns(rt_buf_view(&before)), "");
	if (write(STDERR_FILENO, text.s, text.len) < 0) {
		/* there is nobody left to tell */
	}
	rt_buf_release(&text);
	rt_buf_release(&before);
}

void mark_error(const char *sql, int at, const char *message)
{
	struct rt_str column = missing_name(message, "no such column: ");
	struct rt_str table = missing_name(message, "no such table: ");
	struct rt_str name = column.p ? column : table;
	const char *table_of_it = table_with(column);
	struct opt_guess guess = { .best = NULL };

	if (name.p && at < 0)
		at = find_word(sql, name);
	if (name.p && !table_of_it) {
		opt_guess_init(&guess, name.p, name.n);
		if (column.p)
			guess_columns(&guess);
		else
			guess_tables(&guess);
	}
	if (table_of_it && find_word(sql, rt_str("FROM")) < 0)
		error("%s: FROM is missing (--schema tells what there is)", message);
	else if (table_of_it && !strchr(message, '.'))
		error("%s; the table %s has it (--schema tells what there is)", message,
		      table_of_it);
	else if (guess.best)
		error("%s; did you mean \"%s\"? (--schema tells what there is)", message,
		      guess.best);
	else
		error("%s%s", message, name.p ? " (--schema tells what there is)" : "");
	if (at >= 0 && (size_t)at <= strlen(sql))
		show_place(sql, (size_t)at);
}
