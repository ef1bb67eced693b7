/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of one worker: turn, spin a little after the last packet, then sleep until a packet, a ring or a
 * timer. The only place where a worker meets the real clock. */
#ifndef DP_LOOP_H
#define DP_LOOP_H

#include "dataplane/worker.h"

struct dp_loop {
	struct worker *w;
	struct pktio *io; /* to find what to poll; NULL: only wake_fd */
	int wake_fd;      /* eventfd, non-blocking */
	uint32_t spin_us;
	uint32_t stop;    /* set by dp_loop_stop */
	uint64_t beat_ns; /* CLOCK_MONOTONIC of the last turn; any thread */
};

/* Runs until dp_loop_stop and the worker's last leg has ended, or DP_LOOP_STOP_MS later. */
#define DP_LOOP_STOP_MS 2000u
int dp_loop_run(void *loop); /* struct dp_loop; the form that rte_eal_remote_launch wants; returns 0 */
void dp_loop_stop(struct dp_loop *l);           /* any thread, returns at once */
uint64_t dp_loop_beat(const struct dp_loop *l); /* any thread */

#endif
