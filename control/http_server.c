/* SPDX-License-Identifier: Apache-2.0 */
/* An exchange lives from the request line to MHD's completion notice. In between it is the handler's from
 * dispatch to reply; a connection whose handler has not replied is suspended, so that MHD leaves it alone. */
#include "control/http_server.h"

#include "control/http_strict.h"
#include "control/http_tls.h"
#include "control/mem.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTION_MEMORY 49152 /* request line, headers and MHD's own buffers of one connection */
/* A body that is too large is read to its end so that the 413 arrives, but not for ever. */
#define DISCARD_MAX   (16 * HTTP_SERVER_BODY_MAX)
#define RUNS_PER_TURN 8

enum stage { STAGE_NEW = 0, STAGE_READING, STAGE_HANDLER, STAGE_REPLIED };

/* The exchange is the first member: the handler's pointer is ours. */
struct exchange {
	struct http_exchange pub;
	struct http_server *server;
	struct MHD_Connection *connection;
	struct exchange *prev, *next;
	enum stage stage;
	bool suspended;
	char *uri, *method, *body;
	size_t body_cap, body_seen;
	int refused;
	const char *why;
	struct MHD_Response *response;
	unsigned status;
};

struct http_server {
	struct loop *loop;
	struct MHD_Daemon *daemon;
	struct http_server_conf conf;
	struct exchange exchanges; /* list head */
	struct loop_timer timer;
	uint16_t port;
	int epoll_fd;
};

static struct exchange *exchange_new(struct http_server *s, const char *uri)
{
	struct exchange *x = mem_zalloc(sizeof *x);
	x->server = s;
	x->uri = mem_dup(uri);
	char *mark = strchr(x->uri, '?');
	x->pub.path = x->uri;
	x->pub.query = mark ? mark + 1 : "";
	if (mark)
		*mark = '\0';
	x->pub.method = x->pub.body = "";
	x->next = &s->exchanges;
	x->prev = s->exchanges.prev;
	x->prev->next = x->next->prev = x;
	return x;
}

static void exchange_free(struct exchange *x)
{
	x->prev->next = x->next;
	x->next->prev = x->prev;
	if (x->response)
		MHD_destroy_response(x->response);
	free(x->uri);
	free(x->method);
	free(x->body);
	free(x);
}

/* MHD wants to be run again at once while it has buffered input, else by its next connection timeout. */
static void arm(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG ms;
	if (MHD_get_timeout(s->daemon, &ms) == MHD_YES)
		loop_timer_arm(s->loop, &s->timer, loop_now_ns() + ms * 1000000ull);
	else
		loop_timer_cancel(s->loop, &s->timer);
}

static void run(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG ms;
	unsigned n = 0;
	do
		MHD_run(s->daemon);
	while (++n < RUNS_PER_TURN && MHD_get_timeout(s->daemon, &ms) == MHD_YES && ms == 0);
	arm(s);
}

static void on_ready(void *ctx, int fd, uint32_t revents)
{
	(void)fd;
	(void)revents;
	run(ctx);
}

static void on_timer(void *ctx, struct loop_timer *t)
{
	(void)t;
	run(ctx);
}

static void *on_uri(void *ctx, const char *uri, struct MHD_Connection *c)
{
	(void)c;
	return exchange_new(ctx, uri);
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **con, enum MHD_RequestTerminationCode how)
{
	(void)ctx;
	(void)c;
	(void)how;
	if (*con)
		exchange_free(*con);
	*con = NULL;
}

static void check_head(struct exchange *x, const char *method, const char *version)
{
	unsigned long long length;
	x->why = http_strict_check(x->connection, method, version, &length);
	if (x->why) {
		x->refused = MHD_HTTP_BAD_REQUEST;
	} else if (strlen(x->pub.path) + strlen(x->pub.query) > HTTP_SERVER_URI_MAX) {
		x->refused = MHD_HTTP_URI_TOO_LONG;
		x->why = "The request URI is longer than 8192 bytes.";
	} else if (length > HTTP_SERVER_BODY_MAX) {
		x->refused = MHD_HTTP_CONTENT_TOO_LARGE;
		x->why = "The request body is larger than 65536 bytes.";
	}
}

static void set_response(struct exchange *x, struct http_reply *r)
{
	assert(!x->response && x->stage != STAGE_REPLIED);
	x->response = MHD_create_response_from_buffer(r->body_len, r->body, MHD_RESPMEM_MUST_FREE);
	assert(x->response);
	x->status = (unsigned)r->status;
	x->stage = STAGE_REPLIED;
	if (r->content_type)
		MHD_add_response_header(x->response, MHD_HTTP_HEADER_CONTENT_TYPE, r->content_type);
	for (size_t i = 0; i < HTTP_REPLY_HEADERS && r->headers[i].name; i++)
		MHD_add_response_header(x->response, r->headers[i].name, r->headers[i].value);
}

static void refuse(struct exchange *x)
{
	struct http_reply r = {.status = x->refused};
	x->server->conf.refuse(x->server->conf.ctx, &x->pub, x->refused, x->why, &r);
	set_response(x, &r);
	/* What follows on the connection can no longer be told from this request's body. */
	MHD_add_response_header(x->response, MHD_HTTP_HEADER_CONNECTION, "close");
}

static enum MHD_Result queue(struct exchange *x)
{
	return MHD_queue_response(x->connection, x->status, x->response);
}

static enum MHD_Result begin(
    struct exchange *x, struct MHD_Connection *c, const char *method, const char *version)
{
	x->connection = c;
	x->stage = STAGE_READING;
	x->method = mem_dup(method);
	x->pub.method = x->method;
	check_head(x, method, version);
	if (!x->refused)
		return MHD_YES;
	refuse(x);
	return queue(x);
}

static enum MHD_Result append(struct exchange *x, const char *data, size_t *len)
{
	size_t n = *len;
	*len = 0;
	x->body_seen += n;
	if (x->body_seen > DISCARD_MAX)
		return MHD_NO;
	if (x->body_seen > HTTP_SERVER_BODY_MAX) {
		x->refused = MHD_HTTP_CONTENT_TOO_LARGE;
		x->why = "The request body is larger than 65536 bytes.";
		return MHD_YES;
	}
	if (x->body_seen + 1 > x->body_cap) {
		x->body_cap = x->body_seen * 2 + 1;
		x->body = mem_regrow(x->body, x->body_cap, 1);
	}
	memcpy(x->body + x->pub.body_len, data, n);
	x->pub.body_len += n;
	x->body[x->pub.body_len] = '\0';
	x->pub.body = x->body;
	return MHD_YES;
}

static enum MHD_Result dispatch(struct exchange *x)
{
	x->stage = STAGE_HANDLER;
	if (x->refused)
		refuse(x);
	else
		x->server->conf.handler(x->server->conf.ctx, &x->pub);
	if (x->stage == STAGE_REPLIED)
		return queue(x);
	x->suspended = true;
	MHD_suspend_connection(x->connection);
	return MHD_YES;
}

/* MHD calls this when the head is there, for each piece of the body, at its end, and after a resume. */
static enum MHD_Result on_access(void *ctx, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *data, size_t *len, void **con)
{
	(void)ctx;
	(void)url;
	struct exchange *x = *con;
	if (!x)
		return MHD_NO;
	switch (x->stage) {
	case STAGE_NEW:
		return begin(x, c, method, version);
	case STAGE_READING:
		return *len ? append(x, data, len) : dispatch(x);
	case STAGE_REPLIED:
		return queue(x);
	case STAGE_HANDLER:
		break;
	}
	return MHD_NO;
}

const char *http_exchange_header(const struct http_exchange *x, const char *name)
{
	const struct exchange *e = (const struct exchange *)x;
	return MHD_lookup_connection_value(e->connection, MHD_HEADER_KIND, name);
}

void http_exchange_peer(const struct http_exchange *x, char out[64])
{
	const struct exchange *e = (const struct exchange *)x;
	const union MHD_ConnectionInfo *i =
	    MHD_get_connection_info(e->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *a = i ? i->client_addr : NULL;
	const void *bytes = NULL;
	if (a && a->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *)(const void *)a)->sin_addr;
	if (a && a->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
	if (!bytes || !inet_ntop(a->sa_family, bytes, out, 64))
		snprintf(out, 64, "unknown");
}

void http_exchange_reply(struct http_exchange *x, struct http_reply *r)
{
	struct exchange *e = (struct exchange *)x;
	assert(e->stage == STAGE_HANDLER);
	set_response(e, r);
	if (!e->suspended)
		return;
	e->suspended = false;
	MHD_resume_connection(e->connection);
	/* Not from here: the caller is in the middle of something. */
	loop_timer_arm(e->server->loop, &e->server->timer, loop_now_ns());
}

struct address {
	struct sockaddr_storage ss;
	socklen_t len;
};

static int address_parse(struct address *a, const char *host, uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a->ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a->ss;
	memset(a, 0, sizeof *a);
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		a->len = sizeof *v4;
		return 0;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
		return -EINVAL;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	a->len = sizeof *v6;
	return 0;
}

static uint16_t bound_port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	if (getsockname(fd, (struct sockaddr *)&ss, &len))
		return 0;
	if (ss.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&ss)->sin_port);
	return ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
}

/* Our own socket rather than MHD's: its errors come with a reason. */
int http_server_listen(const char *host, uint16_t port, char err[256])
{
	struct address a;
	if (address_parse(&a, host, port)) {
		snprintf(err, 256, "%s is not an IPv4 or IPv6 address", host);
		return -1;
	}
	int one = 1, fd = socket(a.ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&a.ss, a.len) && !listen(fd, 511))
		return fd;
	snprintf(err, 256, "cannot listen on %s port %u: %s", host, port, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static struct MHD_Daemon *daemon_start(struct http_server *s, int fd)
{
	const struct http_server_conf *c = &s->conf;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
#if MHD_VERSION >= 0x00097601
#define STRICT MHD_OPTION_CLIENT_DISCIPLINE_LVL
#else
#define STRICT MHD_OPTION_STRICT_FOR_CLIENT
#endif
	static char versions[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
	const struct MHD_OptionItem tls[] = {
	    {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, http_tls_retrieve()},
	    {MHD_OPTION_HTTPS_PRIORITIES, 0, versions},
	    {MHD_OPTION_END, 0, NULL},
	};
	return MHD_start_daemon(c->tls ? flags | MHD_USE_TLS : flags, 0, NULL, NULL, on_access, s,
	    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, c->connections_max,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, c->per_ip_max, MHD_OPTION_CONNECTION_TIMEOUT, c->idle_s,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, STRICT, 1,
	    MHD_OPTION_URI_LOG_CALLBACK, on_uri, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
	    MHD_OPTION_ARRAY, c->tls ? tls : tls + 2, MHD_OPTION_END);
}

static int start(struct http_server *s, char err[256])
{
	const struct http_server_conf *c = &s->conf;
	int fd = c->listen_fd > 0 ? c->listen_fd : http_server_listen(c->host, c->port, err);
	if (fd < 0)
		return -1;
	s->port = bound_port(fd);
	s->daemon = daemon_start(s, fd);
	if (!s->daemon) {
		snprintf(err, 256, "the HTTP server cannot be started: %s", strerror(errno));
		close(fd);
		return -1;
	}
	s->epoll_fd = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	loop_fd(s->loop, s->epoll_fd, POLLIN, on_ready, s);
	arm(s);
	return 0;
}

struct http_server *http_server_new(struct loop *l, const struct http_server_conf *conf, char err[256])
{
	struct http_server *s = mem_zalloc(sizeof *s);
	s->loop = l;
	s->conf = *conf;
	s->conf.connections_max = conf->connections_max ? conf->connections_max : 512;
	s->conf.per_ip_max = conf->per_ip_max ? conf->per_ip_max : 128;
	s->conf.idle_s = conf->idle_s ? conf->idle_s : 30;
	s->exchanges.next = s->exchanges.prev = &s->exchanges;
	s->timer = (struct loop_timer){.fn = on_timer, .ctx = s};
	if (!start(s, err))
		return s;
	free(s);
	return NULL;
}

void http_server_free(struct http_server *s)
{
	if (!s)
		return;
	loop_fd(s->loop, s->epoll_fd, 0, NULL, NULL);
	for (struct exchange *x = s->exchanges.next; x != &s->exchanges; x = x->next)
		if (x->suspended)
			MHD_resume_connection(x->connection);
	/* Replies that are ready still go out. */
	MHD_run(s->daemon);
	/* Completion notices free the exchanges; the listening socket goes with the daemon. */
	MHD_stop_daemon(s->daemon);
	loop_timer_cancel(s->loop, &s->timer);
	while (s->exchanges.next != &s->exchanges)
		exchange_free(s->exchanges.next);
	free(s);
}

uint16_t http_server_port(const struct http_server *s)
{
	return s->port;
}

uint32_t http_server_connections(const struct http_server *s)
{
	const union MHD_DaemonInfo *i = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
	return i ? i->num_connections : 0;
}
