/* SPDX-License-Identifier: Apache-2.0 */
/* The vector code is the reference, only faster. */
#include "tests/unit/sip/cm.h"

#include "tests/fuzz/fast_equal.h"

#include "sip-parser/sip_fast_all.h"
#include "sip-parser/sip_fast_word.h"

static const char invite[] =
    "INVITE sip:kate;x=1@example.com:5061;transport=udp;lr SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 203.0.113.5:5060;branch=z9hG4bK-1;rport=5060;received=198.51.100.255\r\n"
    "v: SIP/2.0/TCP a-b.example.net;branch=z9hG4bK-2, SIP/2.0/UDP [2001:db8::1];branch=z9hG4bK-3\r\n"
    "Max-Forwards: 70\r\n"
    "From: \"Jack, \xc3\xa4\" <sip:+44207@sip.example.net;user=phone>;tag=8f3a\r\n"
    "To: Kate B. <sip:kate@example.com>\r\n"
    "Call-ID: 5f2b@198.51.100.10\r\n"
    "CSeq: 4711 INVITE\r\n"
    "Contact: <sip:jack@198.51.100.10:5060>;+sip.instance=\"<urn:uuid:0>\";q=0.7\r\n"
    "Record-Route: <sip:203.0.113.5;lr;did=5a1.3c9>,<sip:203.0.113.6:5080;lr>\r\n"
    "Route: <sips:p.example.com;lr>\r\n"
    "X-Odd:   spaced  \r\n"
    "Subject:\r\n"
    "Content-Type: application/sdp\r\n"
    "Content-Length: 4\r\n"
    "\r\n"
    "v=0\n";

static void equal_to_exact(const char *p, uint32_t n)
{
	char *exact = malloc(n ? n : 1); /* so that ASan sees the byte behind it */
	assert_non_null(exact);
	memcpy(exact, p, n);
	fast_equal(exact, n);
	free(exact);
}

static void every_name_has_its_row(void **state)
{
	for (unsigned int id = 1; id < SIP_H_COUNT; id++) {
		char room[8 + 64] = "      \r\n";
		struct span name = sip_hdr_long(id);
		memcpy(room + 8, name.p, name.len);
		room[8 + name.len] = ':';
		for (int upper = 0; upper < 2; upper++) {
			const struct hdr_key *k = hdr_key_of(room + 8, name.len);
			assert_int_equal(k->id, id);
			assert_int_equal(k->single, sip_hdr_kind(id) == SIP_KIND_SINGLE ? 255 : 0);
			for (uint32_t i = 8; i < 8 + name.len; i++)
				room[i] = (char)(room[i] >= 'a' && room[i] <= 'z' ? room[i] - 32 : room[i]);
		}
		room[8] = sip_hdr_compact(id);
		room[9] = ':';
		if (room[8])
			assert_int_equal(hdr_key_of(room + 8, 1)->id, id);
		memcpy(room + 8, name.p, name.len);
		room[8 + name.len / 2] = '_';
		assert_int_equal(hdr_key_of(room + 8, name.len)->id, SIP_H_OTHER);
	}
	for (unsigned int i = 1; i < SIP_METHODS; i++) {
		char room[32] = {0};
		struct span name = sip_method_name(i);
		memcpy(room, name.p, name.len);
		assert_int_equal(method_at(room, name.len), i);
		room[name.len - 1] ^= 0x20;
		assert_int_equal(method_at(room, name.len), SIP_UNKNOWN);
	}
}

static void an_ordinary_message_is_taken_by_every_variant(void **state)
{
	const struct sip_fast *f;
	unsigned int variants = 0;
	for (; sip_fast_at(variants); variants++)
		;
	fast_indexed = fast_cored = 0;
	equal_to_exact(invite, sizeof invite - 1);
	assert_int_equal(fast_indexed, 2 * variants);
	assert_int_equal(fast_cored, 2 * variants);
	assert_non_null(f = sip_fast());
	sip_fast_force(&sip_fast_scalar);
	assert_ptr_equal(sip_fast(), &sip_fast_scalar);
	sip_fast_force(NULL);
	assert_ptr_equal(sip_fast(), f);
}

static void every_prefix_equals_the_reference(void **state)
{
	for (uint32_t n = 0; n < sizeof invite; n++)
		equal_to_exact(invite, n);
}

/* Every byte of the message replaced by every byte that means something, and taken away. */
static void every_small_change_equals_the_reference(void **state)
{
	static const char odd[] = ";:,<>@=\"\r\n \t%+?&.-_09azAZ/*\\[]()\0\x80\xff'~!";
	char text[sizeof invite];
	for (uint32_t at = 0; at < sizeof invite - 1; at++) {
		for (uint32_t i = 0; i < sizeof odd - 1; i++) {
			memcpy(text, invite, sizeof invite);
			text[at] = odd[i];
			equal_to_exact(text, sizeof invite - 1);
		}
		memcpy(text, invite, sizeof invite);
		memmove(text + at, text + at + 1, sizeof invite - 2 - at);
		equal_to_exact(text, sizeof invite - 2);
	}
}

/* A quoted parameter value ends at its quote: a token character behind it that is no letter is an error as well. */
static void a_token_behind_a_quoted_value_equals_the_reference(void **state)
{
	static const char odd[] = "!%*+`'~-._a0";
	static const char at[] = "\";q=0.7";
	char text[sizeof invite + 1];
	uint32_t before = (uint32_t)(strstr(invite, at) - invite) + 1;
	for (uint32_t i = 0; i < sizeof odd - 1; i++) {
		memcpy(text, invite, before);
		text[before] = odd[i];
		memcpy(text + before + 1, invite + before, sizeof invite - before);
		equal_to_exact(text, sizeof invite);
	}
}

/* Lines and headers at, below and above the limits. */
static void long_messages_equal_the_reference(void **state)
{
	static char text[70000];
	for (uint32_t lines = 120; lines < 132; lines++) {
		uint32_t n = (uint32_t)sprintf(text, "OPTIONS sip:a@b SIP/2.0\r\n");
		for (uint32_t i = 0; i < lines; i++)
			n += (uint32_t)sprintf(text + n, i % 2 ? "a:b\r\n" : "Via: SIP/2.0/UDP h%u\r\n", i);
		n += (uint32_t)sprintf(text + n, "\r\n");
		equal_to_exact(text, n);
	}
	for (uint32_t pad = 3800; pad < 9000; pad += pad < 4200 ? 1 : 391) {
		uint32_t n = (uint32_t)sprintf(text, "OPTIONS sip:a@b SIP/2.0\r\nX-Pad: ");
		memset(text + n, 'x', pad);
		n += pad;
		n += (uint32_t)sprintf(text + n, "\r\nCSeq: 1 OPTIONS\r\nCall-ID: a\r\nVia: SIP/2.0/UDP h\r\n"
		                                 "To: <sip:b@c>\r\nFrom: <sip:b@c>;tag=1\r\n\r\n");
		equal_to_exact(text, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_name_has_its_row),
	    cmocka_unit_test(an_ordinary_message_is_taken_by_every_variant),
	    cmocka_unit_test(every_prefix_equals_the_reference),
	    cmocka_unit_test(every_small_change_equals_the_reference),
	    cmocka_unit_test(a_token_behind_a_quoted_value_equals_the_reference),
	    cmocka_unit_test(long_messages_equal_the_reference),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
