/* SPDX-License-Identifier: Apache-2.0 */
/* A burst of frames: net_burst of net.h. What is plain UDP for us without options, tags or fragments, which is
 * nearly all of it, is checked here in one go; everything else, and everything that is wrong in any way, takes the
 * way through the layers, which count it. Both ways accept the same. */
#include <assert.h>
#include <string.h>

#include "dataplane/net/cksum.h"
#include "dataplane/net/eth.h"
#include "dataplane/net/udp.h"
#include "dataplane/net/wire.h"

#define TCP_PORTS 4u
#define PLAIN_HDR (ETH_HDR + IP4_HDR + UDP_HDR)

struct seen {
	struct udp_in in; /* pkt NULL: not plain */
	uint32_t what;    /* of udp_soon */
};

static bool plain_ip(const struct net *n, const uint8_t *d, uint32_t len)
{
	const uint8_t *ip = d + ETH_HDR;
	return memcmp(d, n->io->mac, 6) == 0 && get16(d + 12) == ETH_TYPE_IP4 && ip[0] == 0x45 &&
	       get16(ip + 2) <= len - ETH_HDR && get16(ip + 2) >= IP4_HDR + UDP_HDR &&
	       (get16(ip + 6) & (IP4_MORE | IP4_OFF_MASK)) == 0 && ip[9] == IP_PROTO_UDP &&
	       cksum_fold(cksum_add(0, ip, IP4_HDR)) == 0;
}

/* *sum: that of the payload, which a right checksum makes the complement of all the rest. 0: nobody looked. */
static bool sum_ok(
    const struct net *n, uint32_t src, uint32_t dst, const uint8_t *udp, uint16_t len, uint32_t *sum)
{
	*sum = 0;
	if (!n->check_sums || get16(udp + 6) == 0)
		return true;
	uint64_t head = cksum_add(ip4_pseudo(src, dst, IP_PROTO_UDP, len), udp, UDP_HDR);
	uint16_t rest = cksum_fold(head);
	*sum = rest ? rest : 0xffff;
	return cksum_fold(cksum_add(head, udp + UDP_HDR, len - UDP_HDR)) == 0;
}

/* False: p is as it was. */
static bool plain_udp(const struct net *n, struct pkt *p, struct udp_in *in)
{
	const uint8_t *d = p->data, *udp = d + ETH_HDR + IP4_HDR;
	if (p->len < PLAIN_HDR || n->vlan || !plain_ip(n, d, p->len))
		return false;
	uint32_t src = get32(udp - 8), dst = get32(udp - 4);
	uint16_t len = get16(udp + 4);
	in->own = own_find(&n->own, dst);
	if (len < UDP_HDR || len > get16(d + ETH_HDR + 2) - IP4_HDR || in->own == OWN_NONE ||
	    !ip4_far(n, src) || !sum_ok(n, src, dst, udp, len, &in->sum))
		return false;
	in->pkt = p;
	ip4_sock(&in->src, src, get16(udp));
	ip4_sock(&in->dst, dst, get16(udp + 2));
	p->len = PLAIN_HDR - UDP_HDR + len;
	pkt_pull(p, PLAIN_HDR);
	return true;
}

/* TCP goes through the layers, but what it will need can be fetched as well. */
static void announce_tcp(const struct net *n, struct pkt **in, const struct seen *s, uint32_t count)
{
	uint32_t found = 0;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *d = in[i]->data;
		if (s[i].in.pkt || in[i]->len < ETH_HDR + IP4_HDR + TCP_PORTS ||
		    get16(d + 12) != ETH_TYPE_IP4 || d[ETH_HDR] != 0x45 || d[ETH_HDR + 9] != IP_PROTO_TCP)
			continue;
		n->ops.tcp_soon(n->ops.ctx, d + ETH_HDR);
		found++;
	}
	if (found)
		n->ops.tcp_soon(n->ops.ctx, NULL);
}

static void announce(const struct net *n, struct seen *s, uint32_t count, unsigned step)
{
	if (!n->ops.udp_soon)
		return;
	for (uint32_t i = 0; i < count; i++) {
		if (s[i].in.pkt)
			s[i].what = n->ops.udp_soon(n->ops.ctx, &s[i].in, step, s[i].what);
	}
}

void net_burst(struct net *n, struct pkt **in, uint32_t count, uint64_t now)
{
	struct seen s[NET_BURST];
	uint64_t bytes = 0;
	assert(count <= NET_BURST);
	for (uint32_t i = 0; i < count; i++)
		__builtin_prefetch(in[i]->data);
	for (uint32_t i = 0; i < count; i++) {
		bytes += in[i]->len;
		s[i].what = 0;
		if (!plain_udp(n, in[i], &s[i].in))
			s[i].in.pkt = NULL;
	}
	stat_add(n->stats, STAT_rx_packets, count);
	stat_add(n->stats, STAT_rx_bytes, bytes);
	announce(n, s, count, 0);
	announce(n, s, count, 1);
	if (n->ops.tcp_soon)
		announce_tcp(n, in, s, count);
	for (uint32_t i = 0; i < count; i++) {
		if (s[i].in.pkt)
			n->ops.udp(n->ops.ctx, &s[i].in, now);
		else
			eth_input(n, in[i], now);
	}
}
