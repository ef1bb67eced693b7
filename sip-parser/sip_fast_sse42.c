/* SPDX-License-Identifier: Apache-2.0 */
/* SSE4.2: four quarters of 16 bytes; see sip_fast_avx2.c. */
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("sse4.2,popcnt"))), apply_to = function)
#else
#pragma GCC target("sse4.2,popcnt")
#endif
#include <immintrin.h>

#define HALF 16
#include "sip-parser/sip_fast_half.h"

typedef __m128i half;

FAST half half_load(const char *p)
{
	return _mm_loadu_si128((const __m128i_u *)p);
}

FAST uint64_t half_eq(half x, char c)
{
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8(c)));
}

FAST uint64_t half_digit(half x)
{
	half d = _mm_sub_epi8(x, _mm_set1_epi8('0'));
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8(9)), d));
}

FAST uint64_t half_mark(half x)
{
	const half rows = _mm_load_si128((const __m128i *)(const void *)plain_rows);
	const half bits = _mm_load_si128((const __m128i *)(const void *)row_bits);
	half high = _mm_and_si128(_mm_srli_epi16(x, 4), _mm_set1_epi8(15));
	half plain = _mm_and_si128(_mm_shuffle_epi8(rows, x), _mm_shuffle_epi8(bits, high));
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(plain, _mm_setzero_si128()));
}

#include "sip-parser/sip_fast_blocks.h"

const struct sip_fast sip_fast_sse42 = {"sse42", index_msg, core_msg};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
