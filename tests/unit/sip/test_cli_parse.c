/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sip/cm.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/cli_parse.h"

static char message[64] = "/tmp/cli_parse_in_XXXXXX";
static char printed[1 << 16];

static void write_message(const char *bytes, size_t n)
{
	snprintf(message, sizeof message, "/tmp/cli_parse_in_XXXXXX");
	int fd = mkstemp(message);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

/* Runs the command with stdout in a file; returns its exit status. */
static int run(int argc, char **argv)
{
	char out[] = "/tmp/cli_parse_out_XXXXXX";
	int fd = mkstemp(out), keep = dup(STDOUT_FILENO);
	assert_true(fd >= 0 && keep >= 0);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	int rc = cli_parse(argc, argv);
	fflush(stdout);
	dup2(keep, STDOUT_FILENO);
	close(keep);
	ssize_t n = pread(fd, printed, sizeof printed - 1, 0);
	printed[n > 0 ? n : 0] = '\0';
	close(fd);
	unlink(out);
	return rc;
}

static json_t *parse(const char *bytes, size_t n)
{
	char *argv[] = {(char *)"parse", message, NULL};
	write_message(bytes, n);
	assert_int_equal(run(2, argv), 0);
	unlink(message);
	json_t *o = json_loads(printed, JSON_ALLOW_NUL, NULL);
	assert_non_null(o);
	return o;
}

static const char *str(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "(none)";
}

static json_t *header(json_t *o, const char *name)
{
	size_t i;
	json_t *h;
	json_array_foreach(json_object_get(o, "headers"), i, h)
	{
		if (strcmp(str(h, "name"), name) == 0)
			return h;
	}
	fail_msg("no header %s", name);
	return NULL;
}

#define REQ                                                                                                  \
	"INVITE sip:%61lice:pw@example.com:5070;lr?a=b%20c SIP/2.0\r\nv: SIP/2.0/UDP "                       \
	"h;branch=z9hG4bK1;rport\r\n"                                                                        \
	"From: \"A \\\"B\\\"\"\r\n <sip:a@[::1]>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"

static void request_is_shown_decoded(void **state)
{
	static const char ok[] =
	    "INVITE sip:%61lice:pw@example.com:5070;lr SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1;rport\r\n"
	    "From: \"A \\\"B\\\"\"\r\n <sip:a@[::1]>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 "
	    "INVITE\r\n"
	    "Contact: <sip:u@h>, <sip:v@h?X=%41>;q=0.1\r\nContent-Type: application/sdp\r\n\r\n"
	    "v=0\r\no=- 1 18446744073709551610 IN IP4 1.2.3.4\r\nc=IN IP4 1.2.3.4\r\nm=audio 5 RTP/AVP 0\r\n";
	json_t *o = parse(ok, sizeof ok - 1);
	assert_string_equal(str(o, "verdict"), "ok");
	assert_true(json_is_null(json_object_get(o, "status")) && json_is_null(json_object_get(o, "reason")));
	assert_string_equal(str(o, "kind"), "request");
	assert_string_equal(str(json_object_get(o, "uri"), "user"), "alice");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "uri"), "port")), 5070);
	json_t *via = header(o, "Via");
	assert_string_equal(str(via, "raw_name"), "v");
	assert_memory_equal(ok + json_integer_value(json_object_get(via, "offset")), "SIP/2.0/UDP h", 13);
	json_t *from = json_object_get(header(o, "From"), "decoded");
	assert_string_equal(str(header(o, "From"), "value"), "\"A \\\"B\\\"\" <sip:a@[::1]>;tag=1");
	assert_string_equal(str(from, "display"), "A \"B\"");
	assert_string_equal(str(from, "tag"), "1");
	json_t *second = json_array_get(json_object_get(header(o, "Contact"), "decoded"), 1);
	assert_string_equal(str(json_object_get(json_object_get(second, "uri"), "headers"), "X"), "A");
	json_t *sdp = json_object_get(json_object_get(o, "body"), "sdp");
	assert_string_equal(str(sdp, "session_version"), "18446744073709551610");
	json_decref(o);
}

static void keys_come_in_a_stable_order(void **state)
{
	static const char *const want[] = {"file", "verdict", "status", "reason", "kind", "method", "uri",
	    "version", "status_code", "reason_phrase", "headers", "body"};
	static const char *const inputs[] = {REQ "\r\n", "SIP/2.0 200 OK\r\n\r\n", "junk", ""};
	for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
		json_t *o = parse(inputs[i], strlen(inputs[i]));
		size_t n = 0;
		for (void *it = json_object_iter(o); it; it = json_object_iter_next(o, it))
			assert_string_equal(json_object_iter_key(it), want[n++]);
		assert_int_equal(n, sizeof want / sizeof *want);
		json_decref(o);
	}
}

static void refused_message_names_header_rule_and_byte(void **state)
{
	json_t *o = parse(REQ "\r\n", sizeof REQ + 1);
	assert_string_equal(str(o, "verdict"), "reject");
	assert_int_equal(json_integer_value(json_object_get(o, "status")), 400);
	assert_string_equal(
	    str(o, "reason"), "Request-URI: headers are not allowed in it (RFC 3261 19.1.1) at byte 41");
	json_decref(o);
	o = parse("SIP/2.0 99999 x\r\n\r\n", 19);
	assert_int_equal(json_integer_value(json_object_get(o, "status")), 0);
	assert_string_equal(str(o, "kind"), "response");
	json_decref(o);
	o = parse("\x16\x03\x01 tls?", 8);
	assert_true(json_is_null(json_object_get(o, "kind")));
	json_decref(o);
}

static void bytes_that_are_not_utf8_become_latin1(void **state)
{
	json_t *o = parse("OPTIONS sip:a SIP/2.0\r\nSubject: \xff\xc3\xa9\r\nX-Utf: \xc3\xa9\r\n\r\n", 49);
	assert_string_equal(str(header(o, "Subject"), "value"), "\xc3\xbf\xc3\x83\xc2\xa9");
	assert_string_equal(str(header(o, "X-Utf"), "value"), "\xc3\xa9");
	json_decref(o);
}

static void exit_status_tells_unreadable_input(void **state)
{
	char *missing[] = {(char *)"parse", (char *)"/nonexistent/x", message, NULL};
	char *option[] = {(char *)"parse", (char *)"--nonsense", NULL};
	char *help[] = {(char *)"parse", (char *)"--help", NULL};
	write_message("junk", 4);
	assert_int_equal(run(3, missing), 2);
	assert_non_null(strstr(printed, "\"verdict\":\"reject\"")); /* the other one is still parsed */
	unlink(message);
	assert_int_equal(run(2, option), 2);
	assert_int_equal(run(2, help), 0);
	assert_non_null(strstr(printed, "exit status"));
}

static json_t *decoded(json_t *o, const char *name)
{
	return json_object_get(header(o, name), "decoded");
}

static json_t *first(json_t *o, const char *name)
{
	return json_array_get(decoded(o, name), 0);
}

static long long num(json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void every_header_is_shown_by_its_grammar(void **state)
{
	static const char text[] =
	    "INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n"
	    "Call-ID: x\r\nCSeq: 1 INVITE\r\nDate: Sat, 13 Nov 2010 23:29:00 GMT\r\n"
	    "Warning: 307 isi.edu \"a \\\"b\\\"\"\r\nAccept: text/html;q=0.5, */*\r\n"
	    "Reason: Q.850;cause=16;text=\"bye \\\"now\\\"\"\r\nRetry-After: 120 (busy);duration=60\r\n"
	    "RAck: 5 1 INVITE\r\nSession-Expires: 1800;refresher=uac\r\nSupported: 100rel, timer\r\n"
	    "Privacy: id;user\r\nUser-Agent: Phone/1.0 (x)\r\n"
	    "Contact: <sip:a@h>;expires=60;q=0.3;+sip.instance=\"<urn:uuid:1>\";reg-id=2\r\n"
	    "Replaces: a@b;to-tag=1;from-tag=2\r\nTimestamp: 5.1\r\nMIME-Version: 1.0\r\n"
	    "P-Charging-Vector: orig-ioi=x\r\n\r\n";
	json_t *o = parse(text, sizeof text - 1);
	assert_string_equal(str(o, "verdict"), "ok");
	assert_int_equal(num(decoded(o, "Date"), "unix"), 1289690940);
	assert_string_equal(str(first(o, "Warning"), "text"), "a \"b\"");
	assert_string_equal(str(first(o, "Accept"), "subtype"), "html");
	assert_true(json_real_value(json_object_get(first(o, "Accept"), "q")) == 0.5);
	assert_true(json_is_null(json_object_get(json_array_get(decoded(o, "Accept"), 1), "q")));
	assert_int_equal(num(first(o, "Reason"), "cause"), 16);
	assert_string_equal(str(first(o, "Reason"), "text"), "bye \"now\"");
	assert_int_equal(num(decoded(o, "Retry-After"), "value"), 120);
	assert_int_equal(num(decoded(o, "Retry-After"), "duration"), 60);
	assert_int_equal(num(decoded(o, "RAck"), "rseq"), 5);
	assert_string_equal(str(decoded(o, "Session-Expires"), "refresher"), "uac");
	assert_string_equal(json_string_value(json_array_get(decoded(o, "Supported"), 1)), "timer");
	assert_true(json_is_true(json_object_get(first(o, "Privacy"), "id")));
	assert_true(json_is_false(json_object_get(first(o, "Privacy"), "none")));
	assert_string_equal(str(json_array_get(decoded(o, "User-Agent"), 0), "version"), "1.0");
	assert_string_equal(str(json_array_get(decoded(o, "User-Agent"), 1), "comment"), "(x)");
	assert_string_equal(str(first(o, "Contact"), "expires"), "60");
	assert_string_equal(str(first(o, "Contact"), "+sip.instance"), "<urn:uuid:1>");
	assert_int_equal(num(first(o, "Contact"), "reg-id"), 2);
	assert_string_equal(str(decoded(o, "Replaces"), "to-tag"), "1");
	assert_string_equal(str(decoded(o, "Timestamp"), "time"), "5.1");
	assert_int_equal(num(decoded(o, "MIME-Version"), "major"), 1);
	assert_true(json_is_null(decoded(o, "P-Charging-Vector"))); /* icid-value is missing */
	json_decref(o);
}

static void multipart_is_shown_with_its_parts_and_sdp(void **state)
{
	static const char text[] =
	    "INVITE sip:a@h SIP/2.0\r\nContent-Type: multipart/mixed;boundary=o\r\n\r\n"
	    "--o\r\nContent-Type: multipart/x;boundary=i\r\n\r\n--i\r\n\r\nplain\r\n--i--\r\n"
	    "--o\r\nContent-Type: application/sdp\r\n\r\nv=0\no=- 1 2 IN IP4 h\nc=IN IP4 192.0.2.1\n"
	    "m=audio 5 RTP/SAVP 0\nb=TIAS:64000\na=crypto:1 S inline:QUI=\n\r\n--o--\r\n";
	json_t *o = parse(text, sizeof text - 1);
	json_t *body = json_object_get(o, "body"), *parts = json_object_get(body, "parts");
	assert_int_equal(json_array_size(parts), 2);
	json_t *inner = json_array_get(json_object_get(json_array_get(parts, 0), "parts"), 0);
	assert_int_equal(num(inner, "length"), 5);
	assert_memory_equal(text + num(inner, "offset"), "plain", 5);
	json_t *media = json_array_get(json_object_get(json_object_get(body, "sdp"), "media"), 0);
	assert_int_equal(num(json_object_get(media, "bandwidth"), "tias_bps"), 64000);
	assert_string_equal(str(json_array_get(json_object_get(media, "crypto"), 0), "suite"), "S");
	json_decref(o);
}

static void bench_times_each_message(void **state)
{
	char *argv[] = {(char *)"parse", (char *)"--bench", (char *)"50", (char *)"--", message, NULL};
	static const char *const bad[] = {"0", "x", "-1", "1e3", "1000000001", ""};
	write_message(REQ "\r\n", sizeof REQ + 1);
	assert_int_equal(run(5, argv), 0);
	json_t *o = json_loads(printed, JSON_ALLOW_NUL, NULL), *b = json_object_get(o, "bench");
	assert_int_equal(num(b, "runs"), 50);
	assert_true(json_real_value(json_object_get(b, "parse_ns")) > 0);
	assert_true(json_real_value(json_object_get(b, "check_ns")) > 0);
	json_decref(o);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		argv[2] = (char *)bad[i];
		assert_int_equal(run(5, argv), 2);
	}
	assert_int_equal(run(2, argv), 2); /* --bench alone */
	unlink(message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(request_is_shown_decoded),
	    cmocka_unit_test(keys_come_in_a_stable_order),
	    cmocka_unit_test(refused_message_names_header_rule_and_byte),
	    cmocka_unit_test(every_header_is_shown_by_its_grammar),
	    cmocka_unit_test(multipart_is_shown_with_its_parts_and_sdp),
	    cmocka_unit_test(bench_times_each_message),
	    cmocka_unit_test(bytes_that_are_not_utf8_become_latin1),
	    cmocka_unit_test(exit_status_tells_unreadable_input),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
