/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3263 against a name server of our own on loopback, whose records each test writes: what is asked, in which order, what
 * comes of it; and name servers that lie, loop, flood or say nothing. */
#include "tests/unit/control/infra/infra.h"

#include "control/locate.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECORDS_MAX 600

/* rdata as it goes onto the wire; target names are spelled out, never compressed. */
struct record {
	const char *owner;
	uint16_t type;
	uint32_t ttl;
	uint8_t data[300];
	uint16_t len;
};

static struct zone {
	struct record r[RECORDS_MAX];
	uint32_t n;
	const char *refuses; /* SERVFAIL for this name */
	const char *silent, *garbage;
	char asked[64][272]; /* "type name" */
	uint32_t n_asked;
} zone;

struct server {
	int udp, tcp;
	pthread_t thread, tcp_thread;
	char address[32];
};

struct world {
	struct server server;
	struct loop *loop;
	struct dns *dns;
	uint64_t seed;
};

/* ---- the zone */

static uint16_t put_name(uint8_t *p, const char *name)
{
	uint16_t n = 0;
	while (*name) {
		size_t label = strcspn(name, ".");
		p[n++] = (uint8_t)label;
		memcpy(p + n, name, label);
		n = (uint16_t)(n + label);
		name += label + (name[label] == '.');
	}
	p[n++] = 0;
	return n;
}

static struct record *add(const char *owner, uint16_t type, uint32_t ttl)
{
	assert_true(zone.n < RECORDS_MAX);
	struct record *r = &zone.r[zone.n++];
	*r = (struct record){.owner = owner, .type = type, .ttl = ttl};
	return r;
}

static void put16(struct record *r, uint16_t v)
{
	r->data[r->len++] = (uint8_t)(v >> 8);
	r->data[r->len++] = (uint8_t)v;
}

static void a(const char *owner, const char *addr)
{
	struct record *r = add(owner, 1, 60);
	assert_int_equal(inet_pton(AF_INET, addr, r->data), 1);
	r->len = 4;
}

static void aaaa(const char *owner, const char *addr)
{
	struct record *r = add(owner, 28, 60);
	assert_int_equal(inet_pton(AF_INET6, addr, r->data), 1);
	r->len = 16;
}

static void srv(const char *owner, uint16_t priority, uint16_t weight, uint16_t port, const char *target)
{
	struct record *r = add(owner, 33, 60);
	put16(r, priority);
	put16(r, weight);
	put16(r, port);
	r->len = (uint16_t)(r->len + put_name(r->data + r->len, target));
}

static void put_text(struct record *r, const char *s)
{
	r->data[r->len++] = (uint8_t)strlen(s);
	memcpy(r->data + r->len, s, strlen(s));
	r->len = (uint16_t)(r->len + strlen(s));
}

static void naptr(const char *owner, uint16_t order, uint16_t pref, const char *flags, const char *service,
    const char *regexp, const char *replacement)
{
	struct record *r = add(owner, 35, 60);
	put16(r, order);
	put16(r, pref);
	put_text(r, flags);
	put_text(r, service);
	put_text(r, regexp);
	r->len = (uint16_t)(r->len + put_name(r->data + r->len, replacement));
}

/* ---- the server */

static size_t question(const uint8_t *q, size_t n, char name[256], uint16_t *type)
{
	size_t at = 12, len = 0;
	while (at < n && q[at] && len + q[at] + 2 < 256) {
		memcpy(name + len, q + at + 1, q[at]);
		len += q[at];
		name[len++] = '.';
		at += q[at] + 1u;
	}
	name[len ? len - 1 : 0] = 0;
	*type = (uint16_t)(q[at + 1] << 8 | q[at + 2]);
	return at + 5;
}

static void note_asked(const char *name, uint16_t type)
{
	if (zone.n_asked < 64)
		snprintf(zone.asked[zone.n_asked++], sizeof zone.asked[0], "%u %s", type, name);
}

/* The whole answer; more than fits into max: truncated (TC). */
static size_t answer(uint8_t *m, size_t end, size_t max, const char *name, uint16_t type)
{
	uint16_t count = 0;
	bool known = false, cut = false;
	m[2] = 0x84;
	for (uint32_t i = 0; i < zone.n && !cut; i++) {
		const struct record *r = &zone.r[i];
		if (strcasecmp(r->owner, name) != 0)
			continue;
		known = true;
		if (r->type != type)
			continue;
		cut = end + 12 + r->len > max;
		if (cut)
			break;
		const uint8_t head[12] = {0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, (uint8_t)(r->ttl >> 8),
		    (uint8_t)r->ttl, (uint8_t)(r->len >> 8), (uint8_t)r->len};
		memcpy(m + end, head, 12);
		memcpy(m + end + 12, r->data, r->len);
		end += 12u + r->len;
		count++;
	}
	bool fail = zone.refuses && strcasecmp(zone.refuses, name) == 0;
	m[2] = cut ? 0x86 : 0x84;
	m[3] = fail ? 0x82 : known ? 0x80 : 0x83;
	memset(m + 6, 0, 6);
	m[6] = (uint8_t)(count >> 8);
	m[7] = (uint8_t)count;
	return end;
}

static size_t respond(uint8_t *m, size_t n, size_t max)
{
	char name[256];
	uint16_t type;
	size_t end = question(m, n, name, &type);
	note_asked(name, type);
	if (zone.silent && strcasecmp(zone.silent, name) == 0)
		return 0;
	size_t len = answer(m, end, max, name, type);
	if (zone.garbage && strcasecmp(zone.garbage, name) == 0) {
		m[7] = 9; /* nine answers that are not there */
		m[3] = 0x80;
	}
	return len;
}

static void *serve_udp(void *ctx)
{
	struct server *s = ctx;
	uint8_t m[65536];
	struct sockaddr_in from;
	for (;;) {
		socklen_t sl = sizeof from;
		ssize_t n = recvfrom(s->udp, m, 512, 0, (struct sockaddr *)&from, &sl);
		if (n < 17)
			return NULL; /* an empty datagram ends the thread */
		size_t len = respond(m, (size_t)n, 1400);
		if (len)
			sendto(s->udp, m, len, 0, (struct sockaddr *)&from, sl);
	}
}

static void serve_one(int fd)
{
	static uint8_t m[65536 + 2];
	if (recv(fd, m, 2, MSG_WAITALL) != 2)
		return;
	ssize_t n = recv(fd, m + 2, (size_t)(m[0] << 8 | m[1]), MSG_WAITALL);
	size_t len = n < 17 ? 0 : respond(m + 2, (size_t)n, 65000);
	m[0] = (uint8_t)(len >> 8);
	m[1] = (uint8_t)len;
	if (len)
		send(fd, m, len + 2, MSG_NOSIGNAL);
}

static void *serve_tcp(void *ctx)
{
	struct server *s = ctx;
	for (int fd; (fd = accept(s->tcp, NULL, NULL)) >= 0; close(fd))
		serve_one(fd);
	return NULL;
}

static int open_socket(int type, struct sockaddr_in *sa)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;
	socklen_t sl = sizeof *sa;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)sa, sl) < 0) {
		close(fd);
		return -1; /* the port that UDP was given is somebody's by TCP */
	}
	getsockname(fd, (struct sockaddr *)sa, &sl);
	return fd;
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char err[256];
	memset(&zone, 0, sizeof zone);
	w->server.tcp = -1;
	while (w->server.tcp < 0) {
		sa.sin_port = 0;
		w->server.udp = open_socket(SOCK_DGRAM, &sa);
		w->server.tcp = open_socket(SOCK_STREAM, &sa);
		if (w->server.tcp < 0)
			close(w->server.udp);
	}
	listen(w->server.tcp, 4);
	snprintf(w->server.address, sizeof w->server.address, "127.0.0.1:%u", ntohs(sa.sin_port));
	pthread_create(&w->server.thread, NULL, serve_udp, &w->server);
	pthread_create(&w->server.tcp_thread, NULL, serve_tcp, &w->server);
	w->loop = new_loop();
	w->dns = dns_new(w->loop, w->server.address, err);
	w->seed = 1;
	*state = w;
	return w->dns ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	struct sockaddr_in sa;
	socklen_t sl = sizeof sa;
	dns_free(w->dns);
	loop_free(w->loop);
	getsockname(w->server.udp, (struct sockaddr *)&sa, &sl);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	sendto(fd, "", 0, 0, (struct sockaddr *)&sa, sl);
	close(fd);
	pthread_join(w->server.thread, NULL);
	shutdown(w->server.tcp, SHUT_RDWR);
	pthread_join(w->server.tcp_thread, NULL);
	close(w->server.udp);
	close(w->server.tcp);
	free(w);
	return 0;
}

/* ---- asking */

struct got {
	struct loop *loop;
	struct ip_sock hops[LOCATE_HOPS_MAX];
	uint32_t n, calls;
	char why[200], text[600]; /* "udp 192.0.2.1:5060, …" */
};

static void on_located(void *ctx, const struct ip_sock *hops, uint32_t n, const char *why)
{
	static const char *const names[] = {"udp", "tcp", "tls"};
	struct got *g = ctx;
	struct buf b = buf_on(g->text, sizeof g->text - 1);
	g->calls++;
	g->n = n;
	for (uint32_t i = 0; i < n; i++) {
		g->hops[i] = hops[i];
		buf_span(&b, span_str(i ? ", " : ""));
		buf_span(&b, span_str(names[hops[i].transport]));
		buf_chr(&b, ' ');
		ip_addr_put(&b, &hops[i].a);
		buf_chr(&b, ':');
		buf_u32(&b, hops[i].port);
	}
	g->text[b.len] = 0;
	snprintf(g->why, sizeof g->why, "%s", why ? why : "");
	loop_stop(g->loop);
}

static uint64_t seeded(void *ctx)
{
	uint64_t *s = ctx, z = (*s += 0x9e3779b97f4a7c15ull);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

#define ALL_TRANSPORTS 7

static struct got ask_for(struct world *w, struct locate_want want, bool use_naptr, bool use_srv)
{
	struct got g = {.loop = w->loop};
	struct locate_conf conf = {use_naptr, use_srv, seeded, &w->seed};
	if (!want.can)
		want.can = ALL_TRANSPORTS;
	locate(w->loop, w->dns, &conf, &want, on_located, &g);
	assert_int_equal(g.calls, 0);
	assert_true(run_for(w->loop, 12000));
	assert_int_equal(g.calls, 1);
	return g;
}

#define ASK(...) ask_for(*state, (struct locate_want){__VA_ARGS__}, true, true)

static bool was_asked(const char *what)
{
	for (uint32_t i = 0; i < zone.n_asked; i++)
		if (strcasecmp(zone.asked[i], what) == 0)
			return true;
	return false;
}

/* ---- what is asked */

static void rfc3263_4_1_a_literal_or_a_port_asks_for_no_service(void **state)
{
	a("pbx.test", "192.0.2.5");
	srv("_sip._udp.pbx.test", 1, 0, 5099, "pbx.test");
	assert_string_equal(ASK(.host = "192.0.2.9").text, "udp 192.0.2.9:5060");
	assert_string_equal(ASK(.host = "192.0.2.9", .port = 5070).text, "udp 192.0.2.9:5070");
	assert_string_equal(ASK(.host = "192.0.2.9", .sips = true).text, "tls 192.0.2.9:5061");
	assert_int_equal(zone.n_asked, 0);
	assert_string_equal(ASK(.host = "pbx.test", .port = 5070).text, "udp 192.0.2.5:5070");
	assert_string_equal(
	    ASK(.host = "pbx.test", .port = 5070, .transport_given = true, .transport = DP_TLS).text,
	    "tls 192.0.2.5:5070");
	assert_false(was_asked("35 pbx.test") || was_asked("33 _sip._udp.pbx.test"));
}

static void rfc3263_4_1_transport_given_asks_for_its_srv_and_no_naptr(void **state)
{
	a("one.test", "192.0.2.1");
	srv("_sip._tcp.pbx.test", 1, 0, 5062, "one.test");
	assert_string_equal(
	    ASK(.host = "pbx.test", .transport_given = true, .transport = DP_TCP).text, "tcp 192.0.2.1:5062");
	assert_false(was_asked("35 pbx.test"));
	a("pbx.test", "192.0.2.7");
	assert_string_equal(
	    ASK(.host = "pbx.test", .transport_given = true, .transport = DP_TLS).text, "tls 192.0.2.7:5061");
	assert_true(was_asked("33 _sips._tcp.pbx.test"));
}

static void rfc3263_4_1_naptr_chooses_the_transport_by_order_then_preference(void **state)
{
	naptr("pbx.test", 50, 50, "s", "SIPS+D2T", "", "_sips._tcp.pbx.test");
	naptr("pbx.test", 90, 50, "s", "SIP+D2T", "", "_sip._tcp.pbx.test");
	naptr("pbx.test", 50, 10, "S", "SIP+D2U", "", "_sip._udp.away.test");
	srv("_sip._udp.away.test", 1, 0, 5066, "one.test");
	a("one.test", "192.0.2.1");
	assert_string_equal(ASK(.host = "pbx.test").text, "udp 192.0.2.1:5066");
	srv("_sips._tcp.pbx.test", 1, 0, 5067, "one.test");
	assert_string_equal(ASK(.host = "pbx.test", .sips = true).text, "tls 192.0.2.1:5067");
}

static void naptr_of_a_transport_that_is_not_there_is_passed_over(void **state)
{
	naptr("pbx.test", 10, 0, "s", "SIPS+D2T", "", "_sips._tcp.pbx.test");
	naptr("pbx.test", 20, 0, "s", "SIP+D2U", "", "_sip._udp.pbx.test");
	srv("_sips._tcp.pbx.test", 1, 0, 5061, "one.test");
	srv("_sip._udp.pbx.test", 1, 0, 5060, "one.test");
	a("one.test", "192.0.2.1");
	assert_string_equal(ASK(.host = "pbx.test", .can = 1).text, "udp 192.0.2.1:5060");
}

static void naptr_without_srv_behind_it_tries_the_next_service(void **state)
{
	naptr("pbx.test", 10, 0, "s", "SIP+D2T", "", "_sip._tcp.gone.test");
	naptr("pbx.test", 20, 0, "s", "SIP+D2U", "", "_sip._udp.pbx.test");
	srv("_sip._udp.pbx.test", 1, 0, 5070, "one.test");
	a("one.test", "192.0.2.1");
	assert_string_equal(ASK(.host = "pbx.test").text, "udp 192.0.2.1:5070");
}

static void rfc3263_4_1_naptr_of_other_kinds_is_of_no_use(void **state)
{
	naptr("pbx.test", 10, 0, "u", "E2U+sip", "!^.*$!sip:evil@example.com!", "");
	naptr("pbx.test", 11, 0, "", "SIP+D2U", "", "pbx.test"); /* not terminal: a loop */
	naptr("pbx.test", 12, 0, "s", "SIP+D2S", "", "_sip._sctp.pbx.test");
	naptr("pbx.test", 13, 0, "a", "SIP+D2U", "", "one.test");
	a("pbx.test", "192.0.2.5");
	assert_string_equal(ASK(.host = "pbx.test").text, "udp 192.0.2.5:5060");
	assert_true(was_asked("33 _sip._udp.pbx.test"));
}

static void without_naptr_udp_comes_before_tcp(void **state)
{
	a("one.test", "192.0.2.1");
	srv("_sip._tcp.pbx.test", 1, 0, 5062, "one.test");
	assert_string_equal(ASK(.host = "pbx.test").text, "tcp 192.0.2.1:5062");
	a("two.test", "192.0.2.2");
	srv("_sip._udp.other.test", 1, 0, 5063, "two.test");
	srv("_sip._tcp.other.test", 1, 0, 5064, "one.test");
	assert_string_equal(ASK(.host = "other.test").text, "udp 192.0.2.2:5063");
}

static void discovery_can_be_switched_off(void **state)
{
	struct world *w = *state;
	a("pbx.test", "192.0.2.5");
	srv("_sip._udp.pbx.test", 1, 0, 5099, "pbx.test");
	assert_string_equal(
	    ask_for(w, (struct locate_want){.host = "pbx.test"}, true, false).text, "udp 192.0.2.5:5060");
	assert_int_equal(zone.n_asked, 1);
	assert_string_equal(
	    ask_for(w, (struct locate_want){.host = "pbx.test"}, false, true).text, "udp 192.0.2.5:5099");
	assert_false(was_asked("35 pbx.test"));
}

static void ipv6_is_there_only_where_it_is_wanted(void **state)
{
	a("pbx.test", "192.0.2.5");
	aaaa("pbx.test", "2001:db8::5");
	assert_int_equal(ASK(.host = "pbx.test", .port = 5060).n, 1);
	assert_int_equal(ASK(.host = "pbx.test", .port = 5060, .ip6 = true).n, 2);
}

/* ---- order */

static void rfc2782_lower_priority_comes_first_and_every_address_is_a_hop(void **state)
{
	srv("_sip._udp.pbx.test", 20, 0, 5062, "two.test");
	srv("_sip._udp.pbx.test", 10, 0, 5061, "one.test");
	a("one.test", "192.0.2.1");
	a("one.test", "192.0.2.11");
	a("two.test", "192.0.2.2");
	assert_string_equal(
	    ASK(.host = "pbx.test").text, "udp 192.0.2.1:5061, udp 192.0.2.11:5061, udp 192.0.2.2:5062");
}

static void rfc2782_weights_share_the_calls(void **state)
{
	struct world *w = *state;
	struct dns_rrset set = {.n = 4,
	    .srv = {
	        {1, 0, 5060, "zero"}, {1, 10, 5060, "ten"}, {1, 30, 5060, "thirty"}, {2, 9, 5060, "last"}}};
	struct locate_conf conf = {true, true, seeded, &w->seed};
	uint32_t first[4] = {0}, draws = 40000;
	for (uint32_t i = 0; i < draws; i++) {
		uint8_t order[DNS_RR_MAX];
		locate_srv_order(&set, &conf, order);
		first[order[0]]++;
		assert_int_equal(order[3], 3);
		assert_int_equal(order[0] + order[1] + order[2], 3);
	}
	assert_true(first[0] > 0 && first[0] < draws / 20);
	assert_true(first[1] > draws * 21 / 100 && first[1] < draws * 28 / 100);
	assert_true(first[2] > draws * 69 / 100 && first[2] < draws * 77 / 100);
}

/* ---- trouble */

static void what_cannot_be_found_says_why(void **state)
{
	assert_string_equal(ASK(.host = "nosuch.test").why, "NXDOMAIN");
	srv("_sip._udp.off.test", 0, 0, 5060, "");
	assert_non_null(strstr(ASK(.host = "off.test").why, "not offered"));
	srv("_sip._udp.hollow.test", 0, 0, 5060, "nobody.test");
	assert_string_equal(ASK(.host = "hollow.test").why, "NXDOMAIN");
	assert_string_equal(ASK(.host = "bad name").why, "not a host name");
}

static void an_srv_that_points_at_itself_ends(void **state)
{
	naptr("pbx.test", 1, 1, "s", "SIP+D2U", "", "_sip._udp.pbx.test");
	srv("_sip._udp.pbx.test", 0, 0, 5060, "_sip._udp.pbx.test");
	struct got g = ASK(.host = "pbx.test");
	assert_int_equal(g.n, 0);
	assert_string_equal(g.why, "no address record");
	assert_true(zone.n_asked < 6);
}

static void five_hundred_records_are_bounded(void **state)
{
	static char names[500][24];
	for (int i = 0; i < 500; i++) {
		snprintf(names[i], sizeof names[i], "h%d.test", i);
		srv("_sip._udp.many.test", (uint16_t)(600 - i), 0, 5060, names[i]);
	}
	for (int i = 490; i < 500; i++)
		for (int k = 0; k < 3; k++) {
			char addr[24];
			snprintf(addr, sizeof addr, "192.0.%d.%d", i % 200, k + 1);
			a(names[i], addr);
		}
	struct got g = ASK(.host = "many.test");
	assert_int_equal(g.n, LOCATE_HOPS_MAX);
	assert_int_equal(g.hops[0].a.b[2], 499 % 200); /* the lowest priority of all 500 */
	assert_true(zone.n_asked < 20);
	assert_true(dns_counts(((struct world *)*state)->dns).left_out >= 484);
}

static void servfail_of_naptr_and_srv_falls_back_to_the_address(void **state)
{
	zone.refuses = "_sip._udp.pbx.test";
	a("pbx.test", "192.0.2.5");
	struct got g = ASK(.host = "pbx.test");
	if (strcmp(g.text, "udp 192.0.2.5:5060") != 0)
		fail_msg("%s: %s", g.text, g.why);
	zone.refuses = "broken.test";
	assert_int_equal(ASK(.host = "broken.test").n, 0);
	assert_true(dns_counts(((struct world *)*state)->dns).refused >= 1);
}

static void garbage_is_no_answer(void **state)
{
	zone.garbage = "pbx.test";
	assert_int_equal(ASK(.host = "pbx.test").n, 0);
}

static void a_silent_server_is_given_up_in_time(void **state)
{
	uint64_t before = loop_now_ns();
	zone.silent = "_sip._udp.pbx.test";
	a("pbx.test", "192.0.2.5");
	struct got g = ASK(.host = "pbx.test");
	assert_int_equal(g.n, 0);
	assert_string_equal(g.why, "timeout");
	assert_true(loop_now_ns() - before < 9500ull * MS);
	assert_true(dns_counts(((struct world *)*state)->dns).silent >= 1);
}

static void what_was_found_and_what_was_not_is_kept(void **state)
{
	srv("_sip._udp.pbx.test", 0, 0, 5060, "one.test");
	a("one.test", "192.0.2.1");
	assert_int_equal(ASK(.host = "pbx.test").n, 1);
	uint32_t asked = zone.n_asked;
	assert_int_equal(ASK(.host = "pbx.test").n, 1);
	assert_int_equal(zone.n_asked, asked);
	assert_true(dns_counts(((struct world *)*state)->dns).kept >= 3);
}

static void rfc2181_ttl_has_a_ceiling(void **state)
{
	struct world *w = *state;
	a("pbx.test", "192.0.2.5");
	dns_keep(w->dns, 1, 1);
	assert_int_equal(ASK(.host = "pbx.test", .port = 1).n, 1);
	uint32_t asked = zone.n_asked;
	run_for(w->loop, 1100);
	assert_int_equal(ASK(.host = "pbx.test", .port = 1).n, 1);
	assert_true(zone.n_asked > asked);
}

static void stopping_answers_what_is_under_way(void **state)
{
	struct world *w = *state;
	char err[256];
	struct got g = {.loop = w->loop};
	struct locate_conf conf = {true, true, seeded, &w->seed};
	struct locate_want want = {.host = "hang.test", .can = 1};
	struct dns *d = dns_new(w->loop, w->server.address, err);
	zone.silent = "hang.test";
	locate(w->loop, d, &conf, &want, on_located, &g);
	dns_free(d);
	assert_int_equal(g.calls, 1);
	assert_int_equal(g.n, 0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(rfc3263_4_1_a_literal_or_a_port_asks_for_no_service),
	    T(rfc3263_4_1_transport_given_asks_for_its_srv_and_no_naptr),
	    T(rfc3263_4_1_naptr_chooses_the_transport_by_order_then_preference),
	    T(naptr_of_a_transport_that_is_not_there_is_passed_over),
	    T(naptr_without_srv_behind_it_tries_the_next_service),
	    T(rfc3263_4_1_naptr_of_other_kinds_is_of_no_use),
	    T(without_naptr_udp_comes_before_tcp),
	    T(discovery_can_be_switched_off),
	    T(ipv6_is_there_only_where_it_is_wanted),
	    T(rfc2782_lower_priority_comes_first_and_every_address_is_a_hop),
	    T(rfc2782_weights_share_the_calls),
	    T(what_cannot_be_found_says_why),
	    T(an_srv_that_points_at_itself_ends),
	    T(five_hundred_records_are_bounded),
	    T(servfail_of_naptr_and_srv_falls_back_to_the_address),
	    T(garbage_is_no_answer),
	    T(a_silent_server_is_given_up_in_time),
	    T(what_was_found_and_what_was_not_is_kept),
	    T(rfc2181_ttl_has_a_ceiling),
	    T(stopping_answers_what_is_under_way),
	};
	return cmocka_run_group_tests_name("locate", tests, NULL, NULL);
}
