/*
 * UTF-8 and JSON strings. See text.h.
 *
 * Quoting is in the path of every event that is written, and nearly all text
 * needs none: bytes that stand for themselves are found eight at a time and
 * copied in runs.
 */
#include "text.h"

#include <inttypes.h>
#include <stdio.h>

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* How many bytes stand before the first one whose bit 7 is set in w, which is not 0. */
static size_t bytes_before(uint64_t w)
{
	return (size_t)__builtin_ctzll(w) / 8;
}

/* Bit 7 of each byte that is zero, and perhaps of some above it (Hacker's Delight, 6-1). */
static uint64_t zeros(uint64_t w)
{
	return (w - EACH(0x01)) & ~w & EACH(0x80);
}

static bool has_zero(uint64_t w)
{
	return zeros(w) != 0;
}

/* Whether all eight bytes stand for themselves in a JSON string and are ASCII. */
static bool plain_word(uint64_t w)
{
	uint64_t control = (w - EACH(0x20)) & ~w;

	return ((w | control) & EACH(0x80)) == 0 && !has_zero(w ^ EACH('"')) &&
	       !has_zero(w ^ EACH('\\'));
}

static bool plain_byte(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t rt_utf8_decode(const char *s, size_t n, uint32_t *cp)
{
	const unsigned char *u = (const unsigned char *)s;
	/* by length: the smallest character that needs it (RFC 3629, section 3) */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = u[0];
	size_t len, i;

	if (c < 0x80) {
		*cp = c;
		return 1;
	}
	len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (c < 0xc2 || c > 0xf4 || len > n)
		return 0;
	c &= 0x7fu >> len;
	for (i = 1; i < len; i++) {
		if (!continues(s[i]))
			return 0;
		c = c << 6 | (u[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*cp = c;
	return len;
}

/* The length of the character at p, which is past ASCII; 0: it is none. */
static size_t wide_length(const char *p, const char *end)
{
	uint32_t cp;

	/* Two and three bytes without their rare exceptions: most of what is written. */
	if (end - p >= 3 && (unsigned char)*p > 0xe0 && (unsigned char)*p < 0xed &&
	    continues(p[1]) && continues(p[2]))
		return 3;
	if (end - p >= 2 && (unsigned char)*p >= 0xc2 && (unsigned char)*p < 0xe0 &&
	    continues(p[1]))
		return 2;
	return rt_utf8_decode(p, (size_t)(end - p), &cp);
}

/* The first byte from p on that is past ASCII, or the end. */
static const char *skip_ascii(const char *p, const char *end)
{
	uint64_t wide;

	for (; end - p >= 8; p += 8) {
		wide = rt_load64(p) & EACH(0x80);
		if (wide)
			return p + bytes_before(wide);
	}
	while (p < end && (unsigned char)*p < 0x80)
		p++;
	return p;
}

bool rt_utf8_valid(struct rt_str s)
{
	const char *p = s.p, *end = s.p + s.n;
	size_t n;

	while ((p = skip_ascii(p, end)) < end) {
		n = wide_length(p, end);
		if (!n)
			return false;
		p += n;
	}
	return true;
}

size_t rt_utf8_encode(uint32_t cp, char out[4])
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

size_t rt_utf8_cut(struct rt_str s, size_t max)
{
	uint32_t cp;
	size_t back;

	if (s.n <= max)
		return s.n;
	if (!continues(s.p[max]))
		return max;
	for (back = 1; back <= 3 && back <= max; back++) {
		if (continues(s.p[max - back]))
			continue;
		if (rt_utf8_decode(s.p + max - back, s.n - (max - back), &cp) > back)
			return max - back;
		break;
	}
	return max; /* bytes that belong to no character */
}

/* How many bytes from p on are copied as they are: plain ASCII and whole characters. */
static size_t plain_span(const char *p, const char *end)
{
	const char *start = p;
	uint32_t cp;
	size_t n;

	for (;;) {
		while (end - p >= 8 && plain_word(rt_load64(p)))
			p += 8;
		while (p < end && plain_byte((unsigned char)*p))
			p++;
		if (p == end || (unsigned char)*p < 0x80)
			break;
		n = rt_utf8_decode(p, (size_t)(end - p), &cp);
		if (!n)
			break;
		p += n;
	}
	return (size_t)(p - start);
}

static void escape_byte(struct rt_buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	/* for \b to \r; there is no short form of \v */
	static const char letters[] = "btnufr";
	char text[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	if (c >= 0x80) {
		rt_buf_add(b, "\xef\xbf\xbd", 3);
	} else if (c == '"' || c == '\\') {
		text[1] = (char)c;
		rt_buf_add(b, text, 2);
	} else if (c >= '\b' && c <= '\r' && c != '\v') {
		text[1] = letters[c - '\b'];
		rt_buf_add(b, text, 2);
	} else {
		rt_buf_add(b, text, 6);
	}
}

void rt_json_escape(struct rt_buf *b, struct rt_str s)
{
	const char *p = s.p, *end = s.p + s.n;

	while (p < end) {
		size_t n = plain_span(p, end);

		rt_buf_add(b, p, n);
		p += n;
		if (p < end)
			escape_byte(b, (unsigned char)*p++);
	}
}

void rt_json_quote(struct rt_buf *b, struct rt_str s)
{
	/* all the room that text without escapes takes, in one step */
	if (!rt_buf_reserve(b, s.n + 2))
		return;
	rt_buf_addc(b, '"');
	rt_json_escape(b, s);
	rt_buf_addc(b, '"');
}

/* The four hexadecimal digits at p; 0x110000, which is no character, when they are not. */
static uint32_t hex4(const char *p, const char *end)
{
	uint32_t v = 0;
	int i;

	if (end - p < 4)
		return 0x110000;
	for (i = 0; i < 4; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return 0x110000;
	}
	return v;
}

/* The character of a \u escape whose digits start at *p, which moves behind it. */
static uint32_t unescape_unicode(const char **p, const char *end)
{
	uint32_t hi = hex4(*p, end), lo;

	*p += end - *p < 4 ? end - *p : 4;
	if (hi < 0xd800 || (hi >= 0xe000 && hi < 0x110000))
		return hi;
	if (hi < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
		lo = hex4(*p + 2, end);
		if (lo >= 0xdc00 && lo < 0xe000) {
			*p += 6;
			return 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
		}
	}
	return 0xfffd; /* half a pair: no valid JSON has it */
}

static char unescape_letter(char c)
{
	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	}
	return c;
}

size_t rt_copy_unescaped(char *to, const char *p, const char *end)
{
	const char *start = p;

	while (end - p >= 8) {
		uint64_t slashes = zeros(rt_load64(p) ^ EACH('\\'));

		memcpy(to, p, 8);
		if (slashes)
			return (size_t)(p - start) + bytes_before(slashes);
		p += 8;
		to += 8;
	}
	while (p < end && *p != '\\')
		*to++ = *p++;
	return (size_t)(p - start);
}

void rt_json_unescape(struct rt_buf *b, struct rt_str raw)
{
	const char *p = raw.p, *end = raw.p + raw.n;
	char *to;

	/* what an escape means is never longer than the escape */
	if (raw.n == 0 || !rt_buf_reserve(b, raw.n + RT_COPY_SLACK))
		return;
	to = b->s + b->len;
	while (p < end) {
		size_t n = rt_copy_unescaped(to, p, end);

		to += n;
		p += n;
		if (end - p < 2) /* the end, or a lone backslash, which no valid JSON has */
			break;
		p += 2;
		if (p[-1] == 'u')
			to += rt_utf8_encode(unescape_unicode(&p, end), to);
		else
			*to++ = unescape_letter(p[-1]);
	}
	b->len = (size_t)(to - b->s);
	b->s[b->len] = '\0';
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

bool rt_json_is_number(struct rt_str s)
{
	const char *p = s.p, *end = s.p + s.n, *digits;

	if (p < end && *p == '-')
		p++;
	digits = p;
	p = skip_digits(p, end);
	if (p == digits || (*digits == '0' && p > digits + 1))
		return false;
	if (p < end && *p == '.') {
		digits = ++p;
		p = skip_digits(p, end);
		if (p == digits)
			return false;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		digits = p;
		p = skip_digits(p, end);
		if (p == digits)
			return false;
	}
	return p == end;
}

void rt_bytes_format(char out[32], int64_t n)
{
	static const char units[] = "KMGTPE";
	double size = (double)n / 1024;
	int unit = 0;

	if (n < 1024) {
		snprintf(out, 32, "%" PRId64 " B", n);
		return;
	}
	/* What would be shown as 1024.0 is 1.0 of the next unit. */
	for (; size >= 1023.95; unit++)
		size /= 1024;
	snprintf(out, 32, "%.1f %cB", size, units[unit]);
}
