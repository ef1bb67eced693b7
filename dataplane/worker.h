/* SPDX-License-Identifier: Apache-2.0 */
/* One poll core's world: net, SIP, media and the rings to control, over one pktio. The one file that knows
 * all layers. Runs the same over DPDK in a lcore loop and over memory in a simulation, because the packets
 * and the time come from outside. */
#ifndef DP_WORKER_H
#define DP_WORKER_H

#include "dataplane/api/dp.h"
#include "dataplane/pktio/pktio.h"

struct worker;
struct stream;
struct tls;

struct worker_env {
	const struct dp_conf *conf;
	uint16_t index;
	struct pktio *io; /* NULL: this worker has no queue; packets come and go by ring through another */
	struct dp_ring *cmds;   /* consumer: us */
	struct dp_ring *events; /* producer: us */
	uint64_t seed;          /* 0: seed the generator from getrandom; else deterministic (simulation) */
	struct worker **all;    /* every worker of the process by index, for handing packets over; may be NULL
	                           when    conf->workers is 1. Workers with a queue are made first. All must be made
	                           before any turns */
	struct stream *stream;  /* who speaks TCP for this worker; NULL: nobody. Not ours to free */
	struct tls *tls;        /* TLS over it; NULL: none */
	int wake_fd;            /* eventfd of this worker, the same as cmds' own; ≤ 0: it never sleeps */
};

/* -errno: nothing is left behind. */
[[nodiscard]] int worker_new(struct worker **out, const struct worker_env *env, uint64_t now);
void worker_free(struct worker *w); /* no worker may turn any more; all are freed one after the other */

/* One turn: receive, run timers, take commands, send. Bounded work. Returns how much was done (0 = idle). */
uint32_t worker_turn(struct worker *w, uint64_t now);
/* Until when the worker may sleep when nothing arrives (ns, UINT64_MAX: nothing waits). */
uint64_t worker_deadline(const struct worker *w);
/* Before blocking on wake_fd: true when nothing waits in any ring and every producer knows that it has to
 * wake us; false: turn again. worker_awake after blocking. */
bool worker_sleep(struct worker *w);
void worker_awake(struct worker *w);

struct dp_stats *worker_stats(struct worker *w); /* one writer: the worker's thread; readers: any */
/* Any thread: use of each pool as it was counted last. worker_turn counts once a second; worker_count (the
 * worker's thread only) counts now. */
uint32_t worker_gauges(struct worker *w, struct dp_pool_gauge out[DP_POOLS_MAX]);
void worker_count(struct worker *w, uint64_t now);
uint32_t worker_legs(const struct worker *w);
void worker_shutdown(struct worker *w, uint64_t now); /* ends every leg; worker_legs tells when it is done */

#endif
