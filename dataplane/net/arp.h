/* SPDX-License-Identifier: Apache-2.0 */
/* ARP (RFC 826) and the neighbour table.
 *
 * Trust: an address is learned from an answer to a question we have open, or from a request for our own
 * address; and a request never changes a neighbour we know: it only makes us ask ourselves. What nobody asked
 * for changes nothing. The table and the packets that wait in it are bounded. */
#ifndef DP_ARP_H
#define DP_ARP_H

#include "dataplane/net/host.h"

#define ARP_NEIGHBOURS 256
#define ARP_HOLD_EACH  64  /* packets that wait for one neighbour */
#define ARP_HOLD_ALL   512 /* and for all; at most a quarter of the packets */
#define ARP_TRIES      4
#define ARP_RETRY_NS   500000000ull   /* silence of TRIES × RETRY is an unreachable neighbour */
#define ARP_FRESH_NS   60000000000ull /* older: still used, and asked for again */
#define ARP_RATE       200            /* requests answered, or unasked packets looked at, per second */
#define ARP_BURST      100

[[nodiscard]] int arp_new(struct arp **out, const struct dp_conf *conf);
void arp_free(struct net *n); /* puts every held packet back */

void arp_input(struct net *n, struct pkt *p, uint64_t now);
/* Send an IP packet (data at its IP header) to this neighbour: now, or when it has answered. */
void arp_output(struct net *n, struct pkt *p, uint32_t next_hop, uint64_t now);
/* The MAC of a neighbour that needs neither to be asked nor to be asked again, as in use from now on; NULL: use
 * arp_output. */
const uint8_t *arp_mac(struct net *n, uint32_t next_hop, uint64_t now);
/* Another worker heard an answer. Counts only when we wait for one. */
void arp_learn(struct net *n, uint32_t ip, const uint8_t mac[6], uint64_t now);
/* Tell the network where we are (RFC 5227 announcement). */
void arp_announce(struct net *n);

#endif
