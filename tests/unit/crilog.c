/* lib/crilog: records of captured output. */
#include "crilog.h"
#include "tap.h"

/* A line as "TS|stream|P or F|TEXT", or "no record". */
static const char *shown(const char *line, size_t n, char out[256])
{
	struct rt_cri c;

	if (!rt_cri_parse(&c, (struct rt_str){ line, n }))
		return "no record";
	snprintf(out, 256, "%.*s|%s|%c|%.*s", (int)c.ts.n, c.ts.p, c.err ? "err" : "out",
		 c.partial ? 'P' : 'F', (int)c.text.n, c.text.p);
	return out;
}

static void test_parse(struct tap *t)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{ "2016-10-06T00:17:09.669794202Z stdout F hello world",
		  "2016-10-06T00:17:09.669794202Z|out|F|hello world" },
		{ "2016-10-06T00:17:09.669794203Z stderr P half a li",
		  "2016-10-06T00:17:09.669794203Z|err|P|half a li" },
		{ "2016-10-06T00:17:09Z stdout F   two spaces  ",
		  "2016-10-06T00:17:09Z|out|F|  two spaces  " },
		{ "2016-10-06T00:17:09Z stdout F ", "2016-10-06T00:17:09Z|out|F|" },
		{ "2016-10-06T00:17:09Z stdout F", "2016-10-06T00:17:09Z|out|F|" },
		{ "2016-10-06T00:17:09Z stdout P:x:y text", "2016-10-06T00:17:09Z|out|P|text" },
		{ "2016-10-06T00:17:09Z stdout F crlf\r", "2016-10-06T00:17:09Z|out|F|crlf\r" },
		{ "2016-10-06T00:17:09Z stdout G text", "no record" },
		{ "2016-10-06T00:17:09Z stdout FP text", "no record" },
		{ "2016-10-06T00:17:09Z stdin F text", "no record" },
		{ "2016-10-06T00:17:09Z stdout", "no record" },
		{ "2016-10-06T00:17:09Z stdout ", "no record" },
		{ "2016-10-06T00:17:09Z  F text", "no record" },
		{ "{\"a\": \"stdout F b\"}", "no record" },
		{ "plain stdout F text", "no record" },
		{ "", "no record" },
		{ " stdout F text", "no record" },
	};
	char out[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_text(t, shown(cases[i].line, strlen(cases[i].line), out), cases[i].want,
			cases[i].line);
}

static void test_bytes(struct tap *t)
{
	static const char line[] = "2016-10-06T00:17:09Z stdout F a\0b\xff\x1b";
	struct rt_cri c = { .partial = true };

	ok(t,
	   rt_cri_parse(&c, (struct rt_str){ line, sizeof(line) - 1 }) && c.text.n == 5 &&
		   memcmp(c.text.p, "a\0b\xff\x1b", 5) == 0,
	   "any bytes are text");
	ok(t, !rt_cri_parse(&c, rt_str("nothing")) && c.text.n == 5,
	   "what is no record leaves it as it was");
	/* every prefix: nothing is read past the end */
	for (size_t n = 0; n < sizeof(line); n++)
		rt_cri_parse(&c, (struct rt_str){ line, n });
}

static void test_time(struct tap *t)
{
	struct rt_cri c;
	int64_t ns = 7;

	rt_cri_parse(&c, rt_str("2026-07-01T12:00:00.123456789Z stdout F x"));
	ok(t, rt_cri_time(&c, &ns) && ns == INT64_C(1782907200123456789), "its time");
	rt_cri_parse(&c, rt_str("2026-07-01T14:00:00.5+02:00 stdout F x"));
	ok(t, rt_cri_time(&c, &ns) && ns == INT64_C(1782907200500000000), "with an offset");
	rt_cri_parse(&c, rt_str("2026-99-01T14:00:00Z stdout F x"));
	ok(t, !rt_cri_time(&c, &ns), "what is no time");
}

int main(void)
{
	struct tap t = { 0, 0 };

	test_parse(&t);
	test_bytes(&t);
	test_time(&t);
	return tap_done(&t);
}
