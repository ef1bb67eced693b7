/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet II with an optional 802.1Q tag, and the queue of frames that leave with this turn. */
#ifndef DP_ETH_H
#define DP_ETH_H

#include <string.h>

#include "dataplane/net/host.h"

#define ETH_HDR       14u
#define VLAN_HDR      4u

#define ETH_TYPE_IP4  0x0800
#define ETH_TYPE_ARP  0x0806
#define ETH_TYPE_VLAN 0x8100
#define ETH_TYPE_IP6  0x86dd
#define ETH_TYPE_QINQ 0x88a8

extern const uint8_t eth_broadcast[6];

/* A received frame: for us, of our VLAN → ARP or IP. */
void eth_input(struct net *n, struct pkt *p, uint64_t now);
/* Hand the queue to the device; what it does not take is dropped and counted. */
void eth_flush(struct net *n);

/* The frame at p->data leaves with this turn. */
static inline void eth_queue(struct net *n, struct pkt *p)
{
	if (n->n_tx == NET_TXQ)
		eth_flush(n);
	p->flags |= PKT_F_QUEUED;
	n->txq[n->n_tx++] = p;
}

/* Push the header (and tag) and queue the frame. */
static inline void eth_send(struct net *n, struct pkt *p, const uint8_t dst[6], uint16_t type)
{
	uint8_t *h = pkt_push(p, n->vlan ? ETH_HDR + VLAN_HDR : ETH_HDR);
	memcpy(h, dst, 6);
	memcpy(h + 6, n->io->mac, 6);
	if (n->vlan) {
		put16(h + 12, ETH_TYPE_VLAN);
		put16(h + 14, n->vlan);
		h += VLAN_HDR;
	}
	put16(h + 12, type);
	eth_queue(n, p);
}

bool eth_is_unicast(const uint8_t mac[6]); /* neither multicast nor all zero */

#endif
