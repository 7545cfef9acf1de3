/* Which vector instructions are used. See simd.h. */
#include "simd.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GLIBC__) && __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
/* The loader asked the processor already; in a virtual machine asking again takes long. */
#define HAS(feature) CPU_FEATURE_ACTIVE(feature)
#define HAS_AVX2 (HAS(AVX2) && HAS(BMI1) && HAS(PCLMULQDQ))
#define HAS_AVX512 (HAS_AVX2 && HAS(AVX512BW) && HAS(AVX512_VBMI2))
#elif defined(__x86_64__)
#define HAS_AVX2                                                            \
	(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && \
	 __builtin_cpu_supports("pclmul"))
#define HAS_AVX512 \
	(HAS_AVX2 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2"))
#else
#define HAS_AVX2 false
#define HAS_AVX512 false
#endif

static const char *const names[RT_SIMD_COUNT] = { "portable", "sse2", "avx2", "avx512" };

const char *rt_simd_name(enum rt_simd s)
{
	return names[s];
}

bool rt_simd_works(enum rt_simd s)
{
	switch (s) {
	case RT_SIMD_AVX512:
		return HAS_AVX512;
	case RT_SIMD_AVX2:
		return HAS_AVX2;
	case RT_SIMD_SSE2:
#ifdef __SSE2__
		return true;
#else
		return false;
#endif
	default:
		return true;
	}
}

enum rt_simd rt_simd_best(void)
{
	const char *wanted = getenv("RT_SIMD");
	enum rt_simd best = RT_SIMD_PORTABLE;

	for (int i = RT_SIMD_PORTABLE; i < RT_SIMD_COUNT; i++) {
		enum rt_simd s = (enum rt_simd)i;

		if (!rt_simd_works(s))
			continue;
		best = s;
		if (wanted && strcmp(wanted, names[s]) == 0)
			break;
	}
	return best;
}
