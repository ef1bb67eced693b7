/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that cross, come late, twice or in the wrong order (RFC 5407), and dialogs that do not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/dataplane/sip/harness.h"

/* A call that rings. */
static dp_leg ring(struct rig *r, struct heard *inv)
{
	dp_leg leg = rig_call(r, 0);
	rig_hear(r, inv, "INVITE ");
	rig_answer(r, inv, 180, "bob1", "", "");
	rig_event(r, DP_EV_PROGRESS);
	return leg;
}

static void busy_crossing_cancel_is_canceled(void **state)
{
	struct rig r;
	struct heard inv, can, h;
	rig_open(&r, NULL);
	rig_hangup(&r, ring(&r, &inv));
	rig_hear(&r, &can, "CANCEL ");
	rig_answer(&r, &inv, 486, "bob1", "", "");
	rig_ended(&r, DP_END_CANCELED, 486);
	rig_hear(&r, &h, "ACK ");
	rig_answer(&r, &can, 481, "bob1", "", "");
	rig_silent(&r);
	rig_close(&r);
}

static void second_hangup_changes_nothing(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	dp_leg leg = ring(&r, &inv);
	rig_hangup(&r, leg);
	rig_hear(&r, &h, "CANCEL ");
	rig_hangup(&r, leg);
	rig_silent(&r);
	rig_no_event(&r);
	rig_answer(&r, &inv, 487, "bob1", "", "");
	rig_ended(&r, DP_END_CANCELED, 487);
	rig_close(&r);
}

static void unanswered_cancel_is_sent_again(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_hangup(&r, ring(&r, &inv));
	rig_hear(&r, &h, "CANCEL ");
	rig_run(&r, 501);
	rig_hear(&r, &h, "CANCEL ");
	rig_answer(&r, &h, 200, "b", "", "");
	rig_run(&r, 8000);
	rig_silent(&r);
	rig_answer(&r, &inv, 487, "bob1", "", "");
	rig_ended(&r, DP_END_CANCELED, 487);
	rig_close(&r);
}

static void hangup_and_answer_in_the_same_moment(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	dp_leg leg = rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_hangup(&r, leg); /* nothing came yet: no CANCEL */
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT, RIG_SDP);
	rig_ended(&r, DP_END_CANCELED, 200);
	rig_hear(&r, &h, "ACK ");
	rig_hear(&r, &h, "BYE ");
	rig_no_event(&r);
	rig_close(&r);
}

static void provisional_after_the_final_is_absorbed(void **state)
{
	struct rig r;
	struct heard inv;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	rig_answer(&r, &inv, 180, "bob1", "", "");
	rig_answer(&r, &inv, 183, "bob1", "", RIG_SDP);
	rig_answer(&r, &inv, 486, "bob1", "", "");
	rig_silent(&r);
	rig_no_event(&r);
	assert_int_equal(rig_stat(&r, STAT_sip_retransmits_in), 3);
	rig_close(&r);
}

static void success_after_failure_is_absorbed(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	ring(&r, &inv);
	rig_answer(&r, &inv, 486, "bob1", "", "");
	rig_ended(&r, DP_END_REJECTED, 486);
	rig_hear(&r, &h, "ACK ");
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT, RIG_SDP);
	rig_silent(&r);
	rig_no_event(&r);
	rig_close(&r);
}

static void rfc5407_3_2_3_reinvite_crossing_our_bye_gets_481(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	dp_leg leg = rig_up(&r, &inv);
	rig_hangup(&r, leg);
	rig_ended(&r, DP_END_LOCAL_HANGUP, 0);
	rig_hear(&r, &h, "BYE ");
	rig_ask(&r, &inv, "INVITE", 1, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(&r, &h, "SIP/2.0 481 ");
	rig_ask_branch(&r, &inv, "ACK", 1, "bob1", "z9hG4bKpeerINVITE1", "", "");
	rig_silent(&r);
	rig_close(&r);
}

static void rfc5407_3_1_5_reinvite_then_bye_before_its_ack(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	rig_ask(&r, &inv, "INVITE", 1, "bob1", RIG_CONTACT, RIG_SDP_DIR("sendonly"));
	rig_hear(&r, &h, "SIP/2.0 200 ");
	rig_event(&r, DP_EV_HELD);
	rig_ask(&r, &inv, "BYE", 2, "bob1", "", "");
	rig_hear(&r, &h, "SIP/2.0 200 ");
	rig_ended(&r, DP_END_REMOTE_BYE, 0);
	rig_run(&r, 10000);
	rig_silent(&r); /* the 2xx of the re-INVITE stops with the dialog */
	rig_close(&r);
}

static void icmp_for_a_bye_ends_it_quietly(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	dp_leg leg = rig_up(&r, &inv);
	r.errors = true;
	rig_hangup(&r, leg);
	rig_ended(&r, DP_END_LOCAL_HANGUP, 0);
	rig_hear(&r, &h, "BYE ");
	rig_run(&r, 10000);
	rig_silent(&r);
	rig_no_event(&r);
	rig_close(&r);
}

static void many_provisionals_are_not_all_told(void **state)
{
	struct rig r;
	struct heard inv;
	rig_open(&r, NULL);
	ring(&r, &inv);
	for (int i = 0; i < 200; i++)
		rig_answer(&r, &inv, 180 + i % 4, "bob1", "", "");
	assert_true(r.n_events - r.taken <= 32);
	rig_close(&r);
}

/* The clock wraps at every moment of a call whose CANCEL is never answered, then of a BYE. */
static void calls_live_across_the_wrap_of_the_clock(void **state)
{
	for (uint64_t before = 0; before < 40000; before += 1973) {
		struct rig r;
		struct heard inv, h;
		rig_open(&r, &(struct rig_conf){.start = UINT64_MAX - before * RIG_MS});
		rig_hangup(&r, ring(&r, &inv));
		rig_run(&r, 31900);
		rig_no_event(&r);
		rig_run(&r, 200);
		rig_ended(&r, DP_END_CANCELED, 487);
		rig_drain(&r);
		dp_leg leg = rig_up(&r, &inv);
		rig_hangup(&r, leg);
		rig_ended(&r, DP_END_LOCAL_HANGUP, 0);
		rig_hear(&r, &h, "BYE ");
		rig_close(&r);
	}
}

/* ---- dialogs that are long */

static void answer_with_routes(struct rig *r, const struct heard *inv, int n)
{
	char more[2048] = RIG_CONTACT;
	for (int i = 0; i < n; i++)
		snprintf(more + strlen(more), sizeof more - strlen(more),
		    "Record-Route: <sip:proxy-number-%02d-of-a-long-way@192.0.2.9:5080;lr>\r\n", i);
	rig_answer(r, inv, 200, "bob1", more, RIG_SDP);
}

static void long_route_set_gets_a_long_block(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	dp_leg leg = ring(&r, &inv);
	answer_with_routes(&r, &inv, 12);
	rig_event(&r, DP_EV_ANSWERED);
	rig_hear(&r, &h, "ACK ");
	assert_true(heard_has(&h, "Route: <sip:proxy-number-11-of-a-long-way@"));
	assert_true(heard_has(&h, ", <sip:proxy-number-00-of-a-long-way@"));
	assert_int_equal(r.sip->texts.of[DIALOG_LARGE].used, 1);
	rig_hangup(&r, leg);
	rig_hear(&r, &h, "BYE ");
	rig_close(&r);
}

static void no_long_block_ends_the_call_and_the_far_side(void **state)
{
	struct rig r;
	struct heard inv, h;
	void *taken[64];
	uint32_t n = 0;
	rig_open(&r, NULL);
	ring(&r, &inv);
	while ((taken[n] = pool_get(&r.sip->texts.of[DIALOG_LARGE])))
		n++;
	answer_with_routes(&r, &inv, 12);
	rig_ended(&r, DP_END_PROTOCOL, 200);
	rig_hear(&r, &h, "ACK ");
	rig_hear(&r, &h, "BYE ");
	while (n)
		pool_put(&r.sip->texts.of[DIALOG_LARGE], taken[--n]);
	rig_close(&r);
}

static void dialog_text_of_one_field_leaves_the_others(void **state)
{
	static char big[DIALOG_LONG_BYTES + 1];
	struct dialog_pools p;
	struct dialog d;
	memset(big, 'x', sizeof big);
	static const uint32_t COUNT[DIALOG_SIZES] = {2, 1, 1};
	assert_int_equal(dialog_pools_init(&p, COUNT), 0);
	assert_true(dialog_open(&d, &p));
	assert_true(dialog_set(&d, &p, DIALOG_RURI, SPAN("sip:a@b")));
	struct dialog_block *kept = dialog_block_get(d.text);
	for (uint32_t len = 1; len < 2000; len += 97) {
		assert_true(dialog_set(&d, &p, DIALOG_TARGET, span_of(big, len)));
		assert_int_equal(dialog_span(&d, DIALOG_TARGET).len, len);
		assert_true(span_eq(dialog_span(&d, DIALOG_RURI), SPAN("sip:a@b")));
	}
	assert_false(dialog_set(&d, &p, DIALOG_TARGET, span_of(big, sizeof big)));
	assert_true(span_eq(dialog_span(&d, DIALOG_RURI), SPAN("sip:a@b")));
	assert_true(span_eq(dialog_block_span(kept, DIALOG_RURI), SPAN("sip:a@b")));
	dialog_block_put(&p, kept);
	dialog_close(&d, &p);
	for (int i = 0; i < DIALOG_SIZES; i++)
		assert_int_equal(p.of[i].used, 0);
	dialog_pools_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(busy_crossing_cancel_is_canceled),
	    cmocka_unit_test(second_hangup_changes_nothing),
	    cmocka_unit_test(unanswered_cancel_is_sent_again),
	    cmocka_unit_test(hangup_and_answer_in_the_same_moment),
	    cmocka_unit_test(provisional_after_the_final_is_absorbed),
	    cmocka_unit_test(success_after_failure_is_absorbed),
	    cmocka_unit_test(rfc5407_3_2_3_reinvite_crossing_our_bye_gets_481),
	    cmocka_unit_test(rfc5407_3_1_5_reinvite_then_bye_before_its_ack),
	    cmocka_unit_test(icmp_for_a_bye_ends_it_quietly),
	    cmocka_unit_test(many_provisionals_are_not_all_told),
	    cmocka_unit_test(calls_live_across_the_wrap_of_the_clock),
	    cmocka_unit_test(long_route_set_gets_a_long_block),
	    cmocka_unit_test(no_long_block_ends_the_call_and_the_far_side),
	    cmocka_unit_test(dialog_text_of_one_field_leaves_the_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
