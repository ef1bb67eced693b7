/* SPDX-License-Identifier: Apache-2.0 */
/* Included once by each variant with registers of HALF bytes: what they share, before they define
 *
 *   half                          a register of HALF bytes
 *   FAST half half_load(p)        HALF bytes from p
 *   FAST uint64_t half_eq(x, c)   bit i: byte i is c
 *   FAST uint64_t half_digit(x)   … is 0-9
 *   FAST uint64_t half_mark(x)    … is none of a-z A-Z 0-9 - . _
 *
 * sip_fast_blocks.h then makes blocks of them. */
#include "sip-parser/base/ascii.h"
#include "sip-parser/sip_fast_all.h"
#include "sip-parser/sip_fast_word.h"

struct block {
	uint64_t lf, cr, mark;
};

struct host {
	uint64_t dot, digit, hyphen;
};

#define ALNUM(c) (((c) >= '0' && (c) <= '9') || ((c) >= 'A' && (c) <= 'Z') || ((c) >= 'a' && (c) <= 'z'))
#define PLAIN(c) (ALNUM(c) || (c) == '-' || (c) == '.' || (c) == '_')
/* Row r: bit h is set when the byte 16 * h + r is plain. */
#define ROW(r)                                                                                               \
	((PLAIN(r) << 0) | (PLAIN((r) + 16) << 1) | (PLAIN((r) + 32) << 2) | (PLAIN((r) + 48) << 3) |        \
	    (PLAIN((r) + 64) << 4) | (PLAIN((r) + 80) << 5) | (PLAIN((r) + 96) << 6) |                       \
	    (PLAIN((r) + 112) << 7))

static const uint8_t plain_rows[16] __attribute__((aligned(16))) = {ROW(0), ROW(1), ROW(2), ROW(3), ROW(4),
    ROW(5), ROW(6), ROW(7), ROW(8), ROW(9), ROW(10), ROW(11), ROW(12), ROW(13), ROW(14), ROW(15)};
static const uint8_t row_bits[16] __attribute__((aligned(16))) = {1, 2, 4, 8, 16, 32, 64, 128};
