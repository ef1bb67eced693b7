/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/eth.h"

#include <string.h>

#include "dataplane/net/arp.h"
#include "dataplane/net/icmp6.h"
#include "dataplane/net/ip4.h"
#include "dataplane/net/wire.h"

#define VID_MASK 0x0fff

const uint8_t eth_broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

bool eth_is_unicast(const uint8_t mac[6])
{
	static const uint8_t zero[6];
	return !(mac[0] & 1) && memcmp(mac, zero, 6) != 0;
}

/* Strip the tag when there is one; STAT_NONE: the frame is of our network. VLAN 0 is only a priority. */
static enum stat_id check_vlan(const struct net *n, struct pkt *p, uint16_t *type)
{
	uint16_t vid = 0;
	*type = get16(p->data + 12);
	if (*type == ETH_TYPE_QINQ)
		return STAT_drop_eth_vlan;
	pkt_pull(p, ETH_HDR);
	if (*type == ETH_TYPE_VLAN) {
		if (p->len < VLAN_HDR)
			return STAT_drop_eth_short;
		vid = get16(p->data) & VID_MASK;
		*type = get16(p->data + 2);
		pkt_pull(p, VLAN_HDR);
	}
	return vid == n->vlan ? STAT_NONE : STAT_drop_eth_vlan;
}

/* A group that IPv6 listens to: all nodes, or the one of an address of ours. */
static bool group_of_ours(const struct net *n, const uint8_t mac[6])
{
	if (!n->six.on || get16(mac) != 0x3333)
		return false;
	uint32_t g = get32(mac + 2);
	return g == 1 || g == (uint32_t)ip6_group_of(n->six.routes.ip).lo ||
	       g == (uint32_t)ip6_group_of(n->six.link).lo;
}

void eth_input(struct net *n, struct pkt *p, uint64_t now)
{
	if (p->len < ETH_HDR) {
		net_drop(n, p, STAT_drop_eth_short);
		return;
	}
	bool mine = memcmp(p->data, n->io->mac, 6) == 0;
	bool all = memcmp(p->data, eth_broadcast, 6) == 0, group = group_of_ours(n, p->data);
	if (!mine && !all && !group) {
		net_drop(n, p, STAT_drop_eth_other_mac);
		return;
	}
	uint16_t type;
	enum stat_id bad = check_vlan(n, p, &type);
	if (bad)
		net_drop(n, p, bad);
	else if (type == ETH_TYPE_ARP && (mine || all))
		arp_input(n, p, now);
	else if (type == ETH_TYPE_IP4 && mine)
		ip4_input(n, p, now);
	else if (type == ETH_TYPE_IP6 && n->six.on && (mine || group))
		ip6_input(n, p, now);
	else
		net_drop(n, p, type == ETH_TYPE_IP4 ? STAT_drop_ip_other : STAT_drop_eth_type);
}

void eth_flush(struct net *n)
{
	uint32_t count = n->n_tx;
	uint64_t len[NET_TXQ], bytes = 0; /* a packet that was taken may be gone */
	if (!count)
		return;
	for (uint32_t i = 0; i < count; i++) {
		n->txq[i]->flags &= (uint16_t)~PKT_F_QUEUED;
		len[i] = n->txq[i]->len;
	}
	uint32_t sent = n->io->ops->tx(n->io, n->txq, count);
	for (uint32_t i = 0; i < sent; i++)
		bytes += len[i];
	for (uint32_t i = sent; i < count; i++)
		net_drop(n, n->txq[i], STAT_drop_tx_full);
	stat_add(n->stats, STAT_tx_packets, sent);
	stat_add(n->stats, STAT_tx_bytes, bytes);
	n->n_tx = 0;
}
