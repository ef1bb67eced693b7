/* SPDX-License-Identifier: Apache-2.0 */
/* POST Calls/{Sid}: ending, redirecting and changing a call that is up. */
#include "tests/unit/control/calls/world.h"

#include <stdio.h>

#define TO   "sip:kate@example.com"
#define URL  "http://app.example.com/voice"
#define STAY "<Response><Pause length='60'/></Response>"
#define TALK "<Dial action='/done'><Sip>a@one.example</Sip></Dial>"

static struct world w;
static struct call_error err;
static char sid[35], child[35];
static const dp_leg a = 77, b = 88;

static int setup(void **state)
{
	world_init(&w, 8);
	return 0;
}

static int teardown(void **state)
{
	world_fini(&w);
	return 0;
}

/* In a bridge with a child. */
static void talking(const char *verbs)
{
	world_runs(&w, sid, a, verbs);
	memcpy(child, w.save[w.n_save - 1].sid, 35);
	world_resolved(&w, 1, "192.0.2.10");
	world_started(&w, 1, b);
	world_answered(&w, 1, b, NULL);
	world_bridged(&w, 0, a, b, true);
}

static uint32_t count_sent(enum dp_cmd_type type, dp_leg l)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < w.n_sent; i++)
		n += w.sent[i].type == type && w.sent[i].leg == l;
	return n;
}

static void refused(int code, const char *of, const char *name, const char *value)
{
	assert_int_equal(world_update(&w, of, &err, name, value, NULL), -1);
	assert_int_equal(err.code, code);
	assert_int_equal(err.http_status, 400);
}

static void a_redirect_abandons_the_verb_that_runs(void **state)
{
	world_runs(&w, sid, a, "<Pause length='60'/><Hangup/>");
	assert_int_equal(
	    world_update(&w, sid, &err, "Url", "http://app.example.com/new", "Method", "GET", NULL), 0);
	assert_int_equal(w.n_hook, 2);
	assert_string_equal(w.hook[1].url, "http://app.example.com/new");
	assert_false(w.hook[1].post);
	world_pass(&w, 90 * WORLD_S);
	assert_int_equal(count_sent(DP_CMD_HANGUP, a), 0);
	world_reply(&w, 1, 200, XML, "<Response><Hangup/></Response>");
	assert_int_equal(count_sent(DP_CMD_HANGUP, a), 1);
}

static void a_redirect_by_twiml_runs_at_once(void **state)
{
	world_runs(&w, sid, a, "<Pause length='60'/>");
	assert_int_equal(world_update(&w, sid, &err, "Twiml", "<Response><Hangup/></Response>", NULL), 0);
	assert_int_equal(count_sent(DP_CMD_HANGUP, a), 1);
}

static void the_answer_to_an_abandoned_request_is_ignored(void **state)
{
	world_runs(&w, sid, a, "<Redirect>/slow</Redirect>");
	assert_int_equal(world_update(&w, sid, &err, "Url", "http://app.example.com/new", NULL), 0);
	assert_int_equal(w.n_hook, 3);
	world_reply(&w, 1, 200, XML, "<Response><Hangup/></Response>");
	assert_int_equal(count_sent(DP_CMD_HANGUP, a), 0);
	world_reply(&w, 2, 200, XML, STAY);
	assert_int_equal(count_sent(DP_CMD_HANGUP, a), 0);
	assert_int_equal(world_update(&w, sid, &err, "Twiml", STAY, NULL), 0);
}

static void the_fallback_of_a_redirect_counts(void **state)
{
	world_runs(&w, sid, a, "<Pause length='60'/>");
	assert_int_equal(world_update(&w, sid, &err, "Url", "http://app.example.com/new", "FallbackUrl",
	                     "http://f.example/b", NULL),
	    0);
	world_reply(&w, 1, 500, XML, "");
	assert_string_equal(w.hook[2].url, "http://f.example/b");
	world_param_is(&w, 2, "ErrorUrl", "http://app.example.com/new");
}

static void redirecting_the_caller_out_of_a_bridge_ends_the_callee_and_asks_no_action(void **state)
{
	talking(TALK);
	assert_int_equal(world_update(&w, sid, &err, "Twiml", STAY, NULL), 0);
	assert_int_equal(count_sent(DP_CMD_HANGUP, b), 1);
	world_ended(&w, 1, b, DP_END_LOCAL_HANGUP, 0, true, NULL);
	assert_string_equal(world_last(&w, child)->status, "completed");
	assert_int_equal(w.n_hook, 1);
	assert_int_equal(calls_live(w.c), 1);
}

static void redirecting_the_callee_out_of_a_bridge_lets_the_caller_go_on(void **state)
{
	talking(TALK);
	world_pass(&w, 4 * WORLD_S);
	assert_int_equal(world_update(&w, child, &err, "Url", "http://app.example.com/child", NULL), 0);
	assert_int_equal(count_sent(DP_CMD_UNBRIDGE, a), 1);
	assert_int_equal(count_sent(DP_CMD_HANGUP, b), 0);
	assert_int_equal(w.n_hook, 3);
	assert_string_equal(w.hook[1].url, "http://app.example.com/done");
	world_param_is(&w, 1, "DialCallStatus", "completed");
	world_param_is(&w, 1, "DialCallSid", child);
	world_param_is(&w, 1, "DialBridged", "true");
	world_param_is(&w, 1, "DialSipResponseCode", "200");
	assert_null(world_param(&w, 1, "DialCallDuration"));
	assert_string_equal(w.hook[2].url, "http://app.example.com/child");
	world_param_is(&w, 2, "CallSid", child);
	world_reply(&w, 1, 200, XML, STAY);
	world_reply(
	    &w, 2, 200, XML, "<Response><Dial action='/next'><Sip>x@y.example</Sip></Dial></Response>");
	assert_int_equal(w.n_resolve, 3); /* the callee may call others now */
	world_ended(&w, 1, b, DP_END_REMOTE_BYE, 0, true, NULL);
	assert_string_equal(world_last(&w, child)->status, "completed");
	assert_int_equal(w.n_hook, 4);
	world_param_is(&w, 3, "DialCallStatus", "canceled");
	assert_int_equal(calls_live(w.c), 1);
}

static void without_an_action_the_caller_goes_on_with_the_next_verb(void **state)
{
	talking("<Dial><Sip>a@one.example</Sip></Dial><Pause length='60'/>");
	assert_int_equal(world_update(&w, child, &err, "Twiml", STAY, NULL), 0);
	world_pass(&w, 30 * WORLD_S);
	assert_int_equal(count_sent(DP_CMD_HANGUP, a) + count_sent(DP_CMD_HANGUP, b), 0);
	world_ended(&w, 0, a, DP_END_REMOTE_BYE, 0, true, NULL);
	assert_int_equal(calls_live(w.c), 1); /* two calls of their own from here on */
}

static void redirecting_the_caller_while_it_rings_cancels_every_branch(void **state)
{
	world_runs(
	    &w, sid, a, "<Dial action='/done'><Sip>a@one.example</Sip><Sip>b@two.example</Sip></Dial>");
	world_resolved(&w, 1, "192.0.2.10");
	world_started(&w, 1, b);
	assert_int_equal(world_update(&w, sid, &err, "Twiml", "<Response>" TALK "</Response>", NULL), 0);
	assert_int_equal(count_sent(DP_CMD_HANGUP, b), 1);
	assert_int_equal(w.n_resolve, 4); /* the new document dials at once */
	world_answered(&w, 1, b, NULL);
	world_ended(&w, 1, b, DP_END_LOCAL_HANGUP, 200, true, NULL);
	assert_int_equal(count_sent(DP_CMD_BRIDGE, a), 0);
	assert_int_equal(w.n_hook, 1);
}

static void redirecting_a_callee_that_is_screened_takes_it_out_of_the_dial(void **state)
{
	world_runs(&w, sid, a, "<Dial action='/done'><Sip url='/screen'>a@one.example</Sip></Dial>");
	memcpy(child, w.save[w.n_save - 1].sid, 35);
	world_resolved(&w, 1, "192.0.2.10");
	world_started(&w, 1, b);
	world_answered(&w, 1, b, NULL);
	assert_int_equal(world_update(&w, child, &err, "Twiml", STAY, NULL), 0);
	world_param_is(&w, 2, "DialCallStatus", "completed");
	world_param_is(&w, 2, "DialBridged", "false");
	world_reply(&w, 1, 200, XML, "<Response/>"); /* the screening document comes too late */
	assert_int_equal(count_sent(DP_CMD_BRIDGE, a), 0);
	world_pass(&w, 60 * WORLD_S);
	assert_int_equal(count_sent(DP_CMD_HANGUP, b), 1); /* its own document has ended */
}

static void only_an_answered_call_can_be_redirected(void **state)
{
	world_call(&w, sid, "To", TO, "Url", URL, NULL);
	refused(21220, sid, "Url", "http://x/");
	assert_string_equal(err.message, "Call is not in-progress. Cannot redirect.");
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, a);
	world_progress(&w, 0, a, 180, false);
	refused(21220, sid, "Twiml", STAY);
	world_answered(&w, 0, a, NULL);
	world_reply(&w, 0, 200, XML, "<Response/>");
	refused(21220, sid, "Twiml", STAY); /* it is being hung up */
}

static void what_is_wrong_is_refused_and_changes_nothing(void **state)
{
	char long_twiml[4100];
	memset(long_twiml, 'x', sizeof long_twiml);
	long_twiml[sizeof long_twiml - 1] = '\0';
	world_runs(&w, sid, a, "<Pause length='60'/>");
	refused(20001, sid, "Foo", "1");
	refused(20001, sid, "Status", "paused");
	refused(21205, sid, "Url", "ftp://x/");
	refused(32018, sid, "Twiml", long_twiml);
	refused(21208, sid, "TimeLimit", "0");
	refused(21609, sid, "StatusCallback", "http://my_host/");
	assert_int_equal(world_update(&w, sid, &err, "Url", "http://x/", "Twiml", STAY, NULL), -1);
	assert_int_equal(world_update(&w, sid, &err, "Status", "completed", "Twiml", STAY, NULL), -1);
	assert_int_equal(world_update(&w, sid, &err, "Url", "http://x/", "Method", "PUT", NULL), -1);
	assert_int_equal(err.code, 21209);
	assert_int_equal(w.n_hook, 1);
	assert_int_equal(w.n_sent, 1);
}

static void the_status_callback_can_be_changed(void **state)
{
	world_runs(&w, sid, a, "<Pause length='60'/>");
	assert_int_equal(world_update(&w, sid, &err, "StatusCallback", "http://app.example.com/late",
	                     "StatusCallbackMethod", "GET", NULL),
	    0);
	world_ended(&w, 0, a, DP_END_REMOTE_BYE, 0, true, NULL);
	assert_int_equal(w.n_hook, 2);
	assert_string_equal(w.hook[1].url, "http://app.example.com/late");
	assert_false(w.hook[1].post);
	world_param_is(&w, 1, "CallStatus", "completed");
}

static void the_time_limit_can_be_changed(void **state)
{
	world_runs(&w, sid, a, "<Pause length='600'/>");
	assert_int_equal(world_update(&w, sid, &err, "TimeLimit", "10", NULL), 0);
	world_pass(&w, 9 * WORLD_S);
	assert_int_equal(count_sent(DP_CMD_HANGUP, a), 0);
	world_pass(&w, 2 * WORLD_S);
	assert_int_equal(count_sent(DP_CMD_HANGUP, a), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_redirect_abandons_the_verb_that_runs),
	    T(a_redirect_by_twiml_runs_at_once),
	    T(the_answer_to_an_abandoned_request_is_ignored),
	    T(the_fallback_of_a_redirect_counts),
	    T(redirecting_the_caller_out_of_a_bridge_ends_the_callee_and_asks_no_action),
	    T(redirecting_the_callee_out_of_a_bridge_lets_the_caller_go_on),
	    T(without_an_action_the_caller_goes_on_with_the_next_verb),
	    T(redirecting_the_caller_while_it_rings_cancels_every_branch),
	    T(redirecting_a_callee_that_is_screened_takes_it_out_of_the_dial),
	    T(only_an_answered_call_can_be_redirected),
	    T(what_is_wrong_is_refused_and_changes_nothing),
	    T(the_status_callback_can_be_changed),
	    T(the_time_limit_can_be_changed),
	};
	return cmocka_run_group_tests_name("call_update", tests, NULL, NULL);
}
