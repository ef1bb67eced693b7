/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that nobody can predict, without a system call: ChaCha20 (RFC 8439) under a key that is replaced by a part of
 * its own output before that is used, so who reads our memory learns nothing of what was drawn before. One thread. */
#ifndef DP_RANDOM_H
#define DP_RANDOM_H

#include <stdint.h>

#define RANDOM_KEY_BYTES 32
#define RANDOM_BLOCKS    4 /* made at a time, a lane of the vectors each */
#define RANDOM_STORE     (RANDOM_BLOCKS * 8 - RANDOM_KEY_BYTES / 8)

struct random {
	uint32_t key[8];
	uint32_t left; /* of store, from its end */
	uint64_t store[RANDOM_STORE];
};

/* key: 32 secret bytes. The same key gives the same numbers. */
void random_init(struct random *r, const uint8_t key[RANDOM_KEY_BYTES]);
void random_refill(struct random *r);

static inline uint64_t random_u64(struct random *r)
{
	if (r->left == 0)
		random_refill(r);
	uint64_t v = r->store[--r->left];
	r->store[r->left] = 0;
	return v;
}

/* For the test: blocks 0 … 3 of the stream of this key with a nonce of 0, word i of block b in out[i][b]. */
void random_blocks(uint32_t out[16][RANDOM_BLOCKS], const uint32_t key[8]);

#endif
