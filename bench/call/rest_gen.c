/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/call/rest_gen.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

static void write_head(struct rest_gen *g)
{
	char pair[128];
	unsigned char coded[256];
	int n = snprintf(pair, sizeof pair, "%s:%s", g->conf.account, g->conf.token);
	EVP_EncodeBlock(coded, (const unsigned char *)pair, n);
	snprintf(g->head, sizeof g->head,
	    "POST /2010-04-01/Accounts/%s/Calls.json HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    "Authorization: Basic %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ",
	    g->conf.account, coded);
}

static int add(struct rest_gen *g)
{
	int fd = http_connect(g->conf.to);
	struct http_conn *c = fd >= 0 && fd < REST_FD_MAX ? malloc(sizeof *c) : NULL;
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
	if (!c || epoll_ctl(g->epoll, EPOLL_CTL_ADD, fd, &e) < 0) {
		free(c);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	c->fd = fd;
	c->len = 0;
	g->conns[fd] = c;
	g->idle[g->n_idle++] = fd;
	return 0;
}

int rest_gen_open(struct rest_gen *g, int epoll, const struct rest_conf *conf)
{
	g->conf = *conf;
	g->epoll = epoll;
	write_head(g);
	for (unsigned i = 0; i < conf->conns && i < REST_CONNS_MAX; i++) {
		if (add(g) < 0)
			return -1;
	}
	return 0;
}

static void lost(struct rest_gen *g, int fd, const char *why)
{
	if (g->broken++ == 0)
		snprintf(g->first_broken, sizeof g->first_broken, "%s", why);
	close(fd);
	free(g->conns[fd]);
	g->conns[fd] = NULL;
	(void)add(g);
}

bool rest_gen_create(struct rest_gen *g, uint64_t due_ns)
{
	char body[1024], text[2048];
	if (g->n_idle == 0)
		return false;
	int fd = g->idle[--g->n_idle];
	int n = snprintf(body, sizeof body, g->conf.form, (unsigned long long)due_ns);
	int len = snprintf(text, sizeof text, "%s%d\r\n\r\n%s", g->head, n, body);
	g->due[fd] = due_ns;
	g->sent++;
	if (http_send(fd, text, (uint32_t)len) < 0)
		lost(g, fd, "the connection was closed");
	return true;
}

static void on_answer(struct rest_gen *g, int fd, const struct http_msg *m)
{
	int status = m->line.len > 12 ? (int)strtol(m->line.p + 9, NULL, 10) : 0;
	if (status == 201) {
		g->accepted++;
		hist_add(&g->latency, http_now_ns() - g->due[fd]);
	} else if (status == 429 || status == 503) {
		g->refused++;
	} else if (g->broken++ == 0) {
		snprintf(g->first_broken, sizeof g->first_broken, "%.*s %.*s", (int)m->line.len, m->line.p,
		    (int)(m->body.len > 100 ? 100 : m->body.len), m->body.p);
	}
	g->idle[g->n_idle++] = fd;
}

bool rest_gen_ready(struct rest_gen *g, int fd)
{
	struct http_msg m;
	if (fd >= REST_FD_MAX || !g->conns[fd])
		return false;
	struct http_conn *c = g->conns[fd];
	if (http_fill(c) < 0) {
		lost(g, fd, "the connection was closed");
	} else if (http_next(c, &m)) {
		on_answer(g, fd, &m);
		http_drop(c, m.bytes);
	}
	return true;
}
