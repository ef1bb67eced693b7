/* SPDX-License-Identifier: Apache-2.0 */
/* Big-endian fields at any alignment. */
#ifndef DP_WIRE_H
#define DP_WIRE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* One access each: what was just written field by field and is then read as a whole would have to wait. */
static inline uint16_t get16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof v);
	return be16toh(v);
}

static inline uint32_t get32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return be32toh(v);
}

static inline void put16(uint8_t *p, uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, sizeof v);
}

static inline void put32(uint8_t *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof v);
}

#endif
