/* SPDX-License-Identifier: Apache-2.0 */
/* Congestion control: slow start (RFC 5681) from ten segments (RFC 6928), then CUBIC (RFC 9438) in integers, without
 * HyStart and without pacing. Windows are bytes. */
#ifndef DP_TCP_CC_H
#define DP_TCP_CC_H

#include "dataplane/net/tcp_conn.h"

void tcp_cc_init(struct tcp_conn *c);
/* `bytes` were acknowledged while the window was in use. */
void tcp_cc_ack(struct tcp_conn *c, uint32_t bytes, uint64_t now);
void tcp_cc_loss(struct tcp_conn *c); /* once a round trip */
void tcp_cc_timeout(struct tcp_conn *c);
/* About to send after a pause: a window that was not used for a timeout is not known to be good any more. */
void tcp_cc_idle(struct tcp_conn *c, uint64_t now);

#endif
