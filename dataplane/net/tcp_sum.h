/* SPDX-License-Identifier: Apache-2.0 */
/* The pseudo header of TCP's checksum (RFC 9293 §3.1, RFC 8200 §8.1). Its fields may be added in any order of 16-bit
 * words, and those of IPv4's addresses are zero beyond the fourth byte. */
#ifndef DP_TCP_SUM_H
#define DP_TCP_SUM_H

#include "dataplane/net/cksum.h"
#include "dataplane/net/tcp_key.h"

#define TCP_PROTO 6u

static inline uint64_t tcp_pseudo(const struct tcp_key *k, uint32_t len)
{
	uint64_t sum = cksum_word(TCP_PROTO) + cksum_word(len);
	if (k->fam != 4)
		return cksum_add(sum, k->local, 32);
	uint32_t a, b;
	memcpy(&a, k->local, 4);
	memcpy(&b, k->remote, 4);
	return sum + a + b;
}

#endif
