/* SPDX-License-Identifier: Apache-2.0 */
/* ARP (RFC 826): how IPv4 neighbours are asked for and answered. Whom it believes is neigh.h's. */
#ifndef DP_ARP_H
#define DP_ARP_H

#include "dataplane/net/host.h"

void arp_input(struct net *n, struct pkt *p, uint64_t now);
/* Ask for target, at mac alone or (NULL) everybody. */
void arp_ask(struct net *n, struct host_ip target, const uint8_t *mac);
/* Tell the network where we are (RFC 5227 announcement). */
void arp_announce(struct net *n);

#endif
