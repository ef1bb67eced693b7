/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams in and out of the user agent: where responses go (always back to the packet's source, as if every
 * Via had rport: RFC 3581), what is answered at all, and the way of a message to its transaction. */
#ifndef DP_SIP_TRANSPORT_H
#define DP_SIP_TRANSPORT_H

#include "dataplane/net/net.h"

struct sip;

/* Each takes one reference of pkt. Request: -ENETUNREACH when nothing can be sent there. */
[[nodiscard]] int transport_send(struct sip *s, struct pkt *pkt, const struct ip_sock *dst, uint64_t now);
void transport_respond(struct sip *s, struct pkt *pkt, const struct ip_sock *dst, uint64_t now);
/* Again, as it was; takes no reference. */
void transport_resend(struct sip *s, struct pkt *pkt, const struct ip_sock *dst, uint64_t now);

/* A datagram; takes its packet. */
void transport_in(struct sip *s, struct udp_in *in, uint64_t now);

#endif
