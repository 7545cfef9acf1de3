/*
 * lib/status and lib/usage: what events do to the state, that status.json stays
 * under its bound and comes back as it was written, and that tokens count once.
 * Files are tests/unit/record.c.
 */
#include "clock.h"
#include "status.h"
#include "tap.h"
#include "text.h"

#include <stdlib.h>
#include <unistd.h>

#define TS "\"ts\":\"2026-07-01T12:00:%02d.000+00:00\""

static void apply(struct rt_status *st, const char *line)
{
	struct rt_event ev;

	if (rt_event_parse(&ev, rt_str(line)) < 0)
		abort();
	rt_status_apply(st, &ev);
	rt_status_push(st, &ev);
}

/* {"ts":12:00:SECOND,"type":TYPE,MEMBERS} */
static void say(struct rt_status *st, int second, const char *type, const char *members)
{
	struct rt_buf line;

	rt_buf_init(&line);
	rt_buf_addf(&line, "{" TS ",\"type\":\"%s\",\"message\":\"m\"%s%s}", second, type,
		    *members ? "," : "", members);
	apply(st, line.s);
	rt_buf_release(&line);
}

static void begin(struct rt_status *st)
{
	rt_status_init(st);
	snprintf(st->run_id, sizeof(st->run_id), "r");
	st->events_size = 0;
	say(st, 0, "run_started", "");
}

static const char *document(struct rt_status *st, struct rt_buf *out)
{
	rt_buf_clear(out);
	rt_status_write(st, out);
	return out->s;
}

/* The value at a path of the document, as text. */
static const char *value(struct rt_status *st, const char *path, struct rt_buf *out)
{
	static const char none[] = "(none)";
	struct rt_json v;
	struct rt_buf text;

	document(st, out);
	if (!rt_scan_find(rt_buf_view(out), rt_str(path), &v))
		return none;
	rt_buf_init(&text);
	rt_json_text(&v, &text);
	rt_buf_clear(out);
	rt_buf_addv(out, rt_buf_view(&text));
	rt_buf_release(&text);
	return out->s;
}

static void has(struct tap *t, struct rt_status *st, const char *path, const char *want)
{
	struct rt_buf out;

	rt_buf_init(&out);
	is_text(t, value(st, path, &out), want, path);
	rt_buf_release(&out);
}

static void test_transitions(struct tap *t)
{
	/* SPEC: from, to, and whether that takes --resume. */
	static const char *const allowed[RT_STATE_COUNT][RT_STATE_COUNT] = {
		[RT_PENDING] = { [RT_RUNNING] = "yes", [RT_FAILED] = "yes", [RT_CANCELLED] = "yes" },
		[RT_RUNNING] = { [RT_PAUSED] = "yes",
				 [RT_COMPLETED] = "yes",
				 [RT_FAILED] = "yes",
				 [RT_CANCELLED] = "yes" },
		[RT_PAUSED] = { [RT_RUNNING] = "yes",
				[RT_COMPLETED] = "yes",
				[RT_FAILED] = "yes",
				[RT_CANCELLED] = "yes" },
		[RT_COMPLETED] = { [RT_RUNNING] = "resume" },
		[RT_FAILED] = { [RT_RUNNING] = "resume" },
		[RT_CANCELLED] = { [RT_RUNNING] = "resume" },
	};

	for (int from = RT_PENDING; from <= RT_CANCELLED; from++) {
		bool good = true;

		for (int to = RT_PENDING; to < RT_STATE_COUNT; to++) {
			const char *a = allowed[from][to];

			good &= rt_state_allows((enum rt_state)from, (enum rt_state)to, false) ==
				(a && strcmp(a, "yes") == 0);
			good &= rt_state_allows((enum rt_state)from, (enum rt_state)to, true) ==
				(a != NULL);
		}
		ok(t, good, "what may follow %s", rt_state_name((enum rt_state)from));
	}
}

static void test_state_names(struct tap *t)
{
	static const struct {
		const char *name;
		enum rt_state state;
	} names[] = {
		{ "canceled", RT_CANCELLED },  { "aborted", RT_CANCELLED },
		{ "succeeded", RT_COMPLETED }, { "SUCCESS", RT_COMPLETED },
		{ "passed", RT_COMPLETED },    { "failure", RT_FAILED },
		{ "in-progress", RT_RUNNING }, { "Paused", RT_PAUSED },
	};
	enum rt_state s;
	bool good = true;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		good &= rt_state_find(rt_str(names[i].name), &s) && s == names[i].state;
	ok(t, good, "other spellings of states");
	ok(t, !rt_state_find(rt_str("done"), &s) && !rt_state_find(rt_str(""), &s),
	   "and nothing else");
}

static void test_events(struct tap *t)
{
	struct rt_status st;

	begin(&st);
	has(t, &st, "status", "running");
	has(t, &st, "started_at", "2026-07-01T12:00:00.000+00:00");
	say(&st, 1, "progress", "\"stage\":\"build\",\"percent\":10");
	say(&st, 2, "warning", "\"level\":\"warning\"");
	say(&st, 3, "error", "\"level\":\"error\"");
	/* An empty stage is none. */
	say(&st, 4, "info", "\"level\":\"critical\",\"percent\":12.50,\"stage\":\"\"");
	has(t, &st, "counts", "{\"events\":5,\"warnings\":1,\"errors\":2}");
	has(t, &st, "stage", "build");
	has(t, &st, "percent", "12.50");
	has(t, &st, "error", "(none)");
	say(&st, 5, "progress", "\"stage\":\"test\"");
	say(&st, 6, "step_started", "\"step\":1,\"step_id\":\"step_001\",\"stage\":\"unit\"");
	has(t, &st, "step_id", "step_001");
	say(&st, 7, "step_retrying", "\"step_id\":\"step_001\"");
	say(&st, 9, "step_failed", "\"step_id\":\"step_001\",\"result\":\"timeout\"");
	say(&st, 9, "step_started", "\"step\":2");
	has(t, &st, "steps",
	    "[\n{\"step_id\":\"step_001\",\"name\":\"unit\",\"status\":\"timeout\","
	    "\"started_at\":\"2026-07-01T12:00:06.000+00:00\","
	    "\"finished_at\":\"2026-07-01T12:00:09.000+00:00\",\"duration_ms\":3000,\"retries\":1},\n"
	    "{\"step_id\":\"step_002\",\"status\":\"running\","
	    "\"started_at\":\"2026-07-01T12:00:09.000+00:00\"}\n]");
	has(t, &st, "ordered", "true");
	say(&st, 8, "info", "");
	has(t, &st, "ordered", "false");
	say(&st, 10, "run_failed",
	    "\"error\":\"boom\",\"metadata\":{\"exit_code\":3,\"signal\":9}");
	has(t, &st, "status", "failed");
	has(t, &st, "exit_code", "3");
	has(t, &st, "signal", "9");
	has(t, &st, "error", "boom");
	has(t, &st, "duration_ms", "10000");
	has(t, &st, "stages",
	    "[\n{\"name\":\"build\",\"status\":\"completed\","
	    "\"started_at\":\"2026-07-01T12:00:01.000+00:00\","
	    "\"finished_at\":\"2026-07-01T12:00:05.000+00:00\",\"duration_ms\":4000},\n"
	    "{\"name\":\"test\",\"status\":\"completed\","
	    "\"started_at\":\"2026-07-01T12:00:05.000+00:00\","
	    "\"finished_at\":\"2026-07-01T12:00:06.000+00:00\",\"duration_ms\":1000},\n"
	    "{\"name\":\"unit\",\"status\":\"failed\","
	    "\"started_at\":\"2026-07-01T12:00:06.000+00:00\","
	    "\"finished_at\":\"2026-07-01T12:00:09.000+00:00\",\"duration_ms\":3000}\n]");
	/* What comes after the end is kept, the state stays. */
	say(&st, 11, "progress", "\"stage\":\"late\"");
	say(&st, 12, "run_completed", "");
	has(t, &st, "status", "failed");
	has(t, &st, "finished_at", "2026-07-01T12:00:10.000+00:00");
	has(t, &st, "counts.events", "14");
	say(&st, 13, "run_resumed", "");
	has(t, &st, "status", "running");
	has(t, &st, "exit_code", "(none)");
	has(t, &st, "error", "(none)");
	has(t, &st, "started_at", "2026-07-01T12:00:00.000+00:00");
	rt_status_release(&st);
}

static void test_sessions(struct tap *t)
{
	struct rt_status st;

	begin(&st);
	say(&st, 1, "session_failed", "");
	has(t, &st, "status", "running");
	rt_status_release(&st);
	rt_status_init(&st);
	st.foreign = true;
	say(&st, 1, "progress", "");
	has(t, &st, "status", "running");
	say(&st, 2, "session_failed", "\"error\":\"e\"");
	has(t, &st, "status", "failed");
	has(t, &st, "error", "e");
	rt_status_release(&st);
}

/* A document is read and written again: the same bytes, and rt_status_parse takes it. */
static void comes_back(struct tap *t, struct rt_status *st, const char *name)
{
	struct rt_buf first, second;
	struct rt_status back;

	rt_buf_init(&first);
	rt_buf_init(&second);
	document(st, &first);
	rt_status_init(&back);
	ok(t,
	   rt_scan_valid(rt_buf_view(&first)) &&
		   rt_status_parse(&back, rt_buf_view(&first), NULL) == 0,
	   "%s: it is JSON, and read", name);
	document(&back, &second);
	is_text(t, second.s, first.s, name);
	rt_status_release(&back);
	rt_buf_release(&first);
	rt_buf_release(&second);
}

static void test_layout(struct tap *t)
{
	struct rt_buf out;
	struct rt_status st;
	size_t lines = 0;

	rt_buf_init(&out);
	begin(&st);
	comes_back(t, &st, "a new run");
	rt_buf_adds(&st.name, "a \"name\" \\ é\n");
	rt_buf_adds(&st.host, "box");
	rt_owner_fill(&st.owner, getpid());
	say(&st, 1, "step_started", "\"step_id\":\"s\\\"1\",\"stage\":\"st\\n,\\n{\"");
	say(&st, 2, "llm_request_sent",
	    "\"correlation_id\":\"c\",\"metadata\":{\"prompt_tokens\":5,\"cost_usd\":0.1}");
	comes_back(t, &st, "with tables, quotes and newlines");
	document(&st, &out);
	for (size_t i = 0; i < out.len; i++)
		lines += out.s[i] == '\n';
	/* the head, and for each table a line before and behind its entries */
	ok(t, lines == 1 + 3 + 3 + 5, "one line for each entry (%zu)", lines);
	rt_status_release(&st);
	rt_buf_release(&out);
}

static void test_foreign_layout(struct tap *t)
{
	const char *text =
		"{\n  \"events\": [ {\"a\": \"x, y\",\n \"b\": [1, 2]}, 5 ],\n"
		"  \"run_id\": \"old\", \"status\": \"canceled\", \"own\": {\"k\":\n 1},\n"
		"  \"text\": \"a\\nb\", \"created_at\": \"2026-07-01T12:00:00Z\",\n"
		"  \"updated_at\": 1783000000, \"stage\": null, \"name\": \"n\"}";
	struct rt_status st;

	rt_status_init(&st);
	ok(t, rt_status_parse(&st, rt_str(text), NULL) == 0, "another program's layout is read");
	has(t, &st, "status", "cancelled");
	has(t, &st, "run_id", "old");
	has(t, &st, "name", "n");
	has(t, &st, "stage", "(none)");
	has(t, &st, "own.k", "1");
	has(t, &st, "text", "a\nb");
	has(t, &st, "created_at", "2026-07-01T12:00:00.000+00:00");
	has(t, &st, "events", "[\n{\"a\":\"x, y\",\"b\":[1,2]}\n]");
	ok(t, st.events_size == -1, "and it does not say how far it got");
	rt_status_release(&st);
}

static void test_bad_documents(struct tap *t)
{
	static const char *const bad[] = {
		"",
		"x",
		"[]",
		"{}",
		"{\"run_id\":\"r\"}",
		"{\"status\":\"running\"}",
		"{\"run_id\":\"r\",\"status\":\"running\"",
		"{\"run_id\":\"r\",\"status\":\"running\"}x",
	};
	bool good = true;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct rt_err err = RT_ERR_INIT;
		struct rt_status st;

		rt_status_init(&st);
		good &= rt_status_parse(&st, rt_str(bad[i]), &err) < 0 && err.msg[0];
		rt_status_release(&st);
	}
	ok(t, good, "what is no status.json is refused");
}

/* Every table full of entries as large as they can be, and long texts before them. */
static void fill(struct rt_status *st)
{
	char name[257], members[1024], message[4096];

	memset(message, 'm', sizeof(message));
	message[sizeof(message) - 1] = '\0';
	for (int i = 0; i < 300; i++) {
		memset(name, '\\', sizeof(name));
		name[256] = '\0';
		memcpy(name, "\\\\", 2);
		snprintf(members, sizeof(members),
			 "\"step_id\":\"%04d%.250s\",\"stage\":\"%04d%.250s\"", i, name, i, name);
		say(st, i % 60, "step_started", members);
		snprintf(members, sizeof(members), "\"step_id\":\"%04d%.250s\"", i, name);
		say(st, i % 60, "step_completed", members);
	}
	for (int i = 0; i < 40; i++) {
		struct rt_event ev;

		rt_event_init(&ev);
		rt_event_set_text(&ev, RT_F_MESSAGE, rt_str(message));
		rt_event_set_text(&ev, RT_F_STAGE, rt_str(message));
		rt_event_derive(&ev);
		rt_status_apply(st, &ev);
		rt_status_push(st, &ev);
	}
}

static void test_bound(struct tap *t)
{
	struct rt_buf out;
	struct rt_status st;

	rt_buf_init(&out);
	begin(&st);
	for (int i = 0; i < 100000; i++)
		rt_buf_addc(&st.name, '\x01');
	rt_buf_adds(&st.extra, ",\"own\":\"");
	for (int i = 0; i < 8000; i++)
		rt_buf_addc(&st.extra, 'x');
	rt_buf_adds(&st.extra, "\"");
	fill(&st);
	document(&st, &out);
	ok(t, out.len <= RT_STATUS_MAX && out.len > RT_STATUS_MAX / 2, "at most 64 KiB: %zu",
	   out.len);
	ok(t, st.events.n > 0 && st.steps.n > 0 && st.stages.n > 0, "with something of each table");
	ok(t,
	   memmem(out.s, out.len, "\"0299\\", 6) != NULL &&
		   memmem(out.s, out.len, "\"0000\\", 6) == NULL,
	   "the newest entries of it");
	comes_back(t, &st, "full");
	say(&st, 59, "info", "");
	document(&st, &out);
	ok(t, out.len <= RT_STATUS_MAX, "also after one more");
	rt_status_release(&st);
	rt_buf_release(&out);
}

static void test_table_limits(struct tap *t)
{
	char members[64];
	struct rt_status st;

	begin(&st);
	for (int i = 1; i <= 250; i++) {
		snprintf(members, sizeof(members), "\"step\":%d,\"stage\":\"s%d\"", i, i);
		say(&st, i % 60, "step_started", members);
	}
	ok(t, st.steps.n == RT_STATUS_TABLE && st.stages.n == RT_STATUS_TABLE,
	   "the last 100 of each");
	ok(t, st.events.n == RT_STATUS_EVENTS, "the last 20 events");
	rt_status_release(&st);
	rt_status_init(&st);
	st.keep_events = 3;
	for (int i = 0; i < 5; i++)
		say(&st, i, "info", "");
	ok(t, st.events.n == 3, "or as many as are wanted");
	rt_status_release(&st);
}

struct count {
	int64_t calls, prompt, completion, total;
};

static bool counts(const struct rt_ledger *l, struct count want)
{
	const struct rt_usage *u = rt_ledger_total(l);

	if (u->calls == want.calls && u->prompt == want.prompt &&
	    u->completion == want.completion && u->total == want.total)
		return true;
	printf("# calls %lld prompt %lld completion %lld total %lld\n", (long long)u->calls,
	       (long long)u->prompt, (long long)u->completion, (long long)u->total);
	return false;
}

static void add(struct rt_ledger *l, const char *line)
{
	struct rt_event ev;

	if (rt_event_parse(&ev, rt_str(line)) < 0)
		abort();
	rt_ledger_add(l, &ev, NULL);
}

#define REQUEST(id, p)                                            \
	"{\"type\":\"llm_request_sent\",\"correlation_id\":\"" id \
	"\",\"metadata\":{\"prompt_tokens\":" p "}}"
#define RESPONSE(id, p, c)                                             \
	"{\"type\":\"llm_response_received\",\"correlation_id\":\"" id \
	"\",\"metadata\":{\"prompt_tokens\":" p ",\"completion_tokens\":" c "}}"

static void test_ledger(struct tap *t)
{
	static const char *const lines[] = { REQUEST("a", "10"), RESPONSE("a", "12", "5"),
					     REQUEST("b", "100"), RESPONSE("b", "100", "50"),
					     REQUEST("c", "1000") };
	bool good = true;

	/* Every order of the five. */
	for (int order = 0; order < 120; order++) {
		struct rt_ledger *l = rt_ledger_new();
		int left[5] = { 0, 1, 2, 3, 4 }, code = order;

		for (int n = 5; n > 0; n--) {
			int i = code % n;

			code /= n;
			add(l, lines[left[i]]);
			memmove(left + i, left + i + 1, (size_t)(n - i - 1) * sizeof(*left));
		}
		good &= counts(l, (struct count){ 3, 1112, 55, 1167 });
		rt_ledger_free(l);
	}
	ok(t, good, "a request and its response count once, in any order");
}

static void test_usage(struct tap *t)
{
	struct rt_ledger *l = rt_ledger_new();

	add(l, "{\"type\":\"cost_tracking\",\"metadata\":{\"total_tokens\":9,\"cost_usd\":9}}");
	ok(t, counts(l, (struct count){ 0, 0, 0, 0 }), "cost_tracking totals never add");
	add(l, "{\"type\":\"own\",\"metadata\":{\"prompt_tokens\":3,\"cost_usd\":0.25}}");
	ok(t, counts(l, (struct count){ 0, 3, 0, 3 }) && rt_ledger_total(l)->cost_usd == 0.25,
	   "any other event that says tokens does");
	add(l, "{\"type\":\"llm_request_sent\"}");
	add(l, "{\"type\":\"llm_response_received\",\"metadata\":{\"total_tokens\":7}}");
	ok(t, counts(l, (struct count){ 2, 3, 0, 10 }), "without a correlation nothing is matched");
	add(l,
	    "{\"type\":\"own\",\"metadata\":{\"prompt_tokens\":-3,\"completion_tokens\":\"x\"}}");
	ok(t, counts(l, (struct count){ 2, 3, 0, 10 }),
	   "what is no number of tokens counts nothing");
	rt_ledger_free(l);
}

/* What is kept between two writers: the last 32 requests that wait. */
static void test_saved_requests(struct tap *t)
{
	struct rt_ledger *l = rt_ledger_new();
	struct rt_buf saved;
	struct rt_usage total;
	char line[256];

	rt_buf_init(&saved);
	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof(line),
			 "{\"type\":\"llm_request_sent\",\"correlation_id\":\"%d\","
			 "\"metadata\":{\"prompt_tokens\":1}}",
			 i);
		add(l, line);
	}
	for (int i = 0; i < 1000; i++) {
		struct rt_ledger *next = rt_ledger_new();

		/* Each by a process of its own. */
		rt_buf_clear(&saved);
		rt_ledger_save_open(l, &saved);
		total = *rt_ledger_total(l);
		rt_ledger_load(next, &total, rt_buf_view(&saved));
		rt_ledger_free(l);
		l = next;
		snprintf(line, sizeof(line),
			 "{\"type\":\"llm_%s\",\"correlation_id\":\"x%d\","
			 "\"metadata\":{\"prompt_tokens\":1}}",
			 i % 2 ? "response_received" : "request_sent", i / 2);
		add(l, line);
	}
	ok(t, counts(l, (struct count){ 600, 600, 0, 600 }),
	   "pairs count once, however many other requests wait");
	for (int i = 69; i < 100; i++) {
		snprintf(line, sizeof(line),
			 "{\"type\":\"llm_response_received\",\"correlation_id\":\"%d\","
			 "\"metadata\":{\"prompt_tokens\":1}}",
			 i);
		add(l, line);
	}
	ok(t, counts(l, (struct count){ 600, 600, 0, 600 }), "the last of them are still known");
	rt_buf_clear(&saved);
	rt_ledger_save_open(l, &saved);
	is_text(t, saved.s, "", "and nobody waits any more");
	rt_buf_release(&saved);
	rt_ledger_free(l);
}

static void say_call(struct rt_ledger *l, uint64_t id, bool response)
{
	struct rt_said said = { .usage = { .calls = 1, .prompt = 1, .total = 1 },
				.request = !response,
				.response = response,
				/* spread as hashes are */
				.correlation = id * UINT64_C(0x9e3779b97f4a7c15) };

	rt_ledger_count(l, &said, NULL);
}

/* More calls than are remembered. */
static void test_many_calls(struct tap *t)
{
	struct rt_ledger *l = rt_ledger_new();
	int64_t n = 0;

	for (; n < RT_LEDGER_OPEN / 2; n++)
		say_call(l, (uint64_t)n + 1, false);
	for (; n < 1000000; n++) {
		say_call(l, (uint64_t)n + 1, false);
		say_call(l, (uint64_t)n + 1, true);
	}
	ok(t, counts(l, (struct count){ n, n, 0, n }), "a million calls count once");
	for (uint64_t id = 1; id <= RT_LEDGER_OPEN / 2; id++)
		say_call(l, id, true);
	ok(t, counts(l, (struct count){ n, n, 0, n }), "those that waited all the time, too");
	for (uint64_t id = 1; id <= RT_LEDGER_OPEN / 2; id++)
		say_call(l, id, false);
	ok(t, counts(l, (struct count){ n, n, 0, n }), "their requests may be told of again");
	say_call(l, RT_LEDGER_OPEN, false);
	ok(t, counts(l, (struct count){ n + 1, n + 1, 0, n + 1 }),
	   "what was settled long ago is forgotten");
	rt_ledger_free(l);
}

/* More calls than are remembered, of which none is answered before all are made. */
static void test_many_waiting(struct tap *t)
{
	struct rt_ledger *l = rt_ledger_new();
	uint64_t id, n = 1000000;

	for (id = 1; id <= n; id++)
		say_call(l, id, false);
	for (id = n; id > n - RT_LEDGER_OPEN; id--)
		say_call(l, id, true);
	ok(t, counts(l, (struct count){ (int64_t)n, (int64_t)n, 0, (int64_t)n }),
	   "of a million that wait the last ones are known");
	say_call(l, 1, true);
	ok(t, counts(l, (struct count){ (int64_t)n + 1, (int64_t)n + 1, 0, (int64_t)n + 1 }),
	   "and the first are not");
	say_call(l, ++n, false);
	for (id = n + 1; id < n + 300000; id++)
		say_call(l, id, true);
	say_call(l, n, true);
	n = id + 1;
	ok(t, counts(l, (struct count){ (int64_t)n - 1, (int64_t)n - 1, 0, (int64_t)n - 1 }),
	   "one that waits afterwards is known, however long");
	rt_ledger_free(l);
}

int main(void)
{
	struct tap t = { 0 };

	test_transitions(&t);
	test_state_names(&t);
	test_events(&t);
	test_sessions(&t);
	test_layout(&t);
	test_foreign_layout(&t);
	test_bad_documents(&t);
	test_bound(&t);
	test_table_limits(&t);
	test_ledger(&t);
	test_usage(&t);
	test_saved_requests(&t);
	test_many_calls(&t);
	test_many_waiting(&t);
	return tap_done(&t);
}
