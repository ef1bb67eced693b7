/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 5118, section by section. */
#include "tests/torture/torture.h"

#include "sip-parser/sdp.h"

#define REST                                                                                                 \
	"From: sip:user@example.com;tag=81x2\r\nVia: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111\r\n"  \
	"Call-ID: written.after.the.rfc\r\nMax-Forwards: 70\r\n"

static void rfc5118_4_1_valid_ipv6_reference(void **state)
{
	assert_int_equal(file_verdict("rfc5118/ipv6-good.sip"), OK);
	assert_true(uri_of(m.ruri).host_is_v6);
	assert_span(uri_of(m.ruri).host, "2001:db8::10");
	assert_span(via_of(0).host, "2001:db8::9:1");
	assert_span(addr_of(sip_msg_val(&m, SIP_H_CONTACT)).uri.host, "2001:db8::1");
}

static void rfc5118_4_2_ipv6_without_brackets_is_400(void **state)
{
	assert_int_equal(
	    text_verdict("REGISTER sip:2001:db8::10 SIP/2.0\r\nTo: sip:user@example.com\r\nCSeq: 98176 "
	                 "REGISTER\r\n" REST
	                 "Contact: \"Caller\" <sip:caller@[2001:db8::1]>\r\nContent-Length: 0\r\n\r\n"),
	    400);
	assert_int_equal(strncmp(err.reason, "Request-URI:", 12), 0);
}

static void rfc5118_4_3_ambiguous_port_belongs_to_the_address(void **state)
{
	assert_int_equal(
	    text_verdict("REGISTER sip:[2001:db8::10:5070] SIP/2.0\r\nTo: sip:user@example.com\r\nCSeq: "
	                 "98176 REGISTER\r\n" REST "Content-Length: 0\r\n\r\n"),
	    OK);
	assert_span(uri_of(m.ruri).host, "2001:db8::10:5070");
	assert_int_equal(uri_of(m.ruri).port, 0);
}

static void rfc5118_4_4_unambiguous_port(void **state)
{
	assert_int_equal(file_verdict("rfc5118/port-unambiguous.sip"), OK);
	assert_span(uri_of(m.ruri).host, "2001:db8::10");
	assert_int_equal(uri_of(m.ruri).port, 5070);
}

static void rfc5118_4_5_received_with_delimiters(void **state)
{
	assert_int_equal(file_verdict("rfc5118/via-received-param-with-delim.sip"), OK);
	assert_span(via_of(0).received, "[2001:db8::9:255]");
	assert_span(via_of(0).branch, "z9hG4bKas3-111");
}

static void rfc5118_4_5_received_without_delimiters(void **state)
{
	assert_int_equal(
	    text_verdict(
	        "OPTIONS sip:[2001:db8::10] SIP/2.0\r\nTo: sip:user@example.com\r\nFrom: "
	        "sip:user@example.com;tag=81x2\r\n"
	        "Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3\r\n"
	        "Call-ID: SSG95523997077@hlau_4100\r\nMax-Forwards: 70\r\nCSeq: 987 OPTIONS\r\n\r\n"),
	    OK);
	assert_span(via_of(0).received, "2001:db8::9:255");
}

static struct sdp sdp_of(void)
{
	static struct sdp s;
	uint32_t off;
	const char *reason;
	assert_int_equal(sdp_parse(&s, m.body, &off, &reason), 0);
	return s;
}

static void rfc5118_4_6_ipv6_in_sdp_without_brackets(void **state)
{
	assert_int_equal(file_verdict("rfc5118/ipv6-in-sdp.sip"), OK);
	struct sip_msg whole = m;
	/* the file's Content-Length is shorter than its body: what is counted is the message */
	assert_int_equal(whole.body.len, 241);
	struct sdp s = sdp_of();
	assert_int_equal(s.n_media, 2);
	assert_span(s.media[0].addr, "2001:db8::20");
	assert_true(s.media[0].addr_is_v6);
	assert_span(s.media[0].fmts[0].name, "G726-32");
}

static void rfc5118_4_7_mixed_addresses_in_vias(void **state)
{
	assert_int_equal(file_verdict("rfc5118/mult-ip-in-header.sip"), OK);
	assert_span(via_of(0).host, "2001:db8::9:1");
	assert_int_equal(via_of(0).port, 6050);
	assert_false(via_of(1).host_is_v6);
	assert_span(via_of(2).received, "192.0.2.200");
}

static void rfc5118_4_8_mixed_addresses_in_sdp(void **state)
{
	assert_int_equal(
	    text_verdict(
	        "INVITE sip:user@[2001:db8::10] SIP/2.0\r\nTo: sip:user@[2001:db8::10]\r\nCSeq: 8912 "
	        "INVITE\r\n" REST "Content-Type: application/sdp\r\n\r\nv=0\r\no=bob 280744730 28977631 IN "
	                          "IP4 host.example.com\r\ns=\r\n"
	        "t=0 0\r\nm=audio 22334 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\nm=video 6024 RTP/AVP 107\r\n"
	        "c=IN IP6 2001:db8::1\r\na=rtpmap:107 H263-1998/90000\r\n"),
	    OK);
	struct sdp s = sdp_of();
	assert_false(s.media[0].addr_is_v6);
	assert_span(s.media[0].addr, "192.0.2.1");
	assert_true(s.media[1].addr_is_v6);
	assert_span(s.media[1].addr, "2001:db8::1");
}

static void rfc5118_4_9_ipv4_mapped_ipv6(void **state)
{
	assert_int_equal(text_verdict("INVITE sip:user@example.com SIP/2.0\r\nTo: "
	                              "sip:user@example.com\r\nFrom: sip:user@east.example.com;tag=81x2\r\n"
	                              "Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19\r\n"
	                              "Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111\r\nCall-ID: "
	                              "SSG95\r\nMax-Forwards: 70\r\nCSeq: 89 INVITE\r\n"
	                              "Contact: \"T. desk phone\" "
	                              "<sip:ted@[::ffff:192.0.2.2]>\r\nContent-Type: application/sdp\r\n\r\n"
	                              "v=0\r\no=assistant 971731711378798081 0 IN IP6 "
	                              "::ffff:192.0.2.2\r\ns=x\r\nc=IN IP6 ::ffff:192.0.2.2\r\nt=0 0\r\n"
	                              "m=audio 6000 RTP/AVP 2\r\n"),
	    OK);
	assert_span(via_of(0).host, "::ffff:192.0.2.10");
	assert_int_equal(via_of(0).port, 19823);
	assert_span(addr_of(sip_msg_val(&m, SIP_H_CONTACT)).uri.host, "::ffff:192.0.2.2");
	assert_span(sdp_of().media[0].addr, "::ffff:192.0.2.2");
}

static void rfc5118_4_10_two_colons_before_an_ipv4_tail(void **state)
{
	assert_int_equal(file_verdict("rfc5118/ipv6-correct-abnf-2-colons.sip"), OK);
	assert_span(uri_of(m.ruri).host, "2001:db8::192.0.2.1");
}

/* "an implementation must tolerate both of the above constructs" */
static void rfc5118_4_10_three_colons_before_an_ipv4_tail(void **state)
{
	assert_int_equal(text_verdict("OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0\r\nTo: "
	                              "sip:user@[2001:db8:::192.0.2.1]\r\nCSeq: 689 OPTIONS\r\n" REST
	                              "Content-Length: 0\r\n\r\n"),
	    OK);
	struct sip_uri three = uri_of(m.ruri), two = uri_of(SPAN("sip:user@[2001:db8::192.0.2.1]"));
	assert_true(sip_uri_equal(&three, &two));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc5118_4_1_valid_ipv6_reference),
	    cmocka_unit_test(rfc5118_4_2_ipv6_without_brackets_is_400),
	    cmocka_unit_test(rfc5118_4_3_ambiguous_port_belongs_to_the_address),
	    cmocka_unit_test(rfc5118_4_4_unambiguous_port),
	    cmocka_unit_test(rfc5118_4_5_received_with_delimiters),
	    cmocka_unit_test(rfc5118_4_5_received_without_delimiters),
	    cmocka_unit_test(rfc5118_4_6_ipv6_in_sdp_without_brackets),
	    cmocka_unit_test(rfc5118_4_7_mixed_addresses_in_vias),
	    cmocka_unit_test(rfc5118_4_8_mixed_addresses_in_sdp),
	    cmocka_unit_test(rfc5118_4_9_ipv4_mapped_ipv6),
	    cmocka_unit_test(rfc5118_4_10_two_colons_before_an_ipv4_tail),
	    cmocka_unit_test(rfc5118_4_10_three_colons_before_an_ipv4_tail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
