/* SPDX-License-Identifier: Apache-2.0 */
/* Our TCP against Linux's, and Linux's against itself, for test_tcp_wire.py:
 *   tcp_tap engine IP            our host behind a TAP device tap0 of this namespace
 *   tcp_tap kernel IP            the same service by kernel sockets
 *   tcp_tap rate IP SECONDS WINDOW    requests of 391 bytes pipelined, WINDOW unanswered at a time; prints JSON
 *   tcp_tap transfer IP COUNT SEED    connections with bytes of either side's choice, each checked; prints JSON
 * Service: port 5060 answers each 391 bytes by 300; port 5061 sends back what it gets, turned by one (b + 1). */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/net/host.h"
#include "dataplane/net/stream_own.h"

#define REQUEST  391u
#define RESPONSE 300u
#define PORT     5060
#define TURNED   5061
#define PKTS     4096u
#define ROOM     2048u
#define CONNS    256u
#define HELD     (1u << 20)

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- the service, whoever speaks TCP ---- */

struct service {
	uint16_t port;
	uint32_t got;        /* bytes of a request */
	uint32_t held, sent; /* answer that waits */
	uint8_t *hold;
};

static void serve(struct service *s, const uint8_t *p, uint32_t n)
{
	if (s->sent == s->held)
		s->sent = s->held = 0;
	if (s->port == TURNED) {
		for (uint32_t i = 0; i < n && s->held < HELD; i++)
			s->hold[s->held++] = (uint8_t)(p[i] + 1);
		return;
	}
	for (s->got += n; s->got >= REQUEST && s->held + RESPONSE <= HELD; s->got -= REQUEST) {
		memset(s->hold + s->held, 'r', RESPONSE);
		s->held += RESPONSE;
	}
}

/* ---- our host on a TAP ---- */

static struct {
	int fd;
	struct pktio io;
	struct pkt pkt[PKTS];
	uint8_t mem[PKTS][PKT_HEADROOM + ROOM];
	struct pkt *idle[PKTS];
	uint32_t n_idle;
	struct dp_stats stats;
	struct stream *s;
	struct service conn[CONNS];
} e;

static struct pkt *io_alloc(struct pktio *io)
{
	if (!e.n_idle)
		return NULL;
	struct pkt *p = e.idle[--e.n_idle];
	pkt_reset(p, io, e.mem[p - e.pkt], ROOM);
	return p;
}

static void io_release(struct pktio *io, struct pkt *p)
{
	e.idle[e.n_idle++] = p;
}

static uint32_t io_tx(struct pktio *io, struct pkt **in, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (write(e.fd, in[i]->data, in[i]->len) < 0 && errno != EAGAIN && errno != EIO)
			die("write to tap0");
		pkt_put(in[i]);
	}
	return n;
}

static const struct pktio_ops io_ops = {.alloc = io_alloc, .release = io_release, .tx = io_tx};

static uint32_t receive(struct pkt **in)
{
	uint32_t n = 0;
	while (n < NET_BURST && (in[n] = io_alloc(&e.io))) {
		ssize_t got = read(e.fd, in[n]->data, ROOM);
		if (got <= 0) {
			pkt_put(in[n]);
			break;
		}
		in[n++]->len = (uint32_t)got;
	}
	return n;
}

static void send_held(uint32_t id, uint64_t now)
{
	struct service *s = &e.conn[id];
	while (s->sent < s->held) {
		uint32_t n = s->held - s->sent < 1460 ? s->held - s->sent : 1460;
		if (!e.s->ops->write(e.s, id, s->hold + s->sent, n, now))
			return;
		s->sent += n;
	}
}

static bool on_accepted(void *ctx, uint32_t id, const struct ip_sock *remote, uint16_t port, uint64_t now)
{
	struct service *s = &e.conn[id];
	uint8_t *hold = s->hold ? s->hold : malloc(HELD);
	*s = (struct service){.port = port, .hold = hold};
	return hold != NULL;
}

static void on_bytes(void *ctx, uint32_t id, const uint8_t *p, uint32_t n, uint64_t now)
{
	serve(&e.conn[id], p, n);
	send_held(id, now);
}

static void on_closed(void *ctx, uint32_t id, enum stream_end why, uint64_t now)
{
	e.conn[id].sent = e.conn[id].held = 0;
}

static void on_tcp(void *ctx, struct ip_in *in, uint64_t now)
{
	e.s->ops->input(e.s, in, now);
}

static void tap_open(void)
{
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	strcpy(r.ifr_name, "tap0");
	e.fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	if (e.fd < 0 || ioctl(e.fd, TUNSETIFF, &r) < 0)
		die("tap0");
}

static struct wheel *host_open(const char *ip, struct net **net, uint64_t now)
{
	const struct net_ops up = {.tcp = on_tcp};
	struct dp_conf c = {.workers = 1,
	    .prefix = 24,
	    .mtu = 1500,
	    .check_l4_sums = true,
	    .sip_port = PORT,
	    .tls_port = TURNED,
	    .pkts_max = PKTS,
	    .conns_max = CONNS - 64,
	    .conns_peer_max = CONNS - 64,
	    .conn_setup_ms = 10000,
	    .key = {9, 8, 7}};
	c.ip.fam = 4;
	inet_pton(AF_INET, ip, c.ip.b);
	e.io = (struct pktio){.ops = &io_ops, .mac = {2, 0, 0, 0, 0, 9}, .mtu = 1500, .buf_bytes = ROOM};
	for (uint32_t i = 0; i < PKTS; i++)
		e.idle[e.n_idle++] = &e.pkt[i];
	struct wheel *w = wheel_new(now, NULL);
	if (!w || net_new(net, &c, &e.io, w, &e.stats, &up, now) != 0 || stream_own_new(&e.s, &c, 0) != 0)
		die("host");
	e.s->user = (struct stream_user){.accepted = on_accepted, .bytes = on_bytes, .closed = on_closed};
	e.s->net = *net;
	e.s->stats = &e.stats;
	if (e.s->ops->open(e.s, w, now) != 0)
		die("stream");
	return w;
}

static void engine(const char *ip)
{
	struct net *net;
	tap_open();
	struct wheel *w = host_open(ip, &net, now_ns());
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct pkt *in[NET_BURST];
		struct pollfd f = {.fd = e.fd, .events = POLLIN};
		uint64_t now = now_ns(), next = wheel_next(w);
		(void)poll(&f, 1,
		    next <= now              ? 0
		    : next - now > 100000000 ? 100
		                             : (int)((next - now) / 1000000 + 1));
		now = now_ns();
		uint32_t n = receive(in);
		net_burst(net, in, n, now);
		(void)wheel_run(w, now);
		for (uint32_t i = 0; i < CONNS; i++)
			if (e.conn[i].sent < e.conn[i].held)
				send_held(i, now);
		(void)e.s->ops->turn(e.s, now);
		net_flush(net, now);
	}
}

/* ---- the kernel's end ---- */

static struct sockaddr_in addr_of(const char *ip, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	inet_pton(AF_INET, ip, &a.sin_addr);
	return a;
}

static void kernel(const char *ip)
{
	struct sockaddr_in a = addr_of(ip, PORT);
	int l = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(l, (void *)&a, sizeof a) || listen(l, 16))
		die("listen");
	puts("ready");
	fflush(stdout);
	for (int fd; (fd = accept(l, NULL, NULL)) >= 0; close(fd)) {
		struct service s = {.port = PORT, .hold = malloc(HELD)};
		static uint8_t b[65536];
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		for (ssize_t n; (n = read(fd, b, sizeof b)) > 0;) {
			serve(&s, b, (uint32_t)n);
			for (ssize_t k;
			     s.sent < s.held && (k = write(fd, s.hold + s.sent, s.held - s.sent)) > 0;)
				s.sent += (uint32_t)k;
		}
		free(s.hold);
	}
}

static int dial(const char *ip, uint16_t port)
{
	struct sockaddr_in a = addr_of(ip, port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (fd < 0 || connect(fd, (void *)&a, sizeof a) != 0)
		die("connect");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void rate(const char *ip, double seconds, uint64_t window)
{
	static uint8_t out[65536], in[65536];
	int fd = dial(ip, PORT);
	uint64_t sent = 0, got = 0, begin = now_ns(), last = begin, stall = 0,
	         end = begin + (uint64_t)(seconds * 1e9);
	for (uint64_t now; (now = now_ns()) < end;) {
		uint64_t may = (got / RESPONSE + window) * REQUEST - sent;
		ssize_t n = may ? send(fd, out, may < sizeof out ? may : sizeof out, MSG_NOSIGNAL) : 0;
		sent += n > 0 ? (uint64_t)n : 0;
		ssize_t k = recv(fd, in, sizeof in, 0);
		if (k == 0 || (k < 0 && errno != EAGAIN))
			die("recv");
		if (k > 0) {
			got += (uint64_t)k;
			stall = now - last > stall ? now - last : stall;
			last = now;
		} else if (n <= 0) {
			struct pollfd f = {.fd = fd, .events = (short)(POLLIN | (may ? POLLOUT : 0))};
			(void)poll(&f, 1, 100);
		}
	}
	uint64_t tail = now_ns() - last;
	stall = tail > stall ? tail : stall;
	printf("{\"requests\": %lu, \"rate\": %.0f, \"stall_ms\": %.1f}\n", got / RESPONSE,
	    (double)got / RESPONSE / seconds, (double)stall / 1e6);
}

/* One connection: n bytes there and back. */
static bool transfer(const char *ip, uint32_t n, uint32_t seed)
{
	int fd = dial(ip, TURNED);
	uint32_t sent = 0, got = 0;
	uint8_t b[8192];
	bool good = true;
	while (good && got < n) {
		struct pollfd f = {.fd = fd, .events = (short)(POLLIN | (sent < n ? POLLOUT : 0))};
		if (poll(&f, 1, 30000) <= 0)
			good = false;
		uint32_t m = 1 + (seed * 2654435761u + sent) % sizeof b;
		m = m < n - sent ? m : n - sent;
		for (uint32_t i = 0; i < m; i++)
			b[i] = (uint8_t)((sent + i) * 31 + (sent + i) / 251 + seed);
		ssize_t k = m ? send(fd, b, m, MSG_NOSIGNAL) : 0;
		sent += k > 0 ? (uint32_t)k : 0;
		k = recv(fd, b, sizeof b, 0);
		good = good && (k > 0 || (k < 0 && errno == EAGAIN));
		for (ssize_t i = 0; good && i < k; i++, got++)
			good = b[i] == (uint8_t)(got * 31 + got / 251 + seed + 1);
	}
	if (good) {
		shutdown(fd, SHUT_WR);
		fcntl(fd, F_SETFL, 0);
		good = recv(fd, b, sizeof b, 0) == 0; /* and nothing more */
	}
	close(fd);
	return good;
}

static void transfers(const char *ip, uint32_t count, uint32_t seed)
{
	uint64_t bytes = 0;
	uint32_t done = 0;
	for (; done < count; done++) {
		uint32_t x = (seed + done) * 2246822519u, n = 1 + (x >> 8) % ((x & 31) ? 20000u : 400000u);
		if (!transfer(ip, n, seed + done))
			break;
		bytes += 2ull * n;
	}
	printf("{\"transfers\": %u, \"of\": %u, \"bytes\": %lu}\n", done, count, bytes);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "engine") == 0)
		engine(argv[2]);
	else if (argc == 3 && strcmp(argv[1], "kernel") == 0)
		kernel(argv[2]);
	else if (argc == 5 && strcmp(argv[1], "rate") == 0)
		rate(argv[2], atof(argv[3]), strtoull(argv[4], NULL, 10));
	else if (argc == 5 && strcmp(argv[1], "transfer") == 0)
		transfers(
		    argv[2], (uint32_t)strtoul(argv[3], NULL, 10), (uint32_t)strtoul(argv[4], NULL, 10));
	else
		return 2;
	return 0;
}
