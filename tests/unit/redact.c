/* lib/redact: which text is masked, whole and in pieces. */
#include "redact.h"
#include "tap.h"

#include <stdint.h>
#include <stdlib.h>

static struct rt_redact *set_of(const char *const *secrets)
{
	struct rt_redact *r = rt_redact_new(NULL);

	for (; *secrets; secrets++)
		rt_redact_add(r, rt_str(*secrets));
	return r;
}

static void masks(struct tap *t, const struct rt_redact *r, const char *in, const char *want)
{
	struct rt_buf out;

	rt_buf_init(&out);
	rt_redact_text(r, rt_str(in), &out);
	is_text(t, out.s, want, strchr(in, '\n') ? "several lines" : in);
	if (rt_redact_hits(r, rt_str(in)) != (r && strstr(want, "***")))
		ok(t, false, "rt_redact_hits says otherwise of \"%s\"", in);
	rt_buf_release(&out);
}

static void test_names(struct tap *t)
{
	static const char *const env[] = {
		"DB_PASSWORD=value01",
		"PGPASSWORD=value02",
		"GPG_PASSPHRASE=value03",
		"SQL_PWD=value04",
		"APP_SECRET=value05",
		"GH_TOKEN=value06",
		"ADO_PAT=value07",
		"API_KEY=value08",
		"AWS_CREDENTIALS=value09",
		"DB_CONNECTION_STRING=value10",
		"TOKEN=value11",
		"SECRET=value12",
		"npm_token=value13",
		"EXTRA=value14",
		"MY_THING_A=value15",
		"CACHE_KEY=value16",
		/* and none of these */
		"PWD=value20",
		"OLDPWD=value21",
		"TOKENS=value22",
		"MY_KEYS=value23",
		"KEY=value24",
		"PASSPHRASE=value25",
		"XTOKEN=value26",
		"EMPTY_KEY=",
		"SHORT_KEY=value",
		"NOVALUE_KEY",
		"=value27",
		"RT_REDACT= EXTRA , MY_*_A,-CACHE_KEY,,",
		NULL,
	};
	struct rt_redact *r = rt_redact_new((char *const *)(uintptr_t)env);
	char text[] = "<value00>";
	int i;

	for (i = 1; i <= 27; i++) {
		text[6] = (char)('0' + i / 10);
		text[7] = (char)('0' + i % 10);
		masks(t, r, text, i <= 15 ? "<***>" : text);
	}
	masks(t, r, "value", "value");
	rt_redact_free(r);
}

static void test_text(struct tap *t)
{
	static const char *const secrets[] = {
		"hunter22",
		"hunter22-long",
		"22-longest",
		"pass\"wo\\rd",
		"slash/y/secret",
		"gehe\xc3\xadm",
		"  padded secret \r\n",
		"abc\ndefghi\n  jklmno\r\np q r s",
		"12345",
		"      ",
		NULL,
	};
	struct rt_redact *r = set_of(secrets);

	masks(t, r, "", "");
	masks(t, r, "nothing here", "nothing here");
	masks(t, r, "hunter22", "***");
	masks(t, r, "xhunter22x", "x***x");
	masks(t, r, "hunter2 hunter22hunter22", "hunter2 ******");
	masks(t, r, "hunter22-long.", "***.");
	masks(t, r, "hunter22-longest.", "***.");
	masks(t, r, "hunter22-lonhunter22", "***-lon***");
	masks(t, r, "\"pass\\\"wo\\\\rd\" pass\"wo\\rd", "\"***\" ***");
	masks(t, r, "slash/y/secret slash\\/y\\/secret", "*** ***");
	masks(t, r, "gehe\xc3\xadm gehe\\u00edm", "*** ***");
	masks(t, r, "[padded secret]", "[***]");
	masks(t, r, "abc\ndefghi\n  jklmno\r\np q r s", "***");
	masks(t, r, "abc\\ndefghi\\n  jklmno\\r\\np q r s!", "***!");
	masks(t, r, "abc; defghi; jklmno; p q r s.", "abc; ***; ***; ***.");
	masks(t, r, "12345 and        spaces", "12345 and        spaces");
	masks(t, NULL, "hunter22 http://u:p@h", "hunter22 http://u:p@h");
	rt_redact_free(r);
}

static void test_escapes(struct tap *t)
{
	static const char *const secrets[] = {
		"hunter22", "a\"b\\c/d+e", "two\nlines and a tab\t", "\xf0\x9f\x98\x80smile", NULL,
	};
	struct rt_redact *r = set_of(secrets);

	masks(t, r, "\\u0068unter22", "***");
	masks(t, r, "x\\u0068\\u0075\\u006E\\u0074\\u0065\\u0072\\u0032\\u0032y", "x***y");
	masks(t, r, "hunter2\\u0032\\u0032", "***\\u0032");
	masks(t, r, "hunter22\\u0068unter22", "******");
	masks(t, r, "a\\\"b\\\\c\\/d\\u002Be a\\u0022b\\u005cc/d+e", "*** ***");
	masks(t, r, "a\"b\\\\c/d+e", "***");
	masks(t, r, "{\"m\":\"two\\nlines and a tab\"}", "{\"m\":\"***\"}");
	masks(t, r, "lines\\u0020and\\u0020a\\u0020tab", "***");
	masks(t, r, "\\ud83d\\ude00smile \\uD83D\\uDE00\\u0073mile", "*** ***");
	masks(t, r, "\\ud83dsmile \\ude00smile \\u00gg \\ \\q \\",
	      "\\ud83dsmile \\ude00smile \\u00gg \\ \\q \\");
	masks(t, r, "C:\\hunter2\\u", "C:\\hunter2\\u");
	rt_redact_free(r);
}

static void test_urls(struct tap *t)
{
	static const char *const secrets[] = { "s3cret-value", "pw@example", NULL };
	struct rt_redact *r = set_of(secrets);
	char text[3000];

	masks(t, r, "git clone https://user:tok@github.com/x.git",
	      "git clone https://***@github.com/x.git");
	masks(t, r, "ssh://git@host:22/x ftp://a:b@c", "ssh://***@host:22/x ftp://***@c");
	masks(t, r, "http://u:p@ss@host/", "http://***@host/");
	masks(t, r, "{\"u\":\"https:\\/\\/user:tok@host\\/x\"}",
	      "{\"u\":\"https:\\/\\/***@host\\/x\"}");
	masks(t, r, "https://host/path@v1 a@b.c", "https://host/path@v1 a@b.c");
	masks(t, r, "https://host?q=a@b https://host#a@b", "https://host?q=a@b https://host#a@b");
	masks(t, r, "https://host, mail me@here", "https://host, mail me@here");
	masks(t, r, "\"https://host\",\"a@b\"", "\"https://host\",\"a@b\"");
	masks(t, r, "git@github.com:x/y.git", "git@github.com:x/y.git");
	masks(t, r, "https://@host", "https://@host");
	masks(t, r, "https://@u:p@host", "https://***@host");
	masks(t, r, "https://***@host", "https://***@host");
	masks(t, r, "db://me:s3cret-value@host s3cret-value", "db://***@host ***");
	masks(t, r, "db://me:pw@example.com", "db://***.com");
	masks(t, r, "a@b@c@d@e x://u@h", "a@b@c@d@e x://***@h");
	memset(text, 'u', sizeof(text));
	memcpy(text, "http://", 7);
	memcpy(text + 7 + 1023, "@h", 3);
	masks(t, r, text, "http://***@h");
	memset(text + 7, 'u', 1030);
	memcpy(text + 7 + 1024, "@h", 3);
	masks(t, r, text, text);
	rt_redact_free(r);
}

/* Feed text in pieces that end at the places given; returns what came out, also before the end. */
static void in_pieces(const struct rt_redact *r, struct rt_str s, size_t piece, struct rt_buf *out,
		      size_t *most_held)
{
	struct rt_buf held, safe;
	size_t at, n;

	rt_buf_init(&held);
	rt_buf_init(&safe);
	for (at = 0; at < s.n; at += n) {
		n = piece < s.n - at ? piece : s.n - at;
		rt_buf_addv(out, rt_redact_stream(r, &held, (struct rt_str){ s.p + at, n }, false,
						  &safe));
		if (held.len > *most_held)
			*most_held = held.len;
	}
	rt_buf_addv(out, rt_redact_stream(r, &held, rt_str(""), true, &safe));
	rt_buf_release(&held);
	rt_buf_release(&safe);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Random text of pieces of secrets: whatever the pieces, a stream gives what the whole text gives. */
static void test_stream(struct tap *t)
{
	static const char *const secrets[] = {
		"abcabc", "abcabcabd", "cabdab", "bdabxx", "aaaaaa", "p:q@hh", "//uuuu", NULL,
	};
	static const char *const bits[] = {
		"a",    "b", "c",  "abc",  "abd",     "ab",      "x",   "aaa",
		"http", ":", "//", "://",  "\\/",     ":\\/\\/", "u:p", "uuu",
		"@",    "h", " ",  "q@hh", "\\u0061", "\\u006",
	};
	struct rt_redact *r = set_of(secrets);
	struct rt_buf text, whole, out;
	uint32_t seed = 1;
	size_t round, i, most = 0, wrong = 0;

	rt_buf_init(&text);
	rt_buf_init(&whole);
	rt_buf_init(&out);
	for (round = 0; round < 20000; round++) {
		rt_buf_clear(&text);
		rt_buf_clear(&whole);
		rt_buf_clear(&out);
		for (i = 0; i < 20; i++)
			rt_buf_adds(&text,
				    bits[next_random(&seed) % (sizeof(bits) / sizeof(bits[0]))]);
		rt_redact_text(r, rt_buf_view(&text), &whole);
		in_pieces(r, rt_buf_view(&text), 1 + next_random(&seed) % 9, &out, &most);
		if (!rt_str_eq(rt_buf_view(&whole), rt_buf_view(&out)) && !wrong++)
			printf("#  text %s\n# whole %s\n# piece %s\n", text.s, whole.s, out.s);
	}
	ok(t, wrong == 0, "in pieces as in one, %zu wrong", wrong);
	ok(t, most > 5 && most < 100, "at most %zu bytes were held back", most);
	rt_buf_release(&text);
	rt_buf_release(&whole);
	rt_buf_release(&out);
	rt_redact_free(r);
}

/* A secret as some program writes it inside a JSON string. */
static void add_escaped(struct rt_buf *out, const char *secret, uint32_t *seed)
{
	for (const char *p = secret; *p; p++) {
		bool must = *p == '"' || *p == '\\', other = next_random(seed) % 4 == 0;

		if (other)
			rt_buf_addf(out, next_random(seed) % 2 ? "\\u%04x" : "\\u%04X",
				    (unsigned)(unsigned char)*p);
		else if (must || (*p == '/' && next_random(seed) % 2))
			rt_buf_addf(out, "\\%c", *p);
		else
			rt_buf_addc(out, *p);
	}
}

/* Random secrets, as they are and escaped, in random pieces. */
static void test_random(struct tap *t)
{
	static const char letters[] = "abcd\"/\\";
	struct rt_buf text, want, whole, out;
	uint32_t seed = 7;
	size_t wrong[2] = { 0, 0 }, most = 0;

	rt_buf_init(&text);
	rt_buf_init(&want);
	rt_buf_init(&whole);
	rt_buf_init(&out);
	for (int round = 0; round < 5000; round++) {
		char secrets[5][24];
		struct rt_redact *r = rt_redact_new(NULL);

		for (int i = 0; i < 5; i++) {
			size_t n = 6 + next_random(&seed) % 14;

			for (size_t k = 0; k < n; k++)
				secrets[i][k] = letters[next_random(&seed) % (sizeof(letters) - 1)];
			secrets[i][n] = '\0';
			rt_redact_add(r, rt_str(secrets[i]));
		}
		rt_buf_clear(&text);
		rt_buf_clear(&want);
		rt_buf_clear(&whole);
		rt_buf_clear(&out);
		for (int i = 0; i < 10; i++) {
			const char *secret = secrets[next_random(&seed) % 5];

			if (next_random(&seed) % 2)
				rt_buf_adds(&text, secret);
			else
				add_escaped(&text, secret, &seed);
			rt_buf_adds(&text, "|");
			rt_buf_adds(&want, "***|");
		}
		rt_redact_text(r, rt_buf_view(&text), &whole);
		wrong[0] += !rt_str_eq(rt_buf_view(&whole), rt_buf_view(&want));
		for (int i = 0; i < 20; i++)
			rt_buf_addc(&text, letters[next_random(&seed) % (sizeof(letters) - 1)]);
		rt_buf_clear(&whole);
		rt_redact_text(r, rt_buf_view(&text), &whole);
		in_pieces(r, rt_buf_view(&text), 1 + next_random(&seed) % 40, &out, &most);
		if (!rt_str_eq(rt_buf_view(&whole), rt_buf_view(&out)) && !wrong[1]++)
			printf("#  text %s\n# whole %s\n# piece %s\n", text.s, whole.s, out.s);
		rt_redact_free(r);
	}
	ok(t, wrong[0] == 0, "every secret is masked, %zu texts wrong", wrong[0]);
	ok(t, wrong[1] == 0, "in pieces as in one, %zu wrong", wrong[1]);
	ok(t, most < 19 * 6, "at most %zu bytes were held back", most);
	rt_buf_release(&text);
	rt_buf_release(&want);
	rt_buf_release(&whole);
	rt_buf_release(&out);
}

/*
 * Long secrets that repeat themselves, in text that does so too: not every place is
 * looked at to its end then, and still nothing gets through where pieces meet.
 */
static void test_repetitive(struct tap *t)
{
	static const char *const units[] = { "a", "ab", "a\"" };
	static const char *const bits[] = { "a",       "ab",       "a\\\"", "b",
					    "\\u0061", "\\u0061b", "\\",    "|" };
	struct rt_buf secret, text, whole, out;
	uint32_t seed = 3;
	size_t wrong = 0, masked = 0, most = 0;

	rt_buf_init(&secret);
	rt_buf_init(&text);
	rt_buf_init(&whole);
	rt_buf_init(&out);
	for (int round = 0; round < 1000; round++) {
		struct rt_redact *r = rt_redact_new(NULL);

		rt_buf_clear(&secret);
		for (size_t n = 20 + next_random(&seed) % 40; n > 0; n--)
			rt_buf_adds(&secret, units[round % 3]);
		rt_redact_add(r, rt_buf_view(&secret));
		rt_buf_clear(&text);
		rt_buf_clear(&whole);
		rt_buf_clear(&out);
		while (text.len < 1000) {
			const char *bit =
				bits[next_random(&seed) % (sizeof(bits) / sizeof(bits[0]))];

			for (size_t n = next_random(&seed) % 200; n > 0; n--)
				rt_buf_adds(&text, bit);
		}
		rt_redact_text(r, rt_buf_view(&text), &whole);
		in_pieces(r, rt_buf_view(&text), 1 + next_random(&seed) % 90, &out, &most);
		masked += strstr(whole.s, "***") != NULL;
		if (!rt_str_eq(rt_buf_view(&whole), rt_buf_view(&out)) && !wrong++)
			printf("#  text %s\n# whole %s\n# piece %s\n", text.s, whole.s, out.s);
		rt_redact_free(r);
	}
	ok(t, masked > 300, "%zu texts have a secret", masked);
	ok(t, wrong == 0, "in pieces as in one, %zu wrong", wrong);
	rt_buf_release(&secret);
	rt_buf_release(&text);
	rt_buf_release(&whole);
	rt_buf_release(&out);
}

static void at_once(struct tap *t, const struct rt_redact *r, const char *in, const char *want)
{
	struct rt_buf held, out, safe;

	rt_buf_init(&held);
	rt_buf_init(&out);
	rt_buf_init(&safe);
	rt_buf_addv(&out, rt_redact_stream(r, &held, rt_str(in), false, &safe));
	is_text(t, out.s, want, in);
	rt_buf_release(&held);
	rt_buf_release(&out);
	rt_buf_release(&safe);
}

static void test_holding(struct tap *t)
{
	static const char *const secrets[] = { "hunter22", "zzzzzz", NULL };
	struct rt_redact *r = set_of(secrets);
	struct rt_buf text, out;
	size_t i, most = 0;

	at_once(t, r, "Continue? [y/n] ", "Continue? [y/n] ");
	at_once(t, r, "hunter", "");
	at_once(t, r, "hunter\\u003", "");
	at_once(t, r, "\\", "");
	at_once(t, r, "\\n", "\\n");
	at_once(t, r, "\\u0068un", "");
	at_once(t, r, "x hunter22", "x ***");
	at_once(t, r, "see http", "see http");
	at_once(t, r, "see http:", "see http");
	at_once(t, r, "see http://us", "see http");
	at_once(t, r, "see http://host/", "see http://host/");
	at_once(t, r, "12:34 ", "12:34 ");
	rt_buf_init(&text);
	rt_buf_init(&out);
	for (i = 0; i < 100000; i++)
		rt_buf_addc(&text, 'z');
	in_pieces(r, rt_buf_view(&text), 7, &out, &most);
	ok(t, most < 4096, "an endless run of a secret holds back %zu bytes", most);
	ok(t, !out.failed && strspn(out.s, "*") == out.len, "and never shows it");
	rt_buf_clear(&text);
	rt_buf_clear(&out);
	rt_buf_adds(&text, "http://");
	for (i = 0; i < 100000; i++)
		rt_buf_addc(&text, 'u');
	most = 0;
	in_pieces(r, rt_buf_view(&text), 7, &out, &most);
	ok(t, most <= 1030 && out.len == text.len, "an endless host holds back %zu bytes", most);
	rt_buf_release(&text);
	rt_buf_release(&out);
	rt_redact_free(r);
}

int main(void)
{
	struct tap t = { 0 };

	test_names(&t);
	test_text(&t);
	test_escapes(&t);
	test_urls(&t);
	test_stream(&t);
	test_random(&t);
	test_repetitive(&t);
	test_holding(&t);
	return tap_done(&t);
}
