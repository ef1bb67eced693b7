/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/control/infra/infra.h"

#include "control/tag_timer.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- timers ---- */

#define TIMERS 500

struct fired {
	struct loop *loop;
	struct loop_timer timers[TIMERS];
	uint64_t last_at;
	unsigned n, early, unordered, cancelled_ones;
	bool cancelled[TIMERS];
	unsigned expected;
};

static void note_fire(void *ctx, struct loop_timer *t)
{
	struct fired *f = ctx;
	f->early += loop_now_ns() < t->at_ns;
	f->unordered += t->at_ns < f->last_at;
	f->cancelled_ones += f->cancelled[t - f->timers];
	f->last_at = t->at_ns;
	assert_int_equal(t->slot, 0);
	if (++f->n == f->expected)
		loop_stop(f->loop);
}

static void timers_fire_in_order_and_never_early(void **state)
{
	static struct fired f;
	memset(&f, 0, sizeof f);
	f.loop = new_loop();
	uint64_t now = loop_now_ns();
	unsigned seed = 7;
	for (unsigned i = 0; i < TIMERS; i++) {
		f.timers[i] = (struct loop_timer){.fn = note_fire, .ctx = &f};
		loop_timer_arm(f.loop, &f.timers[i], now + (uint64_t)(rand_r(&seed) % 100) * MS);
	}
	for (unsigned i = 0; i < TIMERS; i += 3) {
		loop_timer_cancel(f.loop, &f.timers[i]);
		f.cancelled[i] = true;
	}
	for (unsigned i = 1; i < TIMERS; i += 3) /* moved, not doubled */
		loop_timer_arm(f.loop, &f.timers[i], now + (uint64_t)(rand_r(&seed) % 100) * MS);
	f.expected = TIMERS - (TIMERS + 2) / 3;
	assert_true(run_for(f.loop, 3000));
	assert_int_equal(f.n, f.expected);
	assert_int_equal(f.early, 0);
	assert_int_equal(f.unordered, 0);
	assert_int_equal(f.cancelled_ones, 0);
	loop_free(f.loop);
}

static void rearm(void *ctx, struct loop_timer *t)
{
	unsigned *n = ctx;
	(*n)++;
}

struct repeat {
	struct loop *loop;
	struct loop_timer t;
	unsigned n;
};

static void again_at_once(void *ctx, struct loop_timer *t)
{
	struct repeat *r = ctx;
	r->n++;
	loop_timer_arm(r->loop, t, 0);
}

static void a_timer_that_arms_itself_for_the_past_starves_nobody(void **state)
{
	struct repeat r = {.loop = new_loop()};
	unsigned other = 0;
	struct loop_timer t = {.fn = rearm, .ctx = &other};
	r.t = (struct loop_timer){.fn = again_at_once, .ctx = &r};
	loop_timer_arm(r.loop, &r.t, 0);
	loop_timer_arm(r.loop, &t, loop_now_ns() + 5 * MS);
	assert_false(run_for(r.loop, 20));
	assert_true(r.n > 10);
	assert_int_equal(other, 1);
	loop_timer_cancel(r.loop, &r.t);
	loop_free(r.loop);
}

/* ---- posts ---- */

#define POSTERS 4
#define POSTS   2000

struct poster {
	struct posts *all;
	unsigned last, unordered;
};

struct posts {
	struct loop *loop;
	struct poster posters[POSTERS];
	unsigned n;
};

struct message {
	struct poster *from;
	unsigned number;
};

static void received(void *ctx)
{
	struct message *m = ctx;
	m->from->unordered += m->number != m->from->last + 1;
	m->from->last = m->number;
	if (++m->from->all->n == POSTERS * POSTS)
		loop_stop(m->from->all->loop);
	free(m);
}

static void *post_many(void *arg)
{
	struct poster *p = arg;
	for (unsigned i = 1; i <= POSTS; i++) {
		struct message *m = malloc(sizeof *m);
		*m = (struct message){p, i};
		loop_post(p->all->loop, received, m);
	}
	return NULL;
}

static void posts_of_a_thread_arrive_in_order_and_none_is_lost(void **state)
{
	struct posts s = {.loop = new_loop()};
	pthread_t threads[POSTERS];
	for (unsigned i = 0; i < POSTERS; i++) {
		s.posters[i].all = &s;
		pthread_create(&threads[i], NULL, post_many, &s.posters[i]);
	}
	assert_true(run_for(s.loop, 10000));
	for (unsigned i = 0; i < POSTERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(s.posters[i].unordered, 0);
		assert_int_equal(s.posters[i].last, POSTS);
	}
	loop_free(s.loop);
}

/* ---- descriptors ---- */

struct reader {
	struct loop *loop;
	unsigned calls, stop_after;
	uint32_t seen;
	bool drain, forget;
};

static void readable(void *ctx, int fd, uint32_t revents)
{
	struct reader *r = ctx;
	char c;
	r->seen |= revents;
	if (r->drain && read(fd, &c, 1) < 0)
		fail();
	if (r->forget)
		loop_fd(r->loop, fd, 0, NULL, NULL);
	if (++r->calls == r->stop_after)
		loop_stop(r->loop);
}

static void a_watch_calls_again_while_the_condition_lasts(void **state)
{
	int s[2];
	struct reader r = {.loop = new_loop(), .stop_after = 5};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	assert_int_equal(write(s[1], "x", 1), 1);
	loop_fd(r.loop, s[0], POLLIN, readable, &r);
	assert_true(run_for(r.loop, 2000));
	assert_true(r.seen & POLLIN);
	loop_fd(r.loop, s[0], 0, NULL, NULL);
	r.calls = 0;
	assert_false(run_for(r.loop, 30));
	assert_int_equal(r.calls, 0);
	close(s[0]);
	close(s[1]);
	loop_free(r.loop);
}

static void a_watch_may_change_its_events(void **state)
{
	int s[2];
	struct reader r = {.loop = new_loop(), .stop_after = 1, .forget = true};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	loop_fd(r.loop, s[0], POLLIN, readable, &r);
	assert_false(run_for(r.loop, 20));
	loop_fd(r.loop, s[0], POLLIN | POLLOUT, readable, &r);
	assert_true(run_for(r.loop, 2000));
	assert_int_equal(r.calls, 1);
	assert_true(r.seen & POLLOUT);
	close(s[0]);
	close(s[1]);
	loop_free(r.loop);
}

/* The number of a closed descriptor goes to the next one: what was waiting on the first must not speak for it,
 * and must not keep it open. */
static void a_reused_descriptor_hears_only_its_own(void **state)
{
	struct loop *l = new_loop();
	for (unsigned i = 0; i < 50; i++) {
		int a[2], b[2];
		struct reader old = {.loop = l}, fresh = {.loop = l, .stop_after = 1, .drain = true};
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
		loop_fd(l, a[0], POLLIN, readable, &old);
		if (i & 1)
			assert_false(run_for(l, 1)); /* the kernel has the request */
		loop_fd(l, a[0], 0, NULL, NULL);
		close(a[0]);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, b), 0);
		assert_int_equal(b[0], a[0]);
		loop_fd(l, b[0], POLLIN, readable, &fresh);
		ssize_t n = write(b[1], "x", 1);
		assert_int_equal(n, 1);
		assert_true(run_for(l, 2000));
		assert_int_equal(old.calls, 0);
		assert_int_equal(fresh.calls, 1);
		char c;
		assert_int_equal(read(a[1], &c, 1), 0); /* the far end sees the close */
		loop_fd(l, b[0], 0, NULL, NULL);
		close(b[0]);
		close(b[1]);
		close(a[1]);
	}
	loop_free(l);
}

/* ---- turns ---- */

struct hook {
	unsigned turns, busy;
};

static bool count_turn(void *ctx)
{
	struct hook *h = ctx;
	h->turns++;
	return h->busy == 0 || h->busy-- == 0;
}

static void an_idle_loop_sleeps_and_a_busy_hook_keeps_it_turning(void **state)
{
	struct loop *l = new_loop();
	struct hook h = {0};
	struct timespec before, after;
	loop_hook(l, count_turn, &h);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	assert_false(run_for(l, 200));
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	int64_t cpu_us = (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
	assert_true(h.turns < 20);
	assert_true(cpu_us < 20000);
	h = (struct hook){.busy = 1000};
	assert_false(run_for(l, 200));
	assert_true(h.turns >= 1000);
	loop_free(l);
}

/* ---- timers by number ---- */

struct tags {
	struct loop *loop;
	struct tag_timers *timers;
	uint64_t got[8];
	unsigned n, stop_after;
};

static void on_tag(void *ctx, uint64_t tag)
{
	struct tags *t = ctx;
	t->got[t->n++] = tag;
	if (t->n == t->stop_after)
		loop_stop(t->loop);
}

static void tags_move_cancel_and_fire_once(void **state)
{
	struct tags t = {.loop = new_loop(), .stop_after = 2};
	t.timers = tag_timers_new(t.loop, on_tag, &t);
	uint64_t now = loop_now_ns();
	tag_timers_set(t.timers, 1, now + 10 * MS);
	tag_timers_set(t.timers, 2, now + 20 * MS);
	tag_timers_set(t.timers, 3, now + 5 * MS);
	tag_timers_set(t.timers, 1, now + 30 * MS);
	tag_timers_set(t.timers, 3, 0);
	tag_timers_set(t.timers, 4, 0);
	assert_int_equal(tag_timers_armed(t.timers), 2);
	assert_true(run_for(t.loop, 2000));
	assert_int_equal(t.got[0], 2);
	assert_int_equal(t.got[1], 1);
	assert_int_equal(tag_timers_armed(t.timers), 0);
	for (uint64_t i = 0; i < 10000; i++)
		tag_timers_set(t.timers, i, now + 1000000 * (uint64_t)MS);
	assert_int_equal(tag_timers_armed(t.timers), 10000);
	tag_timers_free(t.timers);
	loop_free(t.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(timers_fire_in_order_and_never_early),
	    cmocka_unit_test(a_timer_that_arms_itself_for_the_past_starves_nobody),
	    cmocka_unit_test(posts_of_a_thread_arrive_in_order_and_none_is_lost),
	    cmocka_unit_test(a_watch_calls_again_while_the_condition_lasts),
	    cmocka_unit_test(a_watch_may_change_its_events),
	    cmocka_unit_test(a_reused_descriptor_hears_only_its_own),
	    cmocka_unit_test(an_idle_loop_sleeps_and_a_busy_hook_keeps_it_turning),
	    cmocka_unit_test(tags_move_cancel_and_fire_once),
	};
	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
