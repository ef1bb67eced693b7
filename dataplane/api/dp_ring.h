/* SPDX-License-Identifier: Apache-2.0 */
/* A lock-free ring of fixed-size slots between exactly one producer thread and one consumer thread.
 * Slots are written and read in place: claim, fill, publish; peek, use, release.
 *
 * Waking: a consumer that is about to sleep calls dp_ring_sleep (which fails when something is already
 * there) and then blocks on `wake_fd`; a producer calls dp_ring_wake after publishing, which costs a
 * system call only when the consumer really sleeps. */
#ifndef DP_RING_H
#define DP_RING_H

#include <stdbool.h>
#include <stdint.h>

struct dp_ring;

/* slots: power of two, 2 … 2^20. Memory comes from aligned_alloc at start. NULL when it cannot be had.
 * wake_fd: an eventfd of the consumer (several rings may share it), -1 = the consumer never sleeps. */
struct dp_ring *dp_ring_new(uint32_t slots, uint32_t slot_bytes, int wake_fd);
void dp_ring_free(struct dp_ring *r);

/* Producer. claim: next free slot, or NULL when full (count it: back-pressure). publish: make it visible. */
void *dp_ring_claim(struct dp_ring *r);
void dp_ring_publish(struct dp_ring *r);
void dp_ring_wake(struct dp_ring *r);
uint32_t dp_ring_room(const struct dp_ring *r);

/* Consumer. peek: oldest slot or NULL; it stays valid until release. */
void *dp_ring_peek(struct dp_ring *r);
void *dp_ring_peek_at(struct dp_ring *r, uint32_t n); /* the one n behind the oldest; NULL: not there yet */
void dp_ring_release(struct dp_ring *r);
bool dp_ring_sleep(struct dp_ring *r); /* true: nothing there and `sleeping` is set; false: do not sleep */
void dp_ring_awake(struct dp_ring *r); /* clear `sleeping` */

/* Either side, approximate. */
uint32_t dp_ring_depth(const struct dp_ring *r);
uint32_t dp_ring_slots(const struct dp_ring *r);

#endif
