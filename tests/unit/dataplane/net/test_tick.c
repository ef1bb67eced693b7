/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "dataplane/core/tick.h"

static uint64_t monotonic(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static void tick_follows_clock_monotonic(void **state)
{
	tick_init();
	assert_true(tick_cycles_hz() > 1000000);
	for (int i = 0; i < 13; i++) { /* longer than the second after which it looks again */
		const struct timespec nap = {.tv_nsec = 100000000};
		uint64_t a = monotonic(), t = tick_ns(), b = monotonic();
		assert_true(t + 100000 >= a && t <= b + 100000); /* within 100 µs */
		nanosleep(&nap, NULL);
	}
}

static void tick_never_goes_back(void **state)
{
	uint64_t last = 0;
	for (int i = 0; i < 1000000; i++) {
		uint64_t t = tick_ns();
		assert_true(t >= last);
		last = t;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tick_follows_clock_monotonic),
	    cmocka_unit_test(tick_never_goes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
