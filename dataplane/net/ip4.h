/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 (RFC 791, RFC 1122 §3): header checks in, headers and routes out. No forwarding. */
#ifndef DP_IP4_H
#define DP_IP4_H

#include "dataplane/net/cksum.h"
#include "dataplane/net/host.h"

#define IP4_HDR       20u
#define IP4_TTL       64
#define IP4_DF        0x4000
#define IP4_MORE      0x2000
#define IP4_OFF_MASK  0x1fff
#define IP_PROTO_ICMP 1
#define IP_PROTO_TCP  6
#define IP_PROTO_UDP  17

struct ip4_hdr {
	uint32_t src, dst;
	uint16_t id;
	uint16_t off; /* bytes */
	bool more;
	uint8_t proto;
	uint8_t hlen;   /* bytes with options */
	uint16_t total; /* bytes with header */
};

/* Read and check the header at data[0, len): version, lengths (total ≤ len unless `cut`, as in an ICMP
 * message that quotes only the beginning), checksum, options. */
bool ip4_read(const uint8_t *data, uint32_t len, bool cut, struct ip4_hdr *h);
void ip4_input(struct net *n, struct pkt *p, uint64_t now);
/* A TCP segment, or an ICMP error about one: to who speaks TCP. Takes the packet (data behind the IP header). */
void ip4_to_tcp(struct net *n, const struct ip4_hdr *h, struct pkt *p, bool icmp, uint64_t now);

/* Identification for the next datagram. */
static inline uint16_t ip4_next_id(struct net *n)
{
	/* An odd multiplier makes a permutation of 2^16: no value comes back before all others were used. */
	return (uint16_t)(n->id_start + (uint32_t)n->id_count++ * (uint16_t)(n->id_key | 1));
}
/* A far host's unicast address: none of ours, no broadcast, no multicast. */
static inline bool ip4_far(const struct net *n, uint32_t ip)
{
	return route_unicast(&n->routes, ip) && own_find(&n->own, ip) == OWN_NONE;
}
/* Send data[0, len) (the transport header on) from src, one of ours, to dst: route, header, fragments above the MTU, ARP.
 * Takes one reference. -ENETUNREACH: no route, counted. */
struct ip4_way {
	uint32_t src, dst;
	uint8_t proto;
	uint16_t id;
	bool df; /* whole or not at all (RFC 1191); fragments have it not */
};
int ip4_output(struct net *n, struct pkt *p, const struct ip4_way *way, uint64_t now);
/* Write a header at h for a packet of `total` bytes. off_flags: fragment offset / 8 and IP4_MORE. */
static inline void ip4_put(uint8_t *h, const struct ip4_way *way, uint32_t total, uint16_t off_flags)
{
	uint32_t w[3] = {0x45000000u | (uint16_t)total, (uint32_t)way->id << 16 | off_flags,
	    IP4_TTL << 24 | (uint32_t)way->proto << 16};
	uint64_t sum = cksum_word(way->src) + cksum_word(way->dst);
	for (uint32_t i = 0; i < 3; i++) {
		put32(h + 4 * i, w[i]);
		sum += cksum_word(w[i]);
	}
	cksum_store(h + 10, cksum_fold(sum));
	put32(h + 12, way->src);
	put32(h + 16, way->dst);
}

/* Push it in front of the payload at data. */
static inline void ip4_push(struct pkt *p, const struct ip4_way *way, uint16_t off_flags)
{
	uint8_t *h = pkt_push(p, IP4_HDR);
	ip4_put(h, way, p->len, off_flags);
}

/* The sum of the pseudo header of UDP (memory order, see cksum.h). */
static inline uint64_t ip4_pseudo(uint32_t src, uint32_t dst, uint8_t proto, uint16_t len)
{
	return cksum_word(src) + cksum_word(dst) + cksum_word((uint32_t)proto << 16 | len);
}

#endif
