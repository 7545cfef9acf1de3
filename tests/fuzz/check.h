/*
 * What must hold of any bytes whatever: the scanner takes as JSON what jansson
 * does, and reads the same in each of its ways; an event that is written is valid
 * JSON, and writing it once more changes nothing; any status.json is refused or
 * can be written and read again.
 */
#ifndef RT_FUZZ_CHECK_H
#define RT_FUZZ_CHECK_H

#include "clock.h"
#include "event.h"
#include "status.h"

#include "../unit/walks.h"

#include <jansson.h>
#include <stdlib.h>

/* SPEC: JSON is what jansson takes, a second time with integers as reals. */
static bool jansson_takes(struct rt_str text)
{
	json_error_t why;
	json_t *j = json_loadb(text.p, text.n, JSON_ALLOW_NUL, &why);
	bool object;

	if (!j)
		j = json_loadb(text.p, text.n, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &why);
	object = json_is_object(j);
	json_decref(j);
	return object;
}

static const char *check_event(struct rt_str line)
{
	struct rt_buf once, twice;
	struct rt_event ev;
	const char *wrong = NULL;

	if (rt_event_parse(&ev, line) < 0)
		return NULL;
	rt_buf_init(&once);
	rt_buf_init(&twice);
	rt_event_write(&ev, NULL, NULL, RT_LINE_MAX, &once);
	if (once.len > RT_LINE_MAX || !rt_scan_valid((struct rt_str){ once.s, once.len - 1 })) {
		wrong = "a written event is not JSON, or too long";
		goto out;
	}
	if (memchr(once.s, '\0', once.len)) {
		wrong = "a NUL in a written event";
		goto out;
	}
	if (memchr(once.s, '\n', once.len - 1) && !memchr(line.p, '\n', line.n)) {
		wrong = "a line end within a line";
		goto out;
	}
	if (rt_event_parse(&ev, (struct rt_str){ once.s, once.len - 1 }) < 0) {
		wrong = "a written event cannot be read";
		goto out;
	}
	rt_event_write(&ev, NULL, NULL, RT_LINE_MAX, &twice);
	if (!rt_str_eq(rt_buf_view(&once), rt_buf_view(&twice)))
		wrong = "writing an event again changes it";
	rt_buf_clear(&twice);
	rt_event_write_brief(&ev, &twice);
	rt_event_write_log(&ev, &twice);
out:
	rt_buf_release(&once);
	rt_buf_release(&twice);
	return wrong;
}

static const char *check_status(struct rt_str text)
{
	struct rt_status st;
	struct rt_buf once;
	const char *wrong = NULL;

	if (rt_status_init(&st) < 0)
		return NULL;
	rt_buf_init(&once);
	/* rt's own layout is trusted by its lines: what a reader takes was validated first. */
	if (rt_scan_valid(text) && rt_status_parse(&st, text, NULL) == 0) {
		rt_status_write(&st, &once);
		if (once.len > RT_STATUS_MAX)
			wrong = "a status.json that is too long";
		else if (!rt_scan_valid(rt_buf_view(&once)))
			wrong = "a written status.json is not JSON";
		else if (rt_status_parse(&st, rt_buf_view(&once), NULL) < 0)
			wrong = "a written status.json cannot be read";
	}
	rt_status_release(&st);
	rt_buf_release(&once);
	return wrong;
}

/* The walk with each kind of vector instructions. */
static const char *check_walks(struct rt_str text)
{
	bool outlined;

	for (int v = RT_SIMD_PORTABLE; v < RT_SIMD_COUNT; v++) {
		if (!rt_simd_works((enum rt_simd)v))
			continue;
		if (!same_walk(text, (enum rt_simd)v, NULL, &outlined))
			return "a quick walk reads something else";
		if (!same_few(text, (enum rt_simd)v, NULL, 1 + (int)(text.n % 8)))
			return "a walk that takes several members reads something else";
	}
	return NULL;
}

/* The text among other lines, with nothing behind them that could be read by mistake. */
static const char *check_lines(struct rt_str text)
{
	static const char other[] =
		"{\"type\":\"info\",\"message\":\"a \\\"\xc3\xa9\",\"step\":1}\n";
	size_t n = sizeof(other) - 1;
	char *lines = malloc(2 * n + text.n + 1);
	const char *wrong = NULL;
	long outlined = 0;

	if (!lines)
		return NULL;
	memcpy(lines, other, n);
	memcpy(lines + n, text.p, text.n);
	lines[n + text.n] = '\n';
	memcpy(lines + n + text.n + 1, other, n);
	for (int v = RT_SIMD_PORTABLE; v < RT_SIMD_COUNT && !wrong; v++) {
		struct rt_str all = { lines, 2 * n + text.n + 1 };

		if (rt_simd_works((enum rt_simd)v) && !same_lines(all, (enum rt_simd)v, &outlined))
			wrong = "lines that are outlined together read as something else";
	}
	free(lines);
	return wrong;
}

/* NULL when all is well, else what is not. */
static const char *check_bytes(const void *data, size_t n)
{
	struct rt_str text = { data, n };
	const char *wrong;
	int64_t ns;

	rt_clock_parse(text, &ns);
	if (rt_scan_valid(text) != jansson_takes(text))
		return "the scanner and jansson disagree";
	wrong = check_walks(text);
	if (!wrong)
		wrong = check_lines(text);
	if (!wrong)
		wrong = check_event(text);
	return wrong ? wrong : check_status(text);
}

#endif
