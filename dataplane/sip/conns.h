/* SPDX-License-Identifier: Apache-2.0 */
/* The connections of one worker, TCP and TLS, that carry SIP (RFC 3261 §18, RFC 5923): which one a message leaves by,
 * where messages begin and end in what comes, keep-alives (RFC 5626 §4.4.1), and the limits: connections in all and of one address,
 * time for connect and handshake, for the headers and the body of a message, bytes that wait for a far side that does not
 * read, and idleness.
 *
 * A connection is found by transport, address and port of its far side; one that was made for a TLS name only by that name
 * as well. When there is no room for another, the one that has been idle for longest is closed: first of those that have never sent a message, then of the others. */
#ifndef DP_SIP_CONNS_H
#define DP_SIP_CONNS_H

#include "dataplane/net/net.h"

struct sip;
struct conns;

/* s->conns; stays NULL when the worker has no stream. -ENOMEM: nothing is left behind. */
[[nodiscard]] int conns_init(struct sip *s, uint64_t now);
void conns_fini(struct sip *s);

/* What a TLS name is known by: never 0, which stands for any connection to the address. */
uint64_t conns_name(const struct sip *s, struct span name);

/* Have a connection to `to` that requests for `name` (TLS; ignored for TCP) may use, a new one unless there is one. 0;
 * -ENOTSUP: no such transport here; -ENOSPC: no room, none idle; -ENETUNREACH: not an address that may be connected to. */
[[nodiscard]] int conns_have(struct sip *s, const struct ip_sock *to, struct span name, uint64_t now);

/* There is a connection by which a message may go to `to`; of another worker's it is taken for granted. */
bool conns_live(const struct sip *s, const struct ip_sock *to, uint64_t name);

/* Send a message: by a connection that leads to `to`, when there is none by a new one (TCP). Takes one reference of
 * p. 0, or as conns_have; -ENOTCONN: there is none and none can be made, for want of a TLS name; -EPIPE: the far
 * side does not read. */
[[nodiscard]] int conns_send(
    struct sip *s, struct pkt *p, const struct ip_sock *to, uint64_t name, uint64_t now);
/* The same for a response: when its connection has gone, by a new one to the port that the Via names (RFC 3261 §18.2.2). */
void conns_respond(struct sip *s, struct pkt *p, const struct ip_sock *to, uint64_t now);

struct dp_pool_gauge;
uint32_t conns_gauges(const struct sip *s, struct dp_pool_gauge *out, uint32_t n);

#endif
