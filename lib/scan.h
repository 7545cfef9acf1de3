/*
 * Scanning JSON text without building anything: the members of an object as
 * views into the text. A walk that ends with 0 has validated the whole text,
 * strings and UTF-8 included, and accepts exactly what jansson accepts with
 * JSON_ALLOW_NUL or JSON_ALLOW_NUL|JSON_DECODE_INT_AS_REAL.
 */
#ifndef RT_SCAN_H
#define RT_SCAN_H

#include "buf.h"

#include <stdint.h>

enum rt_json_type {
	RT_JSON_NONE, /* not there */
	RT_JSON_NULL,
	RT_JSON_FALSE,
	RT_JSON_TRUE,
	RT_JSON_INT,
	RT_JSON_REAL,
	RT_JSON_STRING,
	RT_JSON_ARRAY,
	RT_JSON_OBJECT,
	RT_JSON_TEXT, /* a string that is not quoted yet: from a caller, never from a scan */
};

/* One value. Its text is that of the document; of a string, what is between the quotes.
 * Of numbers only the grammar is checked when an integer is too large for 64 bits. */
struct rt_json {
	struct rt_str text;
	enum rt_json_type type;
	bool escaped; /* a string with a backslash in it */
	/* It does not read as it means: an escape of an ordinary character somewhere in it
	   (\u0061, \/), or a NUL that jansson overlooks. */
	bool veiled;
};

/* A value that was made, not scanned; a string as RT_JSON_TEXT, or one without escapes. */
static inline struct rt_json rt_json_of(struct rt_str text, enum rt_json_type type)
{
	struct rt_json v = { text, type, false, false };

	return v;
}

struct rt_member {
	struct rt_json key; /* RT_JSON_STRING; in an array RT_JSON_NONE */
	struct rt_json value;
};

struct rt_scan {
	const char *text, *p, *end;
	char close;          /* '}' or ']' */
	bool first;          /* no member was met yet */
	bool spaced;         /* white space was met, outside of strings */
	const char *at;      /* the 64 bytes that are looked at, */
	uint64_t stops, odd; /* and what they are */
};

/* Begin at an object (or array) that is the whole of `text`, white space aside. -1: it is neither. */
int rt_scan_init(struct rt_scan *s, struct rt_str text);

/* 1: *m holds the next member; 0: the end, all was valid; -1: not JSON. */
int rt_scan_next(struct rt_scan *s, struct rt_member *m);

/* Whether text is one valid JSON object. */
bool rt_scan_valid(struct rt_str text);

/*
 * The value at a dotted path ("metadata.tokens.prompt"; a key that has dots in
 * it is found too, the whole path as one key first) in an object. The last of
 * duplicate keys wins. False when there is none; null counts as none.
 */
bool rt_scan_find(struct rt_str object, struct rt_str path, struct rt_json *value);

/* Append a scalar's text: a string unescaped, numbers and literals as they stand, others raw. */
void rt_json_text(const struct rt_json *v, struct rt_buf *out);

/* The same as a view: in place where it has no escapes, else in scratch, which is emptied. */
struct rt_str rt_json_plain(const struct rt_json *v, struct rt_buf *scratch);

/* A number, or a string that holds one. False for anything else. */
bool rt_json_number(const struct rt_json *v, double *number);
bool rt_json_int(const struct rt_json *v, int64_t *number); /* an integral value in range */

/* A string's value is exactly s. */
bool rt_json_is_slow(const struct rt_json *v, struct rt_str s); /* one with escapes */
static inline bool rt_json_is(const struct rt_json *v, const char *s)
{
	if (v->type != RT_JSON_STRING && v->type != RT_JSON_TEXT)
		return false;
	return v->escaped ? rt_json_is_slow(v, rt_str(s)) : rt_str_is(v->text, s);
}

#endif
