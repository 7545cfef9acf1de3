/*
 * Likeness of errors and warnings: two that differ only in numbers, hexadecimal
 * values, UUIDs and quoted strings are the same one happening again.
 */
#include "summary_model.h"

#define WORD 256 /* a longer word is folded in pieces */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_word(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* 8-4-4-4-12 hexadecimal digits (RFC 9562). */
static bool is_uuid(const char *p, size_t n)
{
	if (n < 36 || p[8] != '-' || (n > 36 && is_word(p[36])))
		return false;
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? p[i] != '-' : !is_hex(p[i]))
			return false;
	}
	return true;
}

/* A word of hexadecimal digits that stands for a number: 0x..., or 8 and more, a digit in them. */
static bool is_hex_word(const char *p, size_t n)
{
	bool digit = false;
	size_t i = 0;

	if (n > 2 && p[0] == '0' && (p[1] | 0x20) == 'x')
		return true;
	for (i = 0; i < n && is_hex(p[i]); i++)
		digit |= is_digit(p[i]);
	return i == n && n >= 8 && digit;
}

/* The length of the quoted string at p with its quotes, 0 when it is none. */
static size_t quoted(const char *p, size_t n)
{
	size_t max = n < 512 ? n : 512;

	for (size_t i = 1; i < max && p[i] != '\n'; i++) {
		if (p[i] == '\\')
			i++;
		else if (p[i] == p[0] && !(i + 1 < n && is_word(p[i + 1])))
			return i + 1;
	}
	return 0;
}

/* A word, its numbers folded: "step3" to "step#", "1.5s" to "#s". Returns its length. */
static size_t fold_word(struct rt_buf *out, const char *p, size_t n)
{
	size_t end = 0, i;
	bool digit = false;

	while (end < n && end < WORD && is_word(p[end]))
		digit |= is_digit(p[end++]);
	if (!digit) {
		rt_buf_add(out, p, end);
		return end;
	}
	if (is_hex_word(p, end)) {
		rt_buf_addc(out, '#');
		return end;
	}
	for (i = 0; i < end; i++) {
		if (!is_digit(p[i])) {
			rt_buf_addc(out, p[i]);
			continue;
		}
		rt_buf_addc(out, '#');
		while (i + 1 < n &&
		       (is_digit(p[i + 1]) || (p[i + 1] == '.' && i + 2 < n && is_digit(p[i + 2]))))
			i++;
		if (i >= end)
			return i + 1;
	}
	return end;
}

void rt_sum_fold(struct rt_buf *out, struct rt_str text, size_t most)
{
	const char *p = text.p, *end = text.p + text.n;

	while (p < end && out->len < most) {
		size_t left = (size_t)(end - p), n;

		if (is_uuid(p, left)) {
			rt_buf_addc(out, '#');
			p += 36;
		} else if (is_word(*p)) {
			p += fold_word(out, p, left);
		} else if ((*p == '"' || *p == '\'' || *p == '`') && (n = quoted(p, left))) {
			rt_buf_adds(out, "\"#\"");
			p += n;
		} else if (is_space(*p)) {
			rt_buf_addc(out, ' ');
			while (p < end && is_space(*p))
				p++;
		} else {
			rt_buf_addc(out, *p++);
		}
	}
}
