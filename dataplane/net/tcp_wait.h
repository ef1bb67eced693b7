/* SPDX-License-Identifier: Apache-2.0 */
/* TIME-WAIT (RFC 9293 §3.6.1) in 64 bytes a connection; when the pool is full the oldest makes room. */
#ifndef DP_TCP_WAIT_H
#define DP_TCP_WAIT_H

#include "dataplane/net/tcp_conn.h"

struct tcp_wait {
	struct tcp_key key;
	uint32_t snd_nxt, rcv_nxt;
	uint32_t until_ms;   /* since the start of tcp, wraps */
	uint32_t prev, next; /* by age, pool indices */
};
static_assert(sizeof(struct tcp_wait) <= 64, "TIME-WAIT is compact");

void tcp_wait_enter(struct tcp_conn *c, uint64_t now);
struct tcp_wait *tcp_wait_find(const struct tcp *t, const struct tcp_key *key, uint64_t hash);
/* A segment for it. True: a SYN that opens the same connection again; the entry is gone, *above its last number. */
bool tcp_wait_segment(
    struct tcp *t, struct tcp_wait *w, uint64_t hash, const struct tcp_seg *s, uint32_t *above, uint64_t now);

#endif
