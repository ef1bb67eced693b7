/* SPDX-License-Identifier: Apache-2.0 */
/* A failed address is avoided for a while; and DNS answers as bytes: every prefix of one is read without harm. */
#include "tests/unit/control/infra/infra.h"

#include "control/dns_rr.h"
#include "control/target_health.h"

#define S UINT64_C(1000000000)

static struct ip_sock sock(uint8_t last, uint16_t port)
{
	return (struct ip_sock){.a = {.fam = 4, .b = {192, 0, 2, last}}, .port = port};
}

static void failed_address_goes_last_until_its_time_is_over(void **state)
{
	static struct target_health h = {.avoid_s = 60};
	struct ip_sock hops[3] = {sock(1, 5060), sock(2, 5060), sock(3, 5060)}, one = hops[0];
	target_health_tell(&h, &one, false, 10 * S);
	target_health_sort(&h, hops, 3, 20 * S);
	assert_int_equal(hops[0].a.b[3], 2);
	assert_int_equal(hops[1].a.b[3], 3);
	assert_int_equal(hops[2].a.b[3], 1);
	assert_int_equal(target_health_count(&h, 20 * S), 1);
	assert_true(target_health_avoided(&h, &one, 69 * S));
	assert_false(target_health_avoided(&h, &one, 70 * S));
	target_health_tell(&h, &one, false, 80 * S);
	target_health_tell(&h, &one, true, 81 * S);
	assert_false(target_health_avoided(&h, &one, 82 * S));
	assert_int_equal(h.failures, 2);
}

static void port_and_transport_are_part_of_an_address(void **state)
{
	static struct target_health h = {.avoid_s = 60};
	struct ip_sock udp = sock(1, 5060), tcp = udp, other = sock(1, 5070);
	tcp.transport = DP_TCP;
	target_health_tell(&h, &udp, false, S);
	assert_true(target_health_avoided(&h, &udp, 2 * S));
	assert_false(target_health_avoided(&h, &tcp, 2 * S));
	assert_false(target_health_avoided(&h, &other, 2 * S));
}

static void all_failed_are_tried_all_the_same(void **state)
{
	static struct target_health h = {.avoid_s = 60};
	struct ip_sock hops[2] = {sock(1, 5060), sock(2, 5060)};
	target_health_tell(&h, &hops[0], false, S);
	target_health_tell(&h, &hops[1], false, S);
	target_health_sort(&h, hops, 2, 2 * S);
	assert_int_equal(hops[0].a.b[3], 1);
	assert_int_equal(hops[1].a.b[3], 2);
}

static void a_flood_of_failures_stays_in_its_table(void **state)
{
	static struct target_health h = {.avoid_s = 3600};
	for (uint32_t i = 0; i < 100000; i++) {
		struct ip_sock s = sock((uint8_t)i, (uint16_t)(i % 60000 + 1));
		target_health_tell(&h, &s, false, (i + 1) * S);
	}
	assert_true(target_health_count(&h, 100000 * S) <= TARGET_HEALTH_SLOTS);
}

static void none_is_remembered_when_switched_off(void **state)
{
	static struct target_health h;
	struct ip_sock one = sock(1, 5060);
	target_health_tell(&h, &one, false, S);
	assert_false(target_health_avoided(&h, &one, 2 * S));
}

/* ---- records */

/* Header, question _sip._udp.a, two SRV records with compressed owners, one with a compressed target. */
static const uint8_t two_srv[] = {0, 1, 0x84, 0, 0, 1, 0, 2, 0, 0, 0, 0, 4, '_', 's', 'i', 'p', 4, '_', 'u',
    'd', 'p', 1, 'a', 0, 0, 33, 0, 1,
    /* priority 2, to x.a */
    0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 10, 0, 2, 0, 7, 0x13, 0xc4, 1, 'x', 0xc0, 22,
    /* priority 1, to a */
    0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 30, 0, 8, 0, 1, 0, 0, 0x13, 0xc5, 0xc0, 22};

static void records_come_sorted_with_their_names_spelled_out(void **state)
{
	struct dns_rrset set;
	assert_int_equal(dns_rr_parse(&set, two_srv, sizeof two_srv, DNS_TYPE_SRV), 0);
	assert_int_equal(set.n, 2);
	assert_string_equal(set.srv[0].target, "a");
	assert_string_equal(set.srv[1].target, "x.a");
	assert_int_equal(set.srv[1].weight, 7);
	assert_int_equal(set.srv[0].port, 5061);
	assert_int_equal(set.ttl_s, 30);
	assert_int_equal(dns_rr_parse(&set, two_srv, sizeof two_srv, DNS_TYPE_NAPTR), 0);
	assert_int_equal(set.n, 0);
}

static void every_prefix_and_every_changed_byte_is_read_without_harm(void **state)
{
	struct dns_rrset set;
	for (size_t n = 0; n < sizeof two_srv; n++) {
		uint8_t *copy = malloc(n ? n : 1); /* its end is where reading beyond is seen */
		memcpy(copy, two_srv, n);
		int rc = dns_rr_parse(&set, copy, n, DNS_TYPE_SRV);
		assert_int_equal(rc, -1);
		assert_int_equal(set.n, 0);
		free(copy);
	}
	for (size_t at = 0; at < sizeof two_srv; at++)
		for (int v = 0; v < 256; v++) {
			uint8_t copy[sizeof two_srv];
			memcpy(copy, two_srv, sizeof copy);
			copy[at] = (uint8_t)v;
			if (dns_rr_parse(&set, copy, sizeof copy, DNS_TYPE_SRV) == 0)
				assert_true(set.n <= 2);
		}
}

static void a_name_that_points_at_itself_is_malformed(void **state)
{
	uint8_t m[sizeof two_srv];
	struct dns_rrset set;
	memcpy(m, two_srv, sizeof m);
	m[sizeof m - 1] = (uint8_t)(sizeof m - 2);
	assert_int_equal(dns_rr_parse(&set, m, sizeof m, DNS_TYPE_SRV), -1);
}

static void a_target_that_is_no_host_name_is_left_out(void **state)
{
	uint8_t m[sizeof two_srv];
	struct dns_rrset set;
	memcpy(m, two_srv, sizeof m);
	for (size_t i = 0; i < sizeof m; i++)
		if (m[i] == 'x')
			m[i] = '\n';
	assert_int_equal(dns_rr_parse(&set, m, sizeof m, DNS_TYPE_SRV), 0);
	assert_int_equal(set.n, 1);
	assert_int_equal(set.left_out, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(failed_address_goes_last_until_its_time_is_over),
	    cmocka_unit_test(port_and_transport_are_part_of_an_address),
	    cmocka_unit_test(all_failed_are_tried_all_the_same),
	    cmocka_unit_test(a_flood_of_failures_stays_in_its_table),
	    cmocka_unit_test(none_is_remembered_when_switched_off),
	    cmocka_unit_test(records_come_sorted_with_their_names_spelled_out),
	    cmocka_unit_test(every_prefix_and_every_changed_byte_is_read_without_harm),
	    cmocka_unit_test(a_name_that_points_at_itself_is_malformed),
	    cmocka_unit_test(a_target_that_is_no_host_name_is_left_out),
	};
	return cmocka_run_group_tests_name("target_health", tests, NULL, NULL);
}
