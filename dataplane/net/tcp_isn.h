/* SPDX-License-Identifier: Apache-2.0 */
/* Initial sequence numbers (RFC 6528): a clock of 4 µs plus a keyed hash of the connection, so that each connection
 * counts on from its last incarnation and nobody guesses another's. */
#ifndef DP_TCP_ISN_H
#define DP_TCP_ISN_H

#include "dataplane/net/tcp_key.h"

static inline uint32_t tcp_isn(const struct hash_key *secret, const struct tcp_key *key, uint64_t now)
{
	return (uint32_t)(now >> 12) + (uint32_t)hash_bytes(secret, key, sizeof *key);
}

#endif
