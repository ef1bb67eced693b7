/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to call, and which headers may go along. */
#include "tests/unit/sip/cm.h"

#include "control/sip_target.h"

#include <stdio.h>
#include <stdlib.h>

static struct sip_target t;
static int drops[8];

static void on_drop(void *ctx, enum target_drop why, struct span name)
{
	drops[why]++;
}

static enum target_error parse(const char *text)
{
	memset(drops, 0, sizeof drops);
	return sip_target_parse(&t, span_str(text), false, on_drop, NULL);
}

static void headers_are(const char *text, const char *want)
{
	assert_int_equal(parse(text), TARGET_OK);
	if (t.headers_len != strlen(want) || memcmp(t.headers, want, t.headers_len) != 0)
		fail_msg("%s: %.*s", text, t.headers_len, t.headers);
}

static void scheme_may_be_absent_in_twiml_but_not_in_rest(void **state)
{
	assert_int_equal(parse("kate@example.com"), TARGET_OK);
	assert_string_equal(t.uri, "sip:kate@example.com");
	assert_string_equal(t.host, "example.com");
	assert_int_equal(parse("example.com:5070"), TARGET_OK);
	assert_int_equal(t.port, 5070);
	assert_int_equal(sip_target_parse(&t, SPAN("kate@example.com"), true, NULL, NULL), TARGET_NOT_SIP);
	assert_int_equal(sip_target_parse(&t, SPAN("SIP:kate@example.com"), true, NULL, NULL), TARGET_OK);
}

static void other_kinds_of_address_are_named_as_such(void **state)
{
	static const char *const text[] = {
	    "tel:+15551234567", "client:bob", "sim:DE1", "https://example.com"};
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(parse(text[i]), TARGET_NOT_SIP);
	assert_int_equal(sip_target_parse(&t, SPAN("+15551234567"), true, NULL, NULL), TARGET_NOT_SIP);
}

static void malformed_uris_are_refused(void **state)
{
	static const char *const text[] = {"sip:", "sip:@", "sip:a@", "sip:a b@example.com", "sip:a@b@c",
	    "sip:a@example.com:99999", "sip:a@example.com\r\nX: y", "sip:a@[::1", "sip:a%zz@example.com",
	    "sip:a@b:x"};
	for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
		if (parse(text[i]) != TARGET_BAD_URI)
			fail_msg("%s", text[i]);
	assert_int_equal(parse(""), TARGET_EMPTY);
}

/* "under 255 characters (headers not counted)" */
static void a_uri_of_254_characters_passes_and_255_do_not(void **state)
{
	char text[400];
	snprintf(text, sizeof text, "sip:%0*d@example.com?x-a=%0100d", 254 - 16, 0, 0);
	assert_int_equal(parse(text), TARGET_OK);
	assert_int_equal(strlen(t.uri), 254);
	snprintf(text, sizeof text, "sip:%0*d@example.com?x-a=1", 255 - 16, 0);
	assert_int_equal(parse(text), TARGET_URI_TOO_LONG);
	snprintf(text, sizeof text, "%0*d@example.com", 254 - 12, 0);
	assert_int_equal(parse(text), TARGET_OK);
}

/* "the headers must be under 1024 characters" */
static void headers_of_1023_characters_pass_and_1024_do_not(void **state)
{
	char text[1200];
	snprintf(text, sizeof text, "sip:a@b?x-a=%0*d", 1023 - 4, 0);
	assert_int_equal(parse(text), TARGET_OK);
	assert_int_equal(t.headers_len, 1023 + 3);
	snprintf(text, sizeof text, "sip:a@b?x-a=%0*d", 1024 - 4, 0);
	assert_int_equal(parse(text), TARGET_HEADERS_TOO_LONG);
}

static void transport_port_and_secure_are_read(void **state)
{
	assert_int_equal(parse("sip:a@b;transport=TCP"), TARGET_OK);
	assert_int_equal(t.transport, DP_TCP);
	assert_int_equal(parse("sip:a@b:5063;transport=tls;region=ie1?x-a=1"), TARGET_OK);
	assert_int_equal(t.transport, DP_TLS);
	assert_int_equal(t.port, 5063);
	assert_string_equal(t.uri, "sip:a@b:5063;transport=tls;region=ie1");
	assert_int_equal(parse("sip:a@b;secure=true"), TARGET_OK);
	assert_true(t.secure);
	assert_int_equal(parse("sips:a@b;x=1"), TARGET_OK);
	assert_int_equal(t.transport, DP_TLS);
	assert_true(t.sips && t.transport_given);
	assert_string_equal(t.uri, "sip:a@b;x=1");
	assert_int_equal(parse("sip:a@b;transport=sctp"), TARGET_OK);
	assert_true(t.odd_transport && !t.transport_given);
	assert_int_equal(t.transport, DP_UDP);
	assert_false(t.odd_egress);
	assert_int_equal(parse("sip:a@b;region=IE1;edge=dublin"), TARGET_OK);
	assert_false(t.odd_egress);
	assert_int_equal(parse("sip:a@b;region=mars"), TARGET_OK);
	assert_true(t.odd_egress);
	assert_int_equal(parse("sip:a@b;edge=atlantis;region=us2"), TARGET_OK);
	assert_true(t.odd_egress);
	assert_int_equal(parse("sip:a@[2001:db8::1]:5070"), TARGET_OK);
	assert_string_equal(t.host, "2001:db8::1");
}

static void values_are_decoded_once(void **state)
{
	headers_are("sip:j@e.com?x-customname=Madhu%2CMathiyalagan%3BTitle%3DManager&x-myotherheader=bar",
	    "x-customname: Madhu,Mathiyalagan;Title=Manager\r\nx-myotherheader: bar\r\n");
	headers_are("a@b?x-a=%2525&x-b=a+b", "x-a: %25\r\nx-b: a+b\r\n");
	headers_are("a@b?x-a=1=2&x-e=", "x-a: 1=2\r\nx-e: \r\n");
}

static void the_listed_headers_need_no_x_in_any_case(void **state)
{
	headers_are("sip:bob@e.com?x-foo%3Dbar&User-To-User=foobar&Remote-Party-ID=%3Csip%3Afoo%40e.com%3E%"
	            "3Bparty%3Dcalling"
	            "&P-Preferred-Identity=%3Csip%3Afoo%40e.com%3E&p-called-party-id=%3Csip%3Afoo%40e.com%3E",
	    "x-foo: bar\r\nUser-To-User: foobar\r\nRemote-Party-ID: <sip:foo@e.com>;party=calling\r\n"
	    "P-Preferred-Identity: <sip:foo@e.com>\r\np-called-party-id: <sip:foo@e.com>\r\n");
}

static void everything_else_is_left_out_and_told(void **state)
{
	headers_are(
	    "a@b?mycustomheader=foo&X-Twilio-CallSid=1&x-twilio-a=2&Route=sip:x&x-=1&x-ok=1&x-noequals",
	    "x-ok: 1\r\n");
	assert_int_equal(drops[TARGET_HEADER_NOT_ALLOWED], 6);
}

static void twilio_prefix_hidden_by_escapes_is_found(void **state)
{
	headers_are("a@b?x-%74wilio-callsid=1&%58-Twilio-A=1&x%2Dok=1", "x-ok: 1\r\n");
	assert_int_equal(drops[TARGET_HEADER_NOT_ALLOWED], 2);
}

static void no_control_byte_comes_through(void **state)
{
	headers_are("a@b?x-a=1%0d%0aVia:%20evil&x-b=%00&x-c=%7f&x-d=%09&x-e%0d=1&x-f=%zz&x-g=%ff&x-h=ok",
	    "x-h: ok\r\n");
	assert_int_equal(drops[TARGET_HEADER_VALUE], 6);
	assert_int_equal(drops[TARGET_HEADER_NAME], 1);
	headers_are("a@b?x-a=\x01&x-u=%c3%a9", "x-u: \xc3\xa9\r\n");
}

/* Both spellings must work; an encoded ampersand inside a value stays one. */
static void an_encoded_ampersand_separates_headers_only_before_a_header(void **state)
{
	headers_are("sip:m@e.com?X-a=foo%26X-b=bar", "X-a: foo\r\nX-b: bar\r\n");
	headers_are("sip:m@e.com?X-a=foo%26User-to-User%3Dbar", "X-a: foo\r\nUser-to-User: bar\r\n");
	headers_are("sip:m@e.com?X-a=foo%26bar%26y=z&x-c=1", "X-a: foo&bar&y=z\r\nx-c: 1\r\n");
	headers_are("sip:m@e.com?X-a=foo%26", "X-a: foo&\r\n");
}

static void duplicates_are_all_sent_and_empty_pieces_ignored(void **state)
{
	headers_are("a@b?x-a=1&&x-a=2&", "x-a: 1\r\nx-a: 2\r\n");
	headers_are("a@b?", "");
}

static void more_than_64_headers_are_left_out(void **state)
{
	char text[1200], *p = text + sprintf(text, "a@b?x-a=");
	for (int i = 1; i < 70; i++)
		p += sprintf(p, "&x-a=");
	assert_int_equal(parse(text), TARGET_OK);
	assert_int_equal(drops[TARGET_HEADER_TOO_MANY], 6);
}

static bool add(const char *name, const char *value, enum target_drop want)
{
	enum target_drop why = TARGET_HEADER_TOO_MANY;
	struct span v = value ? span_str(value) : (struct span){NULL, 0};
	bool added = sip_target_add(&t, span_str(name), v, &why);
	if (!added)
		assert_int_equal(why, want);
	return added;
}

static void headers_given_apart_are_checked_and_not_decoded(void **state)
{
	assert_int_equal(sip_target_parse(&t, SPAN("sip:a@b?x-a=1"), true, NULL, NULL), TARGET_OK);
	assert_true(add("X-B", "a%2Cb=c;d", 0));
	assert_true(add("user-to-user", NULL, 0));
	assert_false(add("Via", "x", TARGET_HEADER_NOT_ALLOWED));
	assert_false(add("X-Twilio-A", "x", TARGET_HEADER_NOT_ALLOWED));
	assert_false(add("x a", "x", TARGET_HEADER_NAME));
	assert_false(add("", "x", TARGET_HEADER_NAME));
	assert_false(add("x-c", "a\r\nb: c", TARGET_HEADER_VALUE));
	assert_span(span_of(t.headers, t.headers_len), "x-a: 1\r\nX-B: a%2Cb=c;d\r\nuser-to-user: \r\n");
}

static void headers_given_apart_fill_the_room_and_no_more(void **state)
{
	char value[512];
	memset(value, 'v', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	assert_int_equal(sip_target_parse(&t, SPAN("sip:a@b"), true, NULL, NULL), TARGET_OK);
	int n = 0;
	while (add("x-a", value, TARGET_HEADER_TOO_MANY))
		assert_true(++n < 64);
	assert_int_equal(n, 2);
	assert_true(t.headers_len <= sizeof t.headers);
	assert_memory_equal(t.headers + t.headers_len - 2, "\r\n", 2);
}

static enum target_error by_pattern(const char *pattern, const char *user)
{
	return sip_target_pattern(&t, pattern, span_str(user));
}

static void a_pattern_holds_the_user_escaped(void **state)
{
	assert_int_equal(by_pattern("sip:{n}@gw.example:5070;user=phone", "+1415"), TARGET_OK);
	assert_string_equal(t.uri, "sip:+1415@gw.example:5070;user=phone");
	assert_int_equal(t.port, 5070);
	assert_int_equal(by_pattern("sip:{n}@h", "a@b?x-y=1&z;\r\n%#\xc3\xa9"), TARGET_OK);
	assert_string_equal(t.uri, "sip:a%40b%3Fx-y%3D1%26z%3B%0D%0A%25%23%C3%A9@h");
	assert_int_equal(t.headers_len, 0);
	assert_int_equal(by_pattern("sip:{n}@h?x-key=1", "7"), TARGET_OK);
	assert_span(span_of(t.headers, t.headers_len), "x-key: 1\r\n");
}

static void a_pattern_that_is_none_is_refused(void **state)
{
	assert_int_equal(by_pattern("sip:a@h", "1"), TARGET_BAD_URI);
	assert_int_equal(by_pattern("sip:{a}{b}@h", "1"), TARGET_BAD_URI);
	assert_int_equal(by_pattern("sip:{n@h", "1"), TARGET_BAD_URI);
	assert_int_equal(by_pattern("sip:{n}@h", ""), TARGET_BAD_URI);
	assert_int_equal(by_pattern("tel:{n}", "1"), TARGET_NOT_SIP);
	char user[300];
	memset(user, '1', sizeof user - 1);
	user[sizeof user - 1] = '\0';
	assert_int_equal(by_pattern("sip:{n}@h", user), TARGET_URI_TOO_LONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(scheme_may_be_absent_in_twiml_but_not_in_rest),
	    cmocka_unit_test(other_kinds_of_address_are_named_as_such),
	    cmocka_unit_test(malformed_uris_are_refused),
	    cmocka_unit_test(a_uri_of_254_characters_passes_and_255_do_not),
	    cmocka_unit_test(headers_of_1023_characters_pass_and_1024_do_not),
	    cmocka_unit_test(transport_port_and_secure_are_read),
	    cmocka_unit_test(values_are_decoded_once),
	    cmocka_unit_test(the_listed_headers_need_no_x_in_any_case),
	    cmocka_unit_test(everything_else_is_left_out_and_told),
	    cmocka_unit_test(twilio_prefix_hidden_by_escapes_is_found),
	    cmocka_unit_test(no_control_byte_comes_through),
	    cmocka_unit_test(an_encoded_ampersand_separates_headers_only_before_a_header),
	    cmocka_unit_test(duplicates_are_all_sent_and_empty_pieces_ignored),
	    cmocka_unit_test(more_than_64_headers_are_left_out),
	    cmocka_unit_test(headers_given_apart_are_checked_and_not_decoded),
	    cmocka_unit_test(headers_given_apart_fill_the_room_and_no_more),
	    cmocka_unit_test(a_pattern_holds_the_user_escaped),
	    cmocka_unit_test(a_pattern_that_is_none_is_refused),
	};
	return cmocka_run_group_tests_name("sip_target", tests, NULL, NULL);
}
