/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/control/rest/api_rig.h"

#include "control/mem.h"

#include <curl/curl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <cmocka.h>

#define SLOTS 64

static uint64_t now_ns(void *ctx)
{
	return loop_now_ns();
}

static int64_t wall_ms(void *ctx)
{
	return loop_wall_ms();
}

static void random_bytes(void *ctx, void *out, size_t n)
{
	assert_int_equal(getrandom(out, n, 0), n);
}

static uint16_t pick_worker(void *ctx)
{
	struct api_rig *r = ctx;
	return bridge_pick_worker(r->bridge);
}

static int originate(void *ctx, uint16_t worker, const struct dp_cmd *c)
{
	struct api_rig *r = ctx;
	r->originates++;
	r->last_originate = *c;
	return bridge_originate(r->bridge, worker, c);
}

static void command(void *ctx, const struct dp_cmd *c)
{
	struct api_rig *r = ctx;
	r->commands_sent++;
	r->last_command = *c;
	bridge_command(r->bridge, c);
}

static void resolve(void *ctx, const struct sip_target *target, uint64_t tag)
{
	struct api_rig *r = ctx;
	assert_non_null(target);
	r->resolves++;
	r->last_resolve = tag;
}

static int webhook(
    void *ctx, const char *account, const char *url, bool post, const struct form *p, uint64_t tag)
{
	struct api_rig *r = ctx;
	r->webhooks++;
	return 0;
}

struct saving {
	struct api_rig *rig;
	uint64_t tag;
};

static void on_saved(void *ctx, bool ok, const char *why)
{
	struct saving *s = ctx;
	if (s->tag)
		calls_stored(s->rig->calls, s->tag, ok, why);
	free(s);
}

static void save(void *ctx, const struct call_row *row, uint64_t tag)
{
	struct api_rig *r = ctx;
	struct saving *s = mem_zalloc(sizeof *s);
	*s = (struct saving){r, tag};
	store_put_call(r->store, row, on_saved, s);
}

static void note(void *ctx, const struct call_note *n)
{
	struct api_rig *r = ctx;
	store_put_note(r->store, n);
}

/* No test waits as long as the shortest timer of a call. */
static void timer(void *ctx, uint64_t tag, uint64_t at_ns)
{
}

static void log_nothing(void *ctx, char level, const char *sid, const char *text)
{
}

static void on_dp_event(void *ctx, const struct dp_event *e)
{
	struct api_rig *r = ctx;
	calls_dp_event(r->calls, e);
}

static void on_deadline(void *ctx, struct loop_timer *t)
{
	struct api_rig *r = ctx;
	r->timed_out = true;
	loop_stop(r->loop);
}

static void open_rings(struct api_rig *r)
{
	int fd = bridge_events_fd();
	r->commands = dp_ring_new(SLOTS, sizeof(struct dp_cmd), -1);
	r->events = dp_ring_new(SLOTS, sizeof(struct dp_event), fd);
	r->bridge = bridge_new_over(r->loop, fd, 1, &r->commands, &r->events, on_dp_event, r);
}

static void open_calls(struct api_rig *r, uint32_t calls_max)
{
	const struct calls_ops ops = {.ctx = r,
	    .now_ns = now_ns,
	    .wall_ms = wall_ms,
	    .random = random_bytes,
	    .pick_worker = pick_worker,
	    .originate = originate,
	    .command = command,
	    .resolve = resolve,
	    .webhook = webhook,
	    .save = save,
	    .note = note,
	    .timer = timer,
	    .log = log_nothing};
	const struct calls_conf conf = {.calls_max = calls_max,
	    .default_from = "anonymous",
	    .outbound_host = "192.0.2.1",
	    .time_limit_s = 14400};
	r->calls = calls_new(&conf, &ops);
}

static void open_server(struct api_rig *r)
{
	static const struct rest_account accounts[] = {{SID, TOKEN}, {SID2, TOKEN2}};
	char err[256] = "";
	const struct rest_env env = {
	    .calls = r->calls, .store = r->store, .bridge = r->bridge, .accounts = accounts, .n_accounts = 2};
	r->rest = rest_new(&env);
	const struct http_server_conf conf = {
	    .host = "127.0.0.1", .handler = rest_handle, .refuse = rest_refuse, .ctx = r->rest};
	r->server = http_server_new(r->loop, &conf, err);
	if (!r->server)
		fail_msg("%s", err);
}

void api_open(struct api_rig *r, uint32_t calls_max)
{
	char err[256] = "";
	memset(r, 0, sizeof *r);
	strcpy(r->dir, "/tmp/dialplane-rest-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->db, sizeof r->db, "%s/calls.db", r->dir);
	r->loop = loop_new(err);
	if (!r->loop)
		fail_msg("%s", err);
	r->store = store_open(r->loop, r->db, err);
	if (!r->store)
		fail_msg("%s", err);
	open_rings(r);
	open_calls(r, calls_max);
	open_server(r);
	r->deadline = (struct loop_timer){.fn = on_deadline, .ctx = r};
}

static void remove_files(const struct api_rig *r)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char path[128];
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		snprintf(path, sizeof path, "%s%s", r->db, ends[i]);
		unlink(path);
	}
	rmdir(r->dir);
}

void api_close(struct api_rig *r)
{
	rest_stop(r->rest);
	store_close(r->store);
	http_server_free(r->server);
	rest_free(r->rest);
	calls_free(r->calls);
	bridge_free(r->bridge);
	loop_free(r->loop);
	dp_ring_free(r->commands);
	dp_ring_free(r->events);
	remove_files(r);
}

struct asking {
	struct api_rig *rig;
	const char *user, *method, *body, *type;
	char url[2048];
	struct api_answer *answer;
	size_t body_len, headers_len;
	CURLcode rc;
};

static size_t collect(char **to, size_t *len, const char *data, size_t n)
{
	*to = mem_regrow(*to, *len + n + 1, 1);
	memcpy(*to + *len, data, n);
	*len += n;
	(*to)[*len] = '\0';
	return n;
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct asking *a = ctx;
	return collect(&a->answer->body, &a->body_len, data, size * n);
}

static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
	struct asking *a = ctx;
	return collect(&a->answer->headers, &a->headers_len, data, size * n);
}

static void set_up(CURL *c, struct asking *a, struct curl_slist *headers)
{
	curl_easy_setopt(c, CURLOPT_URL, a->url);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 15000L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, a);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	if (*a->user)
		curl_easy_setopt(c, CURLOPT_USERPWD, a->user);
	if (a->body)
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, a->body);
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, a->method);
}

static void *ask_thread(void *arg)
{
	struct asking *a = arg;
	char type[128];
	CURL *c = curl_easy_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	snprintf(type, sizeof type, "Content-Type: %s", a->type ? a->type : "");
	if (a->type)
		headers = curl_slist_append(headers, type);
	set_up(c, a, headers);
	a->rc = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &a->answer->status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(c);
	loop_stop(a->rig->loop);
	return NULL;
}

void api_ask_as(struct api_rig *r, struct api_answer *out, const char *user, const char *method,
    const char *path, const char *body, const char *type)
{
	struct asking a = {
	    .rig = r, .user = user, .method = method, .body = body, .type = type, .answer = out};
	pthread_t t;
	memset(out, 0, sizeof *out);
	snprintf(a.url, sizeof a.url, "http://127.0.0.1:%u%s", http_server_port(r->server), path);
	loop_timer_arm(r->loop, &r->deadline, loop_now_ns() + 20000000000ull);
	assert_int_equal(pthread_create(&t, NULL, ask_thread, &a), 0);
	assert_int_equal(loop_run(r->loop), 0);
	pthread_join(t, NULL);
	loop_timer_cancel(r->loop, &r->deadline);
	assert_false(r->timed_out);
	if (a.rc)
		fail_msg("%s %s: %s", method, path, curl_easy_strerror(a.rc));
	out->json = out->body ? json_loads(out->body, 0, NULL) : NULL;
}

void api_ask(
    struct api_rig *r, struct api_answer *out, const char *method, const char *path, const char *body)
{
	api_ask_as(r, out, SID ":" TOKEN, method, path, body, NULL);
}

void api_answer_fini(struct api_answer *a)
{
	free(a->body);
	free(a->headers);
	json_decref(a->json);
}

static void on_turned(void *ctx, struct loop_timer *t)
{
	loop_stop(ctx);
}

void api_turn(struct api_rig *r, unsigned ms)
{
	struct loop_timer t = {.fn = on_turned, .ctx = r->loop};
	loop_timer_arm(r->loop, &t, loop_now_ns() + ms * 1000000ull);
	assert_int_equal(loop_run(r->loop), 0);
	loop_timer_cancel(r->loop, &t);
}
