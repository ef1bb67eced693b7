/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sip/cm.h"

#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_template.h"
#include "sip-parser/sip_via.h"
#include "sip-parser/sip_write.h"

enum { HOLE_METHOD, HOLE_BRANCH, HOLE_CSEQ, HOLES };

static char text[1024], room[1024], filled[2048];
static struct sip_template t;

static void marked(struct buf *b, struct sip_mark *mark, struct span value, uint8_t hole)
{
	uint32_t from = b->len;
	buf_span(b, value);
	*mark = sip_mark(b, from, hole);
}

/* A request of a dialog as a leg would keep it: the method stands in two places. */
static void compile(void)
{
	struct buf b = buf_on(text, sizeof text);
	struct sip_mark marks[6];
	marked(&b, &marks[0], SPAN("INFO"), HOLE_METHOD);
	buf_lit(&b, " sip:bob@192.0.2.4 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK");
	marked(&b, &marks[1], SPAN(""), HOLE_BRANCH);
	buf_lit(&b, ";rport\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@y>;tag=2\r\nCall-ID: c\r\nCSeq: ");
	marked(&b, &marks[2], SPAN("1"), HOLE_CSEQ);
	buf_chr(&b, ' ');
	marked(&b, &marks[3], SPAN("INFO"), HOLE_METHOD);
	buf_lit(&b, "\r\nContent-Length: ");
	marked(&b, &marks[4], SPAN(""), SIP_HOLE_LENGTH);
	buf_lit(&b, "\r\n\r\n");
	marked(&b, &marks[5], SPAN(""), SIP_HOLE_BODY);
	assert_false(b.full);
	assert_int_equal(sip_template_compile(&t, room, sizeof room, buf_view(&b), marks, 6), 0);
	memset(text, 'x', sizeof text); /* the template does not look at it any more */
}

static void filled_holes_are_read_back(void **state)
{
	static struct sip_msg m;
	struct sip_err err;
	struct sip_via v;
	struct sip_cseq c;
	uint32_t off;
	compile();
	static const struct {
		struct span values[HOLES], body;
	} rows[] = {{{SPAN("BYE"), SPAN("abc"), SPAN("4294967295")}, SPAN("")},
	    {{SPAN("MESSAGE"), SPAN("0"), SPAN("7")}, {"a\0b\r\nc", 6}}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf out = buf_on(filled, sizeof filled);
		sip_template_fill(&t, &out, rows[i].values, HOLES, rows[i].body);
		assert_false(out.full);
		assert_int_equal(
		    sip_msg_parse(&m, out.p, out.len, SIP_STREAM, &err) | sip_msg_check(&m, &err), 0);
		assert_int_equal(m.len, out.len);
		assert_true(span_eq(m.method_text, rows[i].values[HOLE_METHOD]));
		assert_int_equal(sip_via_parse(&v, sip_msg_val(&m, SIP_H_VIA), &off), 0);
		assert_true(span_eq(span_of(v.branch.p + 7, v.branch.len - 7), rows[i].values[HOLE_BRANCH]));
		assert_int_equal(sip_cseq_parse(&c, sip_msg_val(&m, SIP_H_CSEQ), &off), 0);
		assert_true(span_eq(m.body, rows[i].body));
	}
}

static void what_would_break_the_message_is_refused(void **state)
{
	static const struct {
		struct span values[HOLES];
		uint32_t n;
	} rows[] = {{{SPAN("BYE"), SPAN("a\r\nX: y"), SPAN("1")}, HOLES},
	    {{SPAN("BYE"), SPAN("a\nb"), SPAN("1")}, HOLES}, {{SPAN("BYE"), {"a\0b", 3}, SPAN("1")}, HOLES},
	    {{SPAN("BYE"), SPAN("a"), SPAN("1")}, HOLES - 1}};
	compile();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf out = buf_on(filled, sizeof filled);
		buf_lit(&out, "kept");
		sip_template_fill(&t, &out, rows[i].values, rows[i].n, SPAN(""));
		assert_true(out.full);
		assert_span(buf_view(&out), "kept");
	}
}

static void a_body_needs_its_hole(void **state)
{
	struct buf out = buf_on(filled, sizeof filled);
	assert_int_equal(sip_template_compile(&t, room, sizeof room, SPAN("OPTIONS"), NULL, 0), 0);
	sip_template_fill(&t, &out, NULL, 0, SPAN(""));
	assert_span(buf_view(&out), "OPTIONS");
	sip_template_fill(&t, &out, NULL, 0, SPAN("v=0"));
	assert_true(out.full);
}

static void room_of_every_size_is_kept_to(void **state)
{
	const struct span values[HOLES] = {SPAN("BYE"), SPAN("abcdefgh"), SPAN("12")};
	compile();
	struct buf all = buf_on(filled, sizeof filled);
	sip_template_fill(&t, &all, values, HOLES, SPAN("body"));
	for (uint32_t cap = 0; cap <= all.len; cap++) {
		struct buf out = buf_on(text, cap);
		text[cap] = '#';
		sip_template_fill(&t, &out, values, HOLES, SPAN("body"));
		assert_int_equal(out.full, cap < all.len);
		assert_int_equal(out.len, cap < all.len ? 0 : all.len);
		assert_int_equal(text[cap], '#');
	}
}

static void marks_must_be_in_order_and_inside(void **state)
{
	const struct span msg = SPAN("abcdef");
	const struct sip_mark twice[] = {{span_of(msg.p + 1, 2), 0}, {span_of(msg.p + 2, 1), 1}};
	const struct sip_mark behind[] = {{span_of(msg.p + 5, 2), 0}};
	const struct sip_mark touching[] = {
	    {span_of(msg.p, 3), 0}, {span_of(msg.p + 3, 3), 0}, {span_of(msg.p + 6, 0), 0}};
	struct sip_mark many[SIP_CUTS_MAX + 1];
	assert_int_equal(sip_template_compile(&t, room, sizeof room, msg, twice, 2), -1);
	assert_int_equal(sip_template_compile(&t, room, sizeof room, msg, behind, 1), -1);
	assert_int_equal(sip_template_compile(&t, room, 5, msg, NULL, 0), -1);
	assert_int_equal(sip_template_compile(&t, room, 0, msg, touching, 3), 0);
	struct buf out = buf_on(filled, sizeof filled);
	sip_template_fill(&t, &out, &SPAN("xy"), 1, SPAN(""));
	assert_span(buf_view(&out), "xyxyxy");
	for (uint32_t i = 0; i <= SIP_CUTS_MAX; i++)
		many[i] = (struct sip_mark){span_of(msg.p, 0), 0};
	assert_int_equal(sip_template_compile(&t, room, sizeof room, msg, many, SIP_CUTS_MAX), 0);
	assert_int_equal(sip_template_compile(&t, room, sizeof room, msg, many, SIP_CUTS_MAX + 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(filled_holes_are_read_back),
	    cmocka_unit_test(what_would_break_the_message_is_refused),
	    cmocka_unit_test(a_body_needs_its_hole),
	    cmocka_unit_test(room_of_every_size_is_kept_to),
	    cmocka_unit_test(marks_must_be_in_order_and_inside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
