/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/neigh.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/core/pool.h"
#include "dataplane/core/table.h"
#include "dataplane/net/arp.h"
#include "dataplane/net/eth.h"
#include "dataplane/net/ndp.h"
#include "dataplane/net/udp.h"
#include "dataplane/net/wire.h"

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
	struct host_ip ip;
	uint8_t mac[6];
	uint8_t state, tries;
	bool used; /* we sent to it: evicted after those that only asked us */
	uint64_t confirmed_at, touched_at;
	uint32_t n_held;
	struct hold *held, **held_end;
};

struct neighs {
	struct pool neighs, holds;
	struct table *index; /* keyed hash of the address → neighbour */
	uint64_t key;
	struct rate in_rate;
	struct neigh *near[NEAR]; /* by near_of: whom the last packet went to; NULL: nobody */
};

static void on_timer(void *ctx, struct wtimer *t, uint64_t now);

int neigh_new(struct neighs **out, const struct dp_conf *conf)
{
	uint32_t holds = conf->pkts_max / 4;
	if (holds > NEIGH_HOLD_ALL)
		holds = NEIGH_HOLD_ALL;
	struct neighs *a = calloc(1, sizeof *a);
	if (!a)
		return -ENOMEM;
	*out = a;
	memcpy(&a->key, conf->key, sizeof a->key);
	a->index = table_new(NEIGH_MAX);
	if (!a->index || pool_init(&a->neighs, "neighbours", NEIGH_MAX, sizeof(struct neigh)) ||
	    pool_init(&a->holds, "arp holds", holds ? holds : 1, sizeof(struct hold)))
		return -ENOMEM;
	return 0;
}

static uint64_t hash_ip(const struct neighs *a, struct host_ip ip)
{
	uint64_t h = (ip.lo ^ a->key) * 0x9e3779b97f4a7c15ull;
	h = (h ^ (h >> 29) ^ ip.hi ^ (a->key >> 7)) * 0xbf58476d1ce4e5b9ull;
	return h ^ (h >> 32);
}

static struct neigh *neigh_find(const struct neighs *a, struct host_ip ip)
{
	uint32_t i;
	for (uint32_t at = 0; (i = table_next(a->index, hash_ip(a, ip), &at)) != TABLE_NONE;) {
		struct neigh *e = pool_at(&a->neighs, i);
		if (host_ip_eq(e->ip, ip))
			return e;
	}
	return NULL;
}

static struct neigh **near_of(struct neighs *a, struct host_ip ip)
{
	return &a->near[(ip.lo ^ ip.lo >> 8) % NEAR];
}

/* neigh_find for every packet that leaves. */
static struct neigh *neigh_near(struct neighs *a, struct host_ip ip)
{
	struct neigh **at = near_of(a, ip);
	if (!*at || !host_ip_eq((*at)->ip, ip))
		*at = neigh_find(a, ip);
	return *at;
}

static void neigh_remove(struct net *n, struct neigh *e)
{
	struct neighs *a = n->neighs;
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
	for (uint32_t i = 0; i < NEIGH_MAX; i++) {
		struct neigh *e = pool_at(&n->neighs->neighs, i);
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
static struct neigh *neigh_add(struct net *n, struct host_ip ip, bool asker, uint64_t now)
{
	struct neighs *a = n->neighs;
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

/* Ask once more. The first questions about a known neighbour go to it alone (RFC 1122 §2.3.2.1, RFC 4861 §7.3). */
static void neigh_ask(struct net *n, struct neigh *e, uint64_t now)
{
	bool direct = e->state == NEIGH_PROBE && e->tries + 1 < NEIGH_TRIES;
	e->tries++;
	if (host_ip_is4(e->ip))
		arp_ask(n, e->ip, direct ? e->mac : NULL);
	else
		ndp_ask(n, e->ip, direct ? e->mac : NULL);
	wheel_arm(n->wheel, &e->timer, now + NEIGH_RETRY_NS, on_timer);
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

static struct pkt *unhold(struct neighs *a, struct hold **h)
{
	struct hold *first = *h;
	struct pkt *p = first->p;
	*h = first->next;
	pool_put(&a->holds, first);
	p->flags &= (uint16_t)~PKT_F_HELD;
	return p;
}

static uint16_t eth_type(const struct neigh *e)
{
	return host_ip_is4(e->ip) ? ETH_TYPE_IP4 : ETH_TYPE_IP6;
}

static void neigh_confirm(struct net *n, struct neigh *e, const uint8_t mac[6], uint64_t now)
{
	wheel_cancel(n->wheel, &e->timer);
	memcpy(e->mac, mac, 6);
	e->state = NEIGH_KNOWN;
	e->confirmed_at = now;
	stat_inc(n->stats, STAT_arp_learned);
	for (struct hold *h = take_held(e); h;)
		eth_send(n, unhold(n->neighs, &h), mac, eth_type(e));
}

/* Nobody answered. The entry goes first: who hears of the loss may send again at once. */
static void neigh_fail(struct net *n, struct neigh *e, uint64_t now)
{
	struct hold *h = take_held(e);
	neigh_remove(n, e);
	while (h) {
		struct pkt *p = unhold(n->neighs, &h);
		udp_report(n, p, &(struct udp_err){.arp = true}, now);
		net_drop(n, p, STAT_drop_arp_unresolved);
	}
}

static void on_timer(void *ctx, struct wtimer *t, uint64_t now)
{
	struct neigh *e = (struct neigh *)t;
	(void)ctx;
	if (e->tries < NEIGH_TRIES)
		neigh_ask(e->net, e, now);
	else
		neigh_fail(e->net, e, now);
}

/* The newest is refused when the queue is full: the oldest is the INVITE, and the newer ones come again. */
static void neigh_hold(struct net *n, struct neigh *e, struct pkt *p)
{
	struct hold *h = e->n_held < NEIGH_HOLD_EACH ? pool_get(&n->neighs->holds) : NULL;
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
	return e->state == NEIGH_KNOWN && now - e->confirmed_at > NEIGH_FRESH_NS;
}

const uint8_t *neigh_mac(struct net *n, struct host_ip next_hop, uint64_t now)
{
	struct neigh *e = neigh_near(n->neighs, next_hop);
	if (!e || e->state == NEIGH_ASKED || stale(e, now))
		return NULL;
	e->used = true;
	e->touched_at = now;
	return e->mac;
}

void neigh_output(struct net *n, struct pkt *p, struct host_ip next_hop, uint64_t now)
{
	struct neigh *e = neigh_near(n->neighs, next_hop);
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
		eth_send(n, p, e->mac, eth_type(e));
	if (fresh)
		neigh_ask(n, e, now);
	else if (stale(e, now))
		neigh_probe(n, e, now);
}

void neigh_learn(struct net *n, struct host_ip ip, const uint8_t mac[6], uint64_t now)
{
	struct neigh *e = neigh_find(n->neighs, ip);
	if (!e || e->state == NEIGH_KNOWN || !eth_is_unicast(mac))
		return;
	/* While the old address may still answer, it alone is believed: making us ask must not be enough to
	 * take a neighbour over. */
	if (e->state == NEIGH_PROBE && e->tries < NEIGH_TRIES && memcmp(mac, e->mac, 6) != 0)
		return;
	neigh_confirm(n, e, mac, now);
}

void neigh_heard(struct net *n, struct host_ip ip, const uint8_t mac[6], bool for_us, uint64_t now)
{
	struct neigh *e = neigh_find(n->neighs, ip);
	if (!e && for_us)
		e = neigh_add(n, ip, true, now);
	if (!e)
		return;
	if (e->state == NEIGH_KNOWN && e->confirmed_at && memcmp(e->mac, mac, 6) != 0)
		neigh_probe(n, e, now);
	else if (e->state == NEIGH_ASKED && for_us)
		neigh_confirm(n, e, mac, now);
}

bool neigh_awaited(const struct net *n, struct host_ip ip)
{
	const struct neigh *e = neigh_find(n->neighs, ip);
	return e && e->state != NEIGH_KNOWN;
}

bool neigh_rate(struct net *n, uint64_t now)
{
	return rate_take(&n->neighs->in_rate, NEIGH_RATE, NEIGH_BURST, now);
}

void neigh_tell(struct net *n, struct host_ip ip, const uint8_t mac[6])
{
	const struct ip_addr a = host_ip_addr(ip);
	if (n->ops.neighbour)
		n->ops.neighbour(n->ops.ctx, &a, mac);
}

static void neigh_forget(struct net *n, struct neigh *e)
{
	for (struct hold *h = take_held(e); h;)
		pkt_put(unhold(n->neighs, &h));
	neigh_remove(n, e);
}

void neigh_free(struct net *n)
{
	struct neighs *a = n->neighs;
	if (!a)
		return;
	for (uint32_t i = 0; a->neighs.mem && i < NEIGH_MAX; i++) {
		struct neigh *e = pool_at(&a->neighs, i);
		if (e)
			neigh_forget(n, e);
	}
	pool_fini(&a->neighs);
	pool_fini(&a->holds);
	table_free(a->index);
	free(a);
	n->neighs = NULL;
}
