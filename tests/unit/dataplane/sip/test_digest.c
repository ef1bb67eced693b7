/* SPDX-License-Identifier: Apache-2.0 */
/* Digest answers against the values that RFC 2617, RFC 7616 and its erratum print, and challenges of every shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/sip/digest.h"

#include <openssl/crypto.h>

#define NONCE_7616  "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define CNONCE_7616 "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

struct vector {
	const char *challenge, *user, *password, *method, *uri, *cnonce, *response;
};

static void answer(const struct vector *v, char *out, uint32_t room)
{
	struct digest_challenge c;
	struct buf b = buf_on(out, room - 1);
	assert_null(digest_read(&c, span_str(v->challenge)));
	struct digest_say say = {.user = span_str(v->user),
	    .password = span_str(v->password),
	    .method = span_str(v->method),
	    .uri = span_str(v->uri),
	    .nc = 1,
	    .cnonce = span_str(v->cnonce)};
	digest_write(&c, &say, &b);
	assert_false(b.full);
	out[b.len] = '\0';
}

static void check(const struct vector *v)
{
	char out[2048], want[160];
	answer(v, out, sizeof out);
	snprintf(want, sizeof want, "response=\"%s\"", v->response);
	if (!strstr(out, want))
		fail_msg("%s expected in %s", want, out);
}

static void rfc2617_3_5_md5_with_qop_auth(void **state)
{
	check(&(struct vector){
	    "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
	    "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
	    "Mufasa", "Circle Of Life", "GET", "/dir/index.html", "0a4f113b",
	    "6629fae49393a05397450978507c4ef1"});
}

static void rfc2069_md5_without_qop(void **state)
{
	check(&(struct vector){
	    "Digest realm=\"testrealm@host.com\", nonce=\"5a071f75353f667787615249c62dcc7b15a4828f\"",
	    "testuser", "testpassword", "REGISTER", "sip:testrealm@host.com", "",
	    "f99e05f591f147facbc94ff23b4b1dee"});
}

static void rfc7616_3_9_1_md5_and_sha_256(void **state)
{
	check(
	    &(struct vector){"Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, "
	                     "nonce=\"" NONCE_7616 "\"",
	        "Mufasa", "Circle of Life", "GET", "/dir/index.html", CNONCE_7616,
	        "8ca523f5e9506fed4657c9700eebdbec"});
	check(&(struct vector){
	    "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, "
	    "nonce=\"" NONCE_7616 "\"",
	    "Mufasa", "Circle of Life", "GET", "/dir/index.html", CNONCE_7616,
	    "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"});
}

/* RFC 7616 §3.9.2, with the response of erratum 4897 (the printed one was made with a truncated SHA-512). */
static void rfc7616_3_9_2_sha_512_256(void **state)
{
	check(&(struct vector){"Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, "
	                       "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
	                       "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\"",
	    "J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?", "GET", "/doe.json",
	    "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
	    "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"});
}

/* Computed apart from this code: MD5(MD5(MD5(user:realm:password):nonce:cnonce):nonce:nc:cnonce:auth:MD5(method:uri)). */
static void rfc7616_3_4_2_sess_binds_the_nonces(void **state)
{
	check(&(struct vector){"Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess, qop=\"auth\"", "u", "p",
	    "INVITE", "sip:a@b", "c", "4f1814a989082d4b062617cdedb106e9"});
}

static void header_has_every_field_in_its_form(void **state)
{
	char out[2048];
	answer(
	    &(struct vector){
	        "Digest realm=\"a b\", nonce=\"n1\", opaque=\"o,1\", algorithm=SHA-256, qop=\"auth\"",
	        "we\"ird\\", "p", "INVITE", "sip:bob@example.com;x=1", "0011223344556677", ""},
	    out, sizeof out);
	assert_non_null(strstr(out, "Digest username=\"we\\\"ird\\\\\", realm=\"a b\", nonce=\"n1\", "
	                            "uri=\"sip:bob@example.com;x=1\", response=\""));
	assert_non_null(strstr(out,
	    "\", algorithm=SHA-256, opaque=\"o,1\", cnonce=\"0011223344556677\", qop=auth, nc=00000001"));
	answer(&(struct vector){"Digest realm=\"r\", nonce=\"n\"", "u", "p", "BYE", "sip:a@b", "c", ""}, out,
	    sizeof out);
	assert_null(strstr(out, "algorithm"));
	assert_null(strstr(out, "cnonce"));
	assert_null(strstr(out, "nc="));
	assert_null(strstr(out, "opaque"));
}

static void challenges_that_cannot_be_answered_say_why(void **state)
{
	static const struct {
		const char *value, *why;
	} rows[] = {
	    {"Basic realm=\"x\"", "its scheme is not Digest"},
	    {"Digest nonce=\"n\"", "it has no realm"},
	    {"Digest realm=\"r\"", "its nonce is missing, longer than 512 bytes or holds control bytes"},
	    {"Digest realm=\"r\", nonce=\"n\", algorithm=SHA-1",
	        "its algorithm is none of MD5, SHA-256, SHA-512-256"},
	    {"Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"", "its qop does not offer auth"},
	    {"Digest realm=\"r", "it is malformed"},
	    {"Digest", "it is malformed"},
	    {"", "it is malformed"},
	    {"Digest realm=\"a\r\n b\", nonce=\"n\"",
	        "its realm is longer than 255 bytes or holds control bytes"},
	};
	struct digest_challenge c;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *why = digest_read(&c, span_str(rows[i].value));
		assert_non_null(why);
		assert_string_equal(why, rows[i].why);
	}
}

static void challenge_is_read_whatever_its_case_and_order(void **state)
{
	struct digest_challenge c;
	assert_null(digest_read(
	    &c, SPAN("dIGEST Stale=TRUE, QOP=auth , Algorithm=\"sha-512-256\", NONCE=\"n\" , REALM=\"r\"")));
	assert_true(c.stale && c.qop_auth && c.alg == DIGEST_SHA512_256 && !c.sess && !c.has_opaque);
	assert_null(digest_read(&c, SPAN("Digest realm=\"r\",nonce=\"n\",stale=\"true\",qop=\"\"")));
	assert_true(c.stale && !c.qop_auth && c.alg == DIGEST_MD5 && !c.alg_named);
}

/* ---- after the start nothing is allocated */

static uint32_t allocations;

static void *count_malloc(size_t n, const char *file, int line)
{
	allocations++;
	return malloc(n);
}

static void *count_realloc(void *p, size_t n, const char *file, int line)
{
	allocations++;
	return realloc(p, n);
}

static void count_free(void *p, const char *file, int line)
{
	free(p);
}

static void answers_allocate_nothing(void **state)
{
	static const char *const names[] = {"MD5", "SHA-256", "SHA-512-256", "MD5-sess"};
	char out[2048], challenge[128];
	allocations = 0;
	for (int i = 0; i < 40; i++) {
		struct digest_challenge c;
		struct buf b = buf_on(out, sizeof out);
		struct digest_say say = {
		    SPAN("u"), SPAN("p"), SPAN("INVITE"), SPAN("sip:a@b"), (uint32_t)i + 1, SPAN("c")};
		snprintf(challenge, sizeof challenge, "Digest realm=\"r\",nonce=\"n\",qop=auth,algorithm=%s",
		    names[i & 3]);
		assert_null(digest_read(&c, span_str(challenge)));
		digest_write(&c, &say, &b);
	}
	assert_int_equal(allocations, 0);
}

int main(void)
{
	CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc2617_3_5_md5_with_qop_auth),
	    cmocka_unit_test(rfc2069_md5_without_qop),
	    cmocka_unit_test(rfc7616_3_9_1_md5_and_sha_256),
	    cmocka_unit_test(rfc7616_3_9_2_sha_512_256),
	    cmocka_unit_test(rfc7616_3_4_2_sess_binds_the_nonces),
	    cmocka_unit_test(header_has_every_field_in_its_form),
	    cmocka_unit_test(challenges_that_cannot_be_answered_say_why),
	    cmocka_unit_test(challenge_is_read_whatever_its_case_and_order),
	    cmocka_unit_test(answers_allocate_nothing),
	};
	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
