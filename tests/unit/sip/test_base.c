/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sip/cm.h"

#include "sip-parser/base/ascii.h"
#include "sip-parser/base/buf.h"
#include "sip-parser/base/hash.h"
#include "sip-parser/base/ip.h"

/* The designers' vectors: key 00..0f, input of n bytes 00, 01, …; the numbers are the results read little-endian. */
static void siphash_2_4_reference_vectors(void **state)
{
	static const uint64_t WANT[16] = {0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a,
	    0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce,
	    0xab0200f58b01d137, 0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3,
	    0xf4b32f46226bada7, 0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee,
	    0xa129ca6149be45e5};
	uint8_t key[16], in[16];
	for (uint8_t i = 0; i < 16; i++)
		key[i] = in[i] = i;
	struct hash_key k = hash_key_of(key);
	for (uint32_t n = 0; n < 16; n++)
		assert_true(hash_bytes(&k, n ? in : NULL, n) == WANT[n]);
	for (uint32_t n = 8; n < 16; n++) {
		uint64_t rest = 0x0f0e0d0c0b0a0908ull & ((1ull << 8 * (n - 8)) - 1);
		assert_true(hash_short(&k, 0x0706050403020100ull, rest, n) == WANT[n]);
	}
}

static void hash_depends_on_key(void **state)
{
	struct hash_key a = {1, 2}, b = {1, 3};
	assert_true(hash_span(&a, SPAN("x")) != hash_span(&b, SPAN("x")));
}

static void buf_overflow_is_sticky(void **state)
{
	char room[4];
	struct buf b = buf_on(room, 4);
	buf_lit(&b, "abc");
	buf_lit(&b, "de");
	assert_true(b.full);
	assert_int_equal(b.len, 3);
	buf_chr(&b, 'x');
	assert_int_equal(b.len, 3);
}

static void rfc3261_25_1_token_characters(void **state)
{
	const char *in = "AZaz09-.!%*_+`'~", *out = " \t()<>@,;:\\\"/[]?={}\x7f\x01";
	for (; *in; in++)
		assert_true(ascii_is(*in, ASCII_TOKEN));
	for (; *out; out++)
		assert_false(ascii_is(*out, ASCII_TOKEN));
	for (int c = 128; c < 256; c++)
		assert_int_equal(ascii_class[c], 0);
}

static bool ip6(const char *s)
{
	return ip6_parse(span_str(s), NULL);
}

static void rfc4291_2_2_ipv6_text_forms(void **state)
{
	static const char *const good[] = {"::", "::1", "1::", "2001:db8::10", "1:2:3:4:5:6:7:8",
	    "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "::ffff:192.0.2.1", "1:2:3:4:5:6:192.0.2.1",
	    "64:ff9b::192.0.2.33", "ABCD::ef01", "2001:db8::10:5070", "::1.2.3.4", "1:2:3:4:5::1.2.3.4"};
	static const char *const wrong[] = {"", ":", ":::", "1", "1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
	    "1::2::3", "12345::", "g::", "1:", ":1", "1::2:", "::1.2.3", "::1.2.3.256", "1.2.3.4",
	    "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6:7:8::", "::1%eth0", "1:2:3:4:5:6::1.2.3.4", "2001:db8:::1"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!ip6(good[i]))
			fail_msg("%s refused", good[i]);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (ip6(wrong[i]))
			fail_msg("%s accepted", wrong[i]);
}

static void rfc5118_4_10_three_colons_before_ipv4_tolerated(void **state)
{
	uint8_t two[16], three[16];
	assert_true(ip6_parse(SPAN("2001:db8::192.0.2.1"), two));
	assert_true(ip6_parse(SPAN("2001:db8:::192.0.2.1"), three));
	assert_memory_equal(two, three, 16);
	static const uint8_t want[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1};
	assert_memory_equal(two, want, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(siphash_2_4_reference_vectors),
	    cmocka_unit_test(hash_depends_on_key),
	    cmocka_unit_test(buf_overflow_is_sticky),
	    cmocka_unit_test(rfc3261_25_1_token_characters),
	    cmocka_unit_test(rfc4291_2_2_ipv6_text_forms),
	    cmocka_unit_test(rfc5118_4_10_three_colons_before_ipv4_tolerated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
