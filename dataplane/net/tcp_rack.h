/* SPDX-License-Identifier: Apache-2.0 */
/* Which segments are lost (RFC 8985): those sent well before one that has arrived. Without SACK: the third duplicate ACK
 * (RFC 5681, RFC 6582). */
#ifndef DP_TCP_RACK_H
#define DP_TCP_RACK_H

#include "dataplane/net/tcp_conn.h"

/* This chunk has arrived. */
void tcp_rack_sample(struct tcp_conn *c, const struct tcp_chunk *k, uint64_t now);
/* Mark what must be lost by now; enter recovery if something is. Returns the ns after which more will be, 0: none. */
uint64_t tcp_rack_mark(struct tcp_conn *c, uint64_t now);
void tcp_mark_lost(struct tcp_conn *c, struct tcp_chunk *k);
/* Something was marked lost: the window is cut once a round trip. */
void tcp_recover(struct tcp_conn *c);

#endif
