/* SPDX-License-Identifier: Apache-2.0 */
/* An application on loopback for tests, well and ill behaved by path. One thread per connection; a connection is
 * kept open as HTTP/1.1 says. */
#ifndef TEST_FAKE_HTTP_H
#define TEST_FAKE_HTTP_H

#include "tests/unit/control/infra/infra.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct fake_http {
	int fd;
	uint16_t port;
	pthread_t thread;
	unsigned connections, requests, flaky, now, most; /* at one time */
	bool stop;
};

struct fake_conn {
	struct fake_http *server;
	int fd;
	unsigned served;
};

static inline void fake_sleep(unsigned ms)
{
	struct timespec t = {ms / 1000, (ms % 1000) * 1000000};
	nanosleep(&t, NULL);
}

static inline bool fake_send(int fd, const char *s, size_t n)
{
	while (n) {
		ssize_t k = send(fd, s, n, MSG_NOSIGNAL);
		if (k <= 0)
			return false;
		s += k;
		n -= (size_t)k;
	}
	return true;
}

static inline bool fake_reply(int fd, const char *status, const char *headers, const char *body, size_t len)
{
	char head[1024];
	int n = snprintf(head, sizeof head,
	    "HTTP/1.1 %s\r\nContent-Type: text/xml\r\nContent-Length: %zu\r\n%s\r\n", status, len, headers);
	return fake_send(fd, head, (size_t)n) && fake_send(fd, body, len);
}

static inline bool fake_flood(int fd, const char *start, const char *piece, unsigned pieces)
{
	bool ok = fake_send(fd, start, strlen(start));
	for (unsigned i = 0; ok && i < pieces; i++)
		ok = fake_send(fd, piece, strlen(piece));
	return ok;
}

static inline bool fake_redirect(int fd, const char *status, const char *to)
{
	char h[512];
	snprintf(h, sizeof h, "Location: %s\r\n", to);
	return fake_reply(fd, status, h, "moved", 5);
}

static const char fake_zipped[] =
    "\037\213\010\000\000\000\000\000\002\003\263\011\112\055\056\310\317\053\116\325\267\003\000\055"
    "\353\036\027\013\000\000\000";

/* gzip of 2,000,000 blanks. */
static const char fake_bomb[] =
    "\037\213\010\000\000\000\000\000\002\003\355\301\101\011\000\040\014\000\300\052\066\260\200\054"
    "\204\035\366\125\141\375\141\101\274\273\265\263\336\075\225\063\006\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\360\235\006\151\102\077\370\213\204\036\000";

static const struct {
	const char *path, *status, *to;
} fake_moved[] = {
    {"/loop", "302 Found", "/loop"},
    {"/302", "302 Found", "echo?moved=1#frag"},
    {"/307", "307 Same", "/echo"},
    {"/to-private", "302 Found", "http://10.1.2.3/x"},
    {"/to-mapped", "302 Found", "http://[::ffff:10.1.2.3]/x"},
    {"/to-nat64", "308 Same", "http://[64:ff9b::10.1.2.3]/x"},
    {"/to-6to4", "303 Other", "http://[2002:a01:203::1]/x"},
    {"/to-inside", "302 Found", "http://inside.test/x"},
    {"/to-decimal", "302 Found", "http://167837955/x"}, /* 10.1.1.3 for some */
    {"/to-file", "302 Found", "file:///etc/passwd"},
};

static inline bool fake_cacheable(int fd, const char *path, const char *request, size_t len)
{
	if (strcmp(path, "/tagged") == 0) /* good at once, then asked about */
		return strstr(request, "\r\nIf-None-Match: \"v1\"\r\n")
		           ? fake_reply(fd, "304 Not Modified", "ETag: \"v1\"\r\n", "", 0)
		           : fake_reply(fd, "200 OK", "ETag: \"v1\"\r\n", "tagged", 6);
	if (strcmp(path, "/dated") == 0)
		return strstr(request, "\r\nIf-Modified-Since: Tue, 31 Aug 2010 20:36:28 GMT\r\n")
		           ? fake_reply(fd, "304 Not Modified", "Cache-Control: max-age=60\r\n", "", 0)
		           : fake_reply(fd, "200 OK", "Last-Modified: Tue, 31 Aug 2010 20:36:28 GMT\r\n",
		                 "dated", 5);
	if (strncmp(path, "/lasting", 8) == 0)
		return fake_reply(fd, "200 OK", "cache-control: private, max-age=60\r\n", request, len);
	return fake_reply(
	    fd, "200 OK", "Cache-Control: max-age=60, no-store\r\nETag: \"v1\"\r\n", "secret", 6);
}

/* false: close the connection. request: the whole of it, to be echoed. */
static inline bool fake_route(struct fake_conn *c, const char *path, const char *request, size_t len)
{
	static const char kb[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	                         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char to[128];
	int fd = c->fd;
	if (strcmp(path, "/echo") == 0 || strncmp(path, "/echo?", 6) == 0)
		return fake_reply(fd, "200 OK", "", request, len);
	if (strcmp(path, "/slow") == 0)
		return fake_sleep(50), fake_reply(fd, "200 OK", "", "slow", 4);
	if (strcmp(path, "/500") == 0)
		return fake_reply(fd, "500 Oops", "", "broken", 6);
	if (strcmp(path, "/empty") == 0)
		return fake_reply(fd, "204 None", "", "", 0);
	if (strcmp(path, "/gzip") == 0)
		return fake_reply(fd, "200 OK", "Content-Encoding: gzip\r\n", "\x1f\x8b not really", 13);
	if (strcmp(path, "/zipped") == 0)
		return fake_reply(
		    fd, "200 OK", "Content-Encoding: gzip\r\n", fake_zipped, sizeof fake_zipped - 1);
	if (strcmp(path, "/bomb") == 0) /* 2 MB of blanks */
		return fake_reply(
		    fd, "200 OK", "Content-Encoding: gzip\r\n", fake_bomb, sizeof fake_bomb - 1);
	if (strcmp(path, "/tagged") == 0 || strcmp(path, "/dated") == 0 || strcmp(path, "/secret") == 0 ||
	    strncmp(path, "/lasting", 8) == 0)
		return fake_cacheable(fd, path, request, len);
	if (strcmp(path, "/cookie") == 0)
		return fake_reply(fd, "200 OK", "Set-Cookie: one=1; Path=/\r\n", request, len);
	if (strcmp(path, "/flaky") == 0) /* 500 four times, then 200 */
		return fake_reply(fd, c->server->flaky++ % 5 < 4 ? "500 Oops" : "200 OK", "", request, len);
	if (strcmp(path, "/stale") == 0) /* a connection that was used before is reset */
		return c->served == 1 && fake_reply(fd, "200 OK", "", "fresh", 5);
	for (size_t i = 0; i < sizeof fake_moved / sizeof *fake_moved; i++)
		if (strcmp(path, fake_moved[i].path) == 0)
			return fake_redirect(fd, fake_moved[i].status, fake_moved[i].to);
	if (strcmp(path, "/to-name") == 0) {
		snprintf(to, sizeof to, "http://local.test:%u/echo", c->server->port);
		return fake_redirect(fd, "301 Moved", to);
	}
	if (strcmp(path, "/big") == 0)
		return fake_flood(
		    fd, "HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n", kb, 10485760 / 128);
	if (strcmp(path, "/endless") == 0)
		return fake_flood(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", kb, 1000000), false;
	if (strcmp(path, "/headers") == 0)
		return fake_flood(fd, "HTTP/1.1 200 OK\r\n", "X-Filler: 0123456789abcdef0123456789abcdef\r\n",
		           100000),
		       false;
	if (strcmp(path, "/64k") == 0)
		return fake_flood(fd, "HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n", kb, 65536 / 128);
	if (strcmp(path, "/garbage") == 0)
		return fake_send(fd, "SSH-2.0-hello\r\n\r\n", 17), false;
	if (strcmp(path, "/short") == 0)
		return fake_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", 42), false;
	if (strcmp(path, "/close") == 0)
		return false;
	if (strcmp(path, "/trickle") == 0) {
		bool ok = fake_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", 41);
		for (int i = 0; ok && i < 1000 && !c->server->stop; i++)
			fake_sleep(20), ok = fake_send(fd, "x", 1);
		return ok;
	}
	if (strcmp(path, "/hang") == 0) {
		char b;
		return recv(fd, &b, 1, 0) > 0;
	}
	return fake_reply(fd, "404 No", "", "", 0);
}

/* Bytes of one whole request at the start of in, or 0. */
static inline size_t fake_whole(char *in, size_t n)
{
	in[n] = 0;
	char *end = strstr(in, "\r\n\r\n"), *length = strcasestr(in, "\r\nContent-Length:");
	if (!end)
		return 0;
	size_t want = (size_t)(end - in) + 4 + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
	return want <= n ? want : 0;
}

static inline void *fake_http_talk(void *ctx)
{
	struct fake_conn *c = ctx;
	static _Thread_local char in[131072];
	size_t n = 0, whole;
	unsigned now = __atomic_add_fetch(&c->server->now, 1, __ATOMIC_SEQ_CST);
	if (now > c->server->most)
		c->server->most = now;
	for (bool on = true; on;) {
		while (!(whole = fake_whole(in, n))) {
			ssize_t k = recv(c->fd, in + n, sizeof in - 1 - n, 0);
			if (k <= 0)
				goto out;
			n += (size_t)k;
		}
		char path[512];
		c->served++;
		__atomic_add_fetch(&c->server->requests, 1, __ATOMIC_RELAXED);
		on = sscanf(in, "%*s %511s", path) == 1 && fake_route(c, path, in, whole);
		memmove(in, in + whole, n - whole);
		n -= whole;
	}
out:
	__atomic_sub_fetch(&c->server->now, 1, __ATOMIC_SEQ_CST);
	close(c->fd);
	free(c);
	return NULL;
}

static inline void *fake_http_serve(void *ctx)
{
	struct fake_http *s = ctx;
	for (;;) {
		int fd = accept(s->fd, NULL, NULL);
		if (fd < 0)
			return NULL;
		s->connections++;
		struct fake_conn *c = malloc(sizeof *c);
		*c = (struct fake_conn){.server = s, .fd = fd};
		pthread_t t;
		if (pthread_create(&t, NULL, fake_http_talk, c) == 0)
			pthread_detach(t);
	}
}

static inline void fake_http_start(struct fake_http *s)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t sl = sizeof sa;
	memset(s, 0, sizeof *s);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&sa, sl), 0);
	assert_int_equal(listen(s->fd, 128), 0);
	getsockname(s->fd, (struct sockaddr *)&sa, &sl);
	s->port = ntohs(sa.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, fake_http_serve, s), 0);
}

/* The client must have closed its connections. */
static inline void fake_http_stop(struct fake_http *s)
{
	s->stop = true;
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	for (int i = 0; i < 300 && __atomic_load_n(&s->now, __ATOMIC_SEQ_CST); i++)
		fake_sleep(10);
	fake_sleep(20);
}

#endif
