/* The scanner's quick walks over a text, held against that byte by byte. */
#ifndef RT_TEST_WALKS_H
#define RT_TEST_WALKS_H

#include "scan.h"

static bool same_value(const struct rt_json *a, const struct rt_json *b)
{
	return a->text.p == b->text.p && a->text.n == b->text.n && a->type == b->type &&
	       a->escaped == b->escaped && a->veiled == b->veiled;
}

/* Whether this walk gives the same as that byte by byte; of a line, as one of these or NULL. */
static bool same_walk(struct rt_str text, enum rt_simd simd, const struct rt_lines *lines,
		      bool *outlined)
{
	struct rt_scan s, plain;
	struct rt_member m, n;
	int got, want;

	want = rt_scan_init_with(&plain, text, RT_SIMD_PORTABLE);
	got = rt_scan_init_line(&s, text, simd, lines);
	*outlined = got == 0 && s.outlined;
	if (got != want || got < 0)
		return got == want;
	do {
		want = rt_scan_next(&plain, &m);
		got = rt_scan_next(&s, &n);
		if (got != want || s.close != plain.close)
			return false;
		if (got == 1 && ((m.key.type != RT_JSON_NONE && !same_value(&m.key, &n.key)) ||
				 !same_value(&m.value, &n.value)))
			return false;
	} while (got == 1);
	return got < 0 || s.spaced == plain.spaced;
}

static bool same_member(const struct rt_member *a, const struct rt_member *b)
{
	return same_value(&a->key, &b->key) && same_value(&a->value, &b->value);
}

/* Whether these are all the members of the object. */
static bool are_members(const struct rt_member *few, int n, struct rt_str object)
{
	struct rt_scan s;
	struct rt_member m;

	if (rt_scan_init_with(&s, object, RT_SIMD_PORTABLE) < 0)
		return false;
	for (; rt_scan_next(&s, &m) == 1; few++, n--)
		if (n == 0 || !few->within || !same_member(&m, few))
			return false;
	return n == 0;
}

/* The same of a walk that takes several at once, whatever their keys are. */
static bool same_few(struct rt_str text, enum rt_simd simd, const struct rt_lines *lines, int most)
{
	struct rt_scan_keys all[2];
	struct rt_scan s, plain;
	struct rt_member few[8], m;
	int n, within = 0, got = 1;

	memset(all, true, sizeof(all));
	if (rt_scan_init_with(&plain, text, RT_SIMD_PORTABLE) < 0 || plain.close != '}')
		return true;
	rt_scan_init_line(&s, text, simd, lines);
	while (got > 0 && (n = rt_scan_next_few(&s, all, few, most)) > 0) {
		for (int i = within = 0; i < n && got > 0; i++) {
			if (few[i].within) {
				within++;
				continue;
			}
			got = rt_scan_next(&plain, &m);
			if (got <= 0 || !same_member(&m, &few[i]) ||
			    (few[i].listed &&
			     !are_members(few + i - within, within, m.value.text)) ||
			    (!few[i].listed && within))
				return false;
			within = 0;
		}
	}
	return within == 0 && n == rt_scan_next(&plain, &m);
}

/*
 * Whether lines that are outlined together are the lines of the text, in order, and
 * read the same. Counts those that were.
 */
static bool same_lines(struct rt_str text, enum rt_simd simd, long *outlined)
{
	const char *p = text.p, *end = text.p + text.n, *nl;
	struct rt_lines lines;
	struct rt_str line;
	bool is_outlined;

	rt_lines_init(&lines, simd);
	while ((nl = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL)) {
		if (!rt_lines_next(&lines, &line)) {
			rt_lines_outline(&lines, (struct rt_str){ p, (size_t)(end - p) });
			if (!rt_lines_next(&lines, &line)) { /* one with something amiss */
				p = nl + 1;
				continue;
			}
		}
		if (line.p != p || line.p + line.n != nl ||
		    !same_walk(line, simd, &lines, &is_outlined) ||
		    !same_few(line, simd, &lines, 1 + (int)(line.n % 8)))
			return false;
		*outlined += is_outlined;
		p = nl + 1;
	}
	return !rt_lines_next(&lines, &line);
}

#endif
