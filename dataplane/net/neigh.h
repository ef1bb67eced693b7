/* SPDX-License-Identifier: Apache-2.0 */
/* The neighbours of the link, whichever protocol finds them: ARP (RFC 826) for IPv4, neighbour discovery
 * (RFC 4861) for IPv6. Both tell this file what they heard; it asks through them, keeps the packets that wait,
 * and gives up.
 *
 * Trust: an address is learned from an answer to a question we have open, or from a question for our own
 * address; and a question never changes a neighbour we know: it only makes us ask ourselves. What nobody asked
 * for changes nothing. The table and the packets that wait in it are bounded. */
#ifndef DP_NEIGH_H
#define DP_NEIGH_H

#include "dataplane/net/host.h"

#define NEIGH_MAX       256
#define NEIGH_HOLD_EACH 64  /* packets that wait for one neighbour */
#define NEIGH_HOLD_ALL  512 /* and for all; at most a quarter of the packets */
#define NEIGH_TRIES     4
#define NEIGH_RETRY_NS  500000000ull   /* silence of TRIES × RETRY is an unreachable neighbour */
#define NEIGH_FRESH_NS  60000000000ull /* older: still used, and asked for again */
#define NEIGH_RATE      200            /* questions answered, or unasked packets looked at, per second */
#define NEIGH_BURST     100

[[nodiscard]] int neigh_new(struct neighs **out, const struct dp_conf *conf);
void neigh_free(struct net *n); /* puts every held packet back */

/* Send an IP packet (data at its IP header) to this neighbour: now, or when it has answered. */
void neigh_output(struct net *n, struct pkt *p, struct host_ip next_hop, uint64_t now);
/* The MAC of a neighbour that needs neither to be asked nor to be asked again, as in use from now on; NULL: use
 * neigh_output. */
const uint8_t *neigh_mac(struct net *n, struct host_ip next_hop, uint64_t now);

/* An answer came, here or at another worker. Counts only when we wait for one. */
void neigh_learn(struct net *n, struct host_ip ip, const uint8_t mac[6], uint64_t now);
/* A believable question came from ip; for_us: about an address of ours. A known neighbour with another MAC is not
 * believed: asked. */
void neigh_heard(struct net *n, struct host_ip ip, const uint8_t mac[6], bool for_us, uint64_t now);
/* An answer from ip is waited for. */
bool neigh_awaited(const struct net *n, struct host_ip ip);
/* One unasked packet more of ARP or neighbour discovery: within the rate? */
bool neigh_rate(struct net *n, uint64_t now);
/* Tell other workers of an answer. */
void neigh_tell(struct net *n, struct host_ip ip, const uint8_t mac[6]);

#endif
