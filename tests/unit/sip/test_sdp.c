/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sip/cm.h"

#include <stdio.h>

#include "sip-parser/sdp.h"

static struct sdp s;
static uint32_t off;
static const char *reason;

static bool parse(const char *text)
{
	reason = NULL;
	return sdp_parse(&s, span_str(text), &off, &reason) == 0;
}

#define HEAD "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

static void audio_offer(void **state)
{
	assert_true(parse(HEAD "m=audio 49170 RTP/AVP 0 8 101\r\na=rtpmap:101 "
	                       "telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=rtcp:53020\r\n"));
	assert_int_equal(s.n_media, 1);
	assert_span(s.origin_user, "-");
	assert_int_equal(s.session_id, 1);
	assert_int_equal(s.session_version, 2);
	const struct sdp_media *m = &s.media[0];
	assert_span(m->type, "audio");
	assert_int_equal(m->port, 49170);
	assert_span(m->addr, "192.0.2.1");
	assert_int_equal(m->ptime_ms, 20);
	assert_int_equal(m->rtcp_port, 53020);
	assert_int_equal(m->n_fmts, 3);
	assert_span(m->fmts[1].name, "PCMA"); /* static type without rtpmap */
	assert_int_equal(m->fmts[1].rate, 8000);
	assert_span(m->fmts[2].name, "telephone-event");
	assert_span(m->fmts[2].fmtp, "0-16");
	assert_int_equal(m->dir, SDP_SENDRECV);
}

static void media_level_wins_over_session_level(void **state)
{
	assert_true(parse(HEAD "a=recvonly\r\nm=audio 1 RTP/AVP 0\r\nm=audio 2 RTP/AVP 0\r\nc=IN IP6 "
	                       "2001:db8::1\r\na=sendonly\r\n"));
	assert_int_equal(s.media[0].dir, SDP_RECVONLY);
	assert_int_equal(s.media[1].dir, SDP_SENDONLY);
	assert_span(s.media[0].addr, "192.0.2.1");
	assert_span(s.media[1].addr, "2001:db8::1");
	assert_true(s.media[1].addr_is_v6);
}

static void rfc3264_8_4_zero_address_is_hold(void **state)
{
	assert_true(parse("v=0\no=- 1 2 IN IP4 h\nc=IN IP4 0.0.0.0\nm=audio 1 RTP/AVP 0\nm=audio 1 RTP/AVP "
	                  "0\na=recvonly\n"));
	assert_int_equal(s.media[0].dir, SDP_SENDONLY);
	assert_int_equal(s.media[1].dir, SDP_INACTIVE);
}

static void rfc8866_5_2_origin_address_is_only_a_name(void **state)
{
	assert_true(parse("v=0\r\no=iTunes 3413821438 0 IN IP4 fe80::217:f2ff:fe0f:e0f6\r\n"));
	assert_span(s.origin_addr, "fe80::217:f2ff:fe0f:e0f6");
	assert_false(parse("v=0\r\no=iTunes 3413821438 0 IN IP4\r\n"));
}

static void session_numbers_saturate_at_64_bits(void **state)
{
	assert_true(parse("v=0\r\no=- 18446744073709551615 18446744073709551616 IN IP4 h\r\n"));
	assert_true(s.session_id == UINT64_MAX && s.session_version == UINT64_MAX);
	assert_true(parse("v=0\r\no=- 18446744073709551614 7 IN IP4 h\r\n"));
	assert_true(s.session_id == UINT64_MAX - 1 && s.session_version == 7);
}

static void other_protocols_have_no_numbered_formats(void **state)
{
	assert_true(
	    parse(HEAD "m=image 4000 udptl t38\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
	assert_int_equal(s.n_media, 2);
	assert_int_equal(s.media[0].n_fmts, 0);
}

static void malformed_bodies_say_where(void **state)
{
	static const char *const wrong[] = {"", "x", "o=- 1 2 IN IP4 h\r\n", "v=1\r\no=- 1 2 IN IP4 h\r\n",
	    "v=0\r\n", HEAD "m=audio\r\n", HEAD "m=audio x RTP/AVP 0\r\n", HEAD "m=audio 65536 RTP/AVP 0\r\n",
	    HEAD "m=audio 492170 RTP/AVP 0 12\r\n", HEAD "m=audio 1 RTP/AVP\r\n",
	    HEAD "m=audio 1 RTP/AVP 128\r\n", HEAD "m=audio 1 RTP/AVP x\r\n", HEAD "c=IN IP7 1.2.3.4\r\n",
	    HEAD "c=IN IP4 2001:db8::1\r\n", HEAD "c=IN IP6 1.2.3.4\r\n", HEAD "c=IN IP6 [2001:db8::1]\r\n",
	    HEAD "noequals\r\n", "v=0\r\no=- 1 IN IP4 h\r\n",
	    "v=0\r\no=- 1 2 IN IP4 h\r\nm=audio 1 RTP/AVP 0\r\n", HEAD "m =audio 1 RTP/AVP 0\r\n"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (parse(wrong[i]))
			fail_msg("accepted: %s", wrong[i]);
		assert_non_null(reason);
		assert_true(off <= strlen(wrong[i]));
	}
	assert_false(parse(HEAD "m=audio x RTP/AVP 0\r\n"));
	assert_int_equal(off, strlen(HEAD));
}

static void rfc8866_5_13_malformed_rtpmap_leaves_the_format_nameless(void **state)
{
	assert_true(parse(HEAD
	    "m=audio 1 RTP/AVP 98 99 97\r\na=rtpmap:98 x\r\na=rtpmap:99 x/y\r\na=rtpmap:97 iLBC/8000/1\r\n"));
	assert_int_equal(s.media[0].n_fmts, 3);
	assert_int_equal(s.media[0].fmts[0].name.len, 0);
	assert_int_equal(s.media[0].fmts[1].name.len, 0);
	assert_span(s.media[0].fmts[2].name, "iLBC");
	assert_int_equal(s.media[0].fmts[2].rate, 8000);
}

/* Caps on media, formats and bytes. */
static void limits(void **state)
{
	static char text[2 * SDP_BYTES_MAX];
	int n = snprintf(text, sizeof text, "%s", HEAD);
	for (int i = 0; i < SDP_MEDIA_MAX; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, "m=audio 1 RTP/AVP 0\r\n");
	assert_true(parse(text));
	snprintf(text + n, sizeof text - (size_t)n, "m=audio 1 RTP/AVP 0\r\n");
	assert_false(parse(text));
	n = snprintf(text, sizeof text, "%sm=audio 1 RTP/AVP", HEAD);
	for (int i = 0; i < SDP_FMTS_MAX; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, " %d", i);
	assert_true(parse(text));
	snprintf(text + n, sizeof text - (size_t)n, " 99");
	assert_false(parse(text));
	n = snprintf(text, sizeof text, "%s", HEAD);
	while (n <= SDP_BYTES_MAX)
		n += snprintf(text + n, sizeof text - (size_t)n, "a=x\r\n");
	assert_false(parse(text));
}

static void nul_in_a_line_is_refused(void **state)
{
	static const char text[] = HEAD "a=x\0y\r\n";
	assert_int_equal(sdp_parse(&s, span_of(text, sizeof text - 1), &off, &reason), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(audio_offer),
	    cmocka_unit_test(media_level_wins_over_session_level),
	    cmocka_unit_test(rfc3264_8_4_zero_address_is_hold),
	    cmocka_unit_test(rfc8866_5_2_origin_address_is_only_a_name),
	    cmocka_unit_test(session_numbers_saturate_at_64_bits),
	    cmocka_unit_test(other_protocols_have_no_numbered_formats),
	    cmocka_unit_test(malformed_bodies_say_where),
	    cmocka_unit_test(rfc8866_5_13_malformed_rtpmap_leaves_the_format_nameless),
	    cmocka_unit_test(limits),
	    cmocka_unit_test(nul_in_a_line_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
