/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/net.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/net/arp.h"
#include "dataplane/net/eth.h"
#include "dataplane/net/frag.h"
#include "dataplane/net/host.h"
#include "dataplane/net/ip4.h"
#include "dataplane/net/ip6.h"
#include "dataplane/net/ndp.h"
#include "dataplane/net/neigh.h"

#define IDS     65536u
#define MTU_MIN 576

static void seed_ids(struct net *n, const struct dp_conf *conf)
{
	uint16_t start;
	memcpy(&n->id_key, conf->key + 8, sizeof n->id_key);
	memcpy(&start, conf->key + 12, sizeof start);
	n->id_start = start;
}

/* The smallest of what the config asks for, the device carries and a buffer holds. */
static uint16_t usable_mtu(const struct dp_conf *conf, const struct pktio *io)
{
	uint16_t m = conf->mtu < io->mtu ? conf->mtu : io->mtu;
	return m < io->buf_bytes ? m : io->buf_bytes;
}

/* fe80::/64 and the MAC with its universal bit turned and ff:fe in the middle. */
static struct host_ip link_local(const uint8_t mac[6])
{
	uint8_t b[16] = {0xfe, 0x80, [8] = mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};
	return host_ip_get(b);
}

static int six_init(struct net *n, const struct dp_conf *conf)
{
	if (!conf->ip6.fam)
		return 0;
	if (n->mtu < IP6_MTU_MIN)
		return -EINVAL;
	n->six.link = link_local(n->io->mac);
	n->six.sent = calloc(IDS, sizeof *n->six.sent);
	if (!n->six.sent)
		return -ENOMEM;
	memcpy(&n->six.frag_id, conf->key + 4, sizeof n->six.frag_id);
	n->six.on = true;
	return route6_init(&n->six.routes, conf);
}

static int net_setup(struct net *n, const struct dp_conf *conf)
{
	int rc = route_init(&n->routes, conf);
	if (!rc)
		rc = own_init(&n->own, conf);
	if (rc || n->mtu < MTU_MIN || conf->vlan > 4094)
		return rc ? rc : -EINVAL;
	n->sent = calloc(IDS, sizeof *n->sent);
	if (!n->sent)
		return -ENOMEM;
	rc = six_init(n, conf);
	if (rc)
		return rc;
	rc = neigh_new(&n->neighs, conf);
	return rc ? rc : frag_new(&n->frag, conf);
}

int net_new(struct net **out, const struct dp_conf *conf, struct pktio *io, struct wheel *wheel,
    struct dp_stats *stats, const struct net_ops *ops, uint64_t now)
{
	if (!io)
		return -EINVAL;
	struct net *n = calloc(1, sizeof *n);
	if (!n)
		return -ENOMEM;
	n->io = io;
	n->wheel = wheel;
	n->stats = stats;
	n->ops = *ops;
	n->addr = conf->ip;
	n->ip = ip4_of(&conf->ip);
	n->mtu = usable_mtu(conf, io);
	n->vlan = conf->vlan;
	n->check_sums = conf->check_l4_sums;
	seed_ids(n, conf);
	int rc = net_setup(n, conf);
	if (rc) {
		net_free(n);
		return rc;
	}
	(void)now;
	arp_announce(n);
	if (n->six.on)
		ndp_announce(n);
	*out = n;
	return 0;
}

void net_free(struct net *n)
{
	if (!n)
		return;
	for (uint32_t i = 0; i < n->n_tx; i++)
		pkt_put(n->txq[i]);
	neigh_free(n);
	frag_free(n);
	free(n->sent);
	free(n->six.sent);
	free(n);
}

void net_input(struct net *n, struct pkt *p, uint64_t now)
{
	stat_inc(n->stats, STAT_rx_packets);
	stat_add(n->stats, STAT_rx_bytes, p->len);
	eth_input(n, p, now);
}

void net_flush(struct net *n, uint64_t now)
{
	(void)now;
	eth_flush(n);
}

void net_learn(struct net *n, const struct ip_addr *ip, const uint8_t mac[6], uint64_t now)
{
	neigh_learn(n, host_ip_of(ip), mac, now);
}

void net_router(struct net *n, const struct ip_addr *ip, uint16_t seconds, uint64_t now)
{
	route6_router(&n->six.routes, host_ip_of(ip), seconds, now);
}

struct pkt *net_alloc(struct net *n)
{
	struct pkt *p = n->io->ops->alloc(n->io);
	if (!p)
		stat_inc(n->stats, STAT_drop_no_pkt);
	return p;
}

uint32_t net_own(const struct net *n, const struct ip_addr *a)
{
	if (a->fam == 4)
		return own_find(&n->own, ip4_of(a));
	return n->six.on && a->fam == 6 && host_ip_eq(host_ip_of(a), n->six.routes.ip) ? n->own.n : OWN_NONE;
}

struct ip_addr net_own_addr(const struct net *n, uint32_t i)
{
	assert(i < n->own.n + n->six.on);
	return i == n->own.n ? host_ip_addr(n->six.routes.ip) : ip4_addr(n->own.ip[i]);
}

uint32_t net_own_for(const struct net *n, uint8_t fam)
{
	if (fam == 4)
		return 0;
	return fam == 6 && n->six.on ? n->own.n : OWN_NONE;
}

const struct ip_addr *net_addr(const struct net *n)
{
	return &n->addr;
}

bool net_forbidden(const struct net *n, const struct ip_sock *s)
{
	if (s->port == 0 || (s->a.fam != 4 && s->a.fam != 6))
		return true;
	return s->a.fam == 4 ? !ip4_far(n, ip4_of(&s->a)) : !n->six.on || !ip6_far(n, host_ip_of(&s->a));
}
