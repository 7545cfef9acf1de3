/* lib/text: UTF-8 and JSON strings. */
#include "tap.h"
#include "text.h"

#define S(literal) ((struct rt_str){ literal, sizeof(literal) - 1 })

static void test_utf8(struct tap *t)
{
	static const char *const bad[] = {
		"\x80",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc2",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xe2\x82",
		"\xc3(",
		"plain text\xf0\x9f\x98",
	};
	uint32_t cp, back;
	size_t i, wrong = 0;
	char s[4];

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(t, !rt_utf8_valid(rt_str(bad[i])), "invalid UTF-8, case %zu", i);
	ok(t, rt_utf8_valid(S("plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xef\xbf\xbf\x00.")),
	   "valid UTF-8");
	ok(t, rt_utf8_valid(S("")), "no text is valid");
	for (cp = 0; cp < 0x110000; cp++) {
		size_t n = rt_utf8_encode(cp, s), m = rt_utf8_decode(s, n, &back);
		bool surrogate = cp >= 0xd800 && cp < 0xe000;

		wrong += surrogate ? m != 0 : m != n || back != cp;
		wrong += n > 1 && rt_utf8_decode(s, n - 1, &back) != 0;
	}
	ok(t, wrong == 0, "every character comes back, %zu wrong", wrong);
}

static void test_cut(struct tap *t)
{
	struct rt_str s = S("a\xe2\x82\xac"
			    "b");

	ok(t, rt_utf8_cut(s, 9) == 5, "nothing to cut");
	ok(t, rt_utf8_cut(s, 5) == 5, "just fits");
	ok(t, rt_utf8_cut(s, 4) == 4, "cut behind a character");
	ok(t, rt_utf8_cut(s, 3) == 1, "not in its last byte");
	ok(t, rt_utf8_cut(s, 2) == 1, "not in its second byte");
	ok(t, rt_utf8_cut(s, 0) == 0, "nothing is left");
	ok(t, rt_utf8_cut(S("\x80\x80\x80\x80\x80"), 3) == 3, "bytes that are no character");
	ok(t, rt_utf8_cut(S("\xe2\x82\xac"), 1) == 0, "the first character");
}

static void escapes(struct tap *t, struct rt_str in, const char *want, const char *name)
{
	struct rt_buf b;

	rt_buf_init(&b);
	rt_json_escape(&b, in);
	is_text(t, b.s, want, name);
	rt_buf_release(&b);
}

static void test_escape(struct tap *t)
{
	struct rt_buf b, back;
	char bytes[64];
	size_t i, wrong = 0;

	escapes(t, S(""), "", "escape nothing");
	escapes(t, S("plain text of some length, all ASCII ~"),
		"plain text of some length, all ASCII ~", "escape plain text");
	escapes(t, S("a\"b\\c/d"), "a\\\"b\\\\c/d", "escape quotes and backslashes");
	escapes(t, S("\b\t\n\v\f\r"), "\\b\\t\\n\\u000b\\f\\r", "escape what has a letter");
	escapes(t, S("a\0b\x1f\x7f"), "a\\u0000b\\u001f\x7f", "escape control characters");
	escapes(t, S("\xc3\xa9\xff\xe2\x82z"), "\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz",
		"invalid bytes become U+FFFD");
	rt_buf_init(&b);
	rt_buf_init(&back);
	/* every ASCII byte at every place of a word */
	for (i = 0; i < 128 * 24; i++) {
		memset(bytes, 'x', sizeof(bytes));
		bytes[i % 24] = (char)(i / 24);
		rt_buf_clear(&b);
		rt_buf_clear(&back);
		rt_json_escape(&b, (struct rt_str){ bytes, 40 });
		rt_json_unescape(&back, rt_buf_view(&b));
		wrong += back.len != 40 || memcmp(back.s, bytes, 40) != 0;
		wrong += (b.len > 40) != (i / 24 < 0x20 || i / 24 == '"' || i / 24 == '\\');
	}
	ok(t, wrong == 0, "escaped and back, %zu wrong", wrong);
	rt_buf_clear(&b);
	rt_json_quote(&b, S("a\"b"));
	is_text(t, b.s, "\"a\\\"b\"", "quote");
	rt_buf_release(&b);
	rt_buf_release(&back);
}

static void unescapes(struct tap *t, const char *in, struct rt_str want, const char *name)
{
	struct rt_buf b;

	rt_buf_init(&b);
	rt_buf_adds(&b, "+");
	rt_json_unescape(&b, rt_str(in));
	ok(t, b.len == want.n + 1 && memcmp(b.s + 1, want.p, want.n) == 0 && b.s[b.len] == '\0',
	   "%s", name);
	rt_buf_release(&b);
}

static void test_unescape(struct tap *t)
{
	unescapes(t, "", S(""), "unescape nothing");
	unescapes(t, "plain \xc3\xa9", S("plain \xc3\xa9"), "unescape plain text");
	unescapes(t, "\\\"\\\\\\/\\b\\f\\n\\r\\t", S("\"\\/\b\f\n\r\t"), "unescape letters");
	unescapes(t, "a\\u0000b", S("a\0b"), "unescape a NUL");
	unescapes(t, "\\u0041\\u00e9\\u20AC", S("A\xc3\xa9\xe2\x82\xac"), "unescape \\u");
	unescapes(t, "\\ud83d\\uDE00!", S("\xf0\x9f\x98\x80!"), "unescape a pair");
	unescapes(t, "\\ud83dx", S("\xef\xbf\xbdx"), "half a pair");
	unescapes(t, "\\ud83d\\u0041",
		  S("\xef\xbf\xbd"
		    "A"),
		  "half a pair before another");
	unescapes(t, "\\ude00", S("\xef\xbf\xbd"), "the other half");
	unescapes(t, "a\\", S("a"), "a lone backslash ends it");
	unescapes(t, "\\u", S("\xef\xbf\xbd"), "no digits");
}

static void test_number(struct tap *t)
{
	static const char *const good[] = {
		"0", "-0", "7", "10", "-1.5e3", "0.25", "1E+9", "1e-9"
	};
	static const char *const bad[] = {
		"",   "-",  "01",  "1.",        ".5",   "+1", "1e",  "1e+",   "0x1",
		"1 ", " 1", "NaN", "-Infinity", "1.e3", "00", "--1", "1e5.5",
	};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(t, rt_json_is_number(rt_str(good[i])), "\"%s\" is a number", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(t, !rt_json_is_number(rt_str(bad[i])), "\"%s\" is no number", bad[i]);
}

int main(void)
{
	struct tap t = { 0 };

	test_utf8(&t);
	test_cut(&t);
	test_escape(&t);
	test_unescape(&t);
	test_number(&t);
	return tap_done(&t);
}
