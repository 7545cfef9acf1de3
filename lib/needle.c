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

/* Of the bytes from place `from` on the least common one that has to be there. */
static size_t rarest(const struct rt_needle *needle, size_t from)
{
	size_t best = from;

	for (size_t i = from; i < needle->n; i++) {
		bool any = needle->open[i] == 0xff, best_any = needle->open[best] == 0xff;

		if (!any &&
		    (best_any || commonness(needle->want[i]) < commonness(needle->want[best])))
			best = i;
	}
	return best;
}

/* How it is looked for; the two places are the rarest byte, and the rarest of the others. */
static void choose(struct rt_needle *needle)
{
	size_t first = rarest(needle, 0), second = first, i;

	needle->simd = rt_simd_best();
	for (i = 0; i < needle->n; i++) {
		if (i == first || needle->open[i] == 0xff)
			continue;
		if (second == first ||
		    commonness(needle->want[i]) < commonness(needle->want[second]))
			second = i;
	}
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
/* Bit N: both rare bytes stand where they should if the text begins at p[N]. */
typedef uint64_t look_fn(const struct rt_needle *needle, const char *p);

static uint64_t look_sse2(const struct rt_needle *needle, const char *p)
{
	size_t a = needle->rare[0], b = needle->rare[1];
	const __m128i want_a = _mm_set1_epi8((char)needle->want[a]);
	const __m128i want_b = _mm_set1_epi8((char)needle->want[b]);
	const __m128i open_a = _mm_set1_epi8((char)needle->open[a]);
	const __m128i open_b = _mm_set1_epi8((char)needle->open[b]);
	uint64_t hits = 0;

	for (int i = 0; i < 64; i += 16) {
		__m128i va = _mm_loadu_si128((const __m128i *)(const void *)(p + a + i));
		__m128i vb = _mm_loadu_si128((const __m128i *)(const void *)(p + b + i));
		__m128i same = _mm_and_si128(_mm_cmpeq_epi8(_mm_or_si128(va, open_a), want_a),
					     _mm_cmpeq_epi8(_mm_or_si128(vb, open_b), want_b));

		hits |= (uint64_t)(unsigned)_mm_movemask_epi8(same) << i;
	}
	return hits;
}

__attribute__((target("avx2"))) static uint64_t look_avx2(const struct rt_needle *needle,
							  const char *p)
{
	size_t a = needle->rare[0], b = needle->rare[1];
	const __m256i want_a = _mm256_set1_epi8((char)needle->want[a]);
	const __m256i want_b = _mm256_set1_epi8((char)needle->want[b]);
	const __m256i open_a = _mm256_set1_epi8((char)needle->open[a]);
	const __m256i open_b = _mm256_set1_epi8((char)needle->open[b]);
	uint64_t hits = 0;

	for (int i = 0; i < 64; i += 32) {
		__m256i va = _mm256_loadu_si256((const __m256i *)(const void *)(p + a + i));
		__m256i vb = _mm256_loadu_si256((const __m256i *)(const void *)(p + b + i));
		__m256i same =
			_mm256_and_si256(_mm256_cmpeq_epi8(_mm256_or_si256(va, open_a), want_a),
					 _mm256_cmpeq_epi8(_mm256_or_si256(vb, open_b), want_b));

		hits |= (uint64_t)(unsigned)_mm256_movemask_epi8(same) << i;
	}
	return hits;
}

/* Up to `last`, as long as 64 places are left. Stops at the first place that it did not look at. */
static const char *find_fast(const struct rt_needle *needle, const char **p, const char *last)
{
	look_fn *look = needle->simd >= RT_SIMD_AVX2 ? look_avx2 : look_sse2;

	for (; last - *p >= 63; *p += 64) {
		for (uint64_t hits = look(needle, *p); hits; hits &= hits - 1) {
			const char *at = *p + __builtin_ctzll(hits);

			if (stands_at(needle, at))
				return at;
		}
	}
	return NULL;
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
	const char *last = end - needle->n, *at;

	if ((size_t)(end - p) < needle->n)
		return NULL;
	at = needle->simd == RT_SIMD_PORTABLE ? NULL : find_fast(needle, &p, last);
	return at ? at : find_portable(needle, p, last);
}
