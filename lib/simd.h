/*
 * Which vector instructions can be used: found out when the program runs, since
 * a binary is carried from machine to machine. RT_SIMD=portable|sse2|avx2|avx512 in
 * the environment forces one, where the machine has it; what looks at few bytes takes
 * RT_SIMD_BASE without asking.
 */
#ifndef RT_SIMD_H
#define RT_SIMD_H

#include <stdbool.h>

/*
 * RT_SIMD_AVX2: and what came with it or before, BMI and PCLMUL. RT_SIMD_AVX512:
 * BW and VBMI2, and all of the former.
 */
enum rt_simd { RT_SIMD_PORTABLE, RT_SIMD_SSE2, RT_SIMD_AVX2, RT_SIMD_AVX512, RT_SIMD_COUNT };

/* What is there wherever this build runs. */
#ifdef __SSE2__
#define RT_SIMD_BASE RT_SIMD_SSE2
#else
#define RT_SIMD_BASE RT_SIMD_PORTABLE
#endif

const char *rt_simd_name(enum rt_simd s);
bool rt_simd_works(enum rt_simd s); /* here, and in this build */

/* The best that works, or what RT_SIMD says. */
enum rt_simd rt_simd_best(void);

#endif
