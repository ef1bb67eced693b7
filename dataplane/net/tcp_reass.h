/* SPDX-License-Identifier: Apache-2.0 */
/* What has arrived and cannot be told: it lies beyond a hole, or the connection is paused. A list of chunks in order of
 * their numbers that never overlap; bounded per connection, per far address and in all. What finds no room is dropped
 * before it is acknowledged in any way. */
#ifndef DP_TCP_REASS_H
#define DP_TCP_REASS_H

#include "dataplane/net/tcp_conn.h"

/* Keep what of [seq, seq + n) is not there yet. False: not all of it found room. */
bool tcp_reass_put(struct tcp_conn *c, uint32_t seq, const uint8_t *data, uint32_t n);
/* rcv_nxt moves over what is there without a hole. */
void tcp_reass_advance(struct tcp_conn *c);
/* Tell what is due, unless paused. The connection may have ended then. */
void tcp_reass_tell(struct tcp_conn *c, uint64_t now);
void tcp_reass_drop(struct tcp_conn *c); /* everything */
/* Fill SACK blocks, the newest first (RFC 2018 §4), D-SACK before it (RFC 2883). */
uint32_t tcp_sack_blocks(const struct tcp_conn *c, struct tcp_range out[TCP_SACKS]);

#endif
