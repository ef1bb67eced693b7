/* SPDX-License-Identifier: Apache-2.0 */
/* Requests inside our dialogs: RFC 3261 §12.2.2, §14.2, §15.1.2; RFC 3264 §8.4 (hold). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/dataplane/sip/harness.h"

/* The far side asks; we answer with this status. */
static void ask(struct rig *r, const struct heard *inv, const char *method, uint32_t cseq, const char *more,
    const char *body, const char *expect, struct heard *out)
{
	rig_ask(r, inv, method, cseq, "bob1", more, body);
	rig_hear(r, out, expect);
}

static void ack(struct rig *r, const struct heard *inv, uint32_t cseq, const char *body)
{
	rig_ask_branch(r, inv, "ACK", cseq, "bob1", "z9hG4bKackack", "", body);
}

static void hold_case(const char *sdp, const char *answer)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	ask(&r, &inv, "INVITE", 1, RIG_CONTACT, sdp, "SIP/2.0 200 ", &h);
	assert_true(heard_has(&h, answer));
	assert_true(heard_has(&h, "Contact: <sip:t"));
	rig_event(&r, DP_EV_HELD);
	ack(&r, &inv, 1, "");
	rig_run(&r, 5000);
	rig_silent(&r); /* the ACK stopped the 2xx */
	ask(&r, &inv, "INVITE", 2, RIG_CONTACT, RIG_SDP_DIR("sendrecv"), "SIP/2.0 200 ", &h);
	assert_true(heard_has(&h, "a=sendrecv\r\n"));
	rig_event(&r, DP_EV_RESUMED);
	ack(&r, &inv, 2, "");
	rig_no_event(&r);
	rig_close(&r);
}

static void rfc3264_8_4_hold_and_resume(void **state)
{
	hold_case(RIG_SDP_DIR("sendonly"), "a=recvonly\r\n");
	hold_case(RIG_SDP_DIR("inactive"), "a=inactive\r\n");
	hold_case("v=0\r\no=- 1 2 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
	          "m=audio 4000 RTP/AVP 0\r\n",
	    "a=recvonly\r\n");
}

static void session_refresh_is_answered_without_a_change(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	ask(&r, &inv, "INVITE", 1, RIG_CONTACT "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n",
	    RIG_SDP, "SIP/2.0 200 ", &h);
	assert_true(heard_has(&h, "Require: timer\r\nSession-Expires: 1800;refresher=uac\r\n")); /* RFC 4028 §9 */
	ack(&r, &inv, 1, "");
	rig_no_event(&r);
	rig_close(&r);
}

static void rfc3261_14_2_invite_while_one_is_pending_gets_491(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	ask(&r, &inv, "INVITE", 1, RIG_CONTACT, RIG_SDP, "SIP/2.0 200 ", &h);
	ask(&r, &inv, "INVITE", 2, RIG_CONTACT, RIG_SDP, "SIP/2.0 491 ", &h);
	rig_ask(&r, &inv, "ACK", 2, "bob1", "", ""); /* stray, by dialog: wrong CSeq */
	ack(&r, &inv, 1, "");
	ask(&r, &inv, "INVITE", 3, RIG_CONTACT, RIG_SDP, "SIP/2.0 200 ", &h);
	ack(&r, &inv, 3, "");
	rig_close(&r);
}

static void reinvite_before_the_answer_gets_491(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	ask(&r, &inv, "INVITE", 1, RIG_CONTACT, RIG_SDP, "SIP/2.0 491 ", &h);
	ask(&r, &inv, "INFO", 2, "", "", "SIP/2.0 481 ", &h);
	rig_close(&r);
}

static void rfc3261_13_3_1_4_reinvite_never_acked_ends_the_call(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	ask(&r, &inv, "INVITE", 1, RIG_CONTACT, RIG_SDP, "SIP/2.0 200 ", &h);
	rig_run(&r, 31900);
	uint32_t n = 0;
	while (rig_next(&r, &h))
		n += strncmp(h.text, "SIP/2.0 200 ", 12) == 0;
	assert_int_equal(n, 10);
	rig_no_event(&r);
	rig_run(&r, 200);
	rig_ended(&r, DP_END_PROTOCOL, 0);
	rig_hear(&r, &h, "BYE ");
	rig_close(&r);
}

static void reinvite_retransmission_is_absorbed(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	ask(&r, &inv, "INVITE", 1, RIG_CONTACT, RIG_SDP, "SIP/2.0 200 ", &h);
	rig_ask(&r, &inv, "INVITE", 1, "bob1", RIG_CONTACT, RIG_SDP);
	rig_silent(&r);
	assert_int_equal(rig_stat(&r, STAT_sip_retransmits_in), 1);
	ack(&r, &inv, 1, "");
	rig_close(&r);
}

static void offerless_reinvite_gets_our_offer_and_the_ack_answers(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	ask(&r, &inv, "INVITE", 1, RIG_CONTACT, "", "SIP/2.0 200 ", &h);
	assert_true(heard_has(&h, "RTP/AVP 0 8 101\r\n"));
	ack(&r, &inv, 1, RIG_SDP_DIR("sendonly"));
	rig_event(&r, DP_EV_HELD);
	rig_no_event(&r);
	rig_close(&r);
}

static void unusable_answer_in_ack_ends_the_call(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	ask(&r, &inv, "INVITE", 1, RIG_CONTACT, "", "SIP/2.0 200 ", &h);
	ack(&r, &inv, 1,
	    "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4 RTP/AVP "
	    "3\r\n");
	rig_ended(&r, DP_END_MEDIA, 0);
	rig_hear(&r, &h, "BYE ");
	rig_close(&r);
}

static void offer_without_common_codec_is_refused_and_the_call_stays(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	ask(&r, &inv, "INVITE", 1, RIG_CONTACT,
	    "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP "
	    "18\r\n",
	    "SIP/2.0 488 ", &h);
	/* Timer G until the ACK */
	rig_run(&r, 600);
	rig_hear(&r, &h, "SIP/2.0 488 ");
	rig_ask_branch(&r, &inv, "ACK", 1, "bob1", "z9hG4bKpeerINVITE1", "", "");
	rig_run(&r, 5000);
	rig_silent(&r);
	ask(&r, &inv, "INVITE", 2, RIG_CONTACT "Content-Type: text/plain\r\n", "hi", "SIP/2.0 415 ", &h);
	assert_true(heard_has(&h, "Accept: application/sdp\r\n"));
	rig_no_event(&r);
	rig_close(&r);
}

static void rfc3264_6_every_stream_of_an_offer_has_its_line(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	ask(&r, &inv, "INVITE", 1, RIG_CONTACT,
	    "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=video 5000 RTP/AVP "
	    "31\r\n"
	    "m=audio 4000 RTP/AVP 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\n",
	    "SIP/2.0 200 ", &h);
	assert_true(heard_has(&h, "m=video 0 RTP/AVP 31\r\nm=audio 1"));
	assert_true(
	    heard_has(&h, " RTP/AVP 0 96\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:96 telephone-event/8000\r\n"));
	ack(&r, &inv, 1, "");
	rig_close(&r);
}

static void target_refresh_moves_our_requests(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	dp_leg leg = rig_up(&r, &inv);
	ask(&r, &inv, "INVITE", 1, "Contact: <sip:bob@192.0.2.33:6000>\r\n", RIG_SDP, "SIP/2.0 200 ", &h);
	ack(&r, &inv, 1, "");
	rig_hangup(&r, leg);
	rig_hear(&r, &h, "BYE sip:bob@192.0.2.33:6000 ");
	assert_int_equal(h.dst.port, 6000);
	rig_close(&r);
}

static void cancel_of_a_reinvite_comes_too_late(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	ask(&r, &inv, "INVITE", 1, RIG_CONTACT, RIG_SDP, "SIP/2.0 200 ", &h);
	rig_ask_branch(&r, &inv, "CANCEL", 1, "bob1", "z9hG4bKpeerINVITE1", "", "");
	rig_hear(&r, &h, "SIP/2.0 200 ");
	assert_true(heard_has(&h, "CSeq: 1 CANCEL\r\n"));
	rig_ask_branch(&r, &inv, "CANCEL", 1, "bob1", "z9hG4bKnothing", "", "");
	rig_hear(&r, &h, "SIP/2.0 481 ");
	ack(&r, &inv, 1, "");
	rig_no_event(&r);
	rig_close(&r);
}

static void rfc3261_12_2_2_lower_cseq_gets_500(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	ask(&r, &inv, "OPTIONS", 10, "", "", "SIP/2.0 200 ", &h);
	assert_true(heard_has(&h, "Allow: ") && heard_has(&h, "Accept: ") && heard_has(&h, "Supported:"));
	ask(&r, &inv, "OPTIONS", 9, "", "", "SIP/2.0 500 ", &h);
	ask(&r, &inv, "INVITE", 8, RIG_CONTACT, RIG_SDP, "SIP/2.0 500 ", &h);
	ask(&r, &inv, "OPTIONS", 11, "", "", "SIP/2.0 200 ", &h);
	rig_close(&r);
}

static void info_with_dtmf_is_told(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	ask(&r, &inv, "INFO", 1, "Content-Type: application/dtmf-relay\r\n", "Signal=5\r\nDuration=160\r\n",
	    "SIP/2.0 200 ", &h);
	struct dp_event *e = rig_event(&r, DP_EV_DTMF);
	assert_true(span_eq(dp_event_span(e, e->reason), SPAN("5")));
	ask(&r, &inv, "INFO", 2, "Content-Type: application/dtmf\r\n", "#", "SIP/2.0 200 ", &h);
	e = rig_event(&r, DP_EV_DTMF);
	assert_true(span_eq(dp_event_span(e, e->reason), SPAN("#")));
	ask(&r, &inv, "INFO", 3, "Content-Type: application/dtmf-relay\r\n", "Signal=xx", "SIP/2.0 400 ", &h);
	ask(&r, &inv, "INFO", 4, "Content-Type: application/dtmf-relay\r\n", "Sig", "SIP/2.0 400 ", &h);
	ask(&r, &inv, "INFO", 5, "Content-Type: text/plain\r\n", "hello", "SIP/2.0 415 ", &h);
	assert_true(heard_has(&h, "Accept: application/dtmf-relay, application/dtmf\r\n"));
	rig_ask(&r, &inv, "INFO", 2, "bob1", "Content-Type: application/dtmf\r\n",
	    "#"); /* again: no second digit */
	rig_hear(&r, &h, "SIP/2.0 200 ");
	rig_no_event(&r);
	rig_close(&r);
}

static void methods_we_lack_get_405_or_501_with_allow(void **state)
{
	static const char *const KNOWN[] = {"NOTIFY", "SUBSCRIBE", "PRACK", "MESSAGE"};
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	for (uint32_t i = 0; i < 4; i++) {
		ask(&r, &inv, KNOWN[i], i + 1, "", "", "SIP/2.0 405 ", &h);
		assert_true(heard_has(&h, "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE\r\n"));
	}
	ask(&r, &inv, "DANCE", 20, "", "", "SIP/2.0 501 ", &h);
	rig_close(&r);
}

static void unknown_require_gets_420(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	ask(&r, &inv, "INVITE", 1, RIG_CONTACT "Require: timer, 100rel\r\n", RIG_SDP, "SIP/2.0 420 ", &h);
	assert_true(heard_has(&h, "Unsupported: 100rel\r\n"));
	rig_close(&r);
}

static void rfc3261_17_2_3_branch_without_the_cookie_is_matched_as_in_rfc2543(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	for (int i = 0; i < 2; i++) {
		rig_ask_branch(
		    &r, &inv, "INVITE", 1, "bob1", "old", RIG_CONTACT "Content-Type: text/plain\r\n", "x");
		rig_hear(&r, &h, "SIP/2.0 415 ");
	}
	assert_int_equal(rig_stat(&r, STAT_sip_retransmits_in), 1);
	rig_ask_branch(&r, &inv, "ACK", 1, "bob1", "old", "", "");
	rig_run(&r, 10000);
	rig_silent(&r); /* the ACK found its INVITE: Timer G stopped */
	rig_ask_branch(&r, &inv, "BYE", 2, "bob1", "old", "", "");
	rig_hear(&r, &h, "SIP/2.0 200 ");
	rig_ended(&r, DP_END_REMOTE_BYE, 0);
	rig_ask_branch(&r, &inv, "BYE", 2, "bob1", "old", "", "");
	rig_hear(&r, &h, "SIP/2.0 200 ");
	rig_close(&r);
}

static void forged_requests_find_no_dialog(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	rig_ask(&r, &inv, "BYE", 1, "eve", "", ""); /* wrong remote tag */
	rig_hear(&r, &h, "SIP/2.0 481 ");
	struct heard bad = inv;
	bad.m.base = bad.text;
	char *tag = strstr(bad.text, ";tag=t");
	tag[12] ^= 1; /* wrong local tag: the MAC fails */
	rig_ask(&r, &bad, "BYE", 2, "bob1", "", "");
	rig_hear(&r, &h, "SIP/2.0 481 ");
	bad = inv;
	bad.m.base = bad.text;
	char *id = strstr(bad.text, "Call-ID: c");
	id[14] ^= 1;
	rig_ask(&r, &bad, "BYE", 3, "bob1", "", "");
	rig_hear(&r, &h, "SIP/2.0 481 ");
	assert_int_equal(rig_stat(&r, STAT_sip_no_dialog), 3);
	rig_no_event(&r);
	assert_int_equal(sip_legs_live(r.sip), 1);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc3264_8_4_hold_and_resume),
	    cmocka_unit_test(session_refresh_is_answered_without_a_change),
	    cmocka_unit_test(rfc3261_14_2_invite_while_one_is_pending_gets_491),
	    cmocka_unit_test(reinvite_before_the_answer_gets_491),
	    cmocka_unit_test(rfc3261_13_3_1_4_reinvite_never_acked_ends_the_call),
	    cmocka_unit_test(reinvite_retransmission_is_absorbed),
	    cmocka_unit_test(offerless_reinvite_gets_our_offer_and_the_ack_answers),
	    cmocka_unit_test(unusable_answer_in_ack_ends_the_call),
	    cmocka_unit_test(offer_without_common_codec_is_refused_and_the_call_stays),
	    cmocka_unit_test(rfc3264_6_every_stream_of_an_offer_has_its_line),
	    cmocka_unit_test(target_refresh_moves_our_requests),
	    cmocka_unit_test(cancel_of_a_reinvite_comes_too_late),
	    cmocka_unit_test(rfc3261_12_2_2_lower_cseq_gets_500),
	    cmocka_unit_test(info_with_dtmf_is_told),
	    cmocka_unit_test(methods_we_lack_get_405_or_501_with_allow),
	    cmocka_unit_test(unknown_require_gets_420),
	    cmocka_unit_test(rfc3261_17_2_3_branch_without_the_cookie_is_matched_as_in_rfc2543),
	    cmocka_unit_test(forged_requests_find_no_dialog),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
