/* SPDX-License-Identifier: Apache-2.0 */
/* One worker on memory rings, control's side played by the stub, the callees in the same thread. Only the
 * cycles inside worker_turn are counted, and of those only the turns that did work; generator and stub cost
 * nothing of the figure (they cost cache, which is part of real life too).
 *
 * On a machine that others use too, the scheduler takes the core away in the middle of a turn. Turns are looked
 * at BATCH at a time, and a batch in which that happened is not counted: neither its cycles nor its work.
 *
 * Time is virtual and passes by the calls that are started, PACE calls a second, and measuring begins after more of it
 * than anything of RFC 3261 lives that is kept for an answered call (32 s), when every pool and table is in use. With N calls up the pace is at least N calls in 180 s. */
#ifndef BENCH_RINGS_H
#define BENCH_RINGS_H

#include "bench/load/callee.h"
#include "bench/load/frame.h"
#include "bench/signal/stub.h"
#include "dataplane/pktio/pktio_mem.h"
#include "dataplane/worker.h"

struct rings {
	struct dp_conf conf;
	struct pktio *io;
	struct worker *w;
	struct callee callee;
	struct stub stub;
	struct ip_addr far;
	uint64_t now, pace_ns, until;
	uint64_t wrong, busy_cycles;
	uint64_t kept_cycles, kept_work; /* of the batches that nobody disturbed */
	double rss_before;
	/* what else comes out of the worker or is offered; may be NULL */
	void *ctx;
	void (*offered)(void *ctx, struct span sdp);
	void (*datagram)(void *ctx, const struct frame_udp *in);
};

/* Room for `up` calls up. False: no memory, or they do not fit; said on stderr. */
bool rings_start(struct rings *b, uint32_t up);
/* Place so many calls, the oldest making room. False: one failed, or something was answered wrongly. */
bool rings_run(struct rings *b, uint64_t calls);
/* A turn without new calls: those under way go on. */
void rings_settle(struct rings *b);
/* Enough calls for a steady state. */
uint64_t rings_warm_calls(const struct rings *b);
/* One turn of the worker, counted, and what it sent taken. rings_push: a frame for its next turn. */
void rings_turn(struct rings *b);
void rings_push(struct rings *b, const uint8_t *frame, uint32_t len);
/* Call f so often as one batch; *work (what f counts) and the cycles are kept when nobody disturbed. */
void rings_batch(struct rings *b, void (*f)(void *ctx), void *ctx, const uint64_t *work);
/* Resident bytes that the worker took. */
double rings_bytes(const struct rings *b);
void rings_complain(const struct rings *b, const char *who);

#endif
