/*
 * Lines that are hard to read as events, made at random, the same ones for the
 * same seed: escaped keys and values, duplicate keys, aliases, look-alikes in
 * nested values, numbers at the edge of what there is, surrogates alone, NULs,
 * lines that are no JSON, tiny, large and deep ones.
 */
#ifndef RT_TEST_LINES_H
#define RT_TEST_LINES_H

#include "buf.h"

#include <stdint.h>

#define PICK(state, array) (array)[below(state, sizeof(array) / sizeof(*(array)))]

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static inline uint64_t next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * UINT64_C(2685821657736338717);
}

static inline size_t below(uint64_t *state, size_t n)
{
	return (size_t)(next(state) >> 33) % n;
}

static const char *const line_keys[] = {
	"type",         "event_type", "eventType",     "event",     "topic",      "action",
	"stage",        "phase",      "message",       "msg",       "Body",       "detail",
	"model",        "role",       "agent_role",    "component", "module",     "agent",
	"task_id",      "taskId",     "subtask_id",    "step",      "step_id",    "level",
	"severity",     "percent",    "progress_pct",  "ts",        "timestamp",  "time",
	"duration_ms",  "durationMs", "duration_sec",  "seconds",   "trace_id",   "correlation_id",
	"success",      "error",      "result",        "own",       "a.b",        "metadata.own",
	"own.deep",     "typ",        "type ",         "Type",      "metadata",   "details",
	"data",         "iteration",  "correlationId", "truncated", "run_id",     "description",
	"SeverityText", "percentage", "@timestamp",    "ts_iso",    "Attributes", "n",
};

static const char *const line_texts[] = {
	"task_failed",
	"task_fail",
	"Task.Failure",
	"TASK-FAILED",
	"task:failed",
	"task_retrying",
	"Task.Retried",
	"stage_start",
	"phase_started",
	"run_aborted",
	"run_canceled",
	"llm_request",
	"llm.response",
	"progress",
	"info",
	"own type",
	"own_failed",
	"a/b",
	"say \"x\"",
	"back\\slash",
	"step_complete",
	"verification_end",
	"build",
	"x",
	"",
	"build the \xc3\xa9t\xc3\xa9",
	"retry, then backoff",
	"task_57 is na\xc3\xafve",
	"error",
	"WARN",
	"crit",
	"debug",
	"{\"type\":\"task_failed\"}",
	"gpt-4",
	"coder",
	"step_003",
	"step_3",
	"unit tests",
	"2026-07-01T12:00:00.500+00:00",
	"2026-07-01T12:00:00Z",
	"2026-07-01T14:00:00.25+02:00",
	"2026-07-02T00:00:00",
	"5",
	"5.0",
	"1e2",
	"17",
	"30",
	"9007199254740993",
	"\xf0\x9f\x98\x80 smile",
	"line one\nline two\ttab",
};

/* What stands bare. The last ones make the line no JSON, or only almost. */
static const char *const line_bare[] = {
	"5",
	"5.0",
	"50e-1",
	"3",
	"0",
	"-0",
	"-5",
	"40",
	"100",
	"100.5",
	"1e2",
	"1E+2",
	"17",
	"2530.7",
	"0.0025",
	"9007199254740993",
	"9007199254740992",
	"9223372036854775807",
	"-9223372036854775808",
	"18446744073709551615",
	"1782907200",
	"1782907200.25",
	"1782907200250",
	"true",
	"false",
	"null",
	"[\"build\"]",
	"[]",
	"{}",
	"[{\"type\":\"task_failed\"}]",
	"{\"own\":5}",
	"1e-400",
	"1E400",
	"1e308",
	"01",
	".5",
	"+1",
	"tru",
	"nul",
	"\"\\ud800\"",
	"\"\\udc00 x\"",
	"\"\\ud83d\\ude00\"",
	"\"\\x\"",
	"\"\xff\"",
};

/* One of the texts, some of its characters as escapes. */
static inline void add_disguised(struct rt_buf *out, const char *text, uint64_t *state)
{
	bool often = below(state, 3) == 0;

	rt_buf_addc(out, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x80 && often && below(state, 4) == 0)
			rt_buf_addf(out, below(state, 2) ? "\\u%04x" : "\\u%04X", c);
		else if (c == '/' && below(state, 2))
			rt_buf_adds(out, "\\/");
		else if (c == '\n' || c == '\t')
			rt_buf_adds(out, c == '\n' ? "\\n" : "\\t");
		else if (c == '"' || c == '\\')
			rt_buf_addf(out, "\\%c", c);
		else
			rt_buf_addc(out, *text);
	}
	if (below(state, 200) == 0)
		rt_buf_adds(out, "\\u0000 end");
	rt_buf_addc(out, '"');
}

static inline void add_space(struct rt_buf *out, uint64_t *state)
{
	static const char *const spaces[] = { " ", "\t", "\r", "   " };

	if (below(state, 12) == 0)
		rt_buf_adds(out, PICK(state, spaces));
}

static inline void add_object(struct rt_buf *out, int depth, uint64_t *state);

static inline void add_value(struct rt_buf *out, int depth, bool object, uint64_t *state)
{
	size_t kind = below(state, 10);

	if (depth < 4 && (object ? kind < 8 : kind == 0))
		add_object(out, depth + 1, state);
	else if (kind < 6)
		add_disguised(out, PICK(state, line_texts), state);
	else /* those that make it no JSON seldom */
		rt_buf_adds(out, below(state, 40) ? line_bare[below(state, 31)] :
						    PICK(state, line_bare));
}

static inline void add_object(struct rt_buf *out, int depth, uint64_t *state)
{
	static const char *const inner[] = { "model", "role", "agent_role", "step_name", "name",
					     "own",   "deep", "type",       "prompt",    "a.b" };
	size_t n = below(state, depth ? 4 : 7);

	rt_buf_addc(out, '{');
	for (size_t i = 0; i < n; i++) {
		const char *key = depth && below(state, 3) ? PICK(state, inner) :
							     PICK(state, line_keys);

		rt_buf_adds(out, i ? "," : "");
		add_space(out, state);
		add_disguised(out, key, state);
		add_space(out, state);
		rt_buf_addc(out, ':');
		add_space(out, state);
		add_value(out, depth,
			  strcmp(key, "metadata") == 0 || strcmp(key, "details") == 0 ||
				  (strcmp(key, "own") == 0 && below(state, 2)),
			  state);
		add_space(out, state);
	}
	rt_buf_addc(out, '}');
}

static inline void add_many(struct rt_buf *out, const char *what, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rt_buf_adds(out, what);
}

/* So deep that some readers give up (jansson: 2048), or so long that it spans blocks. */
static inline void add_large(struct rt_buf *out, uint64_t *state)
{
	size_t n = below(state, 3) ? below(state, 300) : 2000 + below(state, 100);
	bool deep = below(state, 2);

	rt_buf_adds(out, "{\"own\":");
	if (deep)
		add_many(out, "[", n);
	else
		add_disguised(out, "begin", state);
	if (deep)
		add_many(out, "]", n);
	rt_buf_adds(out, ",\"pad\":\"");
	add_many(out, "task_fail\\u0065 retry ", below(state, deep ? 10 : 20000));
	rt_buf_adds(out, "\",\"type\":");
	add_disguised(out, PICK(state, line_texts), state);
	rt_buf_adds(out, ",\"message\":");
	add_disguised(out, PICK(state, line_texts), state);
	rt_buf_addc(out, '}');
}

/* Something that is no JSON any more, mostly: a few bytes are others, or it ends sooner. */
static inline void damage(struct rt_buf *out, uint64_t *state)
{
	static const char bytes[] = "\0\x01\"\\{}[],:u0\xff \x80";

	if (out->len == 0)
		return;
	if (below(state, 2))
		out->s[below(state, out->len)] = bytes[below(state, sizeof(bytes) - 1)];
	else
		out->len = below(state, out->len);
}

/* One line, without its end. */
static inline void add_line(struct rt_buf *line, uint64_t *state)
{
	size_t kind = below(state, 1000);

	rt_buf_clear(line);
	if (kind == 0) {
		add_large(line, state);
	} else if (kind < 10) {
		rt_buf_adds(line, below(state, 2) ? "{}" : below(state, 2) ? "" : "[1]");
	} else {
		if (kind == 10)
			rt_buf_adds(line, "\xef\xbb\xbf");
		add_space(line, state);
		add_object(line, 0, state);
		add_space(line, state);
	}
	if (below(state, 20) == 0)
		damage(line, state);
	for (size_t i = 0; i < line->len; i++)
		if (line->s[i] == '\n')
			line->s[i] = ' ';
	/* Now and then past the 64 bytes that are looked at together. */
	if (below(state, 3) == 0)
		add_many(line, " ", below(state, 200));
	if (below(state, 10) == 0)
		rt_buf_addc(line, '\r');
}

#endif
