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

/* How a column of a table is shown. */
struct shape {
	size_t width;
	bool right; /* all of it is numbers */
};

/* The next column of a list "path,path=TITLE"; false at its end. */
static bool next_column(const char **list, struct record_column *c)
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
	struct rt_buf cell;

	rt_buf_init(&cell);
	rt_buf_clear(&r->line);
	for (size_t i = 0; i < r->n_columns; i++) {
		rt_buf_clear(&cell);
		if (json)
			add_field(&cell, *json, r->columns[i].path);
		else
			rt_buf_addv(&cell, r->columns[i].path);
		if (i)
			rt_buf_addc(&r->line, ',');
		add_csv(&r->line, rt_buf_view(&cell));
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
	for (size_t i = 0; i < r->n_columns; i++) {
		add_cell(r, json, r->columns[i].path);
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
static void add_title(struct rt_buf *b, const struct record_column *c)
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

/* The shape of each column. Free it. */
static struct shape *measure(struct records *r)
{
	struct shape *shapes = xcalloc(r->n_columns, sizeof(*shapes));
	const char *p = r->rows.s, *end = p + r->rows.len;

	for (size_t i = 0; i < r->n_columns; i++) {
		rt_buf_clear(&r->line);
		add_title(&r->line, &r->columns[i]);
		shapes[i].width = rt_text_columns(rt_buf_view(&r->line));
		shapes[i].right = true;
	}
	for (size_t i = 0; p < end; i = (i + 1) % r->n_columns) {
		struct rt_str cell = rt_str(p);
		size_t width = rt_text_columns(cell);

		if (width > shapes[i].width)
			shapes[i].width = width;
		shapes[i].right &= is_number(cell);
		p += cell.n + 1;
	}
	return shapes;
}

static enum out_style cell_style(const struct record_column *c, struct rt_str cell)
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
static void print_cell(struct records *r, const struct shape *c, struct rt_str cell, bool last,
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
	size_t n = r->n_columns, before = 0;
	struct shape *shapes = measure(r);

	for (size_t i = 0; i + 1 < n; i++)
		before += shapes[i].width + 2;
	for (size_t i = 0; i < n; i++) {
		rt_buf_clear(&r->line);
		add_title(&r->line, &r->columns[i]);
		print_cell(r, &shapes[i], rt_buf_view(&r->line), i + 1 == n, STYLE_BOLD);
	}
	for (size_t i = 0; p < end; i = (i + 1) % n) {
		struct rt_str cell = rt_str(p);

		p += cell.n + 1;
		if (i + 1 == n)
			cell = fit(r, cell, before);
		print_cell(r, &shapes[i], cell, i + 1 == n, cell_style(&r->columns[i], cell));
	}
	free(shapes);
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

/* All but the columns. */
static void begin(struct records *r, struct out *o, enum out_mode mode, const char *format)
{
	const char *p = format;

	memset(r, 0, sizeof(*r));
	r->out = o;
	r->mode = mode;
	r->format = format;
	rt_buf_init(&r->rows);
	rt_buf_init(&r->line);
	while (mode == OUT_FORMAT && *p)
		if (!format_step(&p, NULL, NULL))
			die_usage("bad format \"%s\": \"%s\" is no {field}; {{ and }} are braces",
				  format, p);
}

void records_begin(struct records *r, struct out *o, enum out_mode mode, const char *format,
		   const char *columns)
{
	struct record_column c;

	begin(r, o, mode, format);
	while (next_column(&columns, &c)) {
		r->columns = xrealloc(r->columns, (r->n_columns + 1) * sizeof(*r->columns));
		r->columns[r->n_columns++] = c;
	}
	if (mode == OUT_CSV)
		print_csv(r, NULL);
}

void records_begin_names(struct records *r, struct out *o, enum out_mode mode, const char *format,
			 char *const *names, size_t n)
{
	begin(r, o, mode, format);
	r->columns = xcalloc(n, sizeof(*r->columns));
	r->n_columns = n;
	for (size_t i = 0; i < n; i++)
		r->columns[i].path = r->columns[i].title = rt_str(names[i]);
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
	free(r->columns);
}
