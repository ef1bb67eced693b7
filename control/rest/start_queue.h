/* SPDX-License-Identifier: Apache-2.0 */
/* So many new calls a second for each account: those beyond wait their turn, in order. Off with a rate of 0. */
#ifndef CONTROL_REST_START_QUEUE_H
#define CONTROL_REST_START_QUEUE_H

#include "control/call.h"
#include "control/loop.h"

struct start_waiting;

struct start_queue {
	struct loop *loop;
	struct calls *calls;
	uint32_t per_second; /* of one account */
	struct start_waiting *first;
	uint64_t *next_ns; /* when the account's next call may start, by number */
};

void start_queue_init(
    struct start_queue *s, struct loop *l, struct calls *calls, uint32_t per_second, size_t accounts);
void start_queue_fini(struct start_queue *s);
/* Other accounts: their turns begin anew; who waits keeps its own. */
void start_queue_forget_turns(struct start_queue *s, size_t accounts);
/* Take a turn: how long (ms) the call has to wait for it. */
uint32_t start_queue_turn(struct start_queue *s, size_t account, uint64_t now_ns);
/* Start the call of that name in wait_ms, when it still wants that then. */
void start_queue_wait(struct start_queue *s, const char *call_sid, uint32_t wait_ms);

#endif
