/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sip/cm.h"

#include "sip-parser/sip_uri.h"

static struct sip_uri u;
static uint32_t off;

static bool ok(const char *s)
{
	return sip_uri_parse(&u, span_str(s), &off) == 0;
}

static void every_part_of_a_sips_uri(void **state)
{
	assert_true(ok("sips:alice:pw@[::ffff:192.0.2.1]:5061;transport=tls;lr?subject=a%20b&x="));
	assert_int_equal(u.scheme, SIP_URI_SIPS);
	assert_span(u.user, "alice");
	assert_span(u.password, "pw");
	assert_span(u.host, "::ffff:192.0.2.1");
	assert_true(u.host_is_v6);
	assert_int_equal(u.port, 5061);
	assert_span(u.params, "transport=tls;lr");
	assert_span(u.headers, "subject=a%20b&x=");
}

static void good_uris(void **state)
{
	static const char *const good[] = {"sip:a", "SIP:a.b.", "sip:1.2.3.4", "sip:u@1.2.3.4:0",
	    "sip:user;par=u%40example.net@example.com", "sip:localhost:65536@atlanta.org",
	    "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com", "sip:[2001:db8::10:5070]",
	    "sip:[::1]:1234;transport=udp", "sip:+1-212-555-1212:1234@gateway.com;user=phone", "sip:%40@a",
	    "sip:a;x=[::1]", "tel:+1-201-555-0123", "tel:7042;phone-context=example.com", "tel:*21#",
	    "urn:example:a;b;c", "http://www.example.com", "soap.beep://192.0.2.103:3002", "sip:4f2a9c01de34",
	    "sip:under_score.example"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!ok(good[i]))
			fail_msg("%s refused at %u", good[i], off);
}

static void malformed_uris(void **state)
{
	static const char *const wrong[] = {"", ":", "sip", "sip:", "sip:@a", "sip:a@", "sip: a", "sip:a b",
	    "sip:a:b", "sip:a:", "sip:a:65536", "sip:a:55555555555", "sip:%4@a", "sip:%4`@a", "sip:u@a;",
	    "sip:u@a;=x", "sip:u@a;x=", "sip:u@a?", "sip:u@a?x", "sip:a..b", "sip:.a", "sip:-a", "sip:a-",
	    "sip:1.2.3", "sip:256.1.1.1", "sip:1.2.3.4.5", "sip:2001:db8::10", "sip:[2001:db8::10", "sip:[x]",
	    "sip:a\"b", "<sip:a>", "1sip:a", "tel:", "tel:+", "tel:abcg", "tel:1;", "urn:", "urn:a b",
	    "sip:a@b@c", "sip:u@a;p=\"q\"", "sip:a\xc3\xa9@b"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (ok(wrong[i]))
			fail_msg("%s accepted", wrong[i]);
}

static bool same(const char *a, const char *b)
{
	struct sip_uri x, y;
	assert_int_equal(sip_uri_parse(&x, span_str(a), &off), 0);
	assert_int_equal(sip_uri_parse(&y, span_str(b), &off), 0);
	assert_int_equal(sip_uri_equal(&x, &y), sip_uri_equal(&y, &x));
	return sip_uri_equal(&x, &y);
}

/* The lists printed in §19.1.4. */
static void rfc3261_19_1_4_equal(void **state)
{
	assert_true(same("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"));
	assert_true(same("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"));
	assert_true(same("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"));
	assert_true(same("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
	    "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"));
	assert_true(same("sip:alice@atlanta.com?subject=project%20x&priority=urgent",
	    "sip:alice@atlanta.com?priority=urgent&subject=project%20x"));
}

static void rfc3261_19_1_4_not_equal(void **state)
{
	assert_false(same("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"));
	assert_false(same("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
	assert_false(same("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"));
	assert_false(same("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"));
	assert_false(same("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"));
	assert_false(same("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"));
	assert_false(same("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"));
	assert_false(same("sip:a@b", "sips:a@b"));
	assert_false(same("sip:a%3Bb@c", "sip:a;b@c")); /* ';' is reserved: its escape is not the same */
	assert_false(same("sip:a@b?x=1&x=2", "sip:a@b?x=1&x=1"));
}

static void rfc5954_4_2_ipv6_hosts_compare_by_value(void **state)
{
	assert_true(same("sip:bob@[2001:db8::9:1]", "sip:bob@[2001:db8:0:0:0:0:9:01]"));
	assert_true(same("sip:[::ffff:192.0.2.1]", "sip:[::FFFF:c000:0201]"));
	assert_false(same("sip:[::1]", "sip:[::2]"));
}

static void rfc3966_4_tel_comparison(void **state)
{
	assert_true(same("tel:+1-201-555-0123", "tel:+1.201(555)0123"));
	assert_false(same("tel:+1", "tel:1"));
	assert_false(same("tel:7042;phone-context=a.com", "tel:7042;phone-context=b.com"));
}

static void base64_padding_in_a_parameter_value(void **state)
{
	struct span v;
	assert_true(ok("sip:192.0.2.1;lr=on;vsf=AAAAAE5eXl0==;x"));
	assert_true(sip_param_get(u.params, SPAN("vsf"), &v));
	assert_span(v, "AAAAAE5eXl0==");
	assert_false(ok("sip:192.0.2.1;lr=;x"));
}

static void params_walk_and_get(void **state)
{
	struct span rest = SPAN("a=b;c; d = \"x;y\\\"\" ;e="), n, v;
	assert_true(sip_param_next(&rest, &n, &v));
	assert_span(n, "a");
	assert_span(v, "b");
	assert_true(sip_param_next(&rest, &n, &v));
	assert_span(n, "c");
	assert_null(v.p);
	assert_true(sip_param_next(&rest, &n, &v));
	assert_span(n, "d");
	assert_span(v, "\"x;y\\\"\"");
	assert_true(sip_param_next(&rest, &n, &v));
	assert_span(v, "");
	assert_non_null(v.p);
	assert_false(sip_param_next(&rest, &n, &v));
	assert_true(sip_param_get(SPAN("lr;Transport=TCP"), SPAN("transport"), &v));
	assert_span(v, "TCP");
	assert_false(sip_param_get(SPAN("lr"), SPAN("l"), &v));
}

static void unescape_decodes_nul_and_refuses_bad_escapes(void **state)
{
	char room[16];
	struct buf b = buf_on(room, sizeof room);
	assert_int_equal(sip_unescape(&b, SPAN("a%00%41")), 0);
	assert_int_equal(b.len, 3);
	assert_memory_equal(room, "a\0A", 3);
	assert_int_equal(sip_unescape(&b, SPAN("%4")), -1);
	assert_int_equal(sip_unescape(&b, SPAN("%zz")), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_part_of_a_sips_uri),
	    cmocka_unit_test(good_uris),
	    cmocka_unit_test(malformed_uris),
	    cmocka_unit_test(rfc3261_19_1_4_equal),
	    cmocka_unit_test(rfc3261_19_1_4_not_equal),
	    cmocka_unit_test(rfc5954_4_2_ipv6_hosts_compare_by_value),
	    cmocka_unit_test(rfc3966_4_tel_comparison),
	    cmocka_unit_test(base64_padding_in_a_parameter_value),
	    cmocka_unit_test(params_walk_and_get),
	    cmocka_unit_test(unescape_decodes_nul_and_refuses_bad_escapes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
