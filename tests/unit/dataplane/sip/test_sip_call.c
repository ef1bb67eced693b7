/* SPDX-License-Identifier: Apache-2.0 */
/* Calls we make, from ORIGINATE to the last BYE: RFC 3261 §9, §13, §15 and the races of RFC 5407. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/dataplane/sip/harness.h"

static void invite_has_what_twilio_sends(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, NULL);
	assert_int_not_equal(rig_call(&r, 0), 0);
	rig_hear(&r, &h, "INVITE sip:bob@example.com;x=1 SIP/2.0\r\n");
	assert_int_equal(h.dst.port, 5080);
	assert_true(heard_has(&h, "From: \"+15550100\" <sip:+15550100@192.0.2.1>;tag=t"));
	assert_true(heard_has(&h, "To: <sip:bob@example.com;x=1>\r\n"));
	assert_true(heard_has(&h, "Contact: <sip:t"));
	assert_true(heard_has(&h, "Max-Forwards: 70\r\n"));
	assert_true(heard_has(&h, "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKb"));
	assert_true(heard_has(&h, ";rport\r\nMax-Forwards: 70\r\n"));
	assert_true(heard_has(&h, "CSeq: 1 INVITE\r\n"));
	assert_true(heard_has(&h, "X-Twilio-AccountSid: AC0123456789abcdef0123456789abcdef\r\n"));
	assert_true(heard_has(&h, "X-Twilio-CallSid: CA0123456789abcdef0123456789abcdef\r\n"));
	assert_true(heard_has(&h, "X-Twilio-ApiVersion: 2010-04-01\r\n"));
	assert_true(heard_has(&h, "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE\r\n"));
	assert_true(heard_has(&h, "Supported:"));
	assert_true(heard_has(&h, "User-Agent: Dialplane/test\r\n"));
	assert_true(heard_has(&h, "X-One: 1\r\nUser-to-User: abc\r\n"));
	assert_true(heard_has(&h, "RTP/AVP 0 8 101\r\n"));
	assert_true(heard_has(&h, "a=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"));
	rig_answer(&r, &h, 486, "b", "", "");
	rig_close(&r);
}

static void started_tells_call_id_and_uris(void **state)
{
	struct rig r;
	struct heard h;
	struct dp_cmd c;
	rig_open(&r, NULL);
	rig_fill(&c);
	sip_command(r.sip, &c, r.now);
	struct dp_event *e = rig_event(&r, DP_EV_STARTED);
	rig_hear(&r, &h, "INVITE ");
	assert_true(span_eq(dp_event_span(e, e->sip_call_id), sip_msg_val(&h.m, SIP_H_CALL_ID)));
	assert_true(span_eq(dp_event_span(e, e->local_uri), SPAN("sip:+15550100@192.0.2.1")));
	assert_true(span_eq(dp_event_span(e, e->remote_uri), SPAN("sip:bob@example.com;x=1")));
	rig_hangup(&r, e->leg);
	rig_close(&r);
}

static void codecs_offered_are_those_asked_for(void **state)
{
	static const char *const WANT[] = {" 0 8 101\r\n", " 0 101\r\n", " 8 101\r\n"};
	for (uint8_t i = 0; i < 3; i++) {
		struct rig r;
		struct heard h;
		struct dp_cmd c;
		rig_open(&r, NULL);
		rig_fill(&c);
		c.orig.codecs = i;
		sip_command(r.sip, &c, r.now);
		rig_hear(&r, &h, "INVITE ");
		assert_true(heard_has(&h, WANT[i]));
		rig_close(&r);
	}
}

static void call_is_answered_acked_and_ended_by_us(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	dp_leg leg = rig_call(&r, 30000);
	rig_hear(&r, &inv, "INVITE ");
	rig_answer(&r, &inv, 100, NULL, "", "");
	rig_no_event(&r);
	rig_answer(&r, &inv, 180, "bob1", "", "");
	assert_int_equal(rig_event(&r, DP_EV_PROGRESS)->sip_status, 180);
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT "X-Answer: yes\r\nx-fold: a\r\n b\r\n", RIG_SDP);
	struct dp_event *e = rig_event(&r, DP_EV_ANSWERED);
	assert_int_equal(e->codec, 0);
	assert_true(span_eq(dp_event_span(e, e->headers), SPAN("X-Answer: yes\r\nx-fold: a b\r\n")));
	rig_hear(&r, &h, "ACK sip:bob@192.0.2.9:5080 SIP/2.0\r\n");
	assert_true(heard_has(&h, "CSeq: 1 ACK\r\n"));
	assert_true(heard_has(&h, ";tag=bob1\r\n"));
	assert_string_not_equal(heard_hdr(&h, SIP_H_VIA), heard_hdr(&inv, SIP_H_VIA));
	rig_hangup(&r, leg);
	rig_ended(&r, DP_END_LOCAL_HANGUP, 0);
	rig_hear(&r, &h, "BYE sip:bob@192.0.2.9:5080 SIP/2.0\r\n");
	assert_true(heard_has(&h, "Reason: Q.850;cause=16;text=\"Normal call clearing\"\r\n"));
	assert_true(heard_has(&h, "X-Twilio-CallSid: CA0123456789abcdef0123456789abcdef\r\n"));
	assert_true(heard_has(&h, "CSeq: 2 BYE\r\n"));
	rig_answer(&r, &h, 200, NULL, "", "");
	rig_no_event(&r);
	rig_close(&r);
}

static void rfc3261_17_1_1_2_unanswered_invite_is_sent_seven_times(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_run(&r, 31900);
	uint32_t n = 0;
	while (rig_next(&r, &h))
		n += strncmp(h.text, "INVITE ", 7) == 0;
	assert_int_equal(n, 7);
	rig_no_event(&r);
	rig_run(&r, 200);
	rig_ended(&r, DP_END_NO_RESPONSE, 408);
	assert_int_equal(rig_stat(&r, STAT_sip_timeouts), 1);
	rig_close(&r);
}

static void rfc3261_17_1_1_2_provisional_stops_retransmission_for_good(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, NULL);
	rig_call(&r, 120000);
	rig_hear(&r, &h, "INVITE ");
	rig_answer(&r, &h, 100, NULL, "", "");
	rig_run(&r, 119000);
	rig_silent(&r);
	rig_no_event(&r);
	rig_close(&r);
}

static void rfc3261_13_2_2_4_each_2xx_gets_its_ack(void **state)
{
	struct rig r;
	struct heard inv, a, b;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	for (int i = 0; i < 5; i++) {
		rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT, RIG_SDP);
		rig_hear(&r, &a, "ACK ");
	}
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(&r, &b, "ACK ");
	rig_no_event(&r);
	assert_int_equal(rig_stat(&r, STAT_sip_retransmits_in), 6);
	rig_ask(&r, &inv, "BYE", 1, "bob1", "", "");
	rig_hear(&r, &b, "SIP/2.0 200 ");
	rig_ended(&r, DP_END_REMOTE_BYE, 0);
	/* also when the leg has gone: ACK, no second BYE */
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(&r, &b, "ACK ");
	rig_silent(&r);
	rig_close(&r);
}

static void rfc3261_17_1_1_3_failure_is_acked_in_the_transaction_each_time(void **state)
{
	struct rig r;
	struct heard inv, a;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_answer(&r, &inv, 486, "bob1", "X-Why: busy\r\nReason: Q.850;cause=17\r\n", "");
	struct dp_event *e = rig_event(&r, DP_EV_ENDED);
	assert_int_equal(e->cause, DP_END_REJECTED);
	assert_int_equal(e->sip_status, 486);
	assert_true(span_eq(dp_event_span(e, e->headers), SPAN("X-Why: busy\r\n")));
	assert_true(span_eq(dp_event_span(e, e->reason), SPAN("Because; Reason: Q.850;cause=17")));
	for (int i = 0; i < 3; i++) {
		rig_hear(&r, &a, "ACK sip:bob@example.com;x=1 SIP/2.0\r\n");
		assert_string_equal(heard_hdr(&a, SIP_H_VIA), heard_hdr(&inv, SIP_H_VIA));
		assert_true(heard_has(&a, ";tag=bob1\r\n"));
		rig_answer(&r, &inv, 486, "bob1", "", "");
	}
	rig_no_event(&r);
	rig_close(&r);
}

static void redirect_is_refused_and_names_the_contact(void **state)
{
	struct rig r;
	struct heard inv;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_answer(&r, &inv, 302, "b", "Contact: <sip:evil@198.51.100.7>\r\n", "");
	struct dp_event *e = rig_event(&r, DP_EV_ENDED);
	assert_int_equal(e->cause, DP_END_REJECTED);
	assert_int_equal(e->sip_status, 302);
	assert_true(span_eq(dp_event_span(e, e->reason), SPAN("redirect refused: <sip:evil@198.51.100.7>")));
	rig_close(&r);
}

static void challenge_says_that_credentials_cannot_be_used(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_answer(&r, &inv, 407, "b", "Proxy-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n", "");
	rig_ended(&r, DP_END_REJECTED, 407);
	rig_hear(&r, &h, "ACK ");
	rig_silent(&r);
	rig_close(&r);
}

/* ---- early media */

static void early_sdp_lets_media_flow(void **state)
{
	struct rig r;
	struct heard inv;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_answer(&r, &inv, 183, "bob1", "", RIG_SDP);
	assert_true(rig_event(&r, DP_EV_PROGRESS)->early_media);
	rig_answer(&r, &inv, 183, "bob1", "", "v=0\r\nnonsense");
	rig_no_event(&r);
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT, ""); /* the preview was the answer */
	rig_event(&r, DP_EV_ANSWERED);
	rig_close(&r);
}

/* ---- bad answers */

static void bad_answer(const char *body, const char *more, const char *reason)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	char hdrs[256];
	snprintf(hdrs, sizeof hdrs, "%s%s", RIG_CONTACT, more);
	rig_answer(&r, &inv, 200, "bob1", hdrs, body);
	struct dp_event *e = rig_event(&r, DP_EV_ENDED);
	assert_int_equal(e->cause, DP_END_MEDIA);
	assert_int_equal(e->sip_status, 488);
	if (reason)
		assert_true(span_eq(dp_event_span(e, e->reason), span_str(reason)));
	rig_hear(&r, &h, "ACK ");
	rig_hear(&r, &h, "BYE ");
	rig_answer(&r, &h, 200, NULL, "", "");
	rig_close(&r);
}

#define SDP_LINES(m) "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n" m

static void rfc3264_answer_without_common_codec_is_acked_and_ended(void **state)
{
	bad_answer(SDP_LINES("m=audio 4000 RTP/AVP 18\r\n"), "", "no common codec in the answer");
	bad_answer(SDP_LINES("m=audio 0 RTP/AVP 0\r\n"), "", "audio stream refused by the answer (port 0)");
	bad_answer(SDP_LINES("m=video 4000 RTP/AVP 0\r\n"), "", "answer has no audio stream in RTP/AVP");
	bad_answer(SDP_LINES("m=audio 4000 RTP/SAVP 0\r\n"), "", "answer has no audio stream in RTP/AVP");
	bad_answer("", "", "answer without SDP");
	bad_answer("hello", "", NULL);
	bad_answer("hello", "Content-Type: text/plain\r\n", "answer's body is not SDP");
}

static void answer_without_contact_or_tag_breaks_the_protocol(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_answer(&r, &inv, 200, "bob1", "", RIG_SDP);
	rig_ended(&r, DP_END_PROTOCOL, 200);
	rig_hear(&r, &h, "ACK sip:bob@example.com;x=1 ");
	rig_hear(&r, &h, "BYE sip:bob@example.com;x=1 ");
	rig_close(&r);
}

/* ---- CANCEL */

static void rfc3261_9_1_cancel_waits_for_a_provisional(void **state)
{
	struct rig r;
	struct heard inv, can, h;
	rig_open(&r, NULL);
	dp_leg leg = rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_hangup(&r, leg);
	rig_silent(&r);
	rig_no_event(&r);
	rig_answer(&r, &inv, 100, NULL, "", "");
	rig_hear(&r, &can, "CANCEL sip:bob@example.com;x=1 SIP/2.0\r\n");
	assert_string_equal(heard_hdr(&can, SIP_H_VIA), heard_hdr(&inv, SIP_H_VIA));
	assert_string_equal(heard_hdr(&can, SIP_H_FROM), heard_hdr(&inv, SIP_H_FROM));
	assert_string_equal(heard_hdr(&can, SIP_H_TO), heard_hdr(&inv, SIP_H_TO));
	assert_true(heard_has(&can, "CSeq: 1 CANCEL\r\n"));
	rig_answer(&r, &can, 200, "b", "", "");
	rig_no_event(&r);
	rig_answer(&r, &inv, 487, "b", "", "");
	rig_ended(&r, DP_END_CANCELED, 487);
	rig_hear(&r, &h, "ACK ");
	rig_run(&r, 10000);
	rig_silent(&r);
	rig_close(&r);
}

static void rfc5407_3_1_2_200_crossing_cancel_is_ended_with_bye(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	dp_leg leg = rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_answer(&r, &inv, 180, "bob1", "", "");
	rig_event(&r, DP_EV_PROGRESS);
	rig_hangup(&r, leg);
	rig_hear(&r, &h, "CANCEL ");
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT, RIG_SDP);
	rig_ended(&r, DP_END_CANCELED, 200);
	rig_hear(&r, &h, "ACK ");
	rig_hear(&r, &h, "BYE ");
	rig_answer(&r, &h, 200, NULL, "", "");
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(&r, &h, "ACK ");
	rig_silent(&r);
	rig_no_event(&r);
	rig_close(&r);
}

static void rfc3261_9_1_no_final_within_64_t1_of_cancel_is_given_up(void **state)
{
	struct rig r;
	struct heard inv;
	rig_open(&r, NULL);
	dp_leg leg = rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_answer(&r, &inv, 180, "bob1", "", "");
	rig_event(&r, DP_EV_PROGRESS);
	rig_hangup(&r, leg);
	rig_run(&r, 31900);
	rig_no_event(&r);
	rig_run(&r, 200);
	rig_ended(&r, DP_END_CANCELED, 487);
	assert_int_equal(sip_legs_live(r.sip), 0);
	rig_close(&r);
}

static void ring_timeout_is_exact_and_cancels(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_call(&r, 20000);
	rig_hear(&r, &inv, "INVITE ");
	rig_answer(&r, &inv, 180, "bob1", "", "");
	rig_event(&r, DP_EV_PROGRESS);
	rig_run(&r, 19998);
	rig_silent(&r);
	rig_run(&r, 4);
	rig_hear(&r, &h, "CANCEL ");
	rig_answer(&r, &inv, 487, "bob1", "", "");
	rig_ended(&r, DP_END_RING_TIMEOUT, 487);
	rig_close(&r);
}

static void ring_timeout_without_any_response_is_told_at_once(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_call(&r, 5000);
	rig_hear(&r, &inv, "INVITE ");
	rig_run(&r, 5002);
	rig_drain(&r);
	rig_ended(&r, DP_END_RING_TIMEOUT, 408);
	/* the far side wakes up: it is cancelled all the same, and a late 200 is ended */
	rig_answer(&r, &inv, 180, "bob1", "", "");
	rig_hear(&r, &h, "CANCEL ");
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(&r, &h, "ACK ");
	rig_hear(&r, &h, "BYE ");
	rig_no_event(&r);
	rig_close(&r);
}

static void hangup_of_a_dead_target_is_told_before_timer_b(void **state)
{
	struct rig r;
	rig_open(&r, NULL);
	dp_leg leg = rig_call(&r, 0);
	rig_hangup(&r, leg);
	rig_run(&r, 4002);
	rig_ended(&r, DP_END_CANCELED, 408);
	rig_hangup(&r, leg);
	assert_int_equal(rig_stat(&r, STAT_cmd_stale_handle), 1);
	rig_run(&r, 40000);
	rig_no_event(&r);
	rig_close(&r);
}

static void ringing_without_ring_timeout_ends_after_timer_c(void **state)
{
	struct rig r;
	struct heard inv;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_answer(&r, &inv, 180, "bob1", "", "");
	rig_event(&r, DP_EV_PROGRESS);
	rig_run(&r, 180 * 1000);
	rig_no_event(&r);
	rig_run(&r, 60 * 1000);
	rig_ended(&r, DP_END_RING_TIMEOUT, 487);
	rig_close(&r);
}

/* ---- forks */

static void rfc3261_13_2_2_4_second_fork_is_acked_and_ended(void **state)
{
	struct rig r;
	struct heard inv, h, bye;
	rig_open(&r, NULL);
	dp_leg leg = rig_up(&r, &inv);
	rig_answer(&r, &inv, 200, "eve2", "Contact: <sip:eve@192.0.2.10:5070>\r\n", RIG_SDP);
	rig_hear(&r, &h, "ACK sip:eve@192.0.2.10:5070 ");
	assert_true(heard_has(&h, ";tag=eve2\r\n"));
	assert_int_equal(h.dst.port, 5070);
	rig_hear(&r, &bye, "BYE sip:eve@192.0.2.10:5070 ");
	rig_answer(&r, &bye, 200, NULL, "", "");
	rig_answer(&r, &inv, 200, "eve2", "Contact: <sip:eve@192.0.2.10:5070>\r\n", RIG_SDP);
	rig_hear(&r, &h, "ACK sip:eve@192.0.2.10:5070 ");
	rig_silent(&r);
	rig_no_event(&r);
	assert_int_equal(rig_stat(&r, STAT_sip_forked_2xx), 1);
	rig_hangup(&r, leg); /* the first dialog is as it was */
	rig_hear(&r, &h, "BYE sip:bob@192.0.2.9:5080 ");
	assert_true(heard_has(&h, ";tag=bob1\r\n"));
	rig_close(&r);
}

/* ---- BYE */

static void callee_that_says_bye_at_once_ends_the_leg_once(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	rig_ask(&r, &inv, "BYE", 1, "bob1", "Reason: Q.850;cause=16\r\nX-Bye: 1\r\n", "");
	rig_hear(&r, &h, "SIP/2.0 200 OK\r\n");
	struct dp_event *e = rig_event(&r, DP_EV_ENDED);
	assert_int_equal(e->cause, DP_END_REMOTE_BYE);
	assert_true(span_eq(dp_event_span(e, e->headers), SPAN("X-Bye: 1\r\n")));
	assert_true(span_eq(dp_event_span(e, e->reason), SPAN("Reason: Q.850;cause=16")));
	for (int i = 0; i < 3; i++) {
		rig_ask(&r, &inv, "BYE", 1, "bob1", "", "");
		rig_hear(&r, &h, "SIP/2.0 200 OK\r\n");
	}
	rig_no_event(&r);
	assert_int_equal(rig_stat(&r, STAT_sip_retransmits_in), 3);
	rig_close(&r);
}

static void rfc5407_bye_that_overtakes_its_200_ends_the_call_after_the_answer(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_ask(&r, &inv, "BYE", 1, "bob1", "", "");
	rig_hear(&r, &h, "SIP/2.0 200 OK\r\n");
	rig_no_event(&r);
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(&r, &h, "ACK ");
	rig_event(&r, DP_EV_ANSWERED);
	rig_ended(&r, DP_END_REMOTE_BYE, 0);
	rig_silent(&r);
	rig_close(&r);
}

static void rfc5407_3_2_1_byes_that_cross_end_both_sides(void **state)
{
	struct rig r;
	struct heard inv, bye, h;
	rig_open(&r, NULL);
	dp_leg leg = rig_up(&r, &inv);
	rig_hangup(&r, leg);
	rig_ended(&r, DP_END_LOCAL_HANGUP, 0);
	rig_hear(&r, &bye, "BYE ");
	rig_ask(&r, &inv, "BYE", 1, "bob1", "", "");
	rig_hear(&r, &h, "SIP/2.0 481 ");
	rig_answer(&r, &bye, 481, NULL, "", "");
	rig_no_event(&r);
	rig_close(&r);
}

static void rfc3261_17_1_2_unanswered_bye_is_sent_eleven_times(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	dp_leg leg = rig_up(&r, &inv);
	rig_hangup(&r, leg);
	rig_run(&r, 40000);
	uint32_t n = 0;
	while (rig_next(&r, &h))
		n += strncmp(h.text, "BYE ", 4) == 0;
	assert_int_equal(n, 11);
	rig_close(&r);
}

static void hangup_with_a_status_says_so_in_the_reason(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	struct dp_cmd c = {.type = DP_CMD_HANGUP, .leg = rig_up(&r, &inv), .sip_status = 488};
	sip_command(r.sip, &c, r.now);
	rig_hear(&r, &h, "BYE ");
	assert_true(heard_has(&h, "Reason: SIP;cause=488\r\n"));
	rig_close(&r);
}

/* ---- routes */

static void rfc3261_12_1_2_route_set_is_record_route_in_reverse(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_answer(&r, &inv, 200, "bob1",
	    "Contact: <sip:bob@client.example>\r\nRecord-Route: <sip:192.0.2.20:5066;lr>, "
	    "<sip:b.example;lr>\r\n"
	    "Record-Route: <sip:192.0.2.21:5067;lr>\r\n",
	    RIG_SDP);
	rig_hear(&r, &h, "ACK sip:bob@client.example SIP/2.0\r\n");
	assert_true(heard_has(
	    &h, "Route: <sip:192.0.2.21:5067;lr>, <sip:b.example;lr>, <sip:192.0.2.20:5066;lr>\r\n"));
	assert_int_equal(h.dst.port, 5067);
	rig_close(&r);
}

static void rfc3261_12_2_1_1_strict_router_gets_the_target_last(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_answer(&r, &inv, 200, "bob1",
	    "Contact: <sip:bob@client.example>\r\nRecord-Route: <sip:192.0.2.20;lr>, "
	    "<sip:192.0.2.21:5067>\r\n",
	    RIG_SDP);
	rig_hear(&r, &h, "ACK sip:192.0.2.21:5067 SIP/2.0\r\n");
	assert_true(heard_has(&h, "Route: <sip:192.0.2.20;lr>, <sip:bob@client.example>\r\n"));
	rig_close(&r);
}

static void contact_with_a_host_name_goes_back_to_the_source(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_answer(&r, &inv, 200, "bob1", "Contact: <sip:bob@nowhere.example:7777>\r\n", RIG_SDP);
	rig_hear(&r, &h, "ACK sip:bob@nowhere.example:7777 ");
	assert_int_equal(h.dst.port, 5080);
	rig_close(&r);
}

/* ---- the network says no */

static void ended_by_network(struct rig *r, struct span why)
{
	struct dp_event *e = rig_event(r, DP_EV_ENDED);
	assert_int_equal(e->cause, DP_END_TRANSPORT);
	assert_true(span_eq(dp_event_span(e, e->reason), why));
}

static void icmp_fails_every_waiting_call_to_that_target_at_once(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_call(&r, 0);
	rig_call(&r, 0);
	rig_hear(&r, &h, "INVITE ");
	rig_answer(&r, &h, 180, "b", "", ""); /* the first one has been heard: it stays */
	rig_event(&r, DP_EV_PROGRESS);
	rig_drain(&r);
	r.errors = true;
	rig_run(&r, 501); /* both are sent again, the first ICMP message ends both */
	ended_by_network(&r, SPAN("ICMP: nobody listens on the target's port"));
	rig_ended(&r, DP_END_TRANSPORT, 0);
	rig_no_event(&r);
	r.errors = false;
	rig_close(&r);
}

static void arp_without_answer_fails_the_call(void **state)
{
	struct rig r;
	rig_open(&r, &(struct rig_conf){.dead = true});
	rig_call(&r, 0);
	rig_run(&r, 10000);
	ended_by_network(&r, SPAN("the next hop does not answer ARP"));
	rig_close(&r);
}

static void target_without_route_is_refused(void **state)
{
	struct rig r;
	struct dp_cmd c;
	rig_open(&r, NULL);
	rig_fill(&c);
	c.orig.target = rig_sock("203.0.113.1", 5060);
	sip_command(r.sip, &c, r.now);
	struct dp_event *e = rig_event(&r, DP_EV_ENDED);
	assert_int_equal(e->cause, DP_END_TRANSPORT);
	assert_int_equal(e->leg, 0);
	assert_int_equal(sip_legs_live(r.sip), 0);
	rig_close(&r);
}

/* ---- shutdown */

static void shutdown_ends_every_leg_and_refuses_new_ones(void **state)
{
	struct rig r;
	struct heard inv, ringing, h;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	rig_call(&r, 0);
	rig_hear(&r, &ringing, "INVITE ");
	rig_answer(&r, &ringing, 180, "b", "", "");
	rig_event(&r, DP_EV_PROGRESS);
	sip_shutdown(r.sip, r.now);
	rig_ended(&r, DP_END_SHUTDOWN, 0);
	rig_hear(&r, &h, "BYE ");
	rig_hear(&r, &h, "CANCEL ");
	rig_answer(&r, &ringing, 487, "b", "", "");
	rig_ended(&r, DP_END_SHUTDOWN, 487);
	assert_int_equal(sip_legs_live(r.sip), 0);
	assert_int_equal(rig_call(&r, 0), 0);
	rig_ended(&r, DP_END_SHUTDOWN, 503);
	rig_close(&r);
}

static void free_gives_everything_back_in_the_middle_of_calls(void **state)
{
	struct rig r;
	struct heard inv;
	rig_open(&r, NULL);
	rig_up(&r, &inv);
	rig_call(&r, 0);
	rig_call(&r, 0);
	rig_discard(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(invite_has_what_twilio_sends),
	    cmocka_unit_test(started_tells_call_id_and_uris),
	    cmocka_unit_test(codecs_offered_are_those_asked_for),
	    cmocka_unit_test(call_is_answered_acked_and_ended_by_us),
	    cmocka_unit_test(rfc3261_17_1_1_2_unanswered_invite_is_sent_seven_times),
	    cmocka_unit_test(rfc3261_17_1_1_2_provisional_stops_retransmission_for_good),
	    cmocka_unit_test(rfc3261_13_2_2_4_each_2xx_gets_its_ack),
	    cmocka_unit_test(rfc3261_17_1_1_3_failure_is_acked_in_the_transaction_each_time),
	    cmocka_unit_test(redirect_is_refused_and_names_the_contact),
	    cmocka_unit_test(challenge_says_that_credentials_cannot_be_used),
	    cmocka_unit_test(early_sdp_lets_media_flow),
	    cmocka_unit_test(rfc3264_answer_without_common_codec_is_acked_and_ended),
	    cmocka_unit_test(answer_without_contact_or_tag_breaks_the_protocol),
	    cmocka_unit_test(rfc3261_9_1_cancel_waits_for_a_provisional),
	    cmocka_unit_test(rfc5407_3_1_2_200_crossing_cancel_is_ended_with_bye),
	    cmocka_unit_test(rfc3261_9_1_no_final_within_64_t1_of_cancel_is_given_up),
	    cmocka_unit_test(ring_timeout_is_exact_and_cancels),
	    cmocka_unit_test(ring_timeout_without_any_response_is_told_at_once),
	    cmocka_unit_test(hangup_of_a_dead_target_is_told_before_timer_b),
	    cmocka_unit_test(ringing_without_ring_timeout_ends_after_timer_c),
	    cmocka_unit_test(rfc3261_13_2_2_4_second_fork_is_acked_and_ended),
	    cmocka_unit_test(callee_that_says_bye_at_once_ends_the_leg_once),
	    cmocka_unit_test(rfc5407_bye_that_overtakes_its_200_ends_the_call_after_the_answer),
	    cmocka_unit_test(rfc5407_3_2_1_byes_that_cross_end_both_sides),
	    cmocka_unit_test(rfc3261_17_1_2_unanswered_bye_is_sent_eleven_times),
	    cmocka_unit_test(hangup_with_a_status_says_so_in_the_reason),
	    cmocka_unit_test(rfc3261_12_1_2_route_set_is_record_route_in_reverse),
	    cmocka_unit_test(rfc3261_12_2_1_1_strict_router_gets_the_target_last),
	    cmocka_unit_test(contact_with_a_host_name_goes_back_to_the_source),
	    cmocka_unit_test(icmp_fails_every_waiting_call_to_that_target_at_once),
	    cmocka_unit_test(arp_without_answer_fails_the_call),
	    cmocka_unit_test(target_without_route_is_refused),
	    cmocka_unit_test(shutdown_ends_every_leg_and_refuses_new_ones),
	    cmocka_unit_test(free_gives_everything_back_in_the_middle_of_calls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
