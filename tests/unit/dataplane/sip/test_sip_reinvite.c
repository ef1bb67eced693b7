/* SPDX-License-Identifier: Apache-2.0 */
/* Changing a session that is up, from either side: hold passed on to the other leg (RFC 3264 §8.4), glare (RFC 3261 §14),
 * UPDATE (RFC 3311), session timers in both roles (RFC 4028). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/dataplane/sip/harness.h"

/* Two legs, bridged; a's and b's INVITEs. */
struct pair {
	struct rig r;
	struct heard a, b;
	dp_leg la, lb;
};

static void open_pair(struct pair *p)
{
	rig_open(&p->r, NULL);
	p->la = rig_up(&p->r, &p->a);
	p->lb = rig_up(&p->r, &p->b);
	struct dp_cmd c = {.type = DP_CMD_BRIDGE, .leg = p->la, .peer = p->lb};
	sip_command(p->r.sip, &c, p->r.now);
	rig_event(&p->r, DP_EV_BRIDGED);
	rig_silent(&p->r);
}

static void ask(struct pair *p, const char *method, uint32_t cseq, const char *more, const char *dir)
{
	char sdp[512];
	snprintf(sdp, sizeof sdp, RIG_SDP "a=%s\r\n", dir);
	rig_ask(&p->r, &p->a, method, cseq, "bob1", more, *dir ? sdp : "");
}

static void ack(struct pair *p, uint32_t cseq)
{
	rig_ask(&p->r, &p->a, "ACK", cseq, "bob1", "", "");
}

/* The far side of a holds; b's re-INVITE is left in h. */
static void hold(struct pair *p, const char *dir, struct heard *h)
{
	ask(p, "INVITE", 10, RIG_CONTACT, dir);
	rig_hear(&p->r, h, "SIP/2.0 200 ");
	rig_event(&p->r, DP_EV_HELD);
	rig_hear(&p->r, h, "INVITE ");
	ack(p, 10);
}

static void hold_and_resume_are_passed_on_to_the_other_leg(void **state)
{
	static const char *const DIRS[] = {"sendonly", "inactive"};
	for (int i = 0; i < 2; i++) {
		struct pair p;
		struct heard h, k;
		char want[32];
		open_pair(&p);
		hold(&p, DIRS[i], &h);
		snprintf(want, sizeof want, "a=%s\r\n", DIRS[i]);
		assert_true(heard_has(&h, want));
		assert_string_equal(heard_hdr(&h, SIP_H_CALL_ID), heard_hdr(&p.b, SIP_H_CALL_ID));
		assert_string_equal(heard_hdr(&h, SIP_H_CSEQ), "2 INVITE");
		rig_answer(&p.r, &h, 200, NULL, RIG_CONTACT, RIG_SDP_DIR("recvonly"));
		rig_hear(&p.r, &k, "ACK ");
		assert_string_equal(heard_hdr(&k, SIP_H_CSEQ), "2 ACK");
		rig_silent(&p.r);
		rig_no_event(&p.r);
		ask(&p, "INVITE", 11, RIG_CONTACT, "sendrecv");
		rig_hear(&p.r, &h, "SIP/2.0 200 ");
		rig_event(&p.r, DP_EV_RESUMED);
		rig_hear(&p.r, &h, "INVITE ");
		assert_true(heard_has(&h, "a=sendrecv\r\n"));
		rig_answer(&p.r, &h, 200, NULL, RIG_CONTACT, RIG_SDP);
		rig_hear(&p.r, &k, "ACK ");
		ack(&p, 11);
		rig_silent(&p.r);
		rig_close(&p.r);
	}
}

static void a_2xx_of_our_reinvite_that_comes_again_is_acknowledged_again(void **state)
{
	struct pair p;
	struct heard h, one, two;
	open_pair(&p);
	hold(&p, "sendonly", &h);
	rig_answer(&p.r, &h, 200, NULL, RIG_CONTACT, RIG_SDP_DIR("recvonly"));
	rig_hear(&p.r, &one, "ACK ");
	rig_answer(&p.r, &h, 200, NULL, RIG_CONTACT, RIG_SDP_DIR("recvonly"));
	rig_hear(&p.r, &two, "ACK ");
	assert_string_equal(one.text, two.text);
	rig_silent(&p.r);
	rig_close(&p.r);
}

static void rfc3261_14_1_glare_backs_off_and_asks_again(void **state)
{
	struct pair p;
	struct heard h, k;
	open_pair(&p);
	hold(&p, "sendonly", &h);
	rig_answer(&p.r, &h, 491, NULL, "", "");
	rig_hear(&p.r, &k, "ACK ");
	rig_run(&p.r, 2090);
	rig_silent(&p.r); /* ours is the Call-ID: 2.1 to 4 s */
	rig_run(&p.r, 1920);
	rig_hear(&p.r, &h, "INVITE ");
	assert_string_equal(heard_hdr(&h, SIP_H_CSEQ), "3 INVITE");
	assert_true(heard_has(&h, "a=sendonly\r\n"));
	rig_answer(&p.r, &h, 200, NULL, RIG_CONTACT, RIG_SDP_DIR("recvonly"));
	rig_hear(&p.r, &k, "ACK ");
	rig_close(&p.r);
}

static void rfc3261_14_2_theirs_gets_491_while_ours_is_under_way(void **state)
{
	struct pair p;
	struct heard h, k;
	open_pair(&p);
	hold(&p, "sendonly", &h);
	rig_ask(&p.r, &p.b, "INVITE", 5, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(&p.r, &k, "SIP/2.0 491 ");
	rig_ask(&p.r, &p.b, "ACK", 5, "bob1", "", "");
	rig_ask(&p.r, &p.b, "UPDATE", 6, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(&p.r, &k, "SIP/2.0 491 ");
	rig_close(&p.r);
}

static void a_leg_that_refuses_the_hold_is_left_as_it_is(void **state)
{
	struct pair p;
	struct heard h, k;
	open_pair(&p);
	hold(&p, "sendonly", &h);
	rig_answer(&p.r, &h, 488, NULL, "", "");
	rig_hear(&p.r, &k, "ACK ");
	rig_run(&p.r, 60000);
	rig_silent(&p.r);
	rig_no_event(&p.r);
	rig_close(&p.r);
}

static void rfc3261_14_1_a_leg_that_knows_no_such_call_is_ended(void **state)
{
	struct pair p;
	struct heard h, k;
	open_pair(&p);
	hold(&p, "sendonly", &h);
	rig_answer(&p.r, &h, 481, NULL, "", "");
	rig_hear(&p.r, &k, "ACK ");
	rig_event(&p.r, DP_EV_UNBRIDGED);
	rig_ended(&p.r, DP_END_NO_RESPONSE, 0);
	rig_hear(&p.r, &k, "BYE ");
	rig_close(&p.r);
}

static void no_answer_to_our_reinvite_ends_the_leg(void **state)
{
	struct pair p;
	struct heard h;
	open_pair(&p);
	hold(&p, "sendonly", &h);
	rig_run(&p.r, 33000);
	rig_event(&p.r, DP_EV_UNBRIDGED);
	rig_ended(&p.r, DP_END_NO_RESPONSE, 0);
	rig_close(&p.r);
}

static void hanging_up_lets_go_of_a_reinvite_under_way(void **state)
{
	struct pair p;
	struct heard h, k;
	open_pair(&p);
	hold(&p, "sendonly", &h);
	rig_hangup(&p.r, p.lb);
	rig_event(&p.r, DP_EV_UNBRIDGED);
	rig_ended(&p.r, DP_END_LOCAL_HANGUP, 0);
	rig_hear(&p.r, &k, "BYE ");
	assert_string_equal(heard_hdr(&k, SIP_H_CSEQ), "3 BYE");
	rig_answer(&p.r, &h, 200, NULL, RIG_CONTACT, RIG_SDP);
	rig_close(&p.r);
}

/* ---- UPDATE */

static void rfc3311_update_changes_the_session_and_is_answered_the_same_again(void **state)
{
	struct pair p;
	struct heard one, two, h;
	open_pair(&p);
	ask(&p, "UPDATE", 10, RIG_CONTACT, "sendonly");
	rig_hear(&p.r, &one, "SIP/2.0 200 ");
	assert_true(heard_has(&one, "a=recvonly\r\n") && heard_has(&one, "Contact: "));
	rig_event(&p.r, DP_EV_HELD);
	rig_hear(&p.r, &h, "INVITE "); /* passed on */
	ask(&p, "UPDATE", 10, RIG_CONTACT, "sendonly");
	rig_hear(&p.r, &two, "SIP/2.0 200 ");
	assert_string_equal(one.text, two.text);
	rig_no_event(&p.r);
	ask(&p, "UPDATE", 11, RIG_CONTACT, ""); /* a refresh */
	rig_hear(&p.r, &one, "SIP/2.0 200 ");
	assert_true(heard_has(&one, "Content-Length: 0\r\n"));
	rig_close(&p.r);
}

/* ---- session timers */

/* A call whose 200 says this about the session timer. */
static dp_leg up_with(struct rig *r, struct heard *inv, const char *expires)
{
	struct heard k;
	char more[256];
	rig_open(r, NULL);
	dp_leg l = rig_call(r, 60000);
	rig_hear(r, inv, "INVITE ");
	assert_true(heard_has(inv, "Supported: timer\r\n"));
	snprintf(more, sizeof more, RIG_CONTACT "Supported: timer\r\nSession-Expires: %s\r\n", expires);
	rig_answer(r, inv, 200, "bob1", more, RIG_SDP);
	rig_hear(r, &k, "ACK ");
	rig_event(r, DP_EV_ANSWERED);
	return l;
}

static void rfc4028_10_we_refresh_at_half_time_when_we_are_the_refresher(void **state)
{
	struct rig r;
	struct heard inv, h, k;
	(void)up_with(&r, &inv, "100;refresher=uac");
	for (int i = 0; i < 3; i++) {
		rig_run(&r, 49000);
		rig_silent(&r);
		rig_run(&r, 1100);
		rig_hear(&r, &h, "INVITE ");
		assert_true(heard_has(&h, "Session-Expires: 100;refresher=uac\r\n"));
		rig_answer(&r, &h, 200, NULL, RIG_CONTACT "Session-Expires: 100;refresher=uac\r\n", RIG_SDP);
		rig_hear(&r, &k, "ACK ");
		rig_no_event(&r);
	}
	rig_close(&r);
}

static void rfc4028_10_without_their_refresh_the_call_ends_before_its_time(void **state)
{
	struct rig r;
	struct heard inv, h;
	(void)up_with(&r, &inv, "120;refresher=uas");
	rig_run(&r, 80000);
	rig_ask(&r, &inv, "UPDATE", 1, "bob1",
	    RIG_CONTACT "Supported: timer\r\nSession-Expires: 120;refresher=uac\r\n", "");
	rig_hear(&r, &h, "SIP/2.0 200 ");
	assert_true(heard_has(&h, "Session-Expires: 120;refresher=uac\r\n"));
	rig_run(&r, 87000); /* 120 s less 32 s */
	rig_silent(&r);
	rig_run(&r, 1100);
	rig_hear(&r, &h, "BYE ");
	rig_ended(&r, DP_END_NO_RESPONSE, 0);
	rig_close(&r);
}

static void rfc4028_7_4_a_422_to_our_refresh_raises_the_interval(void **state)
{
	struct rig r;
	struct heard inv, h, k;
	(void)up_with(&r, &inv, "100;refresher=uac");
	rig_run(&r, 50100);
	rig_hear(&r, &h, "INVITE ");
	rig_answer(&r, &h, 422, NULL, "Min-SE: 300\r\n", "");
	rig_hear(&r, &k, "ACK ");
	rig_run(&r, 10);
	rig_hear(&r, &h, "INVITE ");
	assert_true(heard_has(&h, "Session-Expires: 300;refresher=uac\r\n"));
	rig_close(&r);
}

static void rfc4028_9_too_short_a_time_gets_422_with_min_se(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	rig_ask(&r, &inv, "INVITE", 1, "bob1", RIG_CONTACT "Supported: timer\r\nSession-Expires: 60\r\n",
	    RIG_SDP);
	rig_hear(&r, &h, "SIP/2.0 422 ");
	assert_true(heard_has(&h, "Min-SE: 90\r\n"));
	rig_ask(&r, &inv, "ACK", 1, "bob1", "", "");
	/* A proxy asked, the far side does not speak it: we refresh, and not below the least. */
	rig_ask(&r, &inv, "INVITE", 2, "bob1", RIG_CONTACT "Session-Expires: 60\r\n", RIG_SDP);
	rig_hear(&r, &h, "SIP/2.0 200 ");
	assert_true(heard_has(&h, "Session-Expires: 90;refresher=uas\r\n"));
	assert_false(heard_has(&h, "Require: timer"));
	rig_close(&r);
}

static void a_refer_is_declined_and_told(void **state)
{
	struct pair p;
	struct heard h;
	open_pair(&p);
	rig_ask(&p.r, &p.a, "REFER", 10, "bob1", RIG_CONTACT "Refer-To: <sip:carol@example.com?X-A=1>\r\n", "");
	rig_hear(&p.r, &h, "SIP/2.0 603 ");
	const struct dp_event *e = rig_event(&p.r, DP_EV_REFER);
	assert_true(span_eq(dp_event_span(e, e->reason), SPAN("<sip:carol@example.com?X-A=1>")));
	rig_ask(&p.r, &p.a, "REFER", 11, "bob1", RIG_CONTACT, "");
	rig_hear(&p.r, &h, "SIP/2.0 400 ");
	rig_no_event(&p.r);
	assert_int_equal(sip_legs_live(p.r.sip), 2);
	rig_close(&p.r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hold_and_resume_are_passed_on_to_the_other_leg),
	    cmocka_unit_test(a_2xx_of_our_reinvite_that_comes_again_is_acknowledged_again),
	    cmocka_unit_test(rfc3261_14_1_glare_backs_off_and_asks_again),
	    cmocka_unit_test(rfc3261_14_2_theirs_gets_491_while_ours_is_under_way),
	    cmocka_unit_test(a_leg_that_refuses_the_hold_is_left_as_it_is),
	    cmocka_unit_test(rfc3261_14_1_a_leg_that_knows_no_such_call_is_ended),
	    cmocka_unit_test(no_answer_to_our_reinvite_ends_the_leg),
	    cmocka_unit_test(hanging_up_lets_go_of_a_reinvite_under_way),
	    cmocka_unit_test(rfc3311_update_changes_the_session_and_is_answered_the_same_again),
	    cmocka_unit_test(rfc4028_10_we_refresh_at_half_time_when_we_are_the_refresher),
	    cmocka_unit_test(rfc4028_10_without_their_refresh_the_call_ends_before_its_time),
	    cmocka_unit_test(rfc4028_7_4_a_422_to_our_refresh_raises_the_interval),
	    cmocka_unit_test(a_refer_is_declined_and_told),
	    cmocka_unit_test(rfc4028_9_too_short_a_time_gets_422_with_min_se),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
