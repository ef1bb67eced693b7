/* SPDX-License-Identifier: Apache-2.0 */
/* Every call that did not complete says why: in its record, its notifications, its events and one log line. */
#include "tests/unit/control/calls/world.h"

#include <stdio.h>
#include <stdlib.h>

#define TO  "sip:kate@example.com"
#define URL "http://app.example.com/voice"

static struct world w;
static char sid[35];
static const dp_leg leg = 77;

static int setup(void **state)
{
	world_init(&w, 16);
	return 0;
}

static int teardown(void **state)
{
	world_fini(&w);
	return 0;
}

static void dialled(void)
{
	world_call(&w, sid, "To", TO "?x-a=1", "Url", URL, "Timeout", "7", NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, leg);
	world_pass(&w, WORLD_S);
	w.n_note = 0; /* of parameters that have no effect */
}

static void told(const char *status, uint32_t sip, int code, bool error, const char *words)
{
	const struct world_save *row = world_last(&w, sid);
	assert_string_equal(row->status, status);
	assert_int_equal(row->sip_status, sip);
	assert_non_null(strstr(row->reason, words));
	assert_int_equal(w.n_note, 1);
	assert_int_equal(w.note[0].code, code);
	assert_int_equal(w.note[0].error, error);
	assert_string_equal(w.note[0].call_sid, sid);
	assert_non_null(strstr(w.note[0].text, words));
	assert_int_equal(w.n_event, 1);
	assert_int_equal(w.event[0].status, sip);
	assert_int_equal(w.event[0].error, code);
	assert_string_equal(w.event[0].url, TO);
	assert_string_equal(w.event[0].call_sid, sid);
	assert_non_null(strstr(w.event[0].message, words));
	assert_non_null(strstr(w.event[0].next, status));
	assert_int_equal(w.log_level, error ? 'W' : 'I');
	assert_memory_equal(w.log, sid, 34);
	assert_non_null(strstr(w.log, words));
}

static void the_response_with_its_reason_and_warning_is_told(void **state)
{
	static const struct {
		uint16_t sip;
		int code;
		bool error;
		const char *status, *said;
	} rows[] = {
	    {486, 31486, false, "busy", "Busy Here; Reason: Q.850;cause=17"},
	    {600, 31486, false, "busy", "Busy Everywhere"},
	    {480, 31480, false, "no-answer", "Temporarily Unavailable"},
	    {603, 31603, false, "no-answer", "Decline"},
	    {404, 31404, true, "failed", "Not Found"},
	    {403, 31403, true, "failed", "Forbidden; Warning: 399 gw \"no credit\""},
	    {488, 32011, true, "failed",
	        "Not Acceptable Here; Warning: 305 gw \"Incompatible media format\""},
	    {503, 32011, true, "failed", "Service Unavailable"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		world_forget(&w);
		dialled();
		world_ended_saying(&w, 0, leg, DP_END_REJECTED, rows[i].sip, rows[i].said);
		told(rows[i].status, rows[i].sip, rows[i].code, rows[i].error, rows[i].said);
	}
}

static void a_challenge_that_cannot_be_answered_is_told(void **state)
{
	dialled();
	world_ended_saying(&w, 0, leg, DP_END_REJECTED, 407, "Proxy Authentication Required");
	told("failed", 407, 32202, true, "credentials");
}

static void the_timer_that_ran_out_is_told_with_its_length(void **state)
{
	dialled();
	world_ended(&w, 0, leg, DP_END_RING_TIMEOUT, 487, true, NULL);
	told("no-answer", 487, 31480, false, "no answer within 7 s (Timeout of the call)");
}

static void silence_is_told_with_the_timer_that_waited(void **state)
{
	dialled();
	world_ended_saying(&w, 0, leg, DP_END_NO_RESPONSE, 408, "Timer B: no response within 32 s");
	told("failed", 408, 32011, true, "Timer B: no response within 32 s");
}

static void a_network_that_refuses_is_told(void **state)
{
	dialled();
	world_ended_saying(&w, 0, leg, DP_END_TRANSPORT, 0, "ICMP port unreachable");
	told("failed", 0, 32011, true, "ICMP port unreachable");
}

static void a_cancel_is_told_with_who_wanted_it(void **state)
{
	struct call_error err;
	dialled();
	assert_int_equal(world_update(&w, sid, &err, "Status", "canceled", NULL), 0);
	world_ended(&w, 0, leg, DP_END_CANCELED, 487, true, NULL);
	told("canceled", 487, 31487, false, "canceled by the REST API");
}

static void a_call_canceled_in_the_queue_is_told(void **state)
{
	struct call_error err;
	world_call(&w, sid, "To", TO, "Url", URL, NULL);
	assert_int_equal(world_update(&w, sid, &err, "Status", "completed", NULL), 0);
	told("canceled", 0, 31487, false, "ended by the REST API");
}

static void the_address_that_was_refused_is_told(void **state)
{
	world_call(&w, sid, "To", TO, "Url", URL, NULL);
	world_resolved(&w, 0, NULL);
	told("failed", 0, 13254, true, "example.com cannot be called: NXDOMAIN");
}

static void the_webhook_attempt_that_broke_is_the_reason_of_the_hangup(void **state)
{
	dialled();
	world_answered(&w, 0, leg, NULL);
	world_reply_error(&w, 0, 11205, "Connection refused", false);
	assert_int_equal(w.n_note, 1);
	assert_int_equal(w.note[0].code, 11205);
	world_ended(&w, 0, leg, DP_END_LOCAL_HANGUP, 0, true, NULL);
	assert_string_equal(world_last(&w, sid)->status, "completed");
	assert_string_equal(world_last(&w, sid)->reason, "the TwiML cannot go on: 11205 Connection refused");
	assert_non_null(strstr(w.log, "11205 Connection refused"));
	assert_int_equal(w.n_event, 0);
}

static void the_longest_time_is_told_when_it_ends_a_call(void **state)
{
	world_call(
	    &w, sid, "To", TO, "Twiml", "<Response><Pause length='100'/></Response>", "TimeLimit", "9", NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, leg);
	world_answered(&w, 0, leg, NULL);
	world_pass(&w, 9 * WORLD_S);
	assert_non_null(world_noted(&w, 32015));
	world_ended(&w, 0, leg, DP_END_LOCAL_HANGUP, 0, true, NULL);
	assert_non_null(strstr(world_last(&w, sid)->reason, "9 s (TimeLimit)"));
}

static void a_call_that_completed_has_nothing_to_explain(void **state)
{
	dialled();
	world_answered(&w, 0, leg, NULL);
	world_reply(&w, 0, 200, XML, "<Response><Hangup/></Response>");
	world_ended(&w, 0, leg, DP_END_LOCAL_HANGUP, 0, true, NULL);
	assert_string_equal(world_last(&w, sid)->reason, "the TwiML came to its end");
	assert_int_equal(w.n_note, 0);
	assert_int_equal(w.n_event, 0);
}

/* The words behind the time of each line, one after another; their times never go back. */
static void story_is(const char *story, const char *const *words)
{
	long long last = 0;
	for (; *words; words++) {
		char *rest;
		long long at = strtoll(story, &rest, 10);
		assert_true(at >= last && *rest == ' ');
		last = at;
		if (strncmp(rest + 1, *words, strlen(*words)) != 0)
			fail_msg("%.80s is not %s", rest + 1, *words);
		story = strchr(rest, '\n') + 1;
	}
	assert_string_equal(story, "");
}

static void a_call_tells_its_story_while_it_lives_and_leaves_it_with_its_record(void **state)
{
	static const char *const alive[] = {"queued: asked for by the REST API",
	    "starts: looking for example.com", "to 192.0.2.9 port 5060 by UDP, address 1 of 1, worker 3",
	    "SIP INVITE sip:kate@example.com, Call-ID callid-0@198.51.100.1", "SIP 180",
	    "SIP 200: answered by 192.0.2.9", NULL};
	static const char *const ended[] = {"queued", "starts", "to 192", "SIP INVITE", "SIP 180", "SIP 200",
	    "SIP BYE: the TwiML came to its end", "completed: the TwiML came to its end", NULL};
	dialled();
	world_progress(&w, 0, leg, 180, false);
	world_progress(&w, 0, leg, 180, false);
	world_answered(&w, 0, leg, NULL);
	story_is(calls_story(calls_find(w.c, sid)), alive);
	world_reply(&w, 0, 200, XML, "<Response><Hangup/></Response>");
	assert_string_equal(world_last(&w, sid)->story, "");
	world_ended(&w, 0, leg, DP_END_LOCAL_HANGUP, 0, true, NULL);
	story_is(world_last(&w, sid)->story, ended);
}

static void a_story_has_an_end_however_long_it_is(void **state)
{
	dialled();
	for (uint16_t i = 0; i < 1000; i++)
		world_progress(&w, 0, leg, 180 + i % 4, false);
	world_ended_saying(&w, 0, leg, DP_END_REJECTED, 486, "Busy Here\r\n1 forged");
	const char *story = world_last(&w, sid)->story;
	assert_true(strlen(story) < 6144 + 1);
	assert_non_null(strstr(story, " busy: the far side answered 486 Busy Here??1 forged\n"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_response_with_its_reason_and_warning_is_told),
	    T(a_challenge_that_cannot_be_answered_is_told),
	    T(the_timer_that_ran_out_is_told_with_its_length),
	    T(silence_is_told_with_the_timer_that_waited),
	    T(a_network_that_refuses_is_told),
	    T(a_cancel_is_told_with_who_wanted_it),
	    T(a_call_canceled_in_the_queue_is_told),
	    T(the_address_that_was_refused_is_told),
	    T(the_webhook_attempt_that_broke_is_the_reason_of_the_hangup),
	    T(the_longest_time_is_told_when_it_ends_a_call),
	    T(a_call_tells_its_story_while_it_lives_and_leaves_it_with_its_record),
	    T(a_story_has_an_end_however_long_it_is),
	    T(a_call_that_completed_has_nothing_to_explain),
	};
	return cmocka_run_group_tests_name("call_why", tests, NULL, NULL);
}
