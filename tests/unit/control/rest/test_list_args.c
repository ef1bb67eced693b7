/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/errors.h"
#include "control/rest/json_text.h"
#include "control/rest/list_args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct parsed {
	struct form f;
	struct list_args a;
	struct list_refusal why;
	int rc;
};

static void parse(struct parsed *p, const char *query)
{
	form_init(&p->f);
	assert_int_equal(form_decode(&p->f, query, strlen(query), 100), 0);
	p->rc = list_args_calls(&p->a, &p->f, &p->why);
}

static void a_list_without_parameters_is_the_newest_fifty(void **state)
{
	(void)state;
	struct parsed p;
	parse(&p, "");
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.a.size, 50);
	assert_int_equal(p.a.q.limit, 51);
	assert_int_equal(p.a.page, 0);
	assert_int_equal(p.a.q.before_rowid, 0);
	assert_null(p.a.q.to);
	form_fini(&p.f);
}

static void filters_reach_the_store(void **state)
{
	(void)state;
	struct parsed p;
	parse(&p,
	    "To=sip%3Aa%40b&From=Jack&Status=in-progress&ParentCallSid=CA1&PageSize=2&StartTime%3E=2010-08-31"
	    "&StartTime%3C=2010-09-02T12:00:00Z&Unknown=x");
	assert_int_equal(p.rc, 0);
	assert_string_equal(p.a.q.to, "sip:a@b");
	assert_string_equal(p.a.q.from, "Jack");
	assert_string_equal(p.a.q.status, "in-progress");
	assert_string_equal(p.a.q.parent_sid, "CA1");
	assert_int_equal(p.a.q.start_after, 1283212800);
	assert_int_equal(p.a.q.start_before, 1283428800);
	assert_int_equal(p.a.q.limit, 3);
	form_fini(&p.f);
}

static void a_start_time_alone_is_that_utc_day(void **state)
{
	(void)state;
	struct parsed p;
	parse(&p, "StartTime=2010-08-31T20:36:28Z");
	assert_int_equal(p.a.q.start_after, 1283212800);
	assert_int_equal(p.a.q.start_before, 1283299200);
	form_fini(&p.f);
}

static void parameters_that_cannot_be_honoured_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *query;
		int status, code;
	} rows[] = {
	    {"PageSize=1001", 400, REST_PAGE_SIZE},
	    {"PageSize=99999999999999999999", 400, REST_PAGE_SIZE},
	    {"PageSize=0", 400, REST_INVALID},
	    {"PageSize=-1", 400, REST_INVALID},
	    {"PageSize=ten", 400, REST_INVALID},
	    {"Page=1", 400, REST_INVALID},
	    {"Page=x", 400, REST_INVALID},
	    {"PageToken=PA1", 400, REST_INVALID},
	    {"PageToken=PC0000000000000001", 400, REST_INVALID},
	    {"PageToken=PA0000000000000000", 400, REST_INVALID},
	    {"PageToken=PA000000000000000g", 400, REST_INVALID},
	    {"Status=initiated", 400, REST_INVALID},
	    {"StartTime=yesterday", 400, REST_INVALID},
	    {"StartTime%3C=2010-02-30", 400, REST_INVALID},
	    {"EndTime%3E=yesterday", 400, REST_INVALID},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct parsed p;
		parse(&p, rows[i].query);
		if (p.rc != -1 || p.why.code != rows[i].code || p.why.status != rows[i].status)
			fail_msg("%s: %d", rows[i].query, p.rc ? p.why.code : 0);
		assert_true(strlen(p.why.message) > 10);
		form_fini(&p.f);
	}
}

static void tokens_come_back_as_they_went(void **state)
{
	(void)state;
	static const uint64_t rows[] = {1, 50, UINT32_MAX, (uint64_t)UINT32_MAX + 1, INT64_MAX, UINT64_MAX};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (int b = 0; b < 2; b++) {
			char s[32];
			bool backwards;
			uint64_t rowid;
			list_token(s, b, rows[i]);
			assert_int_equal(list_token_parse(s, &backwards, &rowid), 0);
			assert_int_equal(backwards, b);
			assert_true(rowid == rows[i]);
		}
}

static const char *text(json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);
	assert_non_null(v);
	return json_string_value(v);
}

static json_t *numbers(size_t n)
{
	json_t *a = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, json_integer((json_int_t)i));
	return a;
}

static void twilio_2_7_page_uris_are_relative_and_repeat_the_filters(void **state)
{
	(void)state;
	struct parsed p;
	parse(&p, "StartTime%3E=2010-08-31&PageSize=2&Page=1&PageToken=PA000000000000002a");
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.a.q.before_rowid, 42);
	struct list_page page = {.path = "/x/Calls.json",
	    .key = "calls",
	    .query = &p.f,
	    .size = 2,
	    .page = 1,
	    .next = "PA0000000000000028",
	    .previous = "PB0000000000000029"};
	json_t *o = list_page_json(&page, numbers(2));
#define F "/x/Calls.json?StartTime%3E=2010-08-31&PageSize=2&Page="
	assert_string_equal(text(o, "first_page_uri"), F "0");
	assert_string_equal(text(o, "next_page_uri"), F "2&PageToken=PA0000000000000028");
	assert_string_equal(text(o, "previous_page_uri"), F "0&PageToken=PB0000000000000029");
	assert_string_equal(text(o, "uri"), F "1&PageToken=PA000000000000002a");
	assert_int_equal(json_integer_value(json_object_get(o, "page")), 1);
	assert_int_equal(json_integer_value(json_object_get(o, "page_size")), 2);
	assert_int_equal(json_integer_value(json_object_get(o, "start")), 2);
	assert_int_equal(json_integer_value(json_object_get(o, "end")), 3);
	json_decref(o);
	form_fini(&p.f);
}

static void an_empty_page_ends_at_zero_and_goes_nowhere(void **state)
{
	(void)state;
	struct parsed p;
	parse(&p, "");
	struct list_page page = {.path = "/x", .key = "calls", .query = &p.f, .size = 50};
	json_t *o = list_page_json(&page, numbers(0));
	assert_true(json_is_null(json_object_get(o, "next_page_uri")));
	assert_true(json_is_null(json_object_get(o, "previous_page_uri")));
	assert_int_equal(json_integer_value(json_object_get(o, "end")), 0);
	assert_int_equal(json_array_size(json_object_get(o, "calls")), 0);
	assert_int_equal(json_object_size(o), 9);
	json_decref(o);
	form_fini(&p.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_list_without_parameters_is_the_newest_fifty),
	    cmocka_unit_test(filters_reach_the_store),
	    cmocka_unit_test(a_start_time_alone_is_that_utc_day),
	    cmocka_unit_test(parameters_that_cannot_be_honoured_are_refused),
	    cmocka_unit_test(tokens_come_back_as_they_went),
	    cmocka_unit_test(twilio_2_7_page_uris_are_relative_and_repeat_the_filters),
	    cmocka_unit_test(an_empty_page_ends_at_zero_and_goes_nowhere),
	};
	return cmocka_run_group_tests_name("list_args", tests, NULL, NULL);
}
