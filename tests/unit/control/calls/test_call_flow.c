/* SPDX-License-Identifier: Apache-2.0 */
/* One leg from the REST request to its end. */
#include "tests/unit/control/calls/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define TO  "sip:kate@example.com"
#define URL "http://app.example.com/voice"
#define CB  "http://app.example.com/cb"
#define ALL "initiated ringing answered completed"

static struct world w;
static struct call_error err;
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

static int update(const char *status)
{
	struct form f = {0};
	struct call *call = calls_find(w.c, sid);
	assert_non_null(call);
	form_add(&f, "Status", status);
	int rc = calls_update(w.c, call, &f, &err);
	form_fini(&f);
	return rc;
}

/* Up to the answer, with TwiML by URL and all four events. */
static void answered_call(void)
{
	world_call(&w, sid, "To", TO "?x-a=1%26x-b=2", "From", "Jack", "Url", URL, "StatusCallback", CB,
	    "StatusCallbackEvent", ALL, NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, leg);
	world_progress(&w, 0, leg, 180, false);
	world_answered(&w, 0, leg, "X-Note: hi\r\n");
}

static void ended_as(const char *status)
{
	assert_null(calls_find(w.c, sid));
	assert_int_equal(calls_live(w.c), 0);
	assert_int_equal(world_terminals(&w, sid), 1);
	assert_string_equal(world_last(&w, sid)->status, status);
	assert_true(world_last(&w, sid)->end_time > 0);
	assert_true(world_last(&w, sid)->reason[0]);
	assert_int_equal(w.n_timer, 0);
}

static void the_invite_carries_what_was_asked_for(void **state)
{
	world_call(&w, sid, "To", TO ":5070;region=ie1?x-a=1&foo=2", "From", "Jack", "Url", URL, "Timeout",
	    "7", NULL);
	assert_string_equal(w.resolve[0].host, "example.com");
	assert_int_equal(w.n_sent, 0);
	world_resolved(&w, 0, "192.0.2.9");
	const struct dp_cmd *c = &w.sent[0];
	assert_int_equal(c->type, DP_CMD_ORIGINATE);
	assert_int_equal(c->orig.target.port, 5070);
	assert_int_equal(c->orig.target.a.b[3], 9);
	assert_int_equal(c->orig.ring_timeout_ms, 7000);
	assert_int_equal(c->orig.codecs, DP_CODECS_BOTH);
	assert_span(dp_cmd_span(c, c->orig.ruri), "sip:kate@example.com:5070;region=ie1");
	assert_span(dp_cmd_span(c, c->orig.from_user), "Jack");
	assert_span(dp_cmd_span(c, c->orig.headers), "x-a: 1\r\n");
	assert_span(dp_cmd_span(c, c->orig.account_sid), "AC00000000000000000000000000000001");
	assert_memory_equal(dp_cmd_span(c, c->orig.call_sid).p, sid, 34);
}

static void default_port_is_5060_and_default_timeout_60(void **state)
{
	world_call(&w, sid, "To", TO, "Url", URL, NULL);
	world_resolved(&w, 0, "192.0.2.9");
	assert_int_equal(w.sent[0].orig.target.port, 5060);
	assert_int_equal(w.sent[0].orig.ring_timeout_ms, 60000);
}

static void events_are_told_in_order_with_their_numbers(void **state)
{
	static const char *const status[] = {"initiated", "ringing", "in-progress"};
	answered_call();
	assert_int_equal(w.n_hook, 4); /* the fourth fetches the document */
	for (uint32_t i = 0; i < 3; i++) {
		char n[2] = {(char)('0' + i), 0};
		assert_string_equal(w.hook[i].url, CB);
		assert_true(w.hook[i].post);
		world_param_is(&w, i, "CallStatus", status[i]);
		world_param_is(&w, i, "SequenceNumber", n);
		world_param_is(&w, i, "CallbackSource", "call-progress-events");
		world_param_is(&w, i, "Timestamp", "Tue, 31 Aug 2010 20:30:36 +0000");
		world_param_is(&w, i, "CallSid", sid);
		world_param_is(&w, i, "Direction", "outbound-api");
		assert_null(world_param(&w, i, "CallDuration"));
	}
	world_reply(&w, 3, 200, XML, "<Response><Pause length='61'/></Response>");
	world_pass(&w, 61 * WORLD_S);
	assert_int_equal(w.sent[1].type, DP_CMD_HANGUP);
	assert_int_equal(w.sent[1].leg, leg);
	world_ended(&w, 0, leg, DP_END_LOCAL_HANGUP, 0, true, NULL);
	world_param_is(&w, 4, "CallStatus", "completed");
	world_param_is(&w, 4, "SequenceNumber", "3");
	world_param_is(&w, 4, "CallDuration", "61");
	world_param_is(&w, 4, "Duration", "2");
	world_param_is(&w, 4, "SipResponseCode", "200");
	assert_int_equal(world_last(&w, sid)->duration, 61);
	ended_as("completed");
}

static void the_document_request_carries_twilios_parameters(void **state)
{
	answered_call();
	assert_string_equal(w.hook[3].url, URL);
	world_param_is(&w, 3, "CallSid", sid);
	world_param_is(&w, 3, "AccountSid", "AC00000000000000000000000000000001");
	world_param_is(&w, 3, "From", "Jack");
	world_param_is(&w, 3, "To", TO "?x-a=1%26x-b=2");
	world_param_is(&w, 3, "Caller", "sip:Jack@198.51.100.1");
	world_param_is(&w, 3, "Called", TO);
	world_param_is(&w, 3, "CallStatus", "in-progress");
	world_param_is(&w, 3, "ApiVersion", "2010-04-01");
	world_param_is(&w, 3, "SipCallId", "callid-0@198.51.100.1");
	world_param_is(&w, 3, "SipDomain", "example.com");
	world_param_is(&w, 3, "SipSourceIp", "192.0.2.9");
	world_param_is(&w, 3, "SipHeader_X-Note", "hi");
	assert_null(world_param(&w, 3, "ParentCallSid"));
}

static void completed_alone_is_told_by_default(void **state)
{
	world_call(&w, sid, "To", TO, "Twiml", "<Response/>", "StatusCallback", CB, "StatusCallbackMethod",
	    "GET", NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, leg);
	world_progress(&w, 0, leg, 180, false);
	world_answered(&w, 0, leg, NULL);
	world_ended(&w, 0, leg, DP_END_LOCAL_HANGUP, 0, true, NULL);
	assert_int_equal(w.n_hook, 1);
	assert_false(w.hook[0].post);
	world_param_is(&w, 0, "SequenceNumber", "0");
	ended_as("completed");
}

static void status_follows_the_leg_in_the_record(void **state)
{
	world_call(&w, sid, "To", TO, "Url", URL, NULL);
	world_resolved(&w, 0, "192.0.2.9");
	assert_string_equal(call_row(calls_find(w.c, sid))->status, "queued");
	world_started(&w, 0, leg);
	assert_string_equal(world_last(&w, sid)->status, "queued");
	assert_true(world_last(&w, sid)->start_time > 0);
	world_progress(&w, 0, leg, 183, true);
	assert_string_equal(world_last(&w, sid)->status, "ringing");
	world_progress(&w, 0, leg, 180, false);
	world_answered(&w, 0, leg, NULL);
	assert_string_equal(world_last(&w, sid)->status, "in-progress");
	const char *names[16];
	uint32_t counts[16];
	assert_int_equal(calls_by_status(w.c, names, counts), 3);
	assert_int_equal(counts[0] + counts[1], 0);
	assert_int_equal(counts[2], 1);
}

static void final_responses_map_to_statuses_by_one_table(void **state)
{
	static const struct {
		enum dp_end_cause cause;
		uint16_t sip;
		bool progressed;
		const char *status;
	} rows[] = {
	    {DP_END_REJECTED, 486, true, "busy"},
	    {DP_END_REJECTED, 600, false, "busy"},
	    {DP_END_REJECTED, 480, false, "no-answer"},
	    {DP_END_REJECTED, 603, true, "no-answer"},
	    {DP_END_REJECTED, 408, true, "no-answer"},
	    {DP_END_REJECTED, 408, false, "failed"},
	    {DP_END_RING_TIMEOUT, 487, true, "no-answer"},
	    {DP_END_REJECTED, 487, true, "failed"},
	    {DP_END_REJECTED, 404, false, "failed"},
	    {DP_END_REJECTED, 484, false, "failed"},
	    {DP_END_REJECTED, 604, false, "failed"},
	    {DP_END_REJECTED, 403, false, "failed"},
	    {DP_END_REJECTED, 302, false, "failed"},
	    {DP_END_REJECTED, 503, false, "failed"},
	    {DP_END_NO_RESPONSE, 408, false, "failed"},
	    {DP_END_NO_RESPONSE, 408, true, "no-answer"},
	    {DP_END_TRANSPORT, 0, false, "failed"},
	    {DP_END_MEDIA, 488, true, "failed"},
	    {DP_END_PROTOCOL, 0, true, "failed"},
	    {DP_END_CAPACITY, 503, false, "failed"},
	    {DP_END_BAD_COMMAND, 0, false, "failed"},
	    {DP_END_SHUTDOWN, 0, false, "failed"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		world_forget(&w);
		world_call(&w, sid, "To", TO, "Url", URL, "StatusCallback", CB, NULL);
		world_resolved(&w, 0, "192.0.2.9");
		world_started(&w, 0, leg);
		world_ended(&w, 0, leg, rows[i].cause, rows[i].sip, rows[i].progressed, NULL);
		ended_as(rows[i].status);
		assert_int_equal(world_last(&w, sid)->sip_status, rows[i].sip);
		assert_int_equal(world_last(&w, sid)->duration, -1);
		assert_int_equal(w.n_hook, 1);
		world_param_is(&w, 0, "CallStatus", rows[i].status);
		world_param_is(&w, 0, "CallDuration", "0");
		world_param_is(&w, 0, "Duration", "0");
		world_reply(&w, 0, 204, NULL, NULL);
	}
}

static void a_challenge_ends_the_call_with_a_clear_reason(void **state)
{
	for (int code = 401; code <= 407; code += 6) {
		world_forget(&w);
		world_call(&w, sid, "To", TO, "Url", URL, NULL);
		world_resolved(&w, 0, "192.0.2.9");
		world_started(&w, 0, leg);
		world_ended(&w, 0, leg, DP_END_REJECTED, (uint16_t)code, false, NULL);
		ended_as("failed");
		assert_non_null(strstr(world_last(&w, sid)->reason, "credentials"));
		assert_non_null(world_noted(&w, 32202));
	}
}

static void a_host_that_does_not_resolve_fails_the_call(void **state)
{
	world_call(&w, sid, "To", TO, "Url", URL, "StatusCallback", CB, "StatusCallbackEvent", ALL, NULL);
	world_resolved(&w, 0, NULL);
	ended_as("failed");
	assert_non_null(world_noted(&w, 13254));
	assert_non_null(strstr(world_last(&w, sid)->reason, "NXDOMAIN"));
	assert_int_equal(w.n_hook, 1);
	world_param_is(&w, 0, "CallStatus", "failed");
	world_resolved(&w, 0, "192.0.2.9");
	assert_int_equal(w.n_sent, 0);
}

static void transports_that_are_not_built_fail_the_call_with_a_reason(void **state)
{
	static const char *const to[] = {
	    TO ";transport=tcp", TO ";transport=tls", TO ";secure=true", "sips:kate@example.com"};
	for (int i = 0; i < 4; i++) {
		world_forget(&w);
		world_call(&w, sid, "To", to[i], "Url", URL, NULL);
		assert_int_equal(w.n_resolve + w.n_sent, 0);
		ended_as("failed");
		assert_non_null(world_noted(&w, 32114));
		assert_non_null(strstr(world_last(&w, sid)->reason, i == 2 ? "not built yet" : "not switched on"));
	}
}

static void a_full_ring_is_tried_again_and_then_given_up(void **state)
{
	w.originate_rc = -EAGAIN;
	world_call(&w, sid, "To", TO, "Url", URL, NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_pass(&w, WORLD_S);
	assert_non_null(calls_find(w.c, sid));
	w.originate_rc = 0;
	world_pass(&w, WORLD_S / 10);
	assert_int_equal(w.n_sent, 1);
	world_ended(&w, 0, 0, DP_END_CAPACITY, 503, false, NULL);
	ended_as("failed");
	w.originate_rc = -EAGAIN;
	world_call(&w, sid, "To", TO, "Url", URL, NULL);
	world_resolved(&w, 1, "192.0.2.9");
	world_pass(&w, 3 * WORLD_S);
	ended_as("failed");
}

static void canceled_while_queued_is_never_told_to_the_application(void **state)
{
	world_call(&w, sid, "To", TO, "Url", URL, "StatusCallback", CB, "StatusCallbackEvent", ALL, NULL);
	struct call *call = calls_find(w.c, sid);
	assert_int_equal(update("canceled"), 0);
	assert_string_equal(
	    call_row(call)->status, "canceled"); /* still good for the answer to the request */
	world_resolved(&w, 0, "192.0.2.9");
	assert_int_equal(w.n_sent + w.n_hook, 0);
	ended_as("canceled");
}

static void canceled_before_it_is_on_disk_never_dials(void **state)
{
	struct call *call = world_create(&w, &err, "To", TO, "Url", URL, NULL);
	memcpy(sid, call_row(call)->sid, 35);
	assert_int_equal(update("canceled"), 0);
	calls_start(w.c, call);
	world_pass(&w, WORLD_S);
	assert_int_equal(w.n_resolve + w.n_sent, 0);
	ended_as("canceled");
}

static void canceled_before_started_hangs_up_as_soon_as_there_is_a_leg(void **state)
{
	world_call(&w, sid, "To", TO, "Url", URL, "StatusCallback", CB, NULL);
	world_resolved(&w, 0, "192.0.2.9");
	assert_int_equal(update("canceled"), 0);
	assert_int_equal(w.n_sent, 1);
	world_started(&w, 0, leg);
	assert_int_equal(w.sent[1].type, DP_CMD_HANGUP);
	world_ended(&w, 0, leg, DP_END_CANCELED, 487, true, NULL);
	ended_as("canceled");
	assert_int_equal(w.n_hook, 1);
	world_param_is(&w, 0, "CallStatus", "canceled");
}

static void completed_while_ringing_cancels(void **state)
{
	world_call(&w, sid, "To", TO, "Url", URL, NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, leg);
	world_progress(&w, 0, leg, 180, false);
	assert_int_equal(update("completed"), 0);
	assert_int_equal(update("canceled"), 0);
	assert_int_equal(w.n_sent, 2);
	world_ended(&w, 0, leg, DP_END_CANCELED, 487, true, NULL);
	ended_as("canceled");
}

static void an_answer_that_crosses_the_cancel_runs_nothing(void **state)
{
	world_call(&w, sid, "To", TO, "Url", URL, NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, leg);
	assert_int_equal(update("canceled"), 0);
	world_answered(&w, 0, leg, NULL);
	assert_int_equal(w.n_hook, 0);
	world_ended(&w, 0, leg, DP_END_LOCAL_HANGUP, 200, true, NULL);
	ended_as("canceled");
}

static void in_progress_can_be_completed_but_not_canceled(void **state)
{
	answered_call();
	assert_int_equal(update("canceled"), -1);
	assert_int_equal(err.code, 21220);
	assert_int_equal(err.http_status, 400);
	assert_int_equal(update("completed"), 0);
	assert_int_equal(w.sent[1].type, DP_CMD_HANGUP);
	world_ended(&w, 0, leg, DP_END_LOCAL_HANGUP, 0, true, NULL);
	ended_as("completed");
	world_reply(&w, 3, 200, XML, "<Response><Dial><Sip>a@b</Sip></Dial></Response>");
	assert_int_equal(w.n_sent, 2);
}

static void the_time_limit_hangs_up(void **state)
{
	world_call(&w, sid, "To", TO, "Twiml", "<Response><Pause length='80000'/></Response>", "TimeLimit",
	    "100", NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, leg);
	world_answered(&w, 0, leg, NULL);
	world_pass(&w, 99 * WORLD_S);
	assert_int_equal(w.n_sent, 1);
	world_pass(&w, 2 * WORLD_S);
	assert_int_equal(w.sent[1].type, DP_CMD_HANGUP);
	world_ended(&w, 0, leg, DP_END_LOCAL_HANGUP, 0, true, NULL);
	ended_as("completed");
	assert_non_null(strstr(world_last(&w, sid)->reason, "longest time"));
}

static void hung_up_with(int code)
{
	assert_non_null(world_noted(&w, code));
	assert_int_equal(w.sent[1].type, DP_CMD_HANGUP);
	world_ended(&w, 0, leg, DP_END_LOCAL_HANGUP, 0, true, NULL);
	ended_as("completed");
}

static void a_document_that_cannot_be_had_ends_the_call(void **state)
{
	static const struct {
		int error, code;
		long status;
		const char *type, *body;
	} rows[] = {
	    {11205, 11205, 0, NULL, NULL},
	    {11210, 11210, 0, NULL, NULL},
	    {11750, 11750, 200, XML, NULL},
	    {0, 11200, 500, XML, "<Response/>"},
	    {0, 11200, 404, XML, "<Response/>"},
	    {0, 12300, 200, "image/png", "x"},
	    {0, 12300, 200, "audio/mpeg", "x"},
	    {0, 12300, 200, "text/plain; charset=utf-8", "Hello, this would be spoken"},
	    {0, 12100, 200, "text/plain", "<Response>"},
	    {0, 12100, 200, XML, "<Response>"},
	    {0, 12100, 200, XML, "<!DOCTYPE a><Response/>"},
	    {0, 12102, 200, XML, "<html/>"},
	    {0, 11770, 200, XML, ""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		world_forget(&w);
		world_call(&w, sid, "To", TO, "Url", URL, NULL);
		world_resolved(&w, 0, "192.0.2.9");
		world_started(&w, 0, leg);
		world_answered(&w, 0, leg, NULL);
		if (rows[i].error)
			world_reply_error(&w, 0, rows[i].error, "it broke", false);
		else
			world_reply(&w, 0, rows[i].status, rows[i].type, rows[i].body);
		hung_up_with(rows[i].code);
		assert_string_equal(world_noted(&w, rows[i].code)->url, URL);
	}
}

static void answered_with_fallback(const char *fallback)
{
	world_forget(&w);
	if (fallback)
		world_call(&w, sid, "To", TO, "Url", URL, "FallbackUrl", fallback, NULL);
	else
		world_call(&w, sid, "To", TO, "Url", URL, NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, leg);
	world_answered(&w, 0, leg, NULL);
}

static void pauses(uint32_t seconds)
{
	assert_int_equal(w.n_sent, 1);
	world_pass(&w, seconds * WORLD_S - 1);
	assert_int_equal(w.n_sent, 1);
	world_pass(&w, 1);
	assert_int_equal(w.sent[1].type, DP_CMD_HANGUP);
	world_ended(&w, 0, leg, DP_END_LOCAL_HANGUP, 0, true, NULL);
}

static void the_last_good_document_is_a_parachute_for_who_wants_it(void **state)
{
	world_fini(&w);
	world_init_good(&w);
	answered_with_fallback(NULL);
	world_reply(&w, 0, 200, XML, "<Response><Pause length='3'/></Response>");
	pauses(3);
	world_pass(&w, 100 * WORLD_S);
	answered_with_fallback(NULL);
	world_reply_error(&w, 0, 11205, "Connection refused", false);
	assert_non_null(strstr(world_noted(&w, 11205)->text, "Connection refused; the last good answer, 10"));
	pauses(3);
	/* A document that does not run is none. */
	answered_with_fallback(NULL);
	world_reply(&w, 0, 200, XML, "<Response>");
	assert_non_null(world_noted(&w, 12100));
	pauses(3);
	/* The fallback comes first; when it fails as well, what the URL was. */
	answered_with_fallback("http://fb/x");
	world_reply(&w, 0, 500, XML, "");
	assert_string_equal(w.hook[1].url, "http://fb/x");
	world_reply(&w, 1, 500, XML, "");
	pauses(3);
}

static void nothing_is_kept_for_who_does_not_want_it(void **state)
{
	answered_with_fallback(NULL);
	world_reply(&w, 0, 200, XML, "<Response><Pause length='3'/></Response>");
	pauses(3);
	answered_with_fallback(NULL);
	world_reply_error(&w, 0, 11205, "Connection refused", false);
	hung_up_with(11205);
}

static void the_fallback_takes_over_with_the_error(void **state)
{
	world_call(
	    &w, sid, "To", TO, "Url", URL, "FallbackUrl", "http://fb/x", "FallbackMethod", "GET", NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, leg);
	world_answered(&w, 0, leg, NULL);
	world_reply(&w, 0, 503, XML, "");
	assert_string_equal(w.hook[1].url, "http://fb/x");
	assert_false(w.hook[1].post);
	world_param_is(&w, 1, "ErrorCode", "11200");
	world_param_is(&w, 1, "ErrorUrl", URL);
	world_param_is(&w, 1, "CallSid", sid);
	world_reply(&w, 1, 200, "application/xml; charset=utf-8", "<Response><Pause length='5'/></Response>");
	assert_int_equal(w.n_sent, 1);
	world_pass(&w, 5 * WORLD_S);
	hung_up_with(11200);
}

static void a_url_that_cannot_be_requested_ends_the_call(void **state)
{
	w.webhook_rc = -EINVAL;
	world_call(&w, sid, "To", TO, "Url", URL, "FallbackUrl", "http://fb/x", NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, leg);
	world_answered(&w, 0, leg, NULL);
	hung_up_with(11100);
}

static void redirect_is_relative_to_the_document(void **state)
{
	answered_call();
	world_reply(&w, 3, 200, XML, "<Response><Redirect method='GET'>next?b=1</Redirect></Response>");
	assert_string_equal(w.hook[4].url, "http://app.example.com/next?b=1");
	assert_false(w.hook[4].post);
	world_reply(&w, 4, 200, XML, "<Response><Redirect/></Response>");
	assert_string_equal(w.hook[5].url, "http://app.example.com/next?b=1");
}

static void relative_urls_in_inline_twiml_are_15004(void **state)
{
	world_call(&w, sid, "To", TO, "Twiml", "<Response><Redirect>/next</Redirect></Response>", NULL);
	world_resolved(&w, 0, "192.0.2.9");
	world_started(&w, 0, leg);
	world_answered(&w, 0, leg, NULL);
	hung_up_with(15004);
}

static void what_twiml_cannot_do_yet_is_notified_with_its_place(void **state)
{
	answered_call();
	world_reply(&w, 3, 200, XML, "<Response>\n <Say>hi</Say><Pause/></Response>");
	assert_non_null(world_noted(&w, 12200));
	assert_non_null(strstr(world_noted(&w, 12200)->text, "not built yet: <Say>"));
	assert_non_null(strstr(world_noted(&w, 12200)->text, "line 2, column 2"));
	assert_false(world_noted(&w, 12200)->error);
}

static void callbacks_that_fail_are_noted_and_nothing_else(void **state)
{
	answered_call();
	world_reply(&w, 0, 500, NULL, NULL);
	assert_int_equal(w.note[0].code, 15003);
	assert_string_equal(w.note[0].url, CB);
	world_reply_error(&w, 1, 11200, "timed out", true);
	assert_int_equal(w.note[1].code, 15002);
	world_reply(&w, 2, 204, NULL, NULL);
	assert_int_equal(w.n_note, 2);
	assert_non_null(calls_find(w.c, sid));
	world_ended(&w, 0, leg, DP_END_REMOTE_BYE, 0, true, NULL);
	ended_as("completed");
	world_reply_error(&w, 4, 11205, "refused", false);
	assert_int_equal(w.note[2].code, 11205);
	assert_string_equal(w.note[2].call_sid, sid);
}

static void calls_are_found_by_their_sid_among_many(void **state)
{
	static char sids[300][35];
	struct world *many = calloc(1, sizeof *many);
	world_init(many, 300);
	for (int i = 0; i < 300; i++)
		world_call(many, sids[i], "To", TO, "Url", URL, NULL);
	for (int i = 0; i < 300; i++)
		assert_string_equal(call_row(calls_find(many->c, sids[i]))->sid, sids[i]);
	for (uint32_t i = 0; i < 300; i += 2)
		world_resolved(many, i, NULL);
	calls_timer(many->c, 0);
	for (int i = 0; i < 300; i++)
		assert_int_equal(calls_find(many->c, sids[i]) != NULL, i % 2);
	assert_null(calls_find(many->c, "CA"));
	world_fini(many);
	free(many);
}

static void the_far_side_hanging_up_ends_a_pause(void **state)
{
	answered_call();
	world_reply(&w, 3, 200, XML, "<Response><Pause length='10'/><Redirect/></Response>");
	world_ended(&w, 0, leg, DP_END_REMOTE_BYE, 0, true, NULL);
	ended_as("completed");
	world_pass(&w, 20 * WORLD_S);
	assert_int_equal(w.n_hook, 5);
	assert_int_equal(w.n_sent, 1);
}

static void a_call_that_was_up_at_a_crash_is_closed_and_told(void **state)
{
	struct call_row r = {.sid = "CA00000000000000000000000000000009",
	    .account_sid = "AC00000000000000000000000000000001",
	    .to = TO,
	    .from = "Jack",
	    .status = "in-progress",
	    .direction = "outbound-api",
	    .start_time = 1283286000,
	    .answer_time = 1283286005,
	    .duration = -1,
	    .status_callback = CB,
	    .status_callback_method = "POST",
	    .events = 15,
	    .next_sequence = 3};
	memcpy(sid, r.sid, 35);
	calls_recover(w.c, &r);
	ended_as("failed");
	assert_int_equal(w.n_hook, 1);
	world_param_is(&w, 0, "CallStatus", "failed");
	world_param_is(&w, 0, "SequenceNumber", "3");
	world_param_is(&w, 0, "CallSid", sid);
	assert_int_equal(world_last(&w, sid)->start_time, 1283286000);
	r.status_callback = NULL;
	r.sid[33]++;
	calls_recover(w.c, &r);
	assert_int_equal(w.n_hook, 1);
}

static void shutdown_ends_every_call(void **state)
{
	char other[35];
	answered_call();
	world_call(&w, other, "To", TO, "Url", URL, NULL);
	calls_shutdown(w.c);
	assert_null(calls_find(w.c, other));
	assert_int_equal(w.sent[1].type, DP_CMD_HANGUP);
	world_ended(&w, 0, leg, DP_END_SHUTDOWN, 0, true, NULL);
	ended_as("completed");
}

static void events_of_unknown_calls_are_ignored(void **state)
{
	struct dp_event e = {.type = DP_EV_ANSWERED, .cookie = UINT64_C(0x0100000100000000)};
	calls_dp_event(w.c, &e);
	calls_timer(w.c, e.cookie);
	calls_resolved(w.c, e.cookie, NULL, 0, NULL);
	calls_stored(w.c, e.cookie, false, "full");
	calls_http_done(w.c, e.cookie, &(struct http_result){0});
	answered_call();
	e.cookie = w.sent[0].cookie + (UINT64_C(1) << 32);
	e.type = DP_EV_ENDED;
	calls_dp_event(w.c, &e);
	e.cookie = w.sent[0].cookie;
	e.type = 200;
	calls_dp_event(w.c, &e);
	assert_non_null(calls_find(w.c, sid));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_invite_carries_what_was_asked_for),
	    T(default_port_is_5060_and_default_timeout_60),
	    T(events_are_told_in_order_with_their_numbers),
	    T(the_document_request_carries_twilios_parameters),
	    T(completed_alone_is_told_by_default),
	    T(status_follows_the_leg_in_the_record),
	    T(final_responses_map_to_statuses_by_one_table),
	    T(a_challenge_ends_the_call_with_a_clear_reason),
	    T(a_host_that_does_not_resolve_fails_the_call),
	    T(transports_that_are_not_built_fail_the_call_with_a_reason),
	    T(a_full_ring_is_tried_again_and_then_given_up),
	    T(canceled_while_queued_is_never_told_to_the_application),
	    T(canceled_before_it_is_on_disk_never_dials),
	    T(canceled_before_started_hangs_up_as_soon_as_there_is_a_leg),
	    T(completed_while_ringing_cancels),
	    T(an_answer_that_crosses_the_cancel_runs_nothing),
	    T(in_progress_can_be_completed_but_not_canceled),
	    T(the_time_limit_hangs_up),
	    T(a_document_that_cannot_be_had_ends_the_call),
	    T(the_last_good_document_is_a_parachute_for_who_wants_it),
	    T(nothing_is_kept_for_who_does_not_want_it),
	    T(the_fallback_takes_over_with_the_error),
	    T(a_url_that_cannot_be_requested_ends_the_call),
	    T(redirect_is_relative_to_the_document),
	    T(relative_urls_in_inline_twiml_are_15004),
	    T(what_twiml_cannot_do_yet_is_notified_with_its_place),
	    T(callbacks_that_fail_are_noted_and_nothing_else),
	    T(calls_are_found_by_their_sid_among_many),
	    T(the_far_side_hanging_up_ends_a_pause),
	    T(a_call_that_was_up_at_a_crash_is_closed_and_told),
	    T(shutdown_ends_every_call),
	    T(events_of_unknown_calls_are_ignored),
	};
	return cmocka_run_group_tests_name("call_flow", tests, NULL, NULL);
}
