/* SPDX-License-Identifier: Apache-2.0 */
/* Segments that leave. */
#ifndef DP_TCP_OUT_H
#define DP_TCP_OUT_H

#include "dataplane/net/tcp_conn.h"

/* All that may leave now: what was lost, what is new, as far as both windows let it; an ACK if one is due and no data
 * carried it. */
void tcp_output(struct tcp_conn *c, uint64_t now);
/* Send this chunk, once more if it was sent. False: no packet was to be had, nothing changed. */
bool tcp_send_chunk(struct tcp_conn *c, struct tcp_chunk *k, uint64_t now);
/* No data: an ACK of what was received, or, with a number that is taken already, a probe that the far side must
 * answer (zero window, keep-alive). */
void tcp_send_ack(struct tcp_conn *c, bool probe, uint64_t now);
/* An answer to a segment that is not what it seems (RFC 5961 §7), at most one in 100 ms. */
void tcp_challenge(struct tcp_conn *c, uint64_t now);
/* Cut a chunk so that n bytes stay in it. False: no chunk for the rest, or nothing to cut. */
bool tcp_chunk_cut(struct tcp_conn *c, struct tcp_chunk *k, uint16_t n);

/* Without a connection. RST in answer to s as RFC 9293 §3.10.7.1 has it, at a limited rate. */
void tcp_send_bare(struct tcp *t, const struct tcp_key *key, const struct tcp_seg *s, uint64_t now);
void tcp_send_reset(struct tcp *t, const struct tcp_key *key, const struct tcp_seg *s, uint64_t now);

#endif
