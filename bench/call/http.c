/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/call/http.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

uint64_t http_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

int http_fill(struct http_conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->len, HTTP_IN_MAX - 1 - c->len, 0);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return -1;
	c->len += (uint32_t)n;
	c->in[c->len] = 0;
	return c->len == HTTP_IN_MAX - 1 ? -1 : 0;
}

static uint32_t body_bytes(const char *head, const char *end)
{
	static const char name[] = "\r\nContent-Length:";
	for (const char *p = head; (p = memchr(p, '\r', (size_t)(end - p))); p++) {
		if (strncasecmp(p, name, sizeof name - 1) == 0)
			return (uint32_t)strtoul(p + sizeof name - 1, NULL, 10);
	}
	return 0;
}

bool http_next(const struct http_conn *c, struct http_msg *m)
{
	const char *end = memmem(c->in, c->len, "\r\n\r\n", 4);
	if (!end)
		return false;
	uint32_t head = (uint32_t)(end + 4 - c->in), body = body_bytes(c->in, end);
	if (body > HTTP_IN_MAX || head + body > c->len)
		return false;
	m->line = span_of(c->in, (uint32_t)((const char *)memchr(c->in, '\r', c->len) - c->in));
	m->body = span_of(c->in + head, body);
	m->bytes = head + body;
	return true;
}

void http_drop(struct http_conn *c, uint32_t n)
{
	c->len -= n;
	memmove(c->in, c->in + n, c->len);
	c->in[c->len] = 0;
}

int http_send(int fd, const char *p, uint32_t len)
{
	return send(fd, p, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

static int socket_of(void)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	}
	return fd;
}

static int finish(int fd, int rc)
{
	if (fd >= 0 && (rc < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

int http_listen(struct sockaddr_in at)
{
	int fd = socket_of();
	int rc = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&at, sizeof at);
	return finish(fd, rc < 0 ? rc : listen(fd, 4096));
}

int http_connect(struct sockaddr_in to)
{
	int fd = socket_of();
	return finish(fd, fd < 0 ? -1 : connect(fd, (struct sockaddr *)&to, sizeof to));
}
