/*
 * The set of secrets behind redact.h; for redact.c, which fills it,
 * redact_mask.c, and redact_escaped.c, which finds what is escaped in JSON.
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
#define RT_SECRET_ESCAPED 6 /* bytes in JSON for one of the secret, at most */

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
	bool bytes[256];                                 /* which are in any of them */
};

/* A stretch of text that is masked; at == SIZE_MAX: there is none. */
struct rt_region {
	size_t at, end;
};

/* The first secret from `from` on that has a JSON escape in it, with those that overlap. */
struct rt_region rt_secret_find_escaped(const struct rt_redact *r, struct rt_str s, size_t from);

/* The first place from there on where the rest of the text may be the beginning of one. */
size_t rt_secret_live_escaped(const struct rt_redact *r, struct rt_str s, size_t from);

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
