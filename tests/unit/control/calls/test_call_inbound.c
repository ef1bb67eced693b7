/* SPDX-License-Identifier: Apache-2.0 */
/* Calls from outside: their webhooks, their TwiML while they ring, <Dial answerOnBridge>. */
#include "tests/unit/control/calls/world.h"

#include <stdio.h>

#define LEG  0x0300000100000007u
#define KID  0x0300000100000008u
#define KID2 0x0300000100000009u

static struct world w;

static int open_world(void **state)
{
	world_init_inbound(&w, 10);
	return 0;
}

static int close_world(void **state)
{
	world_fini(&w);
	return 0;
}

/* A call that comes in and runs these verbs. */
static void runs(char sid[35], const char *verbs)
{
	char doc[2048];
	snprintf(doc, sizeof doc, "<Response>%s</Response>", verbs);
	world_incoming(&w, sid, LEG);
	world_reply(&w, 0, 200, XML, doc);
}

static uint32_t count(enum dp_cmd_type type)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < w.n_sent; i++)
		n += w.sent[i].type == type;
	return n;
}

/* The ORIGINATE of the n-th child, which is resolved and has left. */
static uint32_t child(uint32_t n, dp_leg leg)
{
	uint32_t k = 0, i = 0;
	world_resolved(&w, n, "192.0.2.9");
	for (; i < w.n_sent; i++)
		if (w.sent[i].type == DP_CMD_ORIGINATE && k++ == n)
			break;
	assert_true(i < w.n_sent);
	world_started(&w, i, leg);
	return i;
}

static void it_rings_and_its_webhook_says_what_the_invite_said(void **state)
{
	char sid[35];
	world_incoming(&w, sid, LEG);
	assert_int_equal(w.sent[0].type, DP_CMD_RING);
	assert_int_equal(w.sent[0].sip_status, 180);
	assert_true(w.sent[0].leg == LEG);
	assert_string_equal(w.hook[0].url, "http://app.example.com/in");
	assert_true(w.hook[0].post);
	static const char *const IS[][2] = {
	    {"AccountSid", "AC00000000000000000000000000000001"},
	    {"From", "sip:ann@example.org"},
	    {"To", "sip:4815@pbx.example.net"},
	    {"Caller", "sip:ann@example.org"},
	    {"Called", "sip:4815@pbx.example.net"},
	    {"CallStatus", "ringing"},
	    {"Direction", "inbound"},
	    {"ApiVersion", "2010-04-01"},
	    {"SipCallId", "ann-call@192.0.2.77"},
	    {"SipDomain", "pbx.example.net"},
	    {"SipSourceIp", "192.0.2.77"},
	    {"SipHeader_X-Ticket", "42"},
	    {"SipHeader_User-to-User", "c0ffee"},
	};
	for (size_t i = 0; i < sizeof IS / sizeof *IS; i++)
		world_param_is(&w, 0, IS[i][0], IS[i][1]);
	world_param_is(&w, 0, "CallSid", sid);
	assert_string_equal(world_last(&w, sid)->status, "ringing");
	assert_int_not_equal(world_last(&w, sid)->start_time, 0);
	world_caller_ended(&w, LEG, DP_END_REMOTE_CANCEL, 487);
}

static void the_document_waits_for_the_record(void **state)
{
	w.slow_disk = true;
	world_incoming(&w, NULL, LEG);
	assert_int_equal(w.n_hook, 0);
	calls_stored(w.c, w.take_tag, true, NULL);
	assert_int_equal(w.n_hook, 1);
	world_caller_ended(&w, LEG, DP_END_REMOTE_CANCEL, 487);
}

static void without_a_voice_url_it_is_refused(void **state)
{
	world_fini(&w);
	world_init(&w, 10);
	world_incoming(&w, NULL, LEG);
	assert_int_equal(w.sent[0].type, DP_CMD_REJECT);
	assert_int_equal(w.sent[0].sip_status, 403);
	assert_int_equal(calls_live(w.c), 0);
}

static void beyond_the_most_calls_and_while_draining_it_is_503(void **state)
{
	world_fini(&w);
	world_init_inbound(&w, 1);
	world_incoming(&w, NULL, LEG);
	world_incoming(&w, NULL, KID);
	assert_int_equal(world_cmd(&w, DP_CMD_REJECT)->sip_status, 503);
	assert_true(world_cmd(&w, DP_CMD_REJECT)->leg == KID);
	assert_int_equal(calls_live(w.c), 1);
	world_caller_ended(&w, LEG, DP_END_REMOTE_CANCEL, 487);
	calls_close(w.c, true);
	world_incoming(&w, NULL, KID2);
	assert_true(world_cmd(&w, DP_CMD_REJECT)->leg == KID2);
}

static void reject_is_404_and_no_answer_or_486_and_busy(void **state)
{
	static const struct {
		const char *verb;
		uint16_t sip;
		const char *status;
	} CASES[] = {{"<Reject/>", 404, "no-answer"}, {"<Reject reason='busy'/>", 486, "busy"},
	    {"<Pause length='2'/><Reject reason='rejected'/>", 404, "no-answer"}};
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		char sid[35];
		world_forget(&w);
		runs(sid, CASES[i].verb);
		world_pass(&w, 3 * WORLD_S);
		assert_int_equal(count(DP_CMD_ANSWER), 0);
		assert_int_equal(world_cmd(&w, DP_CMD_REJECT)->sip_status, CASES[i].sip);
		world_caller_ended(&w, LEG, DP_END_DECLINED, CASES[i].sip);
		assert_string_equal(world_last(&w, sid)->status, CASES[i].status);
		assert_int_equal(world_last(&w, sid)->sip_status, CASES[i].sip);
		world_param_is(&w, w.n_hook - 1, "CallStatus", CASES[i].status);
		assert_string_equal(w.hook[w.n_hook - 1].url, "http://app.example.com/done");
	}
}

static void hangup_answers_first(void **state)
{
	char sid[35];
	runs(sid, "<Hangup/>");
	assert_int_equal(count(DP_CMD_ANSWER), 1);
	assert_int_equal(w.sent[w.n_sent - 1].type, DP_CMD_HANGUP);
	world_caller(&w, LEG, DP_EV_ANSWERED);
	world_caller_ended(&w, LEG, DP_END_LOCAL_HANGUP, 0);
	assert_string_equal(world_last(&w, sid)->status, "completed");
}

static void a_redirect_and_a_pause_keep_it_ringing(void **state)
{
	runs((char[35]){0}, "<Pause length='1'/><Redirect>http://app.example.com/two</Redirect>");
	world_pass(&w, 2 * WORLD_S);
	assert_int_equal(w.n_hook, 2);
	world_param_is(&w, 1, "CallStatus", "ringing");
	assert_int_equal(count(DP_CMD_ANSWER), 0);
	world_caller_ended(&w, LEG, DP_END_REMOTE_CANCEL, 487);
}

static void a_document_that_cannot_be_had_refuses_the_call(void **state)
{
	char sid[35];
	world_incoming(&w, sid, LEG);
	world_reply(&w, 0, 500, XML, "");
	assert_int_equal(world_cmd(&w, DP_CMD_REJECT)->sip_status, 500);
	world_caller_ended(&w, LEG, DP_END_DECLINED, 500);
	assert_string_equal(world_last(&w, sid)->status, "failed");
	assert_non_null(world_noted(&w, 11200));
}

static void a_dial_answers_the_caller_first(void **state)
{
	char sid[35];
	runs(sid, "<Dial><Sip>sip:bob@example.com</Sip></Dial>");
	assert_int_equal(count(DP_CMD_ANSWER), 1);
	world_caller(&w, LEG, DP_EV_ANSWERED);
	assert_string_equal(world_last(&w, sid)->status, "in-progress");
	uint32_t i = child(0, KID);
	assert_true(span_eq(dp_cmd_span(&w.sent[i], w.sent[i].orig.from_user), SPAN("ann")));
	world_answered(&w, i, KID, NULL);
	const struct dp_cmd *b = world_cmd(&w, DP_CMD_BRIDGE);
	assert_true(b->leg == LEG && b->peer == KID);
	world_ended(&w, i, KID, DP_END_REMOTE_BYE, 0, true, NULL);
	assert_int_equal(world_cmd(&w, DP_CMD_HANGUP)->leg, LEG);
	world_caller_ended(&w, LEG, DP_END_LOCAL_HANGUP, 0);
	assert_string_equal(world_last(&w, sid)->status, "completed");
}

static void answer_on_bridge_answers_when_the_called_side_does(void **state)
{
	char sid[35];
	runs(sid, "<Dial answerOnBridge='true' action='http://app.example.com/after'>"
	          "<Sip>sip:bob@example.com</Sip></Dial>");
	uint32_t i = child(0, KID);
	world_progress(&w, i, KID, 180, false);
	assert_int_equal(count(DP_CMD_ANSWER), 0);
	assert_int_equal(count(DP_CMD_RING), 1);
	world_answered(&w, i, KID, NULL);
	assert_int_equal(count(DP_CMD_ANSWER), 1);
	assert_int_equal(count(DP_CMD_BRIDGE), 0); /* not before our 200 has left */
	world_caller(&w, LEG, DP_EV_ANSWERED);
	assert_int_equal(count(DP_CMD_BRIDGE), 1);
	world_caller(&w, LEG, DP_EV_BRIDGED);
	world_ended(&w, i, KID, DP_END_REMOTE_BYE, 0, true, NULL);
	world_param_is(&w, 1, "DialCallStatus", "completed");
	world_param_is(&w, 1, "CallStatus", "in-progress");
	world_reply(&w, 1, 200, XML, "<Response/>");
	world_caller_ended(&w, LEG, DP_END_LOCAL_HANGUP, 0);
}

static void early_media_reaches_a_caller_that_rings_by_183(void **state)
{
	runs((char[35]){0}, "<Dial answerOnBridge='true'><Sip>sip:bob@example.com</Sip></Dial>");
	uint32_t i = child(0, KID);
	world_progress(&w, i, KID, 183, true);
	const struct dp_cmd *ring = world_cmd(&w, DP_CMD_RING);
	assert_int_equal(ring->sip_status, 183);
	assert_true(ring->early_media);
	assert_int_equal(w.sent[w.n_sent - 1].type, DP_CMD_BRIDGE);
	world_progress(&w, i, KID, 183, true);
	assert_int_equal(count(DP_CMD_RING), 2); /* 180, 183 */
	world_answered(&w, i, KID, NULL);
	world_caller(&w, LEG, DP_EV_ANSWERED);
	world_ended(&w, i, KID, DP_END_REMOTE_BYE, 0, true, NULL);
	world_caller_ended(&w, LEG, DP_END_LOCAL_HANGUP, 0);
}

static void a_caller_who_gives_up_cancels_every_branch(void **state)
{
	char sid[35];
	runs(sid, "<Dial answerOnBridge='true' action='http://app.example.com/after'>"
	          "<Sip>sip:bob@example.com</Sip><Sip>sip:eve@example.com</Sip></Dial>");
	uint32_t i = child(0, KID), k = child(1, KID2);
	world_progress(&w, i, KID, 180, false);
	world_caller_ended(&w, LEG, DP_END_REMOTE_CANCEL, 487);
	assert_string_equal(world_last(&w, sid)->status, "canceled");
	assert_int_equal(count(DP_CMD_HANGUP), 2);
	world_ended(&w, i, KID, DP_END_CANCELED, 487, true, NULL);
	world_ended(&w, k, KID2, DP_END_CANCELED, 487, false, NULL);
	assert_int_equal(world_count(&w, "DialCallStatus", "canceled"), 1);
	assert_int_equal(calls_live(w.c), 0);
}

static void a_dial_that_fails_on_a_ringing_caller_refuses_it(void **state)
{
	static const struct {
		enum dp_end_cause cause;
		uint16_t sip, refusal;
		const char *status;
	} CASES[] = {{DP_END_REJECTED, 486, 486, "busy"}, {DP_END_RING_TIMEOUT, 487, 480, "no-answer"},
	    {DP_END_REJECTED, 404, 503, "failed"}};
	for (size_t n = 0; n < sizeof CASES / sizeof *CASES; n++) {
		char sid[35];
		world_forget(&w);
		runs(sid, "<Dial answerOnBridge='true'><Sip>sip:bob@example.com</Sip></Dial>");
		uint32_t i = child(0, KID);
		world_ended(&w, i, KID, CASES[n].cause, CASES[n].sip, true, NULL);
		assert_int_equal(count(DP_CMD_ANSWER), 0);
		assert_int_equal(world_cmd(&w, DP_CMD_REJECT)->sip_status, CASES[n].refusal);
		world_caller_ended(&w, LEG, DP_END_DECLINED, CASES[n].refusal);
		assert_string_equal(world_last(&w, sid)->status, CASES[n].status);
	}
}

static void screening_runs_while_the_caller_still_rings(void **state)
{
	runs((char[35]){0}, "<Dial answerOnBridge='true'><Sip "
	                    "url='http://app.example.com/screen'>sip:bob@example.com</Sip></Dial>");
	uint32_t i = child(0, KID);
	world_answered(&w, i, KID, NULL);
	assert_int_equal(count(DP_CMD_ANSWER), 0);
	world_reply(&w, 1, 200, XML, "<Response/>");
	assert_int_equal(count(DP_CMD_ANSWER), 1);
	world_caller(&w, LEG, DP_EV_ANSWERED);
	assert_int_equal(count(DP_CMD_BRIDGE), 1);
	world_caller_ended(&w, LEG, DP_END_REMOTE_BYE, 0);
	world_ended(&w, i, KID, DP_END_LOCAL_HANGUP, 0, true, NULL);
}

static void rest_ends_a_ringing_call(void **state)
{
	char sid[35];
	struct call_error err;
	world_incoming(&w, sid, LEG);
	assert_int_equal(world_update(&w, sid, &err, "Status", "canceled", NULL), 0);
	assert_int_equal(world_cmd(&w, DP_CMD_HANGUP)->leg, LEG);
	world_caller_ended(&w, LEG, DP_END_DECLINED, 480);
	assert_string_equal(world_last(&w, sid)->status, "canceled");
}

static void events_of_an_unknown_leg_are_ignored(void **state)
{
	world_caller(&w, LEG, DP_EV_ANSWERED);
	world_caller_ended(&w, LEG, DP_END_REMOTE_BYE, 0);
	assert_int_equal(w.n_save, 0);
}

static void hundreds_of_calls_are_told_apart(void **state)
{
	char sid[200][35];
	world_fini(&w);
	world_init_inbound(&w, 400);
	for (uint32_t i = 0; i < 200; i++)
		world_incoming(&w, sid[i], LEG + i);
	for (uint32_t i = 0; i < 200; i += 2)
		world_caller_ended(&w, LEG + i, DP_END_REMOTE_CANCEL, 487);
	assert_int_equal(calls_live(w.c), 100);
	for (uint32_t i = 0; i < 200; i++)
		assert_string_equal(world_last(&w, sid[i])->status, i % 2 ? "ringing" : "canceled");
	for (uint32_t i = 1; i < 200; i += 2)
		world_caller_ended(&w, LEG + i, DP_END_REMOTE_CANCEL, 487);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(it_rings_and_its_webhook_says_what_the_invite_said),
	    T(the_document_waits_for_the_record),
	    T(without_a_voice_url_it_is_refused),
	    T(beyond_the_most_calls_and_while_draining_it_is_503),
	    T(reject_is_404_and_no_answer_or_486_and_busy),
	    T(hangup_answers_first),
	    T(a_redirect_and_a_pause_keep_it_ringing),
	    T(a_document_that_cannot_be_had_refuses_the_call),
	    T(a_dial_answers_the_caller_first),
	    T(answer_on_bridge_answers_when_the_called_side_does),
	    T(early_media_reaches_a_caller_that_rings_by_183),
	    T(a_caller_who_gives_up_cancels_every_branch),
	    T(a_dial_that_fails_on_a_ringing_caller_refuses_it),
	    T(screening_runs_while_the_caller_still_rings),
	    T(rest_ends_a_ringing_call),
	    T(events_of_an_unknown_leg_are_ignored),
	    T(hundreds_of_calls_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
