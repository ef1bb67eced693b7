/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over our own TCP (tcp.h) and the worker's net: the backend that needs no kernel. Connections that others open belong
 * to the worker whose queue their SYN came by; those we open leave from ports of this worker only, so that any worker that
 * receives a segment knows whose it is. */
#ifndef DP_STREAM_OWN_H
#define DP_STREAM_OWN_H

#include "dataplane/net/net.h"
#include "dataplane/net/stream.h"
#include "dataplane/net/tcp.h"

/* Ports for connections we open, all workers together; the port range of RTP must lie elsewhere for UDP's sake only. */
#define STREAM_OWN_PORT_LO 32768u
#define STREAM_OWN_PORT_HI 60999u

/* For worker number `worker`, to listen on sip_port and, when there is one, tls_port from `open` on. Everything about one
 * connection is one answer of `owner`, segment or ICMP error. -ENOMEM: nothing is left behind. */
[[nodiscard]] int stream_own_new(struct stream **out, const struct dp_conf *conf, uint16_t worker);
void stream_own_free(struct stream *s);
struct tcp_use stream_own_use(const struct stream *s);

#endif
