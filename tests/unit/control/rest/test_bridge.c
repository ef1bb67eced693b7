/* SPDX-License-Identifier: Apache-2.0 */
/* The rings' two ends on their own threads: the loop and workers that answer every command with an event. */
#include "control/bridge.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SLOTS    4
#define LEGS     200
#define COMMANDS 50
#define SECONDS  20

struct worker {
	pthread_t thread;
	struct dp_ring *commands, *events;
	int fd;
	uint16_t index;
	bool stop, slow;
	uint32_t legs;
	uint64_t seen, out_of_order, next[LEGS];
};

/* The event ring is full: a worker keeps the event and tries again. */
static void tell(struct worker *w, enum dp_ev_type type, uint64_t cookie, dp_leg leg, uint64_t n)
{
	struct dp_event *e;
	while (!(e = dp_ring_claim(w->events))) {
		if (__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE))
			return;
		sched_yield();
	}
	*e = (struct dp_event){.type = type, .cookie = cookie, .leg = leg, .at_ns = n};
	dp_ring_publish(w->events);
	dp_ring_wake(w->events);
}

/* A BRIDGE of a leg carries its sequence number in peer; HANGUP ends the leg. */
static void obey(struct worker *w, const struct dp_cmd *c)
{
	uint32_t i = dp_leg_index(c->leg);
	w->seen++;
	if (c->type == DP_CMD_ORIGINATE) {
		tell(w, DP_EV_STARTED, c->cookie, dp_leg_make((uint8_t)w->index, 1, w->legs++), 0);
		return;
	}
	if (w->next[i]++ != c->peer)
		w->out_of_order++;
	if (c->text_len != 5 || memcmp(c->text, "hello", 5))
		w->out_of_order++;
	tell(w, c->type == DP_CMD_HANGUP ? DP_EV_ENDED : DP_EV_BRIDGED, c->cookie, c->leg, c->peer);
}

static void wait_for_commands(struct worker *w)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};
	uint64_t n;
	if (!dp_ring_sleep(w->commands))
		return;
	poll(&p, 1, 100);
	dp_ring_awake(w->commands);
	while (read(w->fd, &n, sizeof n) > 0)
		;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
		const struct dp_cmd *c = dp_ring_peek(w->commands);
		if (!c) {
			wait_for_commands(w);
			continue;
		}
		if (w->slow)
			nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
		obey(w, c);
		dp_ring_release(w->commands);
	}
	return NULL;
}

struct rig {
	struct loop *loop;
	struct bridge *bridge;
	uint16_t n;
	struct worker w[2];
	uint64_t started, ended, bridged, out_of_order, originated, refused;
	uint64_t next[2][LEGS];
	struct loop_timer deadline, feed;
	bool timed_out;
};

static void command(struct rig *r, enum dp_cmd_type type, const struct dp_event *e, uint64_t n)
{
	struct dp_cmd c = {.type = (uint16_t)type, .cookie = e->cookie, .leg = e->leg, .peer = n};
	bool bad = false;
	dp_cmd_text(&c, (struct span){"hello", 5}, &bad);
	assert_false(bad);
	bridge_command(r->bridge, &c);
}

static void check_order(struct rig *r, const struct dp_event *e)
{
	uint64_t *next = &r->next[dp_leg_worker(e->leg)][dp_leg_index(e->leg)];
	if ((*next)++ != e->at_ns)
		r->out_of_order++;
}

static void on_event(void *ctx, const struct dp_event *e)
{
	struct rig *r = ctx;
	if (e->type == DP_EV_STARTED) {
		r->started++;
		for (uint64_t n = 0; n < COMMANDS; n++)
			command(r, DP_CMD_BRIDGE, e, n);
		command(r, DP_CMD_HANGUP, e, COMMANDS);
		return;
	}
	check_order(r, e);
	if (e->type == DP_EV_BRIDGED)
		r->bridged++;
	if (e->type == DP_EV_ENDED && ++r->ended == LEGS)
		loop_stop(r->loop);
}

static void on_deadline(void *ctx, struct loop_timer *t)
{
	struct rig *r = ctx;
	(void)t;
	r->timed_out = true;
	loop_stop(r->loop);
}

static void on_feed(void *ctx, struct loop_timer *t)
{
	struct rig *r = ctx;
	for (int i = 0; i < 20 && r->originated < LEGS; i++) {
		struct dp_cmd c = {.type = DP_CMD_ORIGINATE, .cookie = r->originated};
		int rc = bridge_originate(r->bridge, bridge_pick_worker(r->bridge), &c);
		assert_true(rc == 0 || rc == -EAGAIN);
		if (rc)
			r->refused++;
		else
			r->originated++;
	}
	if (r->originated < LEGS)
		loop_timer_arm(r->loop, t, loop_now_ns() + 200000);
}

static void worker_open(struct worker *w, uint16_t index, int events_fd)
{
	*w = (struct worker){.index = index, .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
	w->commands = dp_ring_new(SLOTS, sizeof(struct dp_cmd), w->fd);
	w->events = dp_ring_new(SLOTS, sizeof(struct dp_event), events_fd);
	assert_non_null(w->commands);
	assert_non_null(w->events);
}

static void rig_open(struct rig *r, uint16_t n)
{
	char err[256];
	struct dp_ring *commands[2], *events[2];
	int fd = bridge_events_fd();
	*r = (struct rig){.n = n};
	assert_true(fd >= 0);
	r->loop = loop_new(err);
	if (!r->loop)
		fail_msg("%s", err);
	for (uint16_t i = 0; i < n; i++) {
		worker_open(&r->w[i], i, fd);
		commands[i] = r->w[i].commands;
		events[i] = r->w[i].events;
	}
	r->bridge = bridge_new_over(r->loop, fd, n, commands, events, on_event, r);
	r->deadline = (struct loop_timer){.fn = on_deadline, .ctx = r};
	r->feed = (struct loop_timer){.fn = on_feed, .ctx = r};
}

static void rig_close(struct rig *r)
{
	loop_timer_cancel(r->loop, &r->deadline);
	bridge_free(r->bridge);
	loop_free(r->loop);
	for (uint16_t i = 0; i < r->n; i++) {
		dp_ring_free(r->w[i].commands);
		dp_ring_free(r->w[i].events);
		close(r->w[i].fd);
	}
}

static void run_workers(struct rig *r)
{
	for (uint16_t i = 0; i < r->n; i++)
		assert_int_equal(pthread_create(&r->w[i].thread, NULL, work, &r->w[i]), 0);
	loop_timer_arm(r->loop, &r->deadline, loop_now_ns() + SECONDS * 1000000000ull);
	loop_timer_arm(r->loop, &r->feed, loop_now_ns());
	assert_int_equal(loop_run(r->loop), 0);
	for (uint16_t i = 0; i < r->n; i++) {
		__atomic_store_n(&r->w[i].stop, true, __ATOMIC_RELEASE);
		pthread_join(r->w[i].thread, NULL);
	}
}

static void full_rings_lose_nothing_and_keep_order(void **state)
{
	(void)state;
	struct rig *r = malloc(sizeof *r);
	rig_open(r, 2);
	r->w[0].slow = true;
	run_workers(r);
	assert_false(r->timed_out);
	assert_int_equal(r->started, LEGS);
	assert_int_equal(r->ended, LEGS);
	assert_int_equal(r->bridged, LEGS * COMMANDS);
	assert_int_equal(r->out_of_order, 0);
	assert_int_equal(r->w[0].out_of_order + r->w[1].out_of_order, 0);
	assert_int_equal(r->w[0].seen + r->w[1].seen, LEGS * (COMMANDS + 2));
	assert_true(r->refused > 0);
	assert_int_equal(bridge_refused(r->bridge), r->refused);
	assert_int_equal(bridge_waiting(r->bridge), 0);
	for (uint16_t i = 0; i < 2; i++) {
		struct bridge_gauge g;
		bridge_read(r->bridge, i, &g);
		for (int k = 0; k < LEG_STATES; k++)
			assert_int_equal(g.legs[k], 0);
		assert_int_equal(g.commands, r->w[i].seen);
		assert_int_equal(g.commands_slots, SLOTS);
	}
	rig_close(r);
	free(r);
}

static void new_legs_are_turned_away_when_commands_wait(void **state)
{
	(void)state;
	struct rig *r = malloc(sizeof *r);
	struct dp_cmd c = {.type = DP_CMD_ORIGINATE};
	rig_open(r, 1);
	assert_true(bridge_has_room(r->bridge));
	for (int i = 0; i < SLOTS; i++)
		assert_int_equal(bridge_originate(r->bridge, 0, &c), 0);
	assert_int_equal(bridge_originate(r->bridge, 0, &c), -EAGAIN);
	assert_int_equal(bridge_originate(r->bridge, 1, &c), -EINVAL);
	assert_false(bridge_has_room(r->bridge));
	assert_int_equal(bridge_refused(r->bridge), 2);
	c = (struct dp_cmd){.type = DP_CMD_HANGUP, .leg = dp_leg_make(0, 1, 0)};
	bridge_command(r->bridge, &c);
	assert_int_equal(bridge_waiting(r->bridge), 1);
	/* Room again, but the older command goes first. */
	dp_ring_peek(r->w[0].commands);
	dp_ring_release(r->w[0].commands);
	c = (struct dp_cmd){.type = DP_CMD_ORIGINATE};
	assert_int_equal(bridge_originate(r->bridge, 0, &c), -EAGAIN);
	rig_close(r);
	free(r);
}

static void a_quarter_of_the_ring_is_kept_for_calls_that_exist(void **state)
{
	(void)state;
	struct rig *r = malloc(sizeof *r);
	struct dp_cmd c = {.type = DP_CMD_ORIGINATE};
	rig_open(r, 1);
	for (int i = 0; i < SLOTS - SLOTS / 4 - 1; i++)
		assert_int_equal(bridge_originate(r->bridge, 0, &c), 0);
	assert_true(bridge_has_room(r->bridge));
	assert_int_equal(bridge_originate(r->bridge, 0, &c), 0);
	assert_false(bridge_has_room(r->bridge));
	rig_close(r);
	free(r);
}

static void legs_go_to_the_worker_with_the_fewest(void **state)
{
	(void)state;
	struct rig *r = malloc(sizeof *r);
	struct dp_cmd c = {.type = DP_CMD_ORIGINATE};
	struct bridge_gauge g[2];
	rig_open(r, 2);
	for (int i = 0; i < 4; i++)
		assert_int_equal(bridge_originate(r->bridge, bridge_pick_worker(r->bridge), &c), 0);
	bridge_read(r->bridge, 0, &g[0]);
	bridge_read(r->bridge, 1, &g[1]);
	assert_int_equal(g[0].legs[LEG_STARTING], 2);
	assert_int_equal(g[1].legs[LEG_STARTING], 2);
	rig_close(r);
	free(r);
}

struct beats {
	uint64_t at[2];
};

static uint64_t beat_of(const void *ctx, uint16_t worker)
{
	return ((const struct beats *)ctx)->at[worker];
}

static void a_worker_that_does_not_turn_gets_no_leg_while_another_does(void **state)
{
	(void)state;
	struct rig *r = malloc(sizeof *r);
	struct dp_cmd c = {.type = DP_CMD_ORIGINATE};
	struct beats b = {{loop_now_ns() - 2 * BRIDGE_BEAT_NS, loop_now_ns() + 3600 * BRIDGE_BEAT_NS}};
	rig_open(r, 2);
	bridge_watch(r->bridge, beat_of, &b);
	for (int i = 0; i < SLOTS; i++) {
		assert_int_equal(bridge_pick_worker(r->bridge), 1);
		assert_int_equal(bridge_has_room(r->bridge), i < SLOTS - SLOTS / 4);
		assert_int_equal(bridge_originate(r->bridge, 1, &c), 0);
	}
	b.at[0] = b.at[1]; /* it turns again */
	assert_int_equal(bridge_pick_worker(r->bridge), 0);
	assert_true(bridge_has_room(r->bridge));
	b.at[0] = b.at[1] = loop_now_ns() - 2 * BRIDGE_BEAT_NS; /* none turns: all are as good as before */
	assert_int_equal(bridge_pick_worker(r->bridge), 0);
	rig_close(r);
	free(r);
}

static void step(struct leg_states *s, enum dp_ev_type type, dp_leg leg, enum leg_state is)
{
	struct dp_event e = {.type = type, .leg = leg};
	leg_states_event(s, &e);
	assert_int_equal(leg_states_all(s), is ? 1 : 0);
	assert_int_equal(s->counts[is], is ? 1 : 0);
}

static void legs_are_counted_in_the_state_they_are_in(void **state)
{
	(void)state;
	struct leg_states s = {0};
	dp_leg leg = dp_leg_make(0, 3, 1000);
	leg_states_originated(&s);
	step(&s, DP_EV_STARTED, leg, LEG_TRYING);
	step(&s, DP_EV_PROGRESS, leg, LEG_RINGING);
	step(&s, DP_EV_PROGRESS, leg, LEG_RINGING);
	step(&s, DP_EV_ANSWERED, leg, LEG_ANSWERED);
	step(&s, DP_EV_BRIDGED, leg, LEG_ANSWERED);
	step(&s, DP_EV_ENDED, leg, LEG_NONE);
	/* Refused before it had a handle; then the slot of the first leg used again. */
	leg_states_originated(&s);
	step(&s, DP_EV_ENDED, 0, LEG_NONE);
	leg_states_originated(&s);
	step(&s, DP_EV_STARTED, dp_leg_make(0, 4, 1000), LEG_TRYING);
	step(&s, DP_EV_ENDED, dp_leg_make(0, 4, 1000), LEG_NONE);
	step(&s, DP_EV_ENDED, dp_leg_make(0, 4, 1000), LEG_NONE);
	leg_states_fini(&s);
}

/* The loop must wake for an event although it sleeps without a timer. */
static void *late_event(void *arg)
{
	struct worker *w = arg;
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	tell(w, DP_EV_PROGRESS, 7, 0, 0);
	return NULL;
}

static void stop_at_event(void *ctx, const struct dp_event *e)
{
	struct rig *r = ctx;
	r->started = e->cookie;
	loop_stop(r->loop);
}

static void a_sleeping_loop_wakes_for_an_event(void **state)
{
	(void)state;
	struct rig *r = malloc(sizeof *r);
	pthread_t t;
	char err[256];
	int fd = bridge_events_fd();
	*r = (struct rig){.n = 1};
	r->loop = loop_new(err);
	assert_non_null(r->loop);
	worker_open(&r->w[0], 0, fd);
	r->bridge = bridge_new_over(r->loop, fd, 1, &r->w[0].commands, &r->w[0].events, stop_at_event, r);
	r->deadline = (struct loop_timer){.fn = on_deadline, .ctx = r};
	loop_timer_arm(r->loop, &r->deadline, loop_now_ns() + SECONDS * 1000000000ull);
	uint64_t before = loop_now_ns();
	assert_int_equal(pthread_create(&t, NULL, late_event, &r->w[0]), 0);
	assert_int_equal(loop_run(r->loop), 0);
	assert_int_equal(r->started, 7);
	assert_true(loop_now_ns() - before < 5000000000ull);
	pthread_join(t, NULL);
	rig_close(r);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(full_rings_lose_nothing_and_keep_order),
	    cmocka_unit_test(new_legs_are_turned_away_when_commands_wait),
	    cmocka_unit_test(a_quarter_of_the_ring_is_kept_for_calls_that_exist),
	    cmocka_unit_test(legs_go_to_the_worker_with_the_fewest),
	    cmocka_unit_test(a_worker_that_does_not_turn_gets_no_leg_while_another_does),
	    cmocka_unit_test(legs_are_counted_in_the_state_they_are_in),
	    cmocka_unit_test(a_sleeping_loop_wakes_for_an_event),
	};
	return cmocka_run_group_tests_name("bridge", tests, NULL, NULL);
}
