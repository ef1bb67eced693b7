/* SPDX-License-Identifier: Apache-2.0 */
/* ICMPv6 (RFC 4443): answers echo requests, tells who sent a datagram that could not be delivered (believed as
 * icmp.h says), and hands neighbour discovery and multicast listener queries on. */
#ifndef DP_ICMP6_H
#define DP_ICMP6_H

#include "dataplane/net/ip6.h"

/* Types. */
#define ICMP6_UNREACHABLE 1
#define ICMP6_TOO_BIG     2
#define ICMP6_ECHO        128
#define ICMP6_ECHO_REPLY  129
#define ICMP6_MLD_QUERY   130
#define ICMP6_RS          133
#define ICMP6_RA          134
#define ICMP6_NS          135
#define ICMP6_NA          136
#define ICMP6_MLD2_REPORT 143

void icmp6_input(struct net *n, const struct ip6_hdr *h, struct pkt *p, uint64_t now);
/* Fill in the checksum of the message at data. */
void icmp6_seal(struct pkt *p, const struct ip6_way *way);
/* Send one to a group, or to a neighbour whose MAC is known. */
void icmp6_send(struct net *n, struct pkt *p, const struct ip6_way *way, const uint8_t mac[6]);
/* Tell the routers and switches which groups we listen to (MLDv2, RFC 3810 §5.2). */
void icmp6_report_groups(struct net *n);
/* The MAC of a group (RFC 2464 §7). */
void icmp6_group_mac(uint8_t mac[6], struct host_ip group);

#endif
