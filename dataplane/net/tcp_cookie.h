/* SPDX-License-Identifier: Apache-2.0 */
/* SYN cookies: a half-open connection kept in the initial sequence number (RFC 4987 §3.6). 24 bits of a MAC over the
 * connection, their sequence number and the time; 8 bits for what the SYN offered, rounded down. One is good for 16 to
 * 32 s. They are made, and believed, only while the half-open table is or was just full: 24 bits are few. */
#ifndef DP_TCP_COOKIE_H
#define DP_TCP_COOKIE_H

#include <assert.h>

#include "dataplane/net/tcp_key.h"
#include "dataplane/net/tcp_seg.h"

#define TCP_COOKIE_LIFE_NS 32000000000ull

/* What of a SYN outlives it. */
struct tcp_offer {
	uint32_t iss, irs;
	uint16_t mss;
	uint8_t scale; /* or TCP_NO_SCALE */
	bool sack;
};

/* Fills iss, and rounds mss and scale down to what it will say again. */
void tcp_cookie_make(
    const struct hash_key *secret, const struct tcp_key *key, struct tcp_offer *o, uint64_t now);
/* o->iss and o->irs are given; fills the rest. False: not one of ours, or too old. */
bool tcp_cookie_read(
    const struct hash_key *secret, const struct tcp_key *key, struct tcp_offer *o, uint64_t now);

#endif
