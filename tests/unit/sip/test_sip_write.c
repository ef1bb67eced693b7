/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sip/cm.h"

#include "sip-parser/sip_frame.h"
#include "sip-parser/sip_write.h"

static struct sip_msg m;
static struct sip_err err;
static char room[4096];

static void parse(const char *s)
{
	assert_int_equal(sip_msg_parse(&m, s, (uint32_t)strlen(s), SIP_DATAGRAM, &err), 0);
}

#define REQ                                                                                                  \
	"INVITE sip:b@x SIP/2.0\r\nv: SIP / 2.0/UDP h : 5061 ;\r\n "                                         \
	"rport;branch=z9hG4bK1;received=9.9.9.9,\r\n SIP/2.0/TCP g;x\r\n"                                    \
	"Record-Route: <sip:p;lr>\r\nVia: SIP/2.0/UDP last\r\nf: A\r\n <sip:a@b>;tag=1\r\nt: "               \
	"sip:c@d;x=y\r\ni: id\r\nCSeq:  7\r\n INVITE\r\n\r\n"

static void rfc3261_8_2_6_response_head(void **state)
{
	struct buf b = buf_on(room, sizeof room);
	parse(REQ);
	sip_write_response_head(&b, &m, 180, SPAN(""), SPAN("tt"), SPAN("192.0.2.9"), 777, true);
	sip_write_body(&b, SPAN(""), SPAN(""));
	assert_false(b.full);
	assert_span(buf_view(&b),
	    "SIP/2.0 180 Ringing\r\n"
	    "Via: SIP / 2.0/UDP h : 5061;branch=z9hG4bK1;rport=777;received=192.0.2.9, SIP/2.0/TCP g;x\r\n"
	    "Via: SIP/2.0/UDP last\r\n"
	    "Record-Route: <sip:p;lr>\r\n"
	    "From: A <sip:a@b>;tag=1\r\n"
	    "To: sip:c@d;x=y;tag=tt\r\n"
	    "Call-ID: id\r\n"
	    "CSeq: 7 INVITE\r\n"
	    "Content-Length: 0\r\n\r\n");
}

static void response_leaves_an_existing_to_tag_alone(void **state)
{
	struct buf b = buf_on(room, sizeof room);
	parse("BYE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9\r\nFrom: sip:a@b\r\nTo: "
	      "<sip:c@d>;tag=q\r\nCall-ID: i\r\nCSeq: 1 BYE\r\n\r\n");
	sip_write_response_head(&b, &m, 481, SPAN("Gone away"), SPAN("tt"), SPAN("192.0.2.9"), 5060, false);
	assert_span(buf_view(&b),
	    "SIP/2.0 481 Gone away\r\nVia: SIP/2.0/UDP 192.0.2.9\r\nFrom: sip:a@b\r\nTo: <sip:c@d>;tag=q\r\n"
	    "Call-ID: i\r\nCSeq: 1 BYE\r\n");
}

/* An answer to a request too broken to check still goes out with what could be read. */
static void response_to_a_malformed_request_copies_what_is_there(void **state)
{
	struct buf b = buf_on(room, sizeof room);
	const char *s =
	    "INVITE  sip:b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.15;;,;,,\r\nCSeq: 1 INVITE\r\n\r\n";
	assert_int_equal(sip_msg_parse(&m, s, (uint32_t)strlen(s), SIP_DATAGRAM, &err), -1);
	sip_write_response_head(&b, &m, err.status, SPAN(""), SPAN("t"), SPAN("1.2.3.4"), 1, false);
	assert_span(buf_view(&b),
	    "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP 192.0.2.15;;,;,,\r\nCSeq: 1 INVITE\r\n");
}

/* Nothing a caller passes can begin another line. */
static void writer_refuses_line_breaks(void **state)
{
	static const struct {
		struct span name, value;
	} rows[] = {{SPAN("X-A"), SPAN("a\r\nX-B: c")}, {SPAN("X-A"), SPAN("a\nb")},
	    {SPAN("X-A"), {"a\0b", 3}}, {SPAN("X A"), SPAN("v")}, {SPAN("X:"), SPAN("v")},
	    {SPAN(""), SPAN("v")}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf b = buf_on(room, sizeof room);
		sip_write_hdr(&b, rows[i].name, rows[i].value);
		assert_true(b.full);
		assert_int_equal(b.len, 0);
	}
	struct buf b = buf_on(room, sizeof room);
	sip_write_request_line(&b, SPAN("INVITE"), SPAN("sip:a\r\nX: y"));
	assert_true(b.full);
}

static void writer_overflow_is_seen(void **state)
{
	struct buf b = buf_on(room, 20);
	sip_write_request_line(&b, SPAN("INVITE"), SPAN("sip:somebody@example.com"));
	assert_true(b.full);
	assert_true(b.len <= 20);
}

static void body_sets_type_and_length(void **state)
{
	struct buf b = buf_on(room, sizeof room);
	sip_write_body(&b, SPAN("application/sdp"), SPAN("v=0\r\n"));
	assert_span(buf_view(&b), "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n");
}

static enum sip_frame_kind frame(const char *s, bool flush, uint32_t *used)
{
	struct sip_frame f = {0};
	return sip_frame_next(&f, s, (uint32_t)strlen(s), flush, used, &err);
}

static void rfc5626_3_5_1_keepalive(void **state)
{
	uint32_t used;
	assert_int_equal(frame("\r\n\r\nINVITE", false, &used), SIP_FRAME_PING);
	assert_int_equal(used, 4);
	assert_int_equal(frame("\r\n", false, &used), SIP_FRAME_MORE);
	assert_int_equal(frame("\r\n", true, &used), SIP_FRAME_PONG);
	assert_int_equal(used, 2);
	assert_int_equal(frame("\r\nINVITE", false, &used), SIP_FRAME_PONG);
	assert_int_equal(used, 2);
	assert_int_equal(frame("\r\n\r", false, &used), SIP_FRAME_MORE);
}

static void frame_ends_at_content_length(void **state)
{
	uint32_t used;
	assert_int_equal(frame("BYE sip:a SIP/2.0\r\nl :\r\n 3\r\n\r\nabcNEXT", false, &used), SIP_FRAME_MSG);
	assert_int_equal(used, strlen("BYE sip:a SIP/2.0\r\nl :\r\n 3\r\n\r\nabc"));
	assert_int_equal(frame("BYE sip:a SIP/2.0\r\nl: 3\r\n\r\nab", false, &used), SIP_FRAME_MORE);
	assert_int_equal(frame("BYE sip:a SIP/2.0\r\nl: 3\r\n\r", false, &used), SIP_FRAME_MORE);
}

static void frame_refuses_what_could_be_read_two_ways(void **state)
{
	uint32_t used;
	assert_int_equal(frame("BYE sip:a SIP/2.0\r\nVia: x\r\n\r\n", false, &used), SIP_FRAME_BAD);
	assert_int_equal(err.status, 400);
	assert_int_equal(
	    frame("BYE sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\nab", false, &used), SIP_FRAME_BAD);
	assert_int_equal(frame("BYE sip:a SIP/2.0\r\nl: -1\r\n\r\nab", false, &used), SIP_FRAME_BAD);
	assert_int_equal(frame("BYE sip:a SIP/2.0\r\nl: 70000\r\n\r\nab", false, &used), SIP_FRAME_BAD);
	assert_int_equal(err.status, 413);
}

static void frame_byte_by_byte_is_the_same(void **state)
{
	const char *s = "ACK sip:a SIP/2.0\r\nVia: x\r\n y\r\nl: 2\r\n\r\nhi";
	struct sip_frame f = {0};
	uint32_t used, len = (uint32_t)strlen(s);
	for (uint32_t n = 0; n < len; n++)
		assert_int_equal(sip_frame_next(&f, s, n, false, &used, &err), SIP_FRAME_MORE);
	assert_int_equal(sip_frame_next(&f, s, len, false, &used, &err), SIP_FRAME_MSG);
	assert_int_equal(used, len);
}

static void frame_headers_that_never_end_are_513(void **state)
{
	static char endless[SIP_MSG_BYTES_MAX];
	struct sip_frame f = {0};
	uint32_t used;
	memset(endless, 'x', sizeof endless);
	assert_int_equal(sip_frame_next(&f, endless, sizeof endless - 1, false, &used, &err), SIP_FRAME_MORE);
	assert_int_equal(sip_frame_next(&f, endless, sizeof endless, false, &used, &err), SIP_FRAME_BAD);
	assert_int_equal(err.status, 513);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc3261_8_2_6_response_head),
	    cmocka_unit_test(response_leaves_an_existing_to_tag_alone),
	    cmocka_unit_test(response_to_a_malformed_request_copies_what_is_there),
	    cmocka_unit_test(writer_refuses_line_breaks),
	    cmocka_unit_test(writer_overflow_is_seen),
	    cmocka_unit_test(body_sets_type_and_length),
	    cmocka_unit_test(rfc5626_3_5_1_keepalive),
	    cmocka_unit_test(frame_ends_at_content_length),
	    cmocka_unit_test(frame_refuses_what_could_be_read_two_ways),
	    cmocka_unit_test(frame_byte_by_byte_is_the_same),
	    cmocka_unit_test(frame_headers_that_never_end_are_513),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
