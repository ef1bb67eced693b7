/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share: the host itself. IPv4 addresses are uint32_t in host order here.
 * A function that takes a packet takes one reference of it whatever happens. */
#ifndef DP_HOST_H
#define DP_HOST_H

#include "dataplane/net/host_ip.h"
#include "dataplane/net/net.h"
#include "dataplane/net/own.h"
#include "dataplane/net/rate.h"
#include "dataplane/net/route.h"
#include "dataplane/net/route6.h"
#include "dataplane/net/wire.h"

#define NET_TXQ 64

struct neighs;
struct frag;

/* The IPv6 side; its one address for the layers above has number own.n. */
struct host6 {
	bool on;
	struct host_ip link; /* link-local, of our MAC (RFC 4291 appendix A) */
	struct route6_table routes;
	struct rate mld_rate;
	uint32_t frag_id;
	uint32_t *sent; /* by ends: as `sent` below, for packets without identification */
};

struct net {
	struct pktio *io;
	struct wheel *wheel;
	struct dp_stats *stats;
	struct net_ops ops;
	struct ip_addr addr;
	uint32_t ip;
	struct own own;
	uint16_t mtu, vlan;
	bool check_sums;
	struct route_table routes;
	struct host6 six;
	struct neighs *neighs;
	struct frag *frag;
	struct rate echo_rate;
	/* Identification: a permutation of a counter, so that it neither repeats early nor is guessed. */
	uint16_t id_count, id_start;
	uint32_t id_key;
	uint32_t *sent; /* by id_count: a keyed trace of each UDP datagram sent, to tell real ICMP errors from
	                   made up ones */
	uint32_t n_tx;
	struct pkt *txq[NET_TXQ];
};

static inline void net_drop(struct net *n, struct pkt *p, enum stat_id why)
{
	stat_inc(n->stats, why);
	pkt_put(p);
}

static inline uint32_t ip4_of(const struct ip_addr *a)
{
	return get32(a->b);
}

static inline void ip4_sock(struct ip_sock *s, uint32_t ip, uint16_t port)
{
	memset(s, 0, sizeof *s);
	s->a.fam = 4;
	put32(s->a.b, ip);
	s->port = port;
}

static inline struct ip_addr ip4_addr(uint32_t ip)
{
	struct ip_addr a = {.fam = 4};
	put32(a.b, ip);
	return a;
}

#endif
