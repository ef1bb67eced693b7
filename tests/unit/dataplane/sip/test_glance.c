/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/glance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define VIA  "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx;rport\r\n"
#define REST "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\n"

static bool look(const char *text, struct glance *g, struct span *cseq)
{
	/* On the heap, to the byte: a sanitizer sees who reads behind it. */
	struct span m = span_str(text);
	static char *kept;
	free(kept);
	kept = malloc(m.len ? m.len : 1);
	assert_non_null(kept);
	memcpy(kept, text, m.len);
	return glance_at(g, span_of(kept, m.len)) && glance_cseq(g, cseq);
}

static void status_via_and_cseq_are_seen(void **state)
{
	struct glance g;
	struct span cseq;
	assert_true(look("SIP/2.0 100 Trying\r\n" VIA REST "CSeq: 7 INVITE\r\n\r\n", &g, &cseq));
	assert_int_equal(g.status, 100);
	assert_true(span_eq(g.via, SPAN("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx;rport")));
	assert_true(span_eq(cseq, SPAN("7 INVITE")));
}

static void other_forms_are_left_to_the_parser(void **state)
{
	static const char *const TEXTS[] = {
	    "",
	    "SIP/2.0 200 OK\r\n",
	    "INVITE sip:a@b SIP/2.0\r\n" VIA REST "CSeq: 1 INVITE\r\n\r\n",
	    "SIP/2.0 700 OK\r\n" VIA REST "CSeq: 1 INVITE\r\n\r\n",
	    "SIP/2.0 099 OK\r\n" VIA REST "CSeq: 1 INVITE\r\n\r\n",
	    "SIP/2.0 2x0 OK\r\n" VIA REST "CSeq: 1 INVITE\r\n\r\n",
	    "SIP/2.0 200\r\n" VIA REST "CSeq: 1 INVITE\r\n\r\n",
	    "SIP/2.0 200 OK\r\n" REST VIA "CSeq: 1 INVITE\r\n\r\n",
	    "SIP/2.0 200 OK\r\nvia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n" REST "CSeq: 1 INVITE\r\n\r\n",
	    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h\r\n ;branch=z9hG4bKx\r\n" REST "CSeq: 1 BYE\r\n\r\n",
	    "SIP/2.0 200 OK\r\n" VIA REST "CSeq: 1\r\n BYE\r\n\r\n",
	    "SIP/2.0 200 OK\r\n" VIA REST "cseq: 1 BYE\r\n\r\n",
	    "SIP/2.0 200 OK\r\n" VIA REST "\r\nCSeq: 1 BYE\r\n\r\n",
	    "SIP/2.0 200 OK\r\n" VIA REST "CSeq: 1 BYE",
	    "SIP/2.0 200 OK\r\n" VIA REST,
	};
	struct glance g;
	struct span cseq;
	for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
		assert_false(look(TEXTS[i], &g, &cseq));
}

static void any_prefix_is_read_inside_of_its_bytes(void **state)
{
	char text[] = "SIP/2.0 200 OK\r\n" VIA REST "CSeq: 1 BYE\r\n\r\n";
	struct glance g;
	struct span cseq;
	for (size_t n = sizeof text - 1; n-- > 0;) {
		text[n] = 0;
		if (look(text, &g, &cseq))
			assert_true(glance_bare(&g) == (n == sizeof text - 1));
	}
}

static void what_has_no_body_and_says_so_is_bare(void **state)
{
	static const struct {
		bool bare;
		const char *rest;
	} ROWS[] = {
	    {true, REST "CSeq: 1 INVITE\r\n\r\n"},
	    {true, REST "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"},
	    {true, REST "CSeq: 1 INVITE\r\nContact: <sip:a@b>\r\nlabel: x\r\n\r\n"},
	    {false, REST "CSeq: 1 INVITE\r\nContent-Length: 3\r\n\r\nv=0"},
	    {false, REST "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\nv=0"},
	    {false, REST "CSeq: 1 INVITE\r\nContent-Length: 9\r\n\r\n"},
	    {false, REST "CSeq: 1 INVITE\r\ncontent-length: 0\r\n\r\n"},
	    {false, REST "CSeq: 1 INVITE\r\nContent-Length : 0\r\n\r\n"},
	    {false, REST "CSeq: 1 INVITE\r\nl: 9\r\n\r\n"},
	    {false, REST "CSeq: 1 INVITE\r\nL : 9\r\n\r\n"},
	    {false, REST "CSeq: 1 INVITE\r\nSubject: a\r\n b\r\n\r\n"},
	    {false, REST "CSeq: 1 INVITE\r\nSubject: a\n\r\n"},
	    {false, REST "CSeq: 1 INVITE\r\n\n"},
	    {false, REST "CSeq: 1 INVITE\r\n"},
	    {false, REST "CSeq: 1 INVITE\r\n\r\n\r\n"},
	    {false, REST "CSeq: 1 INVITE\r\n: x\r\n\r\n"},
	};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		char text[512];
		struct glance g;
		struct span cseq;
		strcpy(text, "SIP/2.0 180 Ringing\r\n" VIA);
		bool bare = look(strcat(text, ROWS[i].rest), &g, &cseq) && glance_bare(&g);
		if (bare != ROWS[i].bare)
			fail_msg("row %zu: %s", i, ROWS[i].rest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(status_via_and_cseq_are_seen),
	    cmocka_unit_test(other_forms_are_left_to_the_parser),
	    cmocka_unit_test(what_has_no_body_and_says_so_is_bare),
	    cmocka_unit_test(any_prefix_is_read_inside_of_its_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
