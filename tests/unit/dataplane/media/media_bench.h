/* SPDX-License-Identifier: Apache-2.0 */
/* A media layer over the real net layer and a device in memory, and far sides that speak RTP to it. */
#ifndef MEDIA_BENCH_H
#define MEDIA_BENCH_H

#include "dataplane/media/leg.h"
#include "dataplane/pktio/pktio_mem.h"
#include "tests/sim/frame.h"

#define BENCH_MS 1000000ull

struct bench {
	struct dp_conf conf;
	struct dp_stats stats;
	struct pktio *io;
	struct wheel *wheel;
	struct net *net;
	struct media *media;
	uint64_t now;
	uint8_t frame[FRAME_MAX]; /* the last one that was got */
};

/* pairs: port pairs of the one worker. */
void bench_open(struct bench *b, uint32_t pairs);
/* Asserts that every packet buffer is back. */
void bench_close(struct bench *b);
struct ip_sock bench_sock(const char *ip, uint16_t port);
/* A datagram from src arrives on our port. */
void bench_in(struct bench *b, const struct ip_sock *src, uint16_t port, const void *data, uint32_t len);
/* The next datagram we sent; asserts that it is right. false: none waits. */
bool bench_out(struct bench *b, struct frame_udp *out);

struct rtp {
	uint8_t pt;
	bool mark;
	uint16_t seq;
	uint32_t ts, ssrc;
	uint8_t fill; /* each of the 160 bytes of payload */
};
void bench_rtp(struct bench *b, const struct ip_sock *src, uint16_t port, const struct rtp *r);
/* The next datagram, read as RTP with 160 equal bytes. false: none. */
bool bench_get(struct bench *b, struct rtp *r, struct frame_udp *u);

static inline uint64_t bench_stat(const struct bench *b, enum stat_id id)
{
	return stat_get(&b->stats, id);
}

#endif
