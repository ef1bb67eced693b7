/* SPDX-License-Identifier: Apache-2.0 */
/* The listener on a real loopback socket, asked by a thread that writes bytes as it likes. */
#include "control/http_server.h"
#include "control/mem.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/nothing.h"

#define MARGIN_NS 20000000000ull

struct rig {
	struct loop *loop;
	struct http_server *server;
	pthread_t thread;
	struct loop_timer deadline, later;
	bool timed_out;
	uint32_t handled, refused;
	struct http_exchange *held;
	size_t seen_body;
	char seen_path[64], seen_query[64], seen_header[64], seen_peer[64];
	uint64_t delay_ns;
	/* the client's */
	const char *const *parts; /* sent one after the other, with a pause between */
	char *big;
	char answer[65536];
	size_t answer_len;
};

static void reply_ok(struct http_exchange *x)
{
	struct http_reply r = {
	    .status = 200, .content_type = "text/plain", .body = mem_dup("fine"), .body_len = 4};
	r.headers[0] = (struct http_header){"X-Test", "yes"};
	http_exchange_reply(x, &r);
}

static void on_later(void *ctx, struct loop_timer *t)
{
	struct rig *r = ctx;
	(void)t;
	reply_ok(r->held);
}

static void note(char out[64], const char *s)
{
	snprintf(out, 64, "%s", s ? s : "(none)");
}

static void handle(void *ctx, struct http_exchange *x)
{
	struct rig *r = ctx;
	r->handled++;
	r->seen_body = x->body_len;
	note(r->seen_path, x->path);
	note(r->seen_query, x->query);
	http_exchange_peer(x, r->seen_peer);
	note(r->seen_header, http_exchange_header(x, "x-asked"));
	if (!r->delay_ns) {
		reply_ok(x);
		return;
	}
	r->held = x;
	loop_timer_arm(r->loop, &r->later, loop_now_ns() + r->delay_ns);
}

static void refuse(
    void *ctx, const struct http_exchange *x, int status, const char *why, struct http_reply *reply)
{
	struct rig *r = ctx;
	(void)status;
	assert_non_null(x->path);
	r->refused++;
	reply->body = mem_dup(why);
	reply->body_len = strlen(why);
}

static void on_deadline(void *ctx, struct loop_timer *t)
{
	struct rig *r = ctx;
	(void)t;
	r->timed_out = true;
	loop_stop(r->loop);
}

static int dial(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct timeval limit = {.tv_sec = 15};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	return connect(fd, (struct sockaddr *)&a, sizeof a) ? -1 : fd;
}

/* Sends everything and reads until the server closes the connection. */
static void *client(void *arg)
{
	struct rig *r = arg;
	int fd = dial(http_server_port(r->server));
	for (size_t i = 0; fd >= 0 && r->parts[i]; i++) {
		if (i)
			usleep(30000);
		if (send(fd, r->parts[i], strlen(r->parts[i]), MSG_NOSIGNAL) < 0)
			break;
	}
	for (ssize_t n = 1; fd >= 0 && n > 0 && r->answer_len < sizeof r->answer - 1;) {
		n = recv(fd, r->answer + r->answer_len, sizeof r->answer - 1 - r->answer_len, 0);
		r->answer_len += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	loop_stop(r->loop);
	return NULL;
}

static struct rig *rig_open(uint32_t idle_s)
{
	char err[256] = "";
	struct rig *r = calloc(1, sizeof *r);
	r->loop = loop_new(err);
	struct http_server_conf c = {
	    .host = "127.0.0.1", .idle_s = idle_s, .handler = handle, .refuse = refuse, .ctx = r};
	r->server = r->loop ? http_server_new(r->loop, &c, err) : NULL;
	if (!r->server)
		fail_msg("%s", err);
	r->deadline = (struct loop_timer){.fn = on_deadline, .ctx = r};
	r->later = (struct loop_timer){.fn = on_later, .ctx = r};
	return r;
}

static void rig_run(struct rig *r, const char *const *parts)
{
	r->parts = parts;
	r->answer_len = 0;
	memset(r->answer, 0, sizeof r->answer);
	loop_timer_arm(r->loop, &r->deadline, loop_now_ns() + MARGIN_NS);
	assert_int_equal(pthread_create(&r->thread, NULL, client, r), 0);
	assert_int_equal(loop_run(r->loop), 0);
	pthread_join(r->thread, NULL);
	loop_timer_cancel(r->loop, &r->deadline);
	assert_false(r->timed_out);
}

static void rig_close(struct rig *r)
{
	http_server_free(r->server);
	loop_free(r->loop);
	free(r->big);
	free(r);
}

static void assert_status(const struct rig *r, const char *status)
{
	if (strncmp(r->answer, "HTTP/1.1 ", 9) || strncmp(r->answer + 9, status, 3))
		fail_msg("wanted %s, got %.60s", status, r->answer);
}

#define CLOSE "Host: x\r\nConnection: close\r\n"

static void a_request_reaches_the_handler_raw_and_whole(void **state)
{
	(void)state;
	static const char *const parts[] = {"POST /a%20b/c?d=%zz HTTP/1.1\r\n" CLOSE "X-As",
	    "ked: yes\r\nContent-Length: 10\r\n\r\n12345", "67890", NULL};
	struct rig *r = rig_open(0);
	rig_run(r, parts);
	assert_status(r, "200");
	assert_string_equal(r->seen_path, "/a%20b/c");
	assert_string_equal(r->seen_query, "d=%zz");
	assert_string_equal(r->seen_header, "yes");
	assert_string_equal(r->seen_peer, "127.0.0.1");
	assert_int_equal(r->seen_body, 10);
	assert_non_null(strstr(r->answer, "X-Test: yes\r\n"));
	assert_non_null(strstr(r->answer, "\r\n\r\nfine"));
	rig_close(r);
}

static void chunked_bodies_are_put_together(void **state)
{
	(void)state;
	static const char *const parts[] = {"POST / HTTP/1.1\r\n" CLOSE
	                                    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
	    "2\r\nde\r\n0\r\n\r\n", NULL};
	struct rig *r = rig_open(0);
	rig_run(r, parts);
	assert_status(r, "200");
	assert_int_equal(r->seen_body, 5);
	rig_close(r);
}

static void a_late_answer_finds_its_connection(void **state)
{
	(void)state;
	static const char *const parts[] = {"GET /slow HTTP/1.1\r\n" CLOSE "\r\n", NULL};
	struct rig *r = rig_open(0);
	r->delay_ns = 150000000;
	uint64_t before = loop_now_ns();
	rig_run(r, parts);
	assert_status(r, "200");
	assert_true(loop_now_ns() - before >= r->delay_ns);
	rig_close(r);
}

static void requests_on_one_connection_are_answered_in_turn(void **state)
{
	(void)state;
	static const char *const parts[] = {
	    "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1\r\n" CLOSE
	    "\r\n",
	    NULL};
	struct rig *r = rig_open(0);
	r->delay_ns = 20000000;
	rig_run(r, parts);
	assert_int_equal(r->handled, 3);
	assert_string_equal(r->seen_path, "/3");
	rig_close(r);
}

/* A status line for each, and the handler never asked. */
static void refused(const char *request, const char *status)
{
	const char *const parts[] = {request, NULL};
	struct rig *r = rig_open(0);
	rig_run(r, parts);
	assert_status(r, status);
	assert_int_equal(r->handled, 0);
	rig_close(r);
}

static void rfc9112_6_3_ambiguous_framing_is_refused(void **state)
{
	(void)state;
	refused("POST / HTTP/1.1\r\n" CLOSE
	        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    "400");
	refused("POST / HTTP/1.1\r\n" CLOSE "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400");
	refused("POST / HTTP/1.1\r\n" CLOSE "Content-Length: 4x\r\n\r\nabcd", "400");
	refused("POST / HTTP/1.1\r\n" CLOSE "Content-Length: -4\r\n\r\nabcd", "400");
	refused("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "400");
	refused("GET / HTTP/1.1\r\n" CLOSE "Host: y\r\n\r\n", "400");
	refused("POST / HTTP/1.1\r\n" CLOSE "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400");
	refused("POST / HTTP/1.1\r\n" CLOSE "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "400");
	refused("POST / HTTP/1.0\r\n" CLOSE "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400");
	refused("POST / HTTP/1.1\r\n" CLOSE "Content-Length: +4\r\n\r\nabcd", "400");
	refused("POST / HTTP/1.1\r\n" CLOSE "Content-Length: 4, 4\r\n\r\nabcd", "400");
}

static void rfc9112_2_2_a_line_that_ends_in_a_bare_lf_is_refused(void **state)
{
	(void)state;
	refused("GET / HTTP/1.1\nHost: x\nConnection: close\n\n", "400");
	refused("GET / HTTP/1.1\n" CLOSE "\r\n", "400");
	refused("GET / HTTP/1.1\r\nHost: x\nConnection: close\r\n\r\n", "400");
	refused("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\n\r\n", "400");
	refused("GET / HTTP/1.1\r\n" CLOSE "\n", "400");
	refused("GET / HTTP/1.1\r\n" CLOSE "X-A: b\rc\r\n\r\n", "400");
}

static void rfc9112_5_2_a_folded_header_is_refused(void **state)
{
	(void)state;
	refused("GET / HTTP/1.1\r\n" CLOSE "X-A: b\r\n c\r\n\r\n", "400");
	refused("GET / HTTP/1.1\r\n" CLOSE "X-A: b\r\n\tc\r\nX-B: d\r\n\r\n", "400");
	refused("POST / HTTP/1.1\r\n" CLOSE "Content-Length:\r\n 4\r\n\r\nabcd", "400");
	refused("GET / HTTP/1.1\r\n X-A: b\r\n" CLOSE "\r\n", "400");
}

static void rfc9112_5_1_a_blank_before_the_colon_is_refused(void **state)
{
	(void)state;
	refused("GET / HTTP/1.1\r\n" CLOSE "X-A : b\r\n\r\n", "400");
	refused("POST / HTTP/1.1\r\n" CLOSE "Content-Length : 4\r\n\r\nabcd", "400");
	refused("GET / HTTP/1.1\r\n" CLOSE "X(A): b\r\n\r\n", "400");
}

/* All of what a client may write, on one connection: nothing of it is taken for another line end. */
static void heads_in_every_legal_form_are_taken(void **state)
{
	(void)state;
	static const char *const parts[] = {
	    "GET /?a=1&b=%20 HTTP/1.1\r\nHost: x\r\n\r\n"
	    "GET /1 HTTP/1.1\r\nHost:x\r\nX-A:\r\nX-B:   \r\nX-C: d  \t\r\n\r\n"
	    "POST /2 HTTP/1.1\r\nHOST: x\r\nContent-Length:  3\r\nCookie: a=b; c=d\r\n\r\nabc"
	    "\r\nPOST /3 HTTP/1.1\r\nHost: x\r\ntransfer-encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: "
	    "u\r\n\r\n"
	    "GET /4 HTT",
	    "P/1.1\r\nHost: x\r", "\nX-Utf8: \303\251\r\n", "Connection: close\r\n\r\n", NULL};
	struct rig *r = rig_open(0);
	rig_run(r, parts);
	assert_int_equal(r->handled, 5);
	assert_int_equal(r->refused, 0);
	assert_string_equal(r->seen_path, "/4");
	rig_close(r);
}

static FILE *open_vector(const char *name)
{
	char path[512];
	const char *root = getenv("DIALPLANE_VECTORS");
	snprintf(
	    path, sizeof path, "%s/http-messages/%s", root ? root : SOURCE_ROOT "/../shared/vectors", name);
	return fopen(path, "rb");
}

static char *read_vector(const char *name, size_t *n)
{
	FILE *f = open_vector(name);
	char *text = calloc(1, 70000);
	assert_non_null(f);
	*n = fread(text, 1, 65000, f);
	fclose(f);
	return text;
}

/* What a strict parser of others refuses is never handed to the handler here; but for methods, which are the handler's. */
static void requests_that_others_refuse_are_refused(void **state)
{
	(void)state;
	char line[512], name[256], kind[32], verdict[32];
	unsigned n = 0;
	FILE *f = open_vector("llhttp_verdicts.csv");
	if (!f)
		NOTHING_TO_CHECK("no http-messages among the vectors");
	while (fgets(line, sizeof line, f)) {
		if (sscanf(line, "%255[^,],%31[^,],%31[^,]", name, kind, verdict) != 3 ||
		    strcmp(kind, "request") != 0 || strcmp(verdict, "reject") != 0 ||
		    strstr(line, "Invalid method"))
			continue;
		size_t len;
		char *text = read_vector(name, &len);
		/* Good requests may stand in front of the bad one: the last of all must not be answered well. */
		const char *const parts[] = {text, NULL};
		struct rig *r = rig_open(1);
		rig_run(r, parts);
		const char *last = r->answer, *next;
		while ((next = strstr(last + 1, "HTTP/1.1 ")))
			last = next;
		if (strncmp(last, "HTTP/1.1 200", 12) == 0)
			fail_msg("%s: the last answer is %.40s", name, last);
		rig_close(r);
		free(text);
		n++;
	}
	fclose(f);
	print_message("# %u requests\n", n);
	assert_true(n > 15);
}

static char *filled(const char *head, char with, size_t n, const char *tail)
{
	size_t len = strlen(head);
	char *s = mem_zalloc(len + n + strlen(tail) + 1);
	memcpy(s, head, len);
	memset(s + len, with, n);
	strcpy(s + len + n, tail);
	return s;
}

static void what_is_too_large_is_refused(void **state)
{
	(void)state;
	char *s = filled("GET /", 'a', HTTP_SERVER_URI_MAX, " HTTP/1.1\r\n" CLOSE "\r\n");
	refused(s, "414");
	free(s);
	refused("POST / HTTP/1.1\r\n" CLOSE "Content-Length: 65537\r\n\r\n", "413");
	refused("POST / HTTP/1.1\r\n" CLOSE "Content-Length: 99999999999999999999999\r\n\r\n", "413");
	s = filled("POST / HTTP/1.1\r\n" CLOSE "Transfer-Encoding: chunked\r\n\r\n10001\r\n", 'a', 65537,
	    "\r\n0\r\n\r\n");
	refused(s, "413");
	free(s);
}

static void a_body_of_the_largest_size_is_taken(void **state)
{
	(void)state;
	char *s = filled("POST / HTTP/1.1\r\n" CLOSE "Content-Length: 65536\r\n\r\n", 'a', 65536, "");
	const char *const parts[] = {s, NULL};
	struct rig *r = rig_open(0);
	rig_run(r, parts);
	assert_status(r, "200");
	assert_int_equal(r->seen_body, 65536);
	rig_close(r);
	free(s);
}

static void a_silent_connection_is_closed(void **state)
{
	(void)state;
	static const char *const parts[] = {"GET / HTTP/1.1\r\nHost:", NULL};
	struct rig *r = rig_open(1);
	uint64_t before = loop_now_ns();
	rig_run(r, parts);
	assert_true(loop_now_ns() - before < 10000000000ull);
	assert_int_equal(r->handled, 0);
	rig_close(r);
}

/* The client goes away while the handler thinks: the late answer goes nowhere, and nothing breaks. */
static void *impatient(void *arg)
{
	struct rig *r = arg;
	int fd = dial(http_server_port(r->server));
	static const char get[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	ssize_t n = send(fd, get, sizeof get - 1, MSG_NOSIGNAL);
	(void)n;
	usleep(50000);
	close(fd);
	usleep(300000);
	loop_stop(r->loop);
	return NULL;
}

static void a_client_that_left_does_no_harm(void **state)
{
	(void)state;
	struct rig *r = rig_open(0);
	r->delay_ns = 150000000;
	loop_timer_arm(r->loop, &r->deadline, loop_now_ns() + MARGIN_NS);
	assert_int_equal(pthread_create(&r->thread, NULL, impatient, r), 0);
	assert_int_equal(loop_run(r->loop), 0);
	pthread_join(r->thread, NULL);
	assert_int_equal(r->handled, 1);
	assert_int_equal(http_server_connections(r->server), 0);
	loop_timer_cancel(r->loop, &r->deadline);
	rig_close(r);
}

static void an_unanswered_exchange_is_freed_with_the_server(void **state)
{
	(void)state;
	struct rig *r = rig_open(0);
	r->delay_ns = 60000000000ull;
	assert_int_equal(pthread_create(&r->thread, NULL, impatient, r), 0);
	assert_int_equal(loop_run(r->loop), 0);
	pthread_join(r->thread, NULL);
	assert_int_equal(r->handled, 1);
	loop_timer_cancel(r->loop, &r->later);
	rig_close(r);
}

/* Clients on their own threads, one connection each, many requests on it. */
#define CLIENTS  24
#define REQUESTS 40

struct crowd {
	struct rig *rig;
	unsigned answered, left;
};

static bool ask_once(int fd)
{
	static const char get[] = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";
	char got[1024];
	size_t n = 0;
	if (send(fd, get, sizeof get - 1, MSG_NOSIGNAL) != sizeof get - 1)
		return false;
	while (n < 4 || memcmp(got + n - 4, "fine", 4)) {
		ssize_t k = recv(fd, got + n, sizeof got - n, 0);
		if (k <= 0)
			return false;
		n += (size_t)k;
	}
	return true;
}

static void *crowd_client(void *arg)
{
	struct crowd *c = arg;
	int fd = dial(http_server_port(c->rig->server));
	for (int i = 0; fd >= 0 && i < REQUESTS; i++)
		if (ask_once(fd))
			__atomic_add_fetch(&c->answered, 1, __ATOMIC_RELAXED);
	if (fd >= 0)
		close(fd);
	if (__atomic_sub_fetch(&c->left, 1, __ATOMIC_ACQ_REL) == 0)
		loop_stop(c->rig->loop);
	return NULL;
}

static void many_clients_at_once_are_all_answered(void **state)
{
	(void)state;
	pthread_t t[CLIENTS];
	struct rig *r = rig_open(0);
	struct crowd c = {.rig = r, .left = CLIENTS};
	loop_timer_arm(r->loop, &r->deadline, loop_now_ns() + MARGIN_NS);
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, crowd_client, &c), 0);
	assert_int_equal(loop_run(r->loop), 0);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(t[i], NULL);
	assert_false(r->timed_out);
	assert_int_equal(c.answered, CLIENTS * REQUESTS);
	loop_timer_cancel(r->loop, &r->deadline);
	rig_close(r);
}

/* Two connections are held; what a third gets to read, in *arg's answered: 1 when it was served. */
static void *greedy(void *arg)
{
	struct crowd *c = arg;
	uint16_t port = http_server_port(c->rig->server);
	int a = dial(port), b = dial(port);
	bool both = ask_once(a) && ask_once(b);
	int third = dial(port);
	c->answered = (both ? 10 : 0) + (ask_once(third) ? 1 : 0);
	close(third);
	close(b);
	usleep(100000);
	int fourth = dial(port);
	c->answered += ask_once(fourth) ? 100 : 0;
	close(fourth);
	close(a);
	loop_stop(c->rig->loop);
	return NULL;
}

static void one_address_gets_so_many_connections(void **state)
{
	(void)state;
	char err[256];
	pthread_t t;
	struct rig *r = rig_open(0);
	struct crowd c = {.rig = r};
	http_server_free(r->server);
	const struct http_server_conf conf = {
	    .host = "127.0.0.1", .per_ip_max = 2, .handler = handle, .refuse = refuse, .ctx = r};
	r->server = http_server_new(r->loop, &conf, err);
	assert_non_null(r->server);
	loop_timer_arm(r->loop, &r->deadline, loop_now_ns() + MARGIN_NS);
	assert_int_equal(pthread_create(&t, NULL, greedy, &c), 0);
	assert_int_equal(loop_run(r->loop), 0);
	pthread_join(t, NULL);
	assert_int_equal(c.answered, 110);
	loop_timer_cancel(r->loop, &r->deadline);
	rig_close(r);
}

static void a_port_that_is_taken_is_said(void **state)
{
	(void)state;
	char err[256] = "";
	struct rig *r = rig_open(0);
	struct http_server_conf c = {.host = "127.0.0.1",
	    .port = http_server_port(r->server),
	    .handler = handle,
	    .refuse = refuse,
	    .ctx = r};
	assert_null(http_server_new(r->loop, &c, err));
	assert_non_null(strstr(err, "Address already in use"));
	c.host = "not-an-address";
	assert_null(http_server_new(r->loop, &c, err));
	assert_non_null(strstr(err, "not-an-address"));
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_reaches_the_handler_raw_and_whole),
	    cmocka_unit_test(chunked_bodies_are_put_together),
	    cmocka_unit_test(a_late_answer_finds_its_connection),
	    cmocka_unit_test(requests_on_one_connection_are_answered_in_turn),
	    cmocka_unit_test(rfc9112_6_3_ambiguous_framing_is_refused),
	    cmocka_unit_test(rfc9112_2_2_a_line_that_ends_in_a_bare_lf_is_refused),
	    cmocka_unit_test(rfc9112_5_2_a_folded_header_is_refused),
	    cmocka_unit_test(rfc9112_5_1_a_blank_before_the_colon_is_refused),
	    cmocka_unit_test(heads_in_every_legal_form_are_taken),
	    cmocka_unit_test(requests_that_others_refuse_are_refused),
	    cmocka_unit_test(what_is_too_large_is_refused),
	    cmocka_unit_test(a_body_of_the_largest_size_is_taken),
	    cmocka_unit_test(a_silent_connection_is_closed),
	    cmocka_unit_test(a_client_that_left_does_no_harm),
	    cmocka_unit_test(an_unanswered_exchange_is_freed_with_the_server),
	    cmocka_unit_test(many_clients_at_once_are_all_answered),
	    cmocka_unit_test(one_address_gets_so_many_connections),
	    cmocka_unit_test(a_port_that_is_taken_is_said),
	};
	return cmocka_run_group_tests_name("http_server", tests, NULL, NULL);
}
