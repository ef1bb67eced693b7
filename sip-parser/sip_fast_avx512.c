/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 BW, VL, VBMI and VBMI2 (Ice Lake, Zen 4 and later): one table look-up of 128 entries classes 64 bytes, and loads are
 * masked, so nothing behind the end is touched. */
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(                                                                                \
    __attribute__((target("avx2,bmi,bmi2,lzcnt,avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,popcnt"))),  \
    apply_to = function)
#else
#pragma GCC target("avx2,bmi,bmi2,lzcnt,avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,popcnt")
#endif
#include <immintrin.h>

#include "sip-parser/base/ascii.h"
#include "sip-parser/sip_fast_all.h"
#include "sip-parser/sip_fast_word.h"

struct block {
	uint64_t lf, cr, mark;
};

struct host {
	uint64_t dot, digit, hyphen;
};

/* 0x80: a mark. Bytes above 0x7f take the entry of their low 7 bits and are marked by their own top bit. */
#define ALNUM(c) (((c) >= '0' && (c) <= '9') || ((c) >= 'A' && (c) <= 'Z') || ((c) >= 'a' && (c) <= 'z'))
#define M1(c)    (ALNUM(c) || (c) == '-' || (c) == '.' || (c) == '_' ? 0 : 0x80)
#define M4(c)    M1(c), M1((c) + 1), M1((c) + 2), M1((c) + 3)
#define M16(c)   M4(c), M4((c) + 4), M4((c) + 8), M4((c) + 12)
#define M64(c)   M16(c), M16((c) + 16), M16((c) + 32), M16((c) + 48)

static const uint8_t mark_of[128] __attribute__((aligned(64))) = {M64(0), M64(64)};

FAST struct block block_in(__m512i x)
{
	const __m512i low = _mm512_load_si512(mark_of), high = _mm512_load_si512(mark_of + 64);
	__m512i kind = _mm512_or_si512(_mm512_permutex2var_epi8(low, x, high), x);
	return (struct block){_mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('\n')),
	    _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('\r')), _mm512_movepi8_mask(kind)};
}

FAST struct block block_of(const char *p)
{
	return block_in(_mm512_loadu_si512(p));
}

FAST struct block block_tail(const char *p, uint32_t n)
{
	return block_in(_mm512_maskz_loadu_epi8(~UINT64_C(0) >> (64 - n), p));
}

FAST struct host host_bits(const char *p, uint32_t n, const char *limit)
{
	__m512i x = _mm512_maskz_loadu_epi8(~UINT64_C(0) >> (64 - n), p);
	__m512i digit = _mm512_sub_epi8(x, _mm512_set1_epi8('0'));
	return (struct host){_mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('.')),
	    _mm512_cmplt_epu8_mask(digit, _mm512_set1_epi8(10)),
	    _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('-'))};
}

/* The compressed numbers of the bits, 16 of them; more lines than that in 64 bytes are unusual. */
FAST bool begins_to(uint16_t *to, uint64_t begin, uint32_t off)
{
	static const uint8_t bit_no[64]
	    __attribute__((aligned(64))) = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
	        19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
	        42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
	__m512i at = _mm512_maskz_compress_epi8(begin, _mm512_load_si512(bit_no));
	__m256i wide = _mm256_cvtepu8_epi16(_mm512_castsi512_si128(at));
	_mm256_storeu_si256((__m256i_u *)to, _mm256_add_epi16(wide, _mm256_set1_epi16((short)off)));
	return __builtin_popcountll(begin) <= 16;
}

/* hdr_key_of with one comparison of the whole name. The empty row is equal to no name. */
FAST const struct hdr_key *name_key(const char *p, uint32_t len)
{
	if (len > 32)
		return &hdr_key[0];
	__m256i raw = _mm256_maskz_loadu_epi8((uint32_t)(0xffffffffu >> (32 - len)), p);
	__m256i x = _mm256_or_si256(raw, _mm256_set1_epi8(0x20));
	uint64_t first = (uint64_t)_mm_cvtsi128_si64(_mm256_castsi256_si128(x)),
	         tail = load_8(p + len - 8) | FOLD_8;
	uint64_t hash = ((len < 8 ? first : tail) + (first << 7) + ((uint64_t)len << 56)) * HDR_HASH_K;
	const struct hdr_key *k = &hdr_key[hdr_slot[hash >> (64 - HDR_HASH_BITS)]];
	__m256i want = _mm256_load_si256((const __m256i *)(const void *)k->text);
	return _mm256_cmpneq_epi8_mask(x, want) == 0 ? k : &hdr_key[0];
}

#include "sip-parser/sip_fast_core.h"

const struct sip_fast sip_fast_avx512 = {"avx512", index_msg, core_msg};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
