/* SPDX-License-Identifier: Apache-2.0 */
/* UDP (RFC 768) over either IP. net_udp_send and net_udp_resend of net.h are here. */
#ifndef DP_UDP_H
#define DP_UDP_H

#include "dataplane/net/ip4.h"
#include "dataplane/net/ip6.h"

#define UDP_HDR  8u
#define UDP_CSUM 6u /* where the checksum is */

/* What net keeps of a datagram that left, so that ICMP errors about it are told from made up ones. Never 0, which
 * is an empty place. */
static inline uint32_t udp_trace(const struct net *n, uint32_t dst, uint32_t ports, uint16_t sum)
{
	uint64_t v = (uint64_t)dst << 32 | ports;
	v = (v ^ n->id_key) * 0x9e3779b97f4a7c15ull;
	v = (v ^ v >> 31 ^ sum) * 0xbf58476d1ce4e5b9ull;
	return (uint32_t)(v >> 32) | 1;
}

static inline uint32_t udp_trace6(const struct net *n, struct host_ip dst, uint32_t ports, uint16_t sum)
{
	return udp_trace(
	    n, (uint32_t)(dst.lo ^ dst.lo >> 32 ^ (dst.hi ^ dst.hi >> 32) * 0x85ebca6bu), ports, sum);
}

/* Where the trace of a datagram over IPv6 is kept: the last one to each far side. */
static inline uint16_t udp_place6(const struct net *n, struct host_ip dst, uint32_t ports)
{
	return (uint16_t)(udp_trace6(n, dst, ports, 0) >> 8);
}

/* Between whom, and the number of our address. */
struct udp_ends {
	struct host_ip src, dst;
	uint32_t own;
};

static inline uint64_t udp_pseudo(struct host_ip src, struct host_ip dst, uint16_t len)
{
	return host_ip_is4(dst) ? ip4_pseudo((uint32_t)src.lo, (uint32_t)dst.lo, IP_PROTO_UDP, len)
	                        : ip6_pseudo(src, dst, IP_PROTO_UDP, len);
}

void udp_input(struct net *n, const struct udp_ends *e, struct pkt *p, uint64_t now);

/* A packet of ours (data at its IP header) will not arrive: tell the layer above, `how` says why. Nothing
 * happens when it is not UDP or not a first fragment. */
void udp_report(struct net *n, const struct pkt *p, const struct udp_err *how, uint64_t now);
/* Read the beginning of a packet quoted in an ICMP error (data at its IP header) into e. False: not UDP, not a
 * first fragment, or not from our address. net_udp_quoted of net.h tells whether it was really sent. */
bool udp_read_quoted(const struct net *n, const struct pkt *p, struct udp_err *e);

#endif
