/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/ip6.h"

#include <errno.h>

#include "dataplane/net/frag.h"
#include "dataplane/net/icmp6.h"
#include "dataplane/net/ip4.h"
#include "dataplane/net/neigh.h"
#include "dataplane/net/udp.h"

#define EXT_HOP_BY_HOP 0
#define EXT_ROUTING    43
#define EXT_FRAGMENT   44
#define EXT_NONE       59
#define EXT_OPTIONS    60

#define FRAG_HDR       8u
#define OPT_PAD1       0
#define OPT_UNKNOWN_DROPS                                                                                    \
	0xc0 /* the two bits that say what becomes of a packet with an option nobody knows */

static const struct host_ip all_nodes = {0xff02000000000000ull, 1};

/* Options are walked for their lengths; one that we do not know and that may not be skipped ends the packet. */
static bool options_ok(const uint8_t *o, uint32_t len)
{
	for (uint32_t i = 0; i < len;) {
		if (o[i] == OPT_PAD1) {
			i++;
			continue;
		}
		bool router_alert = o[i] == 5;
		if (i + 2 > len || o[i + 1] > len - i - 2 || (!router_alert && (o[i] & OPT_UNKNOWN_DROPS)))
			return false;
		i += 2u + o[i + 1];
	}
	return true;
}

/* Strip one extension header that is no fragment; *next becomes what follows it. */
static bool strip(struct pkt *p, uint8_t *next)
{
	if (p->len < 8 || p->len < (p->data[1] + 1u) * 8)
		return false;
	const uint8_t *d = p->data;
	uint32_t bytes = (d[1] + 1u) * 8;
	if (*next == EXT_ROUTING ? d[3] != 0 /* we are a host, not a stop on the way */
	                         : !options_ok(d + 2, bytes - 2))
		return false;
	*next = d[0];
	pkt_pull(p, bytes);
	return true;
}

static bool is_ext(uint8_t proto)
{
	return proto == EXT_HOP_BY_HOP || proto == EXT_ROUTING || proto == EXT_OPTIONS;
}

/* Strip all that come in a row. first: a hop-by-hop header may stand here, and nowhere else. */
static bool strip_all(struct pkt *p, uint8_t *next, bool first)
{
	for (uint32_t i = 0; is_ext(*next); i++, first = false) {
		if (i == IP6_EXT_MAX || (*next == EXT_HOP_BY_HOP && !first) || !strip(p, next))
			return false;
	}
	return true;
}

/* The fragment at data, or the whole datagram's payload that it completed. */
static struct pkt *defragment(struct net *n, struct ip6_hdr *h, struct pkt *p, uint64_t now)
{
	if (p->len < FRAG_HDR) {
		net_drop(n, p, STAT_drop_ip_bad);
		return NULL;
	}
	uint16_t at = get16(p->data + 2);
	const struct frag_piece f = {.src = h->src,
	    .dst = h->dst,
	    .id = get32(p->data + 4),
	    .proto = p->data[0],
	    .off = at & ~7u,
	    .more = at & 1};
	h->proto = f.proto;
	pkt_pull(p, FRAG_HDR);
	/* RFC 6946: a fragment that is the whole datagram has nothing to do with any other */
	return f.off || f.more ? frag_input(n, &f, p, now) : p;
}

/* Extension headers and fragments are gone: one header is put in front again, for those who want one. */
void ip6_to_tcp(struct net *n, const struct ip6_hdr *h, struct pkt *p, bool icmp, uint64_t now)
{
	if (!n->ops.tcp) {
		net_drop(n, p, STAT_drop_ip_proto);
		return;
	}
	ip6_push(p, &(struct ip6_way){h->src, h->dst, h->proto, h->hops}, h->proto);
	pkt_pull(p, IP6_HDR);
	struct ip_in in = {.pkt = p,
	    .src = host_ip_addr(h->src),
	    .dst = host_ip_addr(h->dst),
	    .own = n->own.n,
	    .ip_hdr = IP6_HDR,
	    .icmp = icmp};
	n->ops.tcp(n->ops.ctx, &in, now);
}

static void deliver(struct net *n, const struct ip6_hdr *h, struct pkt *p, uint64_t now)
{
	if (h->proto == IP_PROTO_ICMP6)
		icmp6_input(n, h, p, now);
	else if (h->multicast || host_ip_eq(h->dst, n->six.link))
		net_drop(n, p, STAT_drop_ip_other);
	else if (h->proto == IP_PROTO_TCP)
		ip6_to_tcp(n, h, p, false, now);
	else if (h->proto == IP_PROTO_UDP)
		udp_input(n, &(struct udp_ends){h->src, h->dst, n->own.n}, p, now);
	else
		net_drop(n, p, STAT_drop_ip_proto);
}

static void unwrap(struct net *n, struct ip6_hdr *h, struct pkt *p, uint64_t now)
{
	bool ok = strip_all(p, &h->proto, true);
	if (ok && h->proto == EXT_FRAGMENT) {
		p = defragment(n, h, p, now);
		if (!p)
			return;
		ok = strip_all(p, &h->proto, false);
	}
	if (!ok)
		net_drop(n, p, STAT_drop_ip_bad);
	else
		deliver(n, h, p, now);
}

static bool read_header(const uint8_t *d, uint32_t len, struct ip6_hdr *h)
{
	if (len < IP6_HDR || d[0] >> 4 != 6)
		return false;
	*h = (struct ip6_hdr){
	    .src = host_ip_get(d + 8), .dst = host_ip_get(d + 24), .proto = d[6], .hops = d[7]};
	return true;
}

/* STAT_NONE: it is for us, from somebody who can be there. */
static enum stat_id check_ends(const struct net *n, struct ip6_hdr *h)
{
	h->multicast = host_ip_eq(h->dst, all_nodes) || host_ip_eq(h->dst, ip6_group_of(n->six.routes.ip)) ||
	               host_ip_eq(h->dst, ip6_group_of(n->six.link));
	if (!h->multicast && !ip6_own(n, h->dst))
		return STAT_drop_ip_other;
	/* who looks for a free address has none (RFC 4862 §5.4.2) */
	bool nobody = host_ip_none(h->src) && h->multicast && h->proto == IP_PROTO_ICMP6;
	return nobody || ip6_far(n, h->src) ? STAT_NONE : STAT_drop_ip_source;
}

void ip6_input(struct net *n, struct pkt *p, uint64_t now)
{
	struct ip6_hdr h;
	if (!read_header(p->data, p->len, &h) || get16(p->data + 4) > p->len - IP6_HDR) {
		net_drop(n, p, STAT_drop_ip_bad);
		return;
	}
	enum stat_id bad = check_ends(n, &h);
	if (bad) {
		net_drop(n, p, bad);
		return;
	}
	p->len = IP6_HDR + get16(p->data + 4); /* the rest is ethernet padding */
	pkt_pull(p, IP6_HDR);
	unwrap(n, &h, p, now);
}

const uint8_t *ip6_quoted(const struct net *n, const struct pkt *p, struct ip6_hdr *h)
{
	uint32_t at = IP6_HDR;
	if (!read_header(p->data, p->len, h) || !host_ip_eq(h->src, n->six.routes.ip))
		return NULL;
	if (h->proto == EXT_FRAGMENT) { /* the only header that we put between */
		if (p->len < at + FRAG_HDR || get16(p->data + at + 2) & ~7u)
			return NULL;
		h->proto = p->data[at];
		at += FRAG_HDR;
	}
	return p->len >= at + UDP_HDR ? p->data + at : NULL;
}

const uint8_t *ip6_quoted_udp(const struct net *n, const struct pkt *p, struct ip6_hdr *h)
{
	const uint8_t *udp = ip6_quoted(n, p, h);
	return udp && h->proto == IP_PROTO_UDP ? udp : NULL;
}

void ip6_push(struct pkt *p, const struct ip6_way *way, uint8_t proto)
{
	uint32_t len = p->len;
	uint8_t *h = pkt_push(p, IP6_HDR);
	put32(h, 0x60000000u);
	put16(h + 4, (uint16_t)len);
	h[6] = proto;
	h[7] = way->hops;
	host_ip_put(h + 8, way->src);
	host_ip_put(h + 24, way->dst);
}

int ip6_output(struct net *n, struct pkt *p, const struct ip6_way *way, uint64_t now)
{
	struct host_ip hop;
	if (!n->six.on || !ip6_far(n, way->dst) || !route6_lookup(&n->six.routes, way->dst, now, &hop)) {
		net_drop(n, p, STAT_drop_ip_no_route);
		return -ENETUNREACH;
	}
	uint32_t mtu =
	    n->mtu < IP6_MTU_MIN || route6_on_link(&n->six.routes, way->dst) ? n->mtu : IP6_MTU_MIN;
	if (IP6_HDR + p->len > mtu) {
		frag_output6(n, p, way, mtu, hop, now);
		return 0;
	}
	ip6_push(p, way, way->proto);
	neigh_output(n, p, hop, now);
	return 0;
}

bool ip6_forward(struct net *n, struct pkt *p, uint64_t now)
{
	struct ip6_hdr h;
	struct host_ip hop;
	if (!n->six.on || !read_header(p->data, p->len, &h) || get16(p->data + 4) != p->len - IP6_HDR ||
	    !host_ip_eq(h.src, n->six.routes.ip) || h.proto == EXT_FRAGMENT || p->len > n->mtu) {
		net_drop(n, p, STAT_drop_ip_bad);
		return false;
	}
	if (!ip6_far(n, h.dst) || !route6_lookup(&n->six.routes, h.dst, now, &hop)) {
		net_drop(n, p, STAT_drop_ip_no_route);
		return false;
	}
	neigh_output(n, p, hop, now);
	return true;
}
