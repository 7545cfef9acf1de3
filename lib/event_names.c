/*
 * The names in events: fields with what other systems call them, and levels. Those of
 * types are event_type.c.
 */
#include "event_names.h"

#include <strings.h>

static const struct rt_field_def fields[RT_FIELD_COUNT] = {
	[RT_F_TS] = { "ts", 2, RT_KIND_TIME },
	[RT_F_TYPE] = { "type", 4, RT_KIND_STRING },
	[RT_F_LEVEL] = { "level", 5, RT_KIND_LEVEL },
	[RT_F_STAGE] = { "stage", 5, RT_KIND_TEXT },
	[RT_F_MESSAGE] = { "message", 7, RT_KIND_TEXT },
	[RT_F_PERCENT] = { "percent", 7, RT_KIND_PERCENT },
	[RT_F_STEP] = { "step", 4, RT_KIND_INT },
	[RT_F_TOTAL_STEPS] = { "total_steps", 11, RT_KIND_INT },
	[RT_F_ITERATION] = { "iteration", 9, RT_KIND_INT },
	[RT_F_MAX_ITERATIONS] = { "max_iterations", 14, RT_KIND_INT },
	[RT_F_TASK_ID] = { "task_id", 7, RT_KIND_TEXT },
	[RT_F_STEP_ID] = { "step_id", 7, RT_KIND_TEXT },
	[RT_F_COMPONENT] = { "component", 9, RT_KIND_TEXT },
	[RT_F_ACTION] = { "action", 6, RT_KIND_TEXT },
	[RT_F_AGENT_ROLE] = { "agent_role", 10, RT_KIND_TEXT },
	[RT_F_MODEL] = { "model", 5, RT_KIND_TEXT },
	[RT_F_CORRELATION_ID] = { "correlation_id", 14, RT_KIND_TEXT },
	[RT_F_SPAN_ID] = { "span_id", 7, RT_KIND_TEXT },
	[RT_F_EVENT_ID] = { "event_id", 8, RT_KIND_TEXT },
	[RT_F_PARENT_ID] = { "parent_id", 9, RT_KIND_TEXT },
	[RT_F_STATE_BEFORE] = { "state_before", 12, RT_KIND_TEXT },
	[RT_F_STATE_AFTER] = { "state_after", 11, RT_KIND_TEXT },
	[RT_F_SUCCESS] = { "success", 7, RT_KIND_BOOL },
	[RT_F_RESULT] = { "result", 6, RT_KIND_ANY },
	[RT_F_DURATION_MS] = { "duration_ms", 11, RT_KIND_NUMBER },
	[RT_F_ERROR] = { "error", 5, RT_KIND_ANY },
	[RT_F_METADATA] = { "metadata", 8, RT_KIND_OBJECT },
	[RT_F_RUN_ID] = { "run_id", 6, RT_KIND_TEXT },
};

/*
 * Every name that a field is read from, by length, the frequent ones first; of a
 * field's names that with the lowest rank counts.
 * `timestamp` beats `ts`, because systems that write both put a short form in ts.
 */
static const struct rt_name names[] = {
	{ "ts", 2, RT_F_TS, 1, RT_KIND_TIME },
	{ "msg", 3, RT_F_MESSAGE, 1, RT_KIND_TEXT },
	{ "type", 4, RT_F_TYPE, 0, RT_KIND_STRING },
	{ "step", 4, RT_F_STEP, 0, RT_KIND_INT },
	{ "Body", 4, RT_F_MESSAGE, 3, RT_KIND_TEXT },
	{ "data", 4, RT_F_METADATA, 2, RT_KIND_OBJECT },
	{ "role", 4, RT_F_AGENT_ROLE, 1, RT_KIND_TEXT },
	{ "time", 4, RT_F_TS, 2, RT_KIND_TIME },
	{ "stage", 5, RT_F_STAGE, 0, RT_KIND_TEXT },
	{ "level", 5, RT_F_LEVEL, 0, RT_KIND_LEVEL },
	{ "model", 5, RT_F_MODEL, 0, RT_KIND_TEXT },
	{ "error", 5, RT_F_ERROR, 0, RT_KIND_ANY },
	{ "agent", 5, RT_F_COMPONENT, 2, RT_KIND_TEXT },
	{ "event", 5, RT_F_TYPE, 3, RT_KIND_STRING },
	{ "phase", 5, RT_F_STAGE, 1, RT_KIND_TEXT },
	{ "runId", 5, RT_F_RUN_ID, 1, RT_KIND_TEXT },
	{ "topic", 5, RT_F_TYPE, 4, RT_KIND_STRING },
	{ "action", 6, RT_F_ACTION, 0, RT_KIND_TEXT },
	{ "result", 6, RT_F_RESULT, 0, RT_KIND_ANY },
	{ "run_id", 6, RT_F_RUN_ID, 0, RT_KIND_TEXT },
	{ "detail", 6, RT_F_MESSAGE, 5, RT_KIND_TEXT },
	{ "module", 6, RT_F_COMPONENT, 1, RT_KIND_TEXT },
	{ "taskId", 6, RT_F_TASK_ID, 1, RT_KIND_TEXT },
	{ "ts_iso", 6, RT_F_TS, 4, RT_KIND_TIME },
	{ "message", 7, RT_F_MESSAGE, 0, RT_KIND_TEXT },
	{ "percent", 7, RT_F_PERCENT, 0, RT_KIND_PERCENT },
	{ "task_id", 7, RT_F_TASK_ID, 0, RT_KIND_TEXT },
	{ "step_id", 7, RT_F_STEP_ID, 0, RT_KIND_TEXT },
	{ "span_id", 7, RT_F_SPAN_ID, 0, RT_KIND_TEXT },
	{ "success", 7, RT_F_SUCCESS, 0, RT_KIND_BOOL },
	{ "details", 7, RT_F_METADATA, 1, RT_KIND_OBJECT },
	{ "seconds", 7, RT_F_DURATION_MS, 4, RT_KIND_NUMBER },
	{ "metadata", 8, RT_F_METADATA, 0, RT_KIND_OBJECT },
	{ "event_id", 8, RT_F_EVENT_ID, 0, RT_KIND_TEXT },
	{ "severity", 8, RT_F_LEVEL, 1, RT_KIND_LEVEL },
	{ "trace_id", 8, RT_F_CORRELATION_ID, 2, RT_KIND_TEXT },
	{ "component", 9, RT_F_COMPONENT, 0, RT_KIND_TEXT },
	{ "iteration", 9, RT_F_ITERATION, 0, RT_KIND_INT },
	{ "parent_id", 9, RT_F_PARENT_ID, 0, RT_KIND_TEXT },
	{ "timestamp", 9, RT_F_TS, 0, RT_KIND_TIME },
	{ "Timestamp", 9, RT_F_TS, 5, RT_KIND_TIME },
	{ "eventType", 9, RT_F_TYPE, 2, RT_KIND_STRING },
	{ "sessionId", 9, RT_F_RUN_ID, 3, RT_KIND_TEXT },
	{ "agent_role", 10, RT_F_AGENT_ROLE, 0, RT_KIND_TEXT },
	{ "@timestamp", 10, RT_F_TS, 3, RT_KIND_TIME },
	{ "Attributes", 10, RT_F_METADATA, 3, RT_KIND_OBJECT },
	{ "durationMs", 10, RT_F_DURATION_MS, 1, RT_KIND_NUMBER },
	{ "event_type", 10, RT_F_TYPE, 1, RT_KIND_STRING },
	{ "percentage", 10, RT_F_PERCENT, 2, RT_KIND_PERCENT },
	{ "session_id", 10, RT_F_RUN_ID, 2, RT_KIND_TEXT },
	{ "subtask_id", 10, RT_F_TASK_ID, 2, RT_KIND_TEXT },
	{ "total_steps", 11, RT_F_TOTAL_STEPS, 0, RT_KIND_INT },
	{ "duration_ms", 11, RT_F_DURATION_MS, 0, RT_KIND_NUMBER },
	{ "state_after", 11, RT_F_STATE_AFTER, 0, RT_KIND_TEXT },
	{ "description", 11, RT_F_MESSAGE, 4, RT_KIND_TEXT },
	{ "pipeline_id", 11, RT_F_RUN_ID, 4, RT_KIND_TEXT },
	{ "workOrderId", 11, RT_F_CORRELATION_ID, 3, RT_KIND_TEXT },
	{ "state_before", 12, RT_F_STATE_BEFORE, 0, RT_KIND_TEXT },
	{ "SeverityText", 12, RT_F_LEVEL, 2, RT_KIND_LEVEL },
	{ "duration_sec", 12, RT_F_DURATION_MS, 2, RT_KIND_NUMBER },
	{ "progress_pct", 12, RT_F_PERCENT, 1, RT_KIND_PERCENT },
	{ "correlationId", 13, RT_F_CORRELATION_ID, 1, RT_KIND_TEXT },
	{ "event_summary", 13, RT_F_MESSAGE, 2, RT_KIND_TEXT },
	{ "maxIterations", 13, RT_F_MAX_ITERATIONS, 1, RT_KIND_INT },
	{ "correlation_id", 14, RT_F_CORRELATION_ID, 0, RT_KIND_TEXT },
	{ "max_iterations", 14, RT_F_MAX_ITERATIONS, 0, RT_KIND_INT },
	{ "duration_seconds", 16, RT_F_DURATION_MS, 3, RT_KIND_NUMBER },
};

#define NAMES (sizeof(names) / sizeof(*names))

/* Where the names of each length begin in `names`. */
static const uint8_t by_length[RT_NAME_MAX + 2] = {
	0, 0, 0, 1, 2, 8, 17, 24, 32, 36, 43, 51, 57, 61, 64, 66, 66, 67,
};

const struct rt_name *rt_name_find(struct rt_str key)
{
	uint64_t head;

	if (key.n > RT_NAME_MAX)
		return NULL;
	head = rt_str_head(key);
	for (size_t i = by_length[key.n]; i < by_length[key.n + 1]; i++) {
		if (rt_load64(names[i].text) == head &&
		    (key.n <= 8 || rt_same_bytes(names[i].text, key.p, key.n)))
			return &names[i];
	}
	return NULL;
}

void rt_field_names(enum rt_field f, void (*each)(void *arg, const char *name), void *arg)
{
	for (size_t i = 0; i < NAMES; i++)
		if (names[i].field == f)
			each(arg, names[i].text);
}

enum rt_field_kind rt_field_kind(enum rt_field f)
{
	return fields[f].kind;
}

bool rt_field_is_text(enum rt_field f)
{
	return fields[f].kind == RT_KIND_TEXT || fields[f].kind == RT_KIND_STRING;
}

const char *rt_field_name(enum rt_field f)
{
	return fields[f].name;
}

struct rt_str rt_field_key(enum rt_field f)
{
	return (struct rt_str){ fields[f].name, fields[f].len };
}

bool rt_field_find(struct rt_str name, enum rt_field *f)
{
	for (int i = 0; i < RT_FIELD_COUNT; i++) {
		if (rt_str_is(name, fields[i].name)) {
			*f = (enum rt_field)i;
			return true;
		}
	}
	return false;
}

static const struct rt_str level_names[] = {
	{ "debug", 5 }, { "info", 4 }, { "warning", 7 }, { "error", 5 }, { "critical", 8 },
};

const char *rt_level_name(enum rt_level l)
{
	return level_names[l].p;
}

/* What else levels are called: syslog, log4j, pino, Go, OpenTelemetry. */
static const struct {
	const char *name;
	enum rt_level level;
} level_aliases[] = {
	{ "warn", RT_WARNING },   { "fatal", RT_CRITICAL }, { "trace", RT_DEBUG },
	{ "verbose", RT_DEBUG },  { "notice", RT_INFO },    { "information", RT_INFO },
	{ "err", RT_ERROR },      { "severe", RT_ERROR },   { "crit", RT_CRITICAL },
	{ "alert", RT_CRITICAL }, { "emerg", RT_CRITICAL }, { "panic", RT_CRITICAL },
};

static bool same_word(struct rt_str s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* pino's 10 (trace) to 60 (fatal); a number between counts as the one below. */
static bool find_pino(struct rt_str name, enum rt_level *l)
{
	static const enum rt_level pino[] = { RT_DEBUG,   RT_DEBUG, RT_INFO,
					      RT_WARNING, RT_ERROR, RT_CRITICAL };
	int n;

	if (name.n != 2 || name.p[0] < '1' || name.p[0] > '9' || name.p[1] < '0' || name.p[1] > '9')
		return false;
	n = name.p[0] - '1';
	*l = pino[n > 5 ? 5 : n];
	return true;
}

bool rt_level_find(struct rt_str name, enum rt_level *l)
{
	/* Most are written as rt does. */
	for (int i = RT_DEBUG; i <= RT_CRITICAL; i++) {
		if (rt_str_eq(name, level_names[i])) {
			*l = (enum rt_level)i;
			return true;
		}
	}
	for (int i = RT_DEBUG; i <= RT_CRITICAL; i++) {
		if (same_word(name, level_names[i].p)) {
			*l = (enum rt_level)i;
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(level_aliases) / sizeof(*level_aliases); i++) {
		if (same_word(name, level_aliases[i].name)) {
			*l = level_aliases[i].level;
			return true;
		}
	}
	return find_pino(name, l);
}
