/* SPDX-License-Identifier: Apache-2.0 */
/* Far addresses and what each of them holds: connections and chunks. */
#ifndef DP_TCP_PEER_H
#define DP_TCP_PEER_H

#include "dataplane/net/tcp_conn.h"

/* Its record with one connection more; made when there is none. NULL: no record left. */
struct tcp_peer *tcp_peer_get(struct tcp *t, const struct tcp_key *key);
void tcp_peer_put(struct tcp *t, struct tcp_peer *p); /* one connection less; its chunks are back */

#endif
