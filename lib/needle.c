/* Finding a short text in a large one. See needle.h. */
#include "needle.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

/*
 * How often a byte stands in events, roughly: what is in no list is rare.
 * Letters by their frequency in English, with what JSON is full of before them.
 */
static int commonness(unsigned char c)
{
	static const char order[] = "zqjxkvbywgpfmucldhrsnioate0123456789 ,:\"_";
	const char *at = c ? strchr(order, c | (c >= 'A' && c <= 'Z' ? 0x20 : 0)) : NULL;

	return at ? (int)(at - order) + 1 : 0;
}

/* The place of the least common byte that has to be there, but for `other`; or other itself. */
static size_t rarest(const struct rt_needle *needle, size_t other)
{
	size_t best = other;

	for (size_t i = 0; i < needle->n; i++) {
		if (i == other || needle->open[i] == 0xff)
			continue;
		if (best == other || commonness(needle->want[i]) < commonness(needle->want[best]))
			best = i;
	}
	return best;
}

/* How it is looked for; the two places are the rarest byte, and the rarest of the others. */
static void choose(struct rt_needle *needle)
{
	size_t first = rarest(needle, needle->n), second;

	if (first == needle->n) /* any byte will do, everywhere */
		first = 0;
	second = rarest(needle, first);
	needle->simd = rt_simd_best();
	needle->rare[0] = first < second ? first : second;
	needle->rare[1] = first < second ? second : first;
}

void rt_needle_exact(struct rt_needle *needle, struct rt_str text)
{
	needle->n = text.n < RT_NEEDLE_MAX ? text.n : RT_NEEDLE_MAX;
	memcpy(needle->want, text.p, needle->n);
	memset(needle->open, 0, needle->n);
	choose(needle);
}

void rt_needle_loose(struct rt_needle *needle, struct rt_str text)
{
	needle->n = text.n < RT_NEEDLE_MAX ? text.n : RT_NEEDLE_MAX;
	for (size_t i = 0; i < needle->n; i++) {
		unsigned char c = (unsigned char)text.p[i], lower = c | 0x20;

		needle->open[i] = strchr("_.:-", c)              ? 0xff :
				  (lower >= 'a' && lower <= 'z') ? 0x20 :
								   0;
		needle->want[i] = c | needle->open[i];
	}
	choose(needle);
}

static inline bool stands_at(const struct rt_needle *needle, const char *p)
{
	for (size_t i = 0; i < needle->n; i++) {
		if (((unsigned char)p[i] | needle->open[i]) != needle->want[i])
			return false;
	}
	return true;
}

/* From p on, up to `last`, the last place where it has room. */
static const char *find_portable(const struct rt_needle *needle, const char *p, const char *last)
{
	size_t rare = needle->rare[0];

	if (needle->open[rare]) {
		while (p <= last && !stands_at(needle, p))
			p++;
		return p <= last ? p : NULL;
	}
	while (p <= last) {
		p = memchr(p + rare, needle->want[rare], (size_t)(last - p) + 1);
		if (!p)
			return NULL;
		p -= rare;
		if (stands_at(needle, p))
			return p;
		p++;
	}
	return NULL;
}

#ifdef __SSE2__
/* Each becomes a part of its caller, in the instructions that this is compiled for. */
#define INLINE static inline __attribute__((always_inline))
#define AVX2 __attribute__((target("avx2,bmi")))

/* The first of the places, from p on, that `hits` has as bits, where the text stands. */
INLINE const char *first_of(const struct rt_needle *needle, const char *p, uint64_t hits)
{
	for (; hits; hits &= hits - 1)
		if (stands_at(needle, p + __builtin_ctzll(hits)))
			return p + __builtin_ctzll(hits);
	return NULL;
}

/* The places, from p on, where both rare bytes stand as they should. */
INLINE __m128i look_sse2(const char *p, size_t a, size_t b, const __m128i want[2],
			 const __m128i open[2])
{
	__m128i va = _mm_loadu_si128((const __m128i *)(const void *)(p + a));
	__m128i vb = _mm_loadu_si128((const __m128i *)(const void *)(p + b));

	return _mm_and_si128(_mm_cmpeq_epi8(_mm_or_si128(va, open[0]), want[0]),
			     _mm_cmpeq_epi8(_mm_or_si128(vb, open[1]), want[1]));
}

/*
 * Up to `last`, as long as there is room for a whole step. Stops at the first
 * place that it did not look at.
 */
static const char *find_sse2(const struct rt_needle *needle, const char **p, const char *last)
{
	const size_t a = needle->rare[0], b = needle->rare[1];
	const __m128i want[2] = { _mm_set1_epi8((char)needle->want[a]),
				  _mm_set1_epi8((char)needle->want[b]) };
	const __m128i open[2] = { _mm_set1_epi8((char)needle->open[a]),
				  _mm_set1_epi8((char)needle->open[b]) };
	const char *at = *p, *found = NULL;

	for (; last - at >= 31 && !found; at += 32) {
		__m128i first = look_sse2(at, a, b, want, open);
		__m128i second = look_sse2(at + 16, a, b, want, open);

		if (_mm_movemask_epi8(_mm_or_si128(first, second)))
			found = first_of(needle, at,
					 (uint64_t)(unsigned)_mm_movemask_epi8(first) |
						 (uint64_t)(unsigned)_mm_movemask_epi8(second)
							 << 16);
	}
	*p = at;
	return found;
}

AVX2 INLINE __m256i look_avx2(const char *p, size_t a, size_t b, const __m256i want[2],
			      const __m256i open[2])
{
	__m256i va = _mm256_loadu_si256((const __m256i *)(const void *)(p + a));
	__m256i vb = _mm256_loadu_si256((const __m256i *)(const void *)(p + b));

	return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_or_si256(va, open[0]), want[0]),
				_mm256_cmpeq_epi8(_mm256_or_si256(vb, open[1]), want[1]));
}

AVX2 static const char *find_avx2(const struct rt_needle *needle, const char **p, const char *last)
{
	const size_t a = needle->rare[0], b = needle->rare[1];
	const __m256i want[2] = { _mm256_set1_epi8((char)needle->want[a]),
				  _mm256_set1_epi8((char)needle->want[b]) };
	const __m256i open[2] = { _mm256_set1_epi8((char)needle->open[a]),
				  _mm256_set1_epi8((char)needle->open[b]) };
	const char *at = *p, *found = NULL;

	for (; last - at >= 63 && !found; at += 64) {
		__m256i first = look_avx2(at, a, b, want, open);
		__m256i second = look_avx2(at + 32, a, b, want, open);
		__m256i both = _mm256_or_si256(first, second);

		if (!_mm256_testz_si256(both, both))
			found = first_of(needle, at,
					 (uint64_t)(uint32_t)_mm256_movemask_epi8(first) |
						 (uint64_t)(uint32_t)_mm256_movemask_epi8(second)
							 << 32);
	}
	*p = at;
	return found;
}

static const char *find_fast(const struct rt_needle *needle, const char **p, const char *last)
{
	return needle->simd >= RT_SIMD_AVX2 ? find_avx2(needle, p, last) :
					      find_sse2(needle, p, last);
}
#else
static const char *find_fast(const struct rt_needle *needle, const char **p, const char *last)
{
	(void)needle;
	(void)p;
	(void)last;
	return NULL;
}
#endif

const char *rt_needle_find(const struct rt_needle *needle, const char *p, const char *end)
{
	const char *last, *at;

	if ((size_t)(end - p) < needle->n)
		return NULL;
	last = end - needle->n;
	at = needle->simd == RT_SIMD_PORTABLE ? NULL : find_fast(needle, &p, last);
	return at ? at : find_portable(needle, p, last);
}
