/* SPDX-License-Identifier: Apache-2.0 */
/* A way looked up once: net_flow_make and net_flow_send of net.h. */
#include <assert.h>
#include <errno.h>

#include "dataplane/net/eth.h"
#include "dataplane/net/frag.h"
#include "dataplane/net/neigh.h"
#include "dataplane/net/udp.h"
#include "dataplane/net/wire.h"

void net_flow_make(
    const struct net *n, struct net_flow *f, uint32_t own, uint16_t sport, const struct ip_sock *dst)
{
	assert(own <= n->own.n);
	if (own == n->own.n || dst->a.fam != 4) { /* between the families there is no way */
		bool six = own == n->own.n && dst->a.fam == 6 && !net_forbidden(n, dst);
		*f = (struct net_flow){
		    .src = own, .sport = sport, .dport = dst->port, .hop = six ? NET_HOP6 : 0};
		return;
	}
	*f = (struct net_flow){
	    .src = n->own.ip[own], .dst = ip4_of(&dst->a), .sport = sport, .dport = dst->port};
	if (net_forbidden(n, dst) || !route_lookup(&n->routes, f->dst, &f->hop))
		f->hop = 0;
}

/* Write the UDP header at u in front of `bytes` of payload, whose sum is `known` unless that is 0, and keep the trace of
 * the datagram. The header is summed from its values: nothing is read back. */
static void put_udp(
    struct net *n, uint8_t *u, uint32_t bytes, const struct net_flow *f, uint64_t known, uint16_t place)
{
	uint16_t len = (uint16_t)(bytes + UDP_HDR);
	uint32_t ports = (uint32_t)f->sport << 16 | f->dport;
	uint64_t sum = ip4_pseudo(f->src, f->dst, IP_PROTO_UDP, len);
	sum += cksum_word(ports) + cksum_word((uint32_t)len << 16);
	uint16_t c = cksum_fold(known ? sum + known : cksum_add(sum, u + UDP_HDR, bytes));
	c = c ? c : 0xffff; /* 0 would mean "none" */
	put32(u, ports);
	put16(u + 4, len);
	cksum_store(u + UDP_CSUM, c);
	n->sent[place] = udp_trace(n, f->dst, ports, be16toh(c));
}

/* All headers at once: the neighbour is known, and nothing is to be fragmented or tagged. */
static void send_whole(
    struct net *n, struct pkt *p, const struct net_flow *f, uint64_t sum, const uint8_t *mac)
{
	const uint16_t place = n->id_count;
	const struct ip4_way way = {f->src, f->dst, IP_PROTO_UDP, ip4_next_id(n)};
	const uint32_t bytes = p->len;
	uint8_t *h = pkt_push(p, ETH_HDR + IP4_HDR + UDP_HDR);
	put_udp(n, h + ETH_HDR + IP4_HDR, bytes, f, sum, place);
	ip4_put(h + ETH_HDR, &way, IP4_HDR + UDP_HDR + bytes, 0);
	memcpy(h, mac, 6);
	memcpy(h + 6, n->io->mac, 6);
	put16(h + 12, ETH_TYPE_IP4);
	eth_queue(n, p);
}

static void send_parts(struct net *n, struct pkt *p, const struct net_flow *f, uint64_t sum, uint64_t now)
{
	const uint16_t place = n->id_count;
	const struct ip4_way way = {f->src, f->dst, IP_PROTO_UDP, ip4_next_id(n)};
	const uint32_t bytes = p->len;
	put_udp(n, pkt_push(p, UDP_HDR), bytes, f, sum, place);
	if (IP4_HDR + p->len > n->mtu) {
		frag_output(n, p, &way, f->hop, now);
		return;
	}
	ip4_push(p, &way, 0);
	neigh_output(n, p, host_ip4(f->hop), now);
}

static int send_six(
    struct net *n, struct pkt *p, const struct net_flow *f, const struct ip_sock *to, uint64_t now)
{
	const struct ip6_way way = {n->six.routes.ip, host_ip_of(&to->a), IP_PROTO_UDP, IP6_HOPS};
	const uint32_t ports = (uint32_t)f->sport << 16 | f->dport;
	uint8_t *u = pkt_push(p, UDP_HDR);
	put32(u, ports);
	put32(u + 4, p->len << 16);
	uint16_t c = cksum_fold(cksum_add(ip6_pseudo(way.src, way.dst, IP_PROTO_UDP, p->len), u, p->len));
	c = c ? c : 0xffff;
	cksum_store(u + UDP_CSUM, c);
	n->six.sent[udp_place6(n, way.dst, ports)] = udp_trace6(n, way.dst, ports, be16toh(c));
	return ip6_output(n, p, &way, now);
}

int net_flow_send(
    struct net *n, struct pkt *p, const struct net_flow *f, const struct ip_sock *dst, uint64_t now)
{
	return net_flow_send_sum(n, p, f, dst, 0, now);
}

int net_flow_send_sum(struct net *n, struct pkt *p, const struct net_flow *f, const struct ip_sock *dst,
    uint64_t sum, uint64_t now)
{
	const uint8_t *mac = NULL;
	assert(pkt_headroom(p) >= 72); /* ethernet, a tag, IPv6, UDP */
	p->l4_off = (uint16_t)pkt_headroom(p);
	if (f->hop == 0) {
		net_drop(n, p, STAT_drop_ip_no_route);
		return -ENETUNREACH;
	}
	if (f->hop == NET_HOP6)
		return send_six(n, p, f, dst, now);
	if (n->vlan == 0 && IP4_HDR + UDP_HDR + p->len <= n->mtu)
		mac = neigh_mac(n, host_ip4(f->hop), now);
	if (mac)
		send_whole(n, p, f, sum, mac);
	else
		send_parts(n, p, f, sum, now);
	return 0;
}
