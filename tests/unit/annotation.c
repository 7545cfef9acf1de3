/* lib/annotation: which lines of output are annotations, and what events they are. */
#include "annotation.h"
#include "tap.h"

#include <stdint.h>
#include <stdlib.h>

static void collect(void *arg, struct rt_str json)
{
	rt_buf_addv(arg, json);
	rt_buf_addc(arg, '\n');
}

/* The events of a text that comes in pieces of at most `piece` bytes. */
static void events_of(struct rt_str text, size_t piece, struct rt_buf *out)
{
	struct rt_annotation a;

	rt_annotation_init(&a);
	for (size_t at = 0; at < text.n; at += piece) {
		size_t n = piece < text.n - at ? piece : text.n - at;

		rt_annotation_add(&a, 0, (struct rt_str){ text.p + at, n }, collect, out);
	}
	rt_annotation_end(&a, collect, out);
	rt_annotation_release(&a);
}

static void means(struct tap *t, const char *text, const char *want)
{
	struct rt_buf out;
	size_t n = strlen(text), wrong = 0;

	rt_buf_init(&out);
	events_of(rt_str(text), n, &out);
	is_text(t, out.s, want, text);
	for (size_t piece = 1; piece < n; piece++) {
		rt_buf_clear(&out);
		events_of(rt_str(text), piece, &out);
		wrong += strcmp(out.s, want) != 0;
	}
	ok(t, wrong == 0, "in pieces too");
	rt_buf_release(&out);
}

static void test_fields(struct tap *t)
{
	means(t, "::rt stage=spec percent=10::half way\n",
	      "{\"stage\":\"spec\",\"percent\":10,\"message\":\"half way\"}\n");
	means(t, "::RT phase=a%20b%2Cc,step=3::\n", "{\"stage\":\"a b,c\",\"step\":3}\n");
	means(t, "::rt::just text\r\n", "{\"message\":\"just text\"}\n");
	means(t, "  \t::rt type=gate_checked level=WARN success=true::x  \n",
	      "{\"type\":\"gate_checked\",\"level\":\"WARN\",\"success\":true,\"message\":\"x  "
	      "\"}\n");
	means(t, "::rt type=run_failed level=loud component=a/b ts=2020 shard=3 who=me::x\n",
	      "{\"message\":\"x\",\"metadata\":{\"type\":\"run_failed\",\"level\":\"loud\","
	      "\"component\":\"a/b\",\"ts\":2020,\"shard\":3,\"who\":\"me\"}}\n");
	means(t, "::rt =x novalue empty= ::", "");
}

static void test_github(struct tap *t)
{
	means(t, "::error file=a.c,line=3,title=No%3A%2C::100%25 of it%0Afailed, %3A::x\n",
	      "{\"type\":\"error\",\"message\":\"100% of it\\nfailed, %3A::x\","
	      "\"metadata\":{\"file\":\"a.c\",\"line\":3,\"title\":\"No:,\"}}\n");
	means(t, "::Warning::w\n::notice::n\n::debug::d\n",
	      "{\"type\":\"warning\",\"message\":\"w\"}\n{\"type\":\"info\",\"message\":\"n\"}\n"
	      "{\"type\":\"info\",\"level\":\"debug\",\"message\":\"d\"}\n");
	means(t, "::group::Build it\nx\n::endgroup::\n::endgroup::\n",
	      "{\"type\":\"phase_started\",\"stage\":\"Build it\"}\n"
	      "{\"type\":\"phase_completed\",\"stage\":\"Build it\"}\n");
	means(t, "::group::a\n::group::b\n",
	      "{\"type\":\"phase_started\",\"stage\":\"a\"}\n"
	      "{\"type\":\"phase_completed\",\"stage\":\"a\"}\n"
	      "{\"type\":\"phase_started\",\"stage\":\"b\"}\n");
	means(t,
	      "::error::1\n::stop-commands::tok%25en\n::error::2\n::TOK%25EN::\n::tok%25en::\n::error::3\n",
	      "{\"type\":\"error\",\"message\":\"1\"}\n{\"type\":\"error\",\"message\":\"3\"}\n");
	means(t, "::set-output name=x::y\n::add-mask::secret\n::save-state name=a::b\n::echo::on\n",
	      "");
}

static void test_others(struct tap *t)
{
	means(t,
	      "std::error::x\n a ::error::x\nerror::\n:: \n::\n::error\n:error::x\n: :error::x\n",
	      "");
	means(t, "x::y ::error::\n::error::no end",
	      "{\"type\":\"error\",\"message\":\"no end\"}\n");
	means(t, "\n\n::error::\xff\x01\"\n\n",
	      "{\"type\":\"error\",\"message\":\"\xef\xbf\xbd\\u0001\\\"\"}\n");
	means(t, "", "");
}

/* Lines of any length, in pieces: those that are too long are none, and nothing grows. */
static void test_long(struct tap *t)
{
	struct rt_annotation a;
	struct rt_buf text, out;
	size_t most = 0;

	rt_buf_init(&text);
	rt_buf_init(&out);
	rt_buf_adds(&text, "::error::");
	for (int i = 0; i < 1000000; i++)
		rt_buf_addc(&text, 'x');
	rt_buf_adds(&text, "\n::error::y\n");
	for (int i = 0; i < 100000; i++)
		rt_buf_addc(&text, ' ');
	rt_annotation_init(&a);
	for (size_t at = 0; at < text.len; at += 1000) {
		size_t n = text.len - at < 1000 ? text.len - at : 1000;

		rt_annotation_add(&a, 1, (struct rt_str){ text.s + at, n }, collect, &out);
		if (a.begun[1].len > most)
			most = a.begun[1].len;
	}
	is_text(t, out.s, "{\"type\":\"error\",\"message\":\"y\"}\n", "a line that is too long");
	ok(t, most <= RT_ANNOTATION_MAX && a.begun[1].len == 0 && a.inside[1],
	   "at most %zu bytes are kept", most);
	rt_annotation_release(&a);
	rt_buf_release(&text);
	rt_buf_release(&out);
}

/* Random bits of annotations: the pieces make no difference. */
static void test_random(struct tap *t)
{
	static const char *const bits[] = { "::", ":",  "error", "rt a=b", "\n", "\r\n",
					    " ",  "\t", "x",     "group",  "=",  "::error::" };
	struct rt_buf text, whole, out;
	size_t wrong = 0;

	srand(1);
	rt_buf_init(&text);
	rt_buf_init(&whole);
	rt_buf_init(&out);
	for (int round = 0; round < 20000; round++) {
		rt_buf_clear(&text);
		rt_buf_clear(&whole);
		rt_buf_clear(&out);
		for (int i = 0; i < 20; i++)
			rt_buf_adds(&text, bits[(size_t)rand() % (sizeof(bits) / sizeof(bits[0]))]);
		events_of(rt_buf_view(&text), text.len, &whole);
		events_of(rt_buf_view(&text), 1 + (size_t)rand() % 9, &out);
		if (!rt_str_eq(rt_buf_view(&whole), rt_buf_view(&out)) && !wrong++)
			printf("# text %s\n# whole %s\n# pieces %s\n", text.s, whole.s, out.s);
	}
	ok(t, wrong == 0, "in pieces as in one, %zu wrong", wrong);
	rt_buf_release(&text);
	rt_buf_release(&whole);
	rt_buf_release(&out);
}

int main(void)
{
	struct tap t = { 0 };

	test_fields(&t);
	test_github(&t);
	test_others(&t);
	test_long(&t);
	test_random(&t);
	return tap_done(&t);
}
