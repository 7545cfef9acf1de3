/*
 * The set of secrets behind redact.h; for redact.c, which fills it, and
 * redact_mask.c.
 *
 * Secrets are found by sampling: every one has at least RT_SECRET_MIN bytes, so
 * of the words of four bytes that start at its first three places one starts at
 * a multiple of three in the text. One look into a bitmap of such words rules
 * out three places at once (q-grams, as in Wu and Manber, "A Fast Algorithm for
 * Multi-Pattern Searching", 1994).
 */
#ifndef RT_REDACT_SET_H
#define RT_REDACT_SET_H

#include "redact.h"

#include <stdint.h>

#define RT_SECRET_MIN 6
#define RT_SECRET_WORD 4
#define RT_SECRET_STRIDE (RT_SECRET_MIN - RT_SECRET_WORD + 1)
#define RT_SECRET_BITS 15

struct rt_secret {
	char *p;
	size_t n;
};

struct rt_redact {
	struct rt_secret *v; /* the longest first */
	size_t n, cap;
	unsigned char words[1 << (RT_SECRET_BITS - 3)];
};

static inline uint32_t rt_secret_word(const char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	return (w * UINT32_C(2654435761)) >> (32 - RT_SECRET_BITS);
}

static inline bool rt_secret_may_start(const struct rt_redact *r, uint32_t w)
{
	return r->words[w >> 3] >> (w & 7) & 1;
}

static inline void rt_secret_mark(struct rt_redact *r, uint32_t w)
{
	r->words[w >> 3] |= (unsigned char)(1 << (w & 7));
}

#endif
