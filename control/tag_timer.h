/* SPDX-License-Identifier: Apache-2.0 */
/* Timers known by a number instead of a place in memory: what calls_ops.timer asks for. */
#ifndef CONTROL_TAG_TIMER_H
#define CONTROL_TAG_TIMER_H

#include "control/loop.h"

struct tag_timers;

struct tag_timers *tag_timers_new(struct loop *l, void (*fn)(void *ctx, uint64_t tag), void *ctx);
void tag_timers_free(struct tag_timers *t);
/* One shot; a tag that is set again moves; at_ns 0 cancels it. */
void tag_timers_set(struct tag_timers *t, uint64_t tag, uint64_t at_ns);
uint32_t tag_timers_armed(const struct tag_timers *t);

#endif
