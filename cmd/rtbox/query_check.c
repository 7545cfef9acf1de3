/* rt-query --check: every line parsed, and what is wrong with it said with file and line number. */
#include "query.h"
#include "die.h"
#include "text.h"

#include <errno.h>

/* One report; the byte is counted from 1, 0: none is known. */
static void report(struct out *o, const struct source *s, size_t byte, const char *why)
{
	out_text(o, rt_str(s->name));
	fprintf(o->f, ":%zu: %s", s->lines, why);
	if (byte)
		fprintf(o->f, " at byte %zu", byte);
	putc('\n', o->f);
}

/* The first byte that is not UTF-8, from 1; 0: all is. */
static size_t bad_utf8(struct rt_str line)
{
	size_t i, n;
	uint32_t cp;

	for (i = 0; i < line.n; i += n) {
		n = rt_utf8_decode(line.p + i, line.n - i, &cp);
		if (!n)
			return i + 1;
	}
	return 0;
}

static bool is_blank(struct rt_str line)
{
	size_t i;

	for (i = 0; i < line.n; i++)
		if (!strchr(" \t\r", line.p[i]) || !line.p[i])
			return false;
	return true;
}

/* Why the line is no event; *byte is where, or 0. */
static const char *diagnose(struct rt_str line, bool torn, size_t *byte)
{
	struct rt_member m;
	struct rt_scan scan;

	*byte = 0;
	if (is_blank(line))
		return "empty line";
	if (torn)
		return "cut off: neither a newline at its end nor a whole JSON object";
	*byte = bad_utf8(line);
	if (*byte)
		return "not UTF-8";
	if (rt_scan_init(&scan, line) < 0)
		return "not a JSON object";
	if (scan.close != '}')
		return "an array, not a JSON object";
	do
		*byte = (size_t)(scan.p - line.p) + 1;
	while (rt_scan_next(&scan, &m) > 0);
	return "no JSON from the member on that begins";
}

static bool check_line(struct source *s, struct out *o, bool quiet, const struct rt_reader *r,
		       struct rt_str line)
{
	const char *why;
	size_t byte;

	if (rt_scan_valid(line) || (r->torn && source_is_written(s)))
		return true;
	if (!quiet) {
		why = diagnose(line, r->torn, &byte);
		report(o, s, byte, why);
	}
	return false;
}

size_t query_check(struct source *s, struct out *o, bool quiet)
{
	struct rt_reader r;
	struct rt_str line;
	size_t bad = 0, skipped = 0;
	int got;

	if (rt_reader_init(&r, s->fd, 0, -1, false) < 0)
		die(EXIT_FAIL, "cannot read \"%s\": %s", s->name, strerror(errno));
	while ((got = rt_reader_next(&r, &line)) > 0 && !ferror(o->f)) {
		s->lines += 1 + r.skipped - skipped;
		skipped = r.skipped;
		bad += !check_line(s, o, quiet, &r, line);
	}
	if (got < 0)
		die(EXIT_FAIL, "cannot read \"%s\": %s", s->name, strerror(errno));
	if (r.skipped && !quiet) {
		out_text(o, rt_str(s->name));
		fprintf(o->f, ": %zu line%s longer than %u MiB\n", r.skipped,
			r.skipped == 1 ? "" : "s", RT_READ_LINE_MAX >> 20);
	}
	bad += r.skipped;
	rt_reader_release(&r);
	return bad;
}
