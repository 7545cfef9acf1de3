/*
 * lib/scan against jansson: what is JSON here is JSON there, and says the same.
 * Lines are made at random, but always the same ones: valid documents with odd
 * strings, numbers and nesting, and what is left of them after a few bytes were
 * changed. `scan_jansson N` tries N lines instead of 200,000.
 */
#include "scan.h"
#include "tap.h"
#include "text.h"
#include "walks.h"

#include <jansson.h>
#include <stdlib.h>

#define LINES 200000
#define DEPTH 6

struct maker {
	uint64_t state;
	/* Between tokens stands anything, nothing, or what Python's json.dumps puts there. */
	enum { ANY_SPACE, NO_SPACE, ONE_SPACE } style;
};

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t next(struct maker *m)
{
	uint64_t x = m->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	m->state = x;
	return x * UINT64_C(2685821657736338717);
}

static size_t below(struct maker *m, size_t n)
{
	return (size_t)(next(m) >> 33) % n;
}

static const char *const string_bits[] = {
	"a",
	"type",
	"t",
	"",
	" ",
	"plain text of more than sixteen bytes",
	"\\n",
	"\\\"",
	"\\\\",
	"\\/",
	"\\b\\f\\r\\t",
	"\\u0041",
	"\\u0000",
	"\\u00e9",
	"\\u20AC",
	"\\ud83d\\ude00",
	"\\uD83D\\uDE00",
	"\\u007f",
	"\\uffff",
	"\xc3\xa9",
	"\xe2\x82\xac",
	"\xf0\x9f\x98\x80",
	"\x7f",
	"{\\\"a\\\":1}",
	"[",
	"}",
	",",
	":",
	"0123456789abcde",
	"0123456789abcdef",
};

static const char *const bad_string_bits[] = {
	"\\ud83d",
	"\\ude00",
	"\\ud83d\\u0041",
	"\\ud83d\\ud83d\\ude00",
	"\\ud83d\\n",
	"\\x41",
	"\\u12",
	"\\u12g4",
	"\\",
	"\xff",
	"\xc0\x80",
	"\xe2\x82",
	"\xed\xa0\x80",
	"\xf4\x90\x80\x80",
	"\x80",
	"\t",
	"\x01",
	"\"",
	"\\U0041",
};

static const char *const numbers[] = {
	"0",
	"-0",
	"1",
	"-1",
	"10",
	"1.5",
	"-2.25e3",
	"1e2",
	"1E+2",
	"1e-2",
	"0.1",
	"0e0",
	"1e308",
	"1e-400",
	"9007199254740993",
	"9223372036854775807",
	"-9223372036854775808",
	"9223372036854775808",
	"18446744073709551615",
	"123456789012345678901234567890",
	"0.30000000000000004",
	"4.9e-324",
	"1.7976931348623157e308",
	"1234567890.123456789012345678901234567890",
};

static const char *const bad_numbers[] = {
	"1e309", "-1e400", "1E400", "01",   "-01", "1.",       ".5",        "+1",
	"-",     "1e",     "1e+",   "0x10", "NaN", "Infinity", "-Infinity", "1_000",
	"1.e5",  "--1",    "1.5.2", "tru",  "nul", "TRUE",     "undefined",
};

static const char *const keys[] = {
	"a",        "b",          "type",       "ts",      "message",
	"metadata", "typ\\u0065", "\\u0074ype", "",        "a.b",
	"x y",      "\\\"",       "\xc3\xa9",   "\\u00e9", "a-key-of-more-than-sixteen-bytes",
};

static const char *const spaces[] = { "", "", "", "", " ", "\t", "\r", "\n", "  \t " };

#define PICK(maker, list) list[below(maker, sizeof(list) / sizeof((list)[0]))]

static void add_space(struct rt_buf *b, struct maker *r)
{
	if (r->style == ANY_SPACE || below(r, 400) == 0)
		rt_buf_adds(b, PICK(r, spaces));
}

static void add_string(struct rt_buf *b, struct maker *r)
{
	size_t n = below(r, 5);

	rt_buf_addc(b, '"');
	while (n--) {
		if (below(r, 300) == 0)
			rt_buf_adds(b, PICK(r, bad_string_bits));
		else if (below(r, 500) == 0)
			rt_buf_addc(b, '\0');
		else
			rt_buf_adds(b, PICK(r, string_bits));
	}
	rt_buf_addc(b, '"');
}

static void add_key(struct rt_buf *b, struct maker *r)
{
	if (below(r, 20) == 0) {
		add_string(b, r);
		return;
	}
	rt_buf_addc(b, '"');
	rt_buf_adds(b, PICK(r, keys));
	rt_buf_addc(b, '"');
}

static void add_scalar(struct rt_buf *b, struct maker *r)
{
	static const char *const literals[] = { "true", "false", "null" };

	switch (below(r, 8)) {
	case 0:
		rt_buf_adds(b, PICK(r, literals));
		break;
	case 1:
	case 2:
	case 3:
		if (below(r, 100) == 0)
			rt_buf_adds(b, PICK(r, bad_numbers));
		else
			rt_buf_adds(b, PICK(r, numbers));
		break;
	default:
		add_string(b, r);
	}
}

static void add_value(struct rt_buf *b, struct maker *r, int depth);

static void add_container(struct rt_buf *b, struct maker *r, int depth, bool object)
{
	size_t n = below(r, depth ? 4 : 9), i;

	rt_buf_addc(b, object ? '{' : '[');
	add_space(b, r);
	for (i = 0; i < n; i++) {
		if (i)
			rt_buf_adds(b, r->style == ONE_SPACE ? ", " : ",");
		add_space(b, r);
		if (object) {
			add_key(b, r);
			add_space(b, r);
			rt_buf_adds(b, r->style == ONE_SPACE ? ": " : ":");
			add_space(b, r);
		}
		add_value(b, r, depth + 1);
		add_space(b, r);
	}
	rt_buf_addc(b, object ? '}' : ']');
}

static void add_value(struct rt_buf *b, struct maker *r, int depth)
{
	size_t kind = below(r, 6);

	if (depth < DEPTH && kind < 2)
		add_container(b, r, depth, kind == 0);
	else
		add_scalar(b, r);
}

/* As deep as jansson goes, give or take a level. */
static void add_deep(struct rt_buf *b, struct maker *r)
{
	size_t depth = 2040 + below(r, 16), i;
	bool object = below(r, 2);

	rt_buf_adds(b, "{\"a\":");
	for (i = 0; i < depth; i++)
		rt_buf_adds(b, object ? "{\"a\":" : "[");
	if (object || below(r, 2))
		add_scalar(b, r);
	for (i = 0; i < depth; i++)
		rt_buf_addc(b, object ? '}' : ']');
	rt_buf_addc(b, '}');
}

/* Change a byte, take some away, double some, or cut the rest off. */
static void damage(struct rt_buf *b, struct maker *r)
{
	static const char bytes[] = "\"\\{}[],:0123456789.eE+-ntu \t\r\n\x80\xc3\xed\xff\x1f\x7f/";
	size_t at = b->len ? below(r, b->len) : 0, n = b->len - at;
	char piece[8], c = bytes[below(r, sizeof(bytes))]; /* its NUL is one of them */

	if (n > sizeof(piece))
		n = 1 + below(r, sizeof(piece));
	switch (below(r, 5)) {
	case 0:
		rt_buf_splice(b, at, n ? 1 : 0, &c, 1);
		break;
	case 1:
		rt_buf_splice(b, at, 0, &c, 1);
		break;
	case 2:
		rt_buf_splice(b, at, n, NULL, 0);
		break;
	case 3:
		memcpy(piece, b->s + at, n);
		rt_buf_splice(b, at, 0, piece, n);
		break;
	default:
		b->len = at;
	}
}

static void make_line(struct rt_buf *b, struct maker *r)
{
	size_t n;

	rt_buf_clear(b);
	r->style = below(r, 3);
	add_space(b, r);
	if (below(r, 500) == 0)
		add_deep(b, r);
	else
		add_container(b, r, 0, below(r, 50) != 0);
	add_space(b, r);
	for (n = below(r, 3) ? 0 : 1 + below(r, 3); n; n--)
		damage(b, r);
}

static bool same(const json_t *theirs, const struct rt_json *ours);

static bool same_string(const json_t *theirs, const struct rt_json *ours)
{
	struct rt_buf b;
	bool good;

	rt_buf_init(&b);
	rt_json_text(ours, &b);
	good = ours->type == RT_JSON_STRING && b.len == json_string_length(theirs) &&
	       memcmp(b.s, json_string_value(theirs), b.len) == 0 &&
	       ours->escaped == (memchr(ours->text.p, '\\', ours->text.n) != NULL);
	rt_buf_release(&b);
	return good;
}

static bool same_number(const json_t *theirs, const struct rt_json *ours)
{
	int64_t i;
	double d;

	if (!rt_json_number(ours, &d) || d != json_number_value(theirs))
		return false;
	return !json_is_integer(theirs) ||
	       (rt_json_int(ours, &i) && i == json_integer_value(theirs));
}

static bool same_array(const json_t *theirs, const struct rt_json *ours)
{
	struct rt_scan s;
	struct rt_member m;
	size_t i = 0;

	if (ours->type != RT_JSON_ARRAY || rt_scan_init(&s, ours->text) < 0)
		return false;
	while (rt_scan_next(&s, &m) > 0)
		if (!same(json_array_get(theirs, i++), &m.value))
			return false;
	return i == json_array_size(theirs);
}

/* Each member here must be there; of several of one name the last must be the same. */
static bool same_object(json_t *theirs, struct rt_str ours)
{
	json_t *seen = json_object(), *value;
	struct rt_scan s;
	struct rt_member m;
	struct rt_buf key;
	bool good = rt_scan_init(&s, ours) == 0;
	const char *name;

	rt_buf_init(&key);
	while (good && rt_scan_next(&s, &m) > 0) {
		rt_buf_clear(&key);
		rt_json_text(&m.key, &key);
		value = json_object_get(theirs, key.s);
		good = value && strlen(key.s) == key.len;
		json_object_set_new(seen, key.s, json_integer(same(value, &m.value)));
	}
	json_object_foreach(seen, name, value) good = good && json_integer_value(value);
	good = good && json_object_size(seen) == json_object_size(theirs);
	rt_buf_release(&key);
	json_decref(seen);
	return good;
}

static bool same(const json_t *theirs, const struct rt_json *ours)
{
	if (!theirs) /* an earlier duplicate has more in it */
		return false;
	switch (json_typeof(theirs)) {
	case JSON_OBJECT:
		return ours->type == RT_JSON_OBJECT && same_object((json_t *)theirs, ours->text);
	case JSON_ARRAY:
		return same_array(theirs, ours);
	case JSON_STRING:
		return same_string(theirs, ours);
	case JSON_INTEGER:
	case JSON_REAL:
		return same_number(theirs, ours);
	case JSON_TRUE:
		return ours->type == RT_JSON_TRUE;
	case JSON_FALSE:
		return ours->type == RT_JSON_FALSE;
	case JSON_NULL:
		return ours->type == RT_JSON_NULL;
	}
	return false;
}

/* NULL when it is no object. */
static json_t *load(const struct rt_buf *line)
{
	json_t *doc = json_loadb(line->s, line->len, JSON_ALLOW_NUL, NULL);

	if (!doc)
		doc = json_loadb(line->s, line->len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL,
				 NULL);
	if (doc && !json_is_object(doc)) {
		json_decref(doc);
		doc = NULL;
	}
	return doc;
}

static void show(const struct rt_buf *line, const char *what)
{
	size_t i;

	printf("# %s: ", what);
	for (i = 0; i < line->len && i < 400; i++) {
		unsigned char c = (unsigned char)line->s[i];

		if (c < 0x20 || c >= 0x7f)
			printf("<%02x>", c);
		else
			putchar(c);
	}
	putchar('\n');
}

/* Hold what was made so far, as lines that are outlined together, against each of them alone. */
static void try_together(struct rt_buf *many, long unlike[RT_SIMD_COUNT], long *outlined)
{
	/* with nothing behind that could be read by mistake */
	char *p = malloc(many->len);

	if (!p)
		exit(1);
	memcpy(p, many->s, many->len);
	for (int v = RT_SIMD_PORTABLE; v < RT_SIMD_COUNT; v++)
		if (rt_simd_works((enum rt_simd)v) &&
		    !same_lines((struct rt_str){ p, many->len }, (enum rt_simd)v, outlined))
			unlike[v]++;
	free(p);
	rt_buf_clear(many);
}

int main(int argc, char **argv)
{
	long lines = argc > 1 ? strtol(argv[1], NULL, 10) : LINES, i, valid = 0;
	long judged_wrong = 0, read_wrong = 0, unlike[RT_SIMD_COUNT] = { 0 }, outlines = 0;
	struct maker maker = { .state = UINT64_C(88172645463325252) };
	struct tap t = { 0 };
	struct rt_buf line, many;
	long apart[RT_SIMD_COUNT] = { 0 }, together = 0;

	rt_buf_init(&line);
	rt_buf_init(&many);
	for (i = 0; i < lines; i++) {
		json_t *doc;

		make_line(&line, &maker);
		doc = load(&line);
		valid += doc != NULL;
		if (rt_scan_valid(rt_buf_view(&line)) != (doc != NULL)) {
			if (judged_wrong++ < 5)
				show(&line, doc ? "refused" : "accepted");
		} else if (doc && !same_object(doc, rt_buf_view(&line))) {
			if (read_wrong++ < 5)
				show(&line, "read otherwise");
		}
		for (int v = RT_SIMD_PORTABLE + 1; v < RT_SIMD_COUNT; v++) {
			enum rt_simd simd = (enum rt_simd)v;
			bool outlined;

			if (!rt_simd_works(simd))
				continue;
			if ((!same_walk(rt_buf_view(&line), simd, NULL, &outlined) ||
			     !same_few(rt_buf_view(&line), simd, NULL, 1 + (int)(i % 8))) &&
			    unlike[v]++ < 5)
				show(&line, rt_simd_name(simd));
			outlines += outlined;
		}
		json_decref(doc);
		rt_buf_addv(&many, rt_buf_view(&line));
		/* sometimes a row of empty lines behind it */
		for (size_t n = below(&maker, 40) ? 1 : below(&maker, 200); n; n--)
			rt_buf_addc(&many, '\n');
		if (many.len > RT_LINES_BYTES + (size_t)(i % 1000) || i + 1 == lines)
			try_together(&many, apart, &together);
	}
	ok(&t, judged_wrong == 0, "%ld of %ld lines are judged otherwise", judged_wrong, lines);
	ok(&t, read_wrong == 0, "%ld of %ld valid lines are read otherwise", read_wrong, valid);
	ok(&t, valid > lines / 4 && valid < lines * 3 / 4, "a fair share of the lines is valid");
	for (int v = RT_SIMD_PORTABLE + 1; v < RT_SIMD_COUNT; v++)
		if (rt_simd_works((enum rt_simd)v))
			ok(&t, unlike[v] == 0, "%ld lines are read otherwise with %s", unlike[v],
			   rt_simd_name((enum rt_simd)v));
	for (int v = RT_SIMD_PORTABLE; v < RT_SIMD_COUNT; v++)
		if (rt_simd_works((enum rt_simd)v))
			ok(&t, apart[v] == 0, "%ld times lines together are read otherwise with %s",
			   apart[v], rt_simd_name((enum rt_simd)v));
	if (rt_simd_works(RT_SIMD_SSE2))
		ok(&t, together > lines / 4, "a fair share of the lines is outlined together: %ld",
		   together);
	if (rt_simd_works(RT_SIMD_SSE2))
		ok(&t, outlines > lines / 4, "a fair share of the lines is outlined: %ld",
		   outlines);
	rt_buf_release(&line);
	rt_buf_release(&many);
	return tap_done(&t);
}
