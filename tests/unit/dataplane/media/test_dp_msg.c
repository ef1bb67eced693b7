/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dataplane/api/dp_msg.h"
#include "dataplane/api/stats.h"

static void dp_msg_text_is_found_again(void **state)
{
	static struct dp_cmd c;
	bool bad = false;
	c.text_len = 0;
	struct dp_text a = dp_cmd_text(&c, SPAN("sip:a@b"), &bad), none = dp_cmd_text(&c, SPAN(""), &bad);
	struct dp_text b = dp_cmd_text(&c, SPAN("X-1: y\r\n"), &bad);
	assert_false(bad);
	assert_true(span_eq(dp_cmd_span(&c, a), SPAN("sip:a@b")));
	assert_true(span_eq(dp_cmd_span(&c, b), SPAN("X-1: y\r\n")));
	assert_int_equal(none.len, 0);
	assert_int_equal(c.text_len, 15);
}

static void dp_msg_text_is_whole_or_not_there(void **state)
{
	static struct dp_event e;
	static char big[DP_TEXT_MAX + 1];
	bool bad = false;
	e.text_len = 0;
	assert_int_equal(dp_event_text(&e, span_of(big, DP_TEXT_MAX - 3), &bad).len, DP_TEXT_MAX - 3);
	assert_false(bad);
	assert_int_equal(dp_event_text(&e, SPAN("four"), &bad).len, 0);
	assert_true(bad);
	assert_int_equal(e.text_len, DP_TEXT_MAX - 3);
	bad = false;
	assert_int_equal(dp_event_text(&e, SPAN("fit"), &bad).len, 3);
	assert_false(bad);
	e.text_len = 0;
	assert_int_equal(dp_event_text(&e, span_of(big, sizeof big), &bad).len, 0);
	assert_true(bad);
	bad = false;
	assert_int_equal(dp_event_text(&e, span_of(big, 0x10001), &bad).len, 0);
	assert_true(bad);
}

static void dp_msg_every_type_has_a_name(void **state)
{
	for (int i = 0; i < DP_CMD_TYPES; i++)
		assert_string_not_equal(dp_cmd_name((enum dp_cmd_type)i), "unknown");
	for (int i = 0; i < DP_EV_TYPES; i++)
		assert_string_not_equal(dp_ev_name((enum dp_ev_type)i), "unknown");
	for (int i = 0; i < DP_END_CAUSES; i++)
		assert_string_not_equal(dp_end_name((enum dp_end_cause)i), "unknown");
	assert_string_equal(dp_end_name((enum dp_end_cause)DP_END_CAUSES), "unknown");
	assert_string_equal(dp_ev_name((enum dp_ev_type) - 1), "unknown");
}

static void dp_handle_keeps_its_parts(void **state)
{
	dp_leg h = dp_leg_make(31, 0xffffff, 0xfffffffe);
	assert_int_equal(dp_leg_worker(h), 31);
	assert_int_equal(dp_leg_gen(h), 0xffffff);
	assert_int_equal(dp_leg_index(h), 0xfffffffe);
}

static void stats_every_counter_has_a_name_and_a_help(void **state)
{
	for (int i = 1; i < STAT_COUNT; i++) {
		assert_true(stat_name((enum stat_id)i)[0] != 0);
		assert_true(stat_help((enum stat_id)i)[0] != 0);
		for (int j = 1; j < i; j++)
			assert_string_not_equal(stat_name((enum stat_id)i), stat_name((enum stat_id)j));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dp_msg_text_is_found_again),
	    cmocka_unit_test(dp_msg_text_is_whole_or_not_there),
	    cmocka_unit_test(dp_msg_every_type_has_a_name),
	    cmocka_unit_test(dp_handle_keeps_its_parts),
	    cmocka_unit_test(stats_every_counter_has_a_name_and_a_help),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
