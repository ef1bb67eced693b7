/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/control/infra/infra.h"

#include "tests/unit/control/infra/fake_dns.h"
#include "tests/unit/control/infra/fake_http.h"

#include "control/http_cache.h"
#include "control/http_client.h"
#include "control/http_job.h"
#include "control/webhook.h"

#include <errno.h>

struct world {
	struct fake_dns names;
	struct fake_http server;
	struct loop *loop;
	struct dns *dns;
	struct target_policy policy;
	struct http_client *http;
};

struct got {
	struct loop *loop;
	int error;
	long status;
	char message[400], url[256], type[64];
	char *body;
	size_t len;
	uint32_t total_us;
	bool timed_out, cached;
	unsigned calls, stop_after;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	char err[256];
	fake_dns_start(&w->names);
	fake_http_start(&w->server);
	w->loop = new_loop();
	w->policy =
	    (struct target_policy){.n_allow = 1, .allow = {{.net = {4, {127, 0, 0, 1}}, .prefix = 32}}};
	w->dns = dns_new(w->loop, w->names.address, err);
	w->http = http_client_new(w->loop, &w->policy, 8);
	http_client_use_dns(w->http, w->dns);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	http_client_free(w->http);
	dns_free(w->dns);
	assert_false(run_for(w->loop, 5)); /* what was asked of the kernel is taken back */
	loop_free(w->loop);
	fake_http_stop(&w->server);
	fake_dns_stop(&w->names);
	free(w);
	return 0;
}

static void on_done(void *ctx, const struct http_result *r)
{
	struct got *g = ctx;
	g->error = r->error;
	g->status = r->status;
	g->timed_out = r->timed_out;
	g->cached = r->cached;
	g->total_us = r->total_us;
	snprintf(g->message, sizeof g->message, "%s", r->message);
	snprintf(g->url, sizeof g->url, "%s", r->effective_url);
	snprintf(g->type, sizeof g->type, "%s", r->content_type ? r->content_type : "");
	free(g->body);
	g->body = calloc(1, r->body_len + 1);
	memcpy(g->body, r->body, r->body_len);
	assert_int_equal(r->body[r->body_len], 0);
	g->len = r->body_len;
	if (++g->calls == g->stop_after)
		loop_stop(g->loop);
}

static struct got request(struct world *w, const struct http_request *r)
{
	struct got g = {.loop = w->loop, .stop_after = 1};
	assert_int_equal(http_client_send(w->http, r, on_done, &g), 0);
	assert_int_equal(g.calls, 0);
	assert_true(run_for(w->loop, 10000));
	assert_int_equal(g.calls, 1);
	assert_int_equal(http_client_in_flight(w->http), 0);
	return g;
}

static const char *at(struct world *w, const char *host, const char *path)
{
	static char url[256];
	snprintf(url, sizeof url, "http://%s:%u%s", host, w->server.port, path);
	return url;
}

static struct got get(struct world *w, const char *path)
{
	return request(w, &(struct http_request){.url = at(w, "127.0.0.1", path), .total_ms = 4000});
}

static void expect(struct world *w, const char *path, int error, const char *says)
{
	struct got g = get(w, path);
	if (g.error != error || !strstr(g.message, says))
		fail_msg("%s: %d \"%s\", not %d \"%s\"", path, g.error, g.message, error, says);
	free(g.body);
}

static void answers_come_with_status_type_and_body(void **state)
{
	struct world *w = *state;
	static const char *const headers[] = {"X-One: 1", NULL};
	struct got g = request(
	    w, &(struct http_request){.url = at(w, "127.0.0.1", "/echo?a=/../b"), .headers = headers});
	assert_int_equal(g.error, 0);
	assert_int_equal(g.status, 200);
	assert_string_equal(g.type, "text/xml");
	assert_non_null(strstr(g.body, "GET /echo?a=/../b HTTP/1.1\r\n"));
	assert_non_null(strstr(g.body, "\r\nX-One: 1\r\n"));
	free(g.body);
	g = request(
	    w, &(struct http_request){.url = at(w, "127.0.0.1", "/echo"), .post = true, .body = "a=b"});
	assert_non_null(strstr(g.body, "POST /echo HTTP/1.1\r\n"));
	assert_non_null(strstr(g.body, "\r\n\r\na=b"));
	free(g.body);
	expect(w, "/empty", 0, "");
}

static void connections_are_kept_alive(void **state)
{
	struct world *w = *state;
	for (unsigned i = 0; i < 20; i++)
		free(get(w, "/echo").body);
	assert_int_equal(w->server.connections, 1);
	assert_int_equal(w->server.requests, 20);
}

static void broken_exchanges_are_11200(void **state)
{
	expect(*state, "/500", 11200, "500");
	expect(*state, "/none", 11200, "404");
	expect(*state, "/close", 11200, "");
	expect(*state, "/garbage", 11200, "");
	expect(*state, "/short", 11200, "");
	expect(*state, "/headers", 11200, "headers");
}

static void more_than_64_kb_is_11750(void **state)
{
	expect(*state, "/64k", 0, "");
	expect(*state, "/big", 11750, "65536");
	expect(*state, "/endless", 11750, "65536");
}

static void compressed_bodies_are_unpacked_within_the_limit(void **state)
{
	struct got g = get(*state, "/zipped");
	assert_int_equal(g.error, 0);
	assert_string_equal(g.body, "<Response/>");
	free(g.body);
	expect(*state, "/gzip", 11200, "");
	expect(*state, "/bomb", 11750, "65536");
}

static struct got cached(struct world *w, struct http_cache *cache, const char *path, bool post)
{
	struct got g =
	    request(w, &(struct http_request){
	                   .url = at(w, "127.0.0.1", path), .cache = cache, .post = post, .body = "a=b"});
	assert_int_equal(g.error, 0);
	assert_int_equal(g.status, 200);
	return g;
}

/* How often the server is asked when the same is wanted three times. */
static unsigned asked(
    struct world *w, struct http_cache *cache, const char *path, bool post, const char *body)
{
	unsigned before = w->server.requests;
	for (int i = 0; i < 3; i++) {
		struct got g = cached(w, cache, path, post);
		assert_string_equal(g.type, "text/xml");
		assert_int_equal(g.cached, i > 0 && body);
		if (body)
			assert_string_equal(g.body, body);
		free(g.body);
	}
	return w->server.requests - before;
}

static void rfc9111_answers_to_get_are_used_again(void **state)
{
	struct world *w = *state;
	struct http_cache *c = http_cache_new(100000);
	assert_int_equal(asked(w, c, "/tagged", false, "tagged"), 3); /* 200, 304, 304 */
	assert_int_equal(asked(w, c, "/dated", false, "dated"), 2);   /* the 304 was good for a minute */
	struct got first = cached(w, c, "/lasting", false), second = cached(w, c, "/lasting", false);
	assert_false(first.cached);
	assert_true(second.cached);
	assert_string_equal(first.body, second.body);
	free(first.body);
	free(second.body);
	assert_int_equal(asked(w, c, "/lasting?other=1", true, NULL), 3);
	assert_int_equal(asked(w, c, "/secret", false, NULL), 3);
	assert_int_equal(asked(w, c, "/cookie", false, NULL), 3);
	http_cache_free(c);
}

static void what_is_kept_is_bounded_and_the_oldest_goes(void **state)
{
	struct http_cache *c = http_cache_new(10000);
	struct http_cache_terms t = {.etag = "\"e\""};
	struct http_cached got;
	char url[32], body[1000] = "";
	for (int i = 0; i < 100; i++) {
		snprintf(url, sizeof url, "http://a/%d", i);
		http_cache_put(c, url, &t, "text/xml", body, sizeof body, 0);
		assert_true(http_cache_find(c, "http://a/0", 0, &got));
	}
	assert_false(http_cache_find(c, "http://a/1", 0, &got));
	assert_true(http_cache_find(c, "http://a/99", 0, &got));
	http_cache_put(c, "http://a/99", &(struct http_cache_terms){.no_store = true}, "", "", 0, 0);
	assert_false(http_cache_find(c, "http://a/99", 0, &got));
	http_cache_free(c);
}

static void rfc9111_5_2_terms_are_read(void **state)
{
	static const struct {
		const char *lines[3];
		bool store, fresh;
	} t[] = {
	    {{"Cache-Control: max-age=5\r\n"}, true, true},
	    {{"cache-control:no-cache , max-age=5", "etag: \"x\""}, true, false},
	    {{"Cache-Control: max-age=5", "Age: 4"}, true, true},
	    {{"Cache-Control: max-age=5", "Age: 5", "ETag: W/\"x\""}, true, false},
	    {{"Cache-Control: max-age=99999999999999999999"}, true, true},
	    {{"Cache-Control: max-age=-1"}, false, false},
	    {{"Cache-Control: no-store", "ETag: \"x\""}, false, false},
	    {{"ETag: \"x\"", "Vary: Accept-Encoding"}, true, false},
	    {{"ETag: \"x\"", "Vary: *"}, false, false},
	    {{"ETag: \"x\"", "Set-Cookie: a=b"}, false, false},
	    {{"Last-Modified: yesterday"}, true, false},
	    {{"X-ETag: \"x\""}, false, false},
	};
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct http_cache *c = http_cache_new(10000);
		struct http_cache_terms terms = {0};
		struct http_cached got = {0};
		for (int k = 0; k < 3 && t[i].lines[k]; k++)
			http_cache_header(&terms, t[i].lines[k], strlen(t[i].lines[k]));
		http_cache_put(c, "u", &terms, NULL, "b", 1, 1);
		bool there = http_cache_find(c, "u", 2, &got);
		if (there != t[i].store || got.fresh != t[i].fresh)
			fail_msg("%s: kept %d, fresh %d", t[i].lines[0], there, got.fresh);
		http_cache_free(c);
	}
}

struct tries {
	struct got got; /* first: on_done knows no more */
	uint32_t n, again;
	int error[8];
	uint32_t total_us;
};

static void on_try(void *ctx, uint32_t attempt, const struct http_result *r, bool again)
{
	struct tries *t = ctx;
	assert_int_equal(t->got.calls, 0);
	t->error[t->n & 7] = r->error;
	t->n++;
	assert_true(attempt == t->n || attempt == 0);
	t->again += again;
	t->total_us = r->total_us;
}

static struct tries try(struct world *w, struct http_request r)
{
	struct tries t = {.got = {.loop = w->loop, .stop_after = 1}};
	r.attempt = on_try;
	assert_int_equal(http_client_send(w->http, &r, on_done, &t), 0);
	assert_true(run_for(w->loop, 10000));
	free(t.got.body);
	return t;
}

static void a_request_is_tried_again_as_often_as_it_says_and_for_what_it_says(void **state)
{
	struct world *w = *state;
	struct http_request r = {.url = at(w, "127.0.0.1", "/flaky"), .post = true, .body = "a=b"};
	r.retries = 5;
	r.retry_on = HTTP_RETRY_5XX;
	struct tries t = try(w, r);
	assert_int_equal(t.n, 5);
	assert_int_equal(t.again, 4);
	assert_int_equal(t.got.error, 0);
	assert_int_equal(t.error[0], 11200);
	r.retry_on = HTTP_RETRY_CONNECT | HTTP_RETRY_4XX | HTTP_RETRY_READ;
	t = try(w, r);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.got.status, 500);
	t = try(w, (struct http_request){
	               .url = "http://127.0.0.1:1/", .retries = 2, .retry_on = HTTP_RETRY_CONNECT});
	assert_int_equal(t.n, 3);
	assert_int_equal(t.got.error, 11205);
}

static void silence_is_bounded_apart_from_the_whole(void **state)
{
	struct world *w = *state;
	struct tries t = try(w, (struct http_request){.url = at(w, "127.0.0.1", "/hang"), .read_ms = 150});
	assert_true(t.got.timed_out && t.got.error == 11200);
	assert_in_range(t.got.total_us, 150000, 1000000);
	/* A byte every 20 ms is no silence. */
	t = try(
	    w, (struct http_request){.url = at(w, "127.0.0.1", "/trickle"), .read_ms = 150, .total_ms = 600});
	assert_true(t.got.timed_out);
	assert_in_range(t.got.total_us, 600000, 1500000);
}

static void a_host_that_never_answers_is_left_alone_and_others_are_not(void **state)
{
	struct world *w = *state;
	struct http_request dead = {.url = "http://127.0.0.1:1/"};
	http_client_hosts(w->http, 2, 3, 300);
	for (int i = 0; i < 3; i++)
		assert_null(strstr(try(w, dead).got.message, "not tried"));
	struct tries t = try(w, dead);
	assert_int_equal(t.got.error, 11205);
	assert_non_null(strstr(t.got.message, "not tried"));
	assert_int_equal(t.error[0], 11205);
	expect(w, "/echo", 0, "");
	fake_sleep(320);
	assert_null(strstr(try(w, dead).got.message, "not tried"));
	assert_non_null(strstr(try(w, dead).got.message, "not tried"));
}

static void a_slow_host_takes_no_more_than_its_places(void **state)
{
	struct world *w = *state;
	struct got slow = {.loop = w->loop}, quick = {.loop = w->loop, .stop_after = 1};
	char other[64];
	http_client_hosts(w->http, 2, 0, 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(
		    http_client_send(w->http,
		        &(struct http_request){.url = at(w, "127.0.0.1", "/hang"), .total_ms = 3000}, on_done,
		        &slow),
		    0);
	snprintf(other, sizeof other, "http://local.test:%u/echo", w->server.port);
	assert_int_equal(http_client_send(w->http, &(struct http_request){.url = other}, on_done, &quick), 0);
	assert_true(run_for(w->loop, 2000));
	assert_int_equal(quick.error, 0);
	assert_int_equal(slow.calls, 0);
	assert_int_equal(http_client_in_flight(w->http), 2);
	assert_in_range(w->server.most, 1, 3); /* it may not have accepted the hanging two yet */
	free(quick.body);
	http_client_free(w->http);
	w->http = http_client_new(w->loop, &w->policy, 8);
	http_client_use_dns(w->http, w->dns);
	free(slow.body);
}

static void a_stale_connection_is_replaced_at_once(void **state)
{
	struct world *w = *state;
	for (int i = 0; i < 5; i++)
		expect(w, "/stale", 0, "");
	struct got g = request(
	    w, &(struct http_request){.url = at(w, "127.0.0.1", "/stale"), .post = true, .body = "a=b"});
	assert_int_equal(g.error, 0);
	free(g.body);
	assert_int_equal(w->server.connections, 6);
}

static void cookies_are_kept_in_the_jar_they_came_into(void **state)
{
	struct world *w = *state;
	struct http_jar *jar = http_jar_new();
	struct http_request r = {.url = at(w, "127.0.0.1", "/cookie"), .jar = jar};
	struct got g = request(w, &r);
	assert_null(strstr(g.body, "Cookie:"));
	free(g.body);
	g = request(w, &r);
	assert_non_null(strstr(g.body, "\r\nCookie: one=1\r\n"));
	free(g.body);
	r.jar = NULL;
	g = request(w, &r);
	assert_null(strstr(g.body, "Cookie:"));
	free(g.body);
	http_jar_put(jar);
}

static void a_request_carries_nothing_of_the_one_before_it(void **state)
{
	struct world *w = *state;
	static const char *const headers[] = {"X-Secret: 1", NULL};
	struct http_jar *jar = http_jar_new();
	struct got g = request(w, &(struct http_request){.url = at(w, "127.0.0.1", "/echo"),
	                              .post = true,
	                              .body = "secret=1",
	                              .headers = headers,
	                              .jar = jar});
	assert_non_null(strstr(g.body, "X-Secret"));
	free(g.body);
	free(request(w, &(struct http_request){.url = at(w, "127.0.0.1", "/cookie"), .jar = jar}).body);
	free(request(w, &(struct http_request){.url = at(w, "127.0.0.1", "/echo"), .jar = jar}).body);
	g = get(w, "/echo");
	assert_non_null(strstr(g.body, "GET /echo HTTP/1.1\r\n"));
	assert_null(strcasestr(g.body, "secret"));
	assert_null(strcasestr(g.body, "cookie"));
	assert_null(strcasestr(g.body, "content-length"));
	free(g.body);
	http_jar_put(jar);
	expect(w, "/big", 11750, "65536");
	expect(w, "/close", 11200, "");
	expect(w, "/echo", 0, "");
}

static void an_origin_is_what_curl_makes_of_the_url(void **state)
{
	static const struct {
		const char *url, *host, *port;
		bool literal;
	} t[] = {
	    {"http://example.com", "example.com", "80", false},
	    {"HTTPS://Example.com/x:1", "Example.com", "443", false},
	    {"http://example.com:8080?x", "example.com", "8080", false},
	    {"http://127.0.0.1:1/", "127.0.0.1", "1", true},
	    {"http://127.1/", "127.0.0.1", "80", true},
	    {"http://0x7f.1/", "127.0.0.1", "80", true},
	    {"http://0177.0.0.1/", "127.0.0.1", "80", true},
	    {"http://2130706433/", "127.0.0.1", "80", true},
	    {"http://[::1]:90/", "::1", "90", true},
	    {"http://example.com@127.0.0.1/", "127.0.0.1", "80", true},
	    {"http://u:p@example.com:8/", "example.com", "8", false},
	    {"http://example.com:080/", "example.com", "80", false},
	    {"http://1.2.3.4.example/", "1.2.3.4.example", "80", false},
	    {"http://example.com:/", "example.com", "80", false},
	    {"http://exa%6dple.com/", "example.com", "80", false},
	};
	static const char *const bad[] = {"http://example.com:65536/", "http://example.com:x/", "http://:80/",
	    "ftp://example.com/", "http://exam ple/", "http:///x"};
	struct http_origin o;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		if (http_origin(&o, t[i].url) < 0 || strcmp(o.host, t[i].host) || strcmp(o.port, t[i].port) ||
		    o.literal != t[i].literal)
			fail_msg("%s: %s %s %d", t[i].url, o.host, o.port, o.literal);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (http_origin(&o, bad[i]) == 0)
			fail_msg("%s: %s %s", bad[i], o.host, o.port);
}

static void redirects_are_followed_as_browsers_do(void **state)
{
	struct world *w = *state;
	struct got g = request(
	    w, &(struct http_request){.url = at(w, "127.0.0.1", "/302"), .post = true, .body = "a=b"});
	assert_int_equal(g.error, 0);
	assert_non_null(strstr(g.body, "GET /echo?moved=1 HTTP/1.1\r\n"));
	assert_non_null(strstr(g.url, "/echo?moved=1"));
	assert_null(strstr(g.url, "#"));
	free(g.body);
	g = request(
	    w, &(struct http_request){.url = at(w, "127.0.0.1", "/307"), .post = true, .body = "a=b"});
	assert_non_null(strstr(g.body, "POST /echo"));
	assert_non_null(strstr(g.body, "\r\n\r\na=b"));
	free(g.body);
	expect(w, "/to-name", 0, "");
	expect(w, "/loop", 11215, "10 redirects");
	expect(w, "/to-file", 11215, "not an http(s)");
}

static void names_are_resolved_by_our_own_servers(void **state)
{
	struct world *w = *state;
	struct got g = request(w, &(struct http_request){.url = at(w, "local.test", "/echo")});
	assert_int_equal(g.error, 0);
	assert_non_null(strstr(g.body, "\r\nHost: local.test:"));
	free(g.body);
	g = request(w, &(struct http_request){.url = at(w, "nosuch.test", "/echo")});
	assert_int_equal(g.error, 11210);
	assert_non_null(strstr(g.message, "NXDOMAIN"));
	free(g.body);
}

static void refused_addresses_are_never_connected_to(void **state)
{
	static const char *const hosts[] = {"127.0.0.2", "[::1]", "10.1.2.3", "inside.test", "0.0.0.0",
	    "[::ffff:127.0.0.2]", "169.254.169.254", "2130706434", "0x7f000002", "0177.0.0.2", "127.2",
	    "[64:ff9b::7f00:2]", "[64:ff9b:1::1]", "[::127.0.0.2]", "[2002:7f00:2::1]", "[fe80::1]",
	    "[fc00::1]", "[::]"};
	struct world *w = *state;
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		struct got g = request(w, &(struct http_request){.url = at(w, hosts[i], "/echo")});
		if (g.error != 11210 || !strstr(g.message, "is refused"))
			fail_msg("%s: %d %s", hosts[i], g.error, g.message);
		free(g.body);
	}
	assert_int_equal(w->server.connections, 0);
	/* of several addresses the allowed one is taken */
	struct got g = request(w, &(struct http_request){.url = at(w, "mixed.test", "/echo")});
	assert_int_equal(g.error, 0);
	free(g.body);
}

static void a_redirect_cannot_leave_the_policy(void **state)
{
	expect(*state, "/to-private", 11210, "10.1.2.3 is refused");
	expect(*state, "/to-mapped", 11210, "is refused");
	expect(*state, "/to-nat64", 11210, "is refused");
	expect(*state, "/to-6to4", 11210, "is refused");
	expect(*state, "/to-inside", 11210, "10.1.2.3 is refused");
	expect(*state, "/to-decimal", 11210, "is refused");
}

/* What a name resolved to holds for a second at least; after that its new address is checked, whatever connection is
 * still open. */
static void a_name_that_turns_inside_is_refused(void **state)
{
	struct world *w = *state;
	struct got g = request(w, &(struct http_request){.url = at(w, "rebind.test", "/echo")});
	assert_int_equal(g.error, 0);
	free(g.body);
	run_for(w->loop, 1200);
	g = request(w, &(struct http_request){.url = at(w, "rebind.test", "/echo")});
	assert_int_equal(g.error, 11210);
	assert_non_null(strstr(g.message, "10.1.2.3 is refused"));
	assert_int_equal(w->server.requests, 1);
	free(g.body);
}

static void a_closed_port_is_11205(void **state)
{
	struct world *w = *state;
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t sl = sizeof sa;
	char url[64];
	int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, not listening: nobody else gets the port */
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sl), 0);
	getsockname(fd, (struct sockaddr *)&sa, &sl);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", ntohs(sa.sin_port));
	struct got g = request(w, &(struct http_request){.url = url});
	assert_int_equal(g.error, 11205);
	free(g.body);
	close(fd);
}

static void tls_that_is_none_is_11220(void **state)
{
	struct world *w = *state;
	char url[64];
	snprintf(url, sizeof url, "https://127.0.0.1:%u/garbage", w->server.port);
	struct got g = request(w, &(struct http_request){.url = url, .total_ms = 1500, .connect_ms = 1000});
	assert_true(
	    g.error == 11220 || g.error == 11205); /* the server waits for a request line, we for its hello */
	free(g.body);
}

static void slow_servers_meet_the_deadline(void **state)
{
	struct world *w = *state;
	static const char *const paths[] = {"/hang", "/trickle"};
	for (unsigned i = 0; i < 2; i++) {
		struct got g =
		    request(w, &(struct http_request){.url = at(w, "127.0.0.1", paths[i]), .total_ms = 200});
		assert_int_equal(g.error, 11200);
		assert_true(g.timed_out);
		assert_true(g.total_us >= 200000 && g.total_us < 600000);
		free(g.body);
	}
	/* a silent name server counts as well */
	struct got g =
	    request(w, &(struct http_request){.url = at(w, "silent.test", "/echo"), .total_ms = 200});
	assert_int_equal(g.error, 11210);
	assert_true(g.timed_out);
	free(g.body);
}

static void only_http_urls_are_taken(void **state)
{
	static const char *const urls[] = {"", "ftp://127.0.0.1/", "file:///etc/passwd", "http://",
	    "gopher://x/", "/x", "http://a b/", "http://h:99999/", "http:///x"};
	struct world *w = *state;
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
		assert_int_equal(
		    http_client_send(w->http, &(struct http_request){.url = urls[i]}, on_done, NULL),
		    -EINVAL);
}

static void a_proxy_from_the_environment_is_ignored(void **state)
{
	struct world *w = *state;
	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	expect(w, "/echo", 0, "");
	unsetenv("http_proxy");
}

static void what_is_beyond_the_limit_waits_its_turn(void **state)
{
	struct world *w = *state;
	struct got g = {.loop = w->loop, .stop_after = 60};
	for (unsigned i = 0; i < 60; i++)
		assert_int_equal(http_client_send(w->http,
		                     &(struct http_request){.url = at(w, "127.0.0.1", "/slow")}, on_done, &g),
		    0);
	assert_int_equal(http_client_waiting(w->http), 60);
	assert_true(run_for(w->loop, 10000));
	assert_int_equal(g.calls, 60);
	assert_int_equal(g.error, 0);
	assert_int_equal(w->server.requests, 60);
	assert_true(w->server.most <= 8);
	free(g.body);
}

static void stopping_answers_everything_once(void **state)
{
	struct world *w = *state;
	struct http_client *h = http_client_new(w->loop, &w->policy, 2);
	struct got g = {.loop = w->loop, .stop_after = 99};
	http_client_use_dns(h, w->dns);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(
		    http_client_send(h,
		        &(struct http_request){.url = at(w, i & 1 ? "silent.test" : "127.0.0.1", "/hang")},
		        on_done, &g),
		    0);
	assert_false(run_for(w->loop, 50));
	http_client_free(h);
	assert_int_equal(g.calls, 4);
	assert_int_equal(g.error, 11200);
	free(g.body);
}

/* ---- webhooks on the wire ---- */

static void a_webhook_carries_what_was_signed(void **state)
{
	struct world *w = *state;
	struct got g = {.loop = w->loop, .stop_after = 1};
	struct form f;
	char url[300], mac[32], line[64];
	form_init(&f);
	form_add(&f, "From", "é b");
	form_add(&f, "To", "sip:a@b");
	snprintf(url, sizeof url, "%s#ct=2000&rc=3", at(w, "127.0.0.1", "/echo?x=1&y= z"));
	assert_int_equal(webhook_send(w->http, "12345", url, true, &f, on_done, &g), 0);
	assert_true(run_for(w->loop, 5000));
	assert_non_null(strstr(g.body, "POST /echo?x=1&y=%20z HTTP/1.1"));
	assert_non_null(strstr(g.body, "\r\n\r\nFrom=%C3%A9+b&To=sip%3Aa%40b"));
	assert_non_null(strstr(g.body, "\r\nUser-Agent: TwilioProxy/1.1 Dialplane/"));
	assert_non_null(strstr(g.body, "\r\nAccept: */*\r\n"));
	assert_non_null(
	    strstr(g.body, "\r\nContent-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"));
	assert_non_null(strstr(g.body, "\r\nI-Twilio-Idempotency-Token: "));
	webhook_signature(mac, "12345", at(w, "127.0.0.1", "/echo?x=1&y=%20z"), &f);
	snprintf(line, sizeof line, "\r\nX-Twilio-Signature: %s\r\n", mac);
	assert_non_null(strstr(g.body, line));
	g.calls = 0;
	assert_int_equal(
	    webhook_send(w->http, "12345", at(w, "127.0.0.1", "/echo?x=1"), false, &f, on_done, &g), 0);
	assert_true(run_for(w->loop, 5000));
	assert_non_null(strstr(g.body, "GET /echo?x=1&From=%C3%A9+b&To=sip%3Aa%40b HTTP/1.1"));
	webhook_signature(mac, "12345", at(w, "127.0.0.1", "/echo?x=1&From=%C3%A9+b&To=sip%3Aa%40b"), NULL);
	snprintf(line, sizeof line, "\r\nX-Twilio-Signature: %s\r\n", mac);
	assert_non_null(strstr(g.body, line));
	assert_int_equal(webhook_send(w->http, "12345", "mailto:x", true, &f, on_done, &g), -EINVAL);
	free(g.body);
	form_fini(&f);
}

static void connection_overrides_of_the_fragment_are_heard(void **state)
{
	struct world *w = *state;
	struct got g = {.loop = w->loop, .stop_after = 1};
	struct form f;
	char url[300];
	form_init(&f);
	snprintf(url, sizeof url, "%s#ct=100&tt=150", at(w, "127.0.0.1", "/hang"));
	assert_int_equal(webhook_send(w->http, "12345", url, true, &f, on_done, &g), 0);
	assert_true(run_for(w->loop, 2000));
	assert_true(g.timed_out);
	assert_true(g.total_us < 1000000);
	free(g.body);
	form_fini(&f);
}

#define T(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(answers_come_with_status_type_and_body),
	    T(connections_are_kept_alive),
	    T(broken_exchanges_are_11200),
	    T(more_than_64_kb_is_11750),
	    T(compressed_bodies_are_unpacked_within_the_limit),
	    T(rfc9111_answers_to_get_are_used_again),
	    T(what_is_kept_is_bounded_and_the_oldest_goes),
	    T(rfc9111_5_2_terms_are_read),
	    T(a_request_is_tried_again_as_often_as_it_says_and_for_what_it_says),
	    T(silence_is_bounded_apart_from_the_whole),
	    T(a_host_that_never_answers_is_left_alone_and_others_are_not),
	    T(a_slow_host_takes_no_more_than_its_places),
	    T(a_stale_connection_is_replaced_at_once),
	    T(cookies_are_kept_in_the_jar_they_came_into),
	    T(a_request_carries_nothing_of_the_one_before_it),
	    cmocka_unit_test(an_origin_is_what_curl_makes_of_the_url),
	    T(redirects_are_followed_as_browsers_do),
	    T(names_are_resolved_by_our_own_servers),
	    T(refused_addresses_are_never_connected_to),
	    T(a_redirect_cannot_leave_the_policy),
	    T(a_name_that_turns_inside_is_refused),
	    T(a_closed_port_is_11205),
	    T(tls_that_is_none_is_11220),
	    T(slow_servers_meet_the_deadline),
	    T(only_http_urls_are_taken),
	    T(a_proxy_from_the_environment_is_ignored),
	    T(what_is_beyond_the_limit_waits_its_turn),
	    T(stopping_answers_everything_once),
	    T(a_webhook_carries_what_was_signed),
	    T(connection_overrides_of_the_fragment_are_heard),
	};
	return cmocka_run_group_tests_name("http_client", tests, NULL, NULL);
}
