/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/control/infra/infra.h"

#include "control/config.h"
#include "control/config_table.h"

#include <errno.h>
#include <unistd.h>

#define GOOD                                                                                                 \
	"device: {name: veth0}\n"                                                                            \
	"network: {ip: 192.0.2.10/24}\n"                                                                     \
	"accounts:\n"                                                                                        \
	"  - {sid: AC0123456789abcdef0123456789abcdef, token: s3cr3t-t0ken}\n"

static struct config *good(const char *text)
{
	struct config *c;
	struct config_errors e = {0};
	if (config_parse(&c, text, strlen(text), &e) < 0)
		fail_msg("%u:%u: %s", e.list[0].pos.line, e.list[0].pos.col, e.list[0].text);
	assert_int_equal(e.n, 0);
	return c;
}

/* Exactly these problems, each "line:col: beginning of the text". */
static void bad(const char *text, unsigned n, const char *const *expected)
{
	struct config *c;
	struct config_errors e = {0};
	assert_int_equal(config_parse(&c, text, strlen(text), &e), -EINVAL);
	assert_null(c);
	for (unsigned i = 0; i < e.n || i < n; i++) {
		char got[400] = "(nothing)";
		if (i < e.n)
			snprintf(got, sizeof got, "%u:%u: %s", e.list[i].pos.line, e.list[i].pos.col,
			    e.list[i].text);
		if (i >= n || strncmp(got, expected[i], strlen(expected[i])) != 0)
			fail_msg("problem %u is \"%s\", not \"%s\"", i, got, i < n ? expected[i] : "(none)");
	}
	config_errors_fini(&e);
}

#define BAD(text, ...)                                                                                       \
	do {                                                                                                 \
		static const char *const x[] = {__VA_ARGS__};                                                \
		bad(text, sizeof x / sizeof *x, x);                                                          \
	} while (0)

static void a_short_file_gets_every_default(void **state)
{
	struct config *c = good(GOOD);
	assert_string_equal(c->dp.device, "veth0");
	assert_string_equal(c->dp.driver, "auto");
	assert_true(c->dp.hugepages);
	assert_int_equal(c->dp.workers, 1);
	assert_int_equal(c->dp.cores[0], 0xffff);
	assert_int_equal(c->dp.ip.b[3], 10);
	assert_int_equal(c->dp.prefix, 24);
	assert_int_equal(c->dp.gateway.fam, 0);
	assert_int_equal(c->dp.mtu, 1500);
	assert_int_equal(c->dp.sip_port, 5060);
	assert_int_equal(c->dp.t1_ms, 500);
	assert_int_equal(c->dp.t2_ms, 4000);
	assert_int_equal(c->dp.t4_ms, 5000);
	assert_int_equal(c->dp.legs_max, c->calls_max);
	assert_int_equal(c->call_seconds, 14400);
	assert_string_equal(c->default_from, "anonymous");
	assert_string_equal(c->from_host, "192.0.2.10");
	assert_string_equal(c->dp.user_agent, "Dialplane/" DIALPLANE_VERSION);
	assert_int_equal(c->rest_listen.port, 8080);
	assert_int_equal(c->policy.n_allow, 0);
	assert_string_equal(config_token(c, "AC0123456789abcdef0123456789abcdef"), "s3cr3t-t0ken");
	assert_null(config_token(c, "AC0123456789abcdef0123456789abcdee"));
	char servers[512];
	assert_null(config_dns_servers(c, servers));
	struct config *d = good(GOOD);
	assert_memory_not_equal(c->dp.key, d->dp.key, 16);
	config_free(c);
	config_free(d);
}

static void every_kind_of_setting_is_read(void **state)
{
	struct config *c = good(GOOD "workers: 2\ncores: [3, 5]\n"
	                             "sip: {port: 5070}\n"
	                             "rest: {listen: '[::1]:9090'}\n"
	                             "targets: {allow: [127.0.0.1, 10.0.0.0/8, 'fd00::/8']}\n"
	                             "dns: {servers: [192.0.2.53, '192.0.2.54:5353', '[2001:db8::1]:53']}\n"
	                             "limits: {calls: 100, ring_slots: 64}\n"
	                             "log: {level: debug, format: text}\n"
	                             "idle:\n");
	char servers[512];
	assert_int_equal(c->n_cores, 2);
	assert_int_equal(c->dp.cores[1], 5);
	assert_int_equal(c->dp.cores[2], 0xffff);
	assert_true(c->dp.legs_max >= 50 && c->dp.legs_max < 100);
	assert_string_equal(c->from_host, "192.0.2.10:5070");
	assert_int_equal(c->rest_listen.a.fam, 6);
	assert_int_equal(c->rest_listen.port, 9090);
	assert_int_equal(c->policy.n_allow, 3);
	assert_int_equal(c->policy.allow[0].prefix, 32);
	assert_int_equal(c->policy.allow[2].prefix, 8);
	assert_string_equal(config_dns_servers(c, servers), "192.0.2.53:53,192.0.2.54:5353,[2001:db8::1]:53");
	assert_int_equal(config_log_level(c), LOG_DEBUG);
	config_free(c);
	c = good(
	    "device: {name: v}\naccounts: [{sid: AC0123456789abcdef0123456789abcdef, token: t}]\n"
	    "network:\n  ip: 192.0.2.10/24\n  gateway: 192.0.2.1\n  mac: 02:00:5e:00:53:01\n  vlan: 100\n"
	    "  routes: [{to: 198.51.100.0/24, via: 192.0.2.2}, {to: 203.0.113.0/24}]\n");
	assert_int_equal(c->dp.gateway.b[3], 1);
	assert_int_equal(c->dp.mac[5], 1);
	assert_int_equal(c->dp.vlan, 100);
	assert_int_equal(c->dp.n_routes, 2);
	assert_int_equal(c->dp.routes[0].via.b[3], 2);
	assert_int_equal(c->dp.routes[1].prefix, 24);
	assert_int_equal(c->dp.routes[1].via.fam, 0);
	config_free(c);
}

static void all_problems_are_told_in_the_order_of_the_file(void **state)
{
	BAD("device:\n"
	    "  name: veth0\n"
	    "  driver: fast\n"
	    "  hugepage: yes\n"
	    "workers: 0\n"
	    "network:\n"
	    "  mtu: 100000\n"
	    "sip:\n"
	    "  port: five\n"
	    "colour: red\n"
	    "accounts:\n"
	    "  - sid: AC12\n"
	    "    token: abc\n",
	    "3:11: device.driver \"fast\" is not one of",
	    "4:3: there is no setting device.hugepage; did you mean device.hugepages?",
	    "5:10: workers 0 is outside 1 … 32", "7:3: network.ip is missing",
	    "7:8: network.mtu 100000 is outside 576 … 9000 bytes", "9:9: sip.port \"five\" is not a number",
	    "10:1: there is no setting colour", "12:10: accounts[].sid must be AC");
}

static void required_settings_are_missed(void **state)
{
	BAD("workers: 1\n", "1:1: device.name is missing", "1:1: network.ip is missing",
	    "1:1: accounts needs");
	BAD("", "1:1: the file is empty", "1:1: device.name", "1:1: network.ip", "1:1: accounts needs");
	BAD("device: {name: v}\nnetwork: {ip: 192.0.2.1/24, routes: [{via: 192.0.2.2}]}\naccounts:\n  - "
	    "token: x\n",
	    "2:38: network.routes[].to is missing", "4:5: accounts[].sid is missing");
	BAD("device: {name: }\nnetwork: {ip: 192.0.2.1/24}\naccounts: [{sid: "
	    "AC0123456789abcdef0123456789abcdef, token: t}]\n",
	    "1:16: device.name has no value");
}

static void shapes_and_repeats_are_refused(void **state)
{
	BAD("- a\n", "1:1: the file must be a mapping", "1:1: device.name", "1:1: network.ip",
	    "1:1: accounts");
	BAD(GOOD "sip: 5060\n", "5:6: sip must be a mapping");
	BAD(GOOD "sip: {port: [1]}\n", "5:13: sip.port must be a single value");
	BAD(GOOD "cores: 1\n", "5:8: cores must be a list");
	BAD(GOOD
	    "dns: {servers: [1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1]}\n",
	    "5:16: dns.servers has 9 items, at most 8");
	BAD(GOOD "sip: {port: 1, port: 2}\n", "5:16: sip.port is given twice");
	BAD(GOOD "sip: &x\n  port: *x\n", "5:6: sip.port must be a single value");
	BAD(GOOD "? [a]\n: b\n", "5:3: this is not the name of a setting");
	BAD(GOOD "  bad indent: [\n", "5:3: not YAML: ");
	BAD("a: \"\\x\"\n", "1:");
}

static void values_out_of_range_or_form_are_refused(void **state)
{
	static const struct {
		const char *line, *expected;
	} t[] = {
	    {"workers: 33", "5:10: workers 33 is outside"},
	    {"workers: -1", "5:10: workers \"-1\" is not a number"},
	    {"workers: 1.5", "5:10: workers \"1.5\" is not"},
	    {"workers: 99999999999999999999", "5:10: workers 99999999999999999999 is outside"},
	    {"sip: {port: 65536}", "5:13: sip.port 65536"},
	    {"sip: {default_from: 'a b'}", "5:21: sip.default_from may contain"},
	    {"sip: {from_host: 'a/b'}", "5:18: sip.from_host must"},
	    {"sip: {t2_ms: 100}", "5:14: sip.t2_ms 100 is below sip.t1_ms 500"},
	    {"limits: {ring_slots: 1000}", "5:22: limits.ring_slots 1000 is not a power of two"},
	    {"limits: {calls: 0}", "5:17: limits.calls 0"},
	    {"media: {port_low: 16385}", "5:19: media.port_low must be even"},
	    {"media: {port_high: 16390}", "5:20: media.port_high must be odd"},
	    {"media: {port_high: 16381}", "5:20: media.port_high 16381 is not above"},
	    {"sip: {port: 20000}", "5:13: sip.port 20000 lies inside the media ports"},
	    {"rest: {listen: 127.0.0.1}", "5:16: rest.listen \"127.0.0.1\" needs a port"},
	    {"rest: {listen: 'localhost:80'}", "5:16: rest.listen \"localhost\" is not an IP"},
	    {"rest: {listen: '127.0.0.1:0'}", "5:16: rest.listen"},
	    {"rest: {listen: '127.0.0.1:99999'}", "5:16: rest.listen"},
	    {"rest: {listen: '[::1'}", "5:16: rest.listen"},
	    {"rest: {public_url: 'ftp://x'}", "5:20: rest.public_url must start"},
	    {"targets: {allow: [10.0.0.1/8]}", "5:19: targets.allow[] \"10.0.0.1/8\" is an address inside"},
	    {"targets: {allow: [10.0.0.0/33]}", "5:19: targets.allow[] \"10.0.0.0/33\": the prefix"},
	    {"targets: {allow: [10.0.0.0/x]}", "5:19: targets.allow[]"},
	    {"targets: {allow: [example.com]}", "5:19: targets.allow[] \"example.com\" is not"},
	    {"cores: [1]\nworkers: 2", NULL},
	    {"cores: [1, 1]\nworkers: 2", "5:12: cores[] names CPU 1 twice"},
	    {"cores: [1, 2]", "5:8: cores names 2 CPUs for 1 workers"},
	    {"media: {addresses: [198.51.100.7, 198.51.100.8]}", NULL},
	    {"media: {addresses: [198.51.100.7, 198.51.100.7]}", "5:35: media.addresses[]: not a unicast"},
	    {"media: {addresses: [224.0.0.1]}", "5:21: media.addresses[]: not a unicast"},
	    {"webhook: {total_ms: 200}", "5:21: webhook.total_ms 200 is below"},
	    {"device.name: x", "5:1: this is not the name"},
	    {"ip: 1.2.3.4", "5:1: there is no setting ip; did you mean network.ip?"},
	    {"webhok: {}", "5:1: there is no setting webhok; did you mean webhook?"},
	};
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		char text[1024];
		snprintf(text, sizeof text, GOOD "%s\n", t[i].line);
		if (t[i].expected)
			bad(text, 1, &t[i].expected);
		else
			config_free(good(text));
	}
}

static void addresses_must_fit_each_other(void **state)
{
	static const struct {
		const char *network, *expected;
	} t[] = {
	    {"ip: 192.0.2.10", "2:15: network.ip \"192.0.2.10\" needs a prefix"},
	    {"ip: 192.0.2.0/24", "2:15: network.ip is the network's own"},
	    {"ip: 192.0.2.255/24", "2:15: network.ip is the network's own"},
	    {"ip: 127.0.0.2/8", "2:15: network.ip is no unicast"},
	    {"ip: 224.0.0.2/8", "2:15: network.ip is no unicast"},
	    {"ip: '2001:db8::1/64'", "2:15: network.ip \"2001:db8::1\" is not an IPv4"},
	    {"ip: 192.0.2.10/24, ip6: 192.0.2.11/24", "2:35: network.ip6 \"192.0.2.11\" is not an IPv6"},
	    {"ip: 192.0.2.10/24, ip6: 'fe80::1/64'", "2:35: network.ip6 is no address"},
	    {"ip: 192.0.2.10/24, ip6: '::1/64'", "2:35: network.ip6 is no address"},
	    {"ip: 192.0.2.10/24, gateway6: 'fe80::1'", "2:40: network.gateway6 needs network.ip6"},
	    {"ip: 192.0.2.10/24, ip6: '2001:db8::1/64', gateway6: '2001:db8:1::1'",
	        "2:63: network.gateway6 is neither"},
	    {"ip: 192.0.2.10/24, ip6: '2001:db8::1/64', mtu: 1279", "2:58: network.mtu 1279 is below 1280"},
	    {"ip: 192.0.2.10/24, routes: [{to: '2001:db8:1::/48'}]", "2:39: network.routes[].to is IPv6, which needs"},
	    {"ip: 192.0.2.10/24, ip6: '2001:db8::1/64', routes: [{to: '2001:db8:1::/48', via: 192.0.2.1}]",
	        "2:62: network.routes[].via is not of the same family"},
	    {"ip: 192.0.2.10/24, gateway: 192.0.3.1", "2:39: network.gateway is not"},
	    {"ip: 192.0.2.10/24, gateway: 192.0.2.10", "2:39: network.gateway is not"},
	    {"ip: 192.0.2.10/24, routes: [{to: 10.0.0.0/8, via: 10.0.0.1}]",
	        "2:39: network.routes[].via is not"},
	    {"ip: 192.0.2.10/24, mac: 01:00:5e:00:00:01", "2:35: network.mac 01:00:5e:00:00:01 is a group"},
	    {"ip: 192.0.2.10/24, mac: 2:0:0:0:0:1", "2:35: network.mac \"2:0:0:0:0:1\" is not a MAC"},
	};
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		char text[1024];
		snprintf(text, sizeof text,
		    "device: {name: v}\nnetwork: {%s}\naccounts: [{sid: AC0123456789abcdef0123456789abcdef, "
		    "token: t}]\n",
		    t[i].network);
		bad(text, 1, &t[i].expected);
	}
}

/* ---- secrets ---- */

static void problems_never_show_a_token(void **state)
{
	static const char *const texts[] = {
	    "accounts: [{sid: X, token: s3cr3t-one}]\n",
	    "accounts: [{sid: AC0123456789abcdef0123456789abcdef, token: 's3cr3t one'}]\n",
	    "accounts: [{sid: AC0123456789abcdef0123456789abcdef, token: [s3cr3t]}]\n",
	    "accounts: [{sid: AC0123456789abcdef0123456789abcdef, token: s3cr3t, token_env: Y}]\n",
	    "accounts: [{sid: AC0123456789abcdef0123456789abcdef, token: \"s3cr3t\\n\"}]\n",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct config *c;
		struct config_errors e = {0};
		assert_int_equal(config_parse(&c, texts[i], strlen(texts[i]), &e), -EINVAL);
		for (size_t k = 0; k < e.n; k++)
			assert_null(strstr(e.list[k].text, "s3cr3t"));
		config_errors_fini(&e);
	}
}

#define WITH_ACCOUNT(a) "device: {name: v}\nnetwork: {ip: 192.0.2.10/24}\naccounts:\n" a
#define SID             "  - sid: AC0123456789abcdef0123456789abcdef\n"

static void tokens_come_from_files_and_environment(void **state)
{
	char name[] = "/tmp/dialplane-token-XXXXXX", text[512];
	int fd = mkstemp(name);
	assert_int_equal(write(fd, "from-file\nrest\n", 15), 15);
	close(fd);
	snprintf(text, sizeof text, WITH_ACCOUNT(SID "    token_file: %s\n"), name);
	struct config *c = good(text);
	assert_string_equal(c->accounts[0].token, "from-file");
	config_free(c);
	unlink(name);
	setenv("DIALPLANE_TEST_TOKEN", "from-env", 1);
	c = good(WITH_ACCOUNT(SID "    token_env: DIALPLANE_TEST_TOKEN\n"));
	assert_string_equal(c->accounts[0].token, "from-env");
	config_free(c);
	BAD(WITH_ACCOUNT(SID "    token_env: DIALPLANE_NOT_SET\n"),
	    "4:5: accounts[].token_env: the variable DIALPLANE_NOT_SET is not set");
	BAD(WITH_ACCOUNT(SID "    token_file: /nonexistent/token\n"),
	    "4:5: accounts[].token_file /nonexistent/token: No such");
	BAD(WITH_ACCOUNT(SID), "4:5: accounts[] needs exactly one of");
	BAD(WITH_ACCOUNT(SID "    token: a\n" SID "    token: b\n"),
	    "6:5: accounts[].sid AC0123456789abcdef0123456789abcdef is there");
}

/* ---- the table and the example ---- */

static char *read_all(const char *path)
{
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	char *text = calloc(1, 65536);
	assert_true(fread(text, 1, 65535, f) > 0);
	fclose(f);
	return text;
}

static void items_have_defaults_and_addresses_have_their_mark_once(void **state)
{
	struct config *c = good(GOOD "trunk: {uri: 'sip:{number}@h.example;user=phone'}\n");
	assert_true(config_enhanced_sip(c, c->accounts[0].sid));
	assert_false(config_enhanced_sip(c, "AC"));
	assert_string_equal(c->trunk_uri, "sip:{number}@h.example;user=phone");
	config_free(c);
	static const char *const bad[] = {"trunk: {uri: 'sip:1@h'}\n", "trunk: {uri: 'sip:{client}@h'}\n",
	    "trunk: {uri: 'sip:{number}{number}@h'}\n", "trunk: {uri: 'tel:{number}'}\n",
	    "client: {uri: 'sip:{client}@'}\n"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char text[1024];
		struct config_errors e = {0};
		snprintf(text, sizeof text, "%s%s", GOOD, bad[i]);
		if (config_parse(&c, text, strlen(text), &e) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
		config_errors_fini(&e);
	}
}

static void the_example_names_every_setting_and_is_the_default(void **state)
{
	char *text = read_all(SOURCE_ROOT "/dialplane.example.yaml");
	for (unsigned i = 0; i < config_n_rows; i++) {
		const char *leaf = strrchr(config_rows[i].name, '.');
		char key[64];
		snprintf(key, sizeof key, "%s:", leaf ? leaf + 1 : config_rows[i].name);
		if (!strstr(key, "[]") && !strstr(text, key) && strcmp(key, "token:") != 0 &&
		    strcmp(key, "token_file:") != 0)
			fail_msg("the example lacks %s", config_rows[i].name);
	}
	setenv("DIALPLANE_TOKEN", "x", 1);
	struct config *c = good(text), *d = good(GOOD);
	for (unsigned i = 0; i < config_n_rows; i++) {
		const struct config_row *r = &config_rows[i];
		if (strchr(r->name, '[') || r->type == CT_LIST || !r->def ||
		    strcmp(r->name, "sip.from_host") == 0)
			continue;
		if (memcmp((char *)c + r->off, (char *)d + r->off, r->size) != 0)
			fail_msg("the example's %s is not the default", r->name);
	}
	config_free(c);
	config_free(d);
	free(text);
}

static void every_row_is_explained(void **state)
{
	char what[200];
	for (unsigned i = 0; i < config_n_rows; i++) {
		config_expected(&config_rows[i], what);
		assert_true(*what);
		assert_true(*config_rows[i].help);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(config_rows[i].name, config_rows[k].name);
	}
}

static void unreadable_and_huge_files_are_refused(void **state)
{
	struct config *c;
	struct config_errors e = {0};
	assert_int_equal(config_load(&c, "/nonexistent", &e), -ENOENT);
	assert_int_equal(e.n, 1);
	config_errors_fini(&e);
	assert_true(config_load(&c, "/dev/zero", &e) < 0);
	assert_non_null(strstr(e.list[0].text, "larger than"));
	config_errors_fini(&e);
	assert_true(config_load(&c, "/tmp", &e) < 0);
	config_errors_fini(&e);
}

/* Whatever the bytes, there is an answer: each prefix, and each byte changed. */
static void damaged_files_are_answered(void **state)
{
	static const char text[] = GOOD "targets: {allow: [10.0.0.0/8]}\nsip: {port: 5060}\n";
	char copy[sizeof text];
	for (size_t i = 0; i < 2 * sizeof text; i++) {
		struct config *c;
		struct config_errors e = {0};
		memcpy(copy, text, sizeof text);
		size_t len = i < sizeof text ? i : sizeof text - 1;
		if (i >= sizeof text)
			copy[i - sizeof text] = "\0\xff[{'&*!"[i % 8];
		if (config_parse(&c, copy, len, &e) == 0)
			config_free(c);
		else
			assert_true(e.n > 0);
		config_errors_fini(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_short_file_gets_every_default),
	    cmocka_unit_test(every_kind_of_setting_is_read),
	    cmocka_unit_test(all_problems_are_told_in_the_order_of_the_file),
	    cmocka_unit_test(required_settings_are_missed),
	    cmocka_unit_test(shapes_and_repeats_are_refused),
	    cmocka_unit_test(values_out_of_range_or_form_are_refused),
	    cmocka_unit_test(addresses_must_fit_each_other),
	    cmocka_unit_test(problems_never_show_a_token),
	    cmocka_unit_test(tokens_come_from_files_and_environment),
	    cmocka_unit_test(items_have_defaults_and_addresses_have_their_mark_once),
	    cmocka_unit_test(the_example_names_every_setting_and_is_the_default),
	    cmocka_unit_test(every_row_is_explained),
	    cmocka_unit_test(unreadable_and_huge_files_are_refused),
	    cmocka_unit_test(damaged_files_are_answered),
	};
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
