/* SPDX-License-Identifier: Apache-2.0 */
/* The calling side of any number of calls at a time: INVITE, ACK, and after the call's length BYE, with the
 * client timers of RFC 3261 (A, B, E, F) and a CANCEL for who does not answer. Every message is verified: Via
 * branch, tags, CSeq, the SDP of a 2xx; a wrong one fails its call. Each call has a Call-ID of its own, in
 * which its place in the table is written. */
#ifndef BENCH_CALLER_H
#define BENCH_CALLER_H

#include "bench/lib/hist.h"
#include "bench/load/link.h"
#include "dataplane/core/wheel.h"

struct caller_conf {
	uint32_t calls_max;   /* places in the table */
	uint32_t window;      /* closed loop: calls under way at a time; 0: open loop */
	double rate;          /* open loop: calls a second */
	uint64_t length_ns;   /* from the 2xx to the BYE */
	uint64_t patience_ns; /* from the INVITE to the CANCEL, when nobody answers */
	uint32_t headers,
	    sdp_bytes;         /* extra header lines of 64 bytes in the INVITE; its SDP padded to so many */
	uint16_t sport, dport; /* our port; the subject's */
	char ruri[96];         /* "sip:kate@10.0.0.2:5080" */
	char host[64];         /* "10.0.0.2:5070": Via and Contact */
};

struct caller_counts {
	uint64_t started, completed, busy, cancelled, failed, timeouts, wrong, stray, resent, starved;
	const char *first_wrong; /* static */
};

struct caller {
	struct caller_conf conf;
	struct caller_counts counts;
	struct hist trying, ringing, answered, gone; /* from INVITE to 100, 18x, 2xx; from BYE to its 200 */
	bool measure;                                /* put latencies into the histograms */
	/* inside */
	struct link *link;
	struct wheel *wheel;
	struct caller_call *calls;
	uint32_t *idle;
	uint32_t n_idle;
	uint64_t now, next_at;
	char sdp[1400];
	uint32_t sdp_len;
};

[[nodiscard]] int caller_init(struct caller *c, struct link *link, uint64_t now);
void caller_fini(struct caller *c);
/* A datagram for our port. */
void caller_on(struct caller *c, const struct frame_udp *in, uint64_t now);
/* Timers, and new calls while `go`. Returns how much was done. */
uint32_t caller_turn(struct caller *c, bool go, uint64_t now);
uint32_t caller_live(const struct caller *c);

#endif
