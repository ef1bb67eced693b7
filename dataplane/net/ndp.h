/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbour discovery (RFC 4861): how IPv6 neighbours are asked for and answered, and routers heard. Whom it believes
 * is neigh.h's; and nothing that crossed a router is looked at (hop limit 255, §7.1). Redirects are not followed. */
#ifndef DP_NDP_H
#define DP_NDP_H

#include "dataplane/net/ip6.h"

/* A solicitation, neighbour advertisement or router advertisement (data at its ICMPv6 header, checksum right). */
void ndp_input(struct net *n, const struct ip6_hdr *h, struct pkt *p, uint64_t now);
/* Ask for target, at mac alone or (NULL) its group. */
void ndp_ask(struct net *n, struct host_ip target, const uint8_t *mac);
/* At start: join our groups, ask whether somebody has our addresses (RFC 4862 §5.4; an answer is counted
 * ndp_conflicts), tell the link where we are, and ask for a router when the config names none. */
void ndp_announce(struct net *n);

#endif
