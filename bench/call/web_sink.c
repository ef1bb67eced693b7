/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/call/web_sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

static const char no_content[] = "HTTP/1.1 204 No Content\r\n\r\n";

static void document(char *to, size_t room, const char *twiml)
{
	snprintf(to, room, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %zu\r\n\r\n%s",
	    strlen(twiml), twiml);
}

static int join(const struct web_sink *w, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e);
}

int web_sink_open(struct web_sink *w, int epoll, struct sockaddr_in at, const char *twiml)
{
	w->epoll = epoll;
	document(w->voice, sizeof w->voice, twiml);
	document(w->action, sizeof w->action, "<Response><Hangup/></Response>");
	w->listener = http_listen(at);
	return w->listener < 0 ? -1 : join(w, w->listener);
}

static void leave(struct web_sink *w, int fd)
{
	close(fd);
	free(w->conns[fd]);
	w->conns[fd] = NULL;
}

static void enter(struct web_sink *w)
{
	int fd = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	struct http_conn *c = fd < WEB_CONNS_MAX ? malloc(sizeof *c) : NULL;
	if (!c || join(w, fd) < 0) {
		w->bad++;
		close(fd);
		free(c);
		return;
	}
	c->fd = fd;
	c->len = 0;
	w->conns[fd] = c;
}

static bool has(struct span body, const char *word)
{
	return memmem(body.p, body.len, word, strlen(word)) != NULL;
}

static const char *on_status(struct web_sink *w, struct span body)
{
	static const char *const others[] = {
	    "CallStatus=busy", "CallStatus=failed", "CallStatus=no-answer", "CallStatus=canceled"};
	bool completed = has(body, "CallStatus=completed"), other = false;
	for (unsigned i = 0; !completed && i < sizeof others / sizeof *others; i++)
		other |= has(body, others[i]);
	w->statuses++;
	w->completed += completed;
	w->failed += other;
	if ((completed || other) && w->ended)
		w->ended(w->ctx, completed);
	return w->answer ? w->answer : no_content;
}

static const char *answer(struct web_sink *w, const struct http_msg *m)
{
	const char *slash = memchr(m->line.p, '/', m->line.len);
	char what = slash && slash + 1 < m->line.p + m->line.len ? slash[1] : 0;
	w->requests++;
	if (what == 'v') {
		w->voices++;
		return w->voice;
	}
	if (what == 'a') {
		w->actions++;
		return w->action;
	}
	return on_status(w, m->body);
}

static void serve(struct web_sink *w, struct http_conn *c)
{
	struct http_msg m;
	int rc = http_fill(c);
	while (rc == 0 && http_next(c, &m)) {
		const char *a = answer(w, &m);
		rc = http_send(c->fd, a, (uint32_t)strlen(a));
		http_drop(c, m.bytes);
	}
	if (rc != 0)
		leave(w, c->fd);
}

bool web_sink_ready(struct web_sink *w, int fd)
{
	if (fd == w->listener)
		enter(w);
	else if (fd < WEB_CONNS_MAX && w->conns[fd])
		serve(w, w->conns[fd]);
	else
		return false;
	return true;
}
