/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that others open, until their handshake is done: a small table, and SYN cookies when it is full. */
#ifndef DP_TCP_SYN_H
#define DP_TCP_SYN_H

#include "dataplane/net/tcp_conn.h"
#include "dataplane/net/tcp_cookie.h"

#define TCP_SYN_TRIES 3u /* SYN-ACKs more than the first: after 1, 2 and 4 s; gone after 15 */

struct tcp_syn {
	struct tcp_key key;
	uint64_t hash;
	struct tcp *t;
	struct wtimer timer;
	struct tcp_offer offer;
	uint8_t tries;
};

/* A SYN to a port that is listened on. above: our first number must be after this one (NULL: any will do). */
void tcp_syn_input(struct tcp *t, const struct tcp_key *key, uint64_t hash, const struct tcp_seg *s,
    const uint32_t *above, uint64_t now);
struct tcp_syn *tcp_syn_find(const struct tcp *t, const struct tcp_key *key, uint64_t hash);
/* A segment for a half-open connection. The connection it completes, in SYN_RCVD and with the segment still to be
 * processed, or NULL: all is done. */
struct tcp_conn *tcp_syn_segment(struct tcp *t, struct tcp_syn *y, const struct tcp_seg *s, uint64_t now);
/* An ACK to a port that is listened on and nothing known of it: does it return a cookie? As above. *quiet: it may belong
 * to a cookie whose first segment is still on its way, so it is not to be answered with a reset. */
struct tcp_conn *tcp_syn_cookie(struct tcp *t, const struct tcp_key *key, uint64_t hash,
    const struct tcp_seg *s, bool *quiet, uint64_t now);
/* What both sides agreed to in the handshake. */
void tcp_agree(struct tcp_conn *c, const struct tcp_offer *o);

#endif
