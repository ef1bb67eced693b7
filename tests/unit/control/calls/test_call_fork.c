/* SPDX-License-Identifier: Apache-2.0 */
/* <Dial> with several nouns: who is called when, who wins, what is told; screening and callbacks of a noun. */
#include "tests/unit/control/calls/world.h"

#include <stdio.h>
#include <stdlib.h>

#define TO    "sip:kate@example.com"
#define THREE "<Sip>a@one.example</Sip><Sip>b@two.example</Sip><Sip>c@three.example</Sip>"

static struct world w;
static char sid[35], child[3][35];
static const dp_leg a = 77;
static const dp_leg leg[3] = {101, 102, 103};
static uint32_t sent_of[3]; /* which command was the ORIGINATE of branch i */

static int setup(void **state)
{
	world_init_trunk(&w, 8);
	return 0;
}

static int teardown(void **state)
{
	world_fini(&w);
	return 0;
}

/* Branch i, whose name is the (1 + i)th that was looked up, gets its address and sends its INVITE. */
static void invite(uint32_t i)
{
	sent_of[i] = w.n_sent;
	world_resolved(&w, 1 + i, "192.0.2.10");
	assert_int_equal(w.n_sent, sent_of[i] + 1);
	world_started(&w, sent_of[i], leg[i]);
}

static void ends(uint32_t i, enum dp_end_cause cause, uint16_t status)
{
	world_ended(&w, sent_of[i], leg[i], cause, status, true, NULL);
}

static void answers(uint32_t i)
{
	world_answered(&w, sent_of[i], leg[i], NULL);
}

/* The SIDs of the children in the order they were made. */
static void find_children(void)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < w.n_save && n < 3; i++) {
		bool known = !w.save[i].parent[0];
		for (uint32_t k = 0; k < n; k++)
			known |= strcmp(child[k], w.save[i].sid) == 0;
		if (!known)
			memcpy(child[n++], w.save[i].sid, 35);
	}
}

static void parallel(const char *verbs)
{
	world_runs(&w, sid, a, verbs);
	assert_int_equal(w.n_resolve, 4);
	for (uint32_t i = 0; i < 3; i++)
		invite(i);
	find_children();
}

static uint32_t count_sent(enum dp_cmd_type type, dp_leg l, dp_leg peer)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < w.n_sent; i++)
		n += w.sent[i].type == type && w.sent[i].leg == l && w.sent[i].peer == peer;
	return n;
}

#define HANGUPS(l)    count_sent(DP_CMD_HANGUP, l, 0)
#define BRIDGES(l, p) count_sent(DP_CMD_BRIDGE, l, p)

static void all_ring_at_once_and_the_first_answer_wins(void **state)
{
	parallel("<Dial action='/done'>" THREE "</Dial>");
	assert_int_equal(calls_live(w.c), 4);
	for (uint32_t i = 0; i < 3; i++)
		world_progress(&w, sent_of[i], leg[i], 180, false);
	answers(1);
	assert_int_equal(BRIDGES(a, leg[1]), 1);
	assert_int_equal(HANGUPS(leg[0]), 1);
	assert_int_equal(HANGUPS(leg[2]), 1);
	assert_int_equal(HANGUPS(leg[1]), 0);
	world_bridged(&w, 0, a, leg[1], true);
	ends(0, DP_END_CANCELED, 487);
	assert_string_equal(world_last(&w, child[0])->status, "canceled");
	assert_int_equal(w.n_hook, 1);
	world_pass(&w, 5 * WORLD_S);
	ends(1, DP_END_REMOTE_BYE, 0);
	assert_int_equal(w.n_hook, 2); /* the third may still be ending */
	world_param_is(&w, 1, "DialCallStatus", "completed");
	world_param_is(&w, 1, "DialCallSid", child[1]);
	world_param_is(&w, 1, "DialCallDuration", "5");
	world_param_is(&w, 1, "DialBridged", "true");
	world_param_is(&w, 1, "DialSipResponseCode", "200");
	ends(2, DP_END_CANCELED, 487);
	assert_int_equal(w.n_hook, 2);
	assert_int_equal(calls_live(w.c), 1);
}

static void an_answer_that_crosses_the_cancel_is_never_bridged(void **state)
{
	parallel("<Dial action='/done'>" THREE "</Dial>");
	answers(2);
	answers(0);
	answers(1);
	assert_int_equal(BRIDGES(a, leg[2]), 1);
	assert_int_equal(BRIDGES(a, leg[0]) + BRIDGES(a, leg[1]), 0);
	ends(0, DP_END_LOCAL_HANGUP, 200);
	assert_string_equal(world_last(&w, child[0])->status, "canceled");
}

static void a_branch_that_has_no_invite_yet_is_ended_too(void **state)
{
	world_runs(&w, sid, a, "<Dial action='/done'>" THREE "</Dial>");
	invite(0);
	sent_of[1] = w.n_sent;
	world_resolved(&w, 2, "192.0.2.10"); /* with the worker, INVITE not told yet */
	find_children();
	answers(0);
	assert_string_equal(world_last(&w, child[2])->status, "canceled");
	world_resolved(&w, 3, "192.0.2.10");
	assert_int_equal(HANGUPS(leg[1]), 0);
	world_started(&w, sent_of[1], leg[1]);
	assert_int_equal(HANGUPS(leg[1]), 1);
	ends(1, DP_END_CANCELED, 487);
	assert_int_equal(calls_live(w.c), 2);
}

static void when_all_fail_the_best_response_counts(void **state)
{
	parallel("<Dial action='/done'>" THREE "</Dial>");
	ends(0, DP_END_REJECTED, 503);
	ends(2, DP_END_REJECTED, 486);
	assert_int_equal(w.n_hook, 1);
	ends(1, DP_END_REJECTED, 500);
	world_param_is(&w, 1, "DialCallStatus", "busy");
	world_param_is(&w, 1, "DialCallSid", child[2]);
	world_param_is(&w, 1, "DialSipResponseCode", "486");
	world_param_is(&w, 1, "DialBridged", "false");
}

static void rfc3261_16_7_a_6xx_cancels_the_others(void **state)
{
	parallel("<Dial action='/done'>" THREE "</Dial>");
	ends(1, DP_END_REJECTED, 603);
	assert_int_equal(HANGUPS(leg[0]), 1);
	assert_int_equal(HANGUPS(leg[2]), 1);
	world_param_is(&w, 1, "DialCallStatus", "no-answer");
	world_param_is(&w, 1, "DialSipResponseCode", "603");
	answers(0);
	assert_int_equal(BRIDGES(a, leg[0]), 0);
	ends(0, DP_END_LOCAL_HANGUP, 200);
	ends(2, DP_END_CANCELED, 487);
	assert_int_equal(calls_live(w.c), 1);
	assert_int_equal(w.n_hook, 2);
}

static void the_caller_going_cancels_every_branch(void **state)
{
	parallel("<Dial action='/done'>" THREE "</Dial>");
	ends(0, DP_END_REJECTED, 486);
	world_ended(&w, 0, a, DP_END_REMOTE_BYE, 0, true, NULL);
	assert_int_equal(HANGUPS(leg[1]), 1);
	assert_int_equal(HANGUPS(leg[2]), 1);
	ends(1, DP_END_CANCELED, 487);
	assert_int_equal(w.n_hook, 1);
	ends(2, DP_END_CANCELED, 487);
	assert_int_equal(w.n_hook, 2);
	world_param_is(&w, 1, "DialCallStatus", "canceled");
	assert_int_equal(calls_live(w.c), 0);
}

static void the_first_early_media_is_heard_until_it_ends(void **state)
{
	parallel("<Dial action='/done'>" THREE "</Dial>");
	world_progress(&w, sent_of[0], leg[0], 180, false);
	world_progress(&w, sent_of[1], leg[1], 183, true);
	world_progress(&w, sent_of[2], leg[2], 183, true);
	assert_int_equal(BRIDGES(a, leg[1]), 1);
	assert_int_equal(BRIDGES(a, leg[2]), 0);
	world_bridged(&w, 0, a, leg[1], true);
	ends(1, DP_END_REJECTED, 480);
	world_progress(&w, sent_of[2], leg[2], 183, true);
	assert_int_equal(BRIDGES(a, leg[2]), 1);
	answers(0);
	assert_int_equal(BRIDGES(a, leg[0]), 1);
	ends(0, DP_END_REMOTE_BYE, 0);
	world_param_is(&w, 1, "DialBridged", "false"); /* the early audio was somebody else's */
}

static void a_sequence_calls_one_after_the_other(void **state)
{
	world_runs(&w, sid, a, "<Dial action='/done' sequential='true' timeout='7'>" THREE "</Dial>");
	assert_int_equal(w.n_resolve, 2);
	invite(0);
	assert_int_equal(w.sent[sent_of[0]].orig.ring_timeout_ms, 7000);
	ends(0, DP_END_RING_TIMEOUT, 487);
	assert_int_equal(w.n_resolve, 3);
	assert_string_equal(w.resolve[2].host, "two.example");
	invite(1);
	ends(1, DP_END_REJECTED, 486);
	assert_int_equal(w.n_resolve, 4);
	invite(2);
	find_children();
	ends(2, DP_END_REJECTED, 404);
	world_param_is(&w, 1, "DialCallStatus", "failed");
	world_param_is(&w, 1, "DialCallSid", child[2]);
	world_param_is(&w, 1, "DialSipResponseCode", "404");
}

static void an_answer_stops_the_sequence(void **state)
{
	world_runs(&w, sid, a, "<Dial action='/done' sequential='true'>" THREE "</Dial>");
	invite(0);
	ends(0, DP_END_REJECTED, 603);
	invite(1);
	answers(1);
	ends(1, DP_END_REMOTE_BYE, 0);
	assert_int_equal(w.n_resolve, 3);
	world_param_is(&w, 1, "DialCallStatus", "completed");
	assert_int_equal(calls_live(w.c), 1);
}

static void the_caller_going_ends_a_sequence(void **state)
{
	world_runs(&w, sid, a, "<Dial action='/done' sequential='true'>" THREE "</Dial>");
	invite(0);
	world_ended(&w, 0, a, DP_END_REMOTE_BYE, 0, true, NULL);
	ends(0, DP_END_CANCELED, 487);
	assert_int_equal(w.n_resolve, 2);
	world_param_is(&w, 1, "DialCallStatus", "canceled");
}

static void a_noun_that_cannot_be_called_fails_alone(void **state)
{
	world_runs(&w, sid, a, "<Dial action='/done'><Sip>tel:1</Sip><Sip>b@two.example</Sip></Dial>");
	assert_non_null(world_noted(&w, 13243));
	assert_int_equal(w.n_resolve, 2);
	assert_string_equal(w.resolve[1].host, "two.example");
	invite(0);
	ends(0, DP_END_REJECTED, 486);
	world_param_is(&w, 1, "DialCallStatus", "busy");
}

static void numbers_and_clients_go_to_their_configured_addresses(void **state)
{
	world_runs(&w, sid, a,
	    "<Dial callerId='+1555'><Number> +1 (415) 555-0100 </Number><Client>bob smith</Client>"
	    "<Sip>c@three.example</Sip></Dial>");
	assert_string_equal(w.resolve[1].host, "gw.example.net");
	assert_string_equal(w.resolve[2].host, "pbx.example.net");
	for (uint32_t i = 0; i < 3; i++)
		invite(i);
	find_children();
	const struct dp_cmd *c = &w.sent[sent_of[0]];
	assert_span(dp_cmd_span(c, c->orig.ruri), "sip:+14155550100@gw.example.net:5070;user=phone");
	assert_span(dp_cmd_span(c, c->orig.from_user), "+1555");
	assert_int_equal(c->orig.target.port, 5070);
	c = &w.sent[sent_of[1]];
	assert_span(dp_cmd_span(c, c->orig.ruri), "sip:bob%20smith@pbx.example.net");
	assert_string_equal(call_row(calls_find(w.c, child[0]))->to, "+14155550100");
	assert_string_equal(call_row(calls_find(w.c, child[1]))->to, "client:bob smith");
}

static void a_plain_number_is_a_number(void **state)
{
	world_runs(&w, sid, a, "<Dial>415-123-4567</Dial>");
	invite(0);
	const struct dp_cmd *c = &w.sent[sent_of[0]];
	assert_span(dp_cmd_span(c, c->orig.ruri), "sip:4151234567@gw.example.net:5070;user=phone");
}

static void the_older_form_carries_its_headers(void **state)
{
	world_runs(&w, sid, a,
	    "<Dial><Sip><Uri>sip:jack@one.example</Uri><Headers><Header name='X-A' value='1=2,3'/>"
	    "<Header name='Via' value='x'/><Header name='x-b' value='a&#10;b'/></Headers></Sip></Dial>");
	invite(0);
	const struct dp_cmd *c = &w.sent[sent_of[0]];
	assert_span(dp_cmd_span(c, c->orig.ruri), "sip:jack@one.example");
	assert_span(dp_cmd_span(c, c->orig.headers), "X-A: 1=2,3\r\n");
	assert_non_null(world_noted(&w, 32113));
	assert_non_null(world_noted(&w, 32112));
}

static void without_enhanced_features_only_one_noun_is_dialled(void **state)
{
	w.plain_sip = true;
	world_runs(&w, sid, a, "<Dial action='/done'><Sip>a@one.example</Sip><Number>1</Number></Dial>");
	assert_true(world_noted(&w, 13215)->error);
	assert_int_equal(w.n_resolve, 1);
	world_param_is(&w, 1, "DialCallStatus", "failed");
	world_reply(&w, 1, 200, XML, "<Response><Dial><Sip>a@one.example</Sip></Dial></Response>");
	assert_int_equal(w.n_resolve, 2);
}

/* ---- callbacks of a noun ---- */

static void a_noun_has_callbacks_of_its_own(void **state)
{
	world_runs(&w, sid, a,
	    "<Dial><Sip statusCallback='/one' statusCallbackMethod='GET' "
	    "statusCallbackEvent='initiated ringing answered completed'>a@one.example</Sip>"
	    "<Sip statusCallback='http://other.example/two'>b@two.example</Sip></Dial>");
	for (uint32_t i = 0; i < 2; i++)
		invite(i);
	find_children();
	world_progress(&w, sent_of[0], leg[0], 180, false);
	answers(0);
	world_pass(&w, 3 * WORLD_S);
	ends(1, DP_END_CANCELED, 487);
	ends(0, DP_END_REMOTE_BYE, 0);
	static const char *const status[] = {"initiated", "ringing", "in-progress", "completed"};
	uint32_t k = 0;
	for (uint32_t i = 1; i < w.n_hook; i++) {
		char n[2] = {(char)('0' + k), 0};
		if (strcmp(w.hook[i].url, "http://app.example.com/one") != 0)
			continue;
		assert_false(w.hook[i].post);
		world_param_is(&w, i, "CallSid", child[0]);
		world_param_is(&w, i, "ParentCallSid", sid);
		world_param_is(&w, i, "Direction", "outbound-dial");
		world_param_is(&w, i, "CallStatus", status[k++]);
		world_param_is(&w, i, "SequenceNumber", n);
		world_param_is(&w, i, "CallbackSource", "call-progress-events");
		if (k == 4)
			world_param_is(&w, i, "CallDuration", "3");
		else
			assert_null(world_param(&w, i, "CallDuration"));
	}
	assert_int_equal(k, 4);
	k = 0;
	for (uint32_t i = 1; i < w.n_hook; i++)
		if (strcmp(w.hook[i].url, "http://other.example/two") == 0) {
			k++;
			assert_true(w.hook[i].post);
			world_param_is(&w, i, "CallStatus", "canceled");
			world_param_is(&w, i, "SequenceNumber", "0");
		}
	assert_int_equal(k, 1);
}

static void a_callback_whose_host_has_an_underscore_is_refused(void **state)
{
	world_runs(&w, sid, a, "<Dial><Sip statusCallback='http://my_host/cb'>a@one.example</Sip></Dial>");
	assert_non_null(strstr(world_noted(&w, 21609)->text, "underscore"));
	invite(0);
	ends(0, DP_END_REJECTED, 486);
	assert_int_equal(w.n_hook, 1);
}

static void a_branch_that_was_canceled_before_its_invite_still_tells_its_end(void **state)
{
	world_runs(&w, sid, a,
	    "<Dial><Sip>a@one.example</Sip><Sip statusCallback='/two'>b@two.example</Sip></Dial>");
	invite(0);
	answers(0);
	assert_int_equal(w.n_hook, 2);
	world_param_is(&w, 1, "CallStatus", "canceled");
}

/* ---- screening ---- */

#define SCREEN                                                                                               \
	"<Dial action='/done'><Sip url='/screen?a=1'>a@one.example</Sip><Sip>b@two.example</Sip></Dial>"

static void screening(void)
{
	world_runs(&w, sid, a, SCREEN);
	invite(0);
	invite(1);
	find_children();
	world_answered(&w, sent_of[0], leg[0], "X-Agent: 7\r\n");
}

static void screening_asks_with_the_called_legs_words_and_the_others_are_cancelled(void **state)
{
	screening();
	assert_int_equal(w.n_hook, 2);
	assert_string_equal(w.hook[1].url, "http://app.example.com/screen?a=1");
	assert_true(w.hook[1].post);
	world_param_is(&w, 1, "CallSid", child[0]);
	world_param_is(&w, 1, "ParentCallSid", sid);
	world_param_is(&w, 1, "CallStatus", "in-progress");
	world_param_is(&w, 1, "Direction", "outbound-dial");
	world_param_is(&w, 1, "Called", "sip:a@one.example");
	world_param_is(&w, 1, "Caller", "sip:Jack@198.51.100.1");
	world_param_is(&w, 1, "SipDomain", "one.example");
	world_param_is(&w, 1, "SipSourceIp", "192.0.2.9");
	world_param_is(&w, 1, "SipHeader_X-Agent", "7");
	assert_non_null(world_param(&w, 1, "SipCallId"));
	assert_int_equal(HANGUPS(leg[1]), 1);
	assert_int_equal(BRIDGES(a, leg[0]), 0);
}

static void a_screening_document_that_ends_bridges(void **state)
{
	screening();
	world_reply(&w, 1, 200, XML, "<Response><Pause length='2'/></Response>");
	assert_int_equal(BRIDGES(a, leg[0]), 0);
	world_pass(&w, 2 * WORLD_S);
	assert_int_equal(BRIDGES(a, leg[0]), 1);
	world_bridged(&w, 0, a, leg[0], true);
	ends(1, DP_END_CANCELED, 487);
	ends(0, DP_END_REMOTE_BYE, 0);
	world_param_is(&w, 2, "DialCallStatus", "completed");
	world_param_is(&w, 2, "DialBridged", "true");
}

static void a_callee_that_is_screened_out_was_not_bridged(void **state)
{
	screening();
	world_reply(&w, 1, 200, XML, "<Response><Redirect>/no</Redirect></Response>");
	world_reply(&w, 2, 200, XML, "<Response><Hangup/></Response>");
	assert_int_equal(HANGUPS(leg[0]), 1);
	assert_int_equal(HANGUPS(a), 0);
	ends(0, DP_END_LOCAL_HANGUP, 0);
	world_param_is(&w, 3, "DialCallStatus", "completed");
	world_param_is(&w, 3, "DialBridged", "false");
	world_param_is(&w, 3, "DialCallSid", child[0]);
	assert_int_equal(BRIDGES(a, leg[0]), 0);
	ends(1, DP_END_CANCELED, 487);
	assert_int_equal(calls_live(w.c), 1);
}

static void dial_in_a_screening_document_is_13201(void **state)
{
	screening();
	world_reply(&w, 1, 200, XML, "<Response><Dial><Sip>x@y</Sip></Dial></Response>");
	assert_string_equal(world_noted(&w, 13201)->call_sid, child[0]);
	assert_int_equal(HANGUPS(leg[0]), 1);
	assert_int_equal(w.n_resolve, 3);
}

static void the_caller_going_during_screening_ends_the_callee(void **state)
{
	screening();
	world_ended(&w, 0, a, DP_END_REMOTE_BYE, 0, true, NULL);
	assert_int_equal(HANGUPS(leg[0]), 1);
	world_reply(&w, 1, 200, XML, "<Response/>");
	assert_int_equal(BRIDGES(a, leg[0]), 0);
	ends(0, DP_END_LOCAL_HANGUP, 0);
	ends(1, DP_END_CANCELED, 487);
	world_param_is(&w, 2, "DialCallStatus", "completed");
	world_param_is(&w, 2, "DialBridged", "false");
	assert_int_equal(calls_live(w.c), 0);
}

static void a_callee_that_leaves_during_screening_was_not_bridged(void **state)
{
	screening();
	ends(0, DP_END_REMOTE_BYE, 0);
	world_param_is(&w, 2, "DialCallStatus", "completed");
	world_param_is(&w, 2, "DialBridged", "false");
	world_reply(&w, 1, 200, XML, "<Response/>");
	assert_int_equal(BRIDGES(a, leg[0]), 0);
}

static void early_audio_stops_while_the_callee_is_screened(void **state)
{
	world_runs(&w, sid, a, "<Dial><Sip url='/s'>a@one.example</Sip></Dial>");
	invite(0);
	world_progress(&w, sent_of[0], leg[0], 183, true);
	world_bridged(&w, 0, a, leg[0], true);
	answers(0);
	assert_int_equal(count_sent(DP_CMD_UNBRIDGE, a, 0), 1);
	assert_int_equal(BRIDGES(a, leg[0]), 1);
	world_bridged(&w, 0, a, leg[0], false);
	world_reply(&w, 1, 200, XML, "<Response/>");
	assert_int_equal(BRIDGES(a, leg[0]), 2);
}

static void a_relative_screening_url_in_inline_twiml_dials_nobody(void **state)
{
	world_call(
	    &w, sid, "To", TO, "Twiml", "<Response><Dial><Sip url='/s'>a@b</Sip></Dial></Response>", NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, a);
	world_answered(&w, 0, a, NULL);
	assert_non_null(world_noted(&w, 15004));
	assert_int_equal(w.n_resolve, 1);
}

/* ---- headers ---- */

static void rfc3261_7_3_1_header_names_are_one_in_any_case(void **state)
{
	world_runs(&w, sid, a, "<Dial action='/done'><Sip>a@one.example</Sip></Dial>");
	invite(0);
	world_answered(&w, sent_of[0], leg[0], "X-Twice: first\r\nX-Only: 1\r\n");
	world_ended(&w, sent_of[0], leg[0], DP_END_REMOTE_BYE, 0, true, "x-twice: last\r\n");
	world_param_is(&w, 1, "DialSipHeader_x-twice", "last");
	assert_null(world_param(&w, 1, "DialSipHeader_X-Twice"));
	world_param_is(&w, 1, "DialSipHeader_X-Only", "1");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(all_ring_at_once_and_the_first_answer_wins),
	    T(an_answer_that_crosses_the_cancel_is_never_bridged),
	    T(a_branch_that_has_no_invite_yet_is_ended_too),
	    T(when_all_fail_the_best_response_counts),
	    T(rfc3261_16_7_a_6xx_cancels_the_others),
	    T(the_caller_going_cancels_every_branch),
	    T(the_first_early_media_is_heard_until_it_ends),
	    T(a_sequence_calls_one_after_the_other),
	    T(an_answer_stops_the_sequence),
	    T(the_caller_going_ends_a_sequence),
	    T(a_noun_that_cannot_be_called_fails_alone),
	    T(numbers_and_clients_go_to_their_configured_addresses),
	    T(a_plain_number_is_a_number),
	    T(the_older_form_carries_its_headers),
	    T(without_enhanced_features_only_one_noun_is_dialled),
	    T(a_noun_has_callbacks_of_its_own),
	    T(a_callback_whose_host_has_an_underscore_is_refused),
	    T(a_branch_that_was_canceled_before_its_invite_still_tells_its_end),
	    T(screening_asks_with_the_called_legs_words_and_the_others_are_cancelled),
	    T(a_screening_document_that_ends_bridges),
	    T(a_callee_that_is_screened_out_was_not_bridged),
	    T(dial_in_a_screening_document_is_13201),
	    T(the_caller_going_during_screening_ends_the_callee),
	    T(a_callee_that_leaves_during_screening_was_not_bridged),
	    T(early_audio_stops_while_the_callee_is_screened),
	    T(a_relative_screening_url_in_inline_twiml_dials_nobody),
	    T(rfc3261_7_3_1_header_names_are_one_in_any_case),
	};
	return cmocka_run_group_tests_name("call_fork", tests, NULL, NULL);
}
