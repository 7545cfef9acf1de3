/*
 * lib/filter_probe, lib/needle and lib/sieve: no line is passed over that meets
 * a filter, with all vector instructions that the machine has; what is found is
 * what a slow reader finds (slow.h), who reads all of each line. Lines are made
 * at random, but always the same ones (lines.h). `probe N`, or N in PROBE_LINES,
 * tries N lines instead of 20,000.
 */
#include "lines.h"
#include "options.h"
#include "sieve.h"
#include "slow_match.h"
#include "tap.h"

#include <unistd.h>

#define LINES 20000
#define BLOCK_LINES 5000
#define BLOCK_BYTES (40u << 20)
#define SINCE INT64_C(1782907200000000000) /* 2026-07-01T12:00:00Z */
#define SHOWN 5                            /* differences that are printed */

static int64_t since_of(const char *value)
{
	return strcmp(value, "until") == 0 ? INT64_MIN : SINCE;
}

static int64_t until_of(const char *value)
{
	return strcmp(value, "since") == 0 ? INT64_MAX : SINCE + RT_NS_PER_S;
}

static void add_condition(struct rt_filter *f, const char *kind, const char *value)
{
	struct rt_err err = RT_ERR_INIT;
	enum rt_field field;
	int ret;

	if (strcmp(kind, "step") == 0)
		ret = rt_filter_step(f, value, &err);
	else if (strcmp(kind, "fixed") == 0)
		ret = rt_filter_grep(f, value, true, &err);
	else if (strcmp(kind, "grep") == 0)
		ret = rt_filter_grep(f, value, false, &err);
	else if (strcmp(kind, "match") == 0)
		ret = rt_filter_match_expr(f, value, &err);
	else if (strcmp(kind, "time") == 0)
		ret = rt_filter_time(f, since_of(value), until_of(value));
	else
		ret = rt_field_find(rt_str(kind), &field) ? rt_filter_field(f, field, value, &err) :
							    -1;
	if (ret < 0) {
		printf("# %s %s: %s\n", kind, value, err.msg);
		exit(1);
	}
}

static bool may_match(const struct rt_probe *probe, struct rt_str line)
{
	for (size_t i = 0; i < probe->n; i++)
		if (rt_needle_find(&probe->v[i], line.p, line.p + line.n))
			return true;
	return probe->n == 0;
}

/* Whether anything is passed over: of lines most of which no option means. */
static void test_probed(struct tap *t, const char *kind, const char *value, bool probed)
{
	struct rt_filter *f = rt_filter_new();
	uint64_t state = 1;
	size_t passed_over = 0;
	struct rt_probe probe;
	struct rt_buf line;

	add_condition(f, kind, value);
	rt_filter_probe(f, &probe);
	rt_buf_init(&line);
	for (int i = 0; i < 1000; i++) {
		add_line(&line, &state);
		passed_over += !may_match(&probe, rt_buf_view(&line));
	}
	ok(t, (passed_over > 0) == probed, "--%s %s: %s passed over", kind, value,
	   probed ? "something is" : "nothing is");
	rt_buf_release(&line);
	rt_filter_free(f);
}

/* One or two options, and what differed. */
struct question {
	size_t option[2]; /* one of them twice: that one alone */
	struct rt_filter *filter;
	size_t matched, wrong;
};

struct survey {
	struct slow_cond conds[OPTIONS];
	struct question questions[2 * OPTIONS];
	bool wanted[OPTIONS][BLOCK_LINES]; /* what the slow reader says of each line */
	struct slow slow;
};

static void make_conds(struct slow_cond *conds)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

	uselocale(utf8);
	for (size_t i = 0; i < OPTIONS; i++) {
		struct slow_cond *c = &conds[i];
		const char *tilde = strchr(options[i].value, '~');
		bool grep = strcmp(options[i].option, "grep") == 0;

		c->option = options[i].option;
		c->value = options[i].value;
		c->since_ns = since_of(c->value);
		c->until_ns = until_of(c->value);
		c->has_regex = grep || (tilde && strcmp(c->option, "match") == 0);
		if (c->has_regex &&
		    regcomp(&c->regex, grep ? c->value : tilde + 1 + strspn(tilde + 1, " "),
			    REG_EXTENDED | REG_NOSUB) != 0)
			exit(1);
	}
}

/* Each option alone, then each with another. */
static void make_questions(struct survey *v)
{
	for (size_t i = 0; i < 2 * OPTIONS; i++) {
		struct question *q = &v->questions[i];

		q->option[0] = i % OPTIONS;
		q->option[1] = i < OPTIONS ? q->option[0] : (i * 7 + 3) % OPTIONS;
		q->filter = rt_filter_new();
		for (size_t j = 0; j < (i < OPTIONS ? 1 : 2); j++)
			add_condition(q->filter, options[q->option[j]].option,
				      options[q->option[j]].value);
	}
}

/* Lines in a file, and where each begins. */
struct block {
	struct rt_buf text;
	size_t at[BLOCK_LINES + 1], n;
	bool found[BLOCK_LINES];
};

/* A line that is too long is skipped, whatever stands in it. */
static void add_overlong(struct block *b)
{
	rt_buf_adds(&b->text, "{\"type\":\"task_failed\",\"own\":\"");
	add_many(&b->text, "retry, then backoff ", RT_READ_LINE_MAX / 20 + 1);
	rt_buf_adds(&b->text, "\"}");
}

static void make_block(struct block *b, size_t lines, uint64_t *state)
{
	bool overlong = below(state, 100) == 0;
	struct rt_buf line;

	rt_buf_init(&line);
	rt_buf_clear(&b->text);
	if (below(state, 2))
		rt_buf_adds(&b->text, "\xef\xbb\xbf");
	b->at[0] = 0;
	for (b->n = 0; b->n < lines && b->text.len < BLOCK_BYTES;) {
		if (overlong && b->n == lines / 2)
			add_overlong(b);
		add_line(&line, state);
		rt_buf_addv(&b->text, rt_buf_view(&line));
		rt_buf_addc(&b->text, '\n');
		b->at[++b->n] = b->text.len;
	}
	/* A torn tail: the last line has no end. */
	if (below(state, 2) && b->at[b->n] - b->at[b->n - 1] > 1)
		b->at[b->n] = --b->text.len;
	rt_buf_release(&line);
}

static struct rt_str line_of(const struct block *b, size_t i)
{
	struct rt_str line = { b->text.s + b->at[i], b->at[i + 1] - b->at[i] };

	if (line.n && line.p[line.n - 1] == '\n')
		line.n--;
	if (i == 0 && line.n >= 3 && memcmp(line.p, "\xef\xbb\xbf", 3) == 0)
		line = (struct rt_str){ line.p + 3, line.n - 3 };
	/* What is too long the reader does not hand out. */
	return line.n > RT_READ_LINE_MAX ? rt_str("") : line;
}

/* Which lines the sieve and the filter find. */
static void search(struct block *b, const struct rt_filter *f, int fd)
{
	struct rt_buf scratch;
	struct rt_reader r;
	struct rt_sieve sieve;
	struct rt_wanted wanted;
	struct rt_event ev;
	struct rt_str line;
	size_t i = 0;

	rt_wanted_init(&wanted);
	rt_filter_want(f, &wanted);
	memset(b->found, 0, sizeof(b->found));
	rt_buf_init(&scratch);
	rt_reader_init(&r, fd, 0, -1, false);
	rt_sieve_init(&sieve, f);
	while (rt_sieve_next(&sieve, &r, &line) > 0) {
		while (b->at[i] < (size_t)r.line_at)
			i++;
		b->found[i] = rt_event_parse_for(&ev, line, &wanted, &sieve.lines) == 0 &&
			      rt_filter_match(f, &ev, &scratch);
	}
	rt_reader_release(&r);
	rt_buf_release(&scratch);
}

static void compare_answers(const struct survey *v, struct question *q, const struct block *b)
{
	const bool *first = v->wanted[q->option[0]], *second = v->wanted[q->option[1]];

	for (size_t i = 0; i < b->n; i++) {
		struct rt_str line = line_of(b, i);

		q->matched += b->found[i];
		if (b->found[i] == (first[i] && second[i]) || q->wrong++ >= SHOWN)
			continue;
		printf("# %s: %s %s: %.*s\n", b->found[i] ? "too much" : "lost",
		       options[q->option[0]].option, options[q->option[0]].value, (int)line.n,
		       line.p);
	}
}

static void test_block(struct survey *v, struct block *b, FILE *file)
{
	rewind(file);
	if (ftruncate(fileno(file), 0) < 0 ||
	    fwrite(b->text.s, 1, b->text.len, file) != b->text.len || fflush(file) != 0)
		exit(1);
	for (size_t i = 0; i < b->n; i++) {
		slow_parse(&v->slow, line_of(b, i));
		for (size_t j = 0; j < OPTIONS; j++)
			v->wanted[j][i] = slow_match(&v->slow, &v->conds[j]);
	}
	for (size_t i = 0; i < 2 * OPTIONS; i++) {
		search(b, v->questions[i].filter, fileno(file));
		compare_answers(v, &v->questions[i], b);
	}
}

static void report(struct tap *t, struct survey *v, size_t lines)
{
	for (size_t i = 0; i < 2 * OPTIONS; i++) {
		const struct question *q = &v->questions[i];
		bool alone = i < OPTIONS;

		ok(t, q->wrong == 0 && (q->matched || !alone),
		   "--%s %s%s%s %s: %zu of %zu lines, %zu differ", options[q->option[0]].option,
		   options[q->option[0]].value, alone ? "" : " --",
		   alone ? "" : options[q->option[1]].option,
		   alone ? "" : options[q->option[1]].value, q->matched, lines, q->wrong);
		rt_filter_free(q->filter);
	}
	for (size_t i = 0; i < OPTIONS; i++)
		if (v->conds[i].has_regex)
			regfree(&v->conds[i].regex);
}

/* Blocks of lines, each with other vector instructions. */
static void test_lines(struct tap *t, size_t lines)
{
	struct block *b = calloc(1, sizeof(*b));
	struct survey *v = calloc(1, sizeof(*v));
	FILE *file = tmpfile();
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
	size_t done = 0;

	v->slow.arena = malloc(SLOW_ARENA);
	make_conds(v->conds);
	make_questions(v);
	rt_buf_init(&b->text);
	for (int simd = 0; done < lines; simd = (simd + 1) % RT_SIMD_COUNT) {
		setenv("RT_SIMD", rt_simd_name((enum rt_simd)simd), 1);
		make_block(b, lines - done < BLOCK_LINES ? lines - done : BLOCK_LINES, &state);
		test_block(v, b, file);
		done += b->n;
	}
	report(t, v, done);
	fclose(file);
	rt_buf_release(&b->text);
	free(v->slow.arena);
	free(v);
	free(b);
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

int main(int argc, char **argv)
{
	const char *lines = argc > 1 ? argv[1] : getenv("PROBE_LINES");
	struct tap t = { 0, 0 };

	for (int s = RT_SIMD_PORTABLE; s < RT_SIMD_COUNT; s++) {
		if (!rt_simd_works((enum rt_simd)s))
			continue;
		setenv("RT_SIMD", rt_simd_name((enum rt_simd)s), 1);
		printf("# %s\n", rt_simd_name(rt_simd_best()));
		test_needle(&t);
	}
	test_probed(&t, "type", "task_failed", true);
	test_probed(&t, "type", "progress", false);
	test_probed(&t, "type", "info,task_failed", false);
	test_probed(&t, "stage", "a/b,x", true);
	test_probed(&t, "fixed", "slash", true);
	test_probed(&t, "fixed", "fail", true);
	test_probed(&t, "fixed", "info", false);
	test_probed(&t, "fixed", "cancel", false);
	test_probed(&t, "grep", "retry|backoff", true);
	test_probed(&t, "grep", "task_(5|9)[0-9].*na\xc3\xafve", true);
	test_probed(&t, "grep", "(slash)?", false);
	test_probed(&t, "grep", "slash|", false);
	test_probed(&t, "match", "own = 5", true);
	test_probed(&t, "match", "own != build", false);
	test_probed(&t, "match", "type = 50", false);
	test_probed(&t, "match", "message = build", false);
	test_probed(&t, "match", "message ~ smile", true);
	test_probed(&t, "match", "message ~ 5", true);
	test_probed(&t, "match", "level >= error", false);
	test_probed(&t, "level", "error", false);
	test_probed(&t, "step", "5,build", false);
	test_lines(&t, lines ? strtoul(lines, NULL, 10) : LINES);
	return tap_done(&t);
}
