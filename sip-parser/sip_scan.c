/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_scan.h"

const char *sip_scan2_scalar(const char *p, const char *end, char a, char b)
{
	while (p < end && *p != a && *p != b)
		p++;
	return p;
}

#if defined(__x86_64__)
#include <immintrin.h>

const char *sip_scan2_sse2(const char *p, const char *end, char a, char b)
{
	const __m128i va = _mm_set1_epi8(a), vb = _mm_set1_epi8(b);
	while (end - p >= 16) {
		__m128i x = _mm_loadu_si128((const __m128i_u *)p);
		__m128i hit = _mm_or_si128(_mm_cmpeq_epi8(x, va), _mm_cmpeq_epi8(x, vb));
		unsigned int mask = (unsigned int)_mm_movemask_epi8(hit);
		if (mask)
			return p + __builtin_ctz(mask);
		p += 16;
	}
	return sip_scan2_scalar(p, end, a, b);
}

__attribute__((target("avx2"))) const char *sip_scan2_avx2(const char *p, const char *end, char a, char b)
{
	const __m256i va = _mm256_set1_epi8(a), vb = _mm256_set1_epi8(b);
	while (end - p >= 32) {
		__m256i x = _mm256_loadu_si256((const __m256i_u *)p);
		__m256i hit = _mm256_or_si256(_mm256_cmpeq_epi8(x, va), _mm256_cmpeq_epi8(x, vb));
		unsigned int mask = (unsigned int)_mm256_movemask_epi8(hit);
		if (mask)
			return p + __builtin_ctz(mask);
		p += 32;
	}
	return sip_scan2_sse2(p, end, a, b);
}

const char *sip_scan2(const char *p, const char *end, char a, char b)
{
	return __builtin_cpu_supports("avx2") ? sip_scan2_avx2(p, end, a, b) : sip_scan2_sse2(p, end, a, b);
}
#else
const char *sip_scan2(const char *p, const char *end, char a, char b)
{
	return sip_scan2_scalar(p, end, a, b);
}
#endif
