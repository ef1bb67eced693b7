/* SPDX-License-Identifier: Apache-2.0 */
/* The least of HTTP/1.1 that both ends of this harness need: messages with Content-Length, keep-alive. */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include "sip-parser/base/span.h"

#include <netinet/in.h>

#define HTTP_IN_MAX 16384

/* A connection and what has come in on it and was not used yet. */
struct http_conn {
	int fd;
	uint32_t len;
	char in[HTTP_IN_MAX];
};

struct http_msg {
	struct span line, body; /* first line without CRLF; views into the connection's buffer */
	uint32_t bytes;         /* of the whole message */
};

/* Read what is there. -1: closed, broken, or longer than HTTP_IN_MAX. */
int http_fill(struct http_conn *c);
/* The oldest whole message. False: not all there yet. */
bool http_next(const struct http_conn *c, struct http_msg *m);
/* Forget the first n bytes. */
void http_drop(struct http_conn *c, uint32_t n);
/* Write all of it or fail: messages here are smaller than a socket's buffer. */
int http_send(int fd, const char *p, uint32_t len);

int http_listen(struct sockaddr_in at);  /* non-blocking, or -1 */
int http_connect(struct sockaddr_in to); /* connected, then non-blocking; -1 */

uint64_t http_now_ns(void); /* CLOCK_MONOTONIC */

#endif
