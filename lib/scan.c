/*
 * A validating JSON scanner that builds nothing. See scan.h for what it
 * accepts: the limits (depth, numbers that overflow, NUL in keys) are jansson's,
 * so that a line is an event here exactly when it is JSON there.
 */
#include "scan.h"
#include "text.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* jansson's JSON_PARSER_MAX_DEPTH: every value counts, the outermost is 1. */
#define MAX_DEPTH 2048

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/*
 * Where strings end is seen 64 bytes at a time: s->stops has bit N set when the
 * byte s->at[N] is a quote, a backslash or a control character; s->odd also when
 * it is past ASCII. A line takes a few such looks, a string then a shift.
 */
#define WINDOW 64

#ifdef __SSE2__
static inline void look16(const char *p, int shift, uint64_t *stops, uint64_t *wide)
{
	const __m128i control = _mm_set1_epi8(0x1f);
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i stop = _mm_or_si128(_mm_cmpeq_epi8(_mm_max_epu8(v, control), control),
				    _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
						 _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));

	*stops |= (uint64_t)(unsigned)_mm_movemask_epi8(stop) << shift;
	*wide |= (uint64_t)(unsigned)_mm_movemask_epi8(v) << shift;
}
#else
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Of bytes that are 0x80 or 0, the first as bit 0 and so on. */
static inline uint64_t gather(uint64_t high)
{
	return (high >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

/* 0x80 for each byte that is less than `limit`, which is at most 0x80. */
static inline uint64_t below(uint64_t w, uint64_t limit)
{
	return ~(((w & EACH(0x7f)) + EACH(0x80 - limit)) | w) & EACH(0x80);
}

static inline void look8(const char *p, int shift, uint64_t *stops, uint64_t *wide)
{
	uint64_t w = rt_load64(p);

	*stops |= gather(below(w, 0x20) | below(w ^ EACH('"'), 1) | below(w ^ EACH('\\'), 1))
		  << shift;
	*wide |= gather(w & EACH(0x80)) << shift;
}

static inline void look16(const char *p, int shift, uint64_t *stops, uint64_t *wide)
{
	look8(p, shift, stops, wide);
	look8(p + 8, shift + 8, stops, wide);
}
#endif

static inline void look_at(struct rt_scan *s, const char *p)
{
	uint64_t stops = 0, wide = 0;

	look16(p, 0, &stops, &wide);
	look16(p + 16, 16, &stops, &wide);
	look16(p + 32, 32, &stops, &wide);
	look16(p + 48, 48, &stops, &wide);
	s->stops = stops;
	s->odd = stops | wide;
}

/* Look at what stands from p on. The last window ends with the text, and may begin before p. */
static void look(struct rt_scan *s, const char *p)
{
	char all[WINDOW];
	size_t n = (size_t)(s->end - s->text);

	if (s->end - p < WINDOW)
		p = n < WINDOW ? s->text : s->end - WINDOW;
	s->at = p;
	if (n >= WINDOW) {
		look_at(s, p);
		return;
	}
	memcpy(all, p, n);
	memset(all + n, '"', WINDOW - n); /* a stop, so that nothing is sought behind the end */
	look_at(s, all);
}

/* The first stop from p on, or the end; `odd`: the first byte past ASCII is one too. */
static inline const char *next_stop(struct rt_scan *s, const char *p, bool odd)
{
	uint64_t stops;

	for (;;) {
		if (p - s->at >= WINDOW) {
			if (p == s->end)
				return p;
			look(s, p);
		}
		stops = (odd ? s->odd : s->stops) >> (p - s->at);
		if (stops)
			return p + __builtin_ctzll(stops);
		p = s->at + WINDOW;
	}
}

static int hex4(const char *p)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i];

		v <<= 4;
		if (c >= '0' && c <= '9')
			v |= c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v |= (c | 0x20) - 'a' + 10;
		else
			return -1;
	}
	return v;
}

/* p is at a backslash in the string v: the byte after the escape, or NULL. */
static const char *skip_escape(const char *p, const char *end, struct rt_json *v, bool key)
{
	int u;

	if (end - p < 2)
		return NULL;
	v->escaped = true;
	switch (p[1]) {
	case '/':
		v->veiled = true;
		/* fall through */
	case '"':
	case '\\':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return p + 2;
	case 'u':
		break;
	default:
		return NULL;
	}
	/* Nothing in a key may be a NUL: that is jansson's. */
	if (end - p < 6 || (u = hex4(p + 2)) < 0 || (u == 0 && key))
		return NULL;
	v->veiled = true;
	if (u < 0xd800 || u > 0xdfff)
		return p + 6;
	if (u > 0xdbff || end - p < 12 || p[6] != '\\' || p[7] != 'u')
		return NULL;
	u = hex4(p + 8);
	return u >= 0xdc00 && u <= 0xdfff ? p + 12 : NULL;
}

/* The closing quote of the string v, of which nothing odd stands before p; or NULL. */
static const char *scan_odd_string(struct rt_scan *s, const char *p, struct rt_json *v, bool key)
{
	const char *wide = NULL;

	while (p < s->end && *p != '"') {
		if ((unsigned char)*p >= 0x80)
			wide = p;
		else if (*p != '\\' || !(p = skip_escape(p, s->end, v, key)))
			return NULL;
		p = next_stop(s, p, !wide);
	}
	if (p == s->end)
		return NULL;
	return !wide || rt_utf8_valid((struct rt_str){ wide, (size_t)(p - wide) }) ? p : NULL;
}

/* p is at the opening quote: the byte after the closing one, or NULL. */
static inline const char *scan_string(struct rt_scan *s, const char *p, struct rt_json *v, bool key)
{
	v->type = RT_JSON_STRING;
	v->escaped = v->veiled = false;
	v->text.p = ++p;
	p = next_stop(s, p, true);
	if (p == s->end || *p != '"') {
		p = scan_odd_string(s, p, v, key);
		if (!p)
			return NULL;
	}
	v->text.n = (size_t)(p - v->text.p);
	return p + 1;
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/*
 * "-12.345", with at most 15 digits: number and power of ten are exact then, and
 * the quotient is rounded once (Clinger, "How to Read Floating Point Numbers
 * Accurately", 1990).
 */
static bool short_decimal(struct rt_str s, double *d)
{
	static const double ten[] = { 1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
				      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
	size_t i = s.n && s.p[0] == '-', point = s.n, digits = 0;
	int64_t n = 0;

	for (; i < s.n && digits <= 15; i++) {
		if (s.p[i] == '.' && point == s.n) {
			point = i + 1;
		} else if (s.p[i] >= '0' && s.p[i] <= '9') {
			n = n * 10 + (s.p[i] - '0');
			digits++;
		} else {
			return false;
		}
	}
	if (digits == 0 || digits > 15 || FLT_EVAL_METHOD != 0)
		return false;
	*d = (double)n / ten[s.n - point];
	if (s.p[0] == '-')
		*d = -*d;
	return true;
}

static double to_double(struct rt_str s)
{
	char small[64], *copy = small, *big = NULL;
	double d;

	if (short_decimal(s, &d))
		return d;
	if (s.n >= sizeof(small))
		copy = big = malloc(s.n + 1);
	if (!copy)
		return HUGE_VAL;
	memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	d = strtod(copy, NULL);
	free(big);
	return d;
}

/* Only a long number or one with an exponent can be too large for a double. */
static bool overflows(struct rt_str s, bool exponent)
{
	return (exponent || s.n > 300) && isinf(to_double(s));
}

static const char *scan_number(const char *p, const char *end, enum rt_json_type *type)
{
	const char *start = p;
	bool exponent = false;

	*type = RT_JSON_INT;
	if (p < end && *p == '-')
		p++;
	if (p == end || *p < '0' || *p > '9')
		return NULL;
	p = *p == '0' ? p + 1 : skip_digits(p, end);
	if (p < end && *p == '.') {
		const char *digits = p + 1;

		*type = RT_JSON_REAL;
		p = skip_digits(digits, end);
		if (p == digits)
			return NULL;
	}
	if (p < end && (*p | 0x20) == 'e') {
		const char *digits = p + 1;

		*type = RT_JSON_REAL;
		exponent = true;
		if (digits < end && (*digits == '+' || *digits == '-'))
			digits++;
		p = skip_digits(digits, end);
		if (p == digits)
			return NULL;
	}
	return overflows((struct rt_str){ start, (size_t)(p - start) }, exponent) ? NULL : p;
}

static const char *scan_literal(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - p) >= n && memcmp(p, word, n) == 0 ? p + n : NULL;
}

/* A number or a word. */
static const char *scan_bare(struct rt_scan *s, const char *p, struct rt_json *v)
{
	const char *start = p;

	v->escaped = v->veiled = false;
	switch (*p) {
	case 't':
		v->type = RT_JSON_TRUE;
		p = scan_literal(p, s->end, "true");
		break;
	case 'f':
		v->type = RT_JSON_FALSE;
		p = scan_literal(p, s->end, "false");
		break;
	case 'n':
		v->type = RT_JSON_NULL;
		p = scan_literal(p, s->end, "null");
		break;
	default:
		p = scan_number(p, s->end, &v->type);
	}
	if (!p)
		return NULL;
	v->text = (struct rt_str){ start, (size_t)(p - start) };
	/* jansson takes back the byte behind a number or a word, and loses it when it is a NUL */
	if (p < s->end && *p == '\0') {
		s->spaced = v->veiled = true;
		p++;
	}
	return p;
}

/* p is behind a key: the first byte of its value, or NULL. */
static const char *skip_colon(struct rt_scan *s, const char *p)
{
	s->spaced = true;
	p = skip_space(p, s->end);
	if (p == s->end || *p != ':')
		return NULL;
	p = skip_space(p + 1, s->end);
	return p < s->end ? p : NULL;
}

/* p is at a key's opening quote: the first byte of its value, or NULL. */
static inline const char *scan_key(struct rt_scan *s, const char *p, struct rt_json *key)
{
	if (p == s->end || *p != '"')
		return NULL;
	p = scan_string(s, p, key, true);
	if (!p)
		return NULL;
	/* Nearly always nothing stands around the colon. */
	return s->end - p > 1 && *p == ':' && (unsigned char)p[1] > ' ' ? p + 1 : skip_colon(s, p);
}

/* What kind of container each open level is: one bit each, so that nothing recurses. */
struct levels {
	uint64_t bits[MAX_DEPTH / 64 + 1];
	int depth;
};

static void push(struct levels *l, bool object)
{
	uint64_t bit = UINT64_C(1) << (l->depth % 64);

	if (l->depth % 64 == 0)
		l->bits[l->depth / 64] = 0;
	if (object)
		l->bits[l->depth / 64] |= bit;
	else
		l->bits[l->depth / 64] &= ~bit;
	l->depth++;
}

static bool in_object(const struct levels *l)
{
	int top = l->depth - 1;

	return l->bits[top / 64] >> (top % 64) & 1;
}

/*
 * p is at the first byte of a nested container, itself `depth` deep: the byte
 * after it, or NULL.
 */
static const char *skip_container(struct rt_scan *s, const char *p, int depth, bool *veiled)
{
	const char *end = s->end;
	struct levels l;
	struct rt_json inner = { .veiled = false };
	bool first = true;

	l.depth = 0;
	push(&l, *p++ == '{');
	for (;;) {
		p = skip_space(p, end);
		if (p == end)
			return NULL;
		if (*p == (in_object(&l) ? '}' : ']')) {
			p++;
			first = false;
			if (--l.depth == 0)
				return p;
			continue;
		}
		if (!first) {
			if (*p != ',')
				return NULL;
			p = skip_space(p + 1, end);
		}
		if (in_object(&l))
			p = scan_key(s, p, &inner);
		*veiled |= inner.veiled;
		if (!p || p == end || depth + l.depth > MAX_DEPTH - 1)
			return NULL;
		first = *p == '{' || *p == '[';
		if (first)
			push(&l, *p++ == '{');
		else if (!(p = *p == '"' ? scan_string(s, p, &inner, false) :
					   scan_bare(s, p, &inner)))
			return NULL;
		*veiled |= inner.veiled;
	}
}

/* Any other value than a string. */
static const char *scan_other(struct rt_scan *s, const char *p, struct rt_json *v)
{
	const char *start = p;

	if (*p != '{' && *p != '[')
		return scan_bare(s, p, v);
	v->type = *p == '{' ? RT_JSON_OBJECT : RT_JSON_ARRAY;
	v->escaped = v->veiled = false;
	p = skip_container(s, p, 1, &v->veiled);
	if (p)
		v->text = (struct rt_str){ start, (size_t)(p - start) };
	return p;
}

int rt_scan_init(struct rt_scan *s, struct rt_str text)
{
	s->text = text.p;
	s->end = text.p + text.n;
	s->p = skip_space(text.p, s->end);
	s->spaced = s->p != text.p;
	s->first = true;
	if (s->p == s->end || (*s->p != '{' && *s->p != '['))
		return -1;
	s->close = *s->p++ == '{' ? '}' : ']';
	look(s, s->p);
	return 0;
}

/* From behind a value to where the next member begins. 1; 0: there is none; -1: not JSON. */
static int find_member(struct rt_scan *s)
{
	const char *p = skip_space(s->p, s->end), *next;

	s->spaced |= p != s->p;
	if (p == s->end)
		return -1;
	s->p = p++;
	if (*s->p == s->close) {
		s->spaced |= p != s->end;
		return skip_space(p, s->end) == s->end ? 0 : -1;
	}
	if (s->first) {
		s->first = false;
		return 1;
	}
	if (*s->p != ',')
		return -1;
	next = skip_space(p, s->end);
	s->spaced |= next != p;
	s->p = next;
	return next < s->end ? 1 : -1;
}

int rt_scan_next(struct rt_scan *s, struct rt_member *m)
{
	const char *p = s->p;
	int got;

	/* Nearly always the next key follows at once. */
	if (!s->first && s->end - p > 1 && p[0] == ',' && p[1] == '"') {
		p++;
	} else {
		got = find_member(s);
		if (got <= 0)
			return got;
		p = s->p;
	}
	if (s->close == '}')
		p = scan_key(s, p, &m->key);
	else
		m->key.type = RT_JSON_NONE;
	if (p)
		p = *p == '"' ? scan_string(s, p, &m->value, false) : scan_other(s, p, &m->value);
	if (!p)
		return -1;
	s->p = p;
	return 1;
}

bool rt_scan_valid(struct rt_str text)
{
	struct rt_scan s;
	struct rt_member m;
	int got;

	if (rt_scan_init(&s, text) < 0 || s.close != '}')
		return false;
	while ((got = rt_scan_next(&s, &m)) > 0)
		;
	return got == 0;
}

/* Whether a key's meaning is these bytes. */
static bool key_is(const struct rt_json *key, struct rt_str name)
{
	struct rt_buf plain;
	bool same;

	if (!key->escaped)
		return rt_str_eq(key->text, name);
	if (key->text.n < name.n)
		return false;
	rt_buf_init(&plain);
	rt_json_unescape(&plain, key->text);
	same = rt_str_eq(rt_buf_view(&plain), name);
	rt_buf_release(&plain);
	return same;
}

static bool find_key(struct rt_str object, struct rt_str name, struct rt_json *value)
{
	struct rt_scan s;
	struct rt_member m;
	bool found = false;

	if (rt_scan_init(&s, object) < 0 || s.close != '}')
		return false;
	while (rt_scan_next(&s, &m) > 0) {
		if (!key_is(&m.key, name))
			continue;
		*value = m.value;
		found = true;
	}
	return found && value->type != RT_JSON_NULL;
}

bool rt_scan_find(struct rt_str object, struct rt_str path, struct rt_json *value)
{
	struct rt_json found;

	if (find_key(object, path, &found)) {
		*value = found;
		return true;
	}
	for (size_t i = 1; i + 1 < path.n; i++) {
		struct rt_str head = { path.p, i }, rest = { path.p + i + 1, path.n - i - 1 };

		if (path.p[i] == '.' && find_key(object, head, &found) &&
		    found.type == RT_JSON_OBJECT && rt_scan_find(found.text, rest, value))
			return true;
	}
	return false;
}

void rt_json_text(const struct rt_json *v, struct rt_buf *out)
{
	if (v->type == RT_JSON_STRING && v->escaped)
		rt_json_unescape(out, v->text);
	else if (v->type != RT_JSON_NONE)
		rt_buf_addv(out, v->text);
}

struct rt_str rt_json_plain(const struct rt_json *v, struct rt_buf *scratch)
{
	if (!v->escaped)
		return v->text;
	rt_buf_clear(scratch);
	rt_json_text(v, scratch);
	return rt_buf_view(scratch);
}

/* Plain digits, the common case; false for anything else, or more than fit. */
static bool digits_to_int(struct rt_str s, int64_t *number)
{
	bool minus = s.n && s.p[0] == '-';
	int64_t n = 0; /* negative: that side has room for one more */

	if (s.n == (size_t)minus)
		return false;
	for (size_t i = minus; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_sub_overflow(n, s.p[i] - '0', &n))
			return false;
	}
	if (!minus && n == INT64_MIN)
		return false;
	*number = minus ? n : -n;
	return true;
}

bool rt_json_number(const struct rt_json *v, double *number)
{
	int64_t n;

	if (v->type != RT_JSON_INT && v->type != RT_JSON_REAL &&
	    !((v->type == RT_JSON_STRING || v->type == RT_JSON_TEXT) && rt_json_is_number(v->text)))
		return false;
	*number = digits_to_int(v->text, &n) ? (double)n : to_double(v->text);
	return isfinite(*number);
}

bool rt_json_int(const struct rt_json *v, int64_t *number)
{
	int64_t n;
	double d;

	if (v->type == RT_JSON_INT) {
		if (!digits_to_int(v->text, &n))
			return false;
		*number = n;
		return true;
	}
	if (!rt_json_number(v, &d))
		return false;
	if (digits_to_int(v->text, number))
		return true;
	if (d > 9e18 || d < -9e18 || (double)(int64_t)d != d)
		return false;
	*number = (int64_t)d;
	return true;
}

bool rt_json_is_slow(const struct rt_json *v, struct rt_str s)
{
	return key_is(v, s);
}
