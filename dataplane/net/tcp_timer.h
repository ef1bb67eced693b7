/* SPDX-License-Identifier: Apache-2.0 */
/* One timer a connection for all its deadlines: retransmission, delayed ACK, idleness. It is moved only when it would
 * fire too late; firing too early costs little, moving it with every segment would cost more. */
#ifndef DP_TCP_TIMER_H
#define DP_TCP_TIMER_H

#include "dataplane/net/tcp_conn.h"

void tcp_timer_set(struct tcp_conn *c); /* after a change of rtx_at, ack_at or idle_at */
/* Choose what to wait for with the output as it is, and until when: RACK's reordering, the tail loss probe, the
 * timeout, or the end of a zero window. */
void tcp_rtx_set(struct tcp_conn *c, uint64_t now);
void tcp_again(struct tcp_conn *c, uint64_t at); /* something was not to be had: try then */
/* RFC 6298 from one measured round trip. */
void tcp_rtt_sample(struct tcp_conn *c, uint64_t rtt_ns);
uint64_t tcp_rto(const struct tcp_conn *c); /* without back-off */

#endif
