/*
 * The set of secrets behind redact.h; for redact.c, which fills it, and
 * redact_mask.c.
 *
 * Secrets are found by sampling: of the words of four bytes that start at the
 * first `stride` places of one, all within the shortest of them, one starts at a
 * multiple of the stride in the text. One look into a bitmap of such words rules
 * out that many places at once (q-grams, as in Wu and Manber, "A Fast Algorithm
 * for Multi-Pattern Searching", 1994).
 */
#ifndef RT_REDACT_SET_H
#define RT_REDACT_SET_H

#include "redact.h"

#include <stdint.h>

#define RT_SECRET_MIN 6
#define RT_SECRET_WORD 4
#define RT_SECRET_STRIDE_MAX 8
#define RT_SECRET_BITS 15

struct rt_secret {
	char *p;
	size_t n;
};

struct rt_redact {
	struct rt_secret *v; /* the longest first */
	size_t n, cap;
	size_t stride;                                   /* valid where n is not 0 */
	unsigned char words[1 << (RT_SECRET_BITS - 3)];  /* of their first places */
	unsigned char starts[1 << (RT_SECRET_BITS - 3)]; /* of the first alone */
};

static inline uint32_t rt_secret_word(const char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	return (w * UINT32_C(2654435761)) >> (32 - RT_SECRET_BITS);
}

static inline bool rt_secret_marked(const unsigned char *map, uint32_t w)
{
	return map[w >> 3] >> (w & 7) & 1;
}

static inline void rt_secret_mark(unsigned char *map, uint32_t w)
{
	map[w >> 3] |= (unsigned char)(1 << (w & 7));
}

#endif
