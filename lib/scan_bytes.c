/* The bytes of JSON strings, numbers and words, one after the other. See scan_walk.h. */
#include "scan_walk.h"
#include "text.h"

#include <math.h>

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* 0x80 for each byte that is less than `limit`, which is at most 0x80. */
static inline uint64_t below(uint64_t w, uint64_t limit)
{
	return ~(((w & EACH(0x7f)) + EACH(0x80 - limit)) | w) & EACH(0x80);
}

/* From p on the first quote, backslash, control character or byte past ASCII. */
static const char *skip_plain(const char *p, const char *end)
{
	for (; end - p >= 8; p += 8) {
		uint64_t w = rt_load64(p);
		uint64_t stops = below(w, 0x20) | below(w ^ EACH('"'), 1) |
				 below(w ^ EACH('\\'), 1) | (w & EACH(0x80));

		if (stops)
			return p + __builtin_ctzll(stops) / 8;
	}
	while (p < end && (unsigned char)*p >= ' ' && (unsigned char)*p < 0x80 && *p != '"' &&
	       *p != '\\')
		p++;
	return p;
}

int rt_scan_hex4(const char *p)
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
	if (end - p < 6 || (u = rt_scan_hex4(p + 2)) < 0 || (u == 0 && key))
		return NULL;
	v->veiled = true;
	if (u < 0xd800 || u > 0xdfff)
		return p + 6;
	if (u > 0xdbff || end - p < 12 || p[6] != '\\' || p[7] != 'u')
		return NULL;
	u = rt_scan_hex4(p + 8);
	return u >= 0xdc00 && u <= 0xdfff ? p + 12 : NULL;
}

/* The closing quote of the string v, of which nothing odd stands before p; or NULL. */
static const char *scan_odd_string(const char *p, const char *end, struct rt_json *v, bool key)
{
	const char *wide = NULL;

	while (p < end && *p != '"') {
		if ((unsigned char)*p >= 0x80) {
			wide = wide ? wide : p;
			p++;
		} else if (*p != '\\' || !(p = skip_escape(p, end, v, key))) {
			return NULL;
		}
		p = skip_plain(p, end);
	}
	if (p == end)
		return NULL;
	return !wide || rt_utf8_valid((struct rt_str){ wide, (size_t)(p - wide) }) ? p : NULL;
}

const char *rt_scan_string(const char *p, const char *end, struct rt_json *v, bool key)
{
	p = skip_plain(p, end);
	return p < end && *p == '"' ? p : scan_odd_string(p, end, v, key);
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* Only a long number or one with an exponent can be too large for a double. */
static bool overflows(struct rt_str s, bool exponent)
{
	return (exponent || s.n > 300) && isinf(rt_json_double(s));
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

const char *rt_scan_bare(const char *p, const char *end, enum rt_json_type *type)
{
	switch (*p) {
	case 't':
		*type = RT_JSON_TRUE;
		return scan_literal(p, end, "true");
	case 'f':
		*type = RT_JSON_FALSE;
		return scan_literal(p, end, "false");
	case 'n':
		*type = RT_JSON_NULL;
		return scan_literal(p, end, "null");
	default:
		return scan_number(p, end, type);
	}
}
