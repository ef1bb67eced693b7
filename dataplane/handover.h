/* SPDX-License-Identifier: Apache-2.0 */
/* What one worker hands to another: datagrams that belong to it, frames to send through its queue,
 * neighbours, ICMP errors. Each worker has one ring per other worker, so every ring has one producer and one
 * consumer. A packet travels with its only reference (reference counts are not atomic). */
#ifndef DP_HANDOVER_H
#define DP_HANDOVER_H

#include "dataplane/api/dp_conf.h"
#include "dataplane/api/dp_ring.h"
#include "dataplane/api/stats.h"
#include "dataplane/net/net.h"

#define HANDOVER_SLOTS 512u

/* ICMP errors about packets that a worker did not send, which it may pass on per second. A flood of made up
 * ones must not fill the rings that media goes through. */
#define HANDOVER_ERR_RATE  200
#define HANDOVER_ERR_BURST 50

enum handover_kind {
	HANDOVER_UDP = 1,    /* pkt, src, dst */
	HANDOVER_FRAME,      /* pkt, data at the ethernet header */
	HANDOVER_NEIGHBOUR,  /* src.a has mac */
	HANDOVER_ROUTER,     /* src.a routes for src.port seconds */
	HANDOVER_STREAM_IN,  /* pkt: a message of a connection of the producer's; src: the connection */
	HANDOVER_STREAM_OUT, /* pkt: a message for a connection of the consumer's; dst */
	HANDOVER_TCP,        /* pkt: a struct ip_in; src.a, dst.a, icmp_type: whether it is ICMP, icmp_code: ip_hdr */
	HANDOVER_UDP_ERR,    /* src: remote, dst: local, icmp_…, ip_id, udp_sum, origin */
};

struct handover_msg {
	uint8_t kind;
	uint8_t icmp_type, icmp_code;
	uint8_t origin; /* worker that the ICMP message came to */
	uint8_t mac[6];
	uint16_t ip_id, udp_sum;
	struct ip_sock src, dst;
	struct pkt *pkt;
};

struct handover {
	struct dp_ring *in[DP_WORKERS_MAX]; /* by producer; NULL: ourselves, or a single worker */
	uint16_t self, workers;
};

/* wake_fd: the worker's eventfd, -1 = it never sleeps. -ENOMEM: nothing is left behind. */
[[nodiscard]] int handover_init(struct handover *h, uint16_t self, uint16_t workers, int wake_fd);
/* Gives back the packets that still wait. No producer may run any more. */
void handover_fini(struct handover *h);

/* Producer `from`: put a message into to's ring and, with wake, wake it. False: full; a packet still belongs
 * to the caller. */
bool handover_push(struct handover *to, uint16_t from, const struct handover_msg *msg);
void handover_wake(struct handover *to, uint16_t from);

/* Consumer. Oldest message of producer `from` or NULL; it stays until release. */
struct handover_msg *handover_peek(struct handover *h, uint16_t from);
void handover_release(struct handover *h, uint16_t from);
bool handover_sleep(struct handover *h); /* as dp_ring_sleep, over all rings */
void handover_awake(struct handover *h);

/* A pktio for a worker without a queue: allocates from the queue owner's pool (which must stand several
 * threads, as DPDK's do) and sends by HANDOVER_FRAME. Receives nothing. */
struct handover_io {
	struct pktio io;
	struct pktio *real;
	struct handover *to;
	uint16_t self;
	bool pushed; /* frames were handed over since the caller last cleared it */
};
void handover_io_init(struct handover_io *v, struct pktio *real, struct handover *to, uint16_t self);

#endif
