/*
 * lib/event: names and what beats what, canonical lines that come back as they
 * were, and lines that are too long. What fields other systems have is in
 * tests/fixtures/events.
 */
#include "event.h"
#include "tap.h"
#include "text.h"

#include <stdlib.h>

static struct rt_str view(const char *s)
{
	return rt_str(s);
}

/* A line as rt writes it, without its newline; "no event" for what is none. */
static void written(struct rt_str line, const char *run_id, struct rt_buf *out)
{
	struct rt_event ev;

	rt_buf_clear(out);
	if (rt_event_parse(&ev, line) < 0) {
		rt_buf_adds(out, "no event");
		return;
	}
	rt_event_write(&ev, run_id, NULL, RT_LINE_MAX, out);
	out->len--;
	out->s[out->len] = '\0';
}

static void becomes(struct tap *t, const char *line, const char *want)
{
	struct rt_buf out;

	rt_buf_init(&out);
	written(view(line), NULL, &out);
	is_text(t, out.s, want, line);
	rt_buf_release(&out);
}

static void stays(struct tap *t, const char *line)
{
	becomes(t, line, line);
}

#define TS "\"ts\":\"2026-07-01T12:00:00.000+00:00\","

static void test_round_trip(struct tap *t)
{
	stays(t, "{" TS "\"type\":\"info\",\"message\":\"hello\"}");
	stays(t,
	      "{" TS "\"type\":\"x.y:z-1\",\"level\":\"error\",\"stage\":\"s\",\"message\":\"m\","
	      "\"percent\":99.50,\"step\":1,\"total_steps\":2,\"iteration\":0,"
	      "\"max_iterations\":9007199254740993,\"task_id\":\"t\",\"step_id\":\"step_001\","
	      "\"component\":\"c\",\"action\":\"a\",\"agent_role\":\"r\",\"model\":\"m\","
	      "\"correlation_id\":\"i\",\"span_id\":\"s\",\"event_id\":\"e\",\"parent_id\":\"p\","
	      "\"state_before\":\"b\",\"state_after\":\"f\",\"success\":true,"
	      "\"result\":{\"a\":[1.0,1e2,null]},\"duration_ms\":0.50,\"error\":\"x\","
	      "\"metadata\":{\"k\":1E+2,\"l\":{\"ts\":\"\"}}}");
	stays(t, "{" TS "\"type\":\"info\",\"message\":\"\\u0000 \\\" \\\\ é \xf0\x9f\x98\x80\"}");
	stays(t, "{" TS "\"type\":\"step_failed\",\"level\":\"error\",\"message\":\"m\"}");
	stays(t, "{" TS "\"type\":\"info\",\"message\":\"m\",\"truncated\":true}");
	/* Not in rt's order, with white space, with what rt leaves out. */
	becomes(t,
		" { \"message\" : \"m\" , \"type\":\"info\", \"level\":\"info\"," TS
		"\"step\":null } ",
		"{" TS "\"type\":\"info\",\"message\":\"m\"}");
	becomes(t,
		"{\"message\":\"m\",\"type\":\"info\",\"ts\":\"2026-07-01T14:00:00.0009+02:00\"}",
		"{" TS "\"type\":\"info\",\"message\":\"m\"}");
	becomes(t, "{" TS "\"type\":\"Step Started!\",\"message\":\"m\"}",
		"{" TS "\"type\":\"step_started_\",\"message\":\"m\"}");
	becomes(t, "{\"type\":\"info\",\"message\":\"m\",\"own\":[1, 2],\"metadata\":{}}",
		"{\"type\":\"info\",\"message\":\"m\",\"metadata\":{\"own\":[1, 2]}}");
	becomes(t, "[]", "no event");
	becomes(t, "{\"a\":1", "no event");
}

static void test_derived(struct tap *t)
{
	becomes(t, "{\"stage\":\"s\"}",
		"{\"type\":\"progress\",\"stage\":\"s\",\"message\":\"Progress in s\"}");
	becomes(t, "{\"percent\":5.0}",
		"{\"type\":\"progress\",\"message\":\"Progress: 5.0%\",\"percent\":5}");
	becomes(t, "{\"message\":\"m\"}", "{\"type\":\"info\",\"message\":\"m\"}");
	becomes(t, "{\"type\":\"own_failed\"}",
		"{\"type\":\"own_failed\",\"level\":\"error\",\"message\":\"own_failed\"}");
	becomes(t, "{\"type\":\"x\",\"level\":\"\\u0077arn\"}",
		"{\"type\":\"x\",\"level\":\"warning\",\"message\":\"x\"}");
	becomes(t, "{\"type\":\"own_faile\\u0064\",\"message\":\"m\"}",
		"{\"type\":\"own_failed\",\"level\":\"error\",\"message\":\"m\"}");
	becomes(t, "{\"type\":\"own_failed\",\"level\":\"INFO\"}",
		"{\"type\":\"own_failed\",\"level\":\"info\",\"message\":\"own_failed\"}");
	becomes(t, "{\"type\":\"error\",\"error\":\"e\"}",
		"{\"type\":\"error\",\"level\":\"error\",\"message\":\"e\",\"error\":\"e\"}");
	becomes(t, "{\"action\":\"task_start\",\"taskId\":7}",
		"{\"type\":\"task_started\",\"message\":\"Task 7 started\",\"task_id\":\"7\","
		"\"action\":\"task_start\"}");
	becomes(t, "{\"type\":\"llm_request_sent\",\"model\":\"gpt-4\",\"role\":\"coder\"}",
		"{\"type\":\"llm_request_sent\",\"message\":\"LLM request to gpt-4 for coder\","
		"\"agent_role\":\"coder\",\"model\":\"gpt-4\"}");
	becomes(t, "{\"type\":\"llm_request_sent\",\"data\":{\"model\":\"gpt-4\"}}",
		"{\"type\":\"llm_request_sent\",\"message\":\"LLM request to gpt-4\","
		"\"metadata\":{\"model\":\"gpt-4\"}}");
}

/* Every name a field is read from, the one that wins first. */
static const struct {
	enum rt_field field;
	const char *names[RT_NAMES_MAX + 1];
	const char *values[RT_NAMES_MAX]; /* NULL: "v0", "v1" … */
} fields[] = {
	{ RT_F_TS,
	  { "timestamp", "ts", "time", "ts_iso", "Timestamp" },
	  { "1783000000", "1783000001", "1783000002", "1783000003", "1783000004" } },
	{ RT_F_TS,
	  { "timestamp", "ts", "time", "@timestamp" },
	  { "1783000000", "1783000001", "1783000002", "1783000003" } },
	{ RT_F_TYPE, { "type", "event_type", "eventType", "event", "topic" }, { NULL } },
	{ RT_F_MESSAGE,
	  { "message", "msg", "event_summary", "Body", "description", "detail" },
	  { NULL } },
	{ RT_F_STAGE, { "stage", "phase" }, { NULL } },
	{ RT_F_LEVEL,
	  { "level", "severity", "SeverityText" },
	  { "\"debug\"", "\"error\"", "\"fatal\"" } },
	{ RT_F_COMPONENT, { "component", "module", "agent" }, { NULL } },
	{ RT_F_AGENT_ROLE, { "agent_role", "role" }, { NULL } },
	{ RT_F_RUN_ID, { "run_id", "runId", "session_id", "sessionId", "pipeline_id" }, { NULL } },
	{ RT_F_TASK_ID, { "task_id", "taskId", "subtask_id" }, { NULL } },
	{ RT_F_CORRELATION_ID,
	  { "correlation_id", "correlationId", "trace_id", "workOrderId" },
	  { NULL } },
	{ RT_F_DURATION_MS,
	  { "duration_ms", "durationMs", "duration_sec", "duration_seconds", "seconds" },
	  { "10", "11", "12", "13", "14" } },
	{ RT_F_PERCENT, { "percent", "progress_pct", "percentage" }, { "1", "2", "3" } },
	{ RT_F_MAX_ITERATIONS, { "max_iterations", "maxIterations" }, { "1", "2" } },
	{ RT_F_METADATA,
	  { "metadata", "details", "data", "Attributes" },
	  { "{\"a\":0}", "{\"a\":1}", "{\"a\":2}", "{\"a\":3}" } },
};

static void value_text(size_t f, size_t n, char text[32])
{
	if (fields[f].values[0])
		snprintf(text, 32, "%s", fields[f].values[n]);
	else
		snprintf(text, 32, "\"v%zu\"", n);
}

/* What the field is in {"NAME a":…,"NAME b":…}, as JSON text. */
static void field_of_two(size_t f, size_t a, size_t b, char text[64])
{
	char line[256], first[32], second[32];
	struct rt_event ev;
	struct rt_json v;

	value_text(f, a, first);
	value_text(f, b, second);
	snprintf(line, sizeof(line), "{\"%s\":%s,\"%s\":%s}", fields[f].names[a], first,
		 fields[f].names[b], second);
	snprintf(text, 64, "nothing");
	if (rt_event_parse(&ev, view(line)) == 0 && rt_event_get(&ev, fields[f].field, &v))
		snprintf(text, 64, "%s%.*s%s", v.type == RT_JSON_STRING ? "\"" : "", (int)v.text.n,
			 v.text.p, v.type == RT_JSON_STRING ? "\"" : "");
}

static void test_names(struct tap *t)
{
	char got[64], want[32];

	for (size_t f = 0; f < sizeof(fields) / sizeof(*fields); f++) {
		bool good = true;

		for (size_t a = 0; fields[f].names[a]; a++) {
			value_text(f, a, want);
			for (size_t b = a; fields[f].names[b]; b++) {
				field_of_two(f, a, b, got);
				good &= b == a || strcmp(got, want) == 0;
				if (b != a)
					field_of_two(f, b, a, got);
				else
					field_of_two(f, a, a, got);
				good &= strcmp(got, want) == 0;
				if (!good) {
					printf("# %s and %s: %s\n", fields[f].names[a],
					       fields[f].names[b], got);
					break;
				}
			}
		}
		ok(t, good, "%s: each name is read, and the first that is there wins",
		   fields[f].names[0]);
	}
	becomes(t, "{\"ts\":null,\"time\":\"2026-07-01T12:00:00Z\",\"phase\":\"p\",\"stage\":null}",
		"{" TS "\"type\":\"progress\",\"stage\":\"p\",\"message\":\"Progress in p\"}");
	becomes(t, "{\"msg\":\"a\",\"message\":\"b\"}",
		"{\"type\":\"info\",\"message\":\"b\",\"metadata\":{\"msg\":\"a\"}}");
	becomes(t, "{\"message\":\"a\",\"message\":\"b\"}",
		"{\"type\":\"info\",\"message\":\"b\"}");
	becomes(t, "{\"duration_seconds\":1.25,\"message\":\"m\"}",
		"{\"type\":\"info\",\"message\":\"m\",\"duration_ms\":1250}");
	becomes(t, "{\"seconds\":0.0004,\"message\":\"m\"}",
		"{\"type\":\"info\",\"message\":\"m\",\"duration_ms\":0.4}");
}

/* A random line of a few members, some of them odd, white space and all. */
static void random_line(struct rt_buf *out)
{
	static const char *const members[] = {
		"\"ts\":\"2026-07-01T12:00:00.000+00:00\"",
		"\"ts\":1783000000",
		"\"type\":\"info\"",
		"\"type\":\"step_failed\"",
		"\"type\":\"Odd Type\"",
		"\"type\":\"own\"",
		"\"level\":\"error\"",
		"\"level\":\"WARN\"",
		"\"level\":\"info\"",
		"\"stage\":\"s\\n\"",
		"\"message\":\"m\"",
		"\"message\":\"\\u00e9\\/\"",
		"\"percent\":5",
		"\"percent\":5.0",
		"\"percent\":\"5\"",
		"\"step\":1",
		"\"step\":-1",
		"\"task_id\":7",
		"\"success\":true",
		"\"success\":1",
		"\"result\":[1]",
		"\"error\":{\"a\":1}",
		"\"duration_ms\":1e2",
		"\"seconds\":1.5",
		"\"metadata\":{\"a\":1}",
		"\"metadata\":{}",
		"\"data\":{ \"b\" : 2 }",
		"\"own\":\"x\"",
		"\"msg\":\"n\"",
		"\"@timestamp\":\"2026-07-01T12:00:00.000+00:00\"",
		"\"timestamp\":\"2026-07-01T12:00:00.000+00:00\"",
		"\"run_id\":null",
		"\"phase\":null",
		"\"action\":\"task_start\"",
		"\"m\\u0065ssage\":\"e\"",
		"\"truncated\":true",
		"\"truncated\":1",
		"\"model\":\"g\"",
		"\"type\":\"\\u0069nfo\"",
		"\"level\":\"\\u0065rror\"",
	};
	static const char *const gaps[] = { "", "", "", " ", "\t " };
	size_t n = (size_t)rand() % 7;

	rt_buf_clear(out);
	rt_buf_addc(out, '{');
	for (size_t i = 0; i < n; i++) {
		if (i)
			rt_buf_addc(out, ',');
		rt_buf_adds(out, gaps[rand() % 5]);
		rt_buf_adds(out, members[(size_t)rand() % (sizeof(members) / sizeof(*members))]);
	}
	rt_buf_adds(out, gaps[rand() % 5]);
	rt_buf_addc(out, '}');
}

/*
 * rt_event_write copies what is canonical; a run id makes it go the long way.
 * Both must say the same, and what is written must be written as it is.
 */
static void test_random(struct tap *t)
{
	struct rt_buf line, fast, slow, again;
	size_t differ = 0, unstable = 0, invalid = 0;
	const char *head = "{\"run_id\":\"r\",";

	rt_buf_init(&line);
	rt_buf_init(&fast);
	rt_buf_init(&slow);
	rt_buf_init(&again);
	srand(1);
	for (int i = 0; i < 200000; i++) {
		random_line(&line);
		written(rt_buf_view(&line), NULL, &fast);
		written(rt_buf_view(&line), "r", &slow);
		rt_buf_splice(&slow, 1, strlen(head) - 1, NULL, 0);
		written(rt_buf_view(&fast), NULL, &again);
		if (strcmp(fast.s, slow.s) != 0 && !differ++)
			printf("# %s\n# fast %s\n# slow %s\n", line.s, fast.s, slow.s);
		if (strcmp(fast.s, again.s) != 0 && !unstable++)
			printf("# %s\n# once  %s\n# twice %s\n", line.s, fast.s, again.s);
		invalid += !rt_scan_valid(rt_buf_view(&fast));
	}
	ok(t, differ == 0, "a line that is copied says what one that is put together says");
	ok(t, unstable == 0, "what was written is written as it is");
	ok(t, invalid == 0, "every line is JSON");
	rt_buf_release(&line);
	rt_buf_release(&fast);
	rt_buf_release(&slow);
	rt_buf_release(&again);
}

/* The first event's message, unescaped; false when the line is not right. */
static bool message_of(struct rt_str line, struct rt_buf *message)
{
	struct rt_event ev;

	rt_buf_clear(message);
	if (!rt_scan_valid(line) || rt_event_parse(&ev, line) < 0 || !ev.truncated)
		return false;
	return rt_event_text(&ev, RT_F_MESSAGE, message);
}

/* Messages of one kind of character, begun at every phase of it, past 64 KiB. */
static void cuts(struct tap *t, const char *unit, bool json, const char *name)
{
	struct rt_buf text, line, out, message;
	size_t bad = 0, least = SIZE_MAX;

	rt_buf_init(&text);
	rt_buf_init(&line);
	rt_buf_init(&out);
	rt_buf_init(&message);
	for (int pad = 0; pad < 13; pad++) {
		struct rt_event ev;
		struct rt_str plain;

		rt_buf_clear(&text);
		rt_buf_clear(&line);
		rt_buf_clear(&out);
		for (int i = 0; i < pad; i++)
			rt_buf_addc(&text, 'a');
		while (text.len < 70000)
			rt_buf_adds(&text, unit);
		rt_event_init(&ev);
		if (json) {
			rt_buf_addf(&line, "{\"message\":\"%s\"}", text.s);
			rt_event_parse(&ev, rt_buf_view(&line));
		} else {
			rt_event_set_text(&ev, RT_F_MESSAGE, rt_buf_view(&text));
			rt_event_derive(&ev);
		}
		rt_event_write(&ev, NULL, NULL, RT_LINE_MAX, &out);
		if (out.len < least)
			least = out.len;
		rt_buf_clear(&line);
		if (json)
			rt_json_unescape(&line, rt_buf_view(&text));
		else
			rt_buf_addv(&line, rt_buf_view(&text));
		plain = rt_buf_view(&line);
		bad += out.len > RT_LINE_MAX || out.s[out.len - 1] != '\n' || !ev.truncated ||
		       !message_of((struct rt_str){ out.s, out.len - 1 }, &message) ||
		       !rt_utf8_valid(rt_buf_view(&message)) || message.len >= plain.n ||
		       memcmp(message.s, plain.p, message.len) != 0;
	}
	ok(t, bad == 0, "%s: cut between characters, marked, a prefix of what it was", name);
	ok(t, least > RT_LINE_MAX - 32, "%s: and not much shorter than it may be", name);
	rt_buf_release(&text);
	rt_buf_release(&line);
	rt_buf_release(&out);
	rt_buf_release(&message);
}

static void test_cut(struct tap *t)
{
	cuts(t, "x", false, "ASCII");
	cuts(t, "é", false, "two bytes");
	cuts(t, "進", false, "three bytes");
	cuts(t, "😀", false, "four bytes");
	cuts(t, "\x01", false, "control characters");
	cuts(t, "\"\\", false, "quotes and backslashes");
	cuts(t, "\\n", true, "an escape");
	cuts(t, "\\u00e9", true, "\\u");
	cuts(t, "\\ud83d\\ude00", true, "two surrogates");
}

/* {"message":"m","MEMBER":a value of 200,000 bytes} */
static void shrinks(struct tap *t, const char *member, const char *before, const char *after)
{
	struct rt_buf line, out;
	struct rt_event ev, got;

	rt_buf_init(&line);
	rt_buf_init(&out);
	rt_buf_addf(&line, "{\"message\":\"m\",\"%s\":%s", member, before);
	for (int i = 0; i < 200000; i++)
		rt_buf_addc(&line, '1');
	rt_buf_addf(&line, "%s}", after);
	rt_event_parse(&ev, rt_buf_view(&line));
	rt_event_write(&ev, NULL, NULL, RT_LINE_MAX, &out);
	out.len--;
	ok(t,
	   out.len < RT_LINE_MAX && rt_scan_valid(rt_buf_view(&out)) &&
		   rt_event_parse(&got, rt_buf_view(&out)) == 0 && got.truncated &&
		   rt_event_has(&got, RT_F_MESSAGE),
	   "%s: %s…%s fits, is marked and keeps the message", member, before, after);
	out.len = 0;
	rt_event_write_brief(&ev, &out);
	ok(t, out.len <= 1024 && rt_scan_valid(rt_buf_view(&out)), "%s: the short copy, too",
	   member);
	rt_buf_release(&line);
	rt_buf_release(&out);
}

static void test_shrink(struct tap *t)
{
	shrinks(t, "stage", "\"", "\"");
	shrinks(t, "error", "\"", "\"");
	shrinks(t, "error", "[\"", "\"]");
	shrinks(t, "result", "{\"a\":\"", "\"}");
	shrinks(t, "result", "0.", "");
	shrinks(t, "percent", "0.", "");
	shrinks(t, "duration_ms", "0.", "");
	shrinks(t, "metadata", "{\"a\":\"", "\"}");
	shrinks(t, "own", "\"", "\"");
	shrinks(t, "own", "{\"a\":0.", "}");
}

static void test_log(struct tap *t)
{
	const char *head =
		"{\"ts\":\"2026-07-01T12:00:00.000+00:00\",\"level\":\"WARNING\",\"msg\":\"";
	struct rt_buf out;
	struct rt_event ev;
	const char *line = "{" TS "\"level\":\"warn\",\"stage\":\"a\\tb\",\"percent\":4.50,"
			   "\"message\":\"one\\ntwo\\u001b[31m \\\"q\\\" \\ud83d\\ude00\\u007f\"}";

	rt_buf_init(&out);
	rt_event_parse(&ev, view(line));
	rt_event_write_log(&ev, &out);
	is_text(t, out.s,
		"2026-07-01T12:00:00.000+00:00 [WARNING] [a\tb] (4.50%) "
		"one\\ntwo\\x1b[31m \"q\" 😀\\x7f\n",
		"the line of logs.txt");
	rt_event_set_json(&ev, RT_F_MESSAGE, rt_json_of(view("{\n\"a\":\r1}"), RT_JSON_OBJECT));
	rt_buf_clear(&out);
	rt_event_write_log(&ev, &out);
	ok(t, strchr(out.s, '\n') == out.s + out.len - 1, "it is one, whatever the message is");
	rt_event_parse(&ev, view(line));
	rt_buf_clear(&out);
	rt_event_write_json_log(&ev, &out);
	ok(t, rt_scan_valid((struct rt_str){ out.s, out.len - 1 }),
	   "the line of logs.jsonl is JSON");
	ok(t, strncmp(out.s, head, strlen(head)) == 0, "and begins as it should");
	rt_buf_release(&out);
}

static void strict(struct tap *t, const char *line, const char *want)
{
	struct rt_err err = RT_ERR_INIT;
	struct rt_event ev;

	rt_event_parse(&ev, view(line));
	rt_event_check_strict(&ev, &err);
	is_text(t, err.msg, want, line);
}

static void test_strict(struct tap *t)
{
	strict(t, "{\"message\":\"m\"}", "");
	strict(t, "{\"type\":\"info\"}", "an event of type \"info\" needs \"message\"");
	strict(t, "{\"type\":\"task_started\"}",
	       "an event of type \"task_started\" needs \"task_id\"");
	strict(t, "{\"type\":\"task_started\",\"taskId\":1}", "");
	strict(t, "{\"type\":\"llm_request_sent\",\"metadata\":{\"model\":\"m\"}}", "");
	strict(t, "{\"type\":\"own\",\"message\":\"m\"}",
	       "unknown event type \"own\" (rt-event(5) lists them)");
	strict(t, "{\"stage\":\"s\"}", "");
}

/* Every known type has a name that finds it, and a message. */
static void test_types(struct tap *t)
{
	struct rt_buf message;
	struct rt_event ev;
	bool found = true, said = true;

	rt_buf_init(&message);
	for (int type = RT_T_OTHER + 1; type < RT_TYPE_COUNT; type++) {
		struct rt_str name = rt_str(rt_type_name((enum rt_type)type));

		found &= rt_type_find(name) == (enum rt_type)type && rt_type_valid(name);
		rt_event_init(&ev);
		rt_event_set_text(&ev, RT_F_TYPE, name);
		rt_event_derive(&ev);
		rt_buf_clear(&message);
		rt_event_default_message(&ev, &message);
		said &= message.len > 0 && ev.type == (enum rt_type)type &&
			!strpbrk(message.s, "{}[]") && message.s[message.len - 1] != ' ';
	}
	ok(t, found, "every known type is found by its name");
	ok(t, said, "and has a message");
	ok(t,
	   rt_type_find(view("run_canceled")) == RT_T_RUN_CANCELLED &&
		   rt_type_find(view("step_start")) == RT_T_STEP_STARTED &&
		   rt_type_find(view("Task.Finished")) == RT_T_TASK_COMPLETED &&
		   rt_type_find(view("llm_request")) == RT_T_LLM_REQUEST_SENT &&
		   rt_type_find(view("step_startled")) == RT_T_OTHER,
	   "and by its twins");
	rt_buf_release(&message);
}

static void test_levels(struct tap *t)
{
	static const struct {
		const char *name;
		enum rt_level level;
	} levels[] = {
		{ "DEBUG", RT_DEBUG },     { "Info", RT_INFO },      { "warn", RT_WARNING },
		{ "WARNING", RT_WARNING }, { "fatal", RT_CRITICAL }, { "10", RT_DEBUG },
		{ "20", RT_DEBUG },        { "30", RT_INFO },        { "40", RT_WARNING },
		{ "50", RT_ERROR },        { "60", RT_CRITICAL },    { "35", RT_INFO },
	};
	enum rt_level level;
	bool good = true;

	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		good &= rt_level_find(view(levels[i].name), &level) && level == levels[i].level;
	ok(t, good, "levels in any case, pino's numbers");
	ok(t,
	   !rt_level_find(view("loud"), &level) && !rt_level_find(view("5"), &level) &&
		   !rt_level_find(view(""), &level),
	   "and nothing else");
}

int main(void)
{
	struct tap t = { 0 };

	test_round_trip(&t);
	test_derived(&t);
	test_names(&t);
	test_random(&t);
	test_cut(&t);
	test_shrink(&t);
	test_log(&t);
	test_strict(&t);
	test_types(&t);
	test_levels(&t);
	return tap_done(&t);
}
