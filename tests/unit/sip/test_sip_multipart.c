/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sip/cm.h"

#include <stdio.h>

#include "sip-parser/sip_multipart.h"

static struct sip_multipart mp;
static struct sip_part part;

static void open_on(const char *type, const char *body)
{
	assert_int_equal(sip_multipart_open(&mp, span_str(type), span_str(body)), 0);
}

static void rfc2046_5_1_1_parts_preamble_and_epilogue(void **state)
{
	open_on("multipart/mixed;boundary=\"simple boundary\"",
	    "This is the preamble.\r\n--simple boundary\r\n\r\nimplicitly typed\r\n--simple boundary  \r\n"
	    "Content-type: text/plain;\r\n charset=us-ascii\r\nContent-ID: <a@b>\r\n\r\nends with a "
	    "break.\r\n\r\n"
	    "--simple boundary--\r\nThe epilogue\r\n--simple boundary\r\n\r\nno part\r\n");
	assert_int_equal(sip_multipart_next(&mp, &part), 1);
	assert_span(part.headers, "");
	assert_span(part.body, "implicitly typed");
	assert_null(part.content_type.p);
	assert_int_equal(sip_multipart_next(&mp, &part), 1);
	assert_span(part.content_type, "text/plain;\r\n charset=us-ascii");
	assert_span(part.content_id, "<a@b>");
	assert_span(part.body, "ends with a break.\r\n");
	assert_int_equal(sip_multipart_next(&mp, &part), 0);
	assert_true(mp.closed);
	assert_int_equal(sip_multipart_next(&mp, &part), 0);
}

static void rfc2046_5_1_1_a_longer_line_is_no_delimiter(void **state)
{
	open_on("multipart/mixed;boundary=ab", "--ab\r\n\r\n--abc\r\n --ab\r\nx--ab\r\n--ab-\r\n--ab--\r\n");
	assert_int_equal(sip_multipart_next(&mp, &part), 1);
	assert_span(part.body, "--abc\r\n --ab\r\nx--ab\r\n--ab-");
	assert_int_equal(sip_multipart_next(&mp, &part), 0);
}

static void rfc2046_5_1_1_boundaries(void **state)
{
	char type[200] = "multipart/mixed;boundary=";
	size_t n = strlen(type);
	memset(type + n, 'b', SIP_BOUNDARY_MAX);
	assert_int_equal(sip_multipart_open(&mp, span_str(type), SPAN("")), 0);
	type[n + SIP_BOUNDARY_MAX] = 'b';
	assert_int_equal(sip_multipart_open(&mp, span_str(type), SPAN("")), -1);
	static const char *const bad[] = {"multipart/mixed", "multipart/mixed;boundary=\"\"",
	    "multipart/mixed;boundary=\"x \"", "multipart/mixed;boundary=\"x\\\"y\"", "text/plain;boundary=x",
	    "multipart;boundary=x", "multipart/mixed;boundary=x;boundary=y", "multipart/mixed;boundary=x*"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(sip_multipart_open(&mp, span_str(bad[i]), SPAN("--x\r\n\r\n--x--")), -1);
	open_on("Multipart/Mixed; Boundary=\"-'()+_,-./:=?\"", "---'()+_,-./:=?\n\nx\n---'()+_,-./:=?--");
	assert_int_equal(sip_multipart_next(&mp, &part), 1);
	assert_span(part.body, "x"); /* bare LF ends lines, too */
	assert_int_equal(sip_multipart_next(&mp, &part), 0);
}

static void a_missing_close_ends_with_the_body(void **state)
{
	open_on("multipart/mixed;boundary=b", "--b\r\nContent-Type: a/b\r\n\r\nleft over");
	assert_int_equal(sip_multipart_next(&mp, &part), 1);
	assert_span(part.body, "left over");
	assert_false(mp.closed);
	assert_int_equal(sip_multipart_next(&mp, &part), 0);
	open_on("multipart/mixed;boundary=b", "no delimiter");
	assert_int_equal(sip_multipart_next(&mp, &part), -1);
	open_on("multipart/mixed;boundary=b", "");
	assert_int_equal(sip_multipart_next(&mp, &part), -1);
	open_on("multipart/mixed;boundary=b", "--b--");
	assert_int_equal(sip_multipart_next(&mp, &part), 0);
}

static void rfc2046_5_1_headers_without_a_body(void **state)
{
	open_on("multipart/mixed;boundary=b", "--b\r\nContent-Type: a/b\r\nno header\r\nX : y\r\n--b--");
	assert_int_equal(sip_multipart_next(&mp, &part), 1);
	assert_span(part.content_type, "a/b");
	assert_span(part.body, "");
	struct span rest = part.headers, name, value;
	assert_true(sip_part_hdr_next(&rest, &name, &value));
	assert_true(sip_part_hdr_next(&rest, &name, &value));
	assert_span(name, "X");
	assert_span(value, "y");
	assert_false(sip_part_hdr_next(&rest, &name, &value));
}

static void parts_have_a_limit(void **state)
{
	char body[(SIP_PARTS_MAX + 2) * 8];
	size_t n = 0;
	for (int i = 0; i <= SIP_PARTS_MAX; i++)
		n += (size_t)snprintf(body + n, sizeof body - n, "--b\r\n\r\n");
	assert_int_equal(sip_multipart_open(&mp, SPAN("multipart/x;boundary=b"), span_str(body)), 0);
	for (int i = 0; i < SIP_PARTS_MAX; i++)
		assert_int_equal(sip_multipart_next(&mp, &part), 1);
	assert_int_equal(sip_multipart_next(&mp, &part), -1);
}

#define HEAD                                                                                                 \
	"INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n"          \
	"To: <sip:b@h>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"

static int sdp_in(const char *text, struct span *sdp)
{
	static struct sip_msg m;
	struct sip_err err;
	assert_int_equal(
	    sip_msg_parse(&m, text, (uint32_t)strlen(text), SIP_DATAGRAM, &err) | sip_msg_check(&m, &err), 0);
	return sip_msg_sdp(&m, sdp);
}

static void rfc5621_3_sdp_is_found_in_a_multipart(void **state)
{
	struct span sdp;
	assert_int_equal(sdp_in(HEAD "c: application/SDP;x=y\r\n\r\nv=0\r\n", &sdp), 1);
	assert_span(sdp, "v=0\r\n");
	assert_int_equal(
	    sdp_in(HEAD "Content-Type: multipart/mixed;boundary=o\r\n\r\n"
	                "--o\r\nContent-Type: application/isup\r\n\r\n\x01\x02\r\n"
	                "--o\r\nContent-Type: multipart/alternative;boundary=i\r\n\r\n"
	                "--i\r\nContent-Type: text/plain\r\n\r\nx\r\n"
	                "--i\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--i--\r\n--o--\r\n",
	        &sdp),
	    1);
	assert_span(sdp, "v=0\r\n");
	assert_int_equal(sdp_in(HEAD "c: text/plain\r\n\r\nv=0\r\n", &sdp), 0);
	assert_int_equal(sdp_in(HEAD "c: multipart/mixed;boundary=x\r\n\r\nv=0\r\n", &sdp), -1);
	assert_int_equal(sdp_in(HEAD "e: gzip\r\nc: application/sdp\r\n\r\nv=0\r\n", &sdp), 0);
	assert_int_equal(sdp_in(HEAD "\r\n", &sdp), 0);
	assert_null(sdp.p);
}

static void rfc3959_early_session_is_another_session(void **state)
{
	struct span sdp;
	assert_int_equal(
	    sdp_in(HEAD
	        "Content-Type: multipart/mixed;boundary=o\r\n\r\n"
	        "--o\r\nContent-Type: application/sdp\r\nContent-Disposition: early-session\r\n\r\nearly\r\n"
	        "--o\r\nContent-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\ndg==\r\n"
	        "--o\r\nContent-Type: application/sdp\r\nContent-Disposition: "
	        "Session;handling=required\r\n\r\nthis\r\n--o--\r\n",
	        &sdp),
	    1);
	assert_span(sdp, "this");
}

/* Deeper than the limit nothing is looked for, and nothing is refused. */
static void nesting_has_a_limit(void **state)
{
	for (int depth = SIP_PARTS_DEPTH_MAX; depth <= SIP_PARTS_DEPTH_MAX + 1; depth++) {
		char body[1024];
		size_t n = 0;
		for (int i = 1; i < depth; i++)
			n += (size_t)snprintf(body + n, sizeof body - n,
			    "--b%d\r\nContent-Type: multipart/mixed;boundary=b%d\r\n\r\n", i, i + 1);
		snprintf(
		    body + n, sizeof body - n, "--b%d\r\nContent-Type: application/sdp\r\n\r\nv=0", depth);
		int rc = sip_body_find(SPAN("multipart/mixed;boundary=b1"), span_str(body),
		    SPAN("application"), SPAN("sdp"), &part);
		assert_int_equal(rc, depth == SIP_PARTS_DEPTH_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc2046_5_1_1_parts_preamble_and_epilogue),
	    cmocka_unit_test(rfc2046_5_1_1_a_longer_line_is_no_delimiter),
	    cmocka_unit_test(rfc2046_5_1_1_boundaries),
	    cmocka_unit_test(a_missing_close_ends_with_the_body),
	    cmocka_unit_test(rfc2046_5_1_headers_without_a_body),
	    cmocka_unit_test(parts_have_a_limit),
	    cmocka_unit_test(rfc5621_3_sdp_is_found_in_a_multipart),
	    cmocka_unit_test(rfc3959_early_session_is_another_session),
	    cmocka_unit_test(nesting_has_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
