/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in and out of the user agent, by datagram (here) or connection (conns.h): where responses go (always back to the packet's source, as if every
 * Via had rport: RFC 3581), what is answered at all, and the way of a message to its transaction. */
#ifndef DP_SIP_TRANSPORT_H
#define DP_SIP_TRANSPORT_H

#include "dataplane/net/net.h"

struct sip;
struct sip_err;

/* Each takes one reference of pkt. Request: -ENETUNREACH when nothing can be sent there; by a connection as conns_send.
 * name: what the connection must be for (TLS: conns_name; 0: any will do). */
[[nodiscard]] int transport_send(
    struct sip *s, struct pkt *pkt, const struct ip_sock *dst, uint64_t name, uint64_t now);
void transport_respond(struct sip *s, struct pkt *pkt, const struct ip_sock *dst, uint64_t now);
/* Again, as it was; takes no reference. */
void transport_resend(struct sip *s, struct pkt *pkt, const struct ip_sock *dst, uint64_t now);

/* A datagram; takes its packet. */
void transport_in(struct sip *s, struct udp_in *in, uint64_t now);
/* One whole message of a connection; it may be read until this returns. */
void transport_stream(struct sip *s, struct span text, const struct ip_sock *src, uint64_t now);
/* What came on a connection cannot be cut into messages: answer the beginning of it as far as it can be read. */
void transport_refuse(
    struct sip *s, struct span text, const struct ip_sock *src, const struct sip_err *why, uint64_t now);
/* What a client's request says of an unreachable target, for a person. */
struct span transport_words(const struct ip_sock *dst, int rc);

#endif
