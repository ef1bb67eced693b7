/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/ip4.h"

#include <errno.h>

#include "dataplane/net/cksum.h"
#include "dataplane/net/frag.h"
#include "dataplane/net/icmp.h"
#include "dataplane/net/ip6.h"
#include "dataplane/net/neigh.h"
#include "dataplane/net/udp.h"
#include "dataplane/net/wire.h"

#define OPT_END  0
#define OPT_NOP  1
#define OPT_LSRR 131
#define OPT_SSRR 137

/* Options are walked for their lengths and ignored, except source routes: nobody may choose our path. */
static bool options_ok(const uint8_t *o, uint32_t len)
{
	for (uint32_t i = 0; i < len;) {
		if (o[i] == OPT_END)
			return true;
		if (o[i] == OPT_NOP) {
			i++;
			continue;
		}
		if (i + 2 > len || o[i + 1] < 2 || o[i + 1] > len - i || o[i] == OPT_LSRR || o[i] == OPT_SSRR)
			return false;
		i += o[i + 1];
	}
	return true;
}

bool ip4_read(const uint8_t *d, uint32_t len, bool cut, struct ip4_hdr *h)
{
	if (len < IP4_HDR || d[0] >> 4 != 4)
		return false;
	h->hlen = (uint8_t)((d[0] & 15) * 4);
	h->total = get16(d + 2);
	if (h->hlen < IP4_HDR || h->hlen > len || h->total < h->hlen || (!cut && h->total > len))
		return false;
	h->id = get16(d + 4);
	h->off = (uint16_t)((get16(d + 6) & IP4_OFF_MASK) * 8);
	h->more = get16(d + 6) & IP4_MORE;
	h->proto = d[9];
	h->src = get32(d + 12);
	h->dst = get32(d + 16);
	/* A quoted header may have been changed on its way (TTL): only its addresses matter. */
	if (!cut && cksum_fold(cksum_add(0, d, h->hlen)) != 0)
		return false;
	return options_ok(d + IP4_HDR, h->hlen - IP4_HDR);
}

void ip4_to_tcp(struct net *n, const struct ip4_hdr *h, struct pkt *p, bool icmp, uint64_t now)
{
	if (!n->ops.tcp) {
		net_drop(n, p, STAT_drop_ip_proto);
		return;
	}
	struct ip_in in = {.pkt = p,
	    .src = ip4_addr(h->src),
	    .dst = ip4_addr(h->dst),
	    .own = own_find(&n->own, h->dst),
	    .ip_hdr = h->hlen,
	    .icmp = icmp};
	n->ops.tcp(n->ops.ctx, &in, now);
}

static void deliver(struct net *n, const struct ip4_hdr *h, struct pkt *p, uint64_t now)
{
	if (h->proto == IP_PROTO_UDP)
		udp_input(n,
		    &(struct udp_ends){host_ip4(h->src), host_ip4(h->dst), own_find(&n->own, h->dst)}, p,
		    now);
	else if (h->proto == IP_PROTO_ICMP)
		icmp_input(n, h, p, now);
	else if (h->proto == IP_PROTO_TCP)
		ip4_to_tcp(n, h, p, false, now);
	else
		net_drop(n, p, STAT_drop_ip_proto);
}

/* A header is put in front of the whole payload again, for those who want one. */
static struct pkt *reassemble(struct net *n, struct ip4_hdr *h, struct pkt *p, uint64_t now)
{
	const struct frag_piece f = {host_ip4(h->src), host_ip4(h->dst), h->id, h->proto, h->off, h->more};
	p = frag_input(n, &f, p, now);
	if (!p || (h->proto != IP_PROTO_TCP && h->proto != IP_PROTO_ICMP))
		return p;
	ip4_push(p, &(struct ip4_way){h->src, h->dst, h->proto, h->id}, 0);
	pkt_pull(p, IP4_HDR);
	h->hlen = IP4_HDR;
	return p;
}

void ip4_input(struct net *n, struct pkt *p, uint64_t now)
{
	struct ip4_hdr h;
	if (!ip4_read(p->data, p->len, false, &h)) {
		net_drop(n, p, STAT_drop_ip_bad);
		return;
	}
	if (own_find(&n->own, h.dst) == OWN_NONE) {
		net_drop(n, p, STAT_drop_ip_other);
		return;
	}
	if (!ip4_far(n, h.src)) {
		net_drop(n, p, STAT_drop_ip_source);
		return;
	}
	p->len = h.total; /* the rest is ethernet padding */
	pkt_pull(p, h.hlen);
	if (h.more || h.off)
		p = reassemble(n, &h, p, now);
	if (p)
		deliver(n, &h, p, now);
}

int ip4_output(struct net *n, struct pkt *p, const struct ip4_way *way, uint64_t now)
{
	uint32_t hop;
	if (!route_unicast(&n->routes, way->dst) || !route_lookup(&n->routes, way->dst, &hop)) {
		net_drop(n, p, STAT_drop_ip_no_route);
		return -ENETUNREACH;
	}
	if (IP4_HDR + p->len > n->mtu) {
		frag_output(n, p, way, hop, now);
		return 0;
	}
	ip4_push(p, way, way->df ? IP4_DF : 0);
	neigh_output(n, p, host_ip4(hop), now);
	return 0;
}

int net_ip_send(
    struct net *n, struct pkt *p, uint8_t proto, uint32_t own, const struct ip_addr *dst, bool df, uint64_t now)
{
	if (dst->fam == 6)
		return ip6_output(
		    n, p, &(struct ip6_way){n->six.routes.ip, host_ip_of(dst), proto, IP6_HOPS}, now);
	const struct ip4_way way = {n->own.ip[own], ip4_of(dst), proto, ip4_next_id(n), df};
	return ip4_output(n, p, &way, now);
}

bool net_ip_forward(struct net *n, struct pkt *p, uint64_t now)
{
	struct ip4_hdr h;
	uint32_t hop;
	if (p->len && p->data[0] >> 4 == 6)
		return ip6_forward(n, p, now);
	if (!ip4_read(p->data, p->len, false, &h) || h.total != p->len || h.more || h.off ||
	    own_find(&n->own, h.src) == OWN_NONE || p->len > n->mtu) {
		net_drop(n, p, STAT_drop_ip_bad);
		return false;
	}
	if (!route_unicast(&n->routes, h.dst) || !route_lookup(&n->routes, h.dst, &hop)) {
		net_drop(n, p, STAT_drop_ip_no_route);
		return false;
	}
	neigh_output(n, p, host_ip4(hop), now);
	return true;
}
