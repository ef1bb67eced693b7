/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sip/cm.h"

#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_auth.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_via.h"

static struct sip_addr a;
static struct sip_via v;
static uint32_t off;

static bool addr(const char *s)
{
	return sip_addr_parse(&a, span_str(s), &off) == 0;
}

static bool via(const char *s)
{
	return sip_via_parse(&v, span_str(s), &off) == 0;
}

static void name_addr_with_quoted_display_and_tag(void **state)
{
	assert_true(addr(
	    "\"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8;x=\"a;b\""));
	assert_span(a.display, "\"J Rosenberg \\\\\\\"\"");
	assert_span(a.uri_text, "sip:jdrosen@example.com");
	assert_span(a.uri.user, "jdrosen");
	assert_span(a.tag, "98asjd8");
	assert_span(a.params, "tag = 98asjd8;x=\"a;b\"");
}

/* §20.10: without brackets ';' begins header parameters. */
static void rfc3261_20_10_bare_uri_parameters_are_the_headers(void **state)
{
	assert_true(addr("sip:+12125551212@server.phone2net.com;tag=887s"));
	assert_span(a.uri_text, "sip:+12125551212@server.phone2net.com");
	assert_span(a.uri.params, "");
	assert_span(a.tag, "887s");
	assert_true(addr("<sip:a@b;lr>;q=0.3"));
	assert_span(a.uri.params, "lr");
	assert_span(a.params, "q=0.3");
	assert_int_equal(a.tag.len, 0);
}

static void rfc4475_3_1_1_6_no_space_before_bracket(void **state)
{
	assert_true(addr("caller<sip:caller@example.com>;tag=323"));
	assert_span(a.display, "caller");
	assert_true(addr("token1~` token2'+_ token3*%!.- <sip:mundane@example.com>"));
	assert_span(a.display, "token1~` token2'+_ token3*%!.-");
}

static void star_is_a_contact(void **state)
{
	assert_true(addr(" * "));
	assert_true(a.star);
	assert_false(addr("**"));
}

static void malformed_addresses(void **state)
{
	static const char *const wrong[] = {"", "<", "<>", "sip:a@b>", "<sip:a@b", "\"a <sip:a@b>",
	    "\"a\\\" <sip:a@b>", "Bell, A <sip:a@b>", "< sip:a@b>", "<sip:a@b >", "<sip:a@b> x", "<sip:a@b>;",
	    "<sip:a@b>;;a", "<sip:a@b>;=x", "<sip:a@b>;tag=", "<sip:a@b>;tag=1;tag=2", "<sip:a@b>;tag=\"q\"",
	    "sip:a@b?x=y", "sip:a@b,sip:c", "a\"b\" <sip:a@b>", "\"a\" sip:a@b", "<sip:a@b><sip:c@d>",
	    "sip:a@b<", "\"\x01\" <sip:a>"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (addr(wrong[i]))
			fail_msg("%s accepted", wrong[i]);
		assert_true(off <= strlen(wrong[i]));
	}
}

static void unknown_schemes_are_well_formed(void **state)
{
	assert_true(addr("isbn:2983792873"));
	assert_int_equal(a.uri.scheme, SIP_URI_OTHER);
	assert_true(addr("<http://www.example.com>;tag=3234233"));
	assert_span(a.tag, "3234233");
	assert_true(addr("<urn:example:a;b;c>"));
	assert_span(a.uri_text, "urn:example:a;b;c");
}

static void via_with_every_parameter(void **state)
{
	assert_true(via("SIP  /   2.0\r\n /UDP\r\n    first.example.com : 4000 ; ttl=16\r\n "
	                ";maddr=224.2.0.1;received=192.0.2.1;rport=99 ;branch=z9hG4bKa7c6a8dlze.1;x"));
	assert_span(v.protocol, "SIP");
	assert_span(v.transport, "UDP");
	assert_span(v.host, "first.example.com");
	assert_int_equal(v.port, 4000);
	assert_int_equal(v.ttl, 16);
	assert_span(v.maddr, "224.2.0.1");
	assert_span(v.received, "192.0.2.1");
	assert_true(v.has_rport);
	assert_int_equal(v.rport, 99);
	assert_span(v.branch, "z9hG4bKa7c6a8dlze.1");
}

static void rfc3581_rport_without_value(void **state)
{
	assert_true(via("SIP/2.0/UDP h;rport;branch=z9hG4bKx"));
	assert_true(v.has_rport);
	assert_int_equal(v.rport, 0);
	assert_int_equal(v.ttl, 0xffff);
	assert_false(via("SIP/2.0/UDP h;rport="));
	assert_false(via("SIP/2.0/UDP h;rport=65536"));
}

static void rfc5118_4_5_received_with_and_without_brackets(void **state)
{
	assert_true(via("SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111"));
	assert_span(v.host, "2001:db8::9:1");
	assert_span(v.received, "[2001:db8::9:255]");
	assert_true(via("SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3"));
	assert_span(v.received, "2001:db8::9:255");
	assert_span(v.branch, "z9hG4bKas3");
}

static void malformed_vias(void **state)
{
	static const char *const wrong[] = {"", "SIP/2.0/UDP", "SIP/2.0/UDP ", "SIP/2.0 UDP h",
	    "SIP/2.0/UDP h;", "SIP/2.0/UDP h;;x", "SIP/2.0/UDP h:", "SIP/2.0/UDP h:x", "SIP/2.0/UDP h:65536",
	    "SIP/2.0/UDP 2001:db8::1", "SIP/2.0/UDP h;ttl=256", "SIP/2.0/UDP h;branch",
	    "SIP/2.0/UDP h;branch=", "SIP/2.0/UDP h;branch=a;branch=b", "SIP/2.0/UDP h g", "SIP//UDP h",
	    "SIP/2.0/UDP h;received=x y", "SIP/2.0/UDP \"h\""};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (via(wrong[i]))
			fail_msg("%s accepted", wrong[i]);
		assert_true(off <= strlen(wrong[i]));
	}
}

static void cseq_and_numbers(void **state)
{
	struct sip_cseq c;
	uint32_t n;
	assert_int_equal(sip_cseq_parse(&c, SPAN("139122385 !interesting"), &off), 0);
	assert_int_equal(c.number, 139122385);
	assert_int_equal(c.method, SIP_UNKNOWN);
	assert_span(c.method_text, "!interesting");
	assert_int_equal(sip_cseq_parse(&c, SPAN("36893488147419103232 REGISTER"), &off), -1);
	assert_int_equal(sip_number(SPAN("0068"), 255, &n), 0);
	assert_int_equal(n, 68);
	assert_int_equal(sip_number(SPAN("4294967295"), UINT32_MAX, &n), 0);
	assert_int_equal(sip_number(SPAN("4294967296"), UINT32_MAX, &n), -1);
	assert_int_equal(sip_number(SPAN("18446744073709551617"), UINT32_MAX, &n), -1);
	assert_int_equal(sip_number(SPAN("1 "), 9, &n), -1);
}

static void digest_challenge_parameters(void **state)
{
	struct sip_auth auth;
	struct span x;
	char room[32];
	struct buf b = buf_on(room, sizeof room);
	assert_int_equal(sip_auth_parse(&auth,
	                     SPAN("Digest realm=\"a\\\"b\",\r\n nonce = \"n,1\" , "
	                          "qop=\"auth,auth-int\",algorithm=MD5, opaque=\"\""),
	                     &off),
	    0);
	assert_span(auth.scheme, "Digest");
	assert_true(sip_auth_get(&auth, SPAN("NONCE"), &x));
	assert_span(x, "n,1");
	assert_true(sip_auth_get(&auth, SPAN("qop"), &x));
	assert_span(x, "auth,auth-int");
	assert_true(sip_auth_get(&auth, SPAN("algorithm"), &x));
	assert_span(x, "MD5");
	assert_true(sip_auth_get(&auth, SPAN("opaque"), &x));
	assert_span(x, "");
	assert_false(sip_auth_get(&auth, SPAN("stale"), &x));
	assert_true(sip_auth_get(&auth, SPAN("realm"), &x));
	sip_unquote(&b, x);
	assert_span(buf_view(&b), "a\"b");
}

static void rfc4475_3_3_7_unknown_scheme(void **state)
{
	struct sip_auth auth;
	struct span x;
	assert_int_equal(sip_auth_parse(&auth, SPAN("NoOneKnowsThisScheme opaque-data=here"), &off), 0);
	assert_true(sip_auth_get(&auth, SPAN("opaque-data"), &x));
	assert_span(x, "here");
	assert_int_equal(sip_auth_parse(&auth, SPAN("Digest"), &off), -1);
	assert_int_equal(sip_auth_parse(&auth, SPAN("Digest realm"), &off), -1);
	assert_int_equal(sip_auth_parse(&auth, SPAN("Digest realm=\"x"), &off), -1);
	assert_int_equal(sip_auth_parse(&auth, SPAN("Digest realm=\"x\","), &off), -1);
	assert_int_equal(sip_auth_params(&auth, SPAN("nextnonce=\"47364c23\""), &off), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(name_addr_with_quoted_display_and_tag),
	    cmocka_unit_test(rfc3261_20_10_bare_uri_parameters_are_the_headers),
	    cmocka_unit_test(rfc4475_3_1_1_6_no_space_before_bracket),
	    cmocka_unit_test(star_is_a_contact),
	    cmocka_unit_test(malformed_addresses),
	    cmocka_unit_test(unknown_schemes_are_well_formed),
	    cmocka_unit_test(via_with_every_parameter),
	    cmocka_unit_test(rfc3581_rport_without_value),
	    cmocka_unit_test(rfc5118_4_5_received_with_and_without_brackets),
	    cmocka_unit_test(malformed_vias),
	    cmocka_unit_test(cseq_and_numbers),
	    cmocka_unit_test(digest_challenge_parameters),
	    cmocka_unit_test(rfc4475_3_3_7_unknown_scheme),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
