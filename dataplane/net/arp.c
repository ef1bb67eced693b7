/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/arp.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/core/pool.h"
#include "dataplane/core/table.h"
#include "dataplane/net/eth.h"
#include "dataplane/net/ip4.h"
#include "dataplane/net/udp.h"
#include "dataplane/net/wire.h"

#define ARP_BYTES   28u
#define ARP_PADDED  46u /* shortest ethernet payload */
#define ARP_REQUEST 1
#define ARP_REPLY   2

enum neigh_state {
	NEIGH_ASKED, /* no MAC yet, packets wait */
	NEIGH_KNOWN,
	NEIGH_PROBE, /* has a MAC that is used while we ask again */
};

#define NEAR 256u

struct hold {
	struct pkt *p;
	struct hold *next;
};

struct neigh {
	struct wtimer timer; /* first: the callback gets here from it */
	struct net *net;
	uint32_t ip;
	uint8_t mac[6];
	uint8_t state, tries;
	bool used; /* we sent to it: evicted after those that only asked us */
	uint64_t confirmed_at, touched_at;
	uint32_t n_held;
	struct hold *held, **held_end;
};

struct arp {
	struct pool neighs, holds;
	struct table *index; /* keyed hash of the address → neighbour */
	uint64_t key;
	struct rate in_rate;
	struct neigh *near[NEAR]; /* by near_of: whom the last packet went to; NULL: nobody */
};

struct arp_msg {
	uint16_t op;
	uint32_t sender_ip, target_ip;
	uint8_t sender[6];
};

static void on_timer(void *ctx, struct wtimer *t, uint64_t now);

int arp_new(struct arp **out, const struct dp_conf *conf)
{
	uint32_t holds = conf->pkts_max / 4;
	if (holds > ARP_HOLD_ALL)
		holds = ARP_HOLD_ALL;
	struct arp *a = calloc(1, sizeof *a);
	if (!a)
		return -ENOMEM;
	*out = a;
	memcpy(&a->key, conf->key, sizeof a->key);
	a->index = table_new(ARP_NEIGHBOURS);
	if (!a->index || pool_init(&a->neighs, "neighbours", ARP_NEIGHBOURS, sizeof(struct neigh)) ||
	    pool_init(&a->holds, "arp holds", holds ? holds : 1, sizeof(struct hold)))
		return -ENOMEM;
	return 0;
}

static uint64_t hash_ip(const struct arp *a, uint32_t ip)
{
	uint64_t h = (ip ^ a->key) * 0x9e3779b97f4a7c15ull;
	h = (h ^ (h >> 29) ^ (a->key >> 7)) * 0xbf58476d1ce4e5b9ull;
	return h ^ (h >> 32);
}

static struct neigh *neigh_find(const struct arp *a, uint32_t ip)
{
	uint32_t i;
	for (uint32_t at = 0; (i = table_next(a->index, hash_ip(a, ip), &at)) != TABLE_NONE;) {
		struct neigh *e = pool_at(&a->neighs, i);
		if (e->ip == ip)
			return e;
	}
	return NULL;
}

static struct neigh **near_of(struct arp *a, uint32_t ip)
{
	return &a->near[(ip ^ ip >> 8) % NEAR];
}

/* neigh_find for every packet that leaves. */
static struct neigh *neigh_near(struct arp *a, uint32_t ip)
{
	struct neigh **at = near_of(a, ip);
	if (!*at || (*at)->ip != ip)
		*at = neigh_find(a, ip);
	return *at;
}

static void neigh_remove(struct net *n, struct neigh *e)
{
	struct arp *a = n->arp;
	assert(!e->held);
	wheel_cancel(n->wheel, &e->timer);
	if (*near_of(a, e->ip) == e)
		*near_of(a, e->ip) = NULL;
	table_del(a->index, hash_ip(a, e->ip), pool_index(&a->neighs, e));
	pool_put(&a->neighs, e);
}

/* a is a better victim than b: never used by us, then the longest untouched. */
static bool evict_first(const struct neigh *a, const struct neigh *b)
{
	if (a->used != b->used)
		return !a->used;
	return (int64_t)(a->touched_at - b->touched_at) < 0;
}

/* Make room: a neighbour that nothing waits for, and for a mere asker only one that we never used. */
static bool neigh_evict(struct net *n, bool unused_only)
{
	struct neigh *worst = NULL;
	for (uint32_t i = 0; i < ARP_NEIGHBOURS; i++) {
		struct neigh *e = pool_at(&n->arp->neighs, i);
		if (!e || e->state == NEIGH_ASKED || (unused_only && e->used))
			continue;
		if (!worst || evict_first(e, worst))
			worst = e;
	}
	if (worst)
		neigh_remove(n, worst);
	return worst != NULL;
}

/* NULL: no room, nobody may be evicted. */
static struct neigh *neigh_add(struct net *n, uint32_t ip, bool asker, uint64_t now)
{
	struct arp *a = n->arp;
	struct neigh *e = pool_get(&a->neighs);
	if (!e && neigh_evict(n, asker))
		e = pool_get(&a->neighs);
	if (!e)
		return NULL;
	*e = (struct neigh){.net = n, .ip = ip, .touched_at = now, .held_end = &e->held};
	int rc = table_put(a->index, hash_ip(a, ip), pool_index(&a->neighs, e));
	assert(rc == 0); /* as many entries as neighbours */
	(void)rc;
	return e;
}

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

/* Ask once more. The first questions about a known neighbour go to it alone (RFC 1122 §2.3.2.1). */
static void neigh_ask(struct net *n, struct neigh *e, uint64_t now)
{
	bool direct = e->state == NEIGH_PROBE && e->tries + 1 < ARP_TRIES;
	e->tries++;
	const struct arp_out o = {ARP_REQUEST, n->ip, e->ip, NULL};
	arp_send(n, &o, direct ? e->mac : eth_broadcast);
	wheel_arm(n->wheel, &e->timer, now + ARP_RETRY_NS, on_timer);
}

static void neigh_probe(struct net *n, struct neigh *e, uint64_t now)
{
	e->state = NEIGH_PROBE;
	e->tries = 0;
	neigh_ask(n, e, now);
}

static struct hold *take_held(struct neigh *e)
{
	struct hold *h = e->held;
	e->held = NULL;
	e->held_end = &e->held;
	e->n_held = 0;
	return h;
}

static struct pkt *unhold(struct arp *a, struct hold **h)
{
	struct hold *first = *h;
	struct pkt *p = first->p;
	*h = first->next;
	pool_put(&a->holds, first);
	p->flags &= (uint16_t)~PKT_F_HELD;
	return p;
}

static void neigh_confirm(struct net *n, struct neigh *e, const uint8_t mac[6], uint64_t now)
{
	wheel_cancel(n->wheel, &e->timer);
	memcpy(e->mac, mac, 6);
	e->state = NEIGH_KNOWN;
	e->confirmed_at = now;
	stat_inc(n->stats, STAT_arp_learned);
	for (struct hold *h = take_held(e); h;)
		eth_send(n, unhold(n->arp, &h), mac, ETH_TYPE_IP4);
}

/* Nobody answered. The entry goes first: who hears of the loss may send again at once. */
static void neigh_fail(struct net *n, struct neigh *e, uint64_t now)
{
	struct hold *h = take_held(e);
	neigh_remove(n, e);
	while (h) {
		struct pkt *p = unhold(n->arp, &h);
		udp_report(n, p, &(struct udp_err){.arp = true}, now);
		net_drop(n, p, STAT_drop_arp_unresolved);
	}
}

static void on_timer(void *ctx, struct wtimer *t, uint64_t now)
{
	struct neigh *e = (struct neigh *)t;
	(void)ctx;
	if (e->tries < ARP_TRIES)
		neigh_ask(e->net, e, now);
	else
		neigh_fail(e->net, e, now);
}

/* The newest is refused when the queue is full: the oldest is the INVITE, and the newer ones come again. */
static void neigh_hold(struct net *n, struct neigh *e, struct pkt *p)
{
	struct hold *h = e->n_held < ARP_HOLD_EACH ? pool_get(&n->arp->holds) : NULL;
	if (!h) {
		net_drop(n, p, STAT_drop_arp_hold_full);
		return;
	}
	*h = (struct hold){.p = p};
	p->flags |= PKT_F_HELD;
	*e->held_end = h;
	e->held_end = &h->next;
	e->n_held++;
}

static bool stale(const struct neigh *e, uint64_t now)
{
	return e->state == NEIGH_KNOWN && now - e->confirmed_at > ARP_FRESH_NS;
}

const uint8_t *arp_mac(struct net *n, uint32_t next_hop, uint64_t now)
{
	struct neigh *e = neigh_near(n->arp, next_hop);
	if (!e || e->state == NEIGH_ASKED || stale(e, now))
		return NULL;
	e->used = true;
	e->touched_at = now;
	return e->mac;
}

void arp_output(struct net *n, struct pkt *p, uint32_t next_hop, uint64_t now)
{
	struct neigh *e = neigh_near(n->arp, next_hop);
	bool fresh = !e;
	if (fresh && !(e = neigh_add(n, next_hop, false, now))) {
		net_drop(n, p, STAT_drop_arp_hold_full);
		return;
	}
	e->used = true;
	e->touched_at = now;
	if (e->state == NEIGH_ASKED)
		neigh_hold(n, e, p);
	else
		eth_send(n, p, e->mac, ETH_TYPE_IP4);
	if (fresh)
		neigh_ask(n, e, now);
	else if (stale(e, now))
		neigh_probe(n, e, now);
}

void arp_learn(struct net *n, uint32_t ip, const uint8_t mac[6], uint64_t now)
{
	struct neigh *e = neigh_find(n->arp, ip);
	if (!e || e->state == NEIGH_KNOWN || !eth_is_unicast(mac))
		return;
	/* While the old address may still answer, it alone is believed: making us ask must not be enough to
	 * take a neighbour over. */
	if (e->state == NEIGH_PROBE && e->tries < ARP_TRIES && memcmp(mac, e->mac, 6) != 0)
		return;
	neigh_confirm(n, e, mac, now);
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

/* What a question tells about the one who asks. A known neighbour with another MAC is not believed: asked. */
static void hear_request(struct net *n, const struct arp_msg *m, uint64_t now)
{
	struct neigh *e = neigh_find(n->arp, m->sender_ip);
	if (!e && is_own(n, m->target_ip))
		e = neigh_add(n, m->sender_ip, true, now);
	if (!e)
		return;
	if (e->state == NEIGH_KNOWN && e->confirmed_at && memcmp(e->mac, m->sender, 6) != 0)
		neigh_probe(n, e, now);
	else if (e->state == NEIGH_ASKED && is_own(n, m->target_ip))
		neigh_confirm(n, e, m->sender, now);
}

static void tell_others(struct net *n, const struct arp_msg *m)
{
	const struct ip_addr a = ip4_addr(m->sender_ip);
	if (n->ops.neighbour)
		n->ops.neighbour(n->ops.ctx, &a, m->sender);
}

/* True: it was of use. */
static bool take_request(struct net *n, const struct arp_msg *m, uint64_t now)
{
	bool ours = is_own(n, m->target_ip),
	     believable = route_on_link(&n->routes, m->sender_ip) && ip4_far(n, m->sender_ip);
	if (believable && (ours || m->sender_ip == m->target_ip))
		hear_request(n, m, now);
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
	arp_learn(n, m->sender_ip, m->sender, now);
	tell_others(n, m);
	return true;
}

/* A flood must not keep the answers out that we wait for, nor may the chatter of others use our budget up:
 * it is dropped anyway. */
static bool over_rate(struct net *n, const struct arp_msg *m, uint64_t now)
{
	const struct neigh *e = neigh_find(n->arp, m->sender_ip);
	if (m->op == ARP_REPLY && e && e->state != NEIGH_KNOWN)
		return false;
	if (!is_own(n, m->target_ip) && m->target_ip != m->sender_ip)
		return false;
	return !rate_take(&n->arp->in_rate, ARP_RATE, ARP_BURST, now);
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

static void neigh_forget(struct net *n, struct neigh *e)
{
	for (struct hold *h = take_held(e); h;)
		pkt_put(unhold(n->arp, &h));
	neigh_remove(n, e);
}

void arp_free(struct net *n)
{
	struct arp *a = n->arp;
	if (!a)
		return;
	for (uint32_t i = 0; a->neighs.mem && i < ARP_NEIGHBOURS; i++) {
		struct neigh *e = pool_at(&a->neighs, i);
		if (e)
			neigh_forget(n, e);
	}
	pool_fini(&a->neighs);
	pool_fini(&a->holds);
	table_free(a->index);
	free(a);
	n->arp = NULL;
}
