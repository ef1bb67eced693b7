/* SPDX-License-Identifier: Apache-2.0 */
/* POST Calls.json: what is taken, and Twilio's code for what is not. */
#include "tests/unit/control/calls/world.h"

#include <stdio.h>
#include <stdlib.h>

#define TO  "sip:kate@example.com"
#define URL "http://app.example.com/voice"

static struct world w;
static struct call_error err;

static int setup(void **state)
{
	world_init(&w, 4);
	return 0;
}

static int teardown(void **state)
{
	world_fini(&w);
	return 0;
}

#define REFUSED(code_, ...)                                                                                  \
	do {                                                                                                 \
		memset(&err, 0, sizeof err);                                                                 \
		assert_null(world_create(&w, &err, __VA_ARGS__, NULL));                                      \
		assert_int_equal(err.code, code_);                                                           \
		assert_int_equal(err.http_status, (code_) == 20429 ? 429 : 400);                             \
		assert_true(err.message[0]);                                                                 \
		assert_int_equal(calls_live(w.c), live);                                                     \
	} while (0)

static void a_call_is_queued_with_a_sid_of_its_own(void **state)
{
	struct call *call = world_create(&w, &err, "To", TO, "From", "Jack", "Url", URL, NULL);
	assert_non_null(call);
	const struct call_row *r = call_row(call);
	assert_int_equal(strlen(r->sid), 34);
	assert_memory_equal(r->sid, "CA", 2);
	assert_int_equal(strspn(r->sid + 2, "0123456789abcdef"), 32);
	assert_string_equal(r->status, "queued");
	assert_string_equal(r->direction, "outbound-api");
	assert_string_equal(r->to, TO);
	assert_string_equal(r->from, "Jack");
	assert_int_equal(r->duration, -1);
	assert_int_equal(r->date_created, 1283286636);
	assert_int_equal(r->start_time, 0);
	assert_int_equal(r->end_time, 0);
	assert_ptr_equal(calls_find(w.c, r->sid), call);
	assert_int_equal(w.n_sent + w.n_resolve + w.n_save, 0);
	calls_discard(w.c, call);
	assert_int_equal(calls_live(w.c), 0);
}

static void to_is_checked(void **state)
{
	uint32_t live = 0;
	char longuri[300], headers[1200];
	snprintf(longuri, sizeof longuri, "sip:%0*d@example.com", 255 - 16, 0);
	snprintf(headers, sizeof headers, TO "?x-a=%0*d", 1020, 0);
	REFUSED(21201, "Url", URL);
	REFUSED(21201, "To", "", "Url", URL);
	REFUSED(21217, "To", "+15551234567", "Url", URL);
	REFUSED(21217, "To", "client:bob", "Url", URL);
	REFUSED(21217, "To", "tel:+15551234567", "Url", URL);
	REFUSED(21217, "To", "kate@example.com", "Url", URL);
	REFUSED(21211, "To", "sip:", "Url", URL);
	REFUSED(21211, "To", "sip:a b@c", "Url", URL);
	REFUSED(21211, "To", longuri, "Url", URL);
	REFUSED(21227, "To", headers, "Url", URL);
	REFUSED(21228, "To", TO "?x-a%0a=1", "Url", URL);
	REFUSED(21229, "To", TO "?x-a=1%0d%0aVia:x", "Url", URL);
}

static void from_is_optional_and_checked(void **state)
{
	uint32_t live = 0;
	REFUSED(21212, "To", TO, "From", "a b", "Url", URL);
	REFUSED(21212, "To", TO, "From", "a\"b", "Url", URL);
	REFUSED(21212, "To", TO, "From", "sip:a@b", "Url", URL);
	char longfrom[140];
	snprintf(longfrom, sizeof longfrom, "%0129d", 0);
	REFUSED(21212, "To", TO, "From", longfrom, "Url", URL);
	struct call *call = world_create(&w, &err, "To", TO, "Url", URL, NULL);
	assert_string_equal(call_row(call)->from, "anonymous");
	calls_discard(w.c, call);
	call = world_create(&w, &err, "To", TO, "From", "+1-5_5.x", "Url", URL, NULL);
	assert_non_null(call);
	calls_discard(w.c, call);
}

static void a_program_is_required(void **state)
{
	uint32_t live = 0;
	char twiml[8200];
	REFUSED(21205, "To", TO);
	REFUSED(21205, "To", TO, "Url", "/relative");
	REFUSED(21205, "To", TO, "Url", "ftp://example.com/");
	REFUSED(21205, "To", TO, "Url", "http://");
	REFUSED(21205, "To", TO, "Url", "http://:80/");
	REFUSED(21205, "To", TO, "Url", "http://exa mple.com/");
	REFUSED(21205, "To", TO, "Url", "http://u@exa_mple.com/");
	REFUSED(21205, "To", TO, "Url", URL, "FallbackUrl", "nonsense");
	REFUSED(21218, "To", TO, "ApplicationSid", "AP00000000000000000000000000000000");
	for (int i = 0; i < 4000; i++)
		memcpy(twiml + 2 * i, "\xc3\xa9", 2);
	twiml[8000] = '\0';
	struct call *call = world_create(&w, &err, "To", TO, "Twiml", twiml, NULL);
	assert_non_null(call);
	calls_discard(w.c, call);
	strcpy(twiml + 8000, "x");
	REFUSED(32018, "To", TO, "Twiml", twiml);
}

static void methods_and_numbers_are_checked(void **state)
{
	uint32_t live = 0;
	REFUSED(21209, "To", TO, "Url", URL, "Method", "PUT");
	REFUSED(21209, "To", TO, "Url", URL, "FallbackMethod", "x");
	REFUSED(21209, "To", TO, "Url", URL, "StatusCallbackMethod", "x");
	REFUSED(21208, "To", TO, "Url", URL, "Timeout", "0");
	REFUSED(21208, "To", TO, "Url", URL, "Timeout", "601");
	REFUSED(21208, "To", TO, "Url", URL, "Timeout", "-1");
	REFUSED(21208, "To", TO, "Url", URL, "Timeout", "ten");
	REFUSED(21206, "To", TO, "Url", URL, "SendDigits", "12x");
}

static void a_callback_url_with_an_underscore_in_its_host_is_refused(void **state)
{
	uint32_t live = 0;
	REFUSED(21609, "To", TO, "Url", URL, "StatusCallback", "http://my_host.example.com/cb");
	REFUSED(21609, "To", TO, "Url", URL, "StatusCallback", "/cb");
	struct call *call =
	    world_create(&w, &err, "To", TO, "Url", URL, "StatusCallback", "http://h/my_path", NULL);
	assert_non_null(call);
	assert_int_equal(call_row(call)->events, 8);
	assert_string_equal(call_row(call)->status_callback_method, "POST");
	calls_discard(w.c, call);
}

static void sip_credentials_are_checked_and_go_into_the_originate(void **state)
{
	uint32_t live = 0;
	char long_[300];
	memset(long_, 'a', 256);
	long_[256] = '\0';
	REFUSED(21221, "To", TO, "Url", URL, "SipAuthUsername", long_, "SipAuthPassword", "s3cret");
	REFUSED(21222, "To", TO, "Url", URL, "SipAuthUsername", "a\nb", "SipAuthPassword", "s3cret");
	REFUSED(21223, "To", TO, "Url", URL, "SipAuthUsername", "a", "SipAuthPassword", long_);
	REFUSED(21224, "To", TO, "Url", URL, "SipAuthUsername", "a", "SipAuthPassword", "s3cret\r");
	REFUSED(21225, "To", TO, "Url", URL, "SipAuthUsername", "a");
	char sid[35];
	world_call(&w, sid, "To", TO, "Url", URL, "SipAuthUsername", "a", "SipAuthPassword", "s3cret", NULL);
	assert_int_equal(w.n_note, 0);
	world_resolved(&w, w.n_resolve - 1, "192.0.2.1");
	const struct dp_cmd *c = &w.sent[w.n_sent - 1];
	assert_true(span_eq(dp_cmd_span(c, c->orig.auth_user), SPAN("a")));
	assert_true(span_eq(dp_cmd_span(c, c->orig.auth_password), SPAN("s3cret")));
	assert_null(strstr(w.log, "s3cret"));
}

static void values_of_parameters_without_effect_are_checked(void **state)
{
	char sid[35];
	uint32_t live = 0;
	REFUSED(21234, "To", TO, "Url", URL, "MachineDetection", "Perhaps");
	REFUSED(21234, "To", TO, "Url", URL, "MachineDetectionTimeout", "2");
	REFUSED(21234, "To", TO, "Url", URL, "MachineDetectionTimeout", "61");
	REFUSED(21234, "To", TO, "Url", URL, "MachineDetectionSpeechThreshold", "999");
	REFUSED(21234, "To", TO, "Url", URL, "MachineDetectionSpeechEndThreshold", "5001");
	REFUSED(21234, "To", TO, "Url", URL, "MachineDetectionSilenceTimeout", "1999");
	REFUSED(21234, "To", TO, "Url", URL, "AsyncAmd", "maybe");
	REFUSED(21609, "To", TO, "Url", URL, "AsyncAmdStatusCallback", "/relative");
	REFUSED(21209, "To", TO, "Url", URL, "AsyncAmdStatusCallbackMethod", "PUT");
	REFUSED(20422, "To", TO, "Url", URL, "Record", "yes");
	REFUSED(20422, "To", TO, "Url", URL, "RecordingChannels", "stereo");
	REFUSED(20422, "To", TO, "Url", URL, "RecordingTrack", "left");
	REFUSED(21609, "To", TO, "Url", URL, "RecordingStatusCallback", "ftp://x");
	REFUSED(21209, "To", TO, "Url", URL, "RecordingStatusCallbackMethod", "HEAD");
	REFUSED(20422, "To", TO, "Url", URL, "RecordingStatusCallbackEvent", "completed started");
	REFUSED(20422, "To", TO, "Url", URL, "Trim", "trim");
	REFUSED(20422, "To", TO, "Url", URL, "Byoc", "BY12");
	world_call(&w, sid, "To", TO, "Url", URL, "MachineDetection", "DetectMessageEnd",
	    "MachineDetectionTimeout", "60", "RecordingStatusCallbackEvent", "in-progress completed",
	    "RecordingStatusCallbackEvent", "absent", "Record", "true", "Trim", "do-not-trim", "AsyncAmd",
	    "True", NULL);
}

static void events_may_be_repeated_or_in_one_value(void **state)
{
	struct call *call = world_create(&w, &err, "To", TO, "Url", URL, "StatusCallback", "http://h/",
	    "StatusCallbackEvent", "initiated", "StatusCallbackEvent", "answered", NULL);
	assert_int_equal(call_row(call)->events, 5);
	calls_discard(w.c, call);
	call = world_create(&w, &err, "To", TO, "Url", URL, "StatusCallback", "http://h/",
	    "StatusCallbackEvent", "ringing completed", NULL);
	assert_int_equal(call_row(call)->events, 10);
	calls_start(w.c, call);
	assert_int_equal(w.n_note, 0);
	call = world_create(&w, &err, "To", TO, "Url", URL, "StatusCallback", "http://h/",
	    "StatusCallbackEvent", "hello", NULL);
	assert_int_equal(call_row(call)->events, 8);
	calls_start(w.c, call);
	assert_non_null(world_noted(&w, 21626));
}

static void unknown_and_unbuilt_parameters_are_told_once_the_call_exists(void **state)
{
	struct call *call = world_create(&w, &err, "To", TO, "Url", URL, "Twiml", "<Response/>",
	    "MachineDetection", "Enable", "Foo", "1", NULL);
	assert_non_null(call);
	assert_int_equal(w.n_note, 0);
	calls_start(w.c, call);
	assert_int_equal(w.n_note, 3);
	assert_non_null(world_noted(&w, 32019));
	assert_non_null(strstr(w.note[1].text, "not built yet: parameter MachineDetection"));
	assert_non_null(strstr(w.note[2].text, "Unknown parameter Foo"));
	assert_string_equal(w.note[2].call_sid, call_row(call)->sid);
}

static void a_dropped_header_is_told(void **state)
{
	char sid[35];
	world_call(&w, sid, "To", TO "?mycustomheader=foo&x-a=1", "Url", URL, NULL);
	assert_non_null(world_noted(&w, 32113));
	assert_non_null(strstr(world_noted(&w, 32113)->text, "mycustomheader"));
}

static void the_table_full_is_429(void **state)
{
	char sid[35];
	uint32_t live = 4;
	for (int i = 0; i < 4; i++)
		world_call(&w, sid, "To", TO, "Url", URL, NULL);
	REFUSED(20429, "To", TO, "Url", URL);
	struct call *call = calls_find(w.c, sid);
	struct form f = {0};
	form_add(&f, "Status", "canceled");
	assert_int_equal(calls_update(w.c, call, &f, &err), 0);
	form_fini(&f);
	world_call(&w, sid, "To", TO, "Url", URL, NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_call_is_queued_with_a_sid_of_its_own),
	    T(to_is_checked),
	    T(from_is_optional_and_checked),
	    T(a_program_is_required),
	    T(methods_and_numbers_are_checked),
	    T(a_callback_url_with_an_underscore_in_its_host_is_refused),
	    T(sip_credentials_are_checked_and_go_into_the_originate),
	    T(values_of_parameters_without_effect_are_checked),
	    T(events_may_be_repeated_or_in_one_value),
	    T(unknown_and_unbuilt_parameters_are_told_once_the_call_exists),
	    T(a_dropped_header_is_told),
	    T(the_table_full_is_429),
	};
	return cmocka_run_group_tests_name("call_create", tests, NULL, NULL);
}
