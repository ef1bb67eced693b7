/* SPDX-License-Identifier: Apache-2.0 */
#include "control/loop_heap.h"

#include "control/mem.h"

#include <assert.h>
#include <stdlib.h>

static void put(struct loop_heap *h, uint32_t slot, struct loop_timer *t)
{
	h->at[slot] = t;
	t->slot = slot;
}

static void up(struct loop_heap *h, uint32_t i, struct loop_timer *t)
{
	for (; i > 1 && h->at[i / 2]->at_ns > t->at_ns; i /= 2)
		put(h, i, h->at[i / 2]);
	put(h, i, t);
}

static void down(struct loop_heap *h, uint32_t i, struct loop_timer *t)
{
	for (;;) {
		uint32_t child = 2 * i;
		if (child < h->n && h->at[child + 1]->at_ns < h->at[child]->at_ns)
			child++;
		if (child > h->n || h->at[child]->at_ns >= t->at_ns)
			break;
		put(h, i, h->at[child]);
		i = child;
	}
	put(h, i, t);
}

void loop_heap_push(struct loop_heap *h, struct loop_timer *t)
{
	if (h->n + 1 >= h->cap) {
		h->cap = h->cap ? h->cap * 2 : 64;
		h->at = mem_regrow(h->at, h->cap, sizeof *h->at);
	}
	up(h, ++h->n, t);
}

void loop_heap_remove(struct loop_heap *h, struct loop_timer *t)
{
	uint32_t i = t->slot;
	assert(i >= 1 && i <= h->n && h->at[i] == t);
	struct loop_timer *last = h->at[h->n--];
	t->slot = 0;
	if (last == t)
		return;
	if (i > 1 && h->at[i / 2]->at_ns > last->at_ns)
		up(h, i, last);
	else
		down(h, i, last);
}

struct loop_timer *loop_heap_top(const struct loop_heap *h)
{
	return h->n ? h->at[1] : NULL;
}

void loop_heap_fini(struct loop_heap *h)
{
	free(h->at);
	*h = (struct loop_heap){0};
}
