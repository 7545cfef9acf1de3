/* lib/filter: which events meet a condition. */
#include "clock.h"
#include "filter.h"
#include "tap.h"

static const char event[] =
	"{\"ts\":\"2026-07-01T12:00:00.500+00:00\",\"type\":\"llm_request_sent\",\"level\":\"warning\","
	"\"stage\":\"build, test\",\"message\":\"caf\\u00e9 \\u0000end\\nof \\\"it\\\"\",\"percent\":40,"
	"\"step\":3,\"step_id\":\"step_003\",\"component\":\"worker\",\"task_id\":17,"
	"\"durationMs\":2530.7,\"success\":false,\"exit\":null,\"big\":9007199254740993,"
	"\"text\":\"12\",\"digits\":\"1\\u0032\",\"word\":\"12a\",\"a.b\":1,"
	"\"metadata\":{\"model\":\"gpt-4\",\"tokens\":{\"prompt\":1e2},\"name\":\"compile\"}}";

static bool match(const struct rt_filter *f, const char *line)
{
	struct rt_event ev;
	struct rt_buf scratch;
	bool good;

	rt_buf_init(&scratch);
	good = rt_event_parse(&ev, rt_str(line)) == 0 && rt_filter_match(f, &ev, &scratch);
	rt_buf_release(&scratch);
	return good;
}

static void field(struct tap *t, enum rt_field field, const char *values, bool want)
{
	struct rt_filter *f = rt_filter_new();
	int rc = rt_filter_field(f, field, values, NULL);

	ok(t, rc == 0 && match(f, event) == want, "%s %s \"%s\"", rt_field_name(field),
	   want ? "is one of" : "is none of", values);
	rt_filter_free(f);
}

static void test_fields(struct tap *t)
{
	field(t, RT_F_TYPE, "llm_request_sent", true);
	field(t, RT_F_TYPE, "info,llm_request_sent", true);
	field(t, RT_F_TYPE, "llm-request,info", true);
	field(t, RT_F_TYPE, "llm_request_sen", false);
	field(t, RT_F_TYPE, "unheard_of", false);
	field(t, RT_F_LEVEL, "info", true);
	field(t, RT_F_LEVEL, "WARN", true);
	field(t, RT_F_LEVEL, "error", false);
	field(t, RT_F_TASK_ID, "17", true);
	field(t, RT_F_TASK_ID, "1,7", false);
	field(t, RT_F_COMPONENT, ",worker,", true);
	field(t, RT_F_MODEL, "gpt-4", true);
	field(t, RT_F_MODEL, "gpt", false);
	field(t, RT_F_ACTION, "llm_request_sent", false);
	field(t, RT_F_DURATION_MS, "2530.7", true);
	field(t, RT_F_STAGE, "build, test", false); /* a comma parts values */
}

static void test_other_types(struct tap *t)
{
	struct rt_filter *f = rt_filter_new();

	rt_filter_field(f, RT_F_TYPE, "task.loaded,step_start", NULL);
	ok(t, match(f, "{\"event\":\"task.loaded\"}"), "an unknown type");
	ok(t, match(f, "{\"event\":\"task.lo\\u0061ded\"}"), "with an escape");
	ok(t, !match(f, "{\"event\":\"task.load\"}"), "not a part of it");
	ok(t, match(f, "{\"event\":\"step_start\"}"), "a twin");
	ok(t, match(f, "{\"event\":\"step_started\"}"), "and what it is a twin of");
	rt_filter_free(f);
	f = rt_filter_new();
	rt_filter_field(f, RT_F_TYPE, "progress", NULL);
	ok(t, match(f, "{\"stage\":\"x\"}"), "a type that is derived");
	rt_filter_field(f, RT_F_STAGE, "y", NULL);
	ok(t, !match(f, "{\"stage\":\"x\"}"), "two conditions must both hold");
	rt_filter_free(f);
}

static void step(struct tap *t, const char *line, const char *values, bool want)
{
	struct rt_filter *f = rt_filter_new();
	int rc = rt_filter_step(f, values, NULL);

	ok(t, rc == 0 && match(f, line) == want, "step \"%s\" of %s: %s", values, line,
	   want ? "yes" : "no");
	rt_filter_free(f);
}

static void test_step(struct tap *t)
{
	step(t, "{\"step\":3}", "3", true);
	step(t, "{\"step\":3}", "003", true);
	step(t, "{\"step\":3}", "1,step_003", true);
	step(t, "{\"step\":3}", "30,13", false);
	step(t, "{\"step_id\":\"step_003\"}", "3", true);
	step(t, "{\"step_id\":\"step_003\"}", "step_003", true);
	step(t, "{\"step_id\":\"step_003\"}", "step_03", true);
	step(t, "{\"step_id\":\"lint\"}", "lint", true);
	step(t, "{\"step_id\":\"step_003\"}", "4", false);
	step(t, "{\"step\":3,\"step_id\":\"step_004\"}", "4", true);
	step(t, "{\"type\":\"step_started\",\"metadata\":{\"name\":\"unit tests\"}}", "unit tests",
	     true);
	step(t, "{\"type\":\"info\",\"metadata\":{\"name\":\"unit tests\"}}", "unit tests", false);
	step(t, "{\"metadata\":{\"step_name\":\"lint\"}}", "lint", true);
	step(t, "{\"step\":\"lint\"}", "lint", true);
	step(t, "{\"message\":\"lint\"}", "lint", false);
}

static void grep(struct tap *t, const char *pattern, bool fixed, bool want)
{
	struct rt_filter *f = rt_filter_new();
	int rc = rt_filter_grep(f, pattern, fixed, NULL);

	ok(t, rc == 0 && match(f, event) == want, "%s \"%s\"", fixed ? "text" : "pattern", pattern);
	rt_filter_free(f);
}

static void test_grep(struct tap *t)
{
	struct rt_filter *f;

	grep(t, "caf\xc3\xa9", true, true);
	grep(t, "caf\\u00e9", true, false);
	grep(t, "\"it\"", true, true);
	grep(t, "llm", true, false);
	grep(t, "", true, true);
	grep(t, "^caf. ", false, true); /* a character, not a byte */
	grep(t, "^caf.. ", false, false);
	grep(t, "^caf[\xc3\xa8\xc3\xa9] ", false, true);
	grep(t, "of \"(it|that)\"$", false, true);
	grep(t, "^end", false, false);
	grep(t, "IT", false, false);
#ifdef REG_STARTEND
	grep(t, "end", false, true); /* behind the NUL */
#endif
	f = rt_filter_new();
	rt_filter_grep(f, "^step_started$", false, NULL);
	ok(t, match(f, "{\"type\":\"step_started\"}"), "without a message it is the type");
	ok(t, !match(f, "{\"type\":\"step_started\",\"message\":\"\"}"),
	   "an empty one is a message");
	rt_filter_free(f);
}

static void test_time(struct tap *t)
{
	struct rt_filter *f = rt_filter_new();
	int64_t noon;

	rt_clock_parse(rt_str("2026-07-01T12:00:00Z"), &noon);
	rt_filter_time(f, noon, noon + RT_NS_PER_S);
	ok(t, match(f, event), "in the time");
	ok(t, match(f, "{\"ts\":1782907200}"), "at its beginning");
	ok(t, !match(f, "{\"ts\":1782907201}"), "not at its end");
	ok(t, !match(f, "{\"ts\":1782907199.999999999}"), "not before");
	ok(t, !match(f, "{}") && !match(f, "{\"ts\":\"soon\"}"), "not without a time");
	rt_filter_free(f);
}

static const struct {
	const char *expr;
	bool want;
} exprs[] = {
	{ "percent = 40", true },
	{ "percent==40.0", true },
	{ "percent=4e1", true },
	{ "percent != 40", false },
	{ "percent<41", true },
	{ "percent < 40", false },
	{ "percent <= 40", true },
	{ "percent>=40", true },
	{ "percent > 9", true },
	{ "duration_ms > 2530", true },
	{ "duration_ms = 2530.7", true },
	{ "task_id = 17", true },
	{ "success = false", true },
	{ "success != true", true },
	{ "exit = null", false },
	{ "exit != null", true },
	{ "nothing != 1", true },
	{ "nothing = 1", false },
	{ "nothing < 1", false },
	{ "nothing ~ .", false },
	{ "big = 9007199254740993", true },
	{ "big = 9007199254740992", false },
	{ "big > 9007199254740992", true },
	{ "text = 12.0", true },
	{ "text = \"12.0\"", false },
	{ "text = \"12\"", true },
	{ "text < 9", false },
	{ "text < \"9\"", true },
	{ "digits = 12.0", true },
	{ "digits > 9", true },
	{ "word > 9", false },
	{ "word > 12", true },
	{ "word = 12a", true },
	{ "model = gpt-4", true },
	{ "tokens.prompt = 100", true },
	{ "metadata.tokens.prompt >= 100", true },
	{ "metadata.tokens.prompt > 100", false },
	{ "name = compile", true },
	{ "a.b = 1", true },
	{ "a = 1", false },
	{ "stage = build, test", true },
	{ "stage ~ ^build", true },
	{ "stage~^test", false },
	{ "level >= info", true },
	{ "level > warn", false },
	{ "level = WARNING", true },
	{ "level ~ ^warn", true },
	{ "type = llm_request_sent", true },
	{ "type=llm-request", true },
	{ "type != llm-request", false },
	{ "message ~ it", true },
	{ "message = ", false },
	{ "ts >= 2026-07-01T12:00:00Z", true },
	{ "ts < 2026-07-01T14:00:00.4+02:00", false },
	{ "ts > @1782907200.4", true },
	{ "ts ~ ^2026-07-01T12:00:00.500", true },
	{ "  percent   =   40  ", true },
};

static void test_exprs(struct tap *t)
{
	size_t i;

	for (i = 0; i < sizeof(exprs) / sizeof(exprs[0]); i++) {
		struct rt_filter *f = rt_filter_new();
		int rc = rt_filter_match_expr(f, exprs[i].expr, NULL);

		ok(t, rc == 0 && match(f, event) == exprs[i].want, "%s: %s", exprs[i].expr,
		   exprs[i].want ? "yes" : "no");
		rt_filter_free(f);
	}
}

static void test_errors(struct tap *t)
{
	struct rt_filter *f = rt_filter_new();
	struct rt_err err = RT_ERR_INIT;

	ok(t, rt_filter_match_expr(f, "percent 40", &err) == -1 && err.kind == RT_ERR_USAGE,
	   "a condition without an operator");
	is_text(t, err.msg,
		"bad condition \"percent 40\": use KEY OP VALUE with one of "
		"= != < <= > >= ~",
		"its message");
	ok(t, rt_filter_match_expr(f, " = 40", &err) == -1, "a condition without a key");
	ok(t, rt_filter_match_expr(f, "percent ! 40", &err) == -1, "half an operator");
	ok(t, rt_filter_match_expr(f, "ts > soon", &err) == -1, "a bad time");
	ok(t, strstr(err.msg, "\"soon\"") != NULL, "its message names it");
	ok(t, rt_filter_match_expr(f, "stage ~ (", &err) == -1, "a bad regular expression");
	ok(t, rt_filter_grep(f, "a(b", false, &err) == -1, "another");
	ok(t, strncmp(err.msg, "bad regular expression \"a(b\": ", 30) == 0 && err.msg[30],
	   "its message names it and says why: %s", err.msg);
	ok(t, rt_filter_field(f, RT_F_LEVEL, "loud", &err) == -1, "a bad level");
	is_text(t, err.msg, "bad level \"loud\": use debug, info, warning, error or critical",
		"its message");
	ok(t, rt_filter_field(f, RT_F_STAGE, ",", &err) == -1, "no value");
	is_text(t, err.msg, "no stage is named in \",\"", "its message");
	ok(t, rt_filter_step(f, "", &err) == -1, "no step");
	ok(t, rt_filter_empty(f), "what is bad adds nothing");
	ok(t, match(f, event), "an empty filter takes everything");
	rt_filter_time(f, INT64_MIN, INT64_MAX);
	ok(t, !rt_filter_empty(f), "a filter with a condition is not empty");
	rt_filter_free(f);
	rt_filter_free(NULL);
}

int main(void)
{
	struct tap t = { 0 };

	test_fields(&t);
	test_other_types(&t);
	test_step(&t);
	test_grep(&t);
	test_time(&t);
	test_exprs(&t);
	test_errors(&t);
	return tap_done(&t);
}
