/* SPDX-License-Identifier: Apache-2.0 */
#include "control/locate.h"

#include "control/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAYS_MAX  4 /* services tried one after the other */
#define SPOTS_MAX 8 /* SRV targets looked up */
#define ADDRS_MAX 8 /* of one target */

/* A service: the transport it stands for, and the name of its SRV records. */
struct way {
	uint8_t transport;
	char name[DNS_NAME_MAX + 16];
};

/* A host with a port whose addresses are wanted. */
struct spot {
	struct locate *of;
	uint16_t port;
	struct ip_addr addrs[ADDRS_MAX];
	uint32_t n;
};

struct locate {
	struct loop *loop;
	struct dns *dns;
	struct locate_conf conf;
	struct locate_want want;
	char host[260];
	locate_fn fn;
	void *ctx;
	struct loop_timer deadline;
	struct way ways[WAYS_MAX];
	uint32_t n_ways, way;
	struct spot spots[SPOTS_MAX];
	uint32_t n_spots, pending; /* lookups under way */
	uint8_t transport;
	bool had_srv, told;
	char why[160];
};

static void next_way(struct locate *k);

/* ---- the end */

static void release(struct locate *k)
{
	if (k->told && !k->pending)
		free(k);
}

static void tell(struct locate *k, const struct ip_sock *hops, uint32_t n)
{
	loop_timer_cancel(k->loop, &k->deadline);
	k->told = true;
	k->fn(k->ctx, hops, n, n ? NULL : k->why);
	release(k);
}

static void fail(struct locate *k)
{
	tell(k, NULL, 0);
}

static void on_deadline(void *ctx, struct loop_timer *t)
{
	struct locate *k = ctx;
	snprintf(k->why, sizeof k->why, "timeout");
	fail(k);
}

/* An answer came: is there still anybody to hear it? */
static bool arrived(struct locate *k)
{
	k->pending--;
	if (!k->told)
		return true;
	release(k);
	return false;
}

/* ---- addresses */

static bool can(const struct locate *k, uint8_t transport)
{
	return k->want.can & 1u << transport && (!k->want.sips || transport == DP_TLS);
}

static void add_hop(struct ip_sock *hops, uint32_t *n, const struct ip_sock *hop)
{
	for (uint32_t i = 0; i < *n; i++)
		if (ip_sock_eq(&hops[i], hop))
			return;
	if (*n < LOCATE_HOPS_MAX)
		hops[(*n)++] = *hop;
}

static void gather(struct locate *k)
{
	struct ip_sock hops[LOCATE_HOPS_MAX];
	uint32_t n = 0;
	for (uint32_t i = 0; i < k->n_spots; i++)
		for (uint32_t a = 0; a < k->spots[i].n; a++)
			add_hop(hops, &n,
			    &(struct ip_sock){.a = k->spots[i].addrs[a],
			        .transport = k->transport & 3,
			        .port = k->spots[i].port});
	if (n)
		tell(k, hops, n);
	else
		next_way(k);
}

static void on_addresses(void *ctx, const struct ip_addr *addrs, uint32_t n, const char *why)
{
	struct spot *s = ctx;
	struct locate *k = s->of;
	if (!arrived(k))
		return;
	s->n = n < ADDRS_MAX ? n : ADDRS_MAX;
	if (s->n)
		memcpy(s->addrs, addrs, s->n * sizeof *addrs);
	else
		snprintf(k->why, sizeof k->why, "%s", why ? why : "no address record");
	if (!k->pending)
		gather(k);
}

static void look_up(struct locate *k, const char *name, uint16_t port)
{
	struct spot *s = &k->spots[k->n_spots++];
	*s = (struct spot){.of = k, .port = port};
	k->pending++;
	(k->want.ip6 ? dns_resolve_any : dns_resolve)(k->dns, name, on_addresses, s);
}

/* The host itself, at its port or the transport's own (§4.2). */
static void direct(struct locate *k)
{
	k->n_spots = 0;
	look_up(k, k->host, k->want.port ? k->want.port : k->transport == DP_TLS ? 5061 : 5060);
}

/* ---- SRV */

static uint32_t weight_of(const struct dns_rrset *set, const uint8_t *order, uint32_t from, uint32_t to)
{
	uint32_t sum = 0;
	for (uint32_t i = from; i < to; i++)
		sum += set->srv[order[i]].weight;
	return sum;
}

/* One of [from, to), which have the same priority; those of weight 0 stand first and have a small chance. */
static uint32_t draw(const struct dns_rrset *set, const struct locate_conf *conf, const uint8_t *order,
    uint32_t from, uint32_t to)
{
	uint32_t at = (uint32_t)(conf->random(conf->ctx) % (weight_of(set, order, from, to) + 1u)), sum = 0;
	for (uint32_t i = from; i < to; i++) {
		sum += set->srv[order[i]].weight;
		if (sum >= at)
			return i;
	}
	return from;
}

static void move_to(uint8_t *order, uint32_t at, uint32_t to)
{
	uint8_t chosen = order[at];
	memmove(&order[to + 1], &order[to], at - to);
	order[to] = chosen;
}

void locate_srv_order(const struct dns_rrset *set, const struct locate_conf *conf, uint8_t order[DNS_RR_MAX])
{
	for (uint32_t i = 0; i < set->n; i++)
		order[i] = (uint8_t)i;
	for (uint32_t from = 0, to; from < set->n; from = to) {
		for (to = from; to < set->n && set->srv[to].priority == set->srv[from].priority; to++)
			if (!set->srv[to].weight)
				move_to(order, to, from);
		for (uint32_t i = from; i + 1 < to; i++)
			move_to(order, draw(set, conf, order, i, to), i);
	}
}

static void take_targets(struct locate *k, const struct dns_rrset *set)
{
	uint8_t order[DNS_RR_MAX];
	k->n_spots = 0;
	k->pending++; /* nothing is gathered before the last one is asked for */
	locate_srv_order(set, &k->conf, order);
	for (uint32_t i = 0; i < set->n && k->n_spots < SPOTS_MAX; i++)
		if (set->srv[order[i]].target[0] && set->srv[order[i]].port)
			look_up(k, set->srv[order[i]].target, set->srv[order[i]].port);
	k->pending--;
	if (k->pending)
		return;
	snprintf(k->why, sizeof k->why, "%s says that the service is not offered", k->ways[k->way - 1].name);
	next_way(k);
}

static void on_srv(void *ctx, const struct dns_rrset *set, enum dns_found found, const char *why)
{
	struct locate *k = ctx;
	if (!arrived(k))
		return;
	if (!k->had_srv)
		snprintf(k->why, sizeof k->why, "%s", why ? why : "");
	k->had_srv |= found == DNS_FOUND;
	if (found == DNS_FOUND)
		take_targets(k, set);
	else if (found == DNS_SILENT)
		fail(k);
	else
		next_way(k);
}

/* The next service; when there is none left and nobody spoke of SRV, the host itself. */
static void next_way(struct locate *k)
{
	if (k->way < k->n_ways) {
		const struct way *w = &k->ways[k->way++];
		k->transport = w->transport;
		k->pending++;
		dns_records(k->dns, w->name, DNS_TYPE_SRV, on_srv, k);
	} else if (k->had_srv || k->n_spots) {
		fail(k);
	} else {
		k->transport = k->want.transport;
		direct(k);
	}
}

static void add_way(struct locate *k, uint8_t transport, const char *prefix, const char *name)
{
	if (k->n_ways == WAYS_MAX || !can(k, transport))
		return;
	struct way *w = &k->ways[k->n_ways];
	w->transport = transport;
	int n = snprintf(w->name, sizeof w->name, "%s%s", prefix, name);
	k->n_ways += n > 0 && (size_t)n < sizeof w->name; /* a longer one is no name */
}

/* Without NAPTR: the transport that was asked for, or each that there is in our order (§4.1). */
static void ways_by_name(struct locate *k)
{
	static const char *const prefix[DP_TRANSPORTS] = {
	    [DP_UDP] = "_sip._udp.", [DP_TCP] = "_sip._tcp.", [DP_TLS] = "_sips._tcp."};
	k->n_ways = k->way = 0;
	for (uint8_t t = DP_UDP; t < DP_TRANSPORTS; t++)
		if (k->want.transport_given || k->want.sips ? t == k->want.transport : t != DP_TLS)
			add_way(k, t, prefix[t], k->host);
	if (!k->conf.srv)
		k->n_ways = 0;
	next_way(k);
}

/* ---- NAPTR */

static void take_services(struct locate *k, const struct dns_rrset *set)
{
	static const struct {
		const char *service;
		uint8_t transport;
	} known[] = {{"sip+d2u", DP_UDP}, {"sip+d2t", DP_TCP}, {"sips+d2t", DP_TLS}};
	for (uint32_t i = 0; i < set->n; i++) {
		const struct dns_naptr *r = &set->naptr[i];
		if (strcmp(r->flags, "s") != 0 || r->has_regexp || !r->replacement[0])
			continue; /* RFC 3263 §4.1 wants just these */
		for (size_t s = 0; s < sizeof known / sizeof *known; s++)
			if (strcmp(r->service, known[s].service) == 0)
				add_way(k, known[s].transport, "", r->replacement);
	}
}

static void on_naptr(void *ctx, const struct dns_rrset *set, enum dns_found found, const char *why)
{
	struct locate *k = ctx;
	if (!arrived(k))
		return;
	take_services(k, set);
	if (k->n_ways)
		next_way(k);
	else
		ways_by_name(k);
}

/* ---- the beginning */

static bool is_literal(const char *host)
{
	struct ip_addr a;
	return ip_addr_parse(&a, span_str(host)) == 0;
}

static void begin(struct locate *k)
{
	const struct locate_want *w = &k->want;
	if (!w->transport_given)
		k->want.transport = w->sips ? DP_TLS : DP_UDP;
	k->transport = k->want.transport;
	if (is_literal(k->host) || w->port || !can(k, k->transport)) {
		direct(k); /* a transport that is not there is the caller's to refuse */
	} else if (!w->transport_given && k->conf.naptr && k->conf.srv) {
		k->pending++;
		dns_records(k->dns, k->host, DNS_TYPE_NAPTR, on_naptr, k);
	} else {
		ways_by_name(k);
	}
}

void locate(struct loop *l, struct dns *d, const struct locate_conf *conf, const struct locate_want *want,
    locate_fn fn, void *ctx)
{
	struct locate *k = mem_zalloc(sizeof *k);
	*k = (struct locate){.loop = l, .dns = d, .conf = *conf, .want = *want, .fn = fn, .ctx = ctx};
	snprintf(k->host, sizeof k->host, "%s", want->host);
	k->want.host = k->host;
	k->deadline = (struct loop_timer){.fn = on_deadline, .ctx = k};
	loop_timer_arm(l, &k->deadline, loop_now_ns() + LOCATE_NS);
	begin(k);
}
