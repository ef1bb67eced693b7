/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP (RFC 792): answers echo requests, and tells who sent a datagram that could not be delivered. An error
 * is believed when it quotes a datagram of ours that really left a moment ago (RFC 5927 §4): the quoted
 * identification and UDP checksum are unknown to whoever did not see it. */
#ifndef DP_ICMP_H
#define DP_ICMP_H

#include "dataplane/net/ip4.h"

#define ICMP_ECHO_RATE  1000 /* answered per second */
#define ICMP_ECHO_BURST 200

void icmp_input(struct net *n, const struct ip4_hdr *h, struct pkt *p, uint64_t now);

#endif
