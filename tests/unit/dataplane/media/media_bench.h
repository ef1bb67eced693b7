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
	struct ip_addr to;        /* of ours, where bench_in sends: conf.ip at first */
	uint8_t frame[FRAME_MAX]; /* the last one that was got */
};

/* pairs: port pairs of the one worker. */
void bench_open(struct bench *b, uint32_t pairs);
/* The same with n further media addresses 192.0.2.101 … */
void bench_open_more(struct bench *b, uint32_t pairs, uint8_t n);
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

/* One far side: what it told us in SDP, and what it sends. */
struct far {
	struct ip_sock s;
	uint32_t leg;
	uint16_t port; /* ours */
	struct rtp r;
};
struct pair {
	struct bench b;
	struct far x, y;
};

struct media_agreed agreed(const struct ip_sock *s, uint8_t pt);
struct far far_open(struct bench *b, const char *ip, uint8_t pt);
/* 20 ms pass and f sends its next packet. */
void far_send(struct bench *b, struct far *f);
struct rtp must_get(struct bench *b, const struct far *to);
void must_be_silent(struct bench *b);
void close_leg(struct bench *b, struct far *f);
void pair_open(struct pair *p, uint8_t pt_x, uint8_t pt_y);
void pair_open_unlearned(struct pair *p); /* PCMU, with source learning switched off */
void pair_close(struct pair *p);

static inline uint64_t bench_stat(const struct bench *b, enum stat_id id)
{
	return stat_get(&b->stats, id);
}

#endif
