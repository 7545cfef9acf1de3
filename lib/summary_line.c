/* Making text from anywhere inert, and making it fit into a summary. */
#include "summary_model.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Of a raw text no more than this is looked at: what fits is far less. */
#define RAW_MAX 8192

/*
 * Characters that steer a terminal or reorder what stands there, C0 aside: C1,
 * line and paragraph separators, zero-width and bidirectional controls (Cf of
 * Unicode's PropList.txt as far as they are invisible), tags.
 */
bool rt_sum_hidden(uint32_t cp)
{
	return (cp >= 0x7f && cp <= 0x9f) || cp == 0xad || cp == 0x61c || cp == 0x180e ||
	       (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff ||
	       (cp >= 0xfff9 && cp <= 0xfffb) || (cp >= 0xe0000 && cp <= 0xe0fff);
}

static void add_visible(struct rt_buf *out, uint32_t cp)
{
	if (cp == '\n')
		rt_buf_adds(out, "\\n");
	else if (cp == '\t')
		rt_buf_addc(out, ' ');
	else if (cp < 0x20 || cp == 0x7f)
		rt_buf_addf(out, "^%c", (int)(cp ^ 0x40));
	else if (cp < 0xa0)
		rt_buf_addf(out, "\\x%02x", (unsigned int)cp);
	else
		rt_buf_addf(out, "\\u%04x", (unsigned int)cp);
}

void rt_sum_inert(struct rt_buf *out, struct rt_str text)
{
	for (size_t i = 0, n; i < text.n; i += n) {
		uint32_t cp;

		n = rt_utf8_decode(text.p + i, text.n - i, &cp);
		if (n == 0) {
			rt_buf_addf(out, "\\x%02x", (unsigned char)text.p[i]);
			n = 1;
		} else if (cp < 0x20 || rt_sum_hidden(cp)) {
			add_visible(out, cp);
		} else {
			rt_buf_add(out, text.p + i, n);
		}
	}
}

/*
 * How many columns a character takes at most: lines may end early, never late,
 * whatever the terminal thinks of combining marks and emoji. Source: UAX #11
 * (Unicode 15), classes W and F, rounded up to whole blocks.
 */
static size_t columns_of(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} wide[] = {
		{ 0x1100, 0x115f },   { 0x231a, 0x23ff },   { 0x25fd, 0x27bf },
		{ 0x2b1b, 0x2b55 },   { 0x2e80, 0xa4cf },   { 0xa960, 0xa97f },
		{ 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe10, 0xfe6f },
		{ 0xff00, 0xffe6 },   { 0x16fe0, 0x1b2ff }, { 0x1f000, 0x1faff },
		{ 0x20000, 0x3fffd },
	};

	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
		if (cp >= wide[i].first && cp <= wide[i].last)
			return 2;
	}
	return 1;
}

/* The bytes of (inert) text that take at most so many columns. */
static size_t fit(struct rt_str text, size_t columns)
{
	size_t used = 0, i = 0, n;

	while (i < text.n) {
		uint32_t cp;

		n = rt_utf8_decode(text.p + i, text.n - i, &cp);
		used += n ? columns_of(cp) : 1;
		if (used > columns)
			break;
		i += n ? n : 1;
	}
	return i;
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
		size_t margin = i ? indent : 0, n = fit(left, SUM_COLUMNS - margin);

		rt_buf_addf(out, "%*s", (int)margin, "");
		if (n == left.n) {
			add_line(out, left.p, n, "\n");
			break;
		}
		if (i + 1 == lines) {
			n = fit(left, SUM_COLUMNS - margin - 3);
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
