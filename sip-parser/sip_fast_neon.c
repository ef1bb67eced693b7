/* SPDX-License-Identifier: Apache-2.0 */
/* NEON: four quarters of 16 bytes; see sip_fast_avx2.c. */
#if defined(__aarch64__)
#include <arm_neon.h>

#define HALF 16
#include "sip-parser/sip_fast_half.h"

typedef uint8x16_t half;

FAST half half_load(const char *p)
{
	return vld1q_u8((const uint8_t *)p);
}

/* One bit a byte, as x86's movemask has it. */
FAST uint64_t half_bits(half is)
{
	static const uint8_t weight[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
	half w = vandq_u8(is, vld1q_u8(weight));
	return (uint64_t)vaddv_u8(vget_low_u8(w)) | (uint64_t)vaddv_u8(vget_high_u8(w)) << 8;
}

FAST uint64_t half_eq(half x, char c)
{
	return half_bits(vceqq_u8(x, vdupq_n_u8((uint8_t)c)));
}

FAST uint64_t half_digit(half x)
{
	return half_bits(vcltq_u8(vsubq_u8(x, vdupq_n_u8('0')), vdupq_n_u8(10)));
}

FAST uint64_t half_mark(half x)
{
	half row = vqtbl1q_u8(vld1q_u8(plain_rows), vandq_u8(x, vdupq_n_u8(15)));
	half bit = vqtbl1q_u8(vld1q_u8(row_bits), vshrq_n_u8(x, 4));
	return half_bits(vceqzq_u8(vandq_u8(row, bit)));
}

#include "sip-parser/sip_fast_blocks.h"

const struct sip_fast sip_fast_neon = {"neon", index_msg, core_msg};
#endif
