/* SPDX-License-Identifier: Apache-2.0 */
/* A handle names one leg of one worker for ever: the slot's generation is part of it, so a handle kept too
 * long finds nothing instead of somebody else's call. 0 is no handle. */
#ifndef DP_HANDLE_H
#define DP_HANDLE_H

#include <stdint.h>

typedef uint64_t dp_leg; /* worker : 8 | generation : 24 (never 0) | index : 32 */

static inline dp_leg dp_leg_make(uint8_t worker, uint32_t gen, uint32_t index)
{
	return (uint64_t)worker << 56 | (uint64_t)(gen & 0xffffff) << 32 | index;
}

static inline uint8_t dp_leg_worker(dp_leg h)
{
	return (uint8_t)(h >> 56);
}

static inline uint32_t dp_leg_gen(dp_leg h)
{
	return (uint32_t)(h >> 32) & 0xffffff;
}

static inline uint32_t dp_leg_index(dp_leg h)
{
	return (uint32_t)h;
}

#endif
