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
 * Fill in the outline of a text up to s->end, if it has one: not when it is no
 * JSON, or has something that takes a look at each byte.
 */
void rt_scan_outline(struct rt_scan *s, const char *text, enum rt_simd simd);

static inline const char *rt_scan_end(const char *origin, unsigned end)
{
	return origin + (end & ~(unsigned)RT_END_ESCAPED);
}

/* Whether something veils in what stands from p up to end, in an outlined text. */
bool rt_scan_is_veiled(const struct rt_scan *s, const char *p, const char *end);

/*
 * The next members of an outlined object, see rt_scan_next_few, as long as
 * neither keys nor values are anything but what nearly all are. How many; 0: the
 * next one takes the longer way, or there is none.
 */
int rt_scan_plain(struct rt_scan *s, const struct rt_scan_keys *keys, struct rt_member *m,
		  int most);

/* What a number's text means; infinite when it is too large. */
double rt_json_double(struct rt_str s);

#endif
