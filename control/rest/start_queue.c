/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/start_queue.h"

#include "control/mem.h"

#include <stdio.h>
#include <stdlib.h>

struct start_waiting {
	struct start_waiting *next, **link;
	struct start_queue *queue;
	struct loop_timer timer;
	char call_sid[35];
};

static void forget(struct start_waiting *w)
{
	loop_timer_cancel(w->queue->loop, &w->timer);
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	free(w);
}

static void on_turn(void *ctx, struct loop_timer *t)
{
	struct start_waiting *w = ctx;
	struct calls *calls = w->queue->calls;
	/* By name: meanwhile it may have been canceled. */
	struct call *call = calls_find(calls, w->call_sid);
	forget(w);
	if (call)
		calls_start(calls, call);
}

uint32_t start_queue_turn(struct start_queue *s, size_t account, uint64_t now_ns)
{
	if (!s->per_second)
		return 0;
	uint64_t at = s->next_ns[account] > now_ns ? s->next_ns[account] : now_ns;
	s->next_ns[account] = at + 1000000000u / s->per_second;
	return (uint32_t)((at - now_ns) / 1000000u);
}

void start_queue_wait(struct start_queue *s, const char *call_sid, uint32_t wait_ms)
{
	struct start_waiting *w = mem_zalloc(sizeof *w);
	w->queue = s;
	w->timer = (struct loop_timer){.fn = on_turn, .ctx = w};
	snprintf(w->call_sid, sizeof w->call_sid, "%s", call_sid);
	w->next = s->first;
	w->link = &s->first;
	if (w->next)
		w->next->link = &w->next;
	s->first = w;
	loop_timer_arm(s->loop, &w->timer, loop_now_ns() + (uint64_t)wait_ms * 1000000u);
}

void start_queue_init(
    struct start_queue *s, struct loop *l, struct calls *calls, uint32_t per_second, size_t accounts)
{
	*s = (struct start_queue){.loop = l, .calls = calls, .per_second = l ? per_second : 0};
	s->next_ns = mem_zalloc((accounts ? accounts : 1) * sizeof *s->next_ns);
}

void start_queue_forget_turns(struct start_queue *s, size_t accounts)
{
	free(s->next_ns);
	s->next_ns = mem_zalloc((accounts ? accounts : 1) * sizeof *s->next_ns);
}

void start_queue_fini(struct start_queue *s)
{
	while (s->first)
		forget(s->first);
	free(s->next_ns);
	s->next_ns = NULL;
	s->per_second = 0;
}
