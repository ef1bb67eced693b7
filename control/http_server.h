/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP listener: libmicrohttpd in external epoll mode, its epoll descriptor watched by the loop. Knows
 * nothing of routes: it bounds what comes in, hands a whole request to one handler and sends one reply, at
 * once or later. Everything here runs on the loop's thread. */
#ifndef CONTROL_HTTP_SERVER_H
#define CONTROL_HTTP_SERVER_H

#include "control/loop.h"

#include <stddef.h>

#define HTTP_SERVER_URI_MAX  8192  /* longer: 414 */
#define HTTP_SERVER_BODY_MAX 65536 /* longer: 413 */
#define HTTP_REPLY_HEADERS   4

struct http_server;

/* One request, complete: borrowed by the handler until it has replied. Strings are raw, never NULL. */
struct http_exchange {
	const char *method; /* "GET" */
	const char *path;   /* before the '?', percent-escapes as sent */
	const char *query;  /* behind the '?', "" when there is none */
	const char *body;   /* NUL-terminated beyond body_len */
	size_t body_len;
};

struct http_header {
	const char *name, *value;
};

struct http_reply {
	int status;
	const char *content_type;
	char *body; /* from malloc, taken; NULL: empty */
	size_t body_len;
	struct http_header headers[HTTP_REPLY_HEADERS]; /* up to the first without a name; copied */
};

/* Called once for each request. It calls http_exchange_reply exactly once, now or later. */
typedef void (*http_handler_fn)(void *ctx, struct http_exchange *x);
/* What this layer refuses before the handler sees it (400, 413, 414): fill *r. method and path are valid. */
typedef void (*http_refuse_fn)(
    void *ctx, const struct http_exchange *x, int status, const char *why, struct http_reply *r);

struct http_server_conf {
	const char *host;         /* address literal, IPv4 or IPv6 */
	uint16_t port;            /* 0: any free one */
	int listen_fd;            /* of http_server_listen, taken even on failure; 0: it listens itself */
	bool tls;                 /* HTTPS, TLS 1.2 or 1.3, with the certificate of http_tls_load */
	uint32_t connections_max; /* 0: 512 */
	uint32_t per_ip_max;      /* 0: 128; connections from one address */
	uint32_t idle_s;          /* 0: 30; a connection that says nothing for so long is closed */
	http_handler_fn handler;
	http_refuse_fn refuse;
	void *ctx;
};

/* Take the address and port early: connections wait in the socket's queue until a server is made of it. Returns
 * the socket, or -1 with a sentence in err: bad address, port taken, no descriptors. */
[[nodiscard]] int http_server_listen(const char *host, uint16_t port, char err[256]);

/* NULL with a sentence in err: the same reasons, or no memory. */
struct http_server *http_server_new(struct loop *l, const struct http_server_conf *conf, char err[256]);
/* Closes every connection. Exchanges that have no reply are freed: nothing may reply to them later, so free
 * whatever still holds one (the store) first. */
void http_server_free(struct http_server *s);

uint16_t http_server_port(const struct http_server *s);
uint32_t http_server_connections(const struct http_server *s);

/* First header of that name (any case) or NULL; borrowed until the reply. */
const char *http_exchange_header(const struct http_exchange *x, const char *name);
/* Address of the client as text, for logs. */
void http_exchange_peer(const struct http_exchange *x, char out[64]);
/* Takes r->body. The exchange is gone for the caller afterwards. */
void http_exchange_reply(struct http_exchange *x, struct http_reply *r);

#endif
