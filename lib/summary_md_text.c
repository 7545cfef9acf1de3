/*
 * Text from anywhere in Markdown. It stands in code only: there HTML,
 * links, mentions and issue references are inert, which no backslash achieves
 * for mentions. Made inert for terminals before, it has no line ends. Sources:
 * CommonMark 0.31, section 6.1; GitHub Flavored Markdown, section 4.10 (a "|"
 * ends a cell in a code span, too).
 */
#include "summary_model.h"

#include "text.h"

#define CUT 300 /* bytes of one text */

/* A code span: its fence is longer than any run of backticks in it. */
static void span(struct rt_buf *out, const char *p, size_t n)
{
	size_t longest = 0, run = 0;
	const char *pad = "";

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		run = p[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	/* a backtick at an end would join the fence; one space at both ends is stripped */
	if (p[0] == '`' || p[n - 1] == '`' || p[0] == ' ' || p[n - 1] == ' ')
		pad = " ";
	for (size_t i = 0; i <= longest; i++)
		rt_buf_addc(out, '`');
	rt_buf_adds(out, pad);
	rt_buf_add(out, p, n);
	rt_buf_adds(out, pad);
	for (size_t i = 0; i <= longest; i++)
		rt_buf_addc(out, '`');
}

/* Code, also in a cell of a table: "|" stands between spans, as an entity. */
void rt_sum_md_code(struct rt_buf *out, const char *text)
{
	struct rt_str raw = rt_str(text);
	struct rt_buf b;
	size_t n;

	rt_buf_init(&b);
	rt_sum_inert(&b, (struct rt_str){ raw.p, rt_utf8_cut(raw, CUT * 2) });
	n = rt_utf8_cut(rt_buf_view(&b), CUT);
	if (n < b.len) {
		rt_buf_splice(&b, n, b.len - n, NULL, 0);
		rt_buf_adds(&b, "...");
	}
	for (const char *p = b.s; *p;) {
		size_t part = strcspn(p, "|");

		span(out, p, part);
		p += part;
		for (; *p == '|'; p++)
			rt_buf_adds(out, "&#124;");
	}
	out->failed |= b.failed;
	rt_buf_release(&b);
}

/* A fenced block; lines of it are inert and have no line ends, so that nothing else ends it. */
void rt_sum_md_block(struct rt_buf *out, char *const *lines, size_t n)
{
	size_t longest = 2;
	struct rt_buf b;

	rt_buf_init(&b);
	for (size_t i = 0; i < n; i++) {
		rt_sum_inert(&b, rt_str(lines[i]));
		rt_buf_addc(&b, '\n');
	}
	for (size_t i = 0, run = 0; i < b.len; i++) {
		run = b.s[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	for (int end = 0; end < 2; end++) {
		for (size_t i = 0; i <= longest; i++)
			rt_buf_addc(out, '`');
		rt_buf_addc(out, '\n');
		if (!end)
			rt_buf_addv(out, rt_buf_view(&b));
	}
	out->failed |= b.failed;
	rt_buf_release(&b);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Whether text means nothing in Markdown: words and numbers, times and ratios.
 * No "://" (a link), ":x:" (an emoji), "GH-1" (an issue).
 */
static bool is_plain(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789 .,()/";

	if (strlen(text) > CUT || text[0] == ' ' || strstr(text, "www"))
		return false;
	for (const char *p = text; *p; p++) {
		bool joins = p > text && is_digit(p[-1]) && is_digit(p[1]);

		if (!strchr(plain, *p) && !(*p == '-' && joins) &&
		    !(*p == ':' && (joins || p[1] == ' ')))
			return false;
	}
	return true;
}

void rt_sum_md_value(struct rt_buf *out, const char *text)
{
	if (is_plain(text))
		rt_buf_adds(out, text);
	else
		rt_sum_md_code(out, text);
}
