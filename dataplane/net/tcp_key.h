/* SPDX-License-Identifier: Apache-2.0 */
/* The four values that name a connection, as one comparable block, and its keyed hash. */
#ifndef DP_TCP_KEY_H
#define DP_TCP_KEY_H

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "dataplane/api/ip_addr.h"
#include "sip-parser/base/hash.h"

struct tcp_key {
	uint8_t local[16], remote[16]; /* IPv4 in the first four, the rest zero */
	uint16_t lport, rport;
	uint32_t fam; /* 4 or 6 */
};
static_assert(sizeof(struct tcp_key) == 40, "a key has no holes");

static inline void tcp_key_make(struct tcp_key *k, const struct ip_addr *local, uint16_t lport,
    const struct ip_addr *remote, uint16_t rport)
{
	memcpy(k->local, local->b, 16);
	memcpy(k->remote, remote->b, 16);
	k->lport = lport;
	k->rport = rport;
	k->fam = local->fam;
}

static inline bool tcp_key_eq(const struct tcp_key *a, const struct tcp_key *b)
{
	uint64_t x[5], y[5];
	memcpy(x, a, sizeof x);
	memcpy(y, b, sizeof y);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4])) == 0;
}

/* Three secret words: pair-multiply-shift (Thorup) is universal as long as they are not known, and no output of it leaves
 * this host. Much cheaper than SipHash, which IPv6 takes. */
struct tcp_hash {
	struct hash_key key;
	uint64_t add;
};

static inline uint64_t tcp_key_hash(const struct tcp_hash *h, const struct tcp_key *k)
{
	uint32_t local, remote, ports;
	if (k->fam != 4)
		return hash_bytes(&h->key, k, sizeof *k);
	memcpy(&local, k->local, 4);
	memcpy(&remote, k->remote, 4);
	memcpy(&ports, &k->lport, 4);
	unsigned __int128 m = h->key.k0 + ((uint64_t)local << 32 | remote);
	m = m * (h->key.k1 + ports) + h->add;
	return (uint64_t)(m >> 64) ^ (uint64_t)m >> 17;
}

static inline struct ip_addr tcp_key_local(const struct tcp_key *k)
{
	struct ip_addr a = {.fam = (uint8_t)k->fam};
	memcpy(a.b, k->local, 16);
	return a;
}

static inline struct ip_addr tcp_key_remote(const struct tcp_key *k)
{
	struct ip_addr a = {.fam = (uint8_t)k->fam};
	memcpy(a.b, k->remote, 16);
	return a;
}

#endif
