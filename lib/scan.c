/*
 * A validating JSON scanner that builds nothing. See scan.h for what it
 * accepts: the limits (depth, numbers that overflow, NUL in keys) are jansson's,
 * so that a line is an event here exactly when it is JSON there.
 */
#include "scan.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* jansson's JSON_PARSER_MAX_DEPTH: every value counts, the outermost is 1. */
#define MAX_DEPTH 2048

static inline const char *skip_space(const char *p, const char *end)
{
	if (p < end && (unsigned char)*p > ' ')
		return p;
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/*
 * The first quote, backslash or control character from p on. *wide is set when
 * there is a byte past ASCII before it (or soon after: a hint, never missed).
 */
static inline const char *plain_end(const char *p, const char *end, bool *wide)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i control = _mm_set1_epi8(0x1f);

	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i stop = _mm_or_si128(_mm_cmpeq_epi8(_mm_max_epu8(v, control), control),
					    _mm_or_si128(_mm_cmpeq_epi8(v, quote),
							 _mm_cmpeq_epi8(v, slash)));
		int mask = _mm_movemask_epi8(stop);

		*wide |= _mm_movemask_epi8(v) != 0;
		if (mask)
			return p + __builtin_ctz((unsigned)mask);
	}
#endif
	for (; p < end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\'; p++)
		*wide |= (unsigned char)*p >= 0x80;
	return p;
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

/* What was met in a string. */
struct found {
	bool escaped, veiled, nul;
};

/* p is at a backslash: the byte after the escape, or NULL. */
static const char *skip_escape(const char *p, const char *end, struct found *f)
{
	int u;

	if (end - p < 2)
		return NULL;
	f->escaped = true;
	switch (p[1]) {
	case '/':
		f->veiled = true;
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
	if (end - p < 6 || (u = hex4(p + 2)) < 0)
		return NULL;
	f->veiled = true;
	f->nul |= u == 0;
	if (u < 0xd800 || u > 0xdfff)
		return p + 6;
	if (u > 0xdbff || end - p < 12 || p[6] != '\\' || p[7] != 'u')
		return NULL;
	u = hex4(p + 8);
	return u >= 0xdc00 && u <= 0xdfff ? p + 12 : NULL;
}

/* p is behind the opening quote: the closing one, or NULL. */
static const char *scan_string(const char *p, const char *end, struct found *f)
{
	const char *start = p;
	bool wide = false;

	for (;;) {
		p = plain_end(p, end, &wide);
		if (p == end)
			return NULL;
		if (*p == '"')
			break;
		if (*p != '\\')
			return NULL; /* a control character */
		p = skip_escape(p, end, f);
		if (!p)
			return NULL;
	}
	return !wide || rt_utf8_valid((struct rt_str){ start, (size_t)(p - start) }) ? p : NULL;
}

/* The same for the common case of a short string of plain ASCII, seen at one look. */
static inline const char *scan_short_string(const char *p, const char *end, struct found *f)
{
#ifdef __SSE2__
	if (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
		/* Anything that needs a closer look: escapes, control characters, past ASCII. */
		__m128i odd = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')),
					   _mm_cmpgt_epi8(_mm_set1_epi8(0x20), v));
		unsigned ends = (unsigned)_mm_movemask_epi8(quote);
		unsigned odds = (unsigned)_mm_movemask_epi8(odd);

		if (ends && !(odds & (ends ^ (ends - 1))))
			return p + __builtin_ctz(ends);
	}
#endif
	return scan_string(p, end, f);
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static double to_double(struct rt_str s)
{
	char small[64], *copy = small, *big = NULL;
	double d;

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

/* A value that is no container. */
static inline const char *scan_scalar(const char *p, const char *end, struct rt_json *v)
{
	struct found f = { false, false, false };
	const char *start = p;

	v->escaped = v->veiled = false;
	switch (*p) {
	case '"':
		v->type = RT_JSON_STRING;
		start++;
		p = scan_short_string(start, end, &f);
		if (!p)
			return NULL;
		v->escaped = f.escaped;
		v->veiled = f.veiled;
		v->text = (struct rt_str){ start, (size_t)(p - start) };
		return p + 1;
	case 't':
		v->type = RT_JSON_TRUE;
		p = scan_literal(p, end, "true");
		break;
	case 'f':
		v->type = RT_JSON_FALSE;
		p = scan_literal(p, end, "false");
		break;
	case 'n':
		v->type = RT_JSON_NULL;
		p = scan_literal(p, end, "null");
		break;
	default:
		p = scan_number(p, end, &v->type);
	}
	if (!p)
		return NULL;
	v->text = (struct rt_str){ start, (size_t)(p - start) };
	/* jansson takes back the byte behind a number or a word, and loses it when it is a NUL */
	return p < end && *p == '\0' ? p + 1 : p;
}

/* p is at a key's opening quote: the first byte of its value, or NULL. */
static inline const char *scan_key(const char *p, const char *end, struct rt_json *key)
{
	struct found f = { false, false, false };

	if (p == end || *p != '"')
		return NULL;
	key->type = RT_JSON_STRING;
	key->text.p = ++p;
	p = scan_short_string(p, end, &f);
	if (!p || f.nul)
		return NULL;
	key->escaped = f.escaped;
	key->veiled = f.veiled;
	key->text.n = (size_t)(p - key->text.p);
	/* Nearly always nothing stands around the colon. */
	if (end - p > 2 && p[1] == ':' && (unsigned char)p[2] > ' ')
		return p + 2;
	p = skip_space(p + 1, end);
	if (p == end || *p != ':')
		return NULL;
	p = skip_space(p + 1, end);
	return p < end ? p : NULL;
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
static const char *skip_container(const char *p, const char *end, int depth, bool *veiled)
{
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
			p = scan_key(p, end, &inner);
		*veiled |= inner.veiled;
		if (!p || p == end || depth + l.depth > MAX_DEPTH - 1)
			return NULL;
		first = *p == '{' || *p == '[';
		if (first)
			push(&l, *p++ == '{');
		else if (!(p = scan_scalar(p, end, &inner)))
			return NULL;
		*veiled |= inner.veiled;
	}
}

static inline const char *scan_value(const char *p, const char *end, struct rt_json *v)
{
	const char *start = p;

	if (*p != '{' && *p != '[')
		return scan_scalar(p, end, v);
	v->type = *p == '{' ? RT_JSON_OBJECT : RT_JSON_ARRAY;
	v->escaped = v->veiled = false;
	p = skip_container(p, end, 1, &v->veiled);
	if (p)
		v->text = (struct rt_str){ start, (size_t)(p - start) };
	return p;
}

int rt_scan_init(struct rt_scan *s, struct rt_str text)
{
	s->end = text.p + text.n;
	s->p = skip_space(text.p, s->end);
	s->first = true;
	if (s->p == s->end || (*s->p != '{' && *s->p != '['))
		return -1;
	s->close = *s->p++ == '{' ? '}' : ']';
	return 0;
}

int rt_scan_next(struct rt_scan *s, struct rt_member *m)
{
	const char *p = skip_space(s->p, s->end);

	if (p == s->end)
		return -1;
	if (*p == s->close) {
		s->p = p;
		return skip_space(p + 1, s->end) == s->end ? 0 : -1;
	}
	if (!s->first) {
		if (*p != ',')
			return -1;
		p = skip_space(p + 1, s->end);
	}
	s->first = false;
	if (s->close == '}')
		p = scan_key(p, s->end, &m->key);
	else
		m->key.type = RT_JSON_NONE;
	if (!p || p == s->end)
		return -1;
	s->p = scan_value(p, s->end, &m->value);
	return s->p ? 1 : -1;
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
