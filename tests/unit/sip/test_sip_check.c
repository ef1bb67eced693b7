/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sip/cm.h"

#include <stdio.h>

#include "sip-parser/sip_msg.h"

static struct sip_msg m;
static struct sip_err err;

/* Verdict of parse and check together: -1 ok, else the status. */
static int verdict(const char *s)
{
	if (sip_msg_parse(&m, s, (uint32_t)strlen(s), SIP_DATAGRAM, &err) < 0 || sip_msg_check(&m, &err) < 0)
		return err.status;
	return -1;
}

/* A good message with one line replaced (a line of the same name before ':') or, when there is none, added. */
static int with(const char *start, const char *line)
{
	static const char *const base[] = {"Via: SIP/2.0/UDP h;branch=z9hG4bK1", "From: <sip:a@b>;tag=1",
	    "To: <sip:c@d>", "Call-ID: x@y", "CSeq: 1 OPTIONS", "Max-Forwards: 70"};
	char text[4096];
	size_t name = strcspn(line, ":");
	int n = snprintf(text, sizeof text, "%s\r\n", start), used = 0;
	for (size_t i = 0; i < sizeof base / sizeof *base; i++) {
		bool same = strncmp(base[i], line, name + 1) == 0;
		used |= same;
		n += snprintf(text + n, sizeof text - (size_t)n, "%s\r\n", same ? line : base[i]);
	}
	snprintf(text + n, sizeof text - (size_t)n, "%s%s\r\n", used ? "" : line, used ? "" : "\r\n");
	return verdict(text);
}

static int line(const char *l)
{
	return with("OPTIONS sip:a@b SIP/2.0", l);
}

#define REFUSED(l)                                                                                           \
	do {                                                                                                 \
		if (line(l) != 400)                                                                          \
			fail_msg("%s: %d", l, line(l));                                                      \
	} while (0)
#define ACCEPTED(l)                                                                                          \
	do {                                                                                                 \
		if (line(l) != -1)                                                                           \
			fail_msg("%s: %d %s", l, line(l), err.reason);                                       \
	} while (0)

static void rfc3261_8_1_1_mandatory_headers(void **state)
{
	static const char *const all[] = {"Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n",
	    "From: <sip:a@b>;tag=1\r\n", "To: <sip:c@d>\r\n", "Call-ID: x@y\r\n", "CSeq: 1 OPTIONS\r\n"};
	for (int missing = 0; missing < 5; missing++) {
		char text[512];
		int n = snprintf(text, sizeof text, "OPTIONS sip:a@b SIP/2.0\r\n");
		for (int i = 0; i < 5; i++)
			n += snprintf(text + n, sizeof text - (size_t)n, "%s", i == missing ? "" : all[i]);
		snprintf(text + n, sizeof text - (size_t)n, "\r\n");
		assert_int_equal(
		    verdict(text), missing == 0 ? 0 : 400); /* without Via nobody can be answered */
	}
}

static void rfc3261_8_1_1_6_max_forwards(void **state)
{
	ACCEPTED("Max-Forwards: 0");
	ACCEPTED("Max-Forwards: 0068");
	ACCEPTED("Max-Forwards: 255");
	REFUSED("Max-Forwards: 256");
	REFUSED("Max-Forwards: -1");
	REFUSED("Max-Forwards: 7 0");
	REFUSED("Max-Forwards:");
}

static void rfc3261_20_16_cseq(void **state)
{
	ACCEPTED("CSeq: 0 OPTIONS");
	ACCEPTED("CSeq: 4294967295 OPTIONS");
	ACCEPTED("CSeq: 0009\r\n  OPTIONS");
	REFUSED("CSeq: 4294967296 OPTIONS");
	REFUSED("CSeq: 1OPTIONS");
	REFUSED("CSeq: 1");
	REFUSED("CSeq: OPTIONS");
	REFUSED("CSeq: 1 OPTIONS x");
	REFUSED("CSeq: 1 INVITE");
	REFUSED("CSeq: 1 options");
	assert_int_equal(with("FOO sip:a@b SIP/2.0", "CSeq: 1 OPTIONS"), 501);
	assert_int_equal(with("FOO sip:a@b SIP/2.0", "CSeq: 1 FOO"), -1);
}

static void rfc3261_20_8_call_id(void **state)
{
	ACCEPTED("Call-ID: {0h!a0i\"sndaksdj}@[kjsafi3]");
	REFUSED("Call-ID: a@b@c");
	REFUSED("Call-ID: a b");
	REFUSED("Call-ID:");
	REFUSED("Call-ID: a@");
}

static void rfc3261_20_42_via(void **state)
{
	ACCEPTED("Via: SIP/2.0/UNKNOWN h , SIP/2.0/UDP [::1]:5060;rport;received=::2");
	REFUSED("Via: SIP/2.0/UDP h;;branch=z9hG4bK1");
	REFUSED("Via: SIP/2.0/UDP h,");
	REFUSED("Via: SIP/2.0/UDP h,,SIP/2.0/UDP g");
	REFUSED("Via: SIP/3.0/UDP h");
	REFUSED("Via: HTTP/2.0/UDP h");
	REFUSED("Via: SIP/2.0/UDPh");
	REFUSED("Via:");
	REFUSED("Via: SIP/2.0/UDP h;branch=z9hG4bK");
	ACCEPTED("Via: SIP/2.0/UDP h;branch=x");
}

static void rfc3261_20_10_contact(void **state)
{
	ACCEPTED("Contact: *");
	ACCEPTED("Contact: sip:a@b;q=0.5, \"x, y\" <sip:b>;expires=3");
	REFUSED("Contact: sip:a@b?x=y");
	REFUSED("Contact: <sip:a@b>;;;;");
	REFUSED("Contact: < sip:a@b >");
	REFUSED("Contact:");
}

static void lists_are_capped(void **state)
{
	char text[4096];
	for (int n = SIP_VIAS_MAX; n <= SIP_VIAS_MAX + 1; n++) {
		int at = snprintf(text, sizeof text, "Via: SIP/2.0/UDP h");
		for (int i = 1; i < n; i++)
			at += snprintf(text + at, sizeof text - (size_t)at, ",SIP/2.0/UDP h");
		assert_int_equal(line(text), n > SIP_VIAS_MAX ? 400 : -1);
	}
}

static void single_value_headers_twice_are_400_and_named(void **state)
{
	assert_int_equal(verdict("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: sip:a@b\r\nTo: "
	                         "sip:c@d\r\nt: sip:c@d\r\n"
	                         "Call-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n"),
	    400);
	assert_int_equal(strncmp(err.reason, "To:", 3), 0);
	assert_int_equal(
	    verdict("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: sip:a@b\r\nTo: sip:c@d\r\n"
	            "Call-ID: x\r\nCSeq: 1 OPTIONS\r\nl: 0\r\nContent-Length: 0\r\n\r\n"),
	    400);
	assert_int_equal(strncmp(err.reason, "Content-Length:", 15), 0);
}

/* §8.2.2: malformed headers that are not needed do not refuse a message. */
static void rfc3261_8_2_2_unneeded_headers_are_not_judged(void **state)
{
	ACCEPTED("Date: Fri, 01 Jan 2010 16:00:00 EST");
	ACCEPTED("Expires: 99999999999999999999999");
	ACCEPTED("Warning: junk junk junk");
	ACCEPTED("X-Odd: ;;,,;,");
	ACCEPTED("Authorization: ???");
	ACCEPTED("Content-Type: nonsense"); /* there is no body */
	ACCEPTED("Unsupported:");
}

static void rfc3261_20_15_content_type_with_a_body(void **state)
{
	const char *head = "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: sip:a@b\r\nTo: "
	                   "sip:c@d\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n";
	char text[512];
	snprintf(text, sizeof text, "%sc: application / sdp ; a=\"b\"\r\n\r\nx", head);
	assert_int_equal(verdict(text), -1);
	snprintf(text, sizeof text, "%sc: nonsense\r\n\r\nx", head);
	assert_int_equal(verdict(text), 400);
}

static void request_uri_rules(void **state)
{
	assert_int_equal(with("OPTIONS nobodyKnowsThisScheme:opaque SIP/2.0", "Subject: x"), -1);
	assert_int_equal(with("OPTIONS <sip:a@b> SIP/2.0", "Subject: x"), 400);
	assert_int_equal(with("OPTIONS sip:a@b?Route=%3Csip:c%3E SIP/2.0", "Subject: x"), 400);
	assert_int_equal(with("OPTIONS sip:2001:db8::10 SIP/2.0", "Subject: x"), 400);
	assert_int_equal(err.offset, strlen("OPTIONS sip:"));
}

static void malformed_responses_and_acks_are_dropped(void **state)
{
	assert_int_equal(with("SIP/2.0 200 OK", "CSeq: 9999999999 INVITE"), 0);
	assert_int_equal(with("SIP/2.0 200 OK", "From: <<"), 0);
	assert_int_equal(with("ACK sip:a@b SIP/2.0", "CSeq: 1 INVITE"), 0);
	assert_int_equal(with("ACK sip:a@b SIP/2.0", "CSeq: 1 ACK"), -1);
	assert_int_equal(with("SIP/2.0 200 OK", "CSeq: 1 BYE"), -1);
	assert_int_equal(m.method, SIP_BYE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc3261_8_1_1_mandatory_headers),
	    cmocka_unit_test(rfc3261_8_1_1_6_max_forwards),
	    cmocka_unit_test(rfc3261_20_16_cseq),
	    cmocka_unit_test(rfc3261_20_8_call_id),
	    cmocka_unit_test(rfc3261_20_42_via),
	    cmocka_unit_test(rfc3261_20_10_contact),
	    cmocka_unit_test(lists_are_capped),
	    cmocka_unit_test(single_value_headers_twice_are_400_and_named),
	    cmocka_unit_test(rfc3261_8_2_2_unneeded_headers_are_not_judged),
	    cmocka_unit_test(rfc3261_20_15_content_type_with_a_body),
	    cmocka_unit_test(request_uri_rules),
	    cmocka_unit_test(malformed_responses_and_acks_are_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
