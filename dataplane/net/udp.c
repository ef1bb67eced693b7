/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/udp.h"

#include <assert.h>

#include "dataplane/net/cksum.h"
#include "dataplane/net/eth.h"
#include "dataplane/net/wire.h"

static bool udp_ok(const struct net *n, const struct udp_ends *e, struct pkt *p)
{
	if (p->len < UDP_HDR)
		return false;
	uint16_t len = get16(p->data + 4);
	if (len < UDP_HDR || len > p->len)
		return false;
	p->len = len;
	if (get16(p->data + UDP_CSUM) == 0) /* RFC 8200 §8.1: IPv6 has no datagrams without */
		return host_ip_is4(e->dst);
	return !n->check_sums || cksum_fold(cksum_add(udp_pseudo(e->src, e->dst, len), p->data, len)) == 0;
}

void udp_input(struct net *n, const struct udp_ends *e, struct pkt *p, uint64_t now)
{
	if (!udp_ok(n, e, p)) {
		net_drop(n, p, STAT_drop_udp_bad);
		return;
	}
	struct udp_in in = {.pkt = p, .own = e->own};
	in.src = (struct ip_sock){.a = host_ip_addr(e->src), .port = get16(p->data)};
	in.dst = (struct ip_sock){.a = host_ip_addr(e->dst), .port = get16(p->data + 2)};
	pkt_pull(p, UDP_HDR);
	n->ops.udp(n->ops.ctx, &in, now);
}

/* ---- what was sent, for ICMP ---- */

/* The trace's place is where the identification lies in the permutation, found by search for no more than
 * the inverse of an odd number: x · inv = 1 (mod 2^16) by Newton's rule. */
static uint16_t place_of(const struct net *n, uint16_t id)
{
	uint32_t k = (uint16_t)(n->id_key | 1), inv = k;
	for (int i = 0; i < 4; i++)
		inv *= 2 - k * inv;
	return (uint16_t)((uint16_t)(id - n->id_start) * inv);
}

/* ---- sending ---- */

int net_udp_send_from(
    struct net *n, struct pkt *p, uint32_t own, uint16_t sport, const struct ip_sock *dst, uint64_t now)
{
	struct net_flow f;
	net_flow_make(n, &f, own, sport, dst);
	return net_flow_send(n, p, &f, dst, now);
}

int net_udp_send(struct net *n, struct pkt *p, uint16_t sport, const struct ip_sock *dst, uint64_t now)
{
	return net_udp_send_from(n, p, dst->a.fam == 6 ? n->own.n : 0, sport, dst, now);
}

int net_udp_resend(struct net *n, struct pkt *p, uint16_t sport, const struct ip_sock *dst, uint64_t now)
{
	assert(p->l4_off);
	if (p->flags & PKT_F_HELD) { /* it has not left yet: it will, once */
		pkt_put(p);
		return 0;
	}
	if (p->flags & PKT_F_QUEUED) /* the device must have read the old headers before they change */
		eth_flush(n);
	uint32_t here = pkt_headroom(p);
	if (here < p->l4_off)
		pkt_pull(p, p->l4_off - here);
	return net_udp_send(n, p, sport, dst, now);
}

/* ---- what did not arrive ---- */

/* The UDP header of a packet of ours that starts at p->data, NULL when there is none. */
static const uint8_t *own_udp(const struct net *n, const struct pkt *p, struct ip4_hdr *h)
{
	if (!ip4_read(p->data, p->len, true, h) || own_find(&n->own, h->src) == OWN_NONE ||
	    h->proto != IP_PROTO_UDP || h->off)
		return NULL;
	return p->len >= h->hlen + UDP_HDR ? p->data + h->hlen : NULL;
}

void udp_report(struct net *n, const struct pkt *p, const struct udp_err *how, uint64_t now)
{
	struct udp_err e = *how;
	if (udp_read_quoted(n, p, &e) && n->ops.udp_error)
		n->ops.udp_error(n->ops.ctx, &e, now);
}

static bool read_quoted4(const struct net *n, const struct pkt *p, struct udp_err *e)
{
	struct ip4_hdr h;
	const uint8_t *udp = own_udp(n, p, &h);
	if (!udp)
		return false;
	e->local = (struct ip_sock){.a = ip4_addr(h.src), .port = get16(udp)};
	e->remote = (struct ip_sock){.a = ip4_addr(h.dst), .port = get16(udp + 2)};
	e->ip_id = h.id;
	e->udp_sum = get16(udp + UDP_CSUM);
	return true;
}

static bool read_quoted6(const struct net *n, const struct pkt *p, struct udp_err *e)
{
	struct ip6_hdr h;
	const uint8_t *udp = ip6_quoted_udp(n, p, &h);
	if (!udp)
		return false;
	e->local = (struct ip_sock){.a = host_ip_addr(h.src), .port = get16(udp)};
	e->remote = (struct ip_sock){.a = host_ip_addr(h.dst), .port = get16(udp + 2)};
	e->udp_sum = get16(udp + UDP_CSUM);
	return true;
}

bool udp_read_quoted(const struct net *n, const struct pkt *p, struct udp_err *e)
{
	bool six = p->len && p->data[0] >> 4 == 6;
	return six ? n->six.on && read_quoted6(n, p, e) : read_quoted4(n, p, e);
}

static bool was_sent(const struct net *n, const struct udp_err *e)
{
	uint32_t ports = (uint32_t)e->local.port << 16 | e->remote.port;
	if (e->remote.a.fam == 4)
		return n->sent[place_of(n, e->ip_id)] ==
		       udp_trace(n, ip4_of(&e->remote.a), ports, e->udp_sum);
	struct host_ip dst = host_ip_of(&e->remote.a);
	return n->six.on && n->six.sent[udp_place6(n, dst, ports)] == udp_trace6(n, dst, ports, e->udp_sum);
}

bool net_udp_quoted(struct net *n, const struct udp_err *e, uint64_t now)
{
	if (!was_sent(n, e))
		return false;
	stat_inc(n->stats, STAT_icmp_unreachable);
	if (n->ops.udp_error)
		n->ops.udp_error(n->ops.ctx, e, now);
	return true;
}
