/* SPDX-License-Identifier: Apache-2.0 */
/* Offer/answer as tables (RFC 3264), and the tokens we emit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "dataplane/sip/ident.h"
#include "dataplane/sip/session.h"

#define HEAD     "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
#define NO_CODEC SESSION_NO_CODEC

static const struct ip_addr OWN = {4, {192, 0, 2, 1}};

struct row {
	const char *sdp;
	uint8_t codecs; /* what we offer */
	int rc;
	uint8_t pt, dtmf;
	bool send, recv;
	uint16_t port;
};

/* ---- answers to our offer */

static const struct row ANSWERS[] = {
    {HEAD "m=audio 4000 RTP/AVP 0\r\n", DP_CODECS_BOTH, 0, 0, 0xff, true, true, 4000},
    {HEAD "m=audio 4000 RTP/AVP 8 0\r\n", DP_CODECS_BOTH, 0, 8, 0xff, true, true, 4000},
    {HEAD "m=audio 4000 RTP/AVP 18 8\r\n", DP_CODECS_BOTH, 0, 8, 0xff, true, true, 4000},
    {HEAD "m=audio 4000 RTP/AVP 8 0\r\n", DP_CODECS_PCMU, 0, 0, 0xff, true, true, 4000},
    {HEAD "m=audio 4000 RTP/AVP 8\r\n", DP_CODECS_PCMU, -1},
    {HEAD "m=audio 4000 RTP/AVP 0\r\n", DP_CODECS_PCMA, -1},
    {HEAD "m=audio 4000 RTP/AVP 0 99\r\na=rtpmap:99 telephone-event/8000\r\n", DP_CODECS_BOTH, 0, 0, 99, true,
        true, 4000},
    {HEAD "m=audio 4000 RTP/AVP 0 99\r\na=rtpmap:99 telephone-event/16000\r\n", DP_CODECS_BOTH, 0, 0, 0xff,
        true, true, 4000},
    {HEAD "m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n", DP_CODECS_BOTH, 0, 0, 0xff, false, true, 4000},
    {HEAD "m=audio 4000 RTP/AVP 0\r\na=recvonly\r\n", DP_CODECS_BOTH, 0, 0, 0xff, true, false, 4000},
    {HEAD "m=audio 4000 RTP/AVP 0\r\na=inactive\r\n", DP_CODECS_BOTH, 0, 0, 0xff, false, false, 4000},
    {HEAD "a=sendonly\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n", DP_CODECS_BOTH, 0, 0, 0xff, true, true,
        4000},
    {HEAD "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n", DP_CODECS_BOTH, 0, 0, 0xff, false, true, 0},
    {HEAD "m=audio 0 RTP/AVP 0\r\n", DP_CODECS_BOTH, -1},
    {HEAD "m=video 4000 RTP/AVP 0\r\n", DP_CODECS_BOTH, -1},
    {HEAD "m=audio 4000 RTP/SAVP 0\r\n", DP_CODECS_BOTH, -1},
    {HEAD "m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n", DP_CODECS_BOTH, -1},
    {HEAD "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 host.example\r\n", DP_CODECS_BOTH, -1},
    {HEAD, DP_CODECS_BOTH, -1},
    {"", DP_CODECS_BOTH, -1},
    {"v=1\r\n", DP_CODECS_BOTH, -1},
};

static void compare(
    const struct row *r, int rc, const struct session *s, const struct media_agreed *a, uint32_t i)
{
	if (rc != r->rc)
		fail_msg("row %u: %d instead of %d:\n%s", i, rc, r->rc, r->sdp);
	if (rc)
		return;
	if (a->pt != r->pt || s->pt != r->pt || a->dtmf_pt_send != r->dtmf || a->may_send != r->send ||
	    a->may_recv != r->recv || a->remote_rtp.port != r->port || s->held == r->send)
		fail_msg("row %u: pt %u dtmf %u send %d recv %d port %u held %d:\n%s", i, a->pt,
		    a->dtmf_pt_send, a->may_send, a->may_recv, a->remote_rtp.port, s->held, r->sdp);
}

static void rfc3264_7_answers_to_our_offer(void **state)
{
	static struct sdp tmp;
	for (uint32_t i = 0; i < sizeof ANSWERS / sizeof *ANSWERS; i++) {
		struct session s;
		struct media_agreed a;
		const char *reason = NULL;
		session_init(&s, 1, 10000, ANSWERS[i].codecs);
		int rc = session_answer(&s, span_str(ANSWERS[i].sdp), &tmp, &a, &reason);
		compare(&ANSWERS[i], rc, &s, &a, i);
		if (rc)
			assert_non_null(reason);
		if (rc)
			assert_int_equal(s.pt, NO_CODEC);
	}
}

static void rfc3264_7_every_codec_of_the_answer_that_was_offered_may_be_used(void **state)
{
	static const struct {
		const char *fmts;
		uint8_t codecs;
		bool pcmu, pcma;
	} rows[] = {
	    {"0 8 101", DP_CODECS_BOTH, true, true},
	    {"8 0", DP_CODECS_BOTH, true, true},
	    {"0", DP_CODECS_BOTH, true, false},
	    {"8 18", DP_CODECS_BOTH, false, true},
	    {"8 0", DP_CODECS_PCMU, true, false},
	    {"8 0", DP_CODECS_PCMA, false, true},
	};
	static struct sdp tmp;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[256];
		struct session s;
		struct media_agreed a;
		const char *reason;
		snprintf(text, sizeof text, HEAD "m=audio 4000 RTP/AVP %s\r\n", rows[i].fmts);
		session_init(&s, 1, 10000, rows[i].codecs);
		assert_int_equal(session_answer(&s, span_str(text), &tmp, &a, &reason), 0);
		if (a.pcmu != rows[i].pcmu || a.pcma != rows[i].pcma)
			fail_msg("row %zu: pcmu %d pcma %d", i, a.pcmu, a.pcma);
	}
}

/* ---- later offers */

struct offer {
	const char *sdp, *m_line, *dir;
};

static const struct offer OFFERS[] = {
    {HEAD "m=audio 4000 RTP/AVP 8 0\r\n", "m=audio 10000 RTP/AVP 0\r\n",
        "a=sendrecv\r\n"}, /* stay with what runs */
    {HEAD "m=audio 4000 RTP/AVP 8\r\n", "m=audio 10000 RTP/AVP 8\r\n", "a=sendrecv\r\n"},
    {HEAD "m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n", "m=audio 10000 RTP/AVP 0\r\n", "a=recvonly\r\n"},
    {HEAD "m=audio 4000 RTP/AVP 0\r\na=recvonly\r\n", "m=audio 10000 RTP/AVP 0\r\n", "a=sendonly\r\n"},
    {HEAD "m=audio 4000 RTP/AVP 0\r\na=inactive\r\n", "m=audio 10000 RTP/AVP 0\r\n", "a=inactive\r\n"},
    {HEAD "m=audio 4000 RTP/AVP 0 97\r\na=rtpmap:97 telephone-event/8000\r\n",
        "m=audio 10000 RTP/AVP 0 97\r\n", "a=fmtp:97 0-16\r\n"},
    {HEAD "m=audio 0 RTP/AVP 0\r\nm=audio 4000 RTP/AVP 0\r\n",
        "m=audio 0 RTP/AVP 0\r\nm=audio 10000 RTP/AVP 0\r\n", "a=sendrecv\r\n"},
    {HEAD "m=audio 4000 RTP/AVP 18\r\n", NULL, NULL},
    {HEAD "m=audio 0 RTP/AVP 0\r\n", NULL, NULL},
    {HEAD "m=image 4000 udptl t38\r\n", NULL, NULL},
    {"", NULL, NULL},
};

static void begin(struct session *s)
{
	static struct sdp tmp;
	struct media_agreed a;
	const char *reason;
	session_init(s, 1, 10000, DP_CODECS_BOTH);
	assert_int_equal(session_answer(s, SPAN(HEAD "m=audio 4000 RTP/AVP 0\r\n"), &tmp, &a, &reason), 0);
	s->version = 1;
}

static void rfc3264_6_and_8_answers_to_later_offers(void **state)
{
	static struct sdp tmp;
	for (uint32_t i = 0; i < sizeof OFFERS / sizeof *OFFERS; i++) {
		char text[SESSION_SDP_MAX + 1];
		struct buf b = buf_on(text, SESSION_SDP_MAX);
		struct session s, before;
		struct media_agreed a;
		const char *reason = NULL;
		begin(&s);
		before = s;
		int rc = session_reoffer(&s, span_str(OFFERS[i].sdp), &tmp, &OWN, &a, &b, &reason);
		text[b.len] = 0;
		assert_int_equal(rc, OFFERS[i].m_line ? 0 : -1);
		if (rc) {
			assert_memory_equal(&s, &before, sizeof s); /* refused: nothing changes */
			continue;
		}
		/* our answer names one codec: no other may come */
		assert_true(a.pcmu == (a.pt == 0) && a.pcma == (a.pt == 8));
		if (!strstr(text, OFFERS[i].m_line) || !strstr(text, OFFERS[i].dir))
			fail_msg("row %u:\n%s", i, text);
		assert_non_null(strstr(text, "o=- 1 2 IN IP4 192.0.2.1\r\n")); /* §8: version up by one */
	}
}

static void rfc3264_8_each_offer_is_a_new_version(void **state)
{
	char text[SESSION_SDP_MAX + 1];
	struct session s;
	session_init(&s, 7, 10000, DP_CODECS_BOTH);
	for (int i = 1; i < 4; i++) {
		char want[64];
		struct buf b = buf_on(text, SESSION_SDP_MAX);
		session_offer(&s, &OWN, &b);
		text[b.len] = 0;
		snprintf(want, sizeof want, "o=- 7 %d IN IP4 192.0.2.1\r\n", i);
		assert_non_null(strstr(text, want));
	}
}

static void rfc4566_5_7_the_offer_and_its_answer_are_of_our_address_s_family(void **state)
{
	static const struct {
		const char *line;
		int rc;
		bool send;
	} rows[] = {
	    {"c=IN IP6 2001:db8::9\r\n", 0, true},
	    {"c=IN IP6 ::\r\n", 0, false}, /* hold by the old rule */
	    {"c=IN IP6 2001:db8::9::1\r\n", -1, false},
	    {"c=IN IP6 192.0.2.9\r\n", -1, false},
	    {"c=IN IP4 192.0.2.9\r\n", -1, false},
	};
	static struct sdp tmp;
	struct ip_addr own = {.fam = 6};
	assert_int_equal(ip_addr_parse(&own, SPAN("2001:db8::1")), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[SESSION_SDP_MAX], answer[256];
		struct buf b = buf_on(text, sizeof text - 1);
		struct session s;
		struct media_agreed a;
		const char *reason;
		session_init(&s, 1, 4000, DP_CODECS_BOTH);
		session_offer(&s, &own, &b);
		text[b.len] = 0;
		assert_non_null(strstr(text, "o=- 1 1 IN IP6 2001:db8::1\r\n"));
		assert_non_null(strstr(text, "\r\nc=IN IP6 2001:db8::1\r\n"));
		snprintf(answer, sizeof answer,
		    "v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\n%st=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
		    rows[i].line);
		int rc = session_answer(&s, span_str(answer), &tmp, &a, &reason);
		if (rc != rows[i].rc || (rc == 0 && a.may_send != rows[i].send))
			fail_msg("row %zu: %d", i, rc);
		if (rc == 0 && a.may_send)
			assert_int_equal(a.remote_rtp.a.fam, 6);
	}
}

static void answer_that_does_not_fit_is_refused(void **state)
{
	static struct sdp tmp;
	char text[64];
	struct buf b = buf_on(text, sizeof text);
	struct session s;
	struct media_agreed a;
	const char *reason;
	begin(&s);
	assert_int_equal(
	    session_reoffer(&s, SPAN(HEAD "m=audio 4000 RTP/AVP 0\r\n"), &tmp, &OWN, &a, &b, &reason), -1);
}

/* ---- tokens */

static const struct hash_key KEY = {1, 2}, OTHER = {1, 3};

static void token_tells_worker_slot_and_random(void **state)
{
	char t[IDENT_BRANCH_LEN];
	struct ident in = {IDENT_BRANCH, 200, IDENT_INDEX_MAX, 0x0123456789abcdefull}, out;
	ident_write_branch(t, &KEY, &in);
	assert_true(ident_read_branch(&out, &KEY, span_of(t, sizeof t)));
	assert_true(out.worker == 200 && out.index == IDENT_INDEX_MAX && out.rand == in.rand);
	assert_false(ident_read_branch(&out, &OTHER, span_of(t, sizeof t)));
	assert_false(ident_read_branch(&out, &KEY, span_of(t, sizeof t - 1)));
}

static void token_of_one_kind_is_none_of_another(void **state)
{
	char t[IDENT_LEN];
	struct ident in = {IDENT_TAG, 1, 2, 3}, out;
	ident_write(t, &KEY, &in);
	assert_true(ident_read(&out, &KEY, IDENT_TAG, span_of(t, sizeof t)));
	assert_false(ident_read(&out, &KEY, IDENT_CALL_ID, span_of(t, sizeof t)));
	t[0] = IDENT_CALL_ID;
	assert_false(ident_read(&out, &KEY, IDENT_CALL_ID, span_of(t, sizeof t)));
}

static void every_changed_byte_is_noticed(void **state)
{
	char t[IDENT_LEN];
	struct ident in = {IDENT_CALL_ID, 1, 77, 0xfeedull}, out;
	ident_write(t, &KEY, &in);
	for (uint32_t i = 0; i < IDENT_LEN; i++) {
		for (int c = 0; c < 256; c++) {
			char was = t[i];
			if ((char)c == was)
				continue;
			t[i] = (char)c;
			assert_false(ident_read(&out, &KEY, IDENT_CALL_ID, span_of(t, sizeof t)));
			t[i] = was;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc3264_7_answers_to_our_offer),
	    cmocka_unit_test(rfc3264_7_every_codec_of_the_answer_that_was_offered_may_be_used),
	    cmocka_unit_test(rfc3264_6_and_8_answers_to_later_offers),
	    cmocka_unit_test(rfc3264_8_each_offer_is_a_new_version),
	    cmocka_unit_test(rfc4566_5_7_the_offer_and_its_answer_are_of_our_address_s_family),
	    cmocka_unit_test(answer_that_does_not_fit_is_refused),
	    cmocka_unit_test(token_tells_worker_slot_and_random),
	    cmocka_unit_test(token_of_one_kind_is_none_of_another),
	    cmocka_unit_test(every_changed_byte_is_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
