/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments: put together within bounds (RFC 791, RFC 815, RFC 8200 §4.5), and made when a datagram exceeds the MTU.
 *
 * A datagram is collected in one packet buffer, so its payload may be as long as a buffer. An exact copy of
 * a fragment is ignored; any other overlap kills the datagram, and what still comes of it (RFC 5722's rule,
 * which IPv4 needs for the same reason). When the table is full the oldest unfinished datagram goes: the
 * fragments of a real one arrive together. */
#ifndef DP_FRAG_H
#define DP_FRAG_H

#include "dataplane/net/ip4.h"
#include "dataplane/net/ip6.h"

#define FRAG_DATAGRAMS  64 /* being put together at once; at most an eighth of the packets have buffers */
#define FRAG_PIECES     64 /* fragments of one datagram */
#define FRAG_BYTES_MAX  16384u
#define FRAG_TIMEOUT_NS 10000000000ull

[[nodiscard]] int frag_new(struct frag **out, const struct dp_conf *conf);
void frag_free(struct net *n); /* puts every buffer back */

/* Whose fragment, and where it belongs. */
struct frag_piece {
	struct host_ip src, dst;
	uint32_t id;
	uint8_t proto;
	uint32_t off; /* bytes */
	bool more;
};
/* One fragment (data at its payload); takes it. The whole datagram's payload when this completed it, or NULL. */
struct pkt *frag_input(struct net *n, const struct frag_piece *f, struct pkt *p, uint64_t now);
/* Send data[0, len) in fragments to a neighbour, all or none; takes one reference, changes nothing in p. */
void frag_output(struct net *n, struct pkt *p, const struct ip4_way *way, uint32_t hop, uint64_t now);
/* The same for IPv6, in packets of at most `mtu` bytes. */
void frag_output6(
    struct net *n, struct pkt *p, const struct ip6_way *way, uint32_t mtu, struct host_ip hop, uint64_t now);
/* Datagrams under way, for tests. */
uint32_t frag_used(const struct net *n);

#endif
