/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 fragments: put together within bounds (RFC 791, RFC 815), and made when a datagram exceeds the MTU.
 *
 * A datagram is collected in one packet buffer, so its payload may be as long as a buffer. An exact copy of
 * a fragment is ignored; any other overlap kills the datagram, and what still comes of it (RFC 5722's rule,
 * which IPv4 needs for the same reason). When the table is full the oldest unfinished datagram goes: the
 * fragments of a real one arrive together. */
#ifndef DP_FRAG_H
#define DP_FRAG_H

#include "dataplane/net/ip4.h"

#define FRAG_DATAGRAMS  64 /* being put together at once; at most an eighth of the packets have buffers */
#define FRAG_PIECES     64 /* fragments of one datagram */
#define FRAG_BYTES_MAX  16384u
#define FRAG_TIMEOUT_NS 10000000000ull

[[nodiscard]] int frag_new(struct frag **out, const struct dp_conf *conf);
void frag_free(struct net *n); /* puts every buffer back */

/* One fragment (data at the IP payload); takes it. The whole datagram's payload when this completed it, or
 * NULL. h describes the datagram then as it does an unfragmented one. */
struct pkt *frag_input(struct net *n, const struct ip4_hdr *h, struct pkt *p, uint64_t now);
/* Send data[0, len) in fragments to a neighbour, all or none; takes one reference, changes nothing in p. */
void frag_output(struct net *n, struct pkt *p, const struct ip4_way *way, uint32_t hop, uint64_t now);
/* Datagrams under way, for tests. */
uint32_t frag_used(const struct net *n);

#endif
