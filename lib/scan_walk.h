/* What the parts of the scanner share. For scan*.c and json.c only. */
#ifndef RT_SCAN_WALK_H
#define RT_SCAN_WALK_H

#include "scan.h"

static inline const char *rt_scan_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* p is behind a string's opening quote: the closing one, or NULL. Nothing in a key may be a NUL. */
const char *rt_scan_string(const char *p, const char *end, struct rt_json *v, bool key);

/* A number or a word at p: the byte behind it, or NULL. */
const char *rt_scan_bare(const char *p, const char *end, enum rt_json_type *type);

/* The four digits of \uXXXX, or -1. */
int rt_scan_hex4(const char *p);

/*
 * Fill in the outline of s->text. False: it has none, since it is no JSON, or
 * has something that takes a look at each byte: then s->outlined is not to be set.
 */
bool rt_scan_outline(struct rt_scan *s, enum rt_simd simd);

/* Whether something veils from `from` up to `to`, in an outlined text. */
bool rt_scan_is_veiled(const struct rt_scan *s, size_t from, size_t to);

/*
 * The next members of an outlined object, see rt_scan_next_few, as long as
 * neither keys nor values are anything but what nearly all are. How many; 0: the
 * next one takes the longer way, or there is none.
 */
int rt_scan_plain(struct rt_scan *s, const struct rt_scan_keys keys[2], struct rt_member *m,
		  int most);

/* What a number's text means; infinite when it is too large. */
double rt_json_double(struct rt_str s);

#endif
