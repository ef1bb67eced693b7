/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2: two halves of 32 bytes. A byte's class is a bit: its low four bits choose a row of bits, one for each value
 * of its high four, and a second look-up has that bit. Bytes above 0x7f get the row 0. */
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt"))), apply_to = function)
#else
#pragma GCC target("avx2,bmi,bmi2,lzcnt,popcnt")
#endif
#include <immintrin.h>

#define HALF 32
#include "sip-parser/sip_fast_half.h"

typedef __m256i half;

FAST half half_load(const char *p)
{
	return _mm256_loadu_si256((const __m256i_u *)p);
}

FAST uint64_t half_eq(half x, char c)
{
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, _mm256_set1_epi8(c)));
}

FAST uint64_t half_digit(half x)
{
	half d = _mm256_sub_epi8(x, _mm256_set1_epi8('0'));
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(d, _mm256_set1_epi8(9)), d));
}

FAST uint64_t half_mark(half x)
{
	const half rows =
	    _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)(const void *)plain_rows));
	const half bits =
	    _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)(const void *)row_bits));
	half high = _mm256_and_si256(_mm256_srli_epi16(x, 4), _mm256_set1_epi8(15));
	half plain = _mm256_and_si256(_mm256_shuffle_epi8(rows, x), _mm256_shuffle_epi8(bits, high));
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(plain, _mm256_setzero_si256()));
}

#include "sip-parser/sip_fast_blocks.h"

const struct sip_fast sip_fast_avx2 = {"avx2", index_msg, core_msg};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
