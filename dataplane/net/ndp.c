/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/ndp.h"

#include "dataplane/net/eth.h"
#include "dataplane/net/icmp6.h"
#include "dataplane/net/neigh.h"

#define NDP_HOPS     255
#define NS_BYTES     24u /* without options; NA as well */
#define RA_BYTES     16u
#define OPT_SOURCE   1
#define OPT_TARGET   2
#define OPT_BYTES    8u
#define NA_SOLICITED 0x40000000u
#define NA_OVERRIDE  0x20000000u

static const struct host_ip nobody = {0, 0};
static const struct host_ip all_nodes = {0xff02000000000000ull, 1}, all_routers = {0xff02000000000000ull, 2};

/* ---- out ---- */

static void put_mac(const struct net *n, uint8_t *opt, uint8_t kind)
{
	opt[0] = kind;
	opt[1] = 1;
	memcpy(opt + 2, n->io->mac, 6);
}

/* A solicitation or advertisement; opt 0: without our MAC. */
static struct pkt *message(struct net *n, uint8_t type, uint32_t flags, struct host_ip target, uint8_t opt)
{
	struct pkt *p = net_alloc(n);
	if (!p)
		return NULL;
	put32(p->data, (uint32_t)type << 24);
	put32(p->data + 4, flags);
	host_ip_put(p->data + 8, target);
	p->len = NS_BYTES;
	if (opt) {
		put_mac(n, p->data + NS_BYTES, opt);
		p->len += OPT_BYTES;
	}
	return p;
}

static void send_to(struct net *n, struct pkt *p, struct host_ip src, struct host_ip dst, const uint8_t *mac)
{
	const struct ip6_way way = {src, dst, IP_PROTO_ICMP6, NDP_HOPS};
	uint8_t group[6];
	if (!p)
		return;
	icmp6_group_mac(group, dst);
	icmp6_send(n, p, &way, mac ? mac : group);
}

void ndp_ask(struct net *n, struct host_ip target, const uint8_t *mac)
{
	struct host_ip src = ip6_link_local(target) ? n->six.link : n->six.routes.ip;
	struct pkt *p = message(n, ICMP6_NS, 0, target, OPT_SOURCE);
	send_to(n, p, src, mac ? target : ip6_group_of(target), mac);
}

static void announce_one(struct net *n, struct host_ip own)
{
	send_to(n, message(n, ICMP6_NS, 0, own, 0), nobody, ip6_group_of(own), NULL);
	send_to(n, message(n, ICMP6_NA, NA_OVERRIDE, own, OPT_TARGET), own, all_nodes, NULL);
}

static void ask_for_router(struct net *n)
{
	struct pkt *p = net_alloc(n);
	if (!p)
		return;
	put32(p->data, (uint32_t)ICMP6_RS << 24);
	put32(p->data + 4, 0);
	put_mac(n, p->data + 8, OPT_SOURCE);
	p->len = 8 + OPT_BYTES;
	send_to(n, p, n->six.link, all_routers, NULL);
}

void ndp_announce(struct net *n)
{
	icmp6_report_groups(n);
	announce_one(n, n->six.link);
	announce_one(n, n->six.routes.ip);
	if (!n->six.routes.fixed)
		ask_for_router(n);
}

/* ---- in ---- */

struct ndp_msg {
	struct host_ip target;
	uint32_t flags;
	const uint8_t *source, *dest; /* MACs of the options, NULL: not there */
};

/* RFC 4861 §4.6: none may have no length. */
static bool read_options(const uint8_t *o, uint32_t len, struct ndp_msg *m)
{
	for (uint32_t i = 0; i < len; i += o[i + 1] * 8u) {
		if (len - i < OPT_BYTES || o[i + 1] == 0 || o[i + 1] * 8u > len - i)
			return false;
		if (o[i] == OPT_SOURCE)
			m->source = o + i + 2;
		if (o[i] == OPT_TARGET)
			m->dest = o + i + 2;
	}
	return true;
}

static bool usable_mac(const struct net *n, const uint8_t *mac)
{
	return !mac || (eth_is_unicast(mac) && memcmp(mac, n->io->mac, 6) != 0);
}

static bool read_message(const struct net *n, const struct ip6_hdr *h, const struct pkt *p, struct ndp_msg *m)
{
	uint32_t fixed = p->data[0] == ICMP6_RA ? RA_BYTES : NS_BYTES;
	*m = (struct ndp_msg){0};
	if (h->hops != NDP_HOPS || p->data[1] != 0 || p->len < fixed ||
	    !read_options(p->data + fixed, p->len - fixed, m))
		return false;
	m->flags = get32(p->data + 4);
	if (fixed == NS_BYTES)
		m->target = host_ip_get(p->data + 8);
	return usable_mac(n, m->source) && usable_mac(n, m->dest);
}

static bool take_solicitation(struct net *n, const struct ip6_hdr *h, const struct ndp_msg *m, uint64_t now)
{
	bool probe = host_ip_none(h->src); /* somebody looks whether our address is free */
	if (!ip6_own(n, m->target) || (probe && m->source))
		return false;
	if (!probe && (!m->source || !route6_on_link(&n->six.routes, h->src)))
		return false;
	if (!probe)
		neigh_heard(n, h->src, m->source, true, now);
	stat_inc(n->stats, STAT_ndp_solicits);
	struct pkt *p = message(n, ICMP6_NA, NA_OVERRIDE | (probe ? 0 : NA_SOLICITED), m->target, OPT_TARGET);
	send_to(n, p, m->target, probe ? all_nodes : h->src, m->source);
	return true;
}

static bool take_advertisement(struct net *n, const struct ndp_msg *m, uint64_t now)
{
	if (ip6_own(n, m->target)) {
		stat_inc(n->stats, STAT_ndp_conflicts);
		return true;
	}
	if (!m->dest || !ip6_far(n, m->target) || !route6_on_link(&n->six.routes, m->target))
		return false;
	neigh_learn(n, m->target, m->dest, now);
	neigh_tell(n, m->target, m->dest);
	return true;
}

static bool take_router(struct net *n, const struct ip6_hdr *h, const struct pkt *p, uint64_t now)
{
	if (!ip6_link_local(h->src) || n->six.routes.fixed)
		return false;
	uint16_t seconds = get16(p->data + 6);
	const struct ip_addr a = host_ip_addr(h->src);
	net_router(n, &a, seconds, now);
	if (n->ops.router)
		n->ops.router(n->ops.ctx, &a, seconds);
	return true;
}

/* An answer that we wait for is never over the rate: a flood must not keep it out. */
static bool over_rate(struct net *n, const struct pkt *p, const struct ndp_msg *m, uint64_t now)
{
	if (p->data[0] == ICMP6_NA && neigh_awaited(n, m->target))
		return false;
	return !neigh_rate(n, now);
}

static enum stat_id take(struct net *n, const struct ip6_hdr *h, const struct pkt *p, uint64_t now)
{
	struct ndp_msg m;
	bool used;
	if (!read_message(n, h, p, &m))
		return STAT_drop_ndp_bad;
	if (over_rate(n, p, &m, now))
		return STAT_drop_arp_rate;
	if (p->data[0] == ICMP6_NS)
		used = take_solicitation(n, h, &m, now);
	else
		used = p->data[0] == ICMP6_NA ? take_advertisement(n, &m, now) : take_router(n, h, p, now);
	return used ? STAT_NONE : STAT_drop_ndp_bad;
}

void ndp_input(struct net *n, const struct ip6_hdr *h, struct pkt *p, uint64_t now)
{
	enum stat_id why = take(n, h, p, now);
	if (why)
		net_drop(n, p, why);
	else
		pkt_put(p);
}
