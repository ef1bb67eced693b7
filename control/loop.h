/* SPDX-License-Identifier: Apache-2.0 */
/* The control thread: one io_uring that waits for file descriptors, timers and posts from other threads.
 * Everything in control runs on this thread unless a header says otherwise. */
#ifndef CONTROL_LOOP_H
#define CONTROL_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

struct loop *loop_new(char err[256]); /* NULL: io_uring cannot be had; err says why */
void loop_free(struct loop *l);
int loop_run(struct loop *l); /* until loop_stop; 0 or -errno */
void loop_stop(struct loop *l);

uint64_t loop_now_ns(void);  /* CLOCK_MONOTONIC */
int64_t loop_wall_ms(void);  /* CLOCK_REALTIME, for timestamps people read */

/* Watch fd for POLLIN/POLLOUT bits (level-triggered: called again while the condition lasts). One watch per
 * fd; loop_fd with other bits changes it; 0 ends it (before the fd is closed). */
typedef void (*loop_fd_fn)(void *ctx, int fd, uint32_t revents);
void loop_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *ctx);

/* A timer lives in its owner; arm moves it. Fires once, never early. Any number of timers: O(log n). */
struct loop_timer {
	uint64_t at_ns;
	void (*fn)(void *ctx, struct loop_timer *t);
	void *ctx;
	uint32_t slot; /* 0 = not armed */
};
void loop_timer_arm(struct loop *l, struct loop_timer *t, uint64_t at_ns);
void loop_timer_cancel(struct loop *l, struct loop_timer *t);

/* From any thread: run fn(ctx) on the loop soon, in the order posted by one thread. */
void loop_post(struct loop *l, void (*fn)(void *ctx), void *ctx);

/* Run fn(ctx) once per turn of the loop, before it waits (draining rings); idle() returns true when there is
 * surely nothing to do, false makes the loop turn again without waiting. */
void loop_hook(struct loop *l, bool (*fn)(void *ctx), void *ctx);

#endif
