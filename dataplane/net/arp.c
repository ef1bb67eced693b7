/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/arp.h"

#include <string.h>

#include "dataplane/net/eth.h"
#include "dataplane/net/ip4.h"
#include "dataplane/net/neigh.h"

#define ARP_BYTES   28u
#define ARP_PADDED  46u /* shortest ethernet payload */
#define ARP_REQUEST 1
#define ARP_REPLY   2

struct arp_msg {
	uint16_t op;
	uint32_t sender_ip, target_ip;
	uint8_t sender[6];
};

struct arp_out {
	uint16_t op;
	uint32_t own_ip, target_ip;
	const uint8_t *target; /* MAC; NULL: not known */
};

static bool is_own(const struct net *n, uint32_t ip)
{
	return own_find(&n->own, ip) != OWN_NONE;
}

static void arp_send(struct net *n, const struct arp_out *o, const uint8_t eth_dst[6])
{
	struct pkt *p = net_alloc(n);
	if (!p)
		return;
	uint8_t *d = p->data;
	memset(d, 0, ARP_PADDED);
	put16(d, 1);
	put16(d + 2, ETH_TYPE_IP4);
	d[4] = 6;
	d[5] = 4;
	put16(d + 6, o->op);
	memcpy(d + 8, n->io->mac, 6);
	put32(d + 14, o->own_ip);
	if (o->target)
		memcpy(d + 18, o->target, 6);
	put32(d + 24, o->target_ip);
	p->len = ARP_PADDED;
	eth_send(n, p, eth_dst, ETH_TYPE_ARP);
}

void arp_announce(struct net *n)
{
	for (uint32_t i = 0; i < n->own.n; i++) {
		const struct arp_out o = {ARP_REQUEST, n->own.ip[i], n->own.ip[i], NULL};
		arp_send(n, &o, eth_broadcast);
	}
}

static bool arp_parse(const struct net *n, const struct pkt *p, struct arp_msg *m)
{
	const uint8_t *d = p->data;
	if (p->len < ARP_BYTES || get16(d) != 1 || get16(d + 2) != ETH_TYPE_IP4 || d[4] != 6 || d[5] != 4)
		return false;
	m->op = get16(d + 6);
	memcpy(m->sender, d + 8, 6);
	m->sender_ip = get32(d + 14);
	m->target_ip = get32(d + 24);
	if (m->op != ARP_REQUEST && m->op != ARP_REPLY)
		return false;
	return eth_is_unicast(m->sender) && memcmp(m->sender, n->io->mac, 6) != 0;
}

/* True: it was of use. */
static bool take_request(struct net *n, const struct arp_msg *m, uint64_t now)
{
	bool ours = is_own(n, m->target_ip),
	     believable = route_on_link(&n->routes, m->sender_ip) && ip4_far(n, m->sender_ip);
	if (believable && (ours || m->sender_ip == m->target_ip))
		neigh_heard(n, host_ip4(m->sender_ip), m->sender, ours, now);
	/* sender 0: somebody probes whether our address is free (RFC 5227) */
	if (!ours || (!believable && m->sender_ip != 0))
		return false;
	stat_inc(n->stats, STAT_arp_requests);
	const struct arp_out o = {ARP_REPLY, m->target_ip, m->sender_ip, m->sender};
	arp_send(n, &o, m->sender);
	return true;
}

static bool take_reply(struct net *n, const struct arp_msg *m, uint64_t now)
{
	if (m->target_ip != n->ip || !ip4_far(n, m->sender_ip))
		return false;
	neigh_learn(n, host_ip4(m->sender_ip), m->sender, now);
	neigh_tell(n, host_ip4(m->sender_ip), m->sender);
	return true;
}

/* A flood must not keep the answers out that we wait for, nor may the chatter of others use our budget up:
 * it is dropped anyway. */
static bool over_rate(struct net *n, const struct arp_msg *m, uint64_t now)
{
	if (m->op == ARP_REPLY && neigh_awaited(n, host_ip4(m->sender_ip)))
		return false;
	if (!is_own(n, m->target_ip) && m->target_ip != m->sender_ip)
		return false;
	return !neigh_rate(n, now);
}

void arp_input(struct net *n, struct pkt *p, uint64_t now)
{
	struct arp_msg m;
	enum stat_id why = STAT_drop_arp_bad;
	if (arp_parse(n, p, &m)) {
		if (over_rate(n, &m, now))
			why = STAT_drop_arp_rate;
		else if (m.op == ARP_REQUEST ? take_request(n, &m, now) : take_reply(n, &m, now))
			why = STAT_NONE;
	}
	if (why)
		net_drop(n, p, why);
	else
		pkt_put(p);
}

void arp_ask(struct net *n, struct host_ip target, const uint8_t *mac)
{
	const struct arp_out o = {ARP_REQUEST, n->ip, (uint32_t)target.lo, NULL};
	arp_send(n, &o, mac ? mac : eth_broadcast);
}
