/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-2-4 under a 128-bit key: hash tables that an attacker cannot fill on purpose, and the short MACs in
 * the branches, tags and Call-IDs we emit (a stranger cannot make one without the key). The key is secret,
 * drawn once per process from the kernel's generator by the caller. Any thread; no state. */
#ifndef SIP_BASE_HASH_H
#define SIP_BASE_HASH_H

#include "sip-parser/base/span.h"

struct hash_key {
	uint64_t k0, k1;
};

/* A key from 16 bytes, little-endian. */
static inline struct hash_key hash_key_of(const uint8_t b[16])
{
	struct hash_key k = {0};
	for (int i = 0; i < 8; i++) {
		k.k0 |= (uint64_t)b[i] << (8 * i);
		k.k1 |= (uint64_t)b[8 + i] << (8 * i);
	}
	return k;
}

/* 64-bit SipHash-2-4 of n bytes at p (p may be NULL when n is 0). */
uint64_t hash_bytes(const struct hash_key *key, const void *p, uint32_t n);

/* The same of 8 to 15 bytes that are at hand as numbers: the first eight, and the n - 8 others, each little-endian. */
uint64_t hash_short(const struct hash_key *key, uint64_t first, uint64_t rest, uint32_t n);

static inline uint64_t hash_span(const struct hash_key *key, struct span s)
{
	return hash_bytes(key, s.p, s.len);
}

#endif
