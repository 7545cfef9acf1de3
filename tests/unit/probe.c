/*
 * lib/filter_probe and lib/needle: no line is passed over that meets a filter,
 * with all vector instructions that the machine has; and it meets it as well when
 * only the fields are parsed that the filter looks at.
 */
#include "filter.h"
#include "scan.h"
#include "tap.h"

#include <stdlib.h>

static struct rt_filter *filter_of(const char *kind, const char *value)
{
	struct rt_filter *f = rt_filter_new();
	struct rt_err err = RT_ERR_INIT;
	int ret;

	if (strcmp(kind, "type") == 0)
		ret = rt_filter_field(f, RT_F_TYPE, value, &err);
	else if (strcmp(kind, "stage") == 0)
		ret = rt_filter_field(f, RT_F_STAGE, value, &err);
	else if (strcmp(kind, "level") == 0)
		ret = rt_filter_field(f, RT_F_LEVEL, value, &err);
	else if (strcmp(kind, "step") == 0)
		ret = rt_filter_step(f, value, &err);
	else if (strcmp(kind, "model") == 0)
		ret = rt_filter_field(f, RT_F_MODEL, value, &err);
	else if (strcmp(kind, "grep") == 0)
		ret = rt_filter_grep(f, value, true, &err);
	else
		ret = rt_filter_match_expr(f, value, &err);
	if (ret < 0) {
		printf("# %s %s: %s\n", kind, value, err.msg);
		exit(1);
	}
	return f;
}

static bool may_match(const struct rt_probe *probe, struct rt_str line)
{
	for (size_t i = 0; i < probe->n; i++)
		if (rt_needle_find(&probe->v[i], line.p, line.p + line.n))
			return true;
	return probe->n == 0;
}

/* One of the texts, some of its characters as escapes. */
static void add_disguised(struct rt_buf *out, const char *text)
{
	bool often = rand() % 3 == 0;

	rt_buf_addc(out, '"');
	for (; *text; text++) {
		if (often && rand() % 4 == 0)
			rt_buf_addf(out, rand() % 2 ? "\\u%04x" : "\\u%04X", (unsigned char)*text);
		else if (*text == '/' && rand() % 2)
			rt_buf_adds(out, "\\/");
		else if (*text == '"' || *text == '\\')
			rt_buf_addf(out, "\\%c", *text);
		else
			rt_buf_addc(out, *text);
	}
	rt_buf_addc(out, '"');
}

static void random_line(struct rt_buf *out)
{
	static const char *const keys[] = {
		"type",        "event_type", "event",      "action",       "stage",
		"phase",       "message",    "msg",        "model",        "own",
		"duration_ms", "durationMs", "seconds",    "level",        "step",
		"step_id",     "percent",    "percentage", "progress_pct", "duration_seconds"
	};
	static const char *const texts[] = {
		"task_failed",
		"task_fail",
		"Task.Failure",
		"TASK-FAILED",
		"task:failed",
		"stage_start",
		"phase_started",
		"phase-begin",
		"run_aborted",
		"run_canceled",
		"llm_request",
		"llm.response",
		"progress",
		"info",
		"own type",
		"a/b",
		"say \"x\"",
		"back\\slash",
		"5",
		"5e1",
		"50.0",
		"1e1",
		"step_complete",
		"step_passed",
		"build",
		"verification_end",
		"x",
	};
	static const char *const bare[] = {
		"5", "5.0", "50e-1", "true", "null", "[\"build\"]", "{}", "{\"own\":5}",
	};
	int n = 1 + rand() % 4;

	rt_buf_clear(out);
	rt_buf_addc(out, '{');
	for (int i = 0; i < n; i++) {
		rt_buf_adds(out, i ? "," : "");
		if (rand() % 8)
			add_disguised(out, keys[(size_t)rand() % (sizeof(keys) / sizeof(*keys))]);
		else
			rt_buf_adds(out, "\"metadata\"");
		rt_buf_addc(out, ':');
		if (rand() % 5)
			add_disguised(out,
				      texts[(size_t)rand() % (sizeof(texts) / sizeof(*texts))]);
		else
			rt_buf_adds(out, bare[(size_t)rand() % (sizeof(bare) / sizeof(*bare))]);
	}
	rt_buf_addc(out, '}');
	/* Now and then past the 64 bytes that are looked at together. */
	for (int i = rand() % 3 ? 0 : rand() % 200; i > 0; i--)
		rt_buf_addc(out, ' ');
}

static void test_filter(struct tap *t, const char *kind, const char *value, bool probed)
{
	struct rt_filter *f = filter_of(kind, value);
	size_t lost = 0, matched = 0, passed_over = 0, differ = 0;
	struct rt_probe probe;
	struct rt_buf line, scratch;
	struct rt_wanted wanted;
	struct rt_event ev;

	rt_wanted_init(&wanted);
	rt_filter_want(f, &wanted);
	rt_filter_probe(f, &probe);
	rt_buf_init(&line);
	rt_buf_init(&scratch);
	for (int i = 0; i < 20000; i++) {
		bool may, does;

		random_line(&line);
		may = may_match(&probe, rt_buf_view(&line));
		does = rt_event_parse(&ev, rt_buf_view(&line)) == 0 &&
		       rt_filter_match(f, &ev, &scratch);
		if (does && !may && !lost++)
			printf("# %s\n", line.s);
		if (rt_event_parse_for(&ev, rt_buf_view(&line), &wanted) == 0 &&
		    rt_filter_match(f, &ev, &scratch) != does && !differ++)
			printf("# %s\n", line.s);
		matched += does;
		passed_over += !may;
	}
	ok(t, lost == 0 && matched > 0, "--%s %s: nothing that matches is passed over", kind,
	   value);
	ok(t, differ == 0, "--%s %s: its fields are enough to tell", kind, value);
	ok(t, (passed_over > 0) == probed, "--%s %s: and %s", kind, value,
	   probed ? "something is" : "nothing at all");
	rt_buf_release(&line);
	rt_buf_release(&scratch);
	rt_filter_free(f);
}

/* Every place in texts of every length around the 64 bytes. */
static void test_needle(struct tap *t)
{
	struct rt_needle needle;
	size_t wrong = 0;
	char text[200];

	rt_needle_loose(&needle, rt_str("task_fail"));
	for (size_t n = 0; n < sizeof(text); n++) {
		for (size_t at = 0; at + 9 <= n; at++) {
			memset(text, 'a', n);
			memcpy(text + at, "Task-FAIL", 9);
			wrong += rt_needle_find(&needle, text, text + n) != text + at;
			text[at + 8] = 'x';
			wrong += rt_needle_find(&needle, text, text + n) != NULL;
		}
	}
	ok(t, wrong == 0, "a text is found wherever it stands, and only there");
}

int main(void)
{
	struct tap t = { 0, 0 };

	for (int s = RT_SIMD_PORTABLE; s < RT_SIMD_COUNT; s++) {
		if (!rt_simd_works((enum rt_simd)s))
			continue;
		setenv("RT_SIMD", rt_simd_name((enum rt_simd)s), 1);
		printf("# %s\n", rt_simd_name(rt_simd_best()));
		test_needle(&t);
		srand(1);
		test_filter(&t, "type", "task_failed", true);
		test_filter(&t, "type", "task_failed,own type", true);
		test_filter(&t, "type", "phase_started", true);
		test_filter(&t, "type", "run_cancelled,llm_request_sent", true);
		test_filter(&t, "type", "verification_completed,step_completed", true);
		test_filter(&t, "type", "progress", false);
		test_filter(&t, "type", "info,task_failed", false);
		test_filter(&t, "stage", "build", true);
		test_filter(&t, "stage", "a/b,x", true);
		test_filter(&t, "stage", "say \"x\"", true);
		test_filter(&t, "stage", "5", true);
		test_filter(&t, "grep", "slash", true);
		test_filter(&t, "grep", "fail", false);
		test_filter(&t, "match", "own = build", true);
		test_filter(&t, "match", "own = 5", true);
		test_filter(&t, "match", "own > 4", true);
		test_filter(&t, "match", "own ~ ^b", true);
		test_filter(&t, "match", "metadata.own < 6", true);
		test_filter(&t, "match", "duration_ms >= 5", true);
		test_filter(&t, "match", "percent < 7", true);
		test_filter(&t, "match", "own = \"5\"", true);
		test_filter(&t, "match", "type = task_failed", true);
		test_filter(&t, "match", "type = 50", false);
		test_filter(&t, "match", "message = build", false);
		test_filter(&t, "match", "own != build", false);
		test_filter(&t, "level", "error", false);
		test_filter(&t, "step", "5,build", false);
		test_filter(&t, "model", "x", true);
		test_filter(&t, "match", "message ~ 5", false);
		test_filter(&t, "match", "level >= error", false);
		test_filter(&t, "match", "msg = x", true);
	}
	return tap_done(&t);
}
