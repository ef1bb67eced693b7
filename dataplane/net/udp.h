/* SPDX-License-Identifier: Apache-2.0 */
/* UDP (RFC 768) over IPv4. net_udp_send and net_udp_resend of net.h are here. */
#ifndef DP_UDP_H
#define DP_UDP_H

#include "dataplane/net/ip4.h"

#define UDP_HDR 8u

void udp_input(struct net *n, const struct ip4_hdr *h, struct pkt *p, uint64_t now);

/* A packet of ours (data at its IP header) will not arrive: tell the layer above, `how` says why. Nothing
 * happens when it is not UDP or not a first fragment. */
void udp_report(struct net *n, const struct pkt *p, const struct udp_err *how, uint64_t now);
/* Read the beginning of a packet quoted in an ICMP error (data at its IP header) into e. False: not UDP, not a
 * first fragment, or not from our address. net_udp_quoted of net.h tells whether it was really sent. */
bool udp_read_quoted(const struct net *n, const struct pkt *p, struct udp_err *e);

#endif
