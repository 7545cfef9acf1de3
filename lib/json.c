/* What JSON values mean: texts and numbers. */
#include "scan_walk.h"
#include "text.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/*
 * "-12.345", with at most 15 digits: number and power of ten are exact then, and
 * the quotient is rounded once (Clinger, "How to Read Floating Point Numbers
 * Accurately", 1990).
 */
static bool short_decimal(struct rt_str s, struct rt_number *number)
{
	static const double ten[] = { 1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
				      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
	bool minus = s.n && s.p[0] == '-';
	size_t point = s.n, digits;
	int64_t n = 0;

	if (s.n > 17 || FLT_EVAL_METHOD != 0)
		return false;
	for (size_t i = minus; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';

		if (digit <= 9)
			n = n * 10 + digit;
		else if (s.p[i] == '.' && point == s.n)
			point = i + 1;
		else
			return false;
	}
	digits = s.n - minus - (point < s.n);
	if (digits == 0 || digits > 15)
		return false;
	number->is_whole = point == s.n;
	number->whole = minus ? -n : n;
	number->real = (double)number->whole / ten[s.n - point];
	if (n == 0 && minus && !number->is_whole)
		number->real = -0.0;
	return true;
}

double rt_json_double(struct rt_str s)
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
	uint64_t n = 0, limit = (uint64_t)INT64_MAX + minus;

	if (s.n == (size_t)minus || s.n > 20)
		return false;
	for (size_t i = minus; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';

		/* 19 digits fit into 64 bits; the 20th may be one of "-" and 19 */
		if (digit > 9 || n > UINT64_MAX / 10 - 1)
			return false;
		n = n * 10 + digit;
	}
	if (n > limit)
		return false;
	*number = minus ? (int64_t)(0 - n) : (int64_t)n;
	return true;
}

/* A text that holds a number, escapes and all. */
static bool number_in_text(const struct rt_json *v, struct rt_number *number)
{
	struct rt_buf plain;
	struct rt_json text;
	bool good;

	rt_buf_init(&plain);
	text = rt_json_of(rt_json_plain(v, &plain), RT_JSON_REAL);
	good = rt_json_is_number(text.text) && rt_json_exact(&text, number);
	rt_buf_release(&plain);
	return good;
}

bool rt_json_exact(const struct rt_json *v, struct rt_number *number)
{
	if (v->type == RT_JSON_STRING || v->type == RT_JSON_TEXT)
		return number_in_text(v, number);
	if (v->type != RT_JSON_INT && v->type != RT_JSON_REAL)
		return false;
	if (!short_decimal(v->text, number)) {
		number->is_whole = digits_to_int(v->text, &number->whole);
		number->real = number->is_whole ? (double)number->whole : rt_json_double(v->text);
	}
	/* 1e2, 3.0; an integer that is too large for 64 bits is none. */
	if (!number->is_whole && v->type != RT_JSON_INT && number->real <= 9e18 &&
	    number->real >= -9e18 && (double)(int64_t)number->real == number->real) {
		number->whole = (int64_t)number->real;
		number->is_whole = true;
	}
	return isfinite(number->real);
}

bool rt_json_number(const struct rt_json *v, double *number)
{
	struct rt_number n;

	if (!rt_json_exact(v, &n))
		return false;
	*number = n.real;
	return true;
}

bool rt_json_int(const struct rt_json *v, int64_t *number)
{
	struct rt_number n;

	if (v->type == RT_JSON_INT)
		return digits_to_int(v->text, number);
	if (!rt_json_exact(v, &n) || !n.is_whole)
		return false;
	*number = n.whole;
	return true;
}

bool rt_json_is_slow(const struct rt_json *key, struct rt_str name)
{
	const char *slash;
	struct rt_buf plain;
	bool same;

	if (!key->escaped)
		return rt_str_eq(key->text, name);
	if (key->text.n < name.n)
		return false;
	/* mostly it is another one before the first escape already */
	slash = memchr(key->text.p, '\\', name.n);
	if (!rt_same_bytes(key->text.p, name.p, slash ? (size_t)(slash - key->text.p) : name.n))
		return false;
	rt_buf_init(&plain);
	rt_json_unescape(&plain, key->text);
	same = rt_str_eq(rt_buf_view(&plain), name);
	rt_buf_release(&plain);
	return same;
}
