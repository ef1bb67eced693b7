/* SPDX-License-Identifier: Apache-2.0 */
/* Headers with a form of their own, and the table that names the decoder of every header. */
#include "tests/unit/sip/cm.h"

#include <stdlib.h>

#include "sip-parser/sip_date.h"
#include "sip-parser/sip_hdr.h"
#include "sip-parser/sip_in_reply.h"
#include "sip-parser/sip_product.h"
#include "sip-parser/sip_stamp.h"
#include "sip-parser/sip_typed.h"
#include "sip-parser/sip_warning.h"

static uint32_t off;

static void rfc3261_20_17_date(void **state)
{
	struct sip_date d;
	assert_int_equal(sip_date_parse(&d, SPAN("Sat, 13 Nov 2010 23:29:00 GMT"), &off), 0);
	assert_int_equal(d.year, 2010);
	assert_int_equal(d.month, 11);
	assert_int_equal(d.day, 13);
	assert_int_equal(d.weekday, 6);
	assert_int_equal(d.unix_s, 1289690940);
	assert_int_equal(sip_date_parse(&d, SPAN("thu, 01 JAN 1970 00:00:00 gmt"), &off), 0);
	assert_int_equal(d.unix_s, 0);
	assert_int_equal(sip_date_parse(&d, SPAN("Tue, 29 Feb 2000 12:00:00 GMT"), &off), 0);
	assert_int_equal(d.unix_s, 951825600);
}

static void rfc3261_20_17_malformed_dates_say_where(void **state)
{
	static const struct {
		struct span s;
		uint32_t at;
	} rows[] = {{SPAN("Fri, 01 Jan 2010 16:00:00 EST"), 25}, {SPAN("Xri, 01 Jan 2010 16:00:00 GMT"), 0},
	    {SPAN("Mon, 29 Feb 2100 12:00:00 GMT"), 16}, {SPAN("Fri, 00 Jan 2010 16:00:00 GMT"), 5},
	    {SPAN("Fri, 01 Jan 2010 24:00:00 GMT"), 17}, {SPAN("Fri, 01 Jan 10 16:00:00 GMT"), 14},
	    {SPAN("Fri, 01 Jan 2010 16:00:00 GMT x"), 30}, {SPAN(""), 0}, {SPAN("Fri"), 3}};
	struct sip_date d;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(sip_date_parse(&d, rows[i].s, &off), -1);
		assert_int_equal(off, rows[i].at);
	}
}

static void rfc3261_20_17_written_dates_read_back(void **state)
{
	char room[SIP_DATE_LEN];
	struct sip_date d;
	/* a step that meets every weekday, month and leap rule; up to the end of the year 9999 */
	for (int64_t t = 0; t <= 253402300799; t += 31556952 / 3 + 12345) {
		struct buf b = buf_on(room, sizeof room);
		sip_date_write(&b, t);
		assert_false(b.full);
		assert_int_equal(b.len, SIP_DATE_LEN);
		assert_int_equal(sip_date_parse(&d, buf_view(&b), &off), 0);
		assert_int_equal(d.unix_s, t);
		assert_int_equal(d.weekday, (t / 86400 + 4) % 7);
	}
	struct buf b = buf_on(room, sizeof room);
	sip_date_write(&b, 253402300800);
	assert_true(b.full);
}

static void rfc3261_20_43_warning(void **state)
{
	struct sip_warning w;
	assert_int_equal(sip_warning_parse(&w, SPAN("307 isi.edu:5060 \"Session \\\"x\\\", not\""), &off), 0);
	assert_int_equal(w.code, 307);
	assert_span(w.agent, "isi.edu:5060");
	assert_span(w.text, "Session \\\"x\\\", not");
	assert_int_equal(sip_warning_parse(&w, SPAN("399 [2001:db8::1]:5060 \"\""), &off), 0);
	assert_span(w.text, "");
	assert_int_equal(sip_warning_parse(&w, SPAN("1812 overture \"In Progress\""), &off), -1);
	assert_int_equal(off, 0);
	assert_int_equal(sip_warning_parse(&w, SPAN("399 a text"), &off), -1);
	assert_int_equal(off, 6);
}

static void rfc3261_20_38_timestamp(void **state)
{
	struct sip_stamp t;
	assert_int_equal(sip_stamp_parse(&t, SPAN("54.21 .5"), &off), 0);
	assert_span(t.time, "54.21");
	assert_span(t.delay, ".5");
	assert_int_equal(sip_stamp_parse(&t, SPAN("54"), &off), 0);
	assert_span(t.delay, "");
	assert_int_equal(sip_stamp_parse(&t, SPAN(".5"), &off), -1);
	assert_int_equal(sip_stamp_parse(&t, SPAN("5.1.2"), &off), -1);
	assert_int_equal(off, 3);
}

static void rfc3261_20_24_mime_version(void **state)
{
	struct sip_mime_version v;
	assert_int_equal(sip_mime_version_parse(&v, SPAN("1.0"), &off), 0);
	assert_int_equal(v.major, 1);
	assert_int_equal(v.minor, 0);
	assert_int_equal(sip_mime_version_parse(&v, SPAN("1"), &off), -1);
	assert_int_equal(sip_mime_version_parse(&v, SPAN("1.x"), &off), -1);
	assert_int_equal(off, 2);
}

static void rfc3262_7_2_rack(void **state)
{
	struct sip_rack r;
	assert_int_equal(sip_rack_parse(&r, SPAN("776656 1 INVITE"), &off), 0);
	assert_int_equal(r.rseq, 776656);
	assert_int_equal(r.cseq.number, 1);
	assert_int_equal(r.cseq.method, SIP_INVITE);
	assert_int_equal(sip_rack_parse(&r, SPAN("776656 1"), &off), -1);
	assert_int_equal(off, 8);
	assert_int_equal(sip_rack_parse(&r, SPAN("4294967296 1 INVITE"), &off), -1);
	assert_int_equal(off, 0);
}

static void rfc3261_20_41_products_and_comments(void **state)
{
	struct span rest = SPAN("Softphone/Beta1.5 (a (nested) \\( one) Lib / 2 plain");
	struct sip_product p;
	assert_int_equal(sip_product_next(&rest, &p), 1);
	assert_span(p.name, "Softphone");
	assert_span(p.version, "Beta1.5");
	assert_int_equal(sip_product_next(&rest, &p), 1);
	assert_span(p.comment, "(a (nested) \\( one)");
	assert_int_equal(p.name.len, 0);
	assert_int_equal(sip_product_next(&rest, &p), 1);
	assert_span(p.version, "2");
	assert_int_equal(sip_product_next(&rest, &p), 1);
	assert_span(p.name, "plain");
	assert_int_equal(sip_product_next(&rest, &p), 0);
	rest = SPAN("A/");
	assert_int_equal(sip_product_next(&rest, &p), -1);
	rest = SPAN("(open");
	assert_int_equal(sip_product_next(&rest, &p), -1);
	assert_int_equal(rest.len, 0);
}

static void comments_nest_to_a_limit(void **state)
{
	char text[2 * SIP_COMMENT_DEPTH_MAX + 4];
	struct sip_product p;
	for (uint32_t depth = SIP_COMMENT_DEPTH_MAX; depth <= SIP_COMMENT_DEPTH_MAX + 1; depth++) {
		memset(text, '(', depth);
		memset(text + depth, ')', depth);
		struct span rest = span_of(text, 2 * depth);
		assert_int_equal(sip_product_next(&rest, &p), depth > SIP_COMMENT_DEPTH_MAX ? -1 : 1);
	}
}

static void rfc3261_20_21_in_reply_to(void **state)
{
	struct span rest = SPAN("70710@saturn.bell-tel.com ,\r\n a\"b<c, d"), id;
	assert_int_equal(sip_in_reply_next(&rest, &id), 1);
	assert_span(id, "70710@saturn.bell-tel.com");
	assert_int_equal(sip_in_reply_next(&rest, &id), 1);
	assert_span(id, "a\"b<c"); /* a lone quote is a character of a Call-ID */
	assert_int_equal(sip_in_reply_next(&rest, &id), 1);
	assert_span(id, "d");
	assert_int_equal(sip_in_reply_next(&rest, &id), 0);
	rest = SPAN("a,,b");
	assert_int_equal(sip_in_reply_next(&rest, &id), 1);
	assert_int_equal(sip_in_reply_next(&rest, &id), -1);
	rest = SPAN("a b");
	assert_int_equal(sip_in_reply_next(&rest, &id), -1);
	assert_span(rest, "b");
}

/* One good and one bad element for headers of every form: `bad` is refused, by the rule of that header. */
static const struct {
	uint8_t id;
	const char *good, *bad;
} rows[] = {
    {SIP_H_VIA, "SIP/2.0/UDP h", "SIP/2.0/UDP"},
    {SIP_H_FROM, "<sip:a@h>;tag=x", "<sip:a@h"},
    {SIP_H_CSEQ, "1 INVITE", "INVITE"},
    {SIP_H_CALL_ID, "a<b>@c", "a b"},
    {SIP_H_DATE, "Sat, 13 Nov 2010 23:29:00 GMT", "Sat, 13 Nov 2010 23:29:00 EST"},
    {SIP_H_WARNING, "399 h \"x\"", "399 h x"},
    {SIP_H_TIMESTAMP, "1.5 2", "x"},
    {SIP_H_MIME_VERSION, "1.0", "1"},
    {SIP_H_RACK, "1 2 INVITE", "1 INVITE"},
    {SIP_H_RSEQ, "1", "-1"},
    {SIP_H_IN_REPLY_TO, "70710@saturn.bell-tel.com, 17320@saturn.bell-tel.com", "70710@saturn, "},
    {SIP_H_P_ASSERTED_SERVICE, "urn:urn-7:3gpp-service.exampletelephony.version1", "urn 7"},
    {SIP_H_P_PREFERRED_SERVICE, "urn:urn-7:3gpp-service.exampletelephony.version1", ""},
    {SIP_H_SERVER, "a/1 (b)", "(b"},
    {SIP_H_WWW_AUTHENTICATE, "Digest realm=\"x\"", "Digest"},
    {SIP_H_AUTHENTICATION_INFO, "nextnonce=\"x\"", "nextnonce"},
    {SIP_H_ALLOW, "INVITE", "INV ITE"},
    {SIP_H_REQUIRE, "100rel", "\"100rel\""},
    {SIP_H_INFO_PACKAGE, "dtmf;x=y", ";x=y"},
    {SIP_H_EXPIRES, "3600", "Sat"},
    {SIP_H_PRIVACY, "id;critical", "id;;user"},
    {SIP_H_PATH, "<sip:p@h;lr>", "sip:p@h?a=b"},
    {SIP_H_SERVICE_ROUTE, "<sip:p@h;lr>", "<>"},
    {SIP_H_REFER_TO, "<sip:a@h?Replaces=x%3Bto-tag%3D1>", "<sip:a@h?Replaces>"},
    {SIP_H_P_ASSERTED_IDENTITY, "\"A\" <tel:+1>", "\"A\" tel:+1"},
    {SIP_H_P_VISITED_NETWORK_ID, "\"other.net\"", "\"other.net"},
    {SIP_H_P_CHARGING_FUNCTION_ADDRESSES, "ccf=192.1.1.1; ccf=192.1.1.2", "ccf=;"},
    {SIP_H_ACCEPT_CONTACT, "*;audio;methods=\"BYE\"", "*;="},
    {SIP_H_FEATURE_CAPS, "*;+g.3gpp.atcf=\"<tel:+1>\"", "*;+g.3gpp.atcf=<tel:+1>"},
};

static void every_form_has_its_rule(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(sip_typed_check(rows[i].id, span_str(rows[i].good), &off), 0);
		off = 999;
		assert_int_equal(sip_typed_check(rows[i].id, span_str(rows[i].bad), &off), -1);
		assert_true(off <= strlen(rows[i].bad));
	}
	assert_int_equal(sip_typed_check(SIP_H_SUBJECT, SPAN("any \"text"), &off), 0);
	assert_int_equal(sip_typed_check(SIP_H_OTHER, SPAN(";;,,"), &off), 0);
}

/* Every shape fits the room that callers give it, and refuses an empty value. */
static void shapes_fit(void **state)
{
	uint32_t n = 0;
	for (unsigned int id = 0; id < SIP_H_COUNT; id++) {
		const struct sip_shape *sh = sip_typed_shape(id);
		if (!sh)
			continue;
		n++;
		assert_true(sh->size <= SIP_TYPED_BYTES_MAX);
		assert_int_equal(sip_typed_check(id, SPAN(""), &off), -1);
	}
	assert_true(n > 60);
	assert_null(sip_typed_shape(SIP_H_COUNT));
}

/* What sip_msg_val gives for a header that is not there is refused by every decoder. */
static void an_absent_value_is_malformed(void **state)
{
	const struct span absent = {0};
	for (unsigned int id = 1; id < SIP_H_COUNT; id++) {
		off = 999;
		int rc = sip_typed_check(id, absent, &off);
		bool list_of_products = id == SIP_H_SERVER || id == SIP_H_USER_AGENT;
		assert_true(list_of_products || rc < 0 || off == 999); /* 999: text, not looked at */
		assert_true(rc == 0 || off == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc3261_20_17_date),
	    cmocka_unit_test(rfc3261_20_17_malformed_dates_say_where),
	    cmocka_unit_test(rfc3261_20_17_written_dates_read_back),
	    cmocka_unit_test(rfc3261_20_43_warning),
	    cmocka_unit_test(rfc3261_20_38_timestamp),
	    cmocka_unit_test(rfc3261_20_24_mime_version),
	    cmocka_unit_test(rfc3262_7_2_rack),
	    cmocka_unit_test(rfc3261_20_41_products_and_comments),
	    cmocka_unit_test(comments_nest_to_a_limit),
	    cmocka_unit_test(rfc3261_20_21_in_reply_to),
	    cmocka_unit_test(every_form_has_its_rule),
	    cmocka_unit_test(shapes_fit),
	    cmocka_unit_test(an_absent_value_is_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
