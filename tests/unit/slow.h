/*
 * What an event is, and whether it meets a condition, worked out the slow way
 * from the words of rt-event(5) and rt-query(1): jansson says what is JSON and
 * what a string means, and all else is walked through naively. From lib come
 * only the tables of types and levels, the reading of times and the text of a
 * duration.
 */
#ifndef RT_TEST_SLOW_H
#define RT_TEST_SLOW_H

#include "clock.h"
#include "event.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>

#define SLOW_ARENA (64u << 20)
#define SLOW_MEMBERS 64

/* Of a value the text as it stands; n == 0: there is none. */
struct slow_member {
	struct rt_str key, raw;
};

struct slow_object {
	struct slow_member m[SLOW_MEMBERS];
	size_t n;
};

struct slow {
	char *arena; /* where texts are that were decoded */
	size_t used, mark;
	bool valid;
	struct slow_object line, metadata;
	struct rt_str have[RT_FIELD_COUNT];
	size_t seconds; /* duration_ms is in seconds */
	enum rt_type type;
	struct rt_str type_text;
	enum rt_level level;
};

/* The names of fields, that which counts first; what they take, as a letter. */
static const struct {
	enum rt_field field;
	char kind;
	const char *names;
} slow_fields[] = {
	{ RT_F_TS, 't', "timestamp ts time @timestamp ts_iso Timestamp" },
	{ RT_F_TYPE, 's', "type event_type eventType event topic" },
	{ RT_F_LEVEL, 'l', "level severity SeverityText" },
	{ RT_F_STAGE, 'x', "stage phase" },
	{ RT_F_MESSAGE, 'x', "message msg event_summary Body description detail" },
	{ RT_F_PERCENT, 'p', "percent progress_pct percentage" },
	{ RT_F_STEP, 'i', "step" },
	{ RT_F_TOTAL_STEPS, 'i', "total_steps" },
	{ RT_F_ITERATION, 'i', "iteration" },
	{ RT_F_MAX_ITERATIONS, 'i', "max_iterations maxIterations" },
	{ RT_F_TASK_ID, 'x', "task_id taskId subtask_id" },
	{ RT_F_STEP_ID, 'x', "step_id" },
	{ RT_F_COMPONENT, 'x', "component module agent" },
	{ RT_F_ACTION, 'x', "action" },
	{ RT_F_AGENT_ROLE, 'x', "agent_role role" },
	{ RT_F_MODEL, 'x', "model" },
	{ RT_F_CORRELATION_ID, 'x', "correlation_id correlationId trace_id workOrderId" },
	{ RT_F_SPAN_ID, 'x', "span_id" },
	{ RT_F_EVENT_ID, 'x', "event_id" },
	{ RT_F_PARENT_ID, 'x', "parent_id" },
	{ RT_F_STATE_BEFORE, 'x', "state_before" },
	{ RT_F_STATE_AFTER, 'x', "state_after" },
	{ RT_F_SUCCESS, 'b', "success" },
	{ RT_F_RESULT, 'a', "result" },
	{ RT_F_DURATION_MS, 'n', "duration_ms durationMs duration_sec duration_seconds seconds" },
	{ RT_F_ERROR, 'a', "error" },
	{ RT_F_METADATA, 'o', "metadata details data Attributes" },
	{ RT_F_RUN_ID, 'x', "run_id runId session_id sessionId pipeline_id" },
};

static inline char *slow_keep(struct slow *s, const char *p, size_t n)
{
	char *at = s->arena + s->used;

	if (s->used + n + 1 > SLOW_ARENA)
		abort();
	memcpy(at, p, n);
	at[n] = '\0';
	s->used += n + 1;
	return at;
}

/* A value's text: a string decoded, anything else as it stands. */
static inline struct rt_str slow_text(struct slow *s, struct rt_str raw)
{
	struct rt_str text = { raw.p + 1, raw.n - 2 };
	json_t *string;

	if (raw.n == 0 || raw.p[0] != '"')
		return raw;
	if (!memchr(text.p, '\\', text.n))
		return text;
	string = json_loadb(raw.p, raw.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	text.n = json_string_length(string);
	text.p = slow_keep(s, json_string_value(string), text.n);
	json_decref(string);
	return text;
}

/* jansson does not see a NUL behind a number. */
static inline const char *slow_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n' || *p == '\0'))
		p++;
	return p;
}

/* Behind the value at p, of a text that is known to be JSON. */
static inline const char *slow_skip(const char *p, const char *end)
{
	size_t depth = 0;

	do {
		if (*p == '"') {
			for (p++; *p != '"'; p++)
				p += *p == '\\';
			p++;
		} else if (*p == '{' || *p == '[') {
			depth++;
			p++;
		} else if (*p == '}' || *p == ']') {
			depth--;
			p++;
		} else if (depth) {
			p++;
		} else {
			while (p < end && *p && !strchr(" \t\r\n,]}", *p))
				p++;
		}
	} while (depth);
	return p;
}

static inline void slow_members(struct slow *s, struct rt_str object, struct slow_object *o)
{
	const char *end = object.p + object.n;
	const char *p = slow_space(slow_space(object.p, end) + 1, end);

	for (o->n = 0; *p != '}'; o->n++) {
		struct slow_member *m = &o->m[o->n];
		const char *from = p;

		if (o->n == SLOW_MEMBERS)
			abort();
		p = slow_skip(p, end);
		m->key = slow_text(s, (struct rt_str){ from, (size_t)(p - from) });
		from = slow_space(slow_space(p, end) + 1, end);
		p = slow_skip(from, end);
		m->raw = (struct rt_str){ from, (size_t)(p - from) };
		p = slow_space(p, end);
		if (*p == ',')
			p = slow_space(p + 1, end);
	}
}

/* The last of the members with this key; null is none. */
static inline struct rt_str slow_member(const struct slow_object *o, struct rt_str key)
{
	struct rt_str found = { NULL, 0 };

	for (size_t i = 0; i < o->n; i++)
		if (rt_str_eq(o->m[i].key, key))
			found = o->m[i].raw;
	return rt_str_is(found, "null") ? (struct rt_str){ NULL, 0 } : found;
}

/* The grammar of numbers in JSON. */
static inline bool slow_is_number(struct rt_str s)
{
	size_t i = s.n && s.p[0] == '-', from = i;

	while (i < s.n && isdigit((unsigned char)s.p[i]))
		i++;
	if (i == from || (s.p[from] == '0' && i > from + 1))
		return false;
	if (i < s.n && s.p[i] == '.') {
		for (from = ++i; i < s.n && isdigit((unsigned char)s.p[i]); i++)
			;
		if (i == from)
			return false;
	}
	if (i < s.n && (s.p[i] | 0x20) == 'e') {
		i++;
		i += i < s.n && (s.p[i] == '+' || s.p[i] == '-');
		for (from = i; i < s.n && isdigit((unsigned char)s.p[i]); i++)
			;
		if (i == from)
			return false;
	}
	return i == s.n;
}

struct slow_number {
	bool is, whole;
	int64_t i;
	double d;
};

static inline struct slow_number slow_number(struct rt_str text)
{
	struct slow_number n = { .is = slow_is_number(text) };
	char *copy = n.is ? strndup(text.p, text.n) : NULL, *end;

	if (!copy)
		return n;
	errno = 0;
	n.i = strtoll(copy, &end, 10);
	n.whole = !*end && errno == 0;
	n.d = n.whole ? (double)n.i : strtod(copy, NULL);
	n.is = isfinite(n.d);
	if (!n.whole && *end && n.d >= -9e18 && n.d <= 9e18 && n.d == floor(n.d)) {
		n.whole = true;
		n.i = (int64_t)n.d;
	}
	free(copy);
	return n;
}

static inline bool slow_fits(struct slow *s, char kind, struct rt_str raw)
{
	bool string = raw.p[0] == '"', number = !string && slow_is_number(raw);
	bool word = rt_str_is(raw, "true") || rt_str_is(raw, "false");
	struct slow_number n = slow_number(raw);
	enum rt_level level;

	switch (kind) {
	case 's':
		return string;
	case 'x':
		return string || number || word;
	case 't':
		return string || number;
	case 'l':
		return rt_level_find(slow_text(s, raw), &level);
	case 'b':
		return word;
	case 'o':
		return raw.p[0] == '{';
	case 'i':
		return number && raw.p[0] != '-' && n.whole;
	case 'n':
		return number && raw.p[0] != '-';
	case 'p':
		return number && raw.p[0] != '-' && n.is && n.d <= 100;
	default:
		return true;
	}
}

static inline void slow_take_field(struct slow *s, size_t which)
{
	const char *name = slow_fields[which].names;
	size_t rank = 0;

	for (; *name; name += strspn(name, " "), rank++) {
		struct rt_str key = { name, strcspn(name, " ") };
		struct rt_str raw = slow_member(&s->line, key);

		name += key.n;
		if (raw.n == 0 || !slow_fits(s, slow_fields[which].kind, raw))
			continue;
		s->have[slow_fields[which].field] = raw;
		if (slow_fields[which].field == RT_F_DURATION_MS)
			s->seconds = rank >= 2;
		return;
	}
}

/* Models and roles may stand in the metadata. */
static inline void slow_fall_back(struct slow *s, enum rt_field f)
{
	struct rt_str raw = slow_member(&s->metadata, rt_str(rt_field_name(f)));

	if (!s->have[f].n && raw.n && slow_fits(s, 'x', raw))
		s->have[f] = raw;
}

static inline void slow_derive(struct slow *s)
{
	struct rt_str type = s->have[RT_F_TYPE], name;

	if (!type.n)
		type = s->have[RT_F_ACTION];
	s->type_text = type.n && type.p[0] == '"' ? slow_text(s, type) : (struct rt_str){ "", 0 };
	if (s->type_text.n)
		s->type = rt_type_find(s->type_text);
	else
		s->type = s->have[RT_F_STAGE].n || s->have[RT_F_PERCENT].n ? RT_T_PROGRESS :
									     RT_T_INFO;
	if (s->type != RT_T_OTHER)
		s->type_text = rt_str(rt_type_name(s->type));
	name = s->type_text;
	if (s->have[RT_F_LEVEL].n)
		rt_level_find(slow_text(s, s->have[RT_F_LEVEL]), &s->level);
	else if (s->type == RT_T_ERROR ||
		 (name.n > 7 && memcmp(name.p + name.n - 6, "failed", 6) == 0 &&
		  strchr("_.:-", name.p[name.n - 7])))
		s->level = RT_ERROR;
	else
		s->level = s->type == RT_T_WARNING ? RT_WARNING : RT_INFO;
}

static inline bool slow_is_object(struct rt_str line)
{
	json_t *root = json_loadb(line.p, line.n, JSON_ALLOW_NUL, NULL);
	bool is;

	if (!root)
		root = json_loadb(line.p, line.n, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
	is = json_is_object(root);
	json_decref(root);
	return is;
}

static inline void slow_parse(struct slow *s, struct rt_str line)
{
	s->used = 0;
	s->seconds = 0;
	s->metadata.n = 0;
	memset(s->have, 0, sizeof(s->have));
	s->valid = slow_is_object(line);
	if (!s->valid)
		return;
	slow_members(s, line, &s->line);
	for (size_t i = 0; i < sizeof(slow_fields) / sizeof(*slow_fields); i++)
		slow_take_field(s, i);
	if (s->have[RT_F_METADATA].n)
		slow_members(s, s->have[RT_F_METADATA], &s->metadata);
	slow_fall_back(s, RT_F_MODEL);
	slow_fall_back(s, RT_F_AGENT_ROLE);
	slow_derive(s);
	s->mark = s->used;
}

#endif
