/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing here waits for a worker: events are drained in bounded turns of the loop, commands that find no
 * room are kept in order and tried again. A command for a leg never overtakes an older one of the same
 * worker. */
#include "control/bridge.h"
#include "control/mem.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Events of one worker per turn: the loop has other things to do, and other workers shall not wait long. */
#define EVENTS_PER_TURN 64
/* A worker with a full ring is busy; it does not tell us when there is room again. */
#define RETRY_NS 500000

struct waiting {
	struct waiting *next;
	struct dp_cmd cmd; /* as long as its text */
};

struct end {
	struct dp_ring *commands, *events;
	struct waiting *first, **last;
	uint32_t waiting;
	struct leg_states legs;
	uint64_t n_commands, n_events;
};

struct bridge {
	struct loop *loop;
	bridge_event_fn event;
	void *ctx;
	bridge_beat_fn beat_ns; /* NULL: nobody knows */
	const void *beat_ctx;
	int fd;
	uint16_t n;
	uint64_t refused;
	struct loop_timer retry;
	struct end ends[DP_WORKERS_MAX];
};

static size_t cmd_bytes(const struct dp_cmd *c)
{
	assert(c->text_len <= DP_TEXT_MAX);
	return offsetof(struct dp_cmd, text) + c->text_len;
}

static bool send_now(struct end *e, const struct dp_cmd *c)
{
	void *slot = dp_ring_claim(e->commands);
	if (!slot)
		return false;
	memcpy(slot, c, cmd_bytes(c));
	dp_ring_publish(e->commands);
	dp_ring_wake(e->commands);
	e->n_commands++;
	return true;
}

static void flush(struct end *e)
{
	while (e->first && send_now(e, &e->first->cmd)) {
		struct waiting *w = e->first;
		e->first = w->next;
		if (!e->first)
			e->last = &e->first;
		e->waiting--;
		free(w);
	}
}

static void retry_later(struct bridge *b)
{
	if (!b->retry.slot)
		loop_timer_arm(b->loop, &b->retry, loop_now_ns() + RETRY_NS);
}

static void flush_all(struct bridge *b)
{
	for (uint16_t i = 0; i < b->n; i++)
		flush(&b->ends[i]);
	if (bridge_waiting(b))
		retry_later(b);
}

static void on_retry(void *ctx, struct loop_timer *t)
{
	(void)t;
	flush_all(ctx);
}

static void take(struct bridge *b, struct end *e, const struct dp_event *ev)
{
	e->n_events++;
	leg_states_event(&e->legs, ev);
	b->event(b->ctx, ev);
}

/* true: the ring is empty. */
static bool drain(struct bridge *b, struct end *e)
{
	for (unsigned k = 0; k < EVENTS_PER_TURN; k++) {
		const struct dp_event *ev = dp_ring_peek(e->events);
		if (!ev)
			return true;
		take(b, e, ev);
		dp_ring_release(e->events);
	}
	return dp_ring_peek(e->events) == NULL;
}

static bool fall_asleep(struct bridge *b)
{
	for (uint16_t i = 0; i < b->n; i++)
		if (!dp_ring_sleep(b->ends[i].events))
			return false;
	return true;
}

/* The loop is about to wait. It may only do so once every ring has been told that we sleep. */
static bool on_turn(void *ctx)
{
	struct bridge *b = ctx;
	bool empty = true;
	for (uint16_t i = 0; i < b->n; i++)
		dp_ring_awake(b->ends[i].events);
	for (uint16_t i = 0; i < b->n; i++)
		if (!drain(b, &b->ends[i]))
			empty = false;
	return empty && fall_asleep(b);
}

static void on_wake(void *ctx, int fd, uint32_t revents)
{
	(void)ctx;
	(void)revents;
	uint64_t n;
	while (read(fd, &n, sizeof n) > 0)
		;
}

int bridge_events_fd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

struct bridge *bridge_new_over(struct loop *l, int events_fd, uint16_t n, struct dp_ring *const *commands,
    struct dp_ring *const *events, bridge_event_fn event, void *ctx)
{
	assert(n >= 1 && n <= DP_WORKERS_MAX && events_fd >= 0);
	struct bridge *b = mem_zalloc(sizeof *b);
	*b = (struct bridge){.loop = l, .event = event, .ctx = ctx, .fd = events_fd, .n = n};
	b->retry = (struct loop_timer){.fn = on_retry, .ctx = b};
	for (uint16_t i = 0; i < n; i++) {
		b->ends[i] = (struct end){.commands = commands[i], .events = events[i]};
		b->ends[i].last = &b->ends[i].first;
	}
	loop_fd(l, events_fd, POLLIN, on_wake, b);
	loop_hook(l, on_turn, b);
	return b;
}

static uint64_t dp_beat_of(const void *d, uint16_t worker)
{
	return dp_beat_ns(d, worker);
}

struct bridge *bridge_new(struct loop *l, int events_fd, struct dp *d, bridge_event_fn event, void *ctx)
{
	struct dp_ring *commands[DP_WORKERS_MAX], *events[DP_WORKERS_MAX];
	uint16_t n = dp_workers(d);
	assert(n <= DP_WORKERS_MAX);
	for (uint16_t i = 0; i < n; i++) {
		commands[i] = dp_commands(d, i);
		events[i] = dp_events(d, i);
	}
	struct bridge *b = bridge_new_over(l, events_fd, n, commands, events, event, ctx);
	bridge_watch(b, dp_beat_of, d);
	return b;
}

void bridge_watch(struct bridge *b, bridge_beat_fn beat_ns, const void *ctx)
{
	b->beat_ns = beat_ns;
	b->beat_ctx = ctx;
}

static void end_fini(struct end *e)
{
	while (e->first) {
		struct waiting *w = e->first;
		e->first = w->next;
		free(w);
	}
	leg_states_fini(&e->legs);
}

void bridge_free(struct bridge *b)
{
	if (!b)
		return;
	loop_timer_cancel(b->loop, &b->retry);
	loop_fd(b->loop, b->fd, 0, NULL, NULL);
	close(b->fd);
	for (uint16_t i = 0; i < b->n; i++)
		end_fini(&b->ends[i]);
	free(b);
}

static bool end_has_room(const struct end *e)
{
	return !e->first && dp_ring_room(e->commands) > dp_ring_slots(e->commands) / 4;
}

/* The worker may have turned since `now` was read. */
static bool turns(const struct bridge *b, uint16_t worker, uint64_t now)
{
	uint64_t beat = b->beat_ns ? b->beat_ns(b->beat_ctx, worker) : now;
	return beat >= now || now - beat < BRIDGE_BEAT_NS;
}

struct rank {
	bool turns, room;
	uint32_t legs;
};

static struct rank rank_of(const struct bridge *b, uint16_t worker, uint64_t now)
{
	const struct end *e = &b->ends[worker];
	return (struct rank){turns(b, worker, now), end_has_room(e), leg_states_all(&e->legs)};
}

static bool better(const struct rank *x, const struct rank *than)
{
	if (x->turns != than->turns)
		return x->turns;
	if (x->room != than->room)
		return x->room;
	return x->legs < than->legs;
}

uint16_t bridge_pick_worker(struct bridge *b)
{
	uint64_t now = loop_now_ns();
	uint16_t at = 0;
	struct rank best = rank_of(b, 0, now);
	for (uint16_t i = 1; i < b->n; i++) {
		struct rank r = rank_of(b, i, now);
		if (better(&r, &best)) {
			best = r;
			at = i;
		}
	}
	return at;
}

/* Where the next leg would go. */
bool bridge_has_room(struct bridge *b)
{
	if (end_has_room(&b->ends[bridge_pick_worker(b)]))
		return true;
	b->refused++;
	return false;
}

int bridge_originate(struct bridge *b, uint16_t worker, const struct dp_cmd *c)
{
	if (worker >= b->n)
		return -EINVAL;
	struct end *e = &b->ends[worker];
	if (e->first || !send_now(e, c)) {
		b->refused++;
		return -EAGAIN;
	}
	leg_states_originated(&e->legs);
	return 0;
}

static void wait_for_room(struct bridge *b, struct end *e, const struct dp_cmd *c)
{
	struct waiting *w = mem_zalloc(offsetof(struct waiting, cmd) + cmd_bytes(c));
	memcpy(&w->cmd, c, cmd_bytes(c));
	*e->last = w;
	e->last = &w->next;
	e->waiting++;
	retry_later(b);
}

void bridge_command(struct bridge *b, const struct dp_cmd *c)
{
	uint8_t worker = dp_leg_worker(c->leg);
	assert(worker < b->n);
	struct end *e = &b->ends[worker];
	flush(e);
	if (e->first || !send_now(e, c))
		wait_for_room(b, e, c);
}

uint64_t bridge_refused(const struct bridge *b)
{
	return b->refused;
}

uint32_t bridge_waiting(const struct bridge *b)
{
	uint32_t n = 0;
	for (uint16_t i = 0; i < b->n; i++)
		n += b->ends[i].waiting;
	return n;
}

uint16_t bridge_workers(const struct bridge *b)
{
	return b->n;
}

void bridge_read(const struct bridge *b, uint16_t worker, struct bridge_gauge *g)
{
	assert(worker < b->n);
	const struct end *e = &b->ends[worker];
	*g = (struct bridge_gauge){
	    .commands_depth = dp_ring_depth(e->commands),
	    .commands_slots = dp_ring_slots(e->commands),
	    .commands_waiting = e->waiting,
	    .events_depth = dp_ring_depth(e->events),
	    .events_slots = dp_ring_slots(e->events),
	    .commands = e->n_commands,
	    .events = e->n_events,
	};
	memcpy(g->legs, e->legs.counts, sizeof g->legs);
}
