/* SPDX-License-Identifier: Apache-2.0 */
/* <Dial><Sip>: the second leg, the bridge, and what the action is told. */
#include "tests/unit/control/calls/world.h"

#include <stdio.h>
#include <stdlib.h>

#define TO   "sip:kate@example.com"
#define URL  "http://app.example.com/voice"
#define DIAL "<Dial action='/done'><Sip>sip:jack@example.org:5090?x-a=1</Sip></Dial>"

static struct world w;
static char sid[35], child[35];
static const dp_leg a = 77, b = 88;

static int setup(void **state)
{
	world_init(&w, 3);
	return 0;
}

static int teardown(void **state)
{
	world_fini(&w);
	return 0;
}

/* Up to the second INVITE. */
static void dialling(const char *verbs)
{
	world_runs(&w, sid, a, verbs);
	assert_int_equal(w.n_resolve, 2);
	memcpy(child, w.save[w.n_save - 1].sid, 35);
	world_resolved(&w, 1, "192.0.2.10");
	assert_int_equal(w.n_sent, 2);
	world_started(&w, 1, b);
}

static void talking(const char *verbs)
{
	dialling(verbs);
	world_progress(&w, 1, b, 180, false);
	world_answered(&w, 1, b, "X-Agent: 7\r\nX-Twice: first\r\n");
	world_bridged(&w, 0, a, b, true);
}

static bool sent(uint32_t i, enum dp_cmd_type type, dp_leg leg, dp_leg peer)
{
	return i < w.n_sent && w.sent[i].type == type && w.sent[i].leg == leg && w.sent[i].peer == peer;
}

static void the_second_leg_is_a_call_of_its_own(void **state)
{
	dialling("<Dial timeout='9' callerId='bob.x'><Sip>\n sip:jack@example.org:5090?x-a=1 </Sip></Dial>");
	assert_string_equal(w.resolve[1].host, "example.org");
	const struct dp_cmd *c = &w.sent[1];
	assert_int_equal(c->orig.target.port, 5090);
	assert_int_equal(c->orig.ring_timeout_ms, 9000);
	assert_int_equal(c->orig.codecs, DP_CODECS_BOTH);
	assert_span(dp_cmd_span(c, c->orig.ruri), "sip:jack@example.org:5090");
	assert_span(dp_cmd_span(c, c->orig.from_user), "bob.x");
	assert_span(dp_cmd_span(c, c->orig.headers), "x-a: 1\r\n");
	const struct call_row *r = call_row(calls_find(w.c, child));
	assert_string_equal(r->parent_sid, sid);
	assert_string_equal(r->direction, "outbound-dial");
	assert_string_equal(r->to, "sip:jack@example.org:5090");
	assert_string_equal(r->from, "bob.x");
	assert_string_not_equal(child, sid);
	assert_int_equal(calls_live(w.c), 2);
}

static void the_callers_name_is_kept_and_30_s_are_the_default(void **state)
{
	dialling("<Dial><Sip>jack@example.org</Sip></Dial>");
	assert_span(dp_cmd_span(&w.sent[1], w.sent[1].orig.from_user), "Jack");
	assert_int_equal(w.sent[1].orig.ring_timeout_ms, 30000);
	assert_int_equal(w.sent[1].orig.target.port, 5060);
}

static void an_answer_bridges_and_the_callees_bye_asks_the_action(void **state)
{
	talking(DIAL);
	assert_true(sent(2, DP_CMD_BRIDGE, a, b));
	world_pass(&w, 12 * WORLD_S);
	world_ended(&w, 1, b, DP_END_REMOTE_BYE, 0, true, "X-Twice: last\r\n");
	assert_string_equal(world_last(&w, child)->status, "completed");
	assert_int_equal(world_last(&w, child)->duration, 12);
	assert_int_equal(w.n_hook, 2);
	assert_string_equal(w.hook[1].url, "http://app.example.com/done");
	world_param_is(&w, 1, "CallSid", sid);
	world_param_is(&w, 1, "CallStatus", "in-progress");
	world_param_is(&w, 1, "DialCallStatus", "completed");
	world_param_is(&w, 1, "DialCallSid", child);
	world_param_is(&w, 1, "DialCallDuration", "12");
	world_param_is(&w, 1, "DialBridged", "true");
	world_param_is(&w, 1, "DialSipCallId", "callid-1@198.51.100.1");
	world_param_is(&w, 1, "DialSipResponseCode", "200");
	world_param_is(&w, 1, "DialSipHeader_X-Agent", "7");
	world_param_is(&w, 1, "DialSipHeader_X-Twice", "last");
	assert_int_equal(w.n_sent, 3);
	world_reply(&w, 1, 200, XML, "<Response><Hangup/></Response>");
	assert_true(sent(3, DP_CMD_HANGUP, a, 0));
	world_ended(&w, 0, a, DP_END_LOCAL_HANGUP, 0, true, NULL);
	assert_string_equal(world_last(&w, sid)->status, "completed");
	assert_int_equal(calls_live(w.c), 0);
}

static void without_action_the_next_verb_follows(void **state)
{
	talking("<Dial><Sip>jack@example.org</Sip></Dial><Pause length='4'/>");
	world_ended(&w, 1, b, DP_END_REMOTE_BYE, 0, true, NULL);
	assert_int_equal(w.n_sent, 3);
	world_pass(&w, 4 * WORLD_S);
	assert_true(sent(3, DP_CMD_HANGUP, a, 0));
}

static void early_media_bridges_and_the_answer_bridges_again(void **state)
{
	dialling(DIAL);
	world_progress(&w, 1, b, 180, false);
	assert_int_equal(w.n_sent, 2);
	world_progress(&w, 1, b, 183, true);
	assert_true(sent(2, DP_CMD_BRIDGE, a, b));
	world_bridged(&w, 0, a, b, true);
	world_progress(&w, 1, b, 183, true);
	assert_int_equal(w.n_sent, 3);
	world_answered(&w, 1, b, NULL);
	assert_true(sent(3, DP_CMD_BRIDGE, a, b));
	assert_int_equal(w.n_sent, 4);
	world_ended(&w, 1, b, DP_END_REMOTE_BYE, 0, true, NULL);
	world_param_is(&w, 1, "DialBridged", "true");
}

static void early_media_alone_is_not_bridged(void **state)
{
	dialling(DIAL);
	world_progress(&w, 1, b, 183, true);
	world_bridged(&w, 0, a, b, true);
	world_bridged(&w, 0, a, b, false);
	world_ended(&w, 1, b, DP_END_REJECTED, 486, true, "X-Why: lunch\r\n");
	world_param_is(&w, 1, "DialCallStatus", "busy");
	world_param_is(&w, 1, "DialBridged", "false");
	world_param_is(&w, 1, "DialSipResponseCode", "486");
	world_param_is(&w, 1, "DialCallDuration", "0");
	world_param_is(&w, 1, "DialSipHeader_X-Why", "lunch");
}

static void an_answer_that_ends_before_audio_flowed_was_not_bridged(void **state)
{
	dialling(DIAL);
	world_answered(&w, 1, b, NULL);
	world_ended(&w, 1, b, DP_END_REMOTE_BYE, 0, true, NULL);
	world_param_is(&w, 1, "DialCallStatus", "completed");
	world_param_is(&w, 1, "DialBridged", "false");
}

static void outcomes_of_a_dial_nobody_answers(void **state)
{
	static const struct {
		enum dp_end_cause cause;
		uint16_t sip;
		const char *status;
	} rows[] = {{DP_END_RING_TIMEOUT, 487, "no-answer"}, {DP_END_REJECTED, 404, "failed"},
	    {DP_END_REJECTED, 603, "no-answer"}, {DP_END_TRANSPORT, 0, "failed"}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		world_forget(&w);
		dialling(DIAL);
		world_ended(&w, 1, b, rows[i].cause, rows[i].sip, true, NULL);
		world_param_is(&w, 1, "DialCallStatus", rows[i].status);
		world_ended(&w, 0, a, DP_END_REMOTE_BYE, 0, true, NULL);
		assert_int_equal(calls_live(w.c), 0);
	}
}

static void the_callers_bye_ends_the_callee_and_the_action_is_still_told(void **state)
{
	talking(DIAL);
	world_pass(&w, 3 * WORLD_S);
	world_ended(&w, 0, a, DP_END_REMOTE_BYE, 0, true, NULL);
	assert_string_equal(world_last(&w, sid)->status, "completed");
	assert_true(sent(3, DP_CMD_HANGUP, b, 0));
	world_ended(&w, 1, b, DP_END_LOCAL_HANGUP, 0, true, NULL);
	assert_int_equal(w.n_hook, 2);
	world_param_is(&w, 1, "CallStatus", "completed");
	world_param_is(&w, 1, "DialCallStatus", "completed");
	world_param_is(&w, 1, "DialCallDuration", "3");
	assert_int_equal(calls_live(w.c), 0);
	world_reply(&w, 1, 200, XML, "<Response><Dial><Sip>c@d</Sip></Dial></Response>");
	assert_int_equal(w.n_resolve, 2);
}

static void the_caller_gone_while_it_rings_cancels(void **state)
{
	dialling(DIAL);
	world_ended(&w, 0, a, DP_END_REMOTE_BYE, 0, true, NULL);
	assert_true(sent(2, DP_CMD_HANGUP, b, 0));
	world_answered(&w, 1, b, NULL);
	assert_int_equal(w.n_sent, 3);
	world_ended(&w, 1, b, DP_END_CANCELED, 487, true, NULL);
	world_param_is(&w, 1, "DialCallStatus", "canceled");
	world_param_is(&w, 1, "DialBridged", "false");
	assert_int_equal(calls_live(w.c), 0);
}

static void the_caller_gone_while_the_name_is_looked_up(void **state)
{
	world_runs(&w, sid, a, DIAL);
	world_ended(&w, 0, a, DP_END_REMOTE_BYE, 0, true, NULL);
	assert_int_equal(w.n_hook, 2);
	world_param_is(&w, 1, "DialCallStatus", "canceled");
	assert_int_equal(calls_live(w.c), 0);
	world_resolved(&w, 1, "192.0.2.10");
	assert_int_equal(w.n_sent, 1);
}

static void time_limit_ends_the_callee_only(void **state)
{
	talking("<Dial timeLimit='20' action='/done'><Sip>jack@example.org</Sip></Dial>");
	world_pass(&w, 19 * WORLD_S);
	assert_int_equal(w.n_sent, 3);
	world_pass(&w, 2 * WORLD_S);
	assert_true(sent(3, DP_CMD_HANGUP, b, 0));
	world_ended(&w, 1, b, DP_END_LOCAL_HANGUP, 0, true, NULL);
	world_param_is(&w, 1, "DialCallStatus", "completed");
	assert_int_equal(calls_live(w.c), 1);
}

static void the_child_can_be_ended_by_rest(void **state)
{
	struct form f = {0};
	struct call_error err;
	dialling(DIAL);
	form_add(&f, "Status", "canceled");
	assert_int_equal(calls_update(w.c, calls_find(w.c, child), &f, &err), 0);
	form_fini(&f);
	assert_true(sent(2, DP_CMD_HANGUP, b, 0));
	world_ended(&w, 1, b, DP_END_CANCELED, 487, true, NULL);
	world_param_is(&w, 1, "DialCallStatus", "canceled");
	assert_int_equal(calls_live(w.c), 1);
}

static void refused_with(const char *verbs, int code)
{
	world_forget(&w);
	world_runs(&w, sid, a, verbs);
	assert_int_equal(w.n_resolve, 1);
	if (!world_noted(&w, code) || !world_noted(&w, code)->error)
		fail_msg("%s: no error %d", verbs, code);
	assert_int_equal(w.n_hook, 2);
	world_param_is(&w, 1, "DialCallStatus", "failed");
	world_param_is(&w, 1, "DialBridged", "false");
	world_ended(&w, 0, a, DP_END_REMOTE_BYE, 0, true, NULL);
	assert_int_equal(calls_live(w.c), 0);
}

static void what_cannot_be_dialled_fails_and_asks_the_action(void **state)
{
	char doc[1600];
	refused_with("<Dial action='/d'>1<Sip>a@b</Sip></Dial>", 13215);
	refused_with("<Dial action='/d'>+1555</Dial>", 13224);
	refused_with("<Dial action='/d'>one</Dial>", 13223);
	refused_with("<Dial action='/d'><Client>bob</Client></Dial>", 13224);
	refused_with("<Dial action='/d'><Sip>sip:a b@c</Sip></Dial>", 13243);
	refused_with("<Dial action='/d'><Sip>tel:+1555</Sip></Dial>", 13243);
	refused_with("<Dial action='/d' callerId='a b'><Sip>a@b</Sip></Dial>", 13247);
	snprintf(doc, sizeof doc, "<Dial action='/d' callerId='%0200d'><Sip>a@b</Sip></Dial>", 0);
	refused_with(doc, 13248);
	snprintf(doc, sizeof doc, "<Dial action='/d'><Sip>a@b?x-a=%01020d</Sip></Dial>", 0);
	refused_with(doc, 13253);
}

static void a_full_call_table_fails_the_dial(void **state)
{
	char other[35];
	world_call(&w, other, "To", TO, "Url", URL, NULL);
	world_call(&w, other, "To", TO, "Url", URL, NULL);
	world_forget(&w);
	world_call(&w, sid, "To", TO, "Twiml", "<Response>" DIAL "<Pause length='3'/></Response>", NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, a);
	world_answered(&w, 0, a, NULL);
	assert_non_null(world_noted(&w, 10004));
	assert_int_equal(w.n_resolve, 1);
}

static void an_unresolvable_or_unbuilt_target_fails_the_dial(void **state)
{
	world_runs(&w, sid, a, DIAL);
	memcpy(child, w.save[w.n_save - 1].sid, 35);
	world_resolved(&w, 1, NULL);
	assert_string_equal(world_last(&w, child)->status, "failed");
	assert_non_null(world_noted(&w, 13254));
	world_param_is(&w, 1, "DialCallStatus", "failed");
	world_param_is(&w, 1, "DialCallSid", child);
	world_reply(
	    &w, 1, 200, XML, "<Response><Dial action='/2'><Sip>a@b;transport=tls</Sip></Dial></Response>");
	assert_non_null(world_noted(&w, 32114));
	world_param_is(&w, 2, "DialCallStatus", "failed");
}

static void a_call_that_is_being_hung_up_dials_nobody(void **state)
{
	struct form f = {0};
	struct call_error err;
	world_runs(&w, sid, a, "<Pause length='9'/>" DIAL);
	form_add(&f, "Status", "completed");
	assert_int_equal(calls_update(w.c, calls_find(w.c, sid), &f, &err), 0);
	form_fini(&f);
	world_pass(&w, 10 * WORLD_S);
	assert_int_equal(w.n_resolve, 1);
	assert_int_equal(w.n_note, 0);
	world_ended(&w, 0, a, DP_END_LOCAL_HANGUP, 0, true, NULL);
	assert_int_equal(calls_live(w.c), 0);
}

static void credentials_of_a_noun_go_into_its_originate(void **state)
{
	dialling("<Dial><Sip username='bo\"b' password='s&lt;3'>sip:jack@example.org</Sip></Dial>");
	const struct dp_cmd *c = &w.sent[1];
	assert_span(dp_cmd_span(c, c->orig.auth_user), "bo\"b");
	assert_span(dp_cmd_span(c, c->orig.auth_password), "s<3");
	assert_span(dp_cmd_span(&w.sent[0], w.sent[0].orig.auth_user), "");
	assert_null(strstr(w.log, "s<3"));
}

static void credentials_may_stand_in_the_older_form(void **state)
{
	dialling("<Dial><Sip><Uri username='u' password='p'>sip:jack@example.org</Uri></Sip></Dial>");
	assert_span(dp_cmd_span(&w.sent[1], w.sent[1].orig.auth_user), "u");
	assert_span(dp_cmd_span(&w.sent[1], w.sent[1].orig.auth_password), "p");
}

static void password_without_username_is_13249_and_nobody_is_called(void **state)
{
	world_runs(&w, sid, a, "<Dial><Sip password='p'>sip:jack@example.org</Sip></Dial>");
	assert_int_equal(w.n_sent > 0 && w.n_resolve == 1, 1);
	assert_non_null(world_noted(&w, 13249));
}

static void header_trouble_is_noted_on_the_child(void **state)
{
	dialling("<Dial><Sip>jack@example.org?foo=1&amp;x-a=%0d&amp;x-%20=1&amp;x-ok=1</Sip></Dial>");
	assert_non_null(world_noted(&w, 32113));
	assert_non_null(world_noted(&w, 32112));
	assert_non_null(world_noted(&w, 32111));
	assert_string_equal(world_noted(&w, 32113)->call_sid, child);
	assert_span(dp_cmd_span(&w.sent[1], w.sent[1].orig.headers), "x-ok: 1\r\n");
}

static void a_thousand_dials_that_cannot_be_made_come_to_an_end(void **state)
{
	char doc[60000], *p = doc + sprintf(doc, "<Response>");
	for (int i = 0; i < 1000; i++)
		p += sprintf(p, "<Dial><Sip>sip:a@b:99999</Sip></Dial>");
	sprintf(p, "</Response>");
	world_call(&w, sid, "To", TO, "Url", URL, NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, a);
	world_answered(&w, 0, a, NULL);
	world_reply(&w, 0, 200, XML, doc);
	assert_true(sent(1, DP_CMD_HANGUP, a, 0));
	assert_int_equal(w.n_note, 200);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_second_leg_is_a_call_of_its_own),
	    T(the_callers_name_is_kept_and_30_s_are_the_default),
	    T(an_answer_bridges_and_the_callees_bye_asks_the_action),
	    T(without_action_the_next_verb_follows),
	    T(early_media_bridges_and_the_answer_bridges_again),
	    T(early_media_alone_is_not_bridged),
	    T(an_answer_that_ends_before_audio_flowed_was_not_bridged),
	    T(outcomes_of_a_dial_nobody_answers),
	    T(the_callers_bye_ends_the_callee_and_the_action_is_still_told),
	    T(the_caller_gone_while_it_rings_cancels),
	    T(the_caller_gone_while_the_name_is_looked_up),
	    T(time_limit_ends_the_callee_only),
	    T(the_child_can_be_ended_by_rest),
	    T(what_cannot_be_dialled_fails_and_asks_the_action),
	    T(a_full_call_table_fails_the_dial),
	    T(an_unresolvable_or_unbuilt_target_fails_the_dial),
	    T(a_call_that_is_being_hung_up_dials_nobody),
	    T(credentials_of_a_noun_go_into_its_originate),
	    T(credentials_may_stand_in_the_older_form),
	    T(password_without_username_is_13249_and_nobody_is_called),
	    T(header_trouble_is_noted_on_the_child),
	    T(a_thousand_dials_that_cannot_be_made_come_to_an_end),
	};
	return cmocka_run_group_tests_name("call_dial", tests, NULL, NULL);
}
