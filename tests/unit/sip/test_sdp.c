/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/nothing.h"
#include "tests/unit/sip/cm.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

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
static void formats_beyond_the_limit_are_counted(void **state)
{
	char text[1024];
	int n = snprintf(text, sizeof text, "%sm=audio 1 RTP/AVP", HEAD);
	for (int i = 0; i < SDP_FMTS_MAX + 5; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, " %d", 90 + i);
	snprintf(
	    text + n, sizeof text - (size_t)n, "\r\na=rtpmap:90 opus/48000/2\r\na=rtpmap:126 x/8000\r\n");
	assert_true(parse(text));
	assert_int_equal(s.media[0].n_fmts, SDP_FMTS_MAX);
	assert_int_equal(s.media[0].fmts_more, 5);
	assert_span(s.media[0].fmts[0].name, "opus");
	assert_int_equal(s.media[0].fmts[0].channels, 2);
	assert_int_equal(s.media[0].fmts[SDP_FMTS_MAX - 1].pt, 90 + SDP_FMTS_MAX - 1);
	strcpy(text + n, " 128\r\n"); /* what is not kept is still checked */
	assert_false(parse(text));
}

static void rfc8866_5_8_bandwidth(void **state)
{
	assert_true(
	    parse(HEAD "b=AS:256\r\nb=X-YZ:128\r\nm=audio 1 RTP/AVP 0\r\nb=TIAS:64000\r\nb=RS:0\r\nb=RR:x\r\n"
	               "b=TIAS:1\r\n"));
	assert_int_equal(s.bw.as_kbps, 256);
	assert_int_equal(s.bw.tias_bps, SDP_ABSENT);
	assert_int_equal(s.media[0].bw.tias_bps, 64000);
	assert_int_equal(s.media[0].bw.rs_bps, 0);
	assert_int_equal(s.media[0].bw.rr_bps, SDP_ABSENT);
	assert_int_equal(s.media[0].bw.as_kbps, SDP_ABSENT);
}

static void rfc8866_5_9_times(void **state)
{
	assert_true(parse("v=0\no=- 1 2 IN IP4 h\ns=A call\nt=3034423619 3042462419\nt=1 2\n"));
	assert_span(s.name, "A call");
	assert_int_equal(s.start_ntp, 3034423619);
	assert_int_equal(s.stop_ntp, 3042462419);
	assert_true(parse("v=0\no=- 1 2 IN IP4 h\nt=now later\n"));
	assert_int_equal(s.start_ntp, 0);
}

static void rfc8866_5_14_port_ranges_and_refused_streams(void **state)
{
	assert_true(
	    parse(HEAD "m=audio 49170/2 RTP/AVP 0\r\nm=audio 0 RTP/AVP 8\r\nm=video 5 RTP/AVP 31\r\n"));
	assert_int_equal(s.n_media, 3);
	assert_int_equal(s.media[0].port, 49170);
	assert_int_equal(s.media[0].n_ports, 2);
	assert_int_equal(s.media[1].port, 0);
	assert_int_equal(s.media[1].n_ports, 1);
	assert_span(s.media[2].type, "video");
	assert_false(parse(HEAD "m=audio 1/0 RTP/AVP 0\r\n"));
	assert_false(parse(HEAD "m=audio 1/x RTP/AVP 0\r\n"));
	assert_true(parse("v=0\no=- 1 2 IN IP4 h\nm=audio 0 RTP/AVP 0\n")); /* refused: needs no address */
}

static void rfc4568_9_1_crypto(void **state)
{
	assert_true(
	    parse(HEAD "m=audio 1 RTP/SAVP 0\r\n"
	               "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
	               "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4;inline:QUI=|2:1 KDR=1 "
	               "UNENCRYPTED_SRTCP\r\n"
	               "a=crypto:x AES_CM_128_HMAC_SHA1_32 inline:a\r\na=crypto:3 SUITE\r\n"
	               "a=crypto:4 SUITE_4 inline:QUI=\r\n"));
	const struct sdp_media *m = &s.media[0];
	assert_int_equal(m->n_crypto, 2);
	assert_int_equal(m->crypto[0].tag, 1);
	assert_span(m->crypto[0].suite, "AES_CM_128_HMAC_SHA1_80");
	assert_span(m->crypto[0].session_params, "KDR=1 UNENCRYPTED_SRTCP");
	assert_int_equal(m->crypto[1].tag, 4);
	struct span rest = m->crypto[0].key_params;
	struct sdp_key k;
	assert_int_equal(sdp_key_next(&rest, &k), 1);
	assert_span(k.key_salt, "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj");
	assert_span(k.lifetime, "2^20");
	assert_span(k.mki, "1");
	assert_int_equal(k.mki_len, 4);
	assert_int_equal(sdp_key_next(&rest, &k), 1);
	assert_int_equal(k.lifetime.len, 0);
	assert_span(k.mki, "2");
	assert_int_equal(sdp_key_next(&rest, &k), 0);
}

static void rfc4568_6_1_malformed_keys(void **state)
{
	static const char *const bad[] = {"inline:", "inline:|2^20", "inline:QUI=|", "inline:QUI=|1:0",
	    "inline:QUI=|1:129", "inline:QUI=|:4", "inline:QUI=|2^20|", "inline:QUI=|2^20|1:4|x",
	    "uri:QUI=", "inlin"};
	struct sdp_key k;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct span rest = span_str(bad[i]);
		assert_int_equal(sdp_key_next(&rest, &k), -1);
	}
}

static void crypto_lines_have_a_limit(void **state)
{
	char text[2048];
	int n = snprintf(text, sizeof text, "%sm=audio 1 RTP/SAVP 0\r\n", HEAD);
	for (int i = 0; i < SDP_CRYPTO_MAX + 1; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, "a=crypto:%d S inline:QUI=\r\n", i);
	assert_true(parse(text));
	assert_int_equal(s.media[0].n_crypto, SDP_CRYPTO_MAX);
}

static void bundle_mid_rtcp_and_mux_are_read_and_candidates_passed_over(void **state)
{
	assert_true(parse(
	    HEAD "a=group:LS 0 1\r\na=group:BUNDLE 0 1\r\nm=audio 1 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
	         "a=rtcp:9 IN IP4 192.0.2.9\r\na=rtcp-mux\r\na=maxptime:60\r\n"
	         "a=candidate:1 1 UDP 1 192.0.2.1 1 typ host\r\na=rtpmap:111 opus/48000/x\r\n"
	         "m=audio 2 RTP/AVP 0\r\na=rtcp:10\r\na=rtcp-mux-only\r\n"));
	assert_span(s.bundle, "0 1");
	assert_span(s.media[0].mid, "0");
	assert_span(s.media[0].rtcp_addr, "192.0.2.9");
	assert_int_equal(s.media[0].maxptime_ms, 60);
	assert_true(s.media[0].rtcp_mux);
	assert_int_equal(s.media[0].fmts[0].channels, 255);
	assert_false(s.media[1].rtcp_mux);
	assert_int_equal(s.media[1].rtcp_addr.len, 0);
	assert_int_equal(s.media[1].rtcp_port, 10);
}

/* Bodies that other products send and test with. Refused are those, and by that line, that are none. */
static const struct {
	const char *file, *reason;
} refused[] = {
    {"mozilla_08.sdp", "line is not <letter>=<value>"}, /* begins with remarks */
    {"mozilla_11.sdp", "line is not <letter>=<value>"},
    {"pjsip_fuzz-sdp_input.6.sdp", "m=: malformed"},          /* a word is missing */
    {"pjsua_157_err_sdp_bad_addr_type.sdp", "c=: malformed"}, /* IN IP7 */
    {"sdp-transform_alac.sdp", "c=: malformed"},              /* IN IP4 with an IPv6 address */
};

static const char *reason_for(const char *file)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		if (strcmp(refused[i].file, file) == 0)
			return refused[i].reason;
	}
	return NULL;
}

static void one_vector(const char *dir, const char *file)
{
	static char text[SDP_BYTES_MAX];
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", dir, file);
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	size_t n = fread(text, 1, sizeof text, in);
	fclose(in);
	int rc = sdp_parse(&s, span_of(text, (uint32_t)n), &off, &reason);
	const char *want = reason_for(file);
	if (rc != (want ? -1 : 0))
		fail_msg("%s: %s", file, rc < 0 ? reason : "accepted");
	if (want)
		assert_string_equal(reason, want);
}

static void every_body_of_the_vectors(void **state)
{
	const char *root = getenv("DIALPLANE_VECTORS");
	char dir[2048];
	snprintf(dir, sizeof dir, "%s/sdp", root ? root : SOURCE_ROOT "/../shared/vectors");
	DIR *d = opendir(dir);
	int n = 0;
	if (!d)
		NOTHING_TO_CHECK("no vectors");
	for (struct dirent *e; (e = readdir(d));) {
		const char *dot = strrchr(e->d_name, '.');
		if (dot && strcmp(dot, ".sdp") == 0) {
			one_vector(dir, e->d_name);
			n++;
		}
	}
	closedir(d);
	assert_true(n > 0);
}

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
	assert_int_equal(s.media[0].fmts_more, 0);
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
	    cmocka_unit_test(formats_beyond_the_limit_are_counted),
	    cmocka_unit_test(rfc8866_5_8_bandwidth),
	    cmocka_unit_test(rfc8866_5_9_times),
	    cmocka_unit_test(rfc8866_5_14_port_ranges_and_refused_streams),
	    cmocka_unit_test(rfc4568_9_1_crypto),
	    cmocka_unit_test(rfc4568_6_1_malformed_keys),
	    cmocka_unit_test(crypto_lines_have_a_limit),
	    cmocka_unit_test(bundle_mid_rtcp_and_mux_are_read_and_candidates_passed_over),
	    cmocka_unit_test(every_body_of_the_vectors),
	    cmocka_unit_test(limits),
	    cmocka_unit_test(nul_in_a_line_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
