/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "dataplane/core/wheel.h"

#define TICK  WHEEL_TICK_NS
#define ITEMS 300

struct item {
	struct wtimer t; /* first */
	bool armed;
	uint64_t at;
	uint32_t fired;
};

struct world {
	struct wheel *w;
	struct item item[ITEMS];
	uint64_t seed;
	bool rearm;
};

static uint64_t rnd(struct world *m)
{
	m->seed ^= m->seed << 13;
	m->seed ^= m->seed >> 7;
	return m->seed ^= m->seed << 17;
}

static void on_fire(void *ctx, struct wtimer *t, uint64_t now);

static void arm(struct world *m, struct item *i, uint64_t at)
{
	i->armed = true;
	i->at = at;
	wheel_arm(m->w, &i->t, at, on_fire);
}

static void on_fire(void *ctx, struct wtimer *t, uint64_t now)
{
	struct world *m = ctx;
	struct item *i = (struct item *)t;
	assert_true(i->armed);
	assert_false(wtimer_armed(t));
	assert_true((int64_t)(now - i->at) >= 0); /* never early */
	i->armed = false;
	i->fired++;
	if (!m->rearm)
		return;
	struct item *other = &m->item[rnd(m) % ITEMS];
	if (rnd(m) % 3 == 0) {
		wheel_cancel(m->w, &other->t);
		other->armed = false;
	} else if (rnd(m) % 3 == 0) {
		arm(m, other, now + rnd(m) % (3000 * TICK) - 5 * TICK);
	}
}

/* After a run at `now` nothing may be left that was due a tick ago (unless a callback armed it just now). */
static void check_late(const struct world *m, uint64_t now)
{
	for (int i = 0; i < ITEMS; i++) {
		const struct item *it = &m->item[i];
		assert_int_equal(it->armed, wtimer_armed(&it->t));
		if (it->armed && !m->rearm)
			assert_true((int64_t)(now - it->at) < (int64_t)TICK);
	}
}

/* wheel_next never lies beyond a real deadline by more than the tick, or is at once. */
static void check_next(const struct world *m, uint64_t now)
{
	uint64_t next = wheel_next(m->w);
	bool any = false;
	for (int i = 0; i < ITEMS; i++) {
		if (!m->item[i].armed)
			continue;
		any = true;
		assert_true(next == now || (int64_t)(next - m->item[i].at) <= (int64_t)TICK);
	}
	assert_true(any || next == UINT64_MAX);
}

static uint64_t random_delay(struct world *m)
{
	static const uint64_t spans[] = {2, 200, 300, 60000, 70000, 20000000, 400000000, 6000000000ull};
	return rnd(m) % (spans[rnd(m) % 8] * TICK);
}

static void random_world(uint64_t start, uint64_t seed, bool rearm)
{
	static struct world m;
	m = (struct world){.seed = seed, .rearm = rearm};
	m.w = wheel_new(start, &m);
	uint64_t now = start;
	for (int step = 0; step < 3000; step++) {
		struct item *i = &m.item[rnd(&m) % ITEMS];
		if (rnd(&m) % 4 == 0) {
			wheel_cancel(m.w, &i->t);
			i->armed = false;
		} else {
			arm(&m, i, now + random_delay(&m));
		}
		if (rnd(&m) % 2)
			continue;
		now += rnd(&m) % 16 ? rnd(&m) % (3 * TICK) : random_delay(&m);
		wheel_run(m.w, now);
		check_late(&m, now);
		check_next(&m, now);
	}
	wheel_free(m.w);
}

static void wheel_never_early_and_at_most_a_tick_late(void **state)
{
	for (uint64_t seed = 1; seed <= 8; seed++) {
		random_world(0, seed * 31, false);
		random_world(123456789012345ull, seed * 17, false);
	}
}

static void wheel_survives_callbacks_that_arm_and_cancel_any_timer(void **state)
{
	for (uint64_t seed = 1; seed <= 8; seed++)
		random_world(777, seed * 29, true);
}

static void wheel_works_across_the_wrap_of_2_64(void **state)
{
	for (uint64_t seed = 1; seed <= 8; seed++) {
		random_world(UINT64_MAX - 500 * TICK, seed * 3, false);
		random_world(UINT64_MAX - 5, seed * 5, true);
		random_world(INT64_MAX - 500ull * TICK, seed * 7, false);
	}
}

/* What a naive list would fire, at the same runs. */
static void wheel_fires_what_a_naive_model_fires(void **state)
{
	static struct world m;
	m = (struct world){.seed = 4711};
	m.w = wheel_new(1000, &m);
	for (int i = 0; i < ITEMS; i++)
		arm(&m, &m.item[i], 1000 + rnd(&m) % (700 * TICK));
	for (uint64_t now = 1000; now < 1000 + 800 * TICK; now += 3 * TICK) {
		uint32_t due = 0;
		for (int i = 0; i < ITEMS; i++)
			due += m.item[i].armed && m.item[i].at + TICK <= now;
		uint32_t fired = wheel_run(m.w, now);
		assert_true(fired >= due);
		check_late(&m, now);
	}
	for (int i = 0; i < ITEMS; i++)
		assert_int_equal(m.item[i].fired, 1);
	assert_int_equal(wheel_next(m.w), UINT64_MAX);
	wheel_free(m.w);
}

static void wheel_fires_a_past_time_at_the_next_run(void **state)
{
	static struct world m;
	m = (struct world){.seed = 1};
	m.w = wheel_new(5000 * TICK, &m);
	arm(&m, &m.item[0], 10);
	m.item[0].at = 5000 * TICK;
	assert_int_equal(wheel_next(m.w), 5000 * TICK);
	assert_int_equal(wheel_run(m.w, 5000 * TICK), 1);
	assert_int_equal(wheel_run(m.w, 5000 * TICK), 0);
	wheel_free(m.w);
}

static void wheel_moves_a_timer_that_is_armed_again(void **state)
{
	static struct world m;
	m = (struct world){.seed = 1};
	m.w = wheel_new(0, &m);
	arm(&m, &m.item[0], 5 * TICK);
	arm(&m, &m.item[0], 50 * TICK);
	assert_int_equal(wheel_run(m.w, 10 * TICK), 0);
	assert_int_equal(wheel_run(m.w, 50 * TICK), 1);
	wheel_cancel(m.w, &m.item[0].t);
	wheel_free(m.w);
}

static void wheel_holds_still_when_the_clock_steps_back(void **state)
{
	static struct world m;
	m = (struct world){.seed = 1};
	m.w = wheel_new(0, &m);
	wheel_run(m.w, 100 * TICK);
	arm(&m, &m.item[0], 150 * TICK);
	assert_int_equal(wheel_run(m.w, 20 * TICK), 0);
	assert_int_equal(wheel_run(m.w, 149 * TICK), 0);
	assert_int_equal(wheel_run(m.w, 150 * TICK), 1);
	wheel_free(m.w);
}

/* Longer than all levels together (49 days). */
static void wheel_keeps_a_timer_of_a_year(void **state)
{
	static struct world m;
	const uint64_t day = 86400ull * 1000 * TICK;
	m = (struct world){.seed = 1};
	m.w = wheel_new(0, &m);
	arm(&m, &m.item[0], 365 * day);
	for (int d = 1; d < 365; d++)
		assert_int_equal(wheel_run(m.w, (uint64_t)d * day), 0);
	assert_int_equal(wheel_run(m.w, 365 * day), 1);
	wheel_free(m.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wheel_never_early_and_at_most_a_tick_late),
	    cmocka_unit_test(wheel_survives_callbacks_that_arm_and_cancel_any_timer),
	    cmocka_unit_test(wheel_works_across_the_wrap_of_2_64),
	    cmocka_unit_test(wheel_fires_what_a_naive_model_fires),
	    cmocka_unit_test(wheel_fires_a_past_time_at_the_next_run),
	    cmocka_unit_test(wheel_moves_a_timer_that_is_armed_again),
	    cmocka_unit_test(wheel_holds_still_when_the_clock_steps_back),
	    cmocka_unit_test(wheel_keeps_a_timer_of_a_year),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
