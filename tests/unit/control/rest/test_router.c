/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define A "/2010-04-01/Accounts/AC1"

static void every_path_names_its_resource(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		enum route route;
		bool json;
		const char *account, *sid, *sub;
	} rows[] = {
	    {"/healthz", ROUTE_HEALTHZ, true, "", "", ""},
	    {"/metrics", ROUTE_METRICS, true, "", "", ""},
	    {"/healthz.json", ROUTE_NONE, true, "", "", ""},
	    {A "/Calls.json", ROUTE_CALLS, true, "AC1", "", ""},
	    {A "/Calls", ROUTE_CALLS, false, "AC1", "", ""},
	    {A "/Calls.xml", ROUTE_CALLS, false, "AC1", "", ""},
	    {A "/Calls.csv", ROUTE_CALLS, false, "AC1", "", ""},
	    {A "/%43alls.json", ROUTE_CALLS, true, "AC1", "", ""},
	    {A "/Calls/CA2.json", ROUTE_CALL, true, "AC1", "CA2", ""},
	    {A "/Calls/CA2/Notifications.json", ROUTE_NOTIFICATIONS, true, "AC1", "CA2", ""},
	    {A "/Calls/CA2/Notifications/NO3.json", ROUTE_NOTIFICATION, true, "AC1", "CA2", "NO3"},
	    {A "/Calls/CA2/Recordings.json", ROUTE_UNBUILT, true, "AC1", "CA2", ""},
	    {A "/Calls/CA2/Streams/MZ1.json", ROUTE_UNBUILT, true, "AC1", "CA2", ""},
	    {A "/Conferences.json", ROUTE_UNBUILT, true, "AC1", "", ""},
	    {A ".json", ROUTE_ACCOUNT, true, "AC1", "", ""},
	    {A, ROUTE_ACCOUNT, false, "AC1", "", ""},
	    {"/2010-04-01/Accounts.json", ROUTE_ACCOUNTS, true, "", "", ""},
	    {A "/Notifications/NO1.json", ROUTE_ACCOUNT_NOTE, true, "AC1", "NO1", ""},
	    {A "/Calls/CA2/Events.json", ROUTE_EVENTS, true, "AC1", "CA2", ""},
	    {A "/Applications/AP1", ROUTE_APPLICATION, false, "AC1", "AP1", ""},
	    {A "/SIP/Domains.json", ROUTE_UNBUILT, true, "AC1", "", ""},
	    {A "/calls.json", ROUTE_NONE, true, "", "", ""},
	    {A "/Calls/.json", ROUTE_NONE, false, "", "", ""},
	    {A "/Calls//Notifications.json", ROUTE_NONE, true, "", "", ""},
	    {A "/Calls/CA2/Elephants.json", ROUTE_NONE, true, "", "", ""},
	    {"/2010-04-01/Accounts//Calls.json", ROUTE_NONE, true, "", "", ""},
	    {"/2010-04-01", ROUTE_NONE, false, "", "", ""},
	    {"/", ROUTE_NONE, true, "", "", ""},
	    {"/a/b/c/d/e/f/g/h/i/j", ROUTE_NONE, true, "", "", ""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct route_match m;
		assert_int_equal(router_match(rows[i].path, &m), 0);
		if (m.route != rows[i].route)
			fail_msg("%s: %s", rows[i].path, route_name(m.route));
		if (m.route != ROUTE_NONE)
			assert_int_equal(m.json, rows[i].json);
		assert_string_equal(m.account, rows[i].account);
		assert_string_equal(m.sid, rows[i].sid);
		assert_string_equal(m.sub, rows[i].sub);
		assert_int_equal(m.api, strncmp(rows[i].path, "/2010-04-01", 11) == 0);
		assert_true(m.route != ROUTE_UNBUILT || (m.what && !m.allowed));
	}
}

static void a_path_with_a_bad_escape_is_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {"", "x", "*", "/%", "/%4", "/%zz", "/%00", "/a%2Fb", "/a%0a",
	    "/a\x7f", "http://h/x", A "/Calls%"};
	struct route_match m;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (router_match(rows[i], &m) == 0)
			fail_msg("accepted: %s", rows[i]);
}

static void segments_of_any_length_are_survived(void **state)
{
	(void)state;
	char path[9000] = A "/Calls/";
	size_t at = strlen(path);
	struct route_match m;
	for (size_t len = 60; len < 70; len++) {
		memset(path + at, 'C', len);
		strcpy(path + at + len, ".json");
		assert_int_equal(router_match(path, &m), 0);
		assert_int_equal(m.route, len + 5 <= 64 ? ROUTE_CALL : ROUTE_NONE);
	}
	memset(path + at, '/', 8000);
	path[at + 8000] = '\0';
	assert_int_equal(router_match(path, &m), 0);
	assert_int_equal(m.route, ROUTE_NONE);
}

static void methods_are_those_that_are_built(void **state)
{
	(void)state;
	struct route_match m;
	assert_int_equal(router_match(A "/Calls/CA2.json", &m), 0);
	assert_true(m.allowed & route_method("GET"));
	assert_true(m.allowed & route_method("HEAD"));
	assert_true(m.allowed & route_method("POST"));
	assert_true(m.allowed & route_method("DELETE"));
	assert_false(m.allowed & route_method("PUT"));
	assert_string_equal(route_allow(m.allowed), "GET, HEAD, POST, DELETE");
	for (int r = 0; r < ROUTE_COUNT; r++)
		assert_non_null(route_name((enum route)r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_path_names_its_resource),
	    cmocka_unit_test(a_path_with_a_bad_escape_is_refused),
	    cmocka_unit_test(segments_of_any_length_are_survived),
	    cmocka_unit_test(methods_are_those_that_are_built),
	};
	return cmocka_run_group_tests_name("router", tests, NULL, NULL);
}
