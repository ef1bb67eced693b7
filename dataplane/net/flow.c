/* SPDX-License-Identifier: Apache-2.0 */
/* A way looked up once: net_flow_make and net_flow_send of net.h. */
#include <assert.h>
#include <errno.h>

#include "dataplane/net/arp.h"
#include "dataplane/net/frag.h"
#include "dataplane/net/udp.h"
#include "dataplane/net/wire.h"

void net_flow_make(
    const struct net *n, struct net_flow *f, uint32_t own, uint16_t sport, const struct ip_sock *dst)
{
	assert(own < n->own.n);
	*f = (struct net_flow){
	    .src = n->own.ip[own], .dst = ip4_of(&dst->a), .sport = sport, .dport = dst->port};
	if (net_forbidden(n, dst) || !route_lookup(&n->routes, f->dst, &f->hop))
		f->hop = 0;
}

/* Push the UDP header. Returns its checksum in memory order. The payload is summed before and the header from its
 * values: nothing is read back. */
static uint16_t push_udp(struct pkt *p, const struct net_flow *f)
{
	uint16_t len = (uint16_t)(p->len + UDP_HDR);
	uint32_t ports = (uint32_t)f->sport << 16 | f->dport;
	uint64_t sum = ip4_pseudo(f->src, f->dst, IP_PROTO_UDP, len);
	sum += cksum_word(ports) + cksum_word((uint32_t)len << 16);
	uint16_t c = cksum_fold(cksum_add(sum, p->data, p->len));
	c = c ? c : 0xffff; /* 0 would mean "none" */
	uint8_t *u = pkt_push(p, UDP_HDR);
	put32(u, ports);
	put16(u + 4, len);
	cksum_store(u + UDP_CSUM, c);
	return c;
}

int net_flow_send(struct net *n, struct pkt *p, const struct net_flow *f, uint64_t now)
{
	assert(pkt_headroom(p) >= 64);
	p->l4_off = (uint16_t)pkt_headroom(p);
	if (f->hop == 0) {
		net_drop(n, p, STAT_drop_ip_no_route);
		return -ENETUNREACH;
	}
	const uint16_t place = n->id_count;
	const struct ip4_way way = {f->src, f->dst, IP_PROTO_UDP, ip4_next_id(n)};
	const uint16_t sum = push_udp(p, f);
	n->sent[place] = udp_trace(n, f->dst, (uint32_t)f->sport << 16 | f->dport, be16toh(sum));
	if (IP4_HDR + p->len > n->mtu) {
		frag_output(n, p, &way, f->hop, now);
		return 0;
	}
	ip4_push(p, &way, 0);
	arp_output(n, p, f->hop, now);
	return 0;
}
