/*
 * The hash that tables of texts use: eight bytes at a time, each mixed in by what
 * ends splitmix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
 * Generators", 2014). It stands in cursors and, for open requests, in status.json:
 * who reads them has to have the same one.
 */
#ifndef RT_HASH_H
#define RT_HASH_H

#include "buf.h"

#define RT_HASH_SEED UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t rt_hash_mix(uint64_t h)
{
	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 31;
}

/* Of s, or of what was hashed into `seed` and then s. */
static inline uint64_t rt_hash(struct rt_str s, uint64_t seed)
{
	struct rt_str rest = s;

	for (; rest.n >= 8; rest.p += 8, rest.n -= 8)
		seed = rt_hash_mix(seed ^ rt_load64(rest.p)) + RT_HASH_SEED;
	return rt_hash_mix(rt_hash_mix(seed ^ rt_str_head(rest)) + s.n);
}

#endif
