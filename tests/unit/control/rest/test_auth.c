/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/auth.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define SID  "AC00000000000000000000000000000001"
#define SID2 "AC00000000000000000000000000000002"

static const struct rest_account accounts[] = {{SID, "secret:with:colons"}, {SID2, "other"}};

static const struct rest_account *try_raw(const char *scheme, const char *text, size_t len)
{
	char b64[512], header[600];
	EVP_EncodeBlock((unsigned char *)b64, (const unsigned char *)text, (int)len);
	snprintf(header, sizeof header, "%s%s", scheme, b64);
	return auth_check(accounts, 2, header);
}

static const struct rest_account *try(const char *text)
{
	return try_raw("Basic ", text, strlen(text));
}

static void rfc7617_right_credentials_name_the_account(void **state)
{
	(void)state;
	assert_ptr_equal(try(SID ":secret:with:colons"), &accounts[0]);
	assert_ptr_equal(try(SID2 ":other"), &accounts[1]);
	assert_ptr_equal(try_raw("basic  ", SID2 ":other", strlen(SID2 ":other")), &accounts[1]);
}

static void wrong_credentials_name_nobody(void **state)
{
	(void)state;
	static const char *const rows[] = {SID ":", SID ":secret", SID ":secret:with:colonsx", SID ":other",
	    SID2 ":", "AC00000000000000000000000000000003:other", ":", "", SID, "x:other"};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (try(rows[i]))
			fail_msg("accepted: %s", rows[i]);
	assert_null(try_raw("Basic ", SID2 ":other\0", strlen(SID2) + 7));
	assert_null(try_raw("Bearer ", SID2 ":other", strlen(SID2) + 6));
}

static void headers_that_are_not_basic_name_nobody(void **state)
{
	(void)state;
	static const char *const rows[] = {"", "Basic", "Basic ", "Basic !!!!",
	    "Basic QUM=QUM=", "Basic QUMw", "Basic Q", "Basic ====", "Basic QUMw QUMw", "Basic -A=="};
	char long_one[1000] = "Basic ";
	memset(long_one + 6, 'A', 900);
	long_one[906] = '\0';
	assert_null(auth_check(accounts, 2, NULL));
	assert_null(auth_check(accounts, 2, long_one));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_null(auth_check(accounts, 2, rows[i]));
}

static void an_account_without_a_token_is_closed(void **state)
{
	(void)state;
	const struct rest_account open = {SID, ""};
	char b64[128], header[160];
	EVP_EncodeBlock((unsigned char *)b64, (const unsigned char *)SID ":", (int)strlen(SID ":"));
	snprintf(header, sizeof header, "Basic %s", b64);
	assert_null(auth_check(&open, 1, header));
}

static uint64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Fastest of many short rounds: what a scheduler adds is left out. */
static uint64_t cost(const char *given, const char *secret, size_t len)
{
	uint64_t best = UINT64_MAX;
	for (int round = 0; round < 60; round++) {
		uint64_t t = cpu_ns();
		for (int i = 0; i < 20; i++)
			if (auth_equal(given, len, secret))
				fail();
		t = cpu_ns() - t;
		best = t < best ? t : best;
	}
	return best;
}

static void comparing_takes_as_long_wherever_the_difference_is(void **state)
{
	(void)state;
	static char secret[16001], early[16001], late[16001];
	memset(secret, 'k', 16000);
	memcpy(early, secret, sizeof early);
	memcpy(late, secret, sizeof late);
	early[0] = 'x';
	late[15999] = 'x';
	uint64_t a = cost(early, secret, 16000), b = cost(late, secret, 16000);
	/* A comparison that stops at the difference is thousands of times faster for the first. */
	assert_true(a < b * 2 && b < a * 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc7617_right_credentials_name_the_account),
	    cmocka_unit_test(wrong_credentials_name_nobody),
	    cmocka_unit_test(headers_that_are_not_basic_name_nobody),
	    cmocka_unit_test(an_account_without_a_token_is_closed),
	    cmocka_unit_test(comparing_takes_as_long_wherever_the_difference_is),
	};
	return cmocka_run_group_tests_name("auth", tests, NULL, NULL);
}
