/* SPDX-License-Identifier: Apache-2.0 */
/* The Internet checksum (RFC 1071). Sums are kept in 64 bits over 32-bit words in memory order, which a fold
 * makes equal to the 16-bit sum; cksum_fold returns it in memory order too: store it with memcpy. */
#ifndef DP_CKSUM_H
#define DP_CKSUM_H

#include <stdint.h>
#include <string.h>

/* Add n bytes. Only the last part of a sum may have an odd length. */
static inline uint64_t cksum_add(uint64_t sum, const void *at, uint32_t n)
{
	const uint8_t *p = at;
	uint32_t w = 0;
	for (; n >= 4; p += 4, n -= 4) {
		memcpy(&w, p, 4);
		sum += w;
	}
	w = 0;
	memcpy(&w, p, n);
	return sum + w;
}

/* The complement of the folded sum: what goes into a checksum field. Over data that contains a right
 * checksum it is 0. */
static inline uint16_t cksum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static inline void cksum_store(uint8_t *field, uint16_t v)
{
	memcpy(field, &v, 2);
}

#endif
