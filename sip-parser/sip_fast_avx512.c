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
	__m512i bytes;
};

/* 0x80: a mark. Bytes above 0x7f take the entry of their low 7 bits and are marked by their own top bit. */
#define ALNUM(c) (((c) >= '0' && (c) <= '9') || ((c) >= 'A' && (c) <= 'Z') || ((c) >= 'a' && (c) <= 'z'))
#define M1(c)    (ALNUM(c) || (c) == '-' || (c) == '.' || (c) == '_' ? 0 : 0x80)
#define M4(c)    M1(c), M1((c) + 1), M1((c) + 2), M1((c) + 3)
#define M16(c)   M4(c), M4((c) + 4), M4((c) + 8), M4((c) + 12)
#define M64(c)   M16(c), M16((c) + 16), M16((c) + 32), M16((c) + 48)

static const uint8_t mark_of[128] __attribute__((aligned(64))) = {M64(0), M64(64)};

/* In a general register from here on: compilers would shift and move masks about, at three times the price. */
FAST uint64_t in_reg(__mmask64 k)
{
	uint64_t r = k;
	__asm__("" : "+r"(r));
	return r;
}

FAST struct block block_in(__m512i x)
{
	const __m512i low = _mm512_load_si512(mark_of), high = _mm512_load_si512(mark_of + 64);
	__m512i kind = _mm512_or_si512(_mm512_permutex2var_epi8(low, x, high), x);
	return (struct block){in_reg(_mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('\n'))),
	    in_reg(_mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('\r'))), in_reg(_mm512_movepi8_mask(kind))};
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
	return (struct host){in_reg(_mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('.'))),
	    in_reg(_mm512_cmplt_epu8_mask(digit, _mm512_set1_epi8(10))),
	    in_reg(_mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('-'))), x};
}

/* Labels of three digits, compared with 255 digit by digit, all at once. */
FAST bool bytes_ok(const struct host *h, const char *p, uint64_t three)
{
	(void)p;
	const __m512i two = _mm512_set1_epi8('2'), five = _mm512_set1_epi8('5');
	uint64_t over2 = _mm512_cmpgt_epu8_mask(h->bytes, two), is2 = _mm512_cmpeq_epi8_mask(h->bytes, two);
	uint64_t over5 = _mm512_cmpgt_epu8_mask(h->bytes, five), is5 = _mm512_cmpeq_epi8_mask(h->bytes, five);
	return (three & (over2 | (is2 & (over5 >> 1 | (is5 >> 1 & over5 >> 2))))) == 0;
}

/* The compressed numbers of the bits, of which there are seldom more than 16. */
FAST uint32_t bits_to(uint16_t *to, uint64_t bits, __m256i off)
{
	static const uint8_t bit_no[64]
	    __attribute__((aligned(64))) = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
	        19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
	        42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
	__m512i at = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(bit_no));
	__m256i wide = _mm256_cvtepu8_epi16(_mm512_castsi512_si128(at));
	uint32_t n = (uint32_t)_mm_popcnt_u64(bits);
	_mm256_storeu_si256((__m256i_u *)to, _mm256_add_epi16(wide, off));
	if (USUAL(n <= 16))
		return n;
	__m512i lower = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(at));
	__m512i upper = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(at, 1));
	_mm512_storeu_si512(
	    to, _mm512_add_epi16(lower, _mm512_broadcastw_epi16(_mm256_castsi256_si128(off))));
	_mm512_storeu_si512(
	    to + 32, _mm512_add_epi16(upper, _mm512_broadcastw_epi16(_mm256_castsi256_si128(off))));
	return n;
}

#define BITS_OFF(off) _mm256_set1_epi16((short)(off))
#include "sip-parser/sip_fast_lines.h"

/* lines_in without what only the last block needs. */
static __attribute__((noinline)) uint32_t lines_whole(
    struct sip_msg *m, struct lines *l, struct carry *c, const char *buf, uint32_t len)
{
	const __m256i step = _mm256_set1_epi16(64);
	const char *p = buf, *last = buf + len - 64;
	uint64_t *marks = m->marks, lf = 1, cr = 0, name = 0, bad = 0;
	uint16_t *to = l->at;
	__m256i off = _mm256_setzero_si256();
	for (; p <= last; p += 64) {
		struct block b = block_of(p);
		uint64_t begin = b.lf * 2 + lf, end;
		if (begin & b.cr)
			break;
		bad |= ((b.cr * 2 + cr) ^ b.lf) | (begin & b.mark);
		lf = b.lf >> 63;
		cr = b.cr >> 63;
		name = __builtin_add_overflow(~b.mark, begin | name, &end);
		*marks++ = b.mark;
		to += bits_to(to, begin | (end & b.mark), off);
		off = _mm256_add_epi16(off, step);
	}
	*c = (struct carry){lf, cr, name, bad};
	l->n = (uint32_t)(to - l->at);
	return (uint32_t)(p - buf);
}

#include "sip-parser/sip_fast_masks.h"

/* Sixteen lines at a time: the words of name and value, made apart, then put side by side. */
FAST bool hdrs_to(struct sip_hdr *h, const uint16_t *at, uint32_t n)
{
	const __m512i even = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
	const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(8)),
	              gap = _mm512_set1_epi32(2 - (4 << 16));
	__m512i longest = _mm512_setzero_si512();
	for (uint32_t i = 0; i < n; i += 16) {
		__m512i line = _mm512_loadu_si512(at + 2 * i), next = _mm512_loadu_si512(at + 2 * i + 2);
		__m512i name = _mm512_sub_epi32(line, _mm512_slli_epi32(line, 16));
		__m512i colon = _mm512_srli_epi32(line, 16),
		        high = _mm512_andnot_si512(_mm512_set1_epi32(0xffff), line);
		__m512i len = _mm512_sub_epi32(_mm512_slli_epi32(next, 16), high);
		__m512i value = _mm512_add_epi32(_mm512_add_epi32(len, colon), gap);
		longest =
		    _mm512_mask_or_epi32(longest, _cvtu32_mask16(_bzhi_u32(0xffff, n - i)), longest, name);
		_mm512_storeu_si512(h + i, _mm512_permutex2var_epi32(name, even, value));
		_mm512_storeu_si512(h + i + 8, _mm512_permutex2var_epi32(name, odd, value));
	}
	return _mm512_test_epi32_mask(longest, _mm512_set1_epi32((int)0xff000000)) == 0;
}

/* hdr_key_of with one comparison of the whole name, or of the first 32 bytes of a longer one, which is in no row. The
 * empty row is equal to no name. len < 256. */
FAST const struct hdr_key *name_key(const char *table, const char *p, uint64_t len)
{
	__m256i raw = _mm256_maskz_loadu_epi8((__mmask32)_bzhi_u64(0xffffffffu, len), p);
	__m256i x = _mm256_or_si256(raw, _mm256_set1_epi8(0x20));
	uint64_t first = (uint64_t)_mm_cvtsi128_si64(_mm256_castsi256_si128(x));
	const struct hdr_key *k = hdr_row(table, first, load_4(p + len - 3));
	__m256i want = _mm256_load_si256((const __m256i *)(const void *)k->text);
	if (USUAL(_mm256_cmpneq_epi8_mask(x, want) == 0))
		return k;
	return (const struct hdr_key *)(const void *)(table + sizeof hdr_table.slot);
}

/* Apart from the rest, so that all it needs stays in registers. */
static __attribute__((noinline)) bool index_names(struct sip_msg *m, const char *buf, const uint16_t *at)
{
	uint64_t n = m->n_hdrs, next = at[2 * n];
	const char *table = (const char *)&hdr_table;
	uint8_t twice = 0;
	__asm__("" : "+r"(table));
	for (uint64_t i = n; i > 0; i--) {
		const uint16_t *p = at + 2 * i - 2;
		uint64_t s = p[0], colon = p[1];
		if (!USUAL(value_is_plain(buf + colon, buf + next)))
			return false;
		next = s;
		const struct hdr_key *k = name_key(table, buf + s, colon - s);
		uint64_t id = k->id, follow = m->first[id];
		m->ids[i - 1] = (uint8_t)id;
		m->next[i - 1] = (uint8_t)follow;
		m->first[id] = (uint8_t)i;
		twice |= follow & k->single;
	}
	m->twice = twice != 0;
	return true;
}

#include "sip-parser/sip_fast_core.h"

const struct sip_fast sip_fast_avx512 = {"avx512", index_msg, core_msg};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
