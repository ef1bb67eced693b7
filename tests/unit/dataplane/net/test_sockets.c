/* SPDX-License-Identifier: Apache-2.0 */
/* Streams by sockets of the kernel: the thread, the rings and the worker's end, on loopback against plain sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/api/stats.h"
#include "dataplane/net/stream_kernel.h"
#include "dataplane/offload/sockets.h"

#define OUT_MAX 1000000u

struct rig {
	struct dp_conf conf;
	struct dp_stats stats;
	struct sockets *t;
	struct stream *s;
	int wake;
	bool refuse; /* every connection */
	uint32_t accepted, opened, closed, id;
	enum stream_end why;
	uint32_t n;
	uint8_t got[300000];
};

static bool on_accepted(void *ctx, uint32_t id, const struct ip_sock *remote, uint16_t port, uint64_t now)
{
	struct rig *r = ctx;
	assert_int_equal(port, r->conf.sip_port);
	assert_int_equal(remote->a.b[0], 127);
	r->accepted++;
	r->id = id;
	return !r->refuse;
}

static void on_opened(void *ctx, uint32_t id, uint64_t now)
{
	struct rig *r = ctx;
	r->opened++;
}

static void on_bytes(void *ctx, uint32_t id, const uint8_t *p, uint32_t n, uint64_t now)
{
	struct rig *r = ctx;
	assert_true(r->n + n <= sizeof r->got);
	memcpy(r->got + r->n, p, n);
	r->n += n;
}

static void on_closed(void *ctx, uint32_t id, enum stream_end why, uint64_t now)
{
	struct rig *r = ctx;
	r->closed++;
	r->why = why;
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A socket that is bound, and its port. */
static int bound(uint16_t *port)
{
	struct sockaddr_in a = loopback(0);
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void fill(struct rig *r)
{
	memset(r, 0, sizeof *r);
	r->conf.workers = 1;
	r->conf.cores[0] = 0xffff;
	r->conf.tcp = DP_TCP_HOST;
	r->conf.conns_max = 16;
	r->conf.mtu = 1500;
	r->conf.ip = (struct ip_addr){4, {127, 0, 0, 1}};
	close(bound(&r->conf.sip_port));
	r->wake = eventfd(0, EFD_NONBLOCK);
}

static struct rig *open_rig(void)
{
	char err[256] = "";
	struct rig *r = malloc(sizeof *r);
	fill(r);
	r->t = sockets_start(&r->conf, &r->wake, err);
	if (!r->t)
		fail_msg("%s", err);
	assert_int_equal(stream_kernel_new(&r->s, sockets_rings(r->t, 0), OUT_MAX), 0);
	r->s->stats = &r->stats;
	r->s->user = (struct stream_user){r, on_accepted, on_opened, on_bytes, on_closed};
	return r;
}

static void close_rig(struct rig *r)
{
	stream_kernel_free(r->s);
	sockets_stop(r->t);
	close(r->wake);
	free(r);
}

static void turn(struct rig *r)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	if (r->s->ops->turn(r->s, 0) == 0)
		nanosleep(&ms, NULL);
}

#define UNTIL(r, what)                                                                                       \
	for (int i_ = 0; i_ < 3000 && !(what); i_++)                                                         \
		turn(r);                                                                                     \
	assert_true(what)

static int dial(struct rig *r)
{
	struct sockaddr_in a = loopback(r->conf.sip_port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

static uint32_t dial_out(struct rig *r, uint16_t port)
{
	struct ip_sock to = {.a = {4, {127, 0, 0, 1}}, .port = port};
	uint32_t id = r->s->ops->connect(r->s, &to, 0);
	assert_int_not_equal(id, STREAM_NONE);
	return id;
}

/* ---- tests */

static void who_connects_is_heard_and_answered(void **state)
{
	struct rig *r = open_rig();
	char back[8];
	int fd = dial(r);
	assert_int_equal(write(fd, "hello", 5), 5);
	UNTIL(r, r->n == 5);
	assert_memory_equal(r->got, "hello", 5);
	assert_true(r->s->ops->write(r->s, r->id, "world", 5, 0));
	turn(r);
	assert_int_equal(read(fd, back, sizeof back), 5);
	UNTIL(r, r->s->ops->unsent(r->s, r->id) == 0);
	close(fd);
	UNTIL(r, r->closed == 1);
	assert_int_equal(r->why, STREAM_END_FIN);
	close_rig(r);
}

static void what_is_written_before_the_connection_is_there_follows_it(void **state)
{
	struct rig *r = open_rig();
	uint16_t port;
	char got[16];
	int l = bound(&port);
	assert_int_equal(listen(l, 1), 0);
	uint32_t id = dial_out(r, port);
	assert_true(r->s->ops->write(r->s, id, "first", 5, 0));
	turn(r);
	int fd = accept(l, NULL, NULL);
	UNTIL(r, r->opened == 1);
	UNTIL(r, r->s->ops->unsent(r->s, id) == 0);
	assert_int_equal(read(fd, got, sizeof got), 5);
	r->s->ops->close(r->s, id, false, 0);
	UNTIL(r, r->closed == 1);
	assert_int_equal(r->why, STREAM_END_LOCAL);
	assert_int_equal(read(fd, got, sizeof got), 0);
	close(fd);
	close(l);
	close_rig(r);
}

static void a_refused_connect_is_told(void **state)
{
	struct rig *r = open_rig();
	uint16_t port;
	int fd = bound(&port); /* and nobody listens */
	uint32_t first = dial_out(r, port);
	UNTIL(r, r->closed == 1);
	assert_int_equal(r->why, STREAM_END_REFUSED);
	assert_int_equal(dial_out(r, port), first); /* its number is free again */
	UNTIL(r, r->closed == 2);
	close(fd);
	close_rig(r);
}

static void a_reset_is_told(void **state)
{
	const struct linger now = {.l_onoff = 1};
	struct rig *r = open_rig();
	int fd = dial(r);
	UNTIL(r, r->accepted == 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
	UNTIL(r, r->closed == 1);
	assert_int_equal(r->why, STREAM_END_RESET);
	close_rig(r);
}

static void many_bytes_keep_their_order(void **state)
{
	struct rig *r = open_rig();
	static uint8_t out[250000];
	for (uint32_t i = 0; i < sizeof out; i++)
		out[i] = (uint8_t)(i * 31 >> 3);
	int fd = dial(r);
	for (uint32_t at = 0; at < sizeof out;) {
		ssize_t n = send(fd, out + at, sizeof out - at, MSG_DONTWAIT);
		at += n > 0 ? (uint32_t)n : 0;
		turn(r);
	}
	UNTIL(r, r->n == sizeof out);
	assert_memory_equal(r->got, out, sizeof out);
	close(fd);
	UNTIL(r, r->closed == 1);
	close_rig(r);
}

static void a_far_side_that_does_not_read_fills_up_and_no_more(void **state)
{
	struct rig *r = open_rig();
	static uint8_t block[50000];
	int fd = dial(r);
	UNTIL(r, r->accepted == 1);
	uint32_t written = 0;
	for (int i = 0; i < 400; i++) {
		written += r->s->ops->write(r->s, r->id, block, sizeof block, 0) ? sizeof block : 0;
		turn(r);
	}
	assert_true(written < 20000000);
	assert_false(r->s->ops->write(r->s, r->id, block, sizeof block, 0));
	assert_true(r->s->ops->unsent(r->s, r->id) <= OUT_MAX);
	r->s->ops->close(r->s, r->id, true, 0);
	UNTIL(r, r->closed == 1);
	close(fd);
	close_rig(r);
}

static void what_waits_leaves_before_the_end(void **state)
{
	struct rig *r = open_rig();
	static uint8_t block[400000], got[500000];
	uint32_t n = 0;
	int fd = dial(r);
	UNTIL(r, r->accepted == 1);
	assert_true(r->s->ops->write(r->s, r->id, block, sizeof block, 0));
	r->s->ops->close(r->s, r->id, false, 0);
	turn(r);
	for (ssize_t k; (k = read(fd, got + n, sizeof got - n)) > 0;)
		n += (uint32_t)k;
	assert_int_equal(n, sizeof block);
	UNTIL(r, r->closed == 1);
	close(fd);
	close_rig(r);
}

static void who_is_refused_is_closed_and_its_number_comes_again(void **state)
{
	struct rig *r = open_rig();
	char c;
	r->refuse = true;
	for (uint32_t i = 1; i <= 200; i++) { /* more than there are numbers */
		int fd = dial(r);
		UNTIL(r, r->accepted == i);
		turn(r);
		assert_true(read(fd, &c, 1) <= 0);
		close(fd);
	}
	assert_int_equal(r->closed, 0);
	close_rig(r);
}

static void numbers_run_out_and_come_back(void **state)
{
	struct rig *r = open_rig();
	uint16_t port;
	int l = bound(&port), fds[64];
	uint32_t n = 0;
	assert_int_equal(listen(l, 64), 0);
	struct ip_sock to = {.a = {4, {127, 0, 0, 1}}, .port = port};
	uint32_t ids[64], id;
	while (n < 64 && (id = r->s->ops->connect(r->s, &to, 0)) != STREAM_NONE) {
		ids[n++] = id;
		turn(r);
	}
	assert_int_equal(n, r->s->size / 2);
	UNTIL(r, r->opened == n);
	for (uint32_t i = 0; i < n; i++)
		fds[i] = accept(l, NULL, NULL);
	r->s->ops->close(r->s, ids[7], true, 0);
	UNTIL(r, r->closed == 1);
	assert_int_equal(dial_out(r, port), ids[7]);
	for (uint32_t i = 0; i < n; i++)
		close(fds[i]);
	close(l);
	close_rig(r);
}

static void a_port_that_is_taken_is_named(void **state)
{
	struct rig r;
	char err[256] = "";
	fill(&r);
	int fd = bound(&r.conf.sip_port);
	assert_int_equal(listen(fd, 1), 0);
	assert_null(sockets_start(&r.conf, &r.wake, err));
	char port[16];
	snprintf(port, sizeof port, "%u", r.conf.sip_port);
	assert_non_null(strstr(err, port));
	close(fd);
	close(r.wake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_connects_is_heard_and_answered),
	    cmocka_unit_test(what_is_written_before_the_connection_is_there_follows_it),
	    cmocka_unit_test(a_refused_connect_is_told),
	    cmocka_unit_test(a_reset_is_told),
	    cmocka_unit_test(many_bytes_keep_their_order),
	    cmocka_unit_test(a_far_side_that_does_not_read_fills_up_and_no_more),
	    cmocka_unit_test(what_waits_leaves_before_the_end),
	    cmocka_unit_test(who_is_refused_is_closed_and_its_number_comes_again),
	    cmocka_unit_test(numbers_run_out_and_come_back),
	    cmocka_unit_test(a_port_that_is_taken_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
