/* SPDX-License-Identifier: Apache-2.0 */
/* Load on a whole engine from one thread: the REST client, the application that is asked for TwiML and told the
 * callbacks, and both parties of the calls. Open loop (--rate) or closed loop (--window). Warm-up, a measured
 * window, then every call under way may end. Prints one JSON object. */
#include "bench/call/rest_gen.h"
#include "bench/call/sip_sink.h"
#include "bench/call/threads.h"
#include "bench/call/web_sink.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#define READY      256
#define TURN_NS    50000ull
#define STALE_NS   1000000000ull
#define CREATE_MAX 64 /* calls begun in one turn */

struct options {
	const char *netns, *account, *token, *ip_a, *ip_b;
	unsigned rest_port, web_port, rate, window, conns, warm_ms, run_ms, drain_ms, talk_ms, busy, self,
	    pid;
};

struct counts {
	uint64_t at_ns, cpu_ns, offered, abandoned, sent, accepted, refused, broken, completed, failed,
	    requests;
	struct thread_cpu threads[THREADS_MAX];
	unsigned n_threads;
};

struct load {
	struct options o;
	int epoll;
	struct rest_gen rest;
	struct web_sink web;
	struct sip_sink sip;
	uint64_t began_ns, offered, abandoned, ended;
};

static struct load load;

static uint64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static struct sockaddr_in local(unsigned port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static uint64_t under_way(const struct load *l)
{
	uint64_t over = l->o.self ? l->rest.accepted : l->ended;
	return l->rest.sent - l->rest.refused - l->rest.broken - over;
}

static void on_ended(void *ctx, bool completed)
{
	(void)completed;
	((struct load *)ctx)->ended++;
}

/* Calls that are due by now. Those that found no free connection for a second are given up. */
static void create_at_rate(struct load *l, uint64_t now)
{
	double gap = 1e9 / l->o.rate;
	uint64_t due_by_now = (uint64_t)((double)(now - l->began_ns) / gap);
	uint64_t stale =
	    now - l->began_ns < STALE_NS ? 0 : (uint64_t)((double)(now - l->began_ns - STALE_NS) / gap);
	if (stale > l->offered) {
		l->abandoned += stale - l->offered;
		l->offered = stale;
	}
	for (unsigned i = 0; i < CREATE_MAX && l->offered <= due_by_now; i++) {
		if (!rest_gen_create(&l->rest, l->began_ns + (uint64_t)((double)l->offered * gap)))
			return;
		l->offered++;
	}
}

static void create_in_window(struct load *l, uint64_t now)
{
	for (unsigned i = 0; i < CREATE_MAX && under_way(l) < l->o.window; i++) {
		if (!rest_gen_create(&l->rest, now))
			return;
		l->offered++;
	}
}

static void turn(struct load *l, bool create)
{
	struct epoll_event ready[READY];
	const struct timespec wait = {.tv_nsec = TURN_NS};
	int n = epoll_pwait2(l->epoll, ready, READY, &wait, NULL);
	for (int i = 0; i < n; i++) {
		int fd = ready[i].data.fd;
		if (!sip_sink_ready(&l->sip, fd) && !web_sink_ready(&l->web, fd))
			rest_gen_ready(&l->rest, fd);
	}
	uint64_t now = http_now_ns();
	if (create && l->o.rate)
		create_at_rate(l, now);
	else if (create)
		create_in_window(l, now);
	if (!l->o.self)
		sip_sink_tick(&l->sip, now);
}

static void run_for(struct load *l, unsigned ms)
{
	uint64_t end = http_now_ns() + ms * 1000000ull;
	while (http_now_ns() < end)
		turn(l, true);
}

static void drain(struct load *l)
{
	uint64_t end = http_now_ns() + l->o.drain_ms * 1000000ull;
	while (under_way(l) && http_now_ns() < end)
		turn(l, false);
}

static void snap(const struct load *l, struct counts *c)
{
	*c =
	    (struct counts){http_now_ns(), cpu_ns(), l->offered, l->abandoned, l->rest.sent, l->rest.accepted,
	        l->rest.refused, l->rest.broken, l->web.completed, l->web.failed, l->web.requests, {{0}}, 0};
	if (l->o.pid)
		c->n_threads = threads_read((int)l->o.pid, c->threads);
}

static void print_hist(const char *name, const struct hist *h)
{
	printf("\"%s\":{\"n\":%lu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p9999_us\":%.1f,\"max_us\":%.1f},", name,
	    (unsigned long)h->n, (double)hist_quantile(h, 0.5) / 1e3, (double)hist_quantile(h, 0.99) / 1e3,
	    (double)hist_quantile(h, 0.9999) / 1e3, (double)h->max / 1e3);
}

static void print_threads(const struct counts *a, const struct counts *b)
{
	printf("\"threads\":[");
	for (unsigned i = 0; i < b->n_threads; i++) {
		const struct thread_cpu *t = &b->threads[i];
		struct thread_cpu was = threads_of(a->threads, a->n_threads, t->tid);
		printf("%s{\"tid\":%d,\"name\":\"%s\",\"cpu_s\":%.6f,\"wait_s\":%.6f}", i ? "," : "", t->tid,
		    t->name, (double)(t->ns - was.ns) / 1e9, (double)(t->wait_ns - was.wait_ns) / 1e9);
	}
	printf("],");
}

static void print_count(const char *name, uint64_t v)
{
	printf("\"%s\":%lu,", name, (unsigned long)v);
}

/* In the window first, then of the whole run once drained. */
static void print(const struct load *l, const struct counts *a, const struct counts *b)
{
	const struct callee_counts *ca = &l->sip.a.callee.counts, *cb = &l->sip.b.callee.counts;
	const char *wrong = ca->first_wrong ? ca->first_wrong : cb->first_wrong;
	printf("{\"seconds\":%.6f,\"own_cpu_s\":%.6f,", (double)(b->at_ns - a->at_ns) / 1e9,
	    (double)(b->cpu_ns - a->cpu_ns) / 1e9);
	print_count("offered", b->offered - a->offered);
	print_count("abandoned", b->abandoned - a->abandoned);
	print_count("sent", b->sent - a->sent);
	print_count("accepted", b->accepted - a->accepted);
	print_count("refused", b->refused - a->refused);
	print_count("broken", b->broken - a->broken);
	print_count("completed", b->completed - a->completed);
	print_count("failed", b->failed - a->failed);
	print_count("requests", b->requests - a->requests);
	print_threads(a, b);
	print_hist("rest", &l->rest.latency);
	print_hist("to_invite", &l->sip.to_invite);
	print_hist("to_bridge", &l->sip.to_bridge);
	print_count("all_accepted", l->rest.accepted);
	print_count("all_completed", l->web.completed);
	print_count("all_failed", l->web.failed);
	print_count("never_ended", under_way(l));
	print_count("invites_repeated", l->sip.repeats);
	print_count("byes_unanswered", l->sip.byes.lost + l->sip.byes.full);
	print_count("probed", l->sip.probed);
	print_count("wrong", ca->wrong + cb->wrong);
	print_count("web_bad", l->web.bad);
	printf("\"first_wrong\":\"%s\",\"first_broken\":\"", wrong ? wrong : "");
	for (const char *p = l->rest.first_broken; *p; p++)
		putchar(*p == '"' || *p == '\\' || (unsigned char)*p < ' ' ? '\'' : *p);
	printf("\"}\n");
}

static const struct {
	const char *name;
	size_t at;
	bool text;
} known[] = {
#define TEXT(n)                                                                                              \
	{                                                                                                    \
		"--" #n, offsetof(struct options, n), true                                                   \
	}
#define NUMBER(n)                                                                                            \
	{                                                                                                    \
		"--" #n, offsetof(struct options, n), false                                                  \
	}
    TEXT(netns), TEXT(account), TEXT(token), TEXT(ip_a), TEXT(ip_b), NUMBER(rest_port), NUMBER(web_port),
    NUMBER(rate), NUMBER(window), NUMBER(conns), NUMBER(warm_ms), NUMBER(run_ms), NUMBER(drain_ms),
    NUMBER(talk_ms), NUMBER(busy), NUMBER(self), NUMBER(pid)};

static bool option(struct options *o, const char *name, const char *value)
{
	for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(known[i].name, name) != 0)
			continue;
		if (known[i].text)
			*(const char **)(void *)((char *)o + known[i].at) = value;
		else
			*(unsigned *)(void *)((char *)o + known[i].at) = (unsigned)strtoul(value, NULL, 10);
		return true;
	}
	return false;
}

/* Everything a call needs: six requests from the engine (document, four callbacks, action). */
static const char *form(const struct options *o)
{
	static char text[1024];
	const char *events = "&StatusCallbackEvent=initiated&StatusCallbackEvent=ringing"
	                     "&StatusCallbackEvent=answered&StatusCallbackEvent=completed";
	snprintf(text, sizeof text,
	    "From=Jack&To=sip%%%%3Ak%%llu%%%%40%s%%%%3A5070&Url=http%%%%3A%%%%2F%%%%2F127.0.0.1%%%%3A%u%%%%"
	    "2Fvoice"
	    "&StatusCallback=http%%%%3A%%%%2F%%%%2F127.0.0.1%%%%3A%u%%%%2Fstatus%s",
	    o->ip_a, o->web_port, o->web_port, o->busy ? "" : events);
	return text;
}

static int open_web(struct load *l)
{
	static const char created[] = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
	char twiml[512];
	snprintf(twiml, sizeof twiml,
	    "<Response><Dial "
	    "action=\"http://127.0.0.1:%u/action\"><Sip>sip:bob@%s:5070</Sip></Dial></Response>",
	    l->o.web_port, l->o.ip_b);
	l->web.answer = l->o.self ? created : NULL;
	l->web.ended = on_ended;
	l->web.ctx = l;
	return web_sink_open(&l->web, l->epoll, local(l->o.web_port), twiml);
}

static int open_all(struct load *l)
{
	const struct options *o = &l->o;
	const struct rest_conf conf = {
	    local(o->self ? o->web_port : o->rest_port), o->account, o->token, form(o), o->conns};
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->sip.talk_ns = o->talk_ms * 1000000ull;
	l->sip.busy = o->busy != 0;
	if (l->epoll < 0 || open_web(l) < 0)
		return fprintf(stderr, "call_load: cannot listen for webhooks\n"), -1;
	if (!o->self && sip_sink_open(&l->sip, l->epoll, o->netns, o->ip_a, o->ip_b) < 0)
		return perror("call_load: peers"), -1;
	if (rest_gen_open(&l->rest, l->epoll, &conf) < 0)
		return perror("call_load: REST"), -1;
	return 0;
}

int main(int argc, char **argv)
{
	static struct counts a, b;
	load.o = (struct options){.account = "AC",
	    .token = "",
	    .ip_a = "10.77.0.11",
	    .ip_b = "10.77.0.12",
	    .rest_port = 8080,
	    .web_port = 8090,
	    .conns = 64,
	    .warm_ms = 1000,
	    .run_ms = 4000,
	    .drain_ms = 8000,
	    .talk_ms = 50};
	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc || !option(&load.o, argv[i], argv[i + 1]))
			return fprintf(stderr, "call_load: what is %s?\n", argv[i]), 2;
	}
	if ((load.o.rate == 0) == (load.o.window == 0))
		return fprintf(stderr, "call_load: either --rate or --window\n"), 2;
	if (open_all(&load) < 0)
		return 1;
	load.began_ns = http_now_ns();
	run_for(&load, load.o.warm_ms);
	memset(&load.rest.latency, 0, sizeof load.rest.latency);
	memset(&load.sip.to_invite, 0, sizeof load.sip.to_invite);
	memset(&load.sip.to_bridge, 0, sizeof load.sip.to_bridge);
	load.sip.probed = 0;
	snap(&load, &a);
	run_for(&load, load.o.run_ms);
	snap(&load, &b);
	drain(&load);
	print(&load, &a, &b);
	return 0;
}
