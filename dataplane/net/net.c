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
	rc = arp_new(&n->arp, conf);
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
	*out = n;
	return 0;
}

void net_free(struct net *n)
{
	if (!n)
		return;
	for (uint32_t i = 0; i < n->n_tx; i++)
		pkt_put(n->txq[i]);
	arp_free(n);
	frag_free(n);
	free(n->sent);
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
	if (ip->fam == 4)
		arp_learn(n, ip4_of(ip), mac, now);
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
	return a->fam == 4 ? own_find(&n->own, ip4_of(a)) : OWN_NONE;
}

struct ip_addr net_own_addr(const struct net *n, uint32_t i)
{
	assert(i < n->own.n);
	return ip4_addr(n->own.ip[i]);
}

const struct ip_addr *net_addr(const struct net *n)
{
	return &n->addr;
}

bool net_forbidden(const struct net *n, const struct ip_sock *s)
{
	return s->a.fam != 4 || s->port == 0 || !ip4_far(n, ip4_of(&s->a));
}
