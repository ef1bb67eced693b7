/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 (RFC 8200): header checks in, headers and routes out. No forwarding.
 *
 * What leaves is never longer than 1,280 bytes beyond the link (every path carries that: RFC 8200 §5) and never
 * longer than the MTU on it; longer datagrams leave in fragments. So no path MTU has to be believed from strangers. */
#ifndef DP_IP6_H
#define DP_IP6_H

#include "dataplane/net/cksum.h"
#include "dataplane/net/host.h"

#define IP6_HDR        40u
#define IP6_HOPS       64
#define IP6_MTU_MIN    1280u
#define IP_PROTO_ICMP6 58
#define IP6_EXT_MAX    8u /* extension headers of one packet; RFC 8200 §4.1 names no more */

struct ip6_hdr {
	struct host_ip src, dst;
	uint8_t proto; /* of the upper layer, when all extension headers are walked */
	uint8_t hops;
	bool multicast; /* to a group of ours */
};

/* One received packet (data at its IPv6 header); takes it. */
void ip6_input(struct net *n, struct pkt *p, uint64_t now);
/* A packet of ours is quoted in an ICMPv6 error, cut anywhere (data at its IPv6 header): its addresses and where its
 * UDP header is. NULL: not UDP, not a first fragment, not ours, or too little of it. */
const uint8_t *ip6_quoted_udp(const struct net *n, const struct pkt *p, struct ip6_hdr *h);
/* The same for what it is about: the upper layer's number and 8 bytes of its header. */
const uint8_t *ip6_quoted(const struct net *n, const struct pkt *p, struct ip6_hdr *h);

/* Send data[0, len) (the transport header on) from src, one of ours: route, header, fragments, neighbour. Takes one
 * reference. -ENETUNREACH: no route, counted. hops: IP6_HOPS, or 255 for neighbour discovery. */
struct ip6_way {
	struct host_ip src, dst;
	uint8_t proto, hops;
};
[[nodiscard]] int ip6_output(struct net *n, struct pkt *p, const struct ip6_way *way, uint64_t now);
/* net_ip_forward of net.h for a packet of this version. */
bool ip6_forward(struct net *n, struct pkt *p, uint64_t now);
/* A TCP segment, or (icmp) an ICMPv6 message about one (data behind all IP headers): to whoever speaks TCP. */
void ip6_to_tcp(struct net *n, const struct ip6_hdr *h, struct pkt *p, bool icmp, uint64_t now);
/* Push a header in front of data: `proto` follows it. */
void ip6_push(struct pkt *p, const struct ip6_way *way, uint8_t proto);

/* A far host's unicast address. */
static inline bool ip6_far(const struct net *n, struct host_ip a)
{
	return ip6_unicast(a) && !host_ip_eq(a, n->six.routes.ip) && !host_ip_eq(a, n->six.link);
}

static inline bool ip6_own(const struct net *n, struct host_ip a)
{
	return n->six.on && (host_ip_eq(a, n->six.routes.ip) || host_ip_eq(a, n->six.link));
}

/* The solicited-node group of an address (RFC 4291 §2.7.1). */
static inline struct host_ip ip6_group_of(struct host_ip a)
{
	return (struct host_ip){0xff02000000000000ull, 0x1ff000000ull | (a.lo & 0xffffff)};
}

/* The sum of the pseudo header of an upper layer (RFC 8200 §8.1). */
static inline uint64_t ip6_pseudo(struct host_ip src, struct host_ip dst, uint8_t proto, uint32_t len)
{
	return cksum_word((uint32_t)(src.hi >> 32)) + cksum_word((uint32_t)src.hi) +
	       cksum_word((uint32_t)(src.lo >> 32)) + cksum_word((uint32_t)src.lo) +
	       cksum_word((uint32_t)(dst.hi >> 32)) + cksum_word((uint32_t)dst.hi) +
	       cksum_word((uint32_t)(dst.lo >> 32)) + cksum_word((uint32_t)dst.lo) + cksum_word(len) +
	       cksum_word(proto);
}

#endif
