/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/control/infra/infra.h"
#include "tests/unit/nothing.h"

#include "control/webhook.h"
#include "control/webhook_override.h"

#include <jansson.h>

static void signature_is(const char *token, const char *url, const struct form *f, const char *expected)
{
	char mac[32];
	webhook_signature(mac, token, url, f);
	assert_string_equal(mac, expected);
}

static void twilio_signature_of_a_post(void **state)
{
	struct form f;
	form_init(&f);
	form_add(&f, "To", "+18005551212");
	form_add(&f, "CallSid", "CA1234567890ABCDE");
	form_add(&f, "From", "+14158675309");
	form_add(&f, "Digits", "1234");
	form_add(&f, "Caller", "+14158675309");
	signature_is(
	    "12345", "https://mycompany.com/myapp.php?foo=1&bar=2", &f, "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
	form_fini(&f);
}

static void twilio_signature_sorts_values_and_drops_repeats(void **state)
{
	struct form f;
	form_init(&f);
	form_add(&f, "CallSid", "CA00000000000000000000000000000000");
	form_add(&f, "From", "Jack");
	form_add(&f, "To", "sip:kate@example.com");
	form_add(&f, "A", "b");
	form_add(&f, "A", "a");
	form_add(&f, "A", "b");
	form_add(&f, "SipHeader_X_Name", "é ü");
	signature_is("12345", "http://127.0.0.1:8080/voice", &f, "ey8XTLp4zrdhHYSpxvxhGbzEbGg=");
	form_fini(&f);
}

static void twilio_signature_of_a_get_covers_the_url_only(void **state)
{
	signature_is("12345", "http://127.0.0.1:8080/voice?x=1&y=%20z", NULL, "GSE0s91CTnj7Gl6Qdvd66e/60xo=");
	signature_is("12345", "wss://example.com/stream", NULL, "KG4JbhDlv15BMlxSTOWKt9btbgg=");
}

/* ---- the helper libraries' own vectors ---- */

/* Data beside the checkout, or where DIALPLANE_VECTORS says; skipped where there is none. */
static FILE *open_vectors(void)
{
	char path[512];
	const char *root = getenv("DIALPLANE_VECTORS");
	snprintf(path, sizeof path, "%s/twilio-signature/signatures.jsonl",
	    root ? root : SOURCE_ROOT "/../shared/vectors");
	return fopen(path, "r");
}

static void add_value(struct form *f, const char *name, json_t *v)
{
	size_t i;
	json_t *one;
	if (json_is_array(v))
		json_array_foreach(v, i, one) form_add(f, name, json_string_value(one));
	else
		form_add(f, name, json_string_value(v));
}

static void many_tokens_sign_as_one_does(void **state)
{
	char token[32], first[64][32], again[32];
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 64; i++) {
			snprintf(token, sizeof token, "token%d", round ? 63 - i : i);
			webhook_signature(again, token, "http://h/", NULL);
			if (!round)
				strcpy(first[i], again);
			else
				assert_string_equal(again, first[63 - i]);
		}
	for (int i = 1; i < 64; i++)
		assert_string_not_equal(first[i], first[0]);
	webhook_forget_keys();
	signature_is("12345", "http://127.0.0.1:8080/voice?x=1&y=%20z", NULL, "GSE0s91CTnj7Gl6Qdvd66e/60xo=");
	webhook_forget_keys();
}

static void twilio_signature_vectors_of_the_helper_libraries(void **state)
{
	FILE *in = open_vectors();
	char line[4096];
	unsigned n = 0;
	if (!in)
		NOTHING_TO_CHECK("no vectors");
	for (; fgets(line, sizeof line, in); n++) {
		struct form f;
		const char *name;
		json_t *j = json_loads(line, 0, NULL), *v;
		assert_non_null(j);
		form_init(&f);
		json_object_foreach(json_object_get(j, "params"), name, v) add_value(&f, name, v);
		const char *url = json_string_value(json_object_get(j, "string_signed_starts_with"));
		signature_is(json_string_value(json_object_get(j, "auth_token")), url, &f,
		    json_string_value(json_object_get(j, "signature")));
		form_fini(&f);
		json_decref(j);
	}
	fclose(in);
	assert_true(n >= 4);
}

/* ---- references ---- */

static void references_are_resolved_against_the_document(void **state)
{
	static const struct {
		const char *base, *ref, *expected;
	} t[] = {
	    {"http://h/a/b?c=1", "d", "http://h/a/d"},
	    {"http://h/a/b?c=1", "/d?e=f", "http://h/d?e=f"},
	    {"http://h/a/b", "../d", "http://h/d"},
	    {"http://h:8080/a", "?x=1", "http://h:8080/a?x=1"},
	    {"https://h/a", "//other/b", "https://other/b"},
	    {"http://h/a?x=1", "", "http://h/a?x=1"},
	    {"http://h/a", "  /b\n", "http://h/b"},
	    {"http://h/a", "HTTPS://Other.example/A/../B?q=%41#ct=2000",
	        "HTTPS://Other.example/A/../B?q=%41#ct=2000"},
	    {NULL, "http://h/x", "http://h/x"},
	    {NULL, "x", NULL},
	    {"http://h/a", "ftp://h/x", NULL},
	    {"http://h/a", "file:///etc/passwd", NULL},
	    {"http://h/a", "javascript:alert(1)", NULL},
	    {"http://h/a", "http://", NULL},
	    {"http://h/a", "http://h:99999/", NULL},
	};
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		char *url = webhook_url(t[i].base, t[i].ref);
		if (!url != !t[i].expected || (url && strcmp(url, t[i].expected) != 0))
			fail_msg("%s + \"%s\" = %s, not %s", t[i].base, t[i].ref, url, t[i].expected);
		free(url);
	}
}

static void overrides_are_read_and_wrong_ones_are_named(void **state)
{
	static const struct {
		const char *fragment;
		int code;
		uint32_t ct, rt, tt, rc;
		unsigned rp;
	} t[] = {
	    {NULL, 0, 0, 0, 0, 1, HTTP_RETRY_CONNECT},
	    {"ct=2000&rt=3000&tt=5000&rc=3&rp=5xx,rt", 0, 2000, 3000, 5000, 3,
	        HTTP_RETRY_5XX | HTTP_RETRY_READ},
	    {"rp=all&rc=0", 0, 0, 0, 0, 0, 15},
	    {"ct=99", 11241, 0, 0, 0, 1, HTTP_RETRY_CONNECT},
	    {"rt=15001&ct=100", 11241, 100, 0, 0, 1, HTTP_RETRY_CONNECT},
	    {"tt=", 11241, 0, 0, 0, 1, HTTP_RETRY_CONNECT},
	    {"rc=6", 11242, 0, 0, 0, 1, HTTP_RETRY_CONNECT},
	    {"rp=5xx,", 11243, 0, 0, 0, 1, HTTP_RETRY_CONNECT},
	    {"rp=6xx", 11243, 0, 0, 0, 1, HTTP_RETRY_CONNECT},
	    {"section-2", 11240, 0, 0, 0, 1, HTTP_RETRY_CONNECT},
	    {"sni=y&e=ashburn,dublin", 0, 0, 0, 0, 1, HTTP_RETRY_CONNECT},
	    {"sni=maybe", 11240, 0, 0, 0, 1, HTTP_RETRY_CONNECT},
	    {"e=atlantis", 11240, 0, 0, 0, 1, HTTP_RETRY_CONNECT},
	    {"e=", 11240, 0, 0, 0, 1, HTTP_RETRY_CONNECT},
	};
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct http_request r = {0};
		char what[64] = "";
		int code = webhook_override(&r, t[i].fragment, what);
		if (code != t[i].code || r.connect_ms != t[i].ct || r.read_ms != t[i].rt ||
		    r.total_ms != t[i].tt || r.retries != t[i].rc || r.retry_on != t[i].rp)
			fail_msg("%s: %d %s", t[i].fragment, code, what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(twilio_signature_of_a_post),
	    cmocka_unit_test(twilio_signature_sorts_values_and_drops_repeats),
	    cmocka_unit_test(twilio_signature_of_a_get_covers_the_url_only),
	    cmocka_unit_test(twilio_signature_vectors_of_the_helper_libraries),
	    cmocka_unit_test(many_tokens_sign_as_one_does),
	    cmocka_unit_test(overrides_are_read_and_wrong_ones_are_named),
	    cmocka_unit_test(references_are_resolved_against_the_document),
	};
	return cmocka_run_group_tests_name("webhook", tests, NULL, NULL);
}
