/* Making text from anywhere inert, and making it fit into a summary. */
#include "summary_model.h"

#include "display.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Of a raw text no more than this is looked at: what fits is far less. */
#define RAW_MAX 8192

void rt_sum_inert(struct rt_buf *out, struct rt_str text)
{
	size_t at = out->len;

	rt_inert_add(out, text);
	for (; at < out->len; at++) {
		if (out->s[at] == '\t')
			out->s[at] = ' ';
	}
}

/* Where to break a line that has room for n of the text's bytes: at a space, if one is near. */
static size_t break_at(struct rt_str text, size_t n)
{
	for (size_t i = n; i > n / 2; i--) {
		if (text.p[i] == ' ')
			return i;
	}
	return n;
}

static void add_line(struct rt_buf *out, const char *p, size_t n, const char *end)
{
	while (n && p[n - 1] == ' ')
		n--;
	rt_buf_add(out, p, n);
	rt_buf_adds(out, end);
}

void rt_sum_wrap(struct rt_buf *out, struct rt_str raw, size_t indent, int lines)
{
	struct rt_str left;
	struct rt_buf b;

	rt_buf_init(&b);
	rt_sum_inert(&b, (struct rt_str){ raw.p, rt_utf8_cut(raw, RAW_MAX) });
	left = rt_buf_view(&b);
	for (int i = 0; i < lines; i++) {
		size_t margin = i ? indent : 0, n = rt_text_cut(left, SUM_COLUMNS - margin);

		rt_buf_addf(out, "%*s", (int)margin, "");
		if (n == left.n) {
			add_line(out, left.p, n, "\n");
			break;
		}
		if (i + 1 == lines) {
			n = rt_text_cut(left, SUM_COLUMNS - margin - 3);
			add_line(out, left.p, n, "...\n");
			break;
		}
		n = break_at(left, n);
		add_line(out, left.p, n, "\n");
		while (n < left.n && left.p[n] == ' ')
			n++;
		left.p += n;
		left.n -= n;
	}
	out->failed |= b.failed;
	rt_buf_release(&b);
}

void rt_sum_wrapf(struct rt_buf *out, size_t indent, int lines, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		out->failed = true;
		return;
	}
	rt_sum_wrap(out, (struct rt_str){ text, (size_t)n }, indent, lines);
	free(text);
}

/* The last space in n bytes of a command that is in no quotes; 0: there is none. */
static size_t break_command(struct rt_str text, size_t n)
{
	bool quoted = false;
	size_t at = 0;

	for (size_t i = 0; i <= n && i < text.n; i++) {
		if (text.p[i] == '\\' && !quoted)
			i++;
		else if (text.p[i] == '\'')
			quoted = !quoted;
		else if (text.p[i] == ' ' && !quoted)
			at = i;
	}
	return at;
}

/* Broken as the shell lets it be, so that it can be copied. */
static void add_command(struct rt_buf *out, struct rt_str left, size_t indent)
{
	for (;;) {
		size_t n = rt_text_cut(left, SUM_COLUMNS - indent), at;

		if (n == left.n)
			break;
		n = rt_text_cut(left, SUM_COLUMNS - indent - 2);
		at = break_command(left, n);
		add_line(out, left.p, at ? at : n, at ? " \\\n" : "\n");
		rt_buf_addf(out, "%*s", (int)indent, "");
		n = at ? at + 1 : n;
		left = (struct rt_str){ left.p + n, left.n - n };
	}
	add_line(out, left.p, left.n, "\n");
}

void rt_sum_wrap_command(struct rt_buf *out, size_t indent, const char *before, const char *command,
			 const char *after)
{
	struct rt_buf b;

	rt_buf_init(&b);
	rt_sum_inert(&b, rt_str(command));
	rt_buf_adds(&b, after);
	if (strlen(before) + 1 + rt_text_columns(rt_buf_view(&b)) <= SUM_COLUMNS) {
		rt_buf_addf(out, "%s %s\n", before, b.s);
	} else {
		rt_sum_wrapf(out, indent, 2, "%s", before);
		rt_buf_addf(out, "%*s", (int)indent, "");
		add_command(out, rt_buf_view(&b), indent);
	}
	out->failed |= b.failed;
	rt_buf_release(&b);
}
