/* SPDX-License-Identifier: Apache-2.0 */
/* A rate limit: `per_s` events a second, `burst` at once (GCRA). All zero is a full bucket. */
#ifndef DP_RATE_H
#define DP_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate {
	uint64_t next; /* when the bucket will be full again, ns */
};

static inline bool rate_take(struct rate *r, uint32_t per_s, uint32_t burst, uint64_t now)
{
	uint64_t gap = 1000000000ull / per_s, full = gap * burst;
	/* Far ahead of now can only be a start value: 2^64 wraps. */
	if ((int64_t)(r->next - now) < 0 || r->next - now > full)
		r->next = now;
	if (r->next + gap - now > full)
		return false;
	r->next += gap;
	return true;
}

#endif
