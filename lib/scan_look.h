/*
 * What each of 64 bytes is, as bits: bit N is the Nth byte's. Only where the
 * processor compares many bytes at once. For scan_outline.c and scan_plain.c
 * only.
 */
#ifndef RT_SCAN_LOOK_H
#define RT_SCAN_LOOK_H

#include <immintrin.h>
#include <stdint.h>

/* Each becomes a part of its caller, in the instructions that this is compiled for. */
#define RT_LOOK static inline __attribute__((always_inline))
#define RT_AVX2 __attribute__((target("avx2,bmi,pclmul")))

struct rt_look {
	uint64_t quote, slash;
	uint64_t odd;  /* control characters, and what is past ASCII: */
	uint64_t wide; /* only that */
};

/* Of bytes past ASCII: the bits 6 to 4, and those of which more has to be known. */
struct rt_look_wide {
	uint64_t bit6, bit5, bit4, special;
};

/* The lead bytes behind which not every byte that goes on with a character may stand. */
#define RT_SPECIAL(same, b) \
	(same(b, (char)0xc0) | same(b, (char)0xc1) | same(b, (char)0xe0) | same(b, (char)0xed))

/* Bit N is set when an odd number of the bits 0 to N of x are. */
RT_LOOK uint64_t rt_toggle(uint64_t x)
{
	x ^= x << 1;
	x ^= x << 2;
	x ^= x << 4;
	x ^= x << 8;
	x ^= x << 16;
	return x ^ x << 32;
}

struct rt_sse2_block {
	__m128i v[4];
};

RT_LOOK uint64_t gather_sse2(__m128i a, __m128i b, __m128i c, __m128i d)
{
	return (uint64_t)(uint16_t)_mm_movemask_epi8(a) |
	       (uint64_t)(uint16_t)_mm_movemask_epi8(b) << 16 |
	       (uint64_t)(uint16_t)_mm_movemask_epi8(c) << 32 |
	       (uint64_t)(uint16_t)_mm_movemask_epi8(d) << 48;
}

RT_LOOK uint64_t same_sse2(const struct rt_sse2_block *b, char c)
{
	__m128i want = _mm_set1_epi8(c);

	return gather_sse2(_mm_cmpeq_epi8(b->v[0], want), _mm_cmpeq_epi8(b->v[1], want),
			   _mm_cmpeq_epi8(b->v[2], want), _mm_cmpeq_epi8(b->v[3], want));
}

RT_LOOK void load_sse2(struct rt_sse2_block *b, const char *p)
{
	for (int i = 0; i < 4; i++)
		b->v[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
}

RT_LOOK void rt_look_sse2(const char *p, struct rt_look *l)
{
	__m128i space = _mm_set1_epi8(' ');
	struct rt_sse2_block b;

	load_sse2(&b, p);
	l->quote = same_sse2(&b, '"');
	l->slash = same_sse2(&b, '\\');
	/* with a sign: what is past ASCII is less, too */
	l->odd = gather_sse2(_mm_cmplt_epi8(b.v[0], space), _mm_cmplt_epi8(b.v[1], space),
			     _mm_cmplt_epi8(b.v[2], space), _mm_cmplt_epi8(b.v[3], space));
	l->wide = gather_sse2(b.v[0], b.v[1], b.v[2], b.v[3]);
}

/* The Nth bit of each byte, moved to where its highest is. */
RT_LOOK uint64_t bit_sse2(const struct rt_sse2_block *b, int n)
{
	return gather_sse2(_mm_slli_epi16(b->v[0], 7 - n), _mm_slli_epi16(b->v[1], 7 - n),
			   _mm_slli_epi16(b->v[2], 7 - n), _mm_slli_epi16(b->v[3], 7 - n));
}

RT_LOOK void rt_look_wide_sse2(const char *p, struct rt_look_wide *l)
{
	struct rt_sse2_block b;

	load_sse2(&b, p);
	l->bit6 = bit_sse2(&b, 6);
	l->bit5 = bit_sse2(&b, 5);
	l->bit4 = bit_sse2(&b, 4);
	l->special = RT_SPECIAL(same_sse2, &b);
}

struct rt_avx2_block {
	__m256i v[2];
};

RT_AVX2 RT_LOOK uint64_t gather_avx2(__m256i a, __m256i b)
{
	return (uint64_t)(uint32_t)_mm256_movemask_epi8(a) |
	       (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

RT_AVX2 RT_LOOK uint64_t same_avx2(const struct rt_avx2_block *b, char c)
{
	__m256i want = _mm256_set1_epi8(c);

	return gather_avx2(_mm256_cmpeq_epi8(b->v[0], want), _mm256_cmpeq_epi8(b->v[1], want));
}

RT_AVX2 RT_LOOK void load_avx2(struct rt_avx2_block *b, const char *p)
{
	b->v[0] = _mm256_loadu_si256((const __m256i *)(const void *)p);
	b->v[1] = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
}

RT_AVX2 RT_LOOK void rt_look_avx2(const char *p, struct rt_look *l)
{
	__m256i space = _mm256_set1_epi8(' ');
	struct rt_avx2_block b;

	load_avx2(&b, p);
	l->quote = same_avx2(&b, '"');
	l->slash = same_avx2(&b, '\\');
	l->odd = gather_avx2(_mm256_cmpgt_epi8(space, b.v[0]), _mm256_cmpgt_epi8(space, b.v[1]));
	l->wide = gather_avx2(b.v[0], b.v[1]);
}

RT_AVX2 RT_LOOK uint64_t bit_avx2(const struct rt_avx2_block *b, int n)
{
	return gather_avx2(_mm256_slli_epi16(b->v[0], 7 - n), _mm256_slli_epi16(b->v[1], 7 - n));
}

RT_AVX2 RT_LOOK void rt_look_wide_avx2(const char *p, struct rt_look_wide *l)
{
	struct rt_avx2_block b;

	load_avx2(&b, p);
	l->bit6 = bit_avx2(&b, 6);
	l->bit5 = bit_avx2(&b, 5);
	l->bit4 = bit_avx2(&b, 4);
	l->special = RT_SPECIAL(same_avx2, &b);
}

RT_AVX2 RT_LOOK uint64_t rt_toggle_avx2(uint64_t x)
{
	__m128i all = _mm_set1_epi8((char)0xff);

	return (uint64_t)_mm_cvtsi128_si64(
		_mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)x), all, 0));
}

#endif
