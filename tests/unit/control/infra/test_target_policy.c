/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/control/infra/infra.h"

#include "control/target_policy.h"

static const struct {
	const char *address, *range; /* NULL: allowed */
} cases[] = {
    {"8.8.8.8", NULL},
    {"93.184.216.34", NULL},
    {"0.0.0.0", "unspecified"},
    {"0.1.2.3", "unspecified"},
    {"9.255.255.255", NULL},
    {"10.0.0.0", "private"},
    {"10.255.255.255", "private"},
    {"11.0.0.0", NULL},
    {"100.63.255.255", NULL},
    {"100.64.0.0", "shared"},
    {"100.127.255.255", "shared"},
    {"100.128.0.0", NULL},
    {"126.255.255.255", NULL},
    {"127.0.0.1", "loopback"},
    {"127.255.255.255", "loopback"},
    {"128.0.0.0", NULL},
    {"169.253.255.255", NULL},
    {"169.254.169.254", "link-local"},
    {"169.255.0.0", NULL},
    {"172.15.255.255", NULL},
    {"172.16.0.0", "private"},
    {"172.31.255.255", "private"},
    {"172.32.0.0", NULL},
    {"192.0.0.8", "protocol"},
    {"192.167.255.255", NULL},
    {"192.168.0.1", "private"},
    {"192.169.0.0", NULL},
    {"198.17.255.255", NULL},
    {"198.18.0.1", "benchmarking"},
    {"198.20.0.0", NULL},
    {"223.255.255.255", NULL},
    {"224.0.0.1", "multicast"},
    {"239.255.255.255", "multicast"},
    {"240.0.0.1", "reserved"},
    {"255.255.255.255", "reserved"},
    {"2606:4700::1111", NULL},
    {"::", "unspecified"},
    {"::1", "loopback"},
    {"::ffff:127.0.0.1", "loopback"},
    {"::ffff:10.0.0.1", "private"},
    {"::ffff:0.0.0.0", "unspecified"},
    {"::ffff:8.8.8.8", NULL},
    {"::127.0.0.1", "loopback"},
    {"::ffff:0:169.254.169.254", "link-local"},
    {"64:ff9b::127.0.0.1", "loopback"},
    {"64:ff9b::192.168.1.1", "private"},
    {"64:ff9b::8.8.8.8", NULL},
    {"64:ff9b:1::1", "local NAT64"},
    {"2002:7f00:1::1", "loopback"},
    {"2002:a00:1::1", "private"},
    {"2002:808:808::1", NULL},
    {"2001:0:1::1", "Teredo"},
    {"2001:1::1", NULL},
    {"100::1", "discard"},
    {"fbff::1", NULL},
    {"fc00::1", "private"},
    {"fdff::1", "private"},
    {"fe00::1", NULL},
    {"fe80::1", "link-local"},
    {"febf::1", "link-local"},
    {"fec0::1", "site-local"},
    {"ff02::1", "multicast"},
};

static struct ip_addr addr(const char *s)
{
	struct ip_addr a;
	assert_int_equal(ip_addr_parse(&a, span_str(s)), 0);
	return a;
}

static void every_range_is_refused_up_to_its_edges(void **state)
{
	static const struct target_policy nothing;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ip_addr a = addr(cases[i].address);
		const char *got = target_refusal(&nothing, &a);
		if (!cases[i].range != !got ||
		    (got && strncmp(got, cases[i].range, strlen(cases[i].range)) != 0))
			fail_msg("%s: %s instead of %s", cases[i].address, got ? got : "allowed",
			    cases[i].range ? cases[i].range : "allowed");
	}
}

static void the_allow_list_opens_exactly_what_it_names(void **state)
{
	struct target_policy p = {.n_allow = 3,
	    .allow = {{addr("127.0.0.1"), 32}, {addr("10.77.0.0"), 20}, {addr("fd00:1::"), 32}}};
	static const char *const open[] = {"127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::10.77.0.1",
	    "2002:7f00:1::5", "10.77.0.0", "10.77.15.255", "fd00:1::5", "8.8.8.8"};
	static const char *const shut[] = {
	    "127.0.0.2", "10.77.16.0", "10.76.255.255", "fd00:2::5", "::1", "::ffff:127.0.0.2"};
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		assert_null(target_refusal(&p, (struct ip_addr[]){addr(open[i])}));
	for (size_t i = 0; i < sizeof shut / sizeof *shut; i++)
		assert_non_null(target_refusal(&p, (struct ip_addr[]){addr(shut[i])}));
}

static void no_address_is_refused(void **state)
{
	struct target_policy everything = {.n_allow = 1, .allow = {{addr("0.0.0.0"), 0}}};
	struct ip_addr none = {0}, any = addr("127.0.0.1"), six = addr("::1");
	assert_non_null(target_refusal(&everything, &none));
	assert_null(target_refusal(&everything, &any));
	assert_non_null(target_refusal(&everything, &six));
	assert_non_null(target_refusal(NULL, &any));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_range_is_refused_up_to_its_edges),
	    cmocka_unit_test(the_allow_list_opens_exactly_what_it_names),
	    cmocka_unit_test(no_address_is_refused),
	};
	return cmocka_run_group_tests_name("target_policy", tests, NULL, NULL);
}
