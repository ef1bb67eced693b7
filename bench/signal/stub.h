/* SPDX-License-Identifier: Apache-2.0 */
/* Control's side of the rings, played by the bench: originates A, on its answer B, on B's answer bridges the
 * two at once. When more than up_max calls are up, the oldest is hung up for each new one. */
#ifndef BENCH_STUB_H
#define BENCH_STUB_H

#include "dataplane/api/dp_msg.h"
#include "dataplane/api/dp_ring.h"

#define STUB_MESSAGES 14 /* of one call: INVITE 100 180 200 ACK BYE 200 on each leg */

struct stub_call {
	dp_leg leg[2];
	uint8_t answered, ended;
};

struct stub {
	struct dp_ring *cmds, *events;
	struct ip_sock target; /* where the callees are */
	const char *ruri;
	uint32_t window; /* calls that may be under way to being up */
	uint32_t up_max;
	struct stub_call *calls;
	uint32_t *up;   /* ring of call indices that are up, oldest first */
	uint32_t *idle; /* stack of free call indices */
	uint32_t n_calls, n_idle, up_head, up_n;
	uint64_t started, completed, failed, refused; /* refused: failed for want of a pool or port */
	const char *why;                              /* of the first failure */
};

/* The rings, target, ruri, window and up_max are set. Memory is touched. -ENOMEM. */
[[nodiscard]] int stub_init(struct stub *s);
void stub_fini(struct stub *s);
/* Start calls while there is room and fewer than `until` were started; take the events that wait. Returns how
 * much was done. */
uint32_t stub_turn(struct stub *s, uint64_t until);
/* Hang up what is up; stub_turn until stub_idle. */
void stub_drain(struct stub *s);
bool stub_is_idle(const struct stub *s);

#endif
