/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/base/hash.h"

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static void round_of(struct state *s)
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

static void mix(struct state *s, uint64_t m)
{
	s->v3 ^= m;
	round_of(s);
	round_of(s);
	s->v0 ^= m;
}

static uint64_t le(const uint8_t *p, uint32_t n)
{
	uint64_t m = 0;
	for (uint32_t i = 0; i < n; i++)
		m |= (uint64_t)p[i] << (8 * i);
	return m;
}

uint64_t hash_bytes(const struct hash_key *key, const void *data, uint32_t n)
{
	struct state s = {key->k0 ^ 0x736f6d6570736575, key->k1 ^ 0x646f72616e646f6d,
	    key->k0 ^ 0x6c7967656e657261, key->k1 ^ 0x7465646279746573};
	const uint8_t *p = data;
	uint32_t whole = n & ~7u;
	for (uint32_t i = 0; i < whole; i += 8)
		mix(&s, le(p + i, 8));
	mix(&s, le(p + whole, n & 7) | (uint64_t)n << 56);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		round_of(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
