/*
 * Finding where a short text may stand in a large one, as fast as memory is
 * read: two of its bytes are looked for at once, at their distance (Wojciech
 * Mula, "SIMD-friendly algorithms for substring searching", 2016). Bytes can be
 * left open, and letters of either case.
 */
#ifndef RT_NEEDLE_H
#define RT_NEEDLE_H

#include "buf.h"
#include "simd.h"

#define RT_NEEDLE_MAX 32

/* A byte b fits at place i when (b | open[i]) == want[i]. */
struct rt_needle {
	unsigned char want[RT_NEEDLE_MAX], open[RT_NEEDLE_MAX];
	size_t n;
	size_t rare[2];    /* the places whose bytes are looked for, the first before the second */
	enum rt_simd simd; /* how: rt_simd_best() when it was made */
};

/* This text, of which at most RT_NEEDLE_MAX bytes count; it is not empty. */
void rt_needle_exact(struct rt_needle *needle, struct rt_str text);

/* The same, letters in either case and any byte where one of "_.:-" stands. */
void rt_needle_loose(struct rt_needle *needle, struct rt_str text);

/* Where it first stands in [p, end), or NULL. */
const char *rt_needle_find(const struct rt_needle *needle, const char *p, const char *end);

#endif
