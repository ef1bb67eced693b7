/* SPDX-License-Identifier: Apache-2.0 */
/* The API as a client sees it: create, fetch, list, change, and every refusal. */
#include "tests/unit/control/rest/api_rig.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#define FORM "To=sip%3Akate%40example.com&From=Jack&Url=http%3A%2F%2Fapp.example.com%2Fx"

static const char *text(const struct api_answer *a, const char *key)
{
	return json_string_value(json_object_get(a->json, key));
}

static long number(const struct api_answer *a, const char *key)
{
	return (long)json_integer_value(json_object_get(a->json, key));
}

static void assert_status(const struct api_answer *a, long status)
{
	if (a->status != status)
		fail_msg("wanted %ld, got %ld: %s", status, a->status, a->body ? a->body : "");
}

/* A RestException as twilio's clients read it. */
static void assert_refused(const struct api_answer *a, long status, long code)
{
	char more[64];
	assert_status(a, status);
	snprintf(more, sizeof more, "https://www.twilio.com/docs/errors/%ld", code);
	if (number(a, "code") != code)
		fail_msg("wanted %ld: %s", code, a->body);
	assert_int_equal(json_object_size(a->json), 4);
	assert_int_equal(number(a, "status"), status);
	assert_string_equal(text(a, "more_info"), more);
	assert_true(strlen(text(a, "message")) > 0);
	assert_non_null(strstr(a->headers, "application/json"));
}

static void refused(
    struct api_rig *r, const char *method, const char *path, const char *body, long status, long code)
{
	struct api_answer a;
	api_ask(r, &a, method, path, body);
	assert_refused(&a, status, code);
	api_answer_fini(&a);
}

static void create(struct api_rig *r, const char *form, char sid[35])
{
	struct api_answer a;
	api_ask(r, &a, "POST", CALLS, form);
	assert_status(&a, 201);
	snprintf(sid, 35, "%s", text(&a, "sid"));
	api_answer_fini(&a);
}

static const char *call_path(const char *sid)
{
	static char path[160];
	snprintf(path, sizeof path, "/2010-04-01/Accounts/" SID "/Calls/%s.json", sid);
	return path;
}

struct after_crash {
	struct loop *loop;
	int n;
};

static void on_found(void *ctx, const struct call_row *rows, size_t n, bool ok, const char *why)
{
	struct after_crash *c = ctx;
	assert_true(ok);
	c->n = (int)n;
	loop_stop(c->loop);
}

static void copy_file(const char *from, const char *to)
{
	char block[65536];
	FILE *in = fopen(from, "r"), *out = in ? fopen(to, "w") : NULL;
	for (size_t n; out && (n = fread(block, 1, sizeof block, in)) > 0;)
		assert_int_equal(fwrite(block, 1, n, out), n);
	if (out)
		assert_int_equal(fclose(out), 0);
	if (in)
		fclose(in);
}

/* What an engine would find that started on the files as they lie there now. */
static int rows_on_disk(const struct api_rig *r, const char *sid)
{
	static const char *const ends[] = {"", "-wal", "-log1", "-log2"};
	char path[160], from[160], err[256];
	struct after_crash c = {loop_new(err), -1};
	snprintf(path, sizeof path, "%s-copy", r->db);
	for (int i = 0; i < 4; i++) {
		char to[180];
		snprintf(from, sizeof from, "%s%s", r->db, ends[i]);
		snprintf(to, sizeof to, "%s%s", path, ends[i]);
		copy_file(from, to);
	}
	struct store *s = store_open(c.loop, path, err);
	if (!s)
		fail_msg("%s", err);
	store_find(s, &(struct store_query){.account_sid = SID, .sid = sid}, on_found, &c);
	assert_int_equal(loop_run(c.loop), 0);
	store_close(s);
	loop_free(c.loop);
	unlink(path);
	return c.n;
}

static void a_created_call_is_on_disk_when_201_arrives_and_is_dialled(void **state)
{
	struct api_rig *r = *state;
	struct api_answer a;
	api_ask(r, &a, "POST", CALLS, FORM);
	assert_status(&a, 201);
	assert_int_equal(json_object_size(a.json), 26);
	assert_string_equal(text(&a, "status"), "queued");
	assert_string_equal(text(&a, "direction"), "outbound-api");
	assert_string_equal(text(&a, "to"), "sip:kate@example.com");
	assert_string_equal(text(&a, "from"), "Jack");
	assert_true(json_is_null(json_object_get(a.json, "start_time")));
	assert_int_equal(strlen(text(&a, "sid")), 34);
	assert_int_equal(rows_on_disk(r, text(&a, "sid")), 1);
	assert_int_equal(r->resolves, 1);
	assert_non_null(calls_find(r->calls, text(&a, "sid")));
	api_answer_fini(&a);
}

static void a_live_call_is_fetched_as_it_is_now(void **state)
{
	struct api_rig *r = *state;
	struct api_answer a;
	char sid[35];
	create(r, FORM, sid);
	api_ask(r, &a, "GET", call_path(sid), NULL);
	assert_status(&a, 200);
	assert_string_equal(text(&a, "sid"), sid);
	assert_int_equal(json_object_size(a.json), 26);
	api_answer_fini(&a);
}

static void a_queued_call_is_canceled_once_and_stays_fetchable(void **state)
{
	struct api_rig *r = *state;
	struct api_answer a;
	char sid[35];
	create(r, FORM, sid);
	api_ask(r, &a, "POST", call_path(sid), "Status=canceled");
	assert_status(&a, 200);
	assert_string_equal(text(&a, "status"), "canceled");
	api_answer_fini(&a);
	api_turn(r, 50);
	api_ask(r, &a, "GET", call_path(sid), NULL);
	assert_status(&a, 200);
	assert_string_equal(text(&a, "status"), "canceled");
	api_answer_fini(&a);
	refused(r, "POST", call_path(sid), "Status=completed", 400, 21220);
	assert_int_equal(calls_live(r->calls), 0);
}

static void wrong_credentials_are_401_20003(void **state)
{
	struct api_rig *r = *state;
	static const char *const users[] = {
	    "", SID ":wrong", SID ":", "AC00000000000000000000000000000009:" TOKEN, SID ":" TOKEN2};
	struct api_answer a;
	for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
		api_ask_as(r, &a, users[i], "POST", CALLS, FORM, NULL);
		assert_refused(&a, 401, 20003);
		assert_string_equal(text(&a, "message"), "Authenticate");
		assert_non_null(strstr(a.headers, "WWW-Authenticate: Basic realm=\"Twilio API\""));
		api_answer_fini(&a);
	}
	assert_int_equal(calls_live(r->calls), 0);
}

static void another_accounts_calls_do_not_exist(void **state)
{
	struct api_rig *r = *state;
	struct api_answer a;
	char sid[35], path[160];
	create(r, FORM, sid);
	api_ask_as(r, &a, SID2 ":" TOKEN2, "GET", call_path(sid), NULL, NULL);
	assert_refused(&a, 404, 20404);
	api_answer_fini(&a);
	snprintf(path, sizeof path, "/2010-04-01/Accounts/" SID2 "/Calls/%s.json", sid);
	api_ask_as(r, &a, SID2 ":" TOKEN2, "GET", path, NULL, NULL);
	assert_refused(&a, 404, 20404);
	api_answer_fini(&a);
	api_ask_as(r, &a, SID2 ":" TOKEN2, "POST", path, "Status=completed", NULL);
	assert_refused(&a, 404, 20404);
	api_answer_fini(&a);
	api_ask_as(r, &a, SID2 ":" TOKEN2, "GET", "/2010-04-01/Accounts/" SID2 "/Calls.json", NULL, NULL);
	assert_status(&a, 200);
	assert_int_equal(json_array_size(json_object_get(a.json, "calls")), 0);
	api_answer_fini(&a);
	assert_int_equal(calls_live(r->calls), 1);
}

static void what_is_not_there_or_not_built_says_so(void **state)
{
	struct api_rig *r = *state;
	static const struct {
		const char *method, *path, *body;
		long status, code;
	} rows[] = {
	    {"GET", "/2010-04-01/Accounts/" SID "/Calls/CA000000000000000000000000000000ff.json", NULL, 404,
	        20404},
	    {"POST", "/2010-04-01/Accounts/" SID "/Calls/CA000000000000000000000000000000ff.json",
	        "Status=canceled", 404, 20404},
	    {"GET",
	        "/2010-04-01/Accounts/" SID "/Calls/CA000000000000000000000000000000ff/Notifications.json",
	        NULL, 404, 20404},
	    {"GET", "/2010-04-01/Accounts/" SID "/Elephants.json", NULL, 404, 20404},
	    {"GET", "/elephants", NULL, 404, 20404},
	    {"DELETE", "/2010-04-01/Accounts/" SID "/Calls/CA000000000000000000000000000000ff.json", NULL,
	        404, 20404},
	    {"DELETE", CALLS, NULL, 405, 20004},
	    {"GET", "/2010-04-01/Accounts/" SID "/Applications/AP000000000000000000000000000000ff.json", NULL,
	        404, 20404},
	    {"POST", "/2010-04-01/Accounts/" SID "/Applications.json", "VoiceUrl=ftp%3A%2F%2Fx", 400, 21205},
	    {"POST", CALLS, "To=sip%3Ak%40example.com&ApplicationSid=AP0", 400, 21218},
	    {"PUT", CALLS, "a=b", 405, 20004},
	    {"DELETE", "/metrics", NULL, 405, 20004},
	    {"GET", "/2010-04-01/Accounts/" SID "/Calls/CA000000000000000000000000000000ff/Recordings.json",
	        NULL, 501, 20501},
	    {"GET", "/2010-04-01/Accounts/" SID "/Conferences.json", NULL, 501, 20501},
	    {"GET", CALLS "?PageSize=5000", NULL, 400, 20007},
	    {"GET", CALLS "?To=%zz", NULL, 400, 20422},
	    {"GET", CALLS "?PageToken=nonsense", NULL, 400, 20422},
	    {"GET", "/2010-04-01/Accounts/%zz/Calls.json", NULL, 400, 20422},
	    {"POST", CALLS, "From=Jack&Url=http%3A%2F%2Fx.example.com%2F", 400, 21201},
	    {"POST", CALLS, "To=sip%3Akate%40example.com&From=Jack", 400, 21205},
	    {"POST", CALLS, "To=%zz", 400, 20422},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		refused(r, rows[i].method, rows[i].path, rows[i].body, rows[i].status, rows[i].code);
	assert_int_equal(r->resolves + r->originates, 0);
}

static void a_refused_method_names_those_that_are_allowed(void **state)
{
	struct api_rig *r = *state;
	struct api_answer a;
	api_ask(r, &a, "DELETE", CALLS, NULL);
	assert_refused(&a, 405, 20004);
	assert_non_null(strstr(a.headers, "Allow: GET, HEAD, POST"));
	api_answer_fini(&a);
}

static void a_body_that_is_no_form_is_refused(void **state)
{
	struct api_rig *r = *state;
	struct api_answer a;
	static const char *const types[] = {"application/json", "text/plain",
	    "multipart/form-data; boundary=x", "application/x-www-form-urlencodedx"};
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		api_ask_as(r, &a, SID ":" TOKEN, "POST", CALLS, FORM, types[i]);
		assert_refused(&a, 415, 20422);
		api_answer_fini(&a);
	}
	api_ask_as(
	    r, &a, SID ":" TOKEN, "POST", CALLS, FORM, "Application/X-WWW-Form-Urlencoded; charset=utf-8");
	assert_status(&a, 201);
	api_answer_fini(&a);
}

static void a_full_call_table_is_429_20429(void **state)
{
	struct api_rig *r = *state;
	struct api_answer a;
	char sid[35];
	for (int i = 0; i < 8; i++)
		create(r, FORM, sid);
	api_ask(r, &a, "POST", CALLS, FORM);
	assert_refused(&a, 429, 20429);
	assert_non_null(strstr(a.headers, "Retry-After: 1"));
	api_answer_fini(&a);
	assert_int_equal(calls_live(r->calls), 8);
	api_ask(r, &a, "POST", call_path(sid), "Status=canceled");
	assert_status(&a, 200);
	api_answer_fini(&a);
	create(r, FORM, sid);
}

static void a_full_ring_is_429_20429(void **state)
{
	struct api_rig *r = *state;
	const struct dp_cmd c = {.type = DP_CMD_ORIGINATE};
	while (bridge_originate(r->bridge, 0, &c) == 0)
		;
	uint64_t before = bridge_refused(r->bridge);
	refused(r, "POST", CALLS, FORM, 429, 20429);
	assert_int_equal(bridge_refused(r->bridge), before + 1);
	assert_int_equal(calls_live(r->calls), 0);
	while (dp_ring_peek(r->commands))
		dp_ring_release(r->commands);
	char sid[35];
	create(r, FORM, sid);
}

/* No file of this process may grow past n bytes: to the store that is a full disk. */
static void limit_files(rlim_t n)
{
	struct rlimit l;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static void a_call_that_cannot_be_stored_is_500_and_not_dialled(void **state)
{
	struct api_rig *r = *state;
	struct api_answer a;
	char sid[35];
	limit_files(0);
	api_ask(r, &a, "POST", CALLS, FORM);
	limit_files(RLIM_INFINITY);
	assert_refused(&a, 500, 20500);
	api_answer_fini(&a);
	assert_int_equal(r->resolves + r->originates, 0);
	assert_int_equal(calls_live(r->calls), 0);
	assert_true(store_failures(r->store) > 0);
	create(r, FORM, sid);
	assert_int_equal(r->resolves, 1);
	assert_int_equal(rows_on_disk(r, sid), 1);
}

/* Walk from `path` by the member `via`; the sids met, in order. */
static size_t walk(struct api_rig *r, const char *path, const char *via, char sids[][35], char last[512])
{
	struct api_answer a;
	size_t n = 0;
	char next[512];
	snprintf(next, sizeof next, "%s", path);
	for (int pages = 0; next[0] && pages < 10; pages++) {
		snprintf(last, 512, "%s", next);
		api_ask(r, &a, "GET", next, NULL);
		assert_status(&a, 200);
		json_t *calls = json_object_get(a.json, "calls"), *c;
		size_t i;
		json_array_foreach(calls, i, c)
		    snprintf(sids[n++], 35, "%s", json_string_value(json_object_get(c, "sid")));
		const char *uri = text(&a, via);
		snprintf(next, sizeof next, "%s", uri ? uri : "");
		api_answer_fini(&a);
	}
	return n;
}

static void pages_lose_and_repeat_nothing_either_way(void **state)
{
	struct api_rig *r = *state;
	char made[7][35], got[32][35], last[512], late[35];
	for (int i = 0; i < 7; i++)
		create(r, FORM, made[i]);
	assert_int_equal(walk(r, CALLS "?PageSize=2", "next_page_uri", got, last), 7);
	for (int i = 0; i < 7; i++)
		assert_string_equal(got[i], made[6 - i]);
	/* A call made now stands before the first page and must not shift the others. */
	create(r, FORM, late);
	assert_int_equal(walk(r, last, "previous_page_uri", got, last), 7);
	assert_string_equal(got[0], made[0]);
	assert_string_equal(got[1], made[2]);
	assert_string_equal(got[2], made[1]);
	assert_string_equal(got[5], made[6]);
	assert_string_equal(got[6], made[5]);
}

static void lists_are_filtered(void **state)
{
	struct api_rig *r = *state;
	char a[35], b[35], got[8][35], last[512];
	create(r, FORM, a);
	create(r, "To=sip%3Abob%40example.org&From=Jill&Url=http%3A%2F%2Fapp.example.com%2Fx", b);
	assert_int_equal(walk(r, CALLS "?To=sip%3Abob%40example.org", "next_page_uri", got, last), 1);
	assert_string_equal(got[0], b);
	assert_int_equal(walk(r, CALLS "?From=Jack", "next_page_uri", got, last), 1);
	assert_string_equal(got[0], a);
	assert_int_equal(walk(r, CALLS "?Status=queued", "next_page_uri", got, last), 2);
	assert_int_equal(walk(r, CALLS "?Status=completed", "next_page_uri", got, last), 0);
	assert_int_equal(walk(r, CALLS "?StartTime%3C=2020-01-01", "next_page_uri", got, last), 0);
}

static void notifications_of_a_call_are_listed_and_fetched(void **state)
{
	struct api_rig *r = *state;
	struct api_answer a;
	char sid[35], path[200];
	create(r, FORM, sid);
	struct call_note n = {.sid = "NO00000000000000000000000000000001",
	    .account_sid = SID,
	    .code = 15003,
	    .at = 1283286988,
	    .message = "Got HTTP 404 & more",
	    .request_url = "http://app.example.com/x",
	    .request_method = "POST"};
	strcpy(n.call_sid, sid);
	store_put_note(r->store, &n);
	snprintf(path, sizeof path, "/2010-04-01/Accounts/" SID "/Calls/%s/Notifications.json", sid);
	api_ask(r, &a, "GET", path, NULL);
	assert_status(&a, 200);
	json_t *o = json_array_get(json_object_get(a.json, "notifications"), 0);
	assert_string_equal(json_string_value(json_object_get(o, "error_code")), "15003");
	assert_string_equal(json_string_value(json_object_get(o, "log")), "1");
	assert_string_equal(
	    json_string_value(json_object_get(o, "message_date")), "Tue, 31 Aug 2010 20:36:28 +0000");
	assert_non_null(strstr(
	    json_string_value(json_object_get(o, "message_text")), "ErrorCode=15003&LogLevel=WARN&Msg=Got"));
	snprintf(path, sizeof path, "%s", json_string_value(json_object_get(o, "uri")));
	api_answer_fini(&a);
	api_ask(r, &a, "GET", path, NULL);
	assert_status(&a, 200);
	assert_string_equal(text(&a, "sid"), "NO00000000000000000000000000000001");
	api_answer_fini(&a);
}

static void health_and_metrics_need_no_credentials(void **state)
{
	struct api_rig *r = *state;
	struct api_answer a;
	char sid[35];
	create(r, FORM, sid);
	api_ask_as(r, &a, "", "GET", "/metrics", NULL, NULL);
	assert_status(&a, 200);
	assert_non_null(strstr(a.headers, "text/plain; version=0.0.4"));
	assert_non_null(strstr(a.body, "dialplane_http_requests_total{route=\"calls\",status=\"201\"} 1\n"));
	assert_non_null(strstr(a.body, "dialplane_calls_live 1\n"));
	assert_non_null(strstr(a.body, "dialplane_calls{status=\"queued\"} 1\n"));
	api_answer_fini(&a);
	/* No dataplane runs here. */
	api_ask_as(r, &a, "", "GET", "/healthz", NULL, NULL);
	assert_status(&a, 503);
	api_answer_fini(&a);
}

static void stopping_refuses_new_calls(void **state)
{
	struct api_rig *r = *state;
	rest_stop(r->rest);
	refused(r, "POST", CALLS, FORM, 503, 20503);
	assert_int_equal(calls_live(r->calls), 0);
}

static int set_up(void **state)
{
	struct api_rig *r = malloc(sizeof *r);
	api_open(r, 8);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	api_close(*state);
	free(*state);
	return 0;
}

#define RULE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_created_call_is_on_disk_when_201_arrives_and_is_dialled),
	    RULE(a_live_call_is_fetched_as_it_is_now),
	    RULE(a_queued_call_is_canceled_once_and_stays_fetchable),
	    RULE(wrong_credentials_are_401_20003),
	    RULE(another_accounts_calls_do_not_exist),
	    RULE(what_is_not_there_or_not_built_says_so),
	    RULE(a_refused_method_names_those_that_are_allowed),
	    RULE(a_body_that_is_no_form_is_refused),
	    RULE(a_full_call_table_is_429_20429),
	    RULE(a_full_ring_is_429_20429),
	    RULE(a_call_that_cannot_be_stored_is_500_and_not_dialled),
	    RULE(pages_lose_and_repeat_nothing_either_way),
	    RULE(lists_are_filtered),
	    RULE(notifications_of_a_call_are_listed_and_fetched),
	    RULE(health_and_metrics_need_no_credentials),
	    RULE(stopping_refuses_new_calls),
	};
	return cmocka_run_group_tests_name("rest_api", tests, NULL, NULL);
}
