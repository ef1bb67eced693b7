/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sip/cm.h"

#include <stdio.h>
#include <stdlib.h>

#include "sip-parser/sip_msg.h"

static struct sip_msg m;
static struct sip_err err;

static int parse(const char *s)
{
	return sip_msg_parse(&m, s, (uint32_t)strlen(s), SIP_DATAGRAM, &err);
}

#define REST                                                                                                 \
	"Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: "          \
	"x\r\nCSeq: 1 INVITE\r\n"
#define END "\r\n"

static void request_line_and_headers_are_indexed(void **state)
{
	assert_int_equal(
	    parse("\r\n\r\nINVITE sip:a@b SIP/2.0\r\n" REST "X-A:  v1 \r\nx-a:\r\nl: 2\r\n\r\nhi!!"), 0);
	assert_true(m.is_request);
	assert_int_equal(m.method, SIP_INVITE);
	assert_span(m.ruri, "sip:a@b");
	assert_span(m.version, "SIP/2.0");
	assert_int_equal(m.n_hdrs, 8);
	assert_span(sip_hdr_name(&m, &m.hdrs[5]), "X-A");
	assert_span(sip_hdr_val(&m, &m.hdrs[5]), "v1");
	assert_span(sip_hdr_val(&m, &m.hdrs[6]), "");
	assert_span(sip_msg_val(&m, SIP_H_CONTENT_LENGTH), "2");
	assert_span(m.body, "hi");
}

static void rfc3261_7_2_status_line(void **state)
{
	assert_int_equal(parse("SIP/2.0 183 \r\n" REST END), 0);
	assert_false(m.is_request);
	assert_int_equal(m.status, 183);
	assert_span(m.reason, "");
	static const char *const wrong[] = {"SIP/2.0 183\r\n", "SIP/2.0 99 x\r\n", "SIP/2.0 099 x\r\n",
	    "SIP/2.0 700 x\r\n", "SIP/2.0 1000 x\r\n", "SIP/2.0  200 x\r\n", "SIP/2.0 2x0 x\r\n",
	    "SIP/2.0\r\n", "SIP/3.0 200 OK\r\n"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char text[512];
		snprintf(text, sizeof text, "%s%s", wrong[i], REST END);
		assert_int_equal(parse(text), -1);
		assert_int_equal(err.status, 0); /* responses are dropped */
	}
}

static void rfc3261_7_1_request_line_has_single_spaces(void **state)
{
	static const char *const wrong[] = {"INVITE  sip:a SIP/2.0", "INVITE sip:a  SIP/2.0",
	    "INVITE sip:a SIP/2.0 ", " INVITE sip:a SIP/2.0", "INVITE sip:a", "INVITE",
	    "INVITE sip:a\tSIP/2.0", "INVITE sip:a; lr SIP/2.0", "INV,ITE sip:a SIP/2.0",
	    "INVITE sip:a HTTP/1.1", "INVITE sip:a SIP/2", "INVITE sip:a SIP/.0"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char text[512];
		snprintf(text, sizeof text, "%s\r\n%s", wrong[i], REST END);
		assert_int_equal(parse(text), -1);
		assert_int_equal(err.status, 400);
		assert_int_equal(m.n_hdrs, 5); /* enough to build an answer */
	}
}

static void rfc3261_21_5_6_other_version_is_505(void **state)
{
	assert_int_equal(parse("OPTIONS sip:a SIP/7.0\r\n" REST END), -1);
	assert_int_equal(err.status, 505);
	assert_int_equal(parse("OPTIONS sip:a sip/2.0\r\n" REST END), 0);
}

static void method_names_are_case_sensitive(void **state)
{
	assert_int_equal(parse("invite sip:a SIP/2.0\r\n" REST END), 0);
	assert_int_equal(m.method, SIP_UNKNOWN);
	assert_span(m.method_text, "invite");
	for (unsigned int i = 1; i < SIP_METHODS; i++)
		assert_int_equal(sip_method_of(sip_method_name(i)), i);
}

static void rfc3261_7_3_1_folds_belong_to_the_value(void **state)
{
	assert_int_equal(parse("OPTIONS sip:a SIP/2.0\r\nSubject : a\r\n  b\r\n\t\r\nTo\t: x\r\n" END), 0);
	assert_int_equal(m.n_hdrs, 2);
	assert_span(sip_msg_val(&m, SIP_H_SUBJECT), "a\r\n  b");
	assert_span(sip_msg_val(&m, SIP_H_TO), "x");
}

static void bare_lf_ends_a_line_bare_cr_does_not(void **state)
{
	assert_int_equal(parse("OPTIONS sip:a SIP/2.0\nTo: x\n y\nFrom: z\n\nbody"), 0);
	assert_int_equal(m.n_hdrs, 2);
	assert_span(sip_msg_val(&m, SIP_H_TO), "x\n y");
	assert_span(m.body, "body");
	assert_int_equal(parse("OPTIONS sip:a SIP/2.0\r\nVia: x\rTo: y\r\n" END), -1);
	assert_int_equal(err.status, 400);
	assert_int_equal(m.n_hdrs, 1);
}

static void header_section_needs_its_empty_line(void **state)
{
	assert_int_equal(parse("OPTIONS sip:a SIP/2.0\r\n" REST), -1);
	assert_int_equal(err.status, 400);
	assert_int_equal(parse("OPTIONS sip:a SIP/2.0\r\n" REST "Subject: cut"), -1);
	assert_int_equal(parse(""), -1);
	assert_int_equal(err.status, 0);
	assert_int_equal(parse("\r\n\r\n"), -1);
	assert_int_equal(parse("hello"), -1);
	assert_int_equal(err.status, 0); /* no Via: no answer */
}

static void header_line_without_colon_is_400(void **state)
{
	assert_int_equal(parse("OPTIONS sip:a SIP/2.0\r\n" REST "no colon here\r\n" END), -1);
	assert_int_equal(err.status, 400);
	assert_int_equal(parse("OPTIONS sip:a SIP/2.0\r\n" REST ": empty name\r\n" END), -1);
	assert_int_equal(parse("OPTIONS sip:a SIP/2.0\r\n" REST "bad name: x\r\n" END), -1);
	assert_int_equal(err.offset, strlen("OPTIONS sip:a SIP/2.0\r\n" REST "bad "));
}

static void rfc3261_18_3_content_length(void **state)
{
	static const struct {
		const char *line;
		int status;
	} rows[] = {{"Content-Length: 5", 400}, {"Content-Length: -1", 400}, {"Content-Length: 0x2", 400},
	    {"Content-Length: 4294967296", 400}, {"Content-Length: 99999999999999999999", 400},
	    {"Content-Length:", 400}, {"Content-Length: 1 1", 400}, {"Content-Length: +3", 400}};
	char text[512];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(text, sizeof text, "OPTIONS sip:a SIP/2.0\r\n%s%s\r\n\r\nabcd", REST, rows[i].line);
		assert_int_equal(parse(text), -1);
		assert_int_equal(err.status, rows[i].status);
	}
	assert_int_equal(parse("OPTIONS sip:a SIP/2.0\r\nContent-Length: 0003\r\n\r\nabcd"), 0);
	assert_span(m.body, "abc");
	const char *none = "OPTIONS sip:a SIP/2.0\r\n" REST "\r\nabcd";
	assert_int_equal(parse(none), 0);
	assert_span(m.body, "abcd");
	assert_int_equal(sip_msg_parse(&m, none, (uint32_t)strlen(none), SIP_STREAM, &err), -1);
}

static void stream_len_is_where_the_next_message_starts(void **state)
{
	const char *two = "ACK sip:a SIP/2.0\r\nl:3\r\n\r\nxyzBYE sip:a SIP/2.0\r\n";
	assert_int_equal(sip_msg_parse(&m, two, (uint32_t)strlen(two), SIP_STREAM, &err), 0);
	assert_int_equal(strncmp(two + m.len, "BYE", 3), 0);
}

static char *big(const char *head, const char *unit, int n, const char *tail)
{
	size_t u = strlen(unit), h = strlen(head), t = strlen(tail);
	char *s = malloc(h + u * (size_t)n + t + 1), *p = s;
	assert_non_null(s);
	memcpy(p, head, h);
	p += h;
	for (int i = 0; i < n; i++, p += u)
		memcpy(p, unit, u);
	memcpy(p, tail, t + 1);
	return s;
}

static void check_big(const char *head, const char *unit, int n, const char *tail, int status)
{
	char *s = big(head, unit, n, tail);
	int rc = parse(s);
	int got = rc < 0 ? err.status : -1;
	free(s);
	assert_int_equal(got, status);
}

/* Caps on every element, each with its answer; one less is fine. */
static void limits_have_their_status(void **state)
{
	check_big("", "M", SIP_METHOD_MAX, " sip:a SIP/2.0\r\n" REST END, -1);
	check_big("", "M", SIP_METHOD_MAX + 1, " sip:a SIP/2.0\r\n" REST END, 400);
	check_big("INVITE sip:", "u", SIP_URI_MAX - 4, " SIP/2.0\r\n" REST END, -1);
	check_big("INVITE sip:", "u", SIP_URI_MAX - 3, " SIP/2.0\r\n" REST END, 414);
	check_big("INVITE sip:a SIP/2.0\r\n" REST "X: ", "v", SIP_HDR_LINE_MAX - 3, "\r\n" END, -1);
	check_big("INVITE sip:a SIP/2.0\r\n" REST "X: ", "v", SIP_HDR_LINE_MAX - 2, "\r\n" END, 400);
	check_big("INVITE sip:a SIP/2.0\r\n" REST, "X: v\r\n", SIP_HDRS_MAX - 5, END, -1);
	check_big("INVITE sip:a SIP/2.0\r\n" REST, "X: v\r\n", SIP_HDRS_MAX - 4, END, 400);
	check_big("INVITE sip:a SIP/2.0\r\n" REST END, "0123456789", 6600, "", 513);
	check_big("SIP/2.0 200 ", "r", SIP_REASON_MAX, "\r\n" REST END, -1);
	check_big("SIP/2.0 200 ", "r", SIP_REASON_MAX + 1, "\r\n" REST END, 0);
}

static void malformed_ack_is_dropped(void **state)
{
	assert_int_equal(parse("ACK sip:a SIP/2.0\r\n" REST "bad\r\n" END), -1);
	assert_int_equal(err.status, 0);
}

static void lines_with_one_id_are_linked_in_order(void **state)
{
	assert_int_equal(parse("OPTIONS sip:a SIP/2.0\r\nVia: 1\r\nTo: t\r\nv: 2\r\nVIA: 3\r\n" END), 0);
	const struct sip_hdr *h = sip_msg_hdr(&m, SIP_H_VIA);
	assert_span(sip_hdr_val(&m, h), "1");
	h = sip_msg_hdr_next(&m, h);
	assert_span(sip_hdr_val(&m, h), "2");
	h = sip_msg_hdr_next(&m, h);
	assert_span(sip_hdr_val(&m, h), "3");
	assert_null(sip_msg_hdr_next(&m, h));
	assert_null(sip_msg_hdr(&m, SIP_H_FROM));
	assert_null(sip_msg_val(&m, SIP_H_FROM).p);
}

static void list_commas_inside_quotes_and_brackets_do_not_split(void **state)
{
	struct span rest = SPAN("\"a, \\\", b\" <sip:u,v@h>;p=\"x,y\" , <sip:b>,\r\n c"), e;
	assert_true(sip_list_next(&rest, &e));
	assert_span(e, "\"a, \\\", b\" <sip:u,v@h>;p=\"x,y\"");
	assert_true(sip_list_next(&rest, &e));
	assert_span(e, "<sip:b>");
	assert_true(sip_list_next(&rest, &e));
	assert_span(e, "c");
	assert_false(sip_list_next(&rest, &e));
}

static void reason_phrases(void **state)
{
	assert_span(sip_reason_of(486), "Busy Here");
	assert_span(sip_reason_of(299), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(request_line_and_headers_are_indexed),
	    cmocka_unit_test(rfc3261_7_2_status_line),
	    cmocka_unit_test(rfc3261_7_1_request_line_has_single_spaces),
	    cmocka_unit_test(rfc3261_21_5_6_other_version_is_505),
	    cmocka_unit_test(method_names_are_case_sensitive),
	    cmocka_unit_test(rfc3261_7_3_1_folds_belong_to_the_value),
	    cmocka_unit_test(bare_lf_ends_a_line_bare_cr_does_not),
	    cmocka_unit_test(header_section_needs_its_empty_line),
	    cmocka_unit_test(header_line_without_colon_is_400),
	    cmocka_unit_test(rfc3261_18_3_content_length),
	    cmocka_unit_test(stream_len_is_where_the_next_message_starts),
	    cmocka_unit_test(limits_have_their_status),
	    cmocka_unit_test(malformed_ack_is_dropped),
	    cmocka_unit_test(lines_with_one_id_are_linked_in_order),
	    cmocka_unit_test(list_commas_inside_quotes_and_brackets_do_not_split),
	    cmocka_unit_test(reason_phrases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
