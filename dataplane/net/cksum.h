/* SPDX-License-Identifier: Apache-2.0 */
/* The Internet checksum (RFC 1071). Sums are kept in 64 bits over 32-bit words in memory order, which a fold
 * makes equal to the 16-bit sum; cksum_fold returns it in memory order too: store it with memcpy. */
#ifndef DP_CKSUM_H
#define DP_CKSUM_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* n is a multiple of 16: the even and the odd 32-bit words in two lanes of two sums each. */
static inline uint64_t cksum_blocks(const uint8_t *p, uint32_t n)
{
	typedef uint64_t lanes __attribute__((vector_size(16)));
	lanes even = {0, 0}, odd = {0, 0}, w;
#pragma GCC unroll 4
	for (uint32_t at = 0; at < n; at += 16) {
		memcpy(&w, p + at, 16);
		even += w & 0xffffffffu;
		odd += w >> 32;
	}
	even += odd;
	return even[0] + even[1];
}

/* A word of a header in host order, to be added without reading back what was just written. */
static inline uint64_t cksum_word(uint32_t v)
{
	return htobe32(v);
}

/* Add n bytes. Only the last part of a sum may have an odd length. First the words that make the rest a number of
 * blocks: an RTP header in front of a whole number of them was just written word by word. */
static inline uint64_t cksum_add(uint64_t sum, const void *at, uint32_t n)
{
	const uint8_t *p = at;
	uint32_t w = 0, blocks = n & ~15u;
	for (; (n & 15) >= 4; p += 4, n -= 4) {
		memcpy(&w, p, 4);
		sum += w;
	}
	sum += cksum_blocks(p, blocks);
	p += blocks;
	w = 0;
	memcpy(&w, p, n & 3);
	return sum + w;
}

/* The complement of the folded sum: what goes into a checksum field. Over data that contains a right
 * checksum it is 0. */
static inline uint16_t cksum_fold(uint64_t sum)
{
	/* A number plus its halves exchanged has the sum of the halves, with the carry brought round, on top. */
	uint32_t half = (uint32_t)((sum + (sum >> 32 | sum << 32)) >> 32);
	return (uint16_t) ~((half + (half >> 16 | half << 16)) >> 16);
}

static inline void cksum_store(uint8_t *field, uint16_t v)
{
	memcpy(field, &v, 2);
}

#endif
