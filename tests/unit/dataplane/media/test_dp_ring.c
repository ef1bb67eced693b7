/* SPDX-License-Identifier: Apache-2.0 */
/* The threaded tests are worth most under -Db_sanitize=thread. A lost wake-up shows as a timeout of poll. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dataplane/api/dp_ring.h"

struct slot {
	uint64_t n, twice;
	uint8_t pad[40];
};

static void dp_ring_refuses_sizes_it_cannot_do(void **state)
{
	assert_null(dp_ring_new(0, 8, -1));
	assert_null(dp_ring_new(1, 8, -1));
	assert_null(dp_ring_new(3, 8, -1));
	assert_null(dp_ring_new(1u << 21, 8, -1));
	assert_null(dp_ring_new(4, 0, -1));
	assert_null(dp_ring_new(4, UINT32_MAX, -1));
	dp_ring_free(NULL);
}

static void dp_ring_holds_exactly_its_slots(void **state)
{
	struct dp_ring *r = dp_ring_new(4, sizeof(struct slot), -1);
	assert_non_null(r);
	assert_int_equal(dp_ring_slots(r), 4);
	assert_null(dp_ring_peek(r));
	for (uint64_t i = 0; i < 4; i++) {
		struct slot *s = dp_ring_claim(r);
		assert_non_null(s);
		assert_int_equal((uintptr_t)s % 64, 0);
		s->n = i;
		assert_int_equal(dp_ring_room(r), 4 - i);
		dp_ring_publish(r);
	}
	assert_null(dp_ring_claim(r));
	assert_int_equal(dp_ring_room(r), 0);
	assert_int_equal(dp_ring_depth(r), 4);
	for (uint64_t i = 0; i < 4; i++) {
		assert_int_equal(((struct slot *)dp_ring_peek(r))->n, i);
		dp_ring_release(r);
		assert_non_null(dp_ring_claim(r));
	}
	assert_null(dp_ring_peek(r));
	dp_ring_free(r);
}

static void dp_ring_claimed_slot_is_not_seen_before_publish(void **state)
{
	struct dp_ring *r = dp_ring_new(2, sizeof(struct slot), -1);
	void *a = dp_ring_claim(r);
	assert_ptr_equal(a, dp_ring_claim(r));
	assert_null(dp_ring_peek(r));
	dp_ring_publish(r);
	assert_ptr_equal(dp_ring_peek(r), a);
	assert_ptr_equal(dp_ring_peek(r), a);
	dp_ring_free(r);
}

static void dp_ring_does_not_sleep_over_a_message(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	struct dp_ring *r = dp_ring_new(2, 8, fd);
	uint64_t v;
	dp_ring_claim(r);
	dp_ring_publish(r);
	dp_ring_wake(r); /* nobody sleeps: no system call */
	assert_int_equal(read(fd, &v, sizeof v), -1);
	assert_false(dp_ring_sleep(r));
	dp_ring_release(r);
	assert_true(dp_ring_sleep(r));
	dp_ring_claim(r);
	dp_ring_publish(r);
	dp_ring_wake(r);
	dp_ring_wake(r); /* one wake-up for one sleep */
	assert_int_equal(read(fd, &v, sizeof v), sizeof v);
	assert_int_equal(v, 1);
	dp_ring_awake(r);
	dp_ring_free(r);
	close(fd);
}

struct run {
	struct dp_ring *ring[2];
	int fd;
	uint64_t messages;
	bool pauses; /* the producer stops now and then, so that the consumer really sleeps */
};

struct producer {
	struct run *run;
	struct dp_ring *r;
};

static void *produce(void *arg)
{
	struct producer *p = arg;
	for (uint64_t i = 1; i <= p->run->messages; i++) {
		struct slot *s;
		while (!(s = dp_ring_claim(p->r)))
			sched_yield();
		s->n = i;
		s->twice = 2 * i;
		dp_ring_publish(p->r);
		dp_ring_wake(p->r);
		if (p->run->pauses && i % 61 == 0)
			usleep(i % 7 ? 1 : 150);
	}
	return NULL;
}

/* Takes everything that waits; false: a message came out of order or torn. */
static bool take(struct dp_ring *r, uint64_t *seen)
{
	for (struct slot *s; (s = dp_ring_peek(r)); dp_ring_release(r)) {
		if (s->n != *seen + 1 || s->twice != 2 * s->n)
			return false;
		*seen = s->n;
	}
	return true;
}

static bool sleep_on(struct run *run)
{
	struct pollfd pfd = {.fd = run->fd, .events = POLLIN};
	uint64_t v;
	bool woken = true;
	if (dp_ring_sleep(run->ring[0]) && dp_ring_sleep(run->ring[1])) {
		woken = poll(&pfd, 1, 5000) == 1;
		if (woken)
			woken = read(run->fd, &v, sizeof v) == sizeof v;
	}
	dp_ring_awake(run->ring[0]);
	dp_ring_awake(run->ring[1]);
	return woken;
}

/* Both rings wake one fd, as commands and handed-over packets do. */
static void run_threads(uint64_t messages, bool pauses)
{
	struct run run = {.fd = eventfd(0, 0), .messages = messages, .pauses = pauses};
	struct producer p[2];
	pthread_t t[2];
	uint64_t seen[2] = {0, 0};
	for (int i = 0; i < 2; i++) {
		run.ring[i] = dp_ring_new(64, sizeof(struct slot), run.fd);
		p[i] = (struct producer){&run, run.ring[i]};
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, produce, &p[i]), 0);
	bool order = true, woken = true;
	while (order && woken && (seen[0] < messages || seen[1] < messages)) {
		order = take(run.ring[0], &seen[0]) && take(run.ring[1], &seen[1]);
		if (seen[0] < messages || seen[1] < messages)
			woken = sleep_on(&run);
	}
	assert_true(order);
	assert_true(woken);
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], NULL);
		dp_ring_free(run.ring[i]);
	}
	close(run.fd);
}

static void dp_ring_two_threads_keep_order_at_full_speed(void **state)
{
	run_threads(1000000, false);
}

static void dp_ring_no_wake_up_is_lost(void **state)
{
	run_threads(60000, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dp_ring_refuses_sizes_it_cannot_do),
	    cmocka_unit_test(dp_ring_holds_exactly_its_slots),
	    cmocka_unit_test(dp_ring_claimed_slot_is_not_seen_before_publish),
	    cmocka_unit_test(dp_ring_does_not_sleep_over_a_message),
	    cmocka_unit_test(dp_ring_two_threads_keep_order_at_full_speed),
	    cmocka_unit_test(dp_ring_no_wake_up_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
