/* SPDX-License-Identifier: Apache-2.0 */
/* The decisions of a fork by themselves. */
#include "tests/unit/sip/cm.h"

#include "control/dial_fork.h"

static struct dial_fork f;

static void begin(uint32_t n, bool sequential)
{
	dial_fork_init(&f, n, sequential);
}

static void all_open(uint32_t n)
{
	begin(n, false);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(dial_fork_next(&f), i);
	assert_int_equal(dial_fork_next(&f), -1);
}

static void parallel_branches_start_at_once(void **state)
{
	all_open(10);
	assert_false(dial_fork_over(&f));
}

static void a_sequence_goes_on_when_one_is_over(void **state)
{
	begin(3, true);
	assert_int_equal(dial_fork_next(&f), 0);
	assert_int_equal(dial_fork_next(&f), -1);
	assert_true(dial_fork_ended(&f, 0, 486));
	assert_int_equal(dial_fork_next(&f), 1);
	assert_true(dial_fork_ended(&f, 1, 603));
	assert_false(dial_fork_over(&f));
	assert_int_equal(dial_fork_next(&f), 2);
	assert_true(dial_fork_ended(&f, 2, 0));
	assert_true(dial_fork_over(&f));
	assert_int_equal(f.counts, 2);
}

static void the_first_answer_wins_and_no_other_can(void **state)
{
	all_open(3);
	assert_true(dial_fork_answered(&f, 1));
	assert_false(dial_fork_answered(&f, 0));
	assert_false(dial_fork_answered(&f, 1));
	assert_true(dial_fork_loses(&f, 0));
	assert_true(dial_fork_loses(&f, 2));
	assert_false(dial_fork_loses(&f, 1));
	assert_false(dial_fork_ended(&f, 0, 487));
	assert_false(dial_fork_over(&f));
	assert_true(dial_fork_ended(&f, 1, 200));
	assert_true(dial_fork_over(&f));
	assert_false(dial_fork_ended(&f, 2, 600));
	assert_int_equal(f.counts, 1);
}

static void an_answer_stops_a_sequence(void **state)
{
	begin(2, true);
	assert_int_equal(dial_fork_next(&f), 0);
	assert_true(dial_fork_answered(&f, 0));
	assert_int_equal(dial_fork_next(&f), -1);
	assert_true(dial_fork_ended(&f, 0, 200));
	assert_int_equal(dial_fork_next(&f), -1);
	assert_true(dial_fork_over(&f));
}

static void rfc3261_16_7_a_6xx_ends_a_parallel_fork(void **state)
{
	all_open(3);
	dial_fork_ended(&f, 0, 404);
	assert_true(dial_fork_ended(&f, 1, 603));
	assert_true(dial_fork_loses(&f, 2));
	assert_true(dial_fork_over(&f));
	assert_false(dial_fork_answered(&f, 2));
	assert_false(dial_fork_ended(&f, 2, 600));
	assert_int_equal(f.counts, 1);
}

static void rfc3261_16_7_the_lowest_class_is_the_best_response(void **state)
{
	static const struct {
		uint16_t status[4];
		int best;
	} rows[] = {
	    {{503, 486, 0, 404}, 1},
	    {{500, 503, 0, 0}, 0},
	    {{486, 302, 404, 500}, 1},
	    {{404, 486, 407, 484}, 2}, /* says what to do about it */
	    {{0, 0, 0, 408}, 3},
	    {{0, 0, 0, 0}, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		all_open(4);
		for (int k = 0; k < 4; k++)
			dial_fork_ended(&f, k, rows[i].status[k]);
		assert_true(dial_fork_over(&f));
		assert_int_equal(f.counts, rows[i].best);
	}
}

static void what_ends_after_the_caller_has_gone_counts_before_what_was_refused(void **state)
{
	all_open(2);
	dial_fork_ended(&f, 0, 486);
	dial_fork_stop(&f);
	assert_true(dial_fork_loses(&f, 1));
	assert_false(dial_fork_over(&f));
	assert_true(dial_fork_ended(&f, 1, 487));
	assert_true(dial_fork_over(&f));
	assert_int_equal(f.counts, 1);
}

static void the_caller_going_ends_the_winner_too(void **state)
{
	all_open(2);
	assert_true(dial_fork_answered(&f, 0));
	dial_fork_stop(&f);
	assert_true(dial_fork_loses(&f, 0));
	assert_true(dial_fork_ended(&f, 0, 200));
	assert_true(dial_fork_over(&f));
}

static void nobody_is_called_after_the_caller_has_gone(void **state)
{
	begin(3, true);
	dial_fork_next(&f);
	dial_fork_stop(&f);
	dial_fork_ended(&f, 0, 487);
	assert_int_equal(dial_fork_next(&f), -1);
	assert_true(dial_fork_over(&f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parallel_branches_start_at_once),
	    cmocka_unit_test(a_sequence_goes_on_when_one_is_over),
	    cmocka_unit_test(the_first_answer_wins_and_no_other_can),
	    cmocka_unit_test(an_answer_stops_a_sequence),
	    cmocka_unit_test(rfc3261_16_7_a_6xx_ends_a_parallel_fork),
	    cmocka_unit_test(rfc3261_16_7_the_lowest_class_is_the_best_response),
	    cmocka_unit_test(what_ends_after_the_caller_has_gone_counts_before_what_was_refused),
	    cmocka_unit_test(the_caller_going_ends_the_winner_too),
	    cmocka_unit_test(nobody_is_called_after_the_caller_has_gone),
	};
	return cmocka_run_group_tests_name("dial_fork", tests, NULL, NULL);
}
