/*
 * Scanning JSON text without building anything: the members of an object as
 * views into the text. A walk that ends with 0 has validated the whole text,
 * strings and UTF-8 included, and accepts exactly what jansson accepts with
 * JSON_ALLOW_NUL or JSON_ALLOW_NUL|JSON_DECODE_INT_AS_REAL.
 */
#ifndef RT_SCAN_H
#define RT_SCAN_H

#include "buf.h"
#include "simd.h"

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
	/* From rt_scan_next_few: */
	bool within; /* it is no member itself, but one of the object that follows */
	bool listed; /* an object whose own members stand before it */
};

#define RT_OUTLINE_MAX 4096 /* bytes: longer texts have no outline, */
#define RT_ENDS_MAX 512     /* nor those with more strings */
#define RT_ENDS_SPARE 36    /* which the outline may write before it stops */

/*
 * Where strings end: how far from where the outlined text begins, and this bit
 * when there is a backslash in the string.
 */
#define RT_END_ESCAPED 0x8000

struct rt_scan {
	const char *p, *end;
	const char *limit; /* up to here there are bytes, of other lines perhaps */
	char close;        /* '}' or ']' */
	bool first;        /* no member was met yet */
	bool spaced;       /* white space was met, outside of values */
	/* What follows is filled in, and all strings are valid. */
	bool outlined;
	bool veiled;           /* there may be something that does */
	const char *origin;    /* where the outlined text begins, with other lines perhaps */
	const uint16_t *ends;  /* those of strings that were not met yet */
	const uint64_t *veils; /* a bit for each byte */
	uint16_t own_ends[RT_ENDS_MAX + RT_ENDS_SPARE];
	uint64_t own_veils[RT_OUTLINE_MAX / 64];
};

/* Begin at an object (or array) that is the whole of `text`, white space aside. -1: it is neither. */
int rt_scan_init(struct rt_scan *s, struct rt_str text);

/* The same with the vector instructions of rt_simd_best(), which take less time. */
int rt_scan_init_with(struct rt_scan *s, struct rt_str text, enum rt_simd simd);

#define RT_LINES_BYTES (8 << 10) /* of lines that are outlined together */
#define RT_LINES_MAX 1024        /* of these, give or take a few */

/* Lines that are outlined together, which takes less time than one by one. */
struct rt_lines {
	enum rt_simd simd;
	const char *text, *line; /* where the first begins, and the one handed out last */
	const char *limit;       /* what there is ends here */
	size_t next, n;
	struct rt_line {
		uint16_t begin;
		uint16_t ends;   /* how many strings end before */
		bool amiss;      /* it has to be looked at byte by byte */
	} at[RT_LINES_MAX + 65]; /* and where the one behind the last would begin */
	bool veiled;
	uint64_t veils[RT_LINES_BYTES / 64];
	uint16_t ends[RT_LINES_BYTES / 2 + RT_ENDS_SPARE];
};

void rt_lines_init(struct rt_lines *l, enum rt_simd simd);

/*
 * Outline the lines at the start of text: as many as there is room for, up to one
 * with a control character in a string, which may be that which ends it.
 */
void rt_lines_outline(struct rt_lines *l, struct rt_str text);

/* The next of these, without its newline; false when there is none left. */
static inline bool rt_lines_next(struct rt_lines *l, struct rt_str *line)
{
	const struct rt_line *at = &l->at[l->next];

	if (l->next == l->n) {
		l->line = NULL;
		return false;
	}
	l->next++;
	l->line = l->text + at->begin;
	*line = (struct rt_str){ l->line, at[1].begin - at->begin - 1u };
	return true;
}

/* As rt_scan_init_with, quicker when lines, which may be NULL, handed it out last. */
int rt_scan_init_line(struct rt_scan *s, struct rt_str line, enum rt_simd simd,
		      const struct rt_lines *lines);

/* 1: *m holds the next member; 0: the end, all was valid; -1: not JSON. */
int rt_scan_next(struct rt_scan *s, struct rt_member *m);

/* A set of keys, by length and first byte: others may seem to be in it. */
struct rt_scan_keys {
	bool has[256];
};

void rt_scan_keys_init(struct rt_scan_keys *k);
void rt_scan_keys_add(struct rt_scan_keys *k, struct rt_str key);

/* Whether the key, behind which there is a quote, may be in the set. */
static inline bool rt_scan_keys_may_have(const struct rt_scan_keys *k, const char *key, size_t n)
{
	return k->has[(uint8_t)(n * 32 + (uint8_t)key[0])];
}

/*
 * At most so many of the next members, in the order of the text; those with keys
 * that are not in keys[0] may be left out, which takes less time. Before an
 * object that is `listed` stand all its own members that have keys of keys[1].
 * How many; 0 and -1 as above.
 */
int rt_scan_next_few(struct rt_scan *s, const struct rt_scan_keys keys[2], struct rt_member *m,
		     int most);

/* Whether no member is left, as is certain already; else the next call says. */
static inline bool rt_scan_is_over(const struct rt_scan *s)
{
	/* The brace that ends an outlined text: all of it was seen. */
	return s->outlined && !s->first && s->end - s->p == 1 && *s->p == s->close;
}

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

/* A number, or a string that holds one, with escapes or not. False for anything else. */
bool rt_json_number(const struct rt_json *v, double *number);
bool rt_json_int(const struct rt_json *v, int64_t *number); /* an integral value in range */

/* What a number means; `whole` where it is integral and in range. */
struct rt_number {
	double real;
	int64_t whole;
	bool is_whole;
};

/* As rt_json_number and rt_json_int at once. */
bool rt_json_exact(const struct rt_json *v, struct rt_number *number);

/* Less than, equal to, or greater than 0; integers exactly, which doubles are not past 2^53. */
static inline int rt_number_compare(const struct rt_number *a, const struct rt_number *b)
{
	if (a->is_whole && b->is_whole)
		return (a->whole > b->whole) - (a->whole < b->whole);
	return (a->real > b->real) - (a->real < b->real);
}

/* A string's value is exactly s. */
bool rt_json_is_slow(const struct rt_json *v, struct rt_str s); /* one with escapes */
static inline bool rt_json_is(const struct rt_json *v, const char *s)
{
	if (v->type != RT_JSON_STRING && v->type != RT_JSON_TEXT)
		return false;
	return v->escaped ? rt_json_is_slow(v, rt_str(s)) : rt_str_is(v->text, s);
}

#endif
