/* lib/trace: what is a traceparent, and what follows from one. */
#include "tap.h"
#include "trace.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static void test_parse(struct tap *t)
{
	static const char *const bad[] = {
		"",
		"00-" TRACE "-" SPAN "-1",
		"00-" TRACE "-" SPAN "-010",
		"00-" TRACE "-" SPAN "-01-more",
		"00-" TRACE "-" SPAN "-0g",
		"00_" TRACE "-" SPAN "-01",
		"00-" TRACE "_" SPAN "-01",
		"00-" TRACE "-" SPAN "_01",
		"ff-" TRACE "-" SPAN "-01",
		"FF-" TRACE "-" SPAN "-01",
		"0x-" TRACE "-" SPAN "-01",
		"00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01",
		"00-00000000000000000000000000000000-" SPAN "-01",
		"00-" TRACE "-0000000000000000-01",
		"00-0af7651916cd43dd8448eb211c80319\xc3-" SPAN "-01",
		"cc-" TRACE "-" SPAN "-01.more",
	};
	struct rt_trace trace;
	char again[RT_TRACEPARENT_LEN + 1];

	ok(t, rt_trace_parse(&trace, rt_str("00-" TRACE "-" SPAN "-01")), "a valid one");
	is_text(t, trace.trace_id, TRACE, "its trace id");
	is_text(t, trace.span_id, SPAN, "its span id");
	is_text(t, trace.flags, "01", "its flags");
	rt_trace_format(again, &trace);
	is_text(t, again, "00-" TRACE "-" SPAN "-01", "and back");
	ok(t, rt_trace_parse(&trace, rt_str("00-" TRACE "-" SPAN "-00")), "not sampled");
	ok(t, rt_trace_parse(&trace, rt_str("cc-" TRACE "-" SPAN "-01-more")), "a later version");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(t, !rt_trace_parse(&trace, rt_str(bad[i])), "not valid, case %zu", i);
}

static void test_begin(struct tap *t)
{
	struct rt_trace first, second, child, parsed;
	char text[RT_TRACEPARENT_LEN + 1];

	rt_trace_begin(&first, NULL);
	rt_trace_begin(&second, NULL);
	rt_trace_format(text, &first);
	ok(t, rt_trace_parse(&parsed, rt_str(text)), "a new trace is valid");
	ok(t, !first.parent_id[0], "and has no parent");
	ok(t, strcmp(first.trace_id, second.trace_id) != 0, "another one each time");
	rt_trace_begin(&child, &first);
	is_text(t, child.trace_id, first.trace_id, "a span below it is of the same trace");
	is_text(t, child.parent_id, first.span_id, "and has it as its parent");
	ok(t, strcmp(child.span_id, first.span_id) != 0, "with an id of its own");
}

static void test_metadata(struct tap *t)
{
	static const char *const none[] = {
		"{}",
		"{\"trace_id\":\"" TRACE "\"}",
		"{\"trace_id\":\"" TRACE "\",\"span_id\":\"0000000000000000\"}",
		"{\"trace_id\":7,\"span_id\":\"" SPAN "\"}",
	};
	struct rt_trace trace, child, found;
	struct rt_buf text;

	rt_trace_parse(&trace, rt_str("00-" TRACE "-" SPAN "-01"));
	rt_trace_begin(&child, &trace);
	rt_buf_init(&text);
	rt_buf_adds(&text, "{\"run_id\":\"a\"");
	rt_trace_write(&child, &text);
	rt_buf_adds(&text, "}");
	ok(t, rt_trace_find(&found, rt_buf_view(&text)), "found in metadata");
	ok(t, memcmp(&found, &child, sizeof(found)) == 0, "as it was");
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		ok(t, !rt_trace_find(&found, rt_str(none[i])), "none, case %zu", i);
	ok(t, !rt_trace_find(&found, (struct rt_str){ NULL, 0 }), "none in nothing");
	rt_buf_release(&text);
}

int main(void)
{
	struct tap t = { 0, 0 };

	test_parse(&t);
	test_begin(&t);
	test_metadata(&t);
	return tap_done(&t);
}
