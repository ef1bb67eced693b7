/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void rfc2822_dates_are_utc_and_english(void **state)
{
	(void)state;
	static const struct {
		int64_t t;
		const char *want;
	} rows[] = {
	    {1283286988, "Tue, 31 Aug 2010 20:36:28 +0000"},
	    {0, "Thu, 01 Jan 1970 00:00:00 +0000"},
	    {1709208000, "Thu, 29 Feb 2024 12:00:00 +0000"},
	    {4102444799, "Thu, 31 Dec 2099 23:59:59 +0000"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char s[32];
		date_rfc2822(s, rows[i].t);
		assert_string_equal(s, rows[i].want);
	}
}

static void dates_out_of_range_are_clamped(void **state)
{
	(void)state;
	char s[32];
	date_rfc2822(s, INT64_MAX);
	assert_string_equal(s, "Fri, 31 Dec 9999 23:59:59 +0000");
	date_rfc2822(s, INT64_MIN);
	assert_string_equal(s, "Thu, 01 Jan 1970 00:00:00 +0000");
}

static void iso_dates_and_times_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *s;
		int64_t t;
		bool day;
	} rows[] = {
	    {"2010-08-31", 1283212800, true},
	    {"2010-08-31T20:36:28Z", 1283286988, false},
	    {"2010-08-31T20:36:28", 1283286988, false},
	    {"2010-08-31 20:36:28.123Z", 1283286988, false},
	    {"2010-08-31T22:36:28+02:00", 1283286988, false},
	    {"2010-08-31T15:06:28-0530", 1283286988, false},
	    {"2024-02-29", 1709164800, true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t t = -1;
		bool day;
		assert_int_equal(date_parse_iso(rows[i].s, &t, &day), 0);
		assert_int_equal(t, rows[i].t);
		assert_int_equal(day, rows[i].day);
	}
}

static void what_is_no_date_is_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {"", "2010", "2010-8-31", "2010-13-01", "2010-00-01", "2023-02-29",
	    "2010-04-31", "1969-12-31", "2010-08-31T", "2010-08-31T24:00:00", "2010-08-31T20:60:00",
	    "2010-08-31T20:36", "2010-08-31T20:36:28Zx", "2010-08-31T20:36:28+2", "2010-08-31T20:36:28+25:00",
	    "2010-08-31x", " 2010-08-31", "Tue, 31 Aug 2010"};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t t;
		bool day;
		if (date_parse_iso(rows[i], &t, &day) == 0)
			fail_msg("accepted: %s", rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc2822_dates_are_utc_and_english),
	    cmocka_unit_test(dates_out_of_range_are_clamped),
	    cmocka_unit_test(iso_dates_and_times_are_read),
	    cmocka_unit_test(what_is_no_date_is_refused),
	};
	return cmocka_run_group_tests_name("date", tests, NULL, NULL);
}
