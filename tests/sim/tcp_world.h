/* SPDX-License-Identifier: Apache-2.0 */
/* Two hosts with TCP and a wire between them on virtual time: loss, duplication, delay, reordering, all from a seed.
 * What leaves a host waits as a copy in the wire and arrives in a packet of exactly its size. */
#ifndef TCP_WORLD_H
#define TCP_WORLD_H

#include "dataplane/net/pkt.h"
#include "dataplane/net/tcp.h"

#define TW_MS       1000000ull
#define TW_IP(side) ((struct ip_addr){.fam = 4, .b = {10, 0, 0, (uint8_t)((side) + 1)}})

struct tw_wire {
	uint32_t loss, dup; /* of 10,000 */
	uint64_t delay_ns, jitter_ns;
	uint32_t path_mtu; /* IP bytes; a larger one with DF is answered by ICMP. 0: none */
	uint32_t no_pkt;   /* of 10,000 allocations that fail */
};

struct tw;

struct tw_host {
	struct tw *world;
	int side;
	struct tcp *tcp; /* NULL: `input` takes what arrives */
	void (*input)(struct tw_host *h, const uint8_t *seg, uint32_t len, uint64_t now);
	struct wheel *wheel;
	struct dp_stats stats;
	struct pktio io;
	uint32_t pkts; /* out */
	void *ctx;
};

struct tw_frame {
	uint64_t at, order;
	int to;
	uint32_t len;
	bool df;
	uint8_t *b;
};

struct tw {
	uint64_t now, order, rng;
	struct tw_wire wire;
	struct tw_host host[2];
	struct tw_frame *heap;
	uint32_t n, cap;
	uint64_t lost, carried;
	/* Sees each segment that is to be carried; false: it is lost. May be NULL. */
	bool (*watch)(struct tw *w, int from, const uint8_t *seg, uint32_t len);
};

void tw_init(struct tw *w, uint64_t seed, const struct tw_wire *wire);
void tw_fini(struct tw *w);                 /* every packet must be back */
uint32_t tw_draw(struct tw *w, uint32_t n); /* 0 … n - 1 */
/* Give this side TCP; ops' ctx, alloc and output are filled in: callbacks get the struct tw_host. */
void tw_tcp(struct tw *w, int side, const struct tcp_conf *conf, const struct tcp_ops *ops);
/* A segment as the IP layer hands it over leaves `from`. */
void tw_send(struct tw *w, int from, const uint8_t *seg, uint32_t len, bool df);
/* A segment arrives now, past the wire. */
void tw_arrive(struct tw *w, int to, const uint8_t *seg, uint32_t len);
void tw_flush(struct tw *w);
/* The next thing happens: a frame or a timer. False: nothing will happen before `until`, which is now. */
bool tw_step(struct tw *w, uint64_t until);

#endif
