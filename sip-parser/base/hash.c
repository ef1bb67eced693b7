/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/base/hash.h"

#include <endian.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static inline void round_of(struct state *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 = rotl(s->v2, 32);
}

static inline void mix(struct state *s, uint64_t m)
{
	s->v3 ^= m;
	round_of(s);
	round_of(s);
	s->v0 ^= m;
}

static uint64_t le8(const uint8_t *p)
{
	uint64_t m;
	memcpy(&m, p, 8);
	return le64toh(m);
}

/* The last n < 8 bytes, the first one lowest; of longer data by one read that ends where they end. */
static uint64_t tail(const uint8_t *p, uint32_t n, bool more)
{
	uint64_t m = 0;
	if (more)
		return n ? le8(p + n - 8) >> (64 - 8 * n) : 0;
	for (uint32_t i = 0; i < n; i++)
		m |= (uint64_t)p[i] << (8 * i);
	return m;
}

static inline struct state begin(const struct hash_key *key)
{
	return (struct state){key->k0 ^ 0x736f6d6570736575, key->k1 ^ 0x646f72616e646f6d,
	    key->k0 ^ 0x6c7967656e657261, key->k1 ^ 0x7465646279746573};
}

static inline uint64_t end(struct state *s)
{
	s->v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		round_of(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t hash_bytes(const struct hash_key *key, const void *data, uint32_t n)
{
	struct state s = begin(key);
	const uint8_t *p = data;
	uint32_t whole = n & ~7u;
	for (uint32_t i = 0; i < whole; i += 8)
		mix(&s, le8(p + i));
	mix(&s, tail(p + whole, n & 7, whole) | (uint64_t)n << 56);
	return end(&s);
}

uint64_t hash_short(const struct hash_key *key, uint64_t first, uint64_t rest, uint32_t n)
{
	struct state s = begin(key);
	mix(&s, first);
	mix(&s, rest | (uint64_t)n << 56);
	return end(&s);
}
