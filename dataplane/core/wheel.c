/* SPDX-License-Identifier: Apache-2.0 */
/* LEVELS wheels of SLOTS slots. Level l turns once per SLOTS^(l+1) ticks; a timer sits on the level of the
 * highest digit in which its distance is felt and moves down ("cascades") when the hand reaches its slot.
 * Ticks count from `base`, so they do not wrap whatever `now` was at the start. */
#include "dataplane/core/wheel.h"

#include <assert.h>
#include <stdlib.h>

#define LEVELS 4
#define BITS   8
#define SLOTS  (1u << BITS)
#define WORDS  (SLOTS / 64)

struct wheel {
	void *ctx;
	uint64_t base;                /* ns of tick 0 */
	uint64_t now;                 /* ns of the last run */
	uint64_t cur;                 /* last tick that was run */
	struct wtimer due;            /* armed in the past: fires at the next run */
	uint64_t bits[LEVELS][WORDS]; /* which slots are occupied */
	struct wtimer slot[LEVELS * SLOTS];
};

static void list_init(struct wtimer *head)
{
	head->prev = head->next = head;
}

static bool list_empty(const struct wtimer *head)
{
	return head->next == head;
}

static void list_add(struct wtimer *head, struct wtimer *t)
{
	t->prev = head->prev;
	t->next = head;
	head->prev->next = t;
	head->prev = t;
}

/* Everything of `from` to the end of the empty list `to`. */
static void list_take(struct wtimer *to, struct wtimer *from)
{
	list_init(to);
	if (list_empty(from))
		return;
	to->next = from->next;
	to->prev = from->prev;
	to->next->prev = to;
	to->prev->next = to;
	list_init(from);
}

struct wheel *wheel_new(uint64_t now, void *ctx)
{
	struct wheel *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->ctx = ctx;
	w->base = w->now = now;
	list_init(&w->due);
	for (uint32_t i = 0; i < LEVELS * SLOTS; i++)
		list_init(&w->slot[i]);
	return w;
}

void wheel_free(struct wheel *w)
{
	free(w);
}

static void slot_clear_bit(struct wheel *w, uint32_t i)
{
	w->bits[i / SLOTS][i % SLOTS / 64] &= ~(1ull << (i % 64));
}

static void unlink_timer(struct wheel *w, struct wtimer *t)
{
	struct wtimer *p = t->prev;
	p->next = t->next;
	t->next->prev = p;
	t->prev = t->next = NULL;
	/* Alone now: p is the list's head, and when the list is a slot its bit goes. */
	if (p->next == p && p >= w->slot && p < w->slot + LEVELS * SLOTS)
		slot_clear_bit(w, (uint32_t)(p - w->slot));
}

/* t->at lies after the tick `cur` or on it. */
static void place(struct wheel *w, struct wtimer *t)
{
	uint64_t rel = t->at - w->base;
	uint64_t tick = rel / WHEEL_TICK_NS + (rel % WHEEL_TICK_NS != 0);
	uint64_t delta = tick - w->cur, far = (1ull << (BITS * LEVELS)) - 1;
	if (delta > far) { /* beyond the last level: look again when its hand has been round */
		delta = far;
		tick = w->cur + far;
	}
	uint32_t level = 0;
	while (delta >> (BITS * (level + 1)))
		level++;
	uint32_t s = (uint32_t)(tick >> (BITS * level)) % SLOTS;
	list_add(&w->slot[level * SLOTS + s], t);
	w->bits[level][s / 64] |= 1ull << (s % 64);
}

void wheel_arm(struct wheel *w, struct wtimer *t, uint64_t at, wtimer_fn fn)
{
	wheel_cancel(w, t);
	t->at = at;
	t->fn = fn;
	if ((int64_t)(at - w->now) <= 0)
		list_add(&w->due, t);
	else
		place(w, t);
}

void wheel_cancel(struct wheel *w, struct wtimer *t)
{
	if (wtimer_armed(t))
		unlink_timer(w, t);
}

/* Circular distance 1 … SLOTS from `from` to the next occupied slot of a level; 0: the level is empty. */
static uint32_t next_slot(const uint64_t bits[WORDS], uint32_t from)
{
	uint32_t start = (from + 1) % SLOTS;
	for (uint32_t k = 0; k <= WORDS; k++) {
		uint32_t word = (start / 64 + k) % WORDS;
		uint64_t b = bits[word];
		if (k == 0)
			b &= ~0ull << (start % 64);
		else if (k == WORDS)
			b &= ~(~0ull << (start % 64));
		if (!b)
			continue;
		uint32_t s = word * 64 + (uint32_t)__builtin_ctzll(b);
		return (s - start) % SLOTS + 1;
	}
	return 0;
}

/* The next tick at which a slot fires or cascades, UINT64_MAX: none. */
static uint64_t next_tick(const struct wheel *w)
{
	uint64_t best = UINT64_MAX;
	for (uint32_t l = 0; l < LEVELS; l++) {
		uint64_t hand = w->cur >> (BITS * l);
		uint32_t d = next_slot(w->bits[l], (uint32_t)hand % SLOTS);
		uint64_t tick = (hand + d) << (BITS * l);
		if (d && tick < best)
			best = tick;
	}
	return best;
}

static void cascade(struct wheel *w, uint32_t level)
{
	uint32_t i = level * SLOTS + (uint32_t)(w->cur >> (BITS * level)) % SLOTS;
	struct wtimer list;
	list_take(&list, &w->slot[i]);
	slot_clear_bit(w, i);
	while (!list_empty(&list)) {
		struct wtimer *t = list.next;
		unlink_timer(w, t);
		place(w, t);
	}
}

/* Callbacks may cancel timers that wait in the same list: unlinking from a local head works the same. */
static uint32_t fire(struct wheel *w, struct wtimer *from)
{
	struct wtimer list;
	uint32_t n = 0;
	list_take(&list, from);
	for (; !list_empty(&list); n++) {
		struct wtimer *t = list.next;
		unlink_timer(w, t);
		t->fn(w->ctx, t, w->now);
	}
	return n;
}

static uint32_t turn_to(struct wheel *w, uint64_t tick)
{
	w->cur = tick;
	for (uint32_t l = LEVELS - 1; l > 0; l--)
		if ((tick & ((1ull << (BITS * l)) - 1)) == 0)
			cascade(w, l);
	uint32_t i = (uint32_t)tick % SLOTS;
	if (list_empty(&w->slot[i]))
		return 0;
	slot_clear_bit(w, i);
	return fire(w, &w->slot[i]);
}

uint32_t wheel_run(struct wheel *w, uint64_t now)
{
	if ((int64_t)(now - w->now) < 0) /* a clock that steps back stands still */
		now = w->now;
	w->now = now;
	uint64_t target = (now - w->base) / WHEEL_TICK_NS, tick;
	uint32_t n = fire(w, &w->due);
	while ((tick = next_tick(w)) <= target)
		n += turn_to(w, tick);
	w->cur = target;
	return n;
}

uint64_t wheel_next(const struct wheel *w)
{
	if (!list_empty(&w->due))
		return w->now;
	uint64_t tick = next_tick(w);
	return tick == UINT64_MAX ? UINT64_MAX : w->base + tick * WHEEL_TICK_NS;
}
