/* The hash that tables of texts use: FNV-1a, 64 bits (Fowler, Noll, Vo). */
#ifndef RT_HASH_H
#define RT_HASH_H

#include "buf.h"

#define RT_HASH_SEED UINT64_C(0xcbf29ce484222325)

/* Of s, or of what was hashed into `seed` and then s. */
static inline uint64_t rt_hash(struct rt_str s, uint64_t seed)
{
	for (size_t i = 0; i < s.n; i++)
		seed = (seed ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	return seed;
}

#endif
