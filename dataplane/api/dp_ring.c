/* SPDX-License-Identifier: Apache-2.0 */
/* Two free-running counters: the producer owns tail, the consumer owns head. Each side keeps a copy of the
 * other's counter on its own cache line and reads the shared one only when the copy says full or empty.
 *
 * No wake-up is lost: the consumer sets `sleeping` and then looks at tail; the producer moves tail and then
 * looks at `sleeping`. All four are sequentially consistent, so at least one of them sees the other. */
#include "dataplane/api/dp_ring.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE      64
#define SLOTS_MAX (1u << 20)

struct dp_ring {
	/* written once */
	uint8_t *slots;
	uint32_t mask, slot_bytes;
	int wake_fd;
	/* producer's line */
	uint32_t tail __attribute__((aligned(LINE)));
	uint32_t head_seen;
	/* consumer's line */
	uint32_t head __attribute__((aligned(LINE)));
	uint32_t tail_seen;
	/* touched by both, rarely */
	uint32_t sleeping __attribute__((aligned(LINE)));
} __attribute__((aligned(LINE)));

struct dp_ring *dp_ring_new(uint32_t slots, uint32_t slot_bytes, int wake_fd)
{
	if (slots < 2 || slots > SLOTS_MAX || (slots & (slots - 1)) || slot_bytes == 0 ||
	    slot_bytes > UINT32_MAX - LINE)
		return NULL;
	uint32_t bytes = (slot_bytes + LINE - 1) & ~(uint32_t)(LINE - 1);
	struct dp_ring *r = aligned_alloc(LINE, sizeof *r);
	if (!r)
		return NULL;
	memset(r, 0, sizeof *r);
	r->slots = aligned_alloc(LINE, (size_t)slots * bytes);
	if (!r->slots) {
		free(r);
		return NULL;
	}
	/* Touch every page now: the poll core shall not take page faults later. */
	memset(r->slots, 0, (size_t)slots * bytes);
	r->mask = slots - 1;
	r->slot_bytes = bytes;
	r->wake_fd = wake_fd;
	return r;
}

void dp_ring_free(struct dp_ring *r)
{
	if (!r)
		return;
	free(r->slots);
	free(r);
}

static void *slot_at(const struct dp_ring *r, uint32_t i)
{
	return r->slots + (size_t)(i & r->mask) * r->slot_bytes;
}

void *dp_ring_claim(struct dp_ring *r)
{
	uint32_t tail = __atomic_load_n(&r->tail, __ATOMIC_RELAXED);
	if (tail - r->head_seen > r->mask) {
		r->head_seen = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE);
		if (tail - r->head_seen > r->mask)
			return NULL;
	}
	return slot_at(r, tail);
}

void dp_ring_publish(struct dp_ring *r)
{
	uint32_t tail = __atomic_load_n(&r->tail, __ATOMIC_RELAXED);
	__atomic_store_n(&r->tail, tail + 1, __ATOMIC_RELEASE);
}

void dp_ring_wake(struct dp_ring *r)
{
	if (r->wake_fd < 0)
		return;
	/* Adds nothing: puts the earlier publish in front of the look at `sleeping`. */
	__atomic_fetch_add(&r->tail, 0, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&r->sleeping, __ATOMIC_SEQ_CST))
		return;
	if (!__atomic_exchange_n(&r->sleeping, 0, __ATOMIC_SEQ_CST))
		return;
	/* EAGAIN means the eventfd's counter is full, hence readable: the consumer wakes anyway. */
	uint64_t one = 1;
	ssize_t n = write(r->wake_fd, &one, sizeof one);
	(void)n;
}

uint32_t dp_ring_room(const struct dp_ring *r)
{
	uint32_t head = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE);
	return r->mask + 1 - (__atomic_load_n(&r->tail, __ATOMIC_RELAXED) - head);
}

void *dp_ring_peek_at(struct dp_ring *r, uint32_t n)
{
	uint32_t head = __atomic_load_n(&r->head, __ATOMIC_RELAXED);
	if (r->tail_seen - head <= n) {
		r->tail_seen = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);
		if (r->tail_seen - head <= n)
			return NULL;
	}
	return slot_at(r, head + n);
}

void *dp_ring_peek(struct dp_ring *r)
{
	return dp_ring_peek_at(r, 0);
}

void dp_ring_release(struct dp_ring *r)
{
	uint32_t head = __atomic_load_n(&r->head, __ATOMIC_RELAXED);
	__atomic_store_n(&r->head, head + 1, __ATOMIC_RELEASE);
}

bool dp_ring_sleep(struct dp_ring *r)
{
	__atomic_store_n(&r->sleeping, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->tail, __ATOMIC_SEQ_CST) == __atomic_load_n(&r->head, __ATOMIC_RELAXED))
		return true;
	dp_ring_awake(r);
	return false;
}

void dp_ring_awake(struct dp_ring *r)
{
	__atomic_store_n(&r->sleeping, 0, __ATOMIC_SEQ_CST);
}

uint32_t dp_ring_depth(const struct dp_ring *r)
{
	uint32_t head = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE);
	uint32_t n = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE) - head;
	return n > r->mask + 1 ? r->mask + 1 : n;
}

uint32_t dp_ring_slots(const struct dp_ring *r)
{
	return r->mask + 1;
}
