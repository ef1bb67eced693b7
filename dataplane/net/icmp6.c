/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/icmp6.h"

#include "dataplane/net/eth.h"
#include "dataplane/net/icmp.h"
#include "dataplane/net/ndp.h"
#include "dataplane/net/udp.h"

#define ICMP6_HDR           8u
#define HBH_BYTES           8u
#define MLD_EXCLUDE_NOTHING 4 /* CHANGE_TO_EXCLUDE_MODE without sources: we listen to this group */

void icmp6_seal(struct pkt *p, const struct ip6_way *way)
{
	put16(p->data + 2, 0);
	uint64_t sum = ip6_pseudo(way->src, way->dst, IP_PROTO_ICMP6, p->len);
	cksum_store(p->data + 2, cksum_fold(cksum_add(sum, p->data, p->len)));
}

void icmp6_group_mac(uint8_t mac[6], struct host_ip group)
{
	put16(mac, 0x3333);
	put32(mac + 2, (uint32_t)group.lo);
}

void icmp6_send(struct net *n, struct pkt *p, const struct ip6_way *way, const uint8_t mac[6])
{
	icmp6_seal(p, way);
	ip6_push(p, way, way->proto);
	eth_send(n, p, mac, ETH_TYPE_IP6);
}

static uint8_t *put_record(uint8_t *d, struct host_ip group)
{
	put32(d, (uint32_t)MLD_EXCLUDE_NOTHING << 24);
	host_ip_put(d + 4, group);
	return d + 20;
}

/* A hop-by-hop header with the router alert goes before it (RFC 3810 §5): icmp6_send cannot do that. */
void icmp6_report_groups(struct net *n)
{
	static const uint8_t alert[HBH_BYTES] = {IP_PROTO_ICMP6, 0, 5, 2, 0, 0, 1, 0};
	const struct ip6_way way = {n->six.link, {0xff02000000000000ull, 0x16}, IP_PROTO_ICMP6, 1};
	struct pkt *p = net_alloc(n);
	uint8_t mac[6];
	if (!p)
		return;
	put32(p->data, (uint32_t)ICMP6_MLD2_REPORT << 24);
	put32(p->data + 4, 2);
	uint8_t *end = put_record(p->data + ICMP6_HDR, ip6_group_of(n->six.routes.ip));
	end = put_record(end, ip6_group_of(n->six.link));
	p->len = (uint32_t)(end - p->data);
	icmp6_seal(p, &way);
	memcpy(pkt_push(p, HBH_BYTES), alert, HBH_BYTES);
	ip6_push(p, &way, 0);
	icmp6_group_mac(mac, way.dst);
	eth_send(n, p, mac, ETH_TYPE_IP6);
}

static void answer_echo(struct net *n, const struct ip6_hdr *h, struct pkt *p, uint64_t now)
{
	if (h->multicast || !rate_take(&n->echo_rate, ICMP_ECHO_RATE, ICMP_ECHO_BURST, now)) {
		net_drop(n, p, STAT_drop_icmp);
		return;
	}
	const struct ip6_way back = {h->dst, h->src, IP_PROTO_ICMP6, IP6_HOPS};
	p->data[0] = ICMP6_ECHO_REPLY;
	icmp6_seal(p, &back);
	stat_inc(n->stats, STAT_icmp_echo);
	(void)ip6_output(n, p, &back, now);
}

static bool about_tcp(const struct net *n, const struct pkt *p)
{
	struct pkt quoted = *p;
	struct ip6_hdr q;
	pkt_pull(&quoted, ICMP6_HDR);
	return n->ops.tcp && ip6_quoted(n, &quoted, &q) && q.proto == IP_PROTO_TCP;
}

static void unreachable(struct net *n, const struct ip6_hdr *h, struct pkt *p, uint64_t now)
{
	if (about_tcp(n, p)) {
		ip6_to_tcp(n, h, p, true, now);
		return;
	}
	struct udp_err e = {.icmp_type = p->data[0], .icmp_code = p->data[1]};
	pkt_pull(p, ICMP6_HDR);
	if (udp_read_quoted(n, p, &e) &&
	    (net_udp_quoted(n, &e, now) || (n->ops.udp_quoted && n->ops.udp_quoted(n->ops.ctx, &e, now))))
		pkt_put(p);
	else
		net_drop(n, p, STAT_drop_icmp);
}

static void mld_query(struct net *n, const struct ip6_hdr *h, struct pkt *p, uint64_t now)
{
	bool believed = ip6_link_local(h->src) && h->hops == 1 && rate_take(&n->six.mld_rate, 1, 2, now);
	if (!believed) {
		net_drop(n, p, STAT_drop_icmp);
		return;
	}
	pkt_put(p);
	icmp6_report_groups(n);
}

void icmp6_input(struct net *n, const struct ip6_hdr *h, struct pkt *p, uint64_t now)
{
	uint64_t pseudo = ip6_pseudo(h->src, h->dst, IP_PROTO_ICMP6, p->len);
	if (p->len < ICMP6_HDR || cksum_fold(cksum_add(pseudo, p->data, p->len)) != 0) {
		net_drop(n, p, STAT_drop_icmp);
		return;
	}
	uint8_t type = p->data[0];
	if (type == ICMP6_NS || type == ICMP6_NA || type == ICMP6_RA)
		ndp_input(n, h, p, now);
	else if (type == ICMP6_ECHO && p->data[1] == 0 && !host_ip_none(h->src))
		answer_echo(n, h, p, now);
	else if (type == ICMP6_UNREACHABLE || (type == ICMP6_TOO_BIG && about_tcp(n, p)))
		unreachable(n, h, p, now);
	else if (type == ICMP6_MLD_QUERY)
		mld_query(n, h, p, now);
	else
		net_drop(n, p, STAT_drop_icmp);
}
