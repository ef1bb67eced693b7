/* SPDX-License-Identifier: Apache-2.0 */
/* The IP host of one worker: ethernet, ARP, IPv4, IPv6, ICMP, UDP over one pktio. Layers above see UDP payloads and
 * addresses. Pure in time: `now` (ns) is an argument. One thread. */
#ifndef DP_NET_H
#define DP_NET_H

#include "dataplane/api/dp_conf.h"
#include "dataplane/api/stats.h"
#include "dataplane/core/wheel.h"
#include "dataplane/net/pkt.h"

struct net;

/* A received UDP datagram. pkt->data is the payload, pkt->len its length. The receiver owns the reference
 * and ends with pkt_put or net_udp_send (the same buffer may be sent on: RTP relay). */
struct udp_in {
	struct pkt *pkt;
	struct ip_sock src, dst;
	uint32_t own; /* number of dst.a, see net_own */
	uint32_t sum; /* of the payload as it came, for net_flow_send_sum; 0: not known */
};

/* ICMP said that a UDP packet of ours did not arrive (port, host, network unreachable, fragmentation needed).
 */
struct udp_err {
	struct ip_sock local, remote; /* of the packet we sent */
	uint8_t icmp_type, icmp_code;
	bool arp;                /* not ICMP: the next hop did not answer ARP */
	uint16_t ip_id, udp_sum; /* ICMP: identification and checksum of the packet quoted */
};

/* A received TCP segment, or an ICMP error (type 3) that quotes one of ours: whole, its checksums not looked at. The IP header stands in
 * front of data, ip_hdr bytes, rebuilt when the packet came in fragments. */
struct ip_in {
	struct pkt *pkt; /* data at the TCP or ICMP header, len from there */
	struct ip_addr src, dst;
	uint32_t own; /* number of dst, see net_own */
	uint8_t ip_hdr;
	bool icmp;
};

struct net_ops {
	void *ctx;
	void (*udp)(void *ctx, struct udp_in *in, uint64_t now);
	/* This datagram will be delivered soon in this burst: a chance to fetch what it needs, in two steps,
	 * each for the whole burst: what it returns in step 0 it is given in step 1. Must change nothing. May be
	 * NULL. */
	uint32_t (*udp_soon)(void *ctx, const struct udp_in *in, unsigned step, uint32_t what);
	void (*udp_error)(void *ctx, const struct udp_err *err, uint64_t now);
	/* Takes the packet. NULL: nobody speaks TCP, counted drop_ip_proto. */
	void (*tcp)(void *ctx, struct ip_in *in, uint64_t now);
	/* This TCP segment (at its IPv4 header of 20 bytes, nothing of it checked but that so much is there and its type) will
	 * be delivered soon in this burst, unless something is wrong with it; with NULL: all were named, fetch what
	 * they need. May be NULL. */
	void (*tcp_soon)(void *ctx, const uint8_t *ip);
	/* An ICMP error quotes a packet of our address that this net did not send: another worker may have
	 * (net_udp_quoted). True: it was passed on, or dropped and counted; false: counted drop_icmp here. May
	 * be NULL. */
	bool (*udp_quoted)(void *ctx, const struct udp_err *err, uint64_t now);
	/* Tell other workers what was learned (single-queue devices get ARP replies on one core); may be
	 * NULL. */
	void (*neighbour)(void *ctx, const struct ip_addr *ip, const uint8_t mac[6]);
	/* The same for a router that advertised itself (RFC 4861) for so many seconds. */
	void (*router)(void *ctx, const struct ip_addr *ip, uint16_t seconds);
};

[[nodiscard]] int net_new(struct net **out, const struct dp_conf *conf, struct pktio *io, struct wheel *wheel,
    struct dp_stats *stats, const struct net_ops *ops, uint64_t now);
void net_free(struct net *n); /* drops held packets and fragments; every packet is back in its pool */

/* One received frame; takes the reference. */
void net_input(struct net *n, struct pkt *p, uint64_t now);
/* The same for up to NET_BURST frames in their order. All are looked at before the first is delivered, and the
 * layer above is told (udp_soon), so that what it will need is in the cache by then. */
#define NET_BURST 32u
void net_burst(struct net *n, struct pkt **in, uint32_t count, uint64_t now);
/* Send what was queued by this turn in bursts. Called once per turn of the loop. */
void net_flush(struct net *n, uint64_t now);
/* Learned elsewhere. */
void net_learn(struct net *n, const struct ip_addr *ip, const uint8_t mac[6], uint64_t now);
void net_router(struct net *n, const struct ip_addr *ip, uint16_t seconds, uint64_t now);

/* An ICMP error that came to another worker. True: this net sent what is quoted, and udp_error was told. */
bool net_udp_quoted(struct net *n, const struct udp_err *err, uint64_t now);

/* A packet to write a payload into; NULL: counted drop_no_pkt. */
struct pkt *net_alloc(struct net *n);

/* Send pkt->data[0, len) as a UDP datagram from our address. Takes one reference whatever happens. Pushes
 * UDP, IP and ethernet headers, computes all checksums, fragments above the MTU, resolves and holds for ARP.
 * 0: sent or waiting for ARP. -ENETUNREACH: no route (counted). The payload bytes stay where they are, so a
 * caller that kept a reference may call net_udp_resend later. */
int net_udp_send(struct net *n, struct pkt *p, uint16_t sport, const struct ip_sock *dst, uint64_t now);
/* The same from another address of ours: number `own` of net_own. */
int net_udp_send_from(
    struct net *n, struct pkt *p, uint32_t own, uint16_t sport, const struct ip_sock *dst, uint64_t now);
/* The same by a way that was looked up before: neither the routes nor our addresses ever change. For those who
 * send many packets to one far side. */
struct net_flow {
	uint32_t src, dst,
	    hop; /* host order; hop: the neighbour to hand it to, 0: cannot be sent to, NET_HOP6 */
	uint16_t sport, dport;
};
#define NET_HOP6 0xffffffffu /* IPv6: src is the number of our address, the rest is looked up again */
void net_flow_make(
    const struct net *n, struct net_flow *f, uint32_t own, uint16_t sport, const struct ip_sock *dst);
/* dst: what f was made of; read for IPv6 only. */
int net_flow_send(
    struct net *n, struct pkt *p, const struct net_flow *f, const struct ip_sock *dst, uint64_t now);
/* The same for a payload whose Internet checksum, not complemented and not folded, is known from its arrival and from what
 * was changed since (RFC 1624); 0: not known. */
int net_flow_send_sum(struct net *n, struct pkt *p, const struct net_flow *f, const struct ip_sock *dst,
    uint64_t sum, uint64_t now);
/* Send the same payload again (retransmission): p was sent before by net_udp_send and kept with pkt_ref.
 * Takes one reference. */
int net_udp_resend(struct net *n, struct pkt *p, uint16_t sport, const struct ip_sock *dst, uint64_t now);

/* Send pkt->data[0, len) as the payload of an IP packet (TCP: the segment with its checksum made) from our address `own`.
 * df: routers may not fragment it (IPv4). Takes one reference. -ENETUNREACH: no route (counted). */
int net_ip_send(struct net *n, struct pkt *p, uint8_t proto, uint32_t own, const struct ip_addr *dst, bool df,
    uint64_t now);
/* Send a whole IP packet that somebody else made in our name: it must be from one of our addresses, unfragmented and right.
 * Takes one reference. False: it was not, or there is no route (counted). */
bool net_ip_forward(struct net *n, struct pkt *p, uint64_t now);

/* Our addresses by number: 0 is net_addr, then dp_conf's media_ips, then its ip6. net_own: 0xffffffff when `a` is
 * not ours. */
uint32_t net_own(const struct net *n, const struct ip_addr *a);
struct ip_addr net_own_addr(const struct net *n, uint32_t own);
/* The number of the address from which this family is spoken: 0xffffffff: we have none. */
uint32_t net_own_for(const struct net *n, uint8_t fam);
/* Our address; true when `a` is one we must never send to (own, broadcast, multicast, unspecified). */
const struct ip_addr *net_addr(const struct net *n);
bool net_forbidden(const struct net *n, const struct ip_sock *s);

#endif
