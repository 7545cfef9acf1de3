/*
 * What each of 64 bytes is, as bits: bit N is the Nth byte's. Only where the
 * processor compares many bytes at once. For scan_outline.c and scan_plain.c
 * only.
 */
#ifndef RT_SCAN_LOOK_H
#define RT_SCAN_LOOK_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

/* Each becomes a part of its caller, in the instructions that this is compiled for. */
#define RT_LOOK static inline __attribute__((always_inline))
#define RT_AVX2 __attribute__((target("avx2,bmi,pclmul")))
#define RT_AVX512 __attribute__((target("avx512bw,avx512vbmi2,avx2,bmi,pclmul")))

struct rt_look {
	uint64_t quote, slash, control;
	uint64_t wide; /* past ASCII */
};

/* Of bytes past ASCII: the bits 6 to 4, and those of which more has to be known. */
struct rt_look_wide {
	uint64_t wide, bit6, bit5, bit4, special;
};

/* Two-byte forms that are none, and three bytes with a second one that may be amiss. */
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

/*
 * The numbers of the bits, from `at` on, and how many; more may be written. By
 * fours, since a loop that ends at any of them ends when nobody expects it.
 */
RT_LOOK size_t rt_list(uint16_t *to, uint64_t bits, size_t at)
{
	const uint64_t none = UINT64_C(1) << 63; /* any will do where there is none left */
	size_t n = (size_t)__builtin_popcountll(bits);

	for (; bits; to += 4) {
		uint64_t four = (uint64_t)__builtin_ctzll(bits);

		bits &= bits - 1;
		four |= (uint64_t)__builtin_ctzll(bits | none) << 16;
		bits &= bits - 1;
		four |= (uint64_t)__builtin_ctzll(bits | none) << 32;
		bits &= bits - 1;
		four |= (uint64_t)__builtin_ctzll(bits | none) << 48;
		bits &= bits - 1;
		four += at * UINT64_C(0x0001000100010001);
		memcpy(to, &four, sizeof(four));
	}
	return n;
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
	__m128i last = _mm_set1_epi8(' ' - 1);
	struct rt_sse2_block b;

	load_sse2(&b, p);
	l->quote = same_sse2(&b, '"');
	l->slash = same_sse2(&b, '\\');
	l->control = gather_sse2(_mm_cmpeq_epi8(_mm_min_epu8(b.v[0], last), b.v[0]),
				 _mm_cmpeq_epi8(_mm_min_epu8(b.v[1], last), b.v[1]),
				 _mm_cmpeq_epi8(_mm_min_epu8(b.v[2], last), b.v[2]),
				 _mm_cmpeq_epi8(_mm_min_epu8(b.v[3], last), b.v[3]));
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
	l->wide = bit_sse2(&b, 7);
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
	__m256i last = _mm256_set1_epi8(' ' - 1);
	struct rt_avx2_block b;

	load_avx2(&b, p);
	l->quote = same_avx2(&b, '"');
	l->slash = same_avx2(&b, '\\');
	l->wide = gather_avx2(b.v[0], b.v[1]);
	l->control = gather_avx2(_mm256_cmpeq_epi8(_mm256_min_epu8(b.v[0], last), b.v[0]),
				 _mm256_cmpeq_epi8(_mm256_min_epu8(b.v[1], last), b.v[1]));
}

RT_AVX2 RT_LOOK uint64_t bit_avx2(const struct rt_avx2_block *b, int n)
{
	return gather_avx2(_mm256_slli_epi16(b->v[0], 7 - n), _mm256_slli_epi16(b->v[1], 7 - n));
}

RT_AVX2 RT_LOOK void rt_look_wide_avx2(const char *p, struct rt_look_wide *l)
{
	struct rt_avx2_block b;

	load_avx2(&b, p);
	l->wide = bit_avx2(&b, 7);
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

/* The numbers of two bits, which are taken away; any where there is none left. */
RT_AVX2 RT_LOOK uint64_t take_two_avx2(uint64_t *bits)
{
	uint64_t rest = *bits, two = _tzcnt_u64(rest);

	rest = _blsr_u64(rest);
	two |= _tzcnt_u64(rest) << 16;
	*bits = _blsr_u64(rest);
	return two;
}

/* By sixes: there are seldom more. */
RT_AVX2 RT_LOOK size_t rt_list_avx2(uint16_t *to, uint64_t bits, size_t at)
{
	const uint64_t from = at * UINT64_C(0x0001000100010001);
	size_t n = (size_t)_mm_popcnt_u64(bits);

	for (;; to += 6) {
		uint64_t four = take_two_avx2(&bits);
		uint32_t two;

		four = (four | take_two_avx2(&bits) << 32) + from;
		two = (uint32_t)(take_two_avx2(&bits) + from);
		memcpy(to, &four, sizeof(four));
		memcpy(to + 4, &two, sizeof(two));
		if (__builtin_expect(!bits, 1))
			return n;
	}
}

/* In an ordinary register: compilers like mask registers, which take long to get at. */
RT_LOOK uint64_t rt_keep(uint64_t mask)
{
	__asm__("" : "+r"(mask));
	return mask;
}

RT_AVX512 RT_LOOK void rt_look_avx512(const char *p, struct rt_look *l)
{
	__m512i v = _mm512_loadu_si512(p);

	l->quote = rt_keep(_mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"')));
	l->slash = rt_keep(_mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\')));
	l->control = rt_keep(_mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(' ')));
	l->wide = rt_keep(_mm512_movepi8_mask(v));
}

RT_AVX512 RT_LOOK void rt_look_wide_avx512(const char *p, struct rt_look_wide *l)
{
	__m512i v = _mm512_loadu_si512(p);

	l->wide = _mm512_movepi8_mask(v);
	l->bit6 = _mm512_test_epi8_mask(v, _mm512_set1_epi8(0x40));
	l->bit5 = _mm512_test_epi8_mask(v, _mm512_set1_epi8(0x20));
	l->bit4 = _mm512_test_epi8_mask(v, _mm512_set1_epi8(0x10));
	l->special = _mm512_cmple_epu8_mask(_mm512_or_si512(v, _mm512_set1_epi8(1)),
					    _mm512_set1_epi8((char)0xc1)) |
		     _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)0xe0)) |
		     _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)0xed));
}

/* The numbers of the bits are taken out of a list of all. */
RT_AVX512 RT_LOOK size_t rt_list_avx512(uint16_t *to, uint64_t bits, size_t at)
{
	static const uint8_t all[64] = {
		0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
		32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
		48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
	};
	__m512i few = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(all));
	__m512i from = _mm512_set1_epi16((short)at);
	__m256i half = _mm512_castsi512_si256(few);
	size_t n = (size_t)_mm_popcnt_u64(bits);

	_mm512_storeu_si512(to, _mm512_add_epi16(_mm512_cvtepu8_epi16(half), from));
	if (n > 32) {
		half = _mm512_extracti64x4_epi64(few, 1);
		_mm512_storeu_si512(to + 32, _mm512_add_epi16(_mm512_cvtepu8_epi16(half), from));
	}
	return n;
}

#endif
