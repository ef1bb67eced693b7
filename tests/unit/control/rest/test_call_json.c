/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/call_json.h"
#include "control/rest/errors.h"
#include "control/rest/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AC "AC00000000000000000000000000000001"
#define CA "CA000000000000000000000000000000aa"

static struct call_row queued(void)
{
	return (struct call_row){.sid = CA,
	    .account_sid = AC,
	    .to = "sip:kate@example.com?X-a=1",
	    .from = "Jack",
	    .status = "queued",
	    .direction = "outbound-api",
	    .date_created = 1283286988,
	    .date_updated = 1283286988,
	    .duration = -1};
}

static struct call_row finished(void)
{
	struct call_row r = queued();
	strcpy(r.parent_sid, "CA000000000000000000000000000000bb");
	r.status = "completed";
	r.direction = "outbound-dial";
	r.answered_by = "human";
	r.caller_name = "Jack";
	r.forwarded_from = "+15551234567";
	r.start_time = 1283286988;
	r.end_time = 1283286998;
	r.duration = 10;
	r.queue_time_ms = 1000;
	return r;
}

/* Name and type as the API's description has them; 's' string, 'o' object, 'n' always null here. */
static const struct {
	const char *key;
	char type;
	bool may_be_null;
} fields[] = {{"account_sid", 's', false}, {"answered_by", 's', true}, {"api_version", 's', false},
    {"caller_name", 's', true}, {"date_created", 's', true}, {"date_updated", 's', true},
    {"direction", 's', false}, {"duration", 's', true}, {"end_time", 's', true},
    {"forwarded_from", 's', true}, {"from", 's', false}, {"from_formatted", 's', false},
    {"group_sid", 'n', true}, {"parent_call_sid", 's', true}, {"phone_number_sid", 'n', true},
    {"price", 'n', true}, {"price_unit", 's', false}, {"sid", 's', false}, {"start_time", 's', true},
    {"status", 's', false}, {"subresource_uris", 'o', false}, {"to", 's', false},
    {"to_formatted", 's', false}, {"trunk_sid", 'n', true}, {"uri", 's', false}, {"queue_time", 's', false}};

static void check_types(json_t *o)
{
	assert_int_equal(sizeof fields / sizeof fields[0], 26);
	assert_int_equal(json_object_size(o), 26);
	for (size_t i = 0; i < 26; i++) {
		json_t *v = json_object_get(o, fields[i].key);
		if (!v)
			fail_msg("missing: %s", fields[i].key);
		if (json_is_null(v) && fields[i].may_be_null)
			continue;
		if (fields[i].type == 'o' ? !json_is_object(v) : !json_is_string(v) || fields[i].type == 'n')
			fail_msg("wrong type: %s", fields[i].key);
	}
}

static void assert_text(json_t *o, const char *key, const char *want)
{
	json_t *v = json_object_get(o, key);
	if (!want)
		assert_true(json_is_null(v));
	else
		assert_string_equal(json_string_value(v), want);
}

static void twilio_s90_a_new_call_has_all_26_members(void **state)
{
	(void)state;
	struct call_row r = queued();
	json_t *o = call_json(&r);
	check_types(o);
	assert_text(o, "status", "queued");
	assert_text(o, "direction", "outbound-api");
	assert_text(o, "start_time", NULL);
	assert_text(o, "end_time", NULL);
	assert_text(o, "duration", NULL);
	assert_text(o, "parent_call_sid", NULL);
	assert_text(o, "price", NULL);
	assert_text(o, "price_unit", "USD");
	assert_text(o, "queue_time", "0");
	assert_text(o, "api_version", "2010-04-01");
	assert_text(o, "to", "sip:kate@example.com?X-a=1");
	assert_text(o, "uri", "/2010-04-01/Accounts/" AC "/Calls/" CA ".json");
	json_decref(o);
}

static void twilio_s91_a_finished_call_has_text_for_times_and_numbers(void **state)
{
	(void)state;
	struct call_row r = finished();
	json_t *o = call_json(&r);
	check_types(o);
	assert_text(o, "start_time", "Tue, 31 Aug 2010 20:36:28 +0000");
	assert_text(o, "end_time", "Tue, 31 Aug 2010 20:36:38 +0000");
	assert_text(o, "duration", "10");
	assert_text(o, "queue_time", "1000");
	assert_text(o, "parent_call_sid", "CA000000000000000000000000000000bb");
	json_decref(o);
}

static void twilio_s92_subresource_uris_are_all_there(void **state)
{
	(void)state;
	static const struct {
		const char *key, *uri;
	} rows[] = {{"notifications", "Notifications"}, {"recordings", "Recordings"},
	    {"payments", "Payments"}, {"events", "Events"}, {"siprec", "Siprec"}, {"streams", "Streams"},
	    {"transcriptions", "Transcriptions"},
	    {"user_defined_message_subscriptions", "UserDefinedMessageSubscriptions"},
	    {"user_defined_messages", "UserDefinedMessages"}};
	struct call_row r = queued();
	json_t *o = call_json(&r), *subs = json_object_get(o, "subresource_uris");
	assert_int_equal(json_object_size(subs), 9);
	for (size_t i = 0; i < 9; i++) {
		json_t *want = json_sprintf("/2010-04-01/Accounts/" AC "/Calls/" CA "/%s.json", rows[i].uri);
		assert_text(subs, rows[i].key, json_string_value(want));
		json_decref(want);
	}
	json_decref(o);
}

static void text_that_is_not_utf8_is_told_repaired(void **state)
{
	(void)state;
	struct call_row r = queued();
	r.to = "sip:\xff\xc3\xa9\xc3@x";
	json_t *o = call_json(&r);
	assert_text(o, "to", "sip:\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd@x");
	json_decref(o);
}

static void twilio_errors_have_code_message_more_info_and_status(void **state)
{
	(void)state;
	char *s = errors_json(400, 21201, "No 'To' number is \"specified\"");
	assert_string_equal(s, "{\"code\":21201,\"message\":\"No 'To' number is \\\"specified\\\"\","
	                       "\"more_info\":\"https://www.twilio.com/docs/errors/21201\",\"status\":400}");
	free(s);
}

static void errors_carry_the_headers_of_their_status(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *name, *value;
	} rows[] = {{401, "WWW-Authenticate", "Basic realm=\"Twilio API\""}, {429, "Retry-After", "1"}};
	struct http_reply r;
	for (size_t i = 0; i < 2; i++) {
		errors_fill(&r, rows[i].status, 20003, "x");
		assert_string_equal(r.headers[0].name, rows[i].name);
		assert_string_equal(r.headers[0].value, rows[i].value);
		assert_string_equal(r.content_type, "application/json");
		free(r.body);
	}
	errors_fill(&r, 404, 20404, "x");
	assert_null(r.headers[0].name);
	free(r.body);
}

static void the_text_is_what_the_tree_would_be_written_as(void **state)
{
	static const char *const texts[] = {NULL, "", "sip:kate@example.com", "\"q\\u/\b\f\n\r\t\x01\x1f\x7f",
	    "é ü 電話 \xf0\x9f\x93\x9e", "broken \xff\xc3 text", "</script>"};
	enum { N = sizeof texts / sizeof *texts };
	for (int i = 0; i < N * N; i++) {
		struct call_row r = {.sid = "CA00000000000000000000000000000001",
		    .account_sid = "AC00000000000000000000000000000001",
		    .to = texts[i % N],
		    .from = texts[i / N],
		    .caller_name = texts[(i + 1) % N],
		    .forwarded_from = texts[(i + 2) % N],
		    .answered_by = texts[(i + 3) % N],
		    .status = i & 1 ? "queued" : "completed",
		    .direction = "outbound-api",
		    .date_created = i * 100000007ll,
		    .end_time = i & 1 ? 1 : 0,
		    .duration = i - 5,
		    .queue_time_ms = i & 2 ? UINT32_MAX : 0};
		if (i & 4)
			strcpy(r.parent_sid, "CA00000000000000000000000000000002");
		char *text = call_json_text(&r);
		json_t *o = call_json(&r);
		char *tree = json_dumps(o, JSON_COMPACT);
		assert_string_equal(text, tree);
		json_decref(o);
		free(tree);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(twilio_s90_a_new_call_has_all_26_members),
	    cmocka_unit_test(twilio_s91_a_finished_call_has_text_for_times_and_numbers),
	    cmocka_unit_test(twilio_s92_subresource_uris_are_all_there),
	    cmocka_unit_test(text_that_is_not_utf8_is_told_repaired),
	    cmocka_unit_test(twilio_errors_have_code_message_more_info_and_status),
	    cmocka_unit_test(errors_carry_the_headers_of_their_status),
	    cmocka_unit_test(the_text_is_what_the_tree_would_be_written_as),
	};
	return cmocka_run_group_tests_name("call_json", tests, NULL, NULL);
}
