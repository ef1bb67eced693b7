/* SPDX-License-Identifier: Apache-2.0 */
/* OPTIONS that we send: one PONG for each PING, whatever comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/dataplane/sip/harness.h"

static void ping(struct rig *r, uint64_t cookie)
{
	struct dp_cmd c;
	rig_fill(&c);
	c.type = DP_CMD_PING;
	c.cookie = cookie;
	sip_command(r->sip, &c, r->now);
	net_flush(r->net, r->now);
}

static struct dp_event *pong(struct rig *r, uint64_t cookie, uint16_t status)
{
	struct dp_event *e = rig_event(r, DP_EV_PONG);
	assert_int_equal(e->cookie, cookie);
	assert_int_equal(e->sip_status, status);
	assert_int_equal(e->leg, 0);
	return e;
}

static void options_is_whole_and_its_answer_is_told_once(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, NULL);
	ping(&r, 5);
	rig_hear(&r, &h, "OPTIONS sip:bob@example.com;x=1 SIP/2.0\r\n");
	assert_true(heard_has(&h, "CSeq: 1 OPTIONS\r\n"));
	assert_true(heard_has(&h, "From: <sip:+15550100@192.0.2.1>;tag="));
	assert_true(heard_has(&h, "Max-Forwards: 70\r\n"));
	rig_answer(&r, &h, 200, "t", "", "");
	pong(&r, 5, 200);
	rig_answer(&r, &h, 200, "t", "", "");
	rig_no_event(&r);
	assert_int_equal(rig_stat(&r, STAT_sip_pings), 1);
	rig_close(&r);
}

static void any_final_response_is_a_pong_and_a_provisional_is_none(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, NULL);
	ping(&r, 6);
	rig_hear(&r, &h, "OPTIONS ");
	rig_answer(&r, &h, 100, NULL, "", "");
	rig_no_event(&r);
	rig_answer(&r, &h, 404, "t", "", "");
	pong(&r, 6, 404);
	rig_close(&r);
}

static void silence_is_told_after_timer_f(void **state)
{
	struct rig r;
	rig_open(&r, NULL);
	ping(&r, 7);
	rig_run(&r, 31000);
	rig_no_event(&r);
	rig_run(&r, 2000);
	pong(&r, 7, 0);
	rig_drain(&r);
	rig_close(&r);
}

static void icmp_is_told_at_once(void **state)
{
	struct rig r;
	rig_open(&r, NULL);
	r.errors = true;
	ping(&r, 8);
	rig_run(&r, 10);
	struct dp_event *e = pong(&r, 8, 0);
	assert_true(e->reason.len > 0);
	rig_close(&r);
}

static void more_than_there_is_room_for_are_refused(void **state)
{
	struct rig r;
	rig_open(&r, NULL);
	for (uint64_t i = 0; i < PINGS_MAX; i++)
		ping(&r, i);
	rig_no_event(&r);
	ping(&r, 99);
	pong(&r, 99, 0);
	assert_int_equal(rig_stat(&r, STAT_cmd_bad), 1);
	rig_run(&r, 33000);
	for (uint64_t i = 0; i < PINGS_MAX; i++)
		assert_int_equal(rig_event(&r, DP_EV_PONG)->sip_status, 0);
	ping(&r, 100);
	rig_no_event(&r);
	rig_drain(&r);
	rig_close(&r);
}

static void bad_text_is_refused(void **state)
{
	struct rig r;
	struct dp_cmd c;
	bool bad = false;
	rig_open(&r, NULL);
	rig_fill(&c);
	c.type = DP_CMD_PING;
	c.orig.ruri = dp_cmd_text(&c, SPAN("sip:a@b\r\nX: 1"), &bad);
	sip_command(r.sip, &c, r.now);
	pong(&r, 77, 0);
	rig_silent(&r);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_is_whole_and_its_answer_is_told_once),
	    cmocka_unit_test(any_final_response_is_a_pong_and_a_provisional_is_none),
	    cmocka_unit_test(silence_is_told_after_timer_f),
	    cmocka_unit_test(icmp_is_told_at_once),
	    cmocka_unit_test(more_than_there_is_room_for_are_refused),
	    cmocka_unit_test(bad_text_is_refused),
	};
	return cmocka_run_group_tests_name("sip_ping", tests, NULL, NULL);
}
