/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap of timers that live in their owners; a timer knows its place. */
#ifndef CONTROL_LOOP_HEAP_H
#define CONTROL_LOOP_HEAP_H

#include "control/loop.h"

struct loop_heap {
	struct loop_timer **at; /* at[1 … n]; at[0] unused, so that slot 0 means "not armed" */
	uint32_t n, cap;
};

void loop_heap_push(struct loop_heap *h, struct loop_timer *t);
void loop_heap_remove(struct loop_heap *h, struct loop_timer *t);
struct loop_timer *loop_heap_top(const struct loop_heap *h); /* the earliest, or NULL */
void loop_heap_fini(struct loop_heap *h);

#endif
