/* SPDX-License-Identifier: Apache-2.0 */
/* The short way of reading an answer says what the long one says, or nothing. */
#include "tests/unit/sip/cm.h"

#include <stdlib.h>

#include "sip-parser/sdp_audio.h"

#define HEAD  "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
#define AUDIO HEAD "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
#define DTMF  "a=rtpmap:101 telephone-event/8000\r\n"

/* Bodies that must go the short way. */
static const char *const USUAL[] = {
    AUDIO DTMF "a=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n",
    AUDIO DTMF "a=rtcp:4009 IN IP4 192.0.2.9\r\na=sendonly\r\n",
    AUDIO "a=rtcp-mux\r\na=rtcp:4009\r\na=inactive\r\na=recvonly\r\n",
    HEAD "a=recvonly\r\nb=AS:64\r\nm=audio 4000 RTP/AVP 18 0 8\r\nb=x\r\n",
    "v=0\r\no=a 99 1 IN IP4 h\r\ns=\r\nt=\r\nm=audio 1 RTP/AVP 0\r\nc=IN IP4 1.2.3.4\r\n",
    HEAD "m=audio 0 RTP/AVP 0\r\n",
    HEAD "m=audio 65535 RTP/AVP 101 0\r\nc=IN IP4 255.255.255.255\r\n" DTMF "a=label:x\r\na=rtpmap:0 X/9\r\n",
};

/* And what is somebody else's work: to refuse, or to understand. */
static const char *const UNUSUAL[] = {
    "",
    HEAD,
    HEAD "m=audio 4000 RTP/AVP 0",
    HEAD "m=audio 4000 RTP/AVP 0\n",
    HEAD "m=audio 4000 RTP/AVP 0\r\r\n",
    HEAD "m=audio 4000 RTP/AVP 0\r\na=x\ty\r\n",
    HEAD "m=audio 4000 RTP/AVP\r\n",
    HEAD "m=audio 4000 RTP/AVP 0 \r\n",
    HEAD "m=audio 4000 RTP/AVP 128\r\n",
    HEAD "m=audio 65536 RTP/AVP 0\r\n",
    HEAD "m=audio 4000/2 RTP/AVP 0\r\n",
    HEAD "m=audio 4000 RTP/SAVP 0\r\n",
    HEAD "m=video 4000 RTP/AVP 0\r\n",
    HEAD "m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 31\r\n",
    HEAD "m=audio 4000 RTP/AVP 0\r\na=rtcp:0x1\r\n",
    HEAD "m=audio 4000 RTP/AVP 0\r\na=sendonly \r\n",
    HEAD "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 Telephone-Event/8000\r\n",
    HEAD "m=audio 4000 RTP/AVP 0 101\r\n" DTMF "a=rtpmap:101 speex/8000\r\n",
    HEAD "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n",
    HEAD "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 224.2.1.1/127\r\n",
    HEAD "m=audio 4000 RTP/AVP 0\r\nc=IN IP6 ::1\r\n",
    HEAD "c=IN IP4 1.2.3.4\r\nm=audio 4000 RTP/AVP 0\r\n",
    HEAD "k=clear:x\r\nm=audio 4000 RTP/AVP 0\r\n",
    "v=0\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
    "v=0\r\no=- 1 1 IN IP4 h\r\nm=audio 4000 RTP/AVP 0\r\n",
    "o=- 1 1 IN IP4 h\r\nv=0\r\nc=IN IP4 1.2.3.4\r\nm=audio 4000 RTP/AVP 0\r\n",
};

/* True: it went the short way, and the long one agrees. */
static bool short_way(struct span body)
{
	static struct sdp s;
	struct sdp_audio a, b;
	const char *reason = NULL;
	uint32_t off;
	if (!sdp_audio_read(&a, body))
		return false;
	if (sdp_parse(&s, body, &off, &reason) < 0 || s.n_media != 1)
		fail_msg("refused by the long way (%s):\n%.*s", reason ? reason : "-", (int)body.len, body.p);
	assert_null(sdp_audio_of(&b, &s.media[0]));
	if (b.six || (a.port && memcmp(a.ip, b.ip, 4) != 0) || a.port != b.port ||
	    a.rtcp_port != b.rtcp_port || a.dir != b.dir || a.dtmf_pt != b.dtmf_pt || a.n_pts != b.n_pts ||
	    memcmp(a.pts, b.pts, a.n_pts) != 0)
		fail_msg("read differently:\n%.*s", (int)body.len, body.p);
	return true;
}

static void the_usual_answers_go_the_short_way(void **state)
{
	for (size_t i = 0; i < sizeof USUAL / sizeof *USUAL; i++)
		if (!short_way(span_str(USUAL[i])))
			fail_msg("row %zu:\n%s", i, USUAL[i]);
}

static void what_is_not_usual_is_left_to_the_long_way(void **state)
{
	for (size_t i = 0; i < sizeof UNUSUAL / sizeof *UNUSUAL; i++)
		if (short_way(span_str(UNUSUAL[i])))
			fail_msg("row %zu:\n%s", i, UNUSUAL[i]);
	assert_false(short_way(SPAN(HEAD "m=audio 4000 RTP/AVP 0\r\na=x\0y\r\n")));
}

static uint32_t rnd(void)
{
	static uint32_t x = 2463534242u;
	x ^= x << 13;
	x ^= x >> 17;
	return x ^= x << 5;
}

/* One, two or three changes: a byte becomes another one that means something, goes, or comes twice. */
static uint32_t change(char *t, uint32_t len, uint32_t cap)
{
	static const char BYTES[] = "\r\n \t=:/0123456789.acmostvbIPRx\0~";
	uint32_t at = rnd() % len;
	switch (rnd() % 4) {
	case 0:
		memmove(t + at, t + at + 1, len - at - 1);
		return len - 1;
	case 1:
		if (len == cap)
			return len;
		memmove(t + at + 1, t + at, len - at);
		return len + 1;
	default:
		t[at] = BYTES[rnd() % (sizeof BYTES - 1)];
		return len;
	}
}

static void whatever_goes_the_short_way_is_read_as_by_the_long_one(void **state)
{
	char room[1024];
	uint32_t took = 0;
	for (uint32_t i = 0; i < 300000; i++) {
		struct span from = span_str(USUAL[i % (sizeof USUAL / sizeof *USUAL)]);
		uint32_t len = from.len;
		memcpy(room, from.p, len);
		for (uint32_t n = rnd() % 3 + 1; n; n--)
			len = change(room, len, sizeof room);
		took += short_way(span_of(room, len));
	}
	assert_in_range(took, 30000, 270000); /* else the changes say nothing */
}

static void every_length_of_a_body_ends_where_it_ends(void **state)
{
	struct span from = span_str(USUAL[0]);
	uint32_t stream = (uint32_t)(strstr(from.p, "8 101\r\n") - from.p) + 7;
	for (uint32_t len = 0; len <= from.len; len++) {
		char *copy = malloc(len + 1);
		memcpy(copy + 1, from.p, len);
		bool whole = short_way(span_of(copy + 1, len));
		assert_true(whole == (len >= stream && from.p[len - 1] == '\n' && from.p[len - 2] == '\r'));
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_usual_answers_go_the_short_way),
	    cmocka_unit_test(what_is_not_usual_is_left_to_the_long_way),
	    cmocka_unit_test(whatever_goes_the_short_way_is_read_as_by_the_long_one),
	    cmocka_unit_test(every_length_of_a_body_ends_where_it_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
