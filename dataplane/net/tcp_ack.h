/* SPDX-License-Identifier: Apache-2.0 */
/* What an acceptable segment says of our output: acknowledgment, SACK, window (RFC 9293 §3.10.7.4, fifth). */
#ifndef DP_TCP_ACK_H
#define DP_TCP_ACK_H

#include "dataplane/net/tcp_conn.h"

/* False: it acknowledges what was never sent, or what nobody remembers (RFC 5961 §5); challenged, to be dropped. */
bool tcp_ack(struct tcp_conn *c, const struct tcp_seg *s, uint64_t now);

#endif
