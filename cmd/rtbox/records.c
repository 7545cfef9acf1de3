/*
 * Records in every form that -o and --format know. Each comes as one JSON
 * object; its fields are found in that text, so that events and runs, rt's own
 * and others', take the same way out.
 */
#include "clock.h"
#include "die.h"
#include "out.h"
#include "scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct column {
	struct rt_str path, title; /* title: empty where none is given */
	size_t width;
	bool right; /* all of it is numbers */
};

/* The next column of a list "path,path=TITLE"; false at its end. */
static bool next_column(const char **list, struct column *c)
{
	const char *p = *list, *eq;
	size_t n;

	if (!p || !*p)
		return false;
	n = strcspn(p, ",");
	eq = memchr(p, '=', n);
	c->path.p = p;
	c->path.n = eq ? (size_t)(eq - p) : n;
	c->title.p = eq ? eq + 1 : p + n;
	c->title.n = eq ? n - c->path.n - 1 : 0;
	c->width = 0;
	c->right = true;
	*list = p[n] ? p + n + 1 : p + n;
	return true;
}

static void add_field(struct rt_buf *b, struct rt_str json, struct rt_str path)
{
	struct rt_json value;

	if (rt_scan_find(json, path, &value))
		rt_json_text(&value, b);
}

/* RFC 4180: quoted where it must be, quotes doubled. */
static void add_csv(struct rt_buf *line, struct rt_str text)
{
	bool quote = false;

	for (size_t i = 0; i < text.n; i++)
		quote |= strchr(",\"\r\n", text.p[i]) != NULL;
	if (quote)
		rt_buf_addc(line, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			rt_buf_addc(line, '"');
		rt_buf_addc(line, text.p[i]);
	}
	if (quote)
		rt_buf_addc(line, '"');
}

/* One line of CSV: the values of a record, or the header when it is NULL. */
static void print_csv(struct records *r, const struct rt_str *json)
{
	const char *list = r->columns, *sep = "";
	struct rt_buf cell;
	struct column c;

	rt_buf_init(&cell);
	rt_buf_clear(&r->line);
	while (next_column(&list, &c)) {
		rt_buf_clear(&cell);
		if (json)
			add_field(&cell, *json, c.path);
		else
			rt_buf_addv(&cell, c.path);
		rt_buf_adds(&r->line, sep);
		add_csv(&r->line, rt_buf_view(&cell));
		sep = ",";
	}
	rt_buf_release(&cell);
	if (r->out->tty)
		out_text(r->out, rt_buf_view(&r->line));
	else
		fwrite(r->line.s, 1, r->line.len, r->out->f);
	fputs("\r\n", r->out->f);
}

static bool ends_with(struct rt_str s, const char *tail)
{
	size_t n = strlen(tail);

	return s.n >= n && memcmp(s.p + s.n - n, tail, n) == 0;
}

/* A field as a table shows it, to be followed by a NUL. */
static void add_cell(struct records *r, struct rt_str json, struct rt_str path)
{
	struct rt_json value;
	struct rt_buf text;
	double ms;
	int64_t ns;

	rt_buf_init(&text);
	if (rt_scan_find(json, path, &value))
		rt_json_text(&value, &text);
	if ((rt_str_is(path, "ts") || rt_str_is(path, "bucket") || ends_with(path, "_at")) &&
	    rt_clock_parse(rt_buf_view(&text), &ns)) {
		rt_buf_clear(&text);
		out_time(r->out, &text, ns);
	} else if (ends_with(path, "duration_ms") && text.len && rt_json_number(&value, &ms) &&
		   ms >= 0 && ms < 9e12) {
		char span[32];

		rt_duration_format(span, (int64_t)(ms * 1e6));
		rt_buf_clear(&text);
		rt_buf_adds(&text, span);
	}
	rt_inert_add(&r->rows, rt_buf_view(&text));
	rt_buf_release(&text);
}

static void add_row(struct records *r, struct rt_str json)
{
	const char *list = r->columns;
	struct column c;

	while (next_column(&list, &c)) {
		add_cell(r, json, c.path);
		rt_buf_addc(&r->rows, '\0');
	}
}

static bool is_number(struct rt_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isdigit((unsigned char)s.p[i]) && !strchr(".-", s.p[i]))
			return false;
	return true;
}

static void add_upper(struct rt_buf *b, struct rt_str s)
{
	for (size_t i = 0; i < s.n; i++)
		rt_buf_addc(b, (char)toupper((unsigned char)s.p[i]));
}

/* "run_id" as a title is "RUN_ID"; of a nested path the last part, also in "sum(a.b)". */
static void add_title(struct rt_buf *b, const struct column *c)
{
	struct rt_str path = c->path;
	const char *open = memchr(path.p, '(', path.n), *dot = memrchr(path.p, '.', path.n);

	if (c->title.n) {
		rt_buf_addv(b, c->title);
		return;
	}
	if (open && dot > open)
		add_upper(b, (struct rt_str){ path.p, (size_t)(open - path.p) + 1 });
	if (dot && (!open || dot > open))
		path = (struct rt_str){ dot + 1, path.n - (size_t)(dot - path.p) - 1 };
	add_upper(b, path);
}

static struct column *read_columns(struct records *r, size_t *count)
{
	struct column *columns = NULL, c;
	const char *list = r->columns;
	const char *p = r->rows.s, *end = p + r->rows.len;
	size_t n = 0;

	while (next_column(&list, &c)) {
		columns = xrealloc(columns, (n + 1) * sizeof(*columns));
		rt_buf_clear(&r->line);
		add_title(&r->line, &c);
		c.width = rt_text_columns(rt_buf_view(&r->line));
		columns[n++] = c;
	}
	for (size_t i = 0; p < end; i = (i + 1) % n) {
		struct rt_str cell = rt_str(p);
		size_t width = rt_text_columns(cell);

		if (width > columns[i].width)
			columns[i].width = width;
		columns[i].right &= is_number(cell);
		p += cell.n + 1;
	}
	*count = n;
	return columns;
}

static enum out_style cell_style(const struct column *c, struct rt_str cell)
{
	enum rt_state state;
	enum rt_level level;

	if (rt_str_is(c->path, "status") && rt_state_find(cell, &state))
		return out_state_style(state);
	if (rt_str_is(c->path, "level") && rt_level_find(cell, &level))
		return out_level_style(level);
	return STYLE_PLAIN;
}

/* One cell and what separates it from the next, or ends the line. */
static void print_cell(struct records *r, const struct column *c, struct rt_str cell, bool last,
		       enum out_style style)
{
	size_t width = rt_text_columns(cell);
	int pad = (int)(c->width - width);

	if (c->right)
		fprintf(r->out->f, "%*s", pad, "");
	fprintf(r->out->f, "%s%.*s%s", out_on(r->out, style), (int)cell.n, cell.p,
		style == STYLE_PLAIN ? "" : out_off(r->out));
	if (!c->right && !last)
		fprintf(r->out->f, "%*s", pad, "");
	fputs(last ? "\n" : "  ", r->out->f);
}

/* On a terminal the last column ends where the line does. */
static struct rt_str fit(const struct records *r, struct rt_str cell, size_t before)
{
	size_t width = (size_t)r->out->width;

	if (r->out->tty && before < width && rt_text_columns(cell) > width - before)
		cell.n = rt_text_cut(cell, width - before);
	return cell;
}

static void print_table(struct records *r)
{
	const char *p = r->rows.s, *end = p + r->rows.len;
	size_t n, before = 0;
	struct column *columns = read_columns(r, &n);

	for (size_t i = 0; i + 1 < n; i++)
		before += columns[i].width + 2;
	for (size_t i = 0; i < n; i++) {
		rt_buf_clear(&r->line);
		add_title(&r->line, &columns[i]);
		print_cell(r, &columns[i], rt_buf_view(&r->line), i + 1 == n, STYLE_BOLD);
	}
	for (size_t i = 0; p < end; i = (i + 1) % n) {
		struct rt_str cell = rt_str(p);

		p += cell.n + 1;
		if (i + 1 == n)
			cell = fit(r, cell, before);
		print_cell(r, &columns[i], cell, i + 1 == n, cell_style(&columns[i], cell));
	}
	free(columns);
}

/* The character that two at s stand for in a template; 0 when they are no pair. */
static char format_pair(const char *s)
{
	if ((s[0] == '{' || s[0] == '}') && s[1] == s[0])
		return s[0];
	if (s[0] != '\\')
		return 0;
	switch (s[1]) {
	case 't':
		return '\t';
	case 'n':
		return '\n';
	case '\\':
		return '\\';
	default:
		return 0;
	}
}

/*
 * One step through a template: the character or field at *p goes to b. Without
 * json the template is only checked. False at what is no field.
 */
static bool format_step(const char **p, const struct rt_str *json, struct rt_buf *b)
{
	const char *s = *p;
	char c = format_pair(s);
	struct rt_str path;

	if (c) {
		*p = s + 2;
	} else if (*s == '{') {
		path.p = s + 1;
		path.n = strcspn(path.p, "{}");
		if (path.n == 0 || path.p[path.n] != '}')
			return false;
		*p = path.p + path.n + 1;
		if (json)
			add_field(b, *json, path);
		return true;
	} else if (*s == '}') {
		return false;
	} else {
		c = *s;
		*p = s + 1;
	}
	if (json)
		rt_buf_addc(b, c);
	return true;
}

static void print_format(struct records *r, struct rt_str json)
{
	const char *p = r->format;

	rt_buf_clear(&r->line);
	while (*p && format_step(&p, &json, &r->line))
		;
	if (r->out->tty)
		out_text(r->out, rt_buf_view(&r->line));
	else
		fwrite(r->line.s, 1, r->line.len, r->out->f);
	fputc('\n', r->out->f);
}

void records_begin(struct records *r, struct out *o, enum out_mode mode, const char *format,
		   const char *columns)
{
	const char *p = format;

	r->out = o;
	r->mode = mode;
	r->format = format;
	r->columns = columns;
	r->n = 0;
	rt_buf_init(&r->rows);
	rt_buf_init(&r->line);
	while (mode == OUT_FORMAT && *p)
		if (!format_step(&p, NULL, NULL))
			die_usage("bad format \"%s\": \"%s\" is no {field}; {{ and }} are braces",
				  format, p);
	if (mode == OUT_CSV)
		print_csv(r, NULL);
}

void records_add(struct records *r, struct rt_str json)
{
	r->n++;
	switch (r->mode) {
	case OUT_JSON:
		fputs(r->n == 1 ? "[\n" : ",\n", r->out->f);
		out_json(r->out, json);
		break;
	case OUT_TABLE:
		add_row(r, json);
		break;
	case OUT_CSV:
		print_csv(r, &json);
		break;
	case OUT_FORMAT:
		print_format(r, json);
		break;
	default:
		out_json(r->out, json);
		fputc('\n', r->out->f);
	}
}

void records_end(struct records *r)
{
	if (r->rows.failed || r->line.failed)
		die(EXIT_FAIL, "out of memory");
	if (r->mode == OUT_JSON)
		fputs(r->n ? "\n]\n" : "[]\n", r->out->f);
	else if (r->mode == OUT_TABLE)
		print_table(r);
	rt_buf_release(&r->rows);
	rt_buf_release(&r->line);
}
