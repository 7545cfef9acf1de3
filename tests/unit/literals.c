/*
 * lib/filter_literals: what every match of a regular expression contains. Known
 * ones, and expressions made at random (always the same), of few characters so
 * that they match often: what regexec finds has one of the texts, and where the
 * texts are said to be all there is, regexec finds each. lib/ere, which reads long
 * texts in another way, finds there what regexec does. `literals N` tries N expressions
 * instead of 20,000.
 */
#include "ere.h"
#include "filter_literals.h"
#include "lines.h"
#include "tap.h"

#include <locale.h>
#include <regex.h>
#include <stdlib.h>

#define EXPRESSIONS 20000
#define TEXTS 50 /* for each */

static const struct {
	const char *regex, *texts; /* with a "!" before them when they are exact */
} known[] = {
	{ "retry|backoff", "!retry backoff" },
	{ "(foo|bar)baz", "!foobaz barbaz" },
	{ "(foo|bar)+baz", "foo bar" },
	{ "foo|bar.", "foo bar" },
	{ "task_(5|9)[0-9].*na\xc3\xafve", "task_5 task_9" },
	{ "abc", "!abc" },
	{ "^abc$", "abc" },
	{ "a\\.b\\*c", "!a.b*c" },
	{ "ab*c", "a" },
	{ "abcd*e", "abc" },
	{ "ab+cde", "cde" },
	{ "abc{0,}de", "ab" },
	{ "abc{0}de", "ab" },
	{ "abc{,2}", "ab" },
	{ "abc{2}", "ab" },
	{ "abc+?de", "ab" },
	{ "(ab|c(d|e))x", "!abx cdx cex" },
	{ "((a)(b))c", "!abc" },
	{ "(a|)bc", "!abc bc" },
	{ "[abc]def", "def" },
	{ "[]abc]d", "d" },
	{ "[^]abc]d", "d" },
	{ "[[:alpha:]]d", "d" },
	{ "[[.].]]d", "d" },
	{ "[a\\]bc", "bc" },
	{ "\\<word\\>", "word" },
	{ "\\bword\\w", "word" },
	{ "(abc)\\1", "abc" },
	{ "abc\\|d", "!abc|d" },
	{ "one|two|three|four|five|six|seven|eight", "" },
	{ "12345678901234567890123456789012345", "12345678901234567890123456789012" },
	{ "a/b", "a" },
	{ "say \"hello\"", "hello" },
	{ "tab\tbed", "tab" },
	{ "", "" },
	{ ".*", "" },
	{ "a*", "" },
	{ "(abc)?", "" },
	{ "(abc)*def", "def" },
	{ "abc|", "" },
	{ "()", "" },
	{ "abc|d*", "" },
	{ "(abc|.)", "" },
	{ "[0-9]+", "" },
	{ "^$", "" },
};

static void print_literals(struct rt_buf *out, const struct rt_literals *l)
{
	rt_buf_clear(out);
	rt_buf_adds(out, l->exact ? "!" : "");
	for (size_t i = 0; i < l->n; i++) {
		rt_buf_adds(out, i ? " " : "");
		rt_buf_addv(out, rt_literal(l, i));
	}
}

static void test_known(struct tap *t)
{
	struct rt_literals l;
	struct rt_buf got;

	rt_buf_init(&got);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		rt_literals_find(&l, known[i].regex);
		print_literals(&got, &l);
		is_text(t, got.s, known[i].texts, known[i].regex);
	}
	rt_buf_release(&got);
}

/* What no expression is, or is not everywhere: nothing is known of it. */
static void test_unclear(struct tap *t)
{
	static const char *const unclear[] = {
		"abc)",   "(abc",  "abc[", "abc\\",  "*abc",  "a|*b",
		"(+a)bc", "^*abc", "abc{", "abc{x}", "abc{1",
	};
	struct rt_literals l;

	for (size_t i = 0; i < sizeof(unclear) / sizeof(*unclear); i++) {
		rt_literals_find(&l, unclear[i]);
		ok(t, l.n == 0 && !l.exact, "nothing is known of %s", unclear[i]);
	}
}

/* No back-references: of some glibc's regexec runs out of stack. */
static void add_regex(struct rt_buf *out, int depth, uint64_t *state)
{
	static const char *const parts[] = {
		"a",           "b",        "ab", "ba",  ".",    "[ab]", "[^a]",
		"\\.",         "^",        "$",  "\\w", "\\b",  "[]a]", "\\<a",
		"[[:digit:]]", "\xc3\xa9", "c",  "/",   "\\\\", "\"",
	};
	static const char *const times[] = { "*", "+", "?", "{2}", "{0,1}", "{1,}", "{0}", "{,1}" };
	size_t n = below(state, 4);

	for (size_t i = 0; i < n; i++) {
		if (depth < 3 && below(state, 4) == 0) {
			rt_buf_addc(out, '(');
			add_regex(out, depth + 1, state);
			rt_buf_addc(out, ')');
		} else {
			rt_buf_adds(out, PICK(state, parts));
		}
		if (below(state, 4) == 0)
			rt_buf_adds(out, PICK(state, times));
	}
	if (below(state, 4) == 0) {
		rt_buf_addc(out, '|');
		add_regex(out, depth, state);
	}
}

static void add_text(struct rt_buf *out, uint64_t *state)
{
	static const char *const parts[] = { "a", "b",  "ab", "c", ".", "\xc3\xa9",
					     "/", "\\", "\"", "1", " " };

	rt_buf_clear(out);
	for (size_t n = below(state, 9); n > 0; n--)
		rt_buf_adds(out, PICK(state, parts));
}

struct counts {
	size_t regexes, known, exact, matched, wrong;
	size_t wrapped, in_long, wrong_long;
};

/* The same text with so much before or behind it, or in the middle of it, that it is long. */
static void try_long(struct counts *c, const regex_t *regex, const char *pattern,
		     struct rt_buf *text, uint64_t *state)
{
	static const char filler[] = " cb1\"\xc3\xa9.";
	size_t at = text->len ? below(state, text->len + 1) : 0;
	struct rt_buf longer;
	struct rt_ere ere;
	bool matches;

	while (at && at < text->len && (text->s[at] & 0xc0) == 0x80)
		at--;
	rt_buf_init(&longer);
	rt_buf_add(&longer, text->s, at);
	while (longer.len < 1200)
		rt_buf_adds(&longer, filler);
	rt_buf_adds(&longer, text->s + at);
	if (below(state, 8) == 0)
		longer.s[600] = '\xff';
	matches = regexec(regex, longer.s, 0, NULL, 0) == 0;
	rt_ere_init(&ere, pattern, 0);
	c->wrapped += ere.has_whole;
	c->in_long += ere.has_whole && matches;
	if (rt_ere_in(&ere, rt_buf_view(&longer), &longer) != matches && !c->wrong_long++)
		printf("# %s: in a long text\n", pattern);
	rt_ere_release(&ere);
	rt_buf_release(&longer);
}

static void try_regex(struct counts *c, const char *pattern, uint64_t *state)
{
	struct rt_literals l;
	struct rt_buf text;
	regex_t regex;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return;
	rt_literals_find(&l, pattern);
	c->regexes++;
	c->known += l.n > 0;
	c->exact += l.exact;
	rt_buf_init(&text);
	for (int i = 0; i < TEXTS; i++) {
		bool matches, has;

		add_text(&text, state);
		matches = regexec(&regex, text.s, 0, NULL, 0) == 0;
		has = l.n == 0 || rt_literals_in(&l, rt_buf_view(&text));
		c->matched += matches;
		if (((matches && !has) || (l.exact && has && !matches)) && !c->wrong++)
			printf("# %s: %s\n", pattern, text.s);
	}
	try_long(c, &regex, pattern, &text, state);
	rt_buf_release(&text);
	regfree(&regex);
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : EXPRESSIONS;
	struct counts c = { 0 };
	struct tap t = { 0, 0 };
	uint64_t state = 1;
	struct rt_buf regex;

	uselocale(newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0));
	test_known(&t);
	test_unclear(&t);
	rt_buf_init(&regex);
	for (size_t i = 0; i < n; i++) {
		rt_buf_clear(&regex);
		add_regex(&regex, 0, &state);
		try_regex(&c, regex.s, &state);
	}
	/* a ")" that is a character, before a group */
	try_regex(&c, "a)|(ba*\"a)", &state);
	rt_buf_release(&regex);
	ok(&t, c.wrong == 0 && c.matched > 0 && c.exact > 0 && c.known > c.exact,
	   "%zu expressions, something known of %zu, all of %zu; %zu matches", c.regexes, c.known,
	   c.exact, c.matched);
	ok(&t, c.wrong_long == 0 && c.in_long > 0 && c.wrapped > c.in_long,
	   "%zu of them in long texts, where %zu match", c.wrapped, c.in_long);
	return tap_done(&t);
}
