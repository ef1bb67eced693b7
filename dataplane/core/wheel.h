/* SPDX-License-Identifier: Apache-2.0 */
/* A hierarchical timing wheel: arm and cancel in O(1), timers live inside their owners. Resolution
 * WHEEL_TICK_NS; a timer never fires early and at most one tick late (plus the time until wheel_run is
 * called). Works across any start value of `now`, 2^64 wrap included. One thread. */
#ifndef DP_WHEEL_H
#define DP_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define WHEEL_TICK_NS 1000000ull /* 1 ms */

struct wheel;
struct wtimer;
typedef void (*wtimer_fn)(void *ctx, struct wtimer *t, uint64_t now);

struct wtimer {
	struct wtimer *prev, *next; /* NULL: not armed */
	uint64_t at;                /* ns */
	wtimer_fn fn;               /* called with the wheel's ctx, timer already disarmed */
};

/* Memory for the wheel is part of the struct's owner: one allocation at start. */
struct wheel *wheel_new(uint64_t now, void *ctx);
void wheel_free(struct wheel *w);
/* Arm (or move) t to fire at `at` (ns). A time in the past fires at the next run. */
void wheel_arm(struct wheel *w, struct wtimer *t, uint64_t at, wtimer_fn fn);
void wheel_cancel(struct wheel *w, struct wtimer *t); /* not armed: nothing happens */
static inline bool wtimer_armed(const struct wtimer *t)
{
	return t->next != 0;
}
/* Fire everything due at `now`. Returns how many fired. Callbacks may arm and cancel any timer. */
uint32_t wheel_run(struct wheel *w, uint64_t now);
/* A lower bound of the next deadline (ns), UINT64_MAX when nothing is armed: how long one may sleep. */
uint64_t wheel_next(const struct wheel *w);

#endif
