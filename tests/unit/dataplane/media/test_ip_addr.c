/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dataplane/api/ip_addr.h"

static struct span put(struct buf *b, const char *literal)
{
	struct ip_addr a;
	assert_int_equal(ip_addr_parse(&a, span_str(literal)), 0);
	b->len = 0;
	ip_addr_put(b, &a);
	return buf_view(b);
}

static void ip_addr_literals_come_back_as_written(void **state)
{
	static const char *const good[] = {"0.0.0.0", "255.255.255.255", "192.0.2.1", "10.0.0.9", "::", "::1",
	    "2001:db8::1", "fe80::1:2:3:4", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
	char t[64];
	struct buf b = buf_on(t, sizeof t);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(span_eq(put(&b, good[i]), span_str(good[i])));
	assert_true(span_eq(put(&b, "2001:0DB8::0001"), SPAN("2001:db8::1")));
}

static void ip_addr_refuses_what_is_no_literal(void **state)
{
	static const char *const bad[] = {"", ".", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1", "1.2.3.-4",
	    "01.2.3.4", "1.2.3.04", " 1.2.3.4", "1.2.3.4 ", "0x7f.0.0.1", "127.1", "[::1]", ":::", "1::2::3",
	    "::g", "example.com", "fe80::1%eth0", "1111:2222:3333:4444:5555:6666:7777:8888:9999",
	    "0000:0000:0000:0000:0000:ffff:255.255.255.2555"};
	struct ip_addr a = {.fam = 9};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(ip_addr_parse(&a, span_str(bad[i])), -1);
		assert_int_equal(a.fam, 9);
	}
}

static void ip_addr_nul_does_not_hide_the_rest(void **state)
{
	struct ip_addr a;
	assert_int_equal(ip_addr_parse(&a, span_of("1.2.3.4\0.evil", 13)), -1);
	assert_int_equal(ip_addr_parse(&a, span_of("1.2.3.4\0", 8)), -1);
}

static void ip_addr_ipv4_leaves_the_other_bytes_zero(void **state)
{
	static const uint8_t want[16] = {192, 0, 2, 77};
	struct ip_addr a;
	memset(&a, 0xff, sizeof a);
	assert_int_equal(ip_addr_parse(&a, SPAN("192.0.2.77")), 0);
	assert_int_equal(a.fam, 4);
	assert_memory_equal(a.b, want, sizeof want);
}

static void ip_addr_families_are_never_equal(void **state)
{
	struct ip_addr v4, v6;
	assert_int_equal(ip_addr_parse(&v4, SPAN("0.0.0.0")), 0);
	assert_int_equal(ip_addr_parse(&v6, SPAN("::")), 0);
	assert_false(ip_addr_eq(&v4, &v6));
	assert_true(ip_addr_eq(&v4, &v4));
}

static void ip_sock_compares_address_and_port(void **state)
{
	struct ip_sock a = {.port = 5060}, b = {.port = 5060};
	assert_int_equal(ip_addr_parse(&a.a, SPAN("192.0.2.1")), 0);
	b.a = a.a;
	assert_true(ip_sock_eq(&a, &b));
	b.port = 5061;
	assert_false(ip_sock_eq(&a, &b));
	b = a;
	b.a.b[3] = 2;
	assert_false(ip_sock_eq(&a, &b));
}

static void ip_addr_put_into_too_little_room_marks_the_buffer(void **state)
{
	char t[8];
	struct buf b = buf_on(t, 5);
	t[5] = 'x';
	(void)put(&b, "192.0.2.1");
	assert_true(b.full);
	assert_int_equal(t[5], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ip_addr_literals_come_back_as_written),
	    cmocka_unit_test(ip_addr_refuses_what_is_no_literal),
	    cmocka_unit_test(ip_addr_nul_does_not_hide_the_rest),
	    cmocka_unit_test(ip_addr_ipv4_leaves_the_other_bytes_zero),
	    cmocka_unit_test(ip_addr_families_are_never_equal),
	    cmocka_unit_test(ip_sock_compares_address_and_port),
	    cmocka_unit_test(ip_addr_put_into_too_little_room_marks_the_buffer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
