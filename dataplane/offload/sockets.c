/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/offload/sockets.h"

#include "dataplane/net/stream.h"
#include "dataplane/offload/tun.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78 /* linux/in6.h, which does not go with netinet/in.h */
#endif

#define EVENTS       256
#define READS        16u  /* of one socket before the others have their turn */
#define PACKETS      256u /* through the device, each way, before the sockets have theirs */
#define BACKLOG      1024
#define SPARE        32u    /* numbers beyond conns_max: they stay taken for a moment */
#define FULL_US      200    /* between two looks at a ring that is full */
#define USER_TIMEOUT 32000u /* ms until what is not acknowledged ends a connection: 64*T1 */
#define KEEP_IDLE_S  120
#define BUFFER_BYTES 262144

enum sock_state {
	SOCK_FREE = 0,
	SOCK_CONNECTING,
	SOCK_OPEN,
	SOCK_DRAINING, /* CLOSE was said: the rest leaves, then FIN */
	SOCK_SAID,     /* CLOSED is told, CLOSE has not come */
};

struct sock {
	int fd;
	uint8_t state; /* enum sock_state */
	uint32_t next; /* free numbers of ours */
	uint8_t *out;  /* what the kernel did not take */
	uint32_t out_at, out_len, out_cap;
};

struct side { /* of one worker */
	struct stream_rings r;
	struct sock *socks;
	uint32_t free_head;
};

/* TCP and TLS, by IPv4 and by IPv6. */
enum { LISTEN_TLS = 1, LISTEN_SIX = 2, LISTENERS = 4 };

struct sockets {
	struct dp_conf conf;
	struct side sides[DP_WORKERS_MAX];
	uint16_t next_worker;
	int ep, wake_fd, tun_fd, listen_fd[LISTENERS];
	uint32_t stop;
	uint8_t hdr[TUN_HDR];
	pthread_t thread;
	bool running, refused;
	sem_t ready;
	char err[256];
};

/* What epoll gives back: a socket is worker << 32 | number. */
enum { EV_WAKE = -1, EV_TUN = -2, EV_LISTEN = -2 - LISTENERS /* and those behind it */ };

/* ---- to the workers */

static bool stopping(const struct sockets *t)
{
	return __atomic_load_n(&t->stop, __ATOMIC_SEQ_CST);
}

/* The next slot of a ring towards a worker; waits for one. NULL: we are to stop. */
static void *wait_slot(struct sockets *t, struct dp_ring *up)
{
	void *m;
	while (!(m = dp_ring_claim(up))) {
		if (stopping(t))
			return NULL;
		dp_ring_wake(up);
		usleep(FULL_US);
	}
	return m;
}

static struct stream_slot *say(struct sockets *t, struct side *d, enum stream_msg type, uint32_t id)
{
	struct stream_slot *m = wait_slot(t, d->r.up);
	if (!m)
		return NULL;
	m->type = (uint8_t)type;
	m->id = id;
	m->arg = 0;
	m->n = 0;
	return m;
}

static void said(struct side *d)
{
	dp_ring_publish(d->r.up);
	dp_ring_wake(d->r.up);
}

static void tell(
    struct sockets *t, struct side *d, enum stream_msg type, uint32_t id, uint8_t arg, uint32_t n)
{
	struct stream_slot *m = say(t, d, type, id);
	if (!m)
		return;
	m->arg = arg;
	m->n = n;
	said(d);
}

/* ---- one socket */

static void number_back(struct side *d, uint32_t id)
{
	struct sock *s = &d->socks[id];
	s->state = SOCK_FREE;
	if (id < d->r.size / 2)
		return; /* the worker gives these out */
	s->next = d->free_head;
	d->free_head = id;
}

static void shut(struct sock *s, bool abort)
{
	const struct linger now = {.l_onoff = 1};
	if (s->fd < 0)
		return;
	if (abort)
		(void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(s->fd);
	s->fd = -1;
	free(s->out);
	s->out = NULL;
	s->out_at = s->out_len = s->out_cap = 0;
}

/* It is over. asked: the worker has said CLOSE. */
static void end(struct sockets *t, struct side *d, uint32_t id, enum stream_end why, bool asked)
{
	struct sock *s = &d->socks[id];
	shut(s, why == STREAM_END_TIMEOUT);
	s->state = SOCK_SAID;
	tell(t, d, STREAM_M_CLOSED, id, (uint8_t)why, 0);
	if (asked)
		number_back(d, id);
}

static enum stream_end end_of(int error, bool connecting)
{
	switch (error) {
	case ECONNREFUSED:
		return STREAM_END_REFUSED;
	case ECONNRESET:
	case EPIPE:
		return connecting ? STREAM_END_REFUSED : STREAM_END_RESET;
	case ETIMEDOUT:
		return STREAM_END_TIMEOUT;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case EADDRNOTAVAIL:
		return STREAM_END_LIMIT;
	default:
		return STREAM_END_UNREACHABLE;
	}
}

static void options(int fd)
{
	const int one = 1, bytes = BUFFER_BYTES, idle = KEEP_IDLE_S;
	const unsigned ms = USER_TIMEOUT;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

static int watch(struct sockets *t, int op, int fd, uint32_t what, int64_t name)
{
	struct epoll_event e = {.events = what, .data.u64 = (uint64_t)name};
	return epoll_ctl(t->ep, op, fd, &e);
}

static int64_t name_of(const struct sockets *t, const struct side *d, uint32_t id)
{
	return (int64_t)(d - t->sides) << 32 | id;
}

/* 0: all of it is with the kernel; -1: some is kept; else errno. */
static int flush(struct sock *s)
{
	while (s->out_len) {
		ssize_t n = send(s->fd, s->out + s->out_at, s->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? -1 : errno;
		s->out_at += (uint32_t)n;
		s->out_len -= (uint32_t)n;
	}
	s->out_at = 0;
	return 0;
}

/* Behind what is kept already. False: no memory. */
static bool keep(struct sock *s, const uint8_t *p, uint32_t n)
{
	if (s->out_at + s->out_len + n > s->out_cap && s->out_at) {
		memmove(s->out, s->out + s->out_at, s->out_len);
		s->out_at = 0;
	}
	if (s->out_len + n > s->out_cap) {
		uint32_t cap = s->out_cap ? s->out_cap * 2 : 8192;
		while (cap < s->out_len + n)
			cap *= 2;
		uint8_t *more = realloc(s->out, cap);
		if (!more)
			return false;
		s->out = more;
		s->out_cap = cap;
	}
	memcpy(s->out + s->out_at + s->out_len, p, n);
	s->out_len += n;
	return true;
}

/* ---- addresses */

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static socklen_t address_of(union address *out, const struct ip_addr *a, uint16_t port)
{
	memset(out, 0, sizeof *out);
	if (a->fam == 6) {
		out->six = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
		memcpy(&out->six.sin6_addr, a->b, 16);
		return sizeof out->six;
	}
	out->four = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
	memcpy(&out->four.sin_addr, a->b, 4);
	return sizeof out->four;
}

/* The kernel takes a moment to believe that a fresh IPv6 address is its own. */
static void may_bind(int fd, uint8_t fam)
{
	const int one = 1;
	if (fam == 6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof one);
}

static struct ip_sock sock_of(const union address *a)
{
	struct ip_sock s = {.a.fam = a->any.sa_family == AF_INET6 ? 6 : 4};
	s.port = ntohs(s.a.fam == 6 ? a->six.sin6_port : a->four.sin_port);
	memcpy(
	    s.a.b, s.a.fam == 6 ? (const void *)&a->six.sin6_addr : &a->four.sin_addr, s.a.fam == 6 ? 16 : 4);
	return s;
}

static const struct ip_addr *own_of(const struct dp_conf *c, uint8_t fam)
{
	return fam == 6 ? &c->ip6 : &c->ip;
}

/* ---- what workers say */

static void on_open(struct sockets *t, struct side *d, const struct stream_slot *m)
{
	struct sock *s = &d->socks[m->id];
	union address own, to;
	const int one = 1;
	socklen_t len = address_of(&to, &m->remote.a, m->remote.port);
	(void)address_of(&own, own_of(&t->conf, m->remote.a.fam), 0);
	*s = (struct sock){.fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
	    .state = SOCK_CONNECTING};
	if (s->fd < 0) {
		end(t, d, m->id, end_of(errno, true), false);
		return;
	}
	options(s->fd);
	(void)setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	may_bind(s->fd, m->remote.a.fam);
	if (bind(s->fd, &own.any, len) < 0 || (connect(s->fd, &to.any, len) < 0 && errno != EINPROGRESS) ||
	    watch(t, EPOLL_CTL_ADD, s->fd, EPOLLIN | EPOLLOUT, name_of(t, d, m->id)) < 0)
		end(t, d, m->id, end_of(errno, true), false);
}

static void on_data(struct sockets *t, struct side *d, const struct stream_slot *m)
{
	struct sock *s = &d->socks[m->id];
	uint32_t sent = 0;
	if (s->state != SOCK_OPEN && s->state != SOCK_CONNECTING)
		return; /* CLOSED is on its way up */
	if (s->state == SOCK_OPEN && !s->out_len) {
		ssize_t n = send(s->fd, m->bytes, m->n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			end(t, d, m->id, end_of(errno, false), false);
			return;
		}
		sent = n > 0 ? (uint32_t)n : 0;
	}
	if (sent)
		tell(t, d, STREAM_M_SENT, m->id, 0, sent);
	if (sent == m->n)
		return;
	if (!keep(s, m->bytes + sent, m->n - sent))
		end(t, d, m->id, STREAM_END_LIMIT, false);
	else if (s->state == SOCK_OPEN)
		(void)watch(t, EPOLL_CTL_MOD, s->fd, EPOLLIN | EPOLLOUT, name_of(t, d, m->id));
}

static void on_close(struct sockets *t, struct side *d, const struct stream_slot *m)
{
	struct sock *s = &d->socks[m->id];
	if (s->state == SOCK_SAID) {
		number_back(d, m->id);
		return;
	}
	if (!m->arg && s->out_len && s->state == SOCK_OPEN) {
		s->state = SOCK_DRAINING; /* TCP_USER_TIMEOUT bounds it */
		return;
	}
	shut(s, m->arg || s->state == SOCK_CONNECTING);
	end(t, d, m->id, STREAM_END_LOCAL, true);
}

static uint32_t hear(struct sockets *t, struct side *d)
{
	struct stream_slot *m;
	uint32_t done = 0;
	for (; done < STREAM_RING_SLOTS && (m = dp_ring_peek(d->r.down)); done++) {
		if (m->type == STREAM_M_OPEN)
			on_open(t, d, m);
		else if (m->type == STREAM_M_DATA)
			on_data(t, d, m);
		else if (m->type == STREAM_M_CLOSE)
			on_close(t, d, m);
		dp_ring_release(d->r.down);
	}
	return done;
}

/* ---- what the sockets say */

/* The connection and its number are given to the workers in turn. */
static void take(struct sockets *t, int fd, const union address *from, uint16_t port)
{
	struct side *d = &t->sides[t->next_worker];
	uint32_t id = d->free_head;
	t->next_worker = (uint16_t)((t->next_worker + 1) % t->conf.workers);
	if (id == STREAM_NONE || watch(t, EPOLL_CTL_ADD, fd, EPOLLIN, name_of(t, d, id)) < 0) {
		close(fd);
		tell(t, d, STREAM_M_FULL, 0, 0, 0);
		return;
	}
	d->free_head = d->socks[id].next;
	d->socks[id] = (struct sock){.fd = fd, .state = SOCK_OPEN};
	options(fd);
	struct stream_slot *m = say(t, d, STREAM_M_ACCEPTED, id);
	if (!m)
		return;
	m->remote = sock_of(from);
	m->port = port;
	said(d);
}

static void on_listen(struct sockets *t, int which)
{
	for (int i = 0; i < 64; i++) {
		union address from;
		socklen_t len = sizeof from;
		int fd = accept4(t->listen_fd[which], &from.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		take(t, fd, &from, which & LISTEN_TLS ? t->conf.tls_port : t->conf.sip_port);
	}
}

static void on_connected(struct sockets *t, struct side *d, uint32_t id)
{
	struct sock *s = &d->socks[id];
	int error = 0;
	socklen_t len = sizeof error;
	(void)getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		end(t, d, id, end_of(error, true), false);
		return;
	}
	s->state = SOCK_OPEN;
	tell(t, d, STREAM_M_OPENED, id, 0, 0);
}

/* False: it has ended. */
static bool on_writable(struct sockets *t, struct side *d, uint32_t id)
{
	struct sock *s = &d->socks[id];
	uint32_t had = s->out_len;
	int rc = flush(s);
	bool draining = s->state == SOCK_DRAINING;
	if (rc > 0 || (rc == 0 && draining)) {
		end(t, d, id, rc > 0 ? end_of(rc, false) : STREAM_END_LOCAL, draining);
		return false;
	}
	if (had > s->out_len && !draining)
		tell(t, d, STREAM_M_SENT, id, 0, had - s->out_len);
	if (rc == 0)
		(void)watch(t, EPOLL_CTL_MOD, s->fd, EPOLLIN, name_of(t, d, id));
	return true;
}

static void on_readable(struct sockets *t, struct side *d, uint32_t id)
{
	struct sock *s = &d->socks[id];
	uint8_t waste[STREAM_CHUNK];
	for (uint32_t i = 0; i < READS; i++) {
		bool draining = s->state == SOCK_DRAINING;
		struct stream_slot *m = draining ? NULL : say(t, d, STREAM_M_DATA, id);
		if (!m && !draining)
			return;
		ssize_t n = recv(s->fd, m ? m->bytes : waste, STREAM_CHUNK, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			end(t, d, id, n == 0 ? STREAM_END_FIN : end_of(errno, false), draining);
			return;
		}
		if (!m)
			continue;
		m->n = (uint32_t)n;
		said(d);
		if (n < STREAM_CHUNK)
			return;
	}
}

static void on_sock(struct sockets *t, struct side *d, uint32_t id, uint32_t what)
{
	struct sock *s = &d->socks[id];
	if (s->state == SOCK_CONNECTING && (what & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		on_connected(t, d, id);
	if (s->state != SOCK_OPEN && s->state != SOCK_DRAINING)
		return;
	if ((what & EPOLLOUT) && !on_writable(t, d, id))
		return;
	if (what & (EPOLLIN | EPOLLERR | EPOLLHUP))
		on_readable(t, d, id);
}

/* ---- packets */

static uint32_t packets_in(struct sockets *t, struct side *d)
{
	struct stream_ip_slot *m;
	uint32_t done = 0;
	for (; done < PACKETS && (m = dp_ring_peek(d->r.ip_down)); done++) {
		const struct iovec v[] = {{t->hdr, TUN_HDR}, {m->bytes, m->n}};
		ssize_t n = writev(t->tun_fd, v, 2); /* what the kernel does not take is lost on the way */
		(void)n;
		dp_ring_release(d->r.ip_down);
	}
	return done;
}

/* Any worker can send anything; one far side's packets keep their order when they go through the same. */
static struct side *carrier(struct sockets *t, const uint8_t *ip)
{
	const uint8_t *dst = ip[0] >> 4 == 6 ? ip + 36 : ip + 16; /* the last 32 bits of it */
	uint32_t h = (uint32_t)dst[0] << 24 | (uint32_t)dst[1] << 16 | (uint32_t)dst[2] << 8 | dst[3];
	return &t->sides[(h * 0x9e3779b1u >> 16) % t->conf.workers];
}

static bool is_tcp(const uint8_t *ip, uint32_t len)
{
	return ip[0] >> 4 == 4 ? ip[9] == IPPROTO_TCP : len >= 40 && ip[6] == IPPROTO_TCP;
}

static void packets_out(struct sockets *t)
{
	uint8_t p[TUN_HDR + 9216];
	for (uint32_t i = 0; i < PACKETS; i++) {
		ssize_t n = read(t->tun_fd, p, sizeof p);
		if (n < 0)
			return;
		uint32_t len = (uint32_t)n - TUN_HDR;
		const uint8_t *ip = p + TUN_HDR;
		if (n < (ssize_t)TUN_HDR + 20 || len > t->sides[0].r.ip_bytes || !is_tcp(ip, len))
			continue; /* router solicitations and the like */
		struct side *d = carrier(t, ip);
		struct stream_ip_slot *m = dp_ring_claim(d->r.ip_up);
		if (!m)
			continue; /* TCP sends it again */
		m->n = len;
		memcpy(m->bytes, ip, len);
		dp_ring_publish(d->r.ip_up);
		dp_ring_wake(d->r.ip_up);
	}
}

/* ---- the loop */

static uint32_t rings(struct sockets *t)
{
	uint32_t done = 0;
	for (uint16_t i = 0; i < t->conf.workers; i++) {
		done += hear(t, &t->sides[i]);
		if (t->tun_fd >= 0)
			done += packets_in(t, &t->sides[i]);
	}
	return done;
}

static bool may_sleep(struct sockets *t, bool yes)
{
	bool all = true;
	for (uint16_t i = 0; i < t->conf.workers; i++) {
		const struct stream_rings *r = &t->sides[i].r;
		if (!yes || !dp_ring_sleep(r->down))
			all = false;
		if (yes && r->ip_down && !dp_ring_sleep(r->ip_down))
			all = false;
	}
	if (all)
		return true;
	for (uint16_t i = 0; i < t->conf.workers; i++) {
		dp_ring_awake(t->sides[i].r.down);
		if (t->sides[i].r.ip_down)
			dp_ring_awake(t->sides[i].r.ip_down);
	}
	return false;
}

static void event(struct sockets *t, const struct epoll_event *e)
{
	int64_t name = (int64_t)e->data.u64;
	uint64_t count;
	if (name == EV_WAKE) {
		ssize_t n = read(t->wake_fd, &count, sizeof count);
		(void)n;
	} else if (name == EV_TUN) {
		packets_out(t);
	} else if (name < 0) {
		on_listen(t, (int)(name - EV_LISTEN));
	} else {
		on_sock(t, &t->sides[name >> 32], (uint32_t)name, e->events);
	}
}

static void loop(struct sockets *t)
{
	struct epoll_event e[EVENTS];
	while (!stopping(t)) {
		uint32_t done = rings(t);
		int n = epoll_wait(t->ep, e, EVENTS, !done && may_sleep(t, true) ? -1 : 0);
		(void)may_sleep(t, false);
		for (int i = 0; i < n; i++)
			event(t, &e[i]);
	}
}

/* ---- start and stop */

static int listen_on(struct sockets *t, int which)
{
	union address own;
	const int one = 1;
	uint16_t port = which & LISTEN_TLS ? t->conf.tls_port : t->conf.sip_port;
	socklen_t len = address_of(&own, own_of(&t->conf, which & LISTEN_SIX ? 6 : 4), port);
	int fd = socket(own.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	t->listen_fd[which] = fd;
	may_bind(fd, which & LISTEN_SIX ? 6 : 4);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    bind(fd, &own.any, len) < 0 || listen(fd, BACKLOG) < 0 ||
	    watch(t, EPOLL_CTL_ADD, fd, EPOLLIN, EV_LISTEN + which) < 0) {
		snprintf(t->err, sizeof t->err, "TCP: cannot listen on port %u: %s%s", port, strerror(errno),
		    t->conf.tcp == DP_TCP_HOST ? " (sip.tcp: host needs network.ip on this machine)" : "");
		return -1;
	}
	return 0;
}

static int open_all(struct sockets *t)
{
	if (t->conf.tcp == DP_TCP_KERNEL && (t->tun_fd = tun_open(&t->conf, t->err)) < 0)
		return -1;
	tun_hdr(t->hdr, &t->conf);
	if (t->tun_fd >= 0 && watch(t, EPOLL_CTL_ADD, t->tun_fd, EPOLLIN, EV_TUN) < 0) {
		snprintf(t->err, sizeof t->err, "TCP: epoll: %s", strerror(errno));
		return -1;
	}
	for (int which = 0; which < LISTENERS; which++) {
		bool no_tls = !t->conf.tls_port || !t->conf.tls_cert[0];
		if ((which & LISTEN_TLS && no_tls) || (which & LISTEN_SIX && !t->conf.ip6.fam))
			continue;
		if (listen_on(t, which) < 0)
			return -1;
	}
	return 0;
}

/* Off the cores of the workers, where there are others: the thread inherits a mask that EAL has narrowed. */
static void choose_cores(const struct dp_conf *c)
{
	cpu_set_t all, set;
	CPU_ZERO(&all);
	for (int i = 0; i < CPU_SETSIZE; i++)
		CPU_SET(i, &all);
	set = all;
	for (uint16_t i = 0; i < c->workers; i++)
		if (c->cores[i] < CPU_SETSIZE)
			CPU_CLR(c->cores[i], &set);
	if (sched_setaffinity(0, sizeof set, &set) < 0)
		(void)sched_setaffinity(0, sizeof all, &all);
}

static void *run(void *arg)
{
	struct sockets *t = arg;
	(void)pthread_setname_np(pthread_self(), "dialplane-tcp");
	choose_cores(&t->conf);
	t->refused = open_all(t) < 0;
	bool refused = t->refused;
	sem_post(&t->ready);
	if (!refused)
		loop(t);
	return NULL;
}

static int side_init(struct sockets *t, uint16_t i, int wake)
{
	struct side *d = &t->sides[i];
	d->r.size = 2 * (t->conf.conns_max + SPARE);
	d->r.ip_bytes = t->conf.mtu;
	d->r.down = dp_ring_new(STREAM_RING_SLOTS, sizeof(struct stream_slot), t->wake_fd);
	d->r.up = dp_ring_new(STREAM_RING_SLOTS, sizeof(struct stream_slot), wake);
	d->socks = calloc(d->r.size, sizeof *d->socks);
	if (!d->r.down || !d->r.up || !d->socks)
		return -1;
	d->free_head = STREAM_NONE;
	for (uint32_t id = d->r.size; id-- > 0;) {
		d->socks[id].fd = -1;
		number_back(d, id);
	}
	if (t->conf.tcp != DP_TCP_KERNEL)
		return 0;
	uint32_t bytes = (uint32_t)sizeof(struct stream_ip_slot) + t->conf.mtu;
	d->r.ip_down = dp_ring_new(STREAM_IP_SLOTS, bytes, t->wake_fd);
	d->r.ip_up = dp_ring_new(STREAM_IP_SLOTS, bytes, wake);
	return d->r.ip_down && d->r.ip_up ? 0 : -1;
}

static int init(struct sockets *t, const int wake[])
{
	t->ep = epoll_create1(EPOLL_CLOEXEC);
	t->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (t->ep < 0 || t->wake_fd < 0 || watch(t, EPOLL_CTL_ADD, t->wake_fd, EPOLLIN, EV_WAKE) < 0) {
		snprintf(t->err, sizeof t->err, "TCP: %s", strerror(errno));
		return -1;
	}
	for (uint16_t i = 0; i < t->conf.workers; i++) {
		if (side_init(t, i, wake[i]) < 0) {
			snprintf(
			    t->err, sizeof t->err, "TCP: no memory for %u connections", t->conf.conns_max);
			return -1;
		}
	}
	return 0;
}

/* Signals are for the control thread alone. */
static int launch(struct sockets *t)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&t->thread, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc) {
		snprintf(t->err, sizeof t->err, "TCP: its thread does not start: %s", strerror(rc));
		return -1;
	}
	t->running = true;
	while (sem_wait(&t->ready) < 0 && errno == EINTR)
		;
	return t->refused ? -1 : 0;
}

struct sockets *sockets_start(const struct dp_conf *conf, const int wake[], char err[256])
{
	struct sockets *t = calloc(1, sizeof *t);
	if (!t) {
		snprintf(err, 256, "no memory");
		return NULL;
	}
	t->conf = *conf;
	t->ep = t->wake_fd = t->tun_fd = -1;
	for (int i = 0; i < LISTENERS; i++)
		t->listen_fd[i] = -1;
	sem_init(&t->ready, 0, 0);
	if (init(t, wake) == 0 && launch(t) == 0)
		return t;
	memcpy(err, t->err, 256);
	sockets_stop(t);
	return NULL;
}

static void side_fini(struct side *d)
{
	for (uint32_t i = 0; d->socks && i < d->r.size; i++)
		if (d->socks[i].state != SOCK_FREE)
			shut(&d->socks[i], true);
	free(d->socks);
	dp_ring_free(d->r.down);
	dp_ring_free(d->r.up);
	dp_ring_free(d->r.ip_down);
	dp_ring_free(d->r.ip_up);
}

void sockets_stop(struct sockets *t)
{
	const uint64_t one = 1;
	if (!t)
		return;
	__atomic_store_n(&t->stop, 1, __ATOMIC_SEQ_CST);
	if (t->running) {
		ssize_t n = write(t->wake_fd, &one, sizeof one);
		(void)n;
		pthread_join(t->thread, NULL);
	}
	for (uint16_t i = 0; i < t->conf.workers; i++)
		side_fini(&t->sides[i]);
	const int fds[] = {t->tun_fd, t->wake_fd, t->ep};
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	for (int i = 0; i < LISTENERS; i++)
		if (t->listen_fd[i] >= 0)
			close(t->listen_fd[i]);
	sem_destroy(&t->ready);
	free(t);
}

const struct stream_rings *sockets_rings(const struct sockets *t, uint16_t worker)
{
	return &t->sides[worker].r;
}
