/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/icmp.h"

#include "dataplane/net/cksum.h"
#include "dataplane/net/udp.h"
#include "dataplane/net/wire.h"

#define ICMP_HDR         8u
#define ICMP_ECHO_REPLY  0
#define ICMP_UNREACHABLE 3
#define ICMP_ECHO        8

static void answer_echo(struct net *n, const struct ip4_hdr *h, struct pkt *p, uint64_t now)
{
	if (!rate_take(&n->echo_rate, ICMP_ECHO_RATE, ICMP_ECHO_BURST, now)) {
		net_drop(n, p, STAT_drop_icmp);
		return;
	}
	p->data[0] = ICMP_ECHO_REPLY;
	put16(p->data + 2, 0);
	cksum_store(p->data + 2, cksum_fold(cksum_add(0, p->data, p->len)));
	stat_inc(n->stats, STAT_icmp_echo);
	const struct ip4_way back = {h->dst, h->src, IP_PROTO_ICMP, ip4_next_id(n)};
	(void)ip4_output(n, p, &back, now);
}

static bool pass_on(struct net *n, const struct udp_err *e, uint64_t now)
{
	return n->ops.udp_quoted && n->ops.udp_quoted(n->ops.ctx, e, now);
}

/* The error is about a TCP segment from an address of ours. Who speaks TCP knows whether it was sent. */
static bool about_tcp(const struct net *n, const struct pkt *p)
{
	struct ip4_hdr q;
	return n->ops.tcp && ip4_read(p->data + ICMP_HDR, p->len - ICMP_HDR, true, &q) &&
	       q.proto == IP_PROTO_TCP && own_find(&n->own, q.src) != OWN_NONE;
}

static void unreachable(struct net *n, const struct ip4_hdr *h, struct pkt *p, uint64_t now)
{
	if (about_tcp(n, p)) {
		ip4_to_tcp(n, h, p, true, now);
		return;
	}
	struct udp_err e = {.icmp_type = p->data[0], .icmp_code = p->data[1]};
	pkt_pull(p, ICMP_HDR);
	if (udp_read_quoted(n, p, &e) && (net_udp_quoted(n, &e, now) || pass_on(n, &e, now)))
		pkt_put(p);
	else
		net_drop(n, p, STAT_drop_icmp);
}

void icmp_input(struct net *n, const struct ip4_hdr *h, struct pkt *p, uint64_t now)
{
	if (p->len < ICMP_HDR || cksum_fold(cksum_add(0, p->data, p->len)) != 0)
		net_drop(n, p, STAT_drop_icmp);
	else if (p->data[0] == ICMP_ECHO && p->data[1] == 0)
		answer_echo(n, h, p, now);
	else if (p->data[0] == ICMP_UNREACHABLE)
		unreachable(n, h, p, now);
	else
		net_drop(n, p, STAT_drop_icmp);
}
