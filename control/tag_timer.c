/* SPDX-License-Identifier: Apache-2.0 */
#include "control/tag_timer.h"

#include "control/mem.h"

#include <stdlib.h>

#define BUCKETS 4096 /* a power of two; chains take what is beyond */

struct node {
	struct loop_timer timer;
	struct tag_timers *owner;
	struct node *next;
	uint64_t tag;
};

struct tag_timers {
	struct loop *loop;
	void (*fn)(void *ctx, uint64_t tag);
	void *ctx;
	uint32_t armed;
	struct node *buckets[BUCKETS];
};

/* Where the pointer to the tag's node is, or would be. */
static struct node **find(struct tag_timers *t, uint64_t tag)
{
	struct node **at = &t->buckets[(tag * 0x9e3779b97f4a7c15u) >> 52];
	while (*at && (*at)->tag != tag)
		at = &(*at)->next;
	return at;
}

static void drop(struct tag_timers *t, struct node **at)
{
	struct node *n = *at;
	loop_timer_cancel(t->loop, &n->timer);
	*at = n->next;
	t->armed--;
	free(n);
}

static void fired(void *ctx, struct loop_timer *timer)
{
	struct node *n = ctx;
	struct tag_timers *t = n->owner;
	uint64_t tag = n->tag;
	drop(t, find(t, tag));
	t->fn(t->ctx, tag);
}

void tag_timers_set(struct tag_timers *t, uint64_t tag, uint64_t at_ns)
{
	struct node **at = find(t, tag);
	if (at_ns == 0) {
		if (*at)
			drop(t, at);
		return;
	}
	if (!*at) {
		struct node *n = *at = mem_zalloc(sizeof *n);
		n->owner = t;
		n->tag = tag;
		n->timer = (struct loop_timer){.fn = fired, .ctx = n};
		t->armed++;
	}
	loop_timer_arm(t->loop, &(*at)->timer, at_ns);
}

struct tag_timers *tag_timers_new(struct loop *l, void (*fn)(void *ctx, uint64_t tag), void *ctx)
{
	struct tag_timers *t = mem_zalloc(sizeof *t);
	t->loop = l;
	t->fn = fn;
	t->ctx = ctx;
	return t;
}

void tag_timers_free(struct tag_timers *t)
{
	for (unsigned i = 0; t && i < BUCKETS; i++)
		while (t->buckets[i])
			drop(t, &t->buckets[i]);
	free(t);
}

uint32_t tag_timers_armed(const struct tag_timers *t)
{
	return t->armed;
}
