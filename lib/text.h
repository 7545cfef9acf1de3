/* UTF-8 and JSON strings: checking, quoting, unquoting. */
#ifndef RT_TEXT_H
#define RT_TEXT_H

#include "buf.h"

#include <stdint.h>

/*
 * Decode one character at s (n > 0 bytes). Returns its length, and the code
 * point in *cp; 0 when the bytes are not valid UTF-8 (overlong forms,
 * surrogates and what is past U+10FFFF are not: RFC 3629).
 */
size_t rt_utf8_decode(const char *s, size_t n, uint32_t *cp);

bool rt_utf8_valid(struct rt_str s);

/* Encode a code point below 0x110000; returns the number of bytes, 1 to 4. */
size_t rt_utf8_encode(uint32_t cp, char out[4]);

/* The longest prefix of s that has at most `max` bytes and cuts no character. */
size_t rt_utf8_cut(struct rt_str s, size_t max);

/*
 * Append s as the inside of a JSON string, without the quotes. Control
 * characters are escaped; a byte that is not UTF-8 becomes U+FFFD, so that what
 * is written is always valid.
 */
void rt_json_escape(struct rt_buf *b, struct rt_str s);

/* The same with the quotes. */
void rt_json_quote(struct rt_buf *b, struct rt_str s);

/*
 * Copy what of a JSON string's inside stands before the next backslash, and
 * return how much that is; RT_COPY_SLACK bytes behind it may be written too.
 */
#define RT_COPY_SLACK 8
size_t rt_copy_unescaped(char *to, const char *p, const char *end);

/* Append what a valid JSON string's inside means; \u0000 becomes a NUL byte. */
void rt_json_unescape(struct rt_buf *b, struct rt_str raw);

/* Whether s is a JSON number as the grammar has it ("-1.5e3", not "01" or "1."). */
bool rt_json_is_number(struct rt_str s);

/* A size for people: "78.7 KB". */
void rt_bytes_format(char out[32], int64_t n);

#endif
