/* SPDX-License-Identifier: Apache-2.0 */
#include "control/admin.h"

#include "control/mem.h"
#include "control/rest/json_text.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define OUT_MAX (32u << 20) /* what a client may leave unread */

struct admin_client {
	struct admin_client *next, **link;
	struct admin *admin;
	int fd; /* -1: gone */
	unsigned held;
	bool asked, ending, following;
	char in[ADMIN_LINE_MAX];
	size_t in_len;
	char *out;
	size_t out_len, out_at, out_cap;
};

struct admin {
	struct loop *loop;
	admin_ask_fn ask;
	void *ctx;
	int fd;
	char path[108];
	struct admin_client *clients;
	unsigned n, following;
};

/* ---- one client ---- */

static void let_go(struct admin_client *c)
{
	if (c->fd >= 0 || c->held)
		return;
	free(c->out);
	free(c);
}

static void hang_up(struct admin_client *c)
{
	if (c->fd < 0)
		return;
	loop_fd(c->admin->loop, c->fd, 0, NULL, NULL);
	close(c->fd);
	c->fd = -1;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->admin->n--;
	c->admin->following -= c->following;
	let_go(c);
}

static void on_ready(void *ctx, int fd, uint32_t revents);

static void watch(struct admin_client *c)
{
	bool more = c->out_at < c->out_len;
	loop_fd(c->admin->loop, c->fd, POLLIN | (more ? POLLOUT : 0u), on_ready, c);
}

/* false: it has gone. */
static bool flush(struct admin_client *c)
{
	while (c->out_at < c->out_len) {
		ssize_t n =
		    send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0) {
			hang_up(c);
			return false;
		}
		c->out_at += (size_t)n;
	}
	if (c->out_at == c->out_len)
		c->out_at = c->out_len = 0;
	if (c->ending && !c->out_len) {
		hang_up(c);
		return false;
	}
	watch(c);
	return true;
}

static void take_question(struct admin_client *c)
{
	char *end = memchr(c->in, '\n', c->in_len);
	if (!end || c->asked)
		return;
	*end = 0;
	c->asked = true;
	c->admin->ask(c->admin->ctx, c, c->in);
}

static void take(struct admin_client *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, sizeof c->in - c->in_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(c);
		return;
	}
	c->in_len += (size_t)n;
	/* What follows the question is of no interest. */
	if (c->asked)
		c->in_len = 0;
	else if (c->in_len == sizeof c->in && !memchr(c->in, '\n', c->in_len))
		hang_up(c);
	else
		take_question(c);
}

static void on_ready(void *ctx, int fd, uint32_t revents)
{
	struct admin_client *c = ctx;
	admin_hold(c);
	if (revents & (POLLIN | POLLHUP | POLLERR))
		take(c);
	if (c->fd >= 0 && (revents & POLLOUT))
		flush(c);
	admin_release(c);
}

void admin_hold(struct admin_client *c)
{
	c->held++;
}

void admin_release(struct admin_client *c)
{
	c->held--;
	let_go(c);
}

static void append(struct admin_client *c, const char *text, size_t n)
{
	if (c->out_len + n > c->out_cap) {
		c->out_cap = (c->out_len + n) * 2;
		c->out = mem_regrow(c->out, c->out_cap, 1);
	}
	memcpy(c->out + c->out_len, text, n);
	c->out_len += n;
}

static void put_text(struct admin_client *c, const char *text)
{
	if (c->fd < 0 || c->ending)
		return;
	append(c, text, strlen(text));
	append(c, "\n", 1);
	admin_hold(c);
	if (c->out_len - c->out_at > OUT_MAX)
		hang_up(c);
	else
		flush(c);
	admin_release(c);
}

void admin_put(struct admin_client *c, json_t *o)
{
	char *text = json_text_dump(o);
	put_text(c, text);
	free(text);
}

void admin_end(struct admin_client *c)
{
	if (c->fd < 0)
		return;
	c->ending = true;
	admin_hold(c);
	flush(c);
	admin_release(c);
}

void admin_follow(struct admin_client *c)
{
	c->admin->following += c->fd >= 0 && !c->following;
	c->following = c->fd >= 0;
}

bool admin_followed(const struct admin *a)
{
	return a->following != 0;
}

void admin_tell(struct admin *a, json_t *o)
{
	char *text = json_text_dump(o);
	for (struct admin_client *c = a->clients, *next; c; c = next) {
		next = c->next;
		if (c->following)
			put_text(c, text);
	}
	free(text);
}

/* ---- the socket ---- */

static bool may_ask(int fd)
{
	struct ucred u;
	socklen_t n = sizeof u;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &n) == 0 && (u.uid == 0 || u.uid == geteuid());
}

static void on_client(void *ctx, int fd, uint32_t revents)
{
	struct admin *a = ctx;
	int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (got < 0)
		return;
	if (a->n == ADMIN_CLIENTS_MAX || !may_ask(got)) {
		close(got);
		return;
	}
	struct admin_client *c = mem_zalloc(sizeof *c);
	c->admin = a;
	c->fd = got;
	c->next = a->clients;
	c->link = &a->clients;
	if (c->next)
		c->next->link = &c->next;
	a->clients = c;
	a->n++;
	watch(c);
}

/* Does anybody answer there? */
static bool served(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) == 0;
	if (fd >= 0)
		close(fd);
	return yes;
}

static int open_socket(const char *path, char err[256])
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct stat st;
	if (strlen(path) >= sizeof at.sun_path) {
		snprintf(err, 256, "the control socket's name is longer than %zu characters",
		    sizeof at.sun_path - 1);
		return -1;
	}
	memcpy(at.sun_path, path, strlen(path) + 1);
	if (served(&at)) {
		snprintf(err, 256, "control socket %.150s: another engine uses it", path);
		return -1;
	}
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before = umask(0177);
	int rc = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&at, sizeof at);
	umask(before);
	if (rc == 0 && listen(fd, 16) == 0)
		return fd;
	snprintf(err, 256, "control socket %.150s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

struct admin *admin_new(struct loop *l, const char *path, admin_ask_fn ask, void *ctx, char err[256])
{
	int fd = open_socket(path, err);
	if (fd < 0)
		return NULL;
	struct admin *a = mem_zalloc(sizeof *a);
	a->loop = l;
	a->ask = ask;
	a->ctx = ctx;
	a->fd = fd;
	snprintf(a->path, sizeof a->path, "%s", path);
	loop_fd(l, fd, POLLIN, on_client, a);
	return a;
}

void admin_free(struct admin *a)
{
	if (!a)
		return;
	while (a->clients)
		hang_up(a->clients);
	loop_fd(a->loop, a->fd, 0, NULL, NULL);
	close(a->fd);
	unlink(a->path);
	free(a);
}
