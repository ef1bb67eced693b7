/* SPDX-License-Identifier: Apache-2.0 */
/* A target with several addresses: RFC 3263 §4.3. Whoever listens to the call sees one leg. */
#include "tests/unit/control/calls/world.h"

#include <stdio.h>
#include <stdlib.h>

#define TO  "sip:kate@example.com"
#define URL "http://app.example.com/voice"

static struct world w;
static char sid[35];
static const char *const three[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3"};

static int setup(void **state)
{
	world_init(&w, 10);
	return 0;
}

static int teardown(void **state)
{
	world_fini(&w);
	return 0;
}

static void call_three(void)
{
	world_call(&w, sid, "To", TO, "Url", URL, "StatusCallback", "http://app.example.com/status",
	    "StatusCallbackEvent", "initiated ringing answered completed", "Timeout", "20", NULL);
	world_located(&w, 0, three, 3);
	assert_int_equal(w.n_sent, 1);
	world_started(&w, 0, 100);
}

static void went_to(uint32_t i, uint8_t last_byte)
{
	assert_true(i < w.n_sent);
	assert_int_equal(w.sent[i].type, DP_CMD_ORIGINATE);
	assert_int_equal(w.sent[i].orig.target.a.b[3], last_byte);
	assert_int_equal(w.sent[i].orig.target.port, 5060);
}

static void a_silent_address_gives_way_to_the_next(void **state)
{
	call_three();
	went_to(0, 1);
	assert_int_equal(w.sent[0].orig.first_response_ms, 4000);
	assert_int_equal(w.sent[0].orig.ring_timeout_ms, 20000);
	world_pass(&w, 4 * WORLD_S);
	world_ended(&w, 0, 100, DP_END_NO_RESPONSE, 408, false, NULL);
	went_to(1, 2);
	assert_int_equal(w.sent[1].cookie, w.sent[0].cookie);
	assert_int_equal(w.sent[1].orig.ring_timeout_ms, 16000);
	world_started(&w, 1, 101);
	assert_int_equal(world_count(&w, "CallStatus", "initiated"), 1);
	assert_int_equal(world_terminals(&w, sid), 0);
	world_progress(&w, 1, 101, 180, false);
	world_answered(&w, 1, 101, NULL);
	assert_string_equal(world_last(&w, sid)->status, "in-progress");
	assert_int_equal(w.hops_failed, 1);
	assert_true(w.hops_reached >= 1);
	assert_non_null(world_noted(&w, 32011));
}

static void icmp_and_503_give_way_as_well_and_the_last_has_timer_b(void **state)
{
	call_three();
	world_ended(&w, 0, 100, DP_END_TRANSPORT, 0, false, NULL);
	went_to(1, 2);
	world_started(&w, 1, 101);
	world_ended(&w, 1, 101, DP_END_REJECTED, 503, false, NULL);
	went_to(2, 3);
	assert_int_equal(w.sent[2].orig.first_response_ms, 0);
	world_started(&w, 2, 102);
	world_ended(&w, 2, 102, DP_END_NO_RESPONSE, 408, false, NULL);
	assert_int_equal(w.n_sent, 3);
	assert_string_equal(world_last(&w, sid)->status, "failed");
	assert_int_equal(world_last(&w, sid)->sip_status, 408);
	assert_int_equal(w.hops_failed, 3);
	assert_int_equal(world_terminals(&w, sid), 1);
}

static void other_refusals_are_the_answer(void **state)
{
	static const uint16_t refusals[] = {404, 408, 486, 480, 500, 504, 603};
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		world_forget(&w);
		call_three();
		world_ended(&w, 0, 100, DP_END_REJECTED, refusals[i], false, NULL);
		assert_int_equal(w.n_sent, 1);
		assert_int_equal(world_last(&w, sid)->sip_status, refusals[i]);
	}
}

static void an_address_that_rang_is_not_left(void **state)
{
	call_three();
	world_progress(&w, 0, 100, 180, false);
	world_ended(&w, 0, 100, DP_END_REJECTED, 503, true, NULL);
	assert_int_equal(w.n_sent, 1);
	assert_string_equal(world_last(&w, sid)->status, "failed");
}

static void the_ring_timeout_is_for_all_addresses_together(void **state)
{
	call_three();
	world_pass(&w, 20 * WORLD_S);
	world_ended(&w, 0, 100, DP_END_NO_RESPONSE, 408, false, NULL);
	assert_int_equal(w.n_sent, 1);
	assert_int_equal(world_terminals(&w, sid), 1);
}

static void a_hang_up_between_two_addresses_ends_the_call(void **state)
{
	struct call_error err;
	call_three();
	world_ended(&w, 0, 100, DP_END_TRANSPORT, 0, false, NULL);
	went_to(1, 2);
	assert_int_equal(world_update(&w, sid, &err, "Status", "completed", NULL), 0);
	assert_int_equal(w.n_sent, 2);
	world_started(&w, 1, 101);
	assert_int_equal(w.sent[2].type, DP_CMD_HANGUP);
	assert_int_equal(w.sent[2].leg, 101);
	world_ended(&w, 1, 101, DP_END_CANCELED, 487, false, NULL);
	assert_string_equal(world_last(&w, sid)->status, "canceled");
	assert_int_equal(w.n_sent, 3);
}

static void a_hang_up_while_the_ring_is_full_is_told_to_who_was_told_of_the_call(void **state)
{
	struct call_error err;
	call_three();
	w.originate_rc = -11;
	world_ended(&w, 0, 100, DP_END_TRANSPORT, 0, false, NULL);
	assert_int_equal(world_update(&w, sid, &err, "Status", "canceled", NULL), 0);
	assert_string_equal(world_last(&w, sid)->status, "canceled");
	world_reply(&w, 0, 204, NULL, NULL);
	assert_int_equal(world_count(&w, "CallStatus", "canceled"), 1);
}

static void a_full_ring_is_tried_again_for_the_next_address_too(void **state)
{
	call_three();
	w.originate_rc = -11;
	world_ended(&w, 0, 100, DP_END_TRANSPORT, 0, false, NULL);
	uint32_t tried = w.n_sent;
	w.originate_rc = 0;
	world_pass(&w, WORLD_S / 10);
	assert_true(w.n_sent > tried);
	went_to(w.n_sent - 1, 2);
}

static void more_addresses_than_there_is_room_for_are_cut(void **state)
{
	const char *many[20];
	char text[20][16];
	for (int i = 0; i < 20; i++) {
		snprintf(text[i], sizeof text[i], "192.0.2.%d", i + 1);
		many[i] = text[i];
	}
	world_call(&w, sid, "To", TO, "Url", URL, NULL);
	world_located(&w, 0, many, 20);
	for (uint32_t i = 0; i < 16; i++) {
		went_to(i, (uint8_t)(i + 1));
		world_started(&w, i, 200 + i);
		world_ended(&w, i, 200 + i, DP_END_TRANSPORT, 0, false, NULL);
	}
	assert_int_equal(w.n_sent, 16);
	assert_string_equal(world_last(&w, sid)->status, "failed");
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_silent_address_gives_way_to_the_next),
	    T(icmp_and_503_give_way_as_well_and_the_last_has_timer_b),
	    T(other_refusals_are_the_answer),
	    T(an_address_that_rang_is_not_left),
	    T(the_ring_timeout_is_for_all_addresses_together),
	    T(a_hang_up_between_two_addresses_ends_the_call),
	    T(a_hang_up_while_the_ring_is_full_is_told_to_who_was_told_of_the_call),
	    T(a_full_ring_is_tried_again_for_the_next_address_too),
	    T(more_addresses_than_there_is_room_for_are_cut),
	};
	return cmocka_run_group_tests_name("call_hops", tests, NULL, NULL);
}
