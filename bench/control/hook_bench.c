/* SPDX-License-Identifier: Apache-2.0 */
/* Status callbacks as fast as they go, all over keep-alive connections to one receiver on loopback, three ways:
 *   webhook   the engine's http_client on its io_uring loop
 *   libcurl   curl_multi_perform and curl_multi_poll, nothing else: libcurl's own maximum
 *   raw       one write and one read a request over epoll: what the receiver and the kernel allow
 *   waiting   queued behind one that hangs: nothing is answered, the memory is what counts
 * hook_bench PORT CASE IN_FLIGHT REQUESTS [CA] prints "seconds cpu_seconds bytes" of one run; with CA, a PEM file, the
 * receiver speaks TLS, and HTTP/2 when it offers that. bytes: by how much the process grew. */
#include "bench/call/http.h"
#include "control/http_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

/* What a status callback says, about as long as it is. */
static const char form[] =
    "AccountSid=AC0123456789abcdef0123456789abcdef&ApiVersion=2010-04-01&CallSid="
    "CA0123456789abcdef0123456789abcdef"
    "&CallStatus=ringing&Called=sip%3Akate%4010.77.0.11&Caller=sip%3AJack%4010.77.0.2&Direction=outbound-api"
    "&From=Jack&To=sip%3Akate%4010.77.0.11&Timestamp=Tue%2C%2001%20Sep%202026%2010%3A00%3A00%20%2B0000"
    "&CallbackSource=call-progress-events&SequenceNumber=1";
static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
    "X-Twilio-Signature: 0123456789012345678901234567", "User-Agent: TwilioProxy/1.1",
    "I-Twilio-Idempotency-Token: 01234567-0123-0123-0123-0123456789ab", NULL};
#define FLIGHT_MAX 1024

static char url[64];
static const char *ca; /* NULL: plain HTTP */
static unsigned long want, started, over, bad;
static unsigned flight, port;

static bool waiting;
static long grown; /* bytes; before that, what the process had */
static struct loop *loop;
static struct http_client *client;

static void on_done(void *ctx, const struct http_result *r);

static void send_one(void)
{
	const struct http_request r = {.post = true, .url = url, .body = form, .headers = headers};
	started++;
	if (http_client_send(client, &r, on_done, NULL) < 0)
		bad++;
}

static void on_done(void *ctx, const struct http_result *r)
{
	(void)ctx;
	if (waiting)
		return;
	bad += r->status < 200 || r->status > 299;
	if (++over == want)
		loop_stop(loop);
	else if (started < want)
		send_one();
}

static long rss(void)
{
	long pages = 0, all = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (f && fscanf(f, "%ld %ld", &all, &pages) != 2)
		pages = 0;
	if (f)
		fclose(f);
	return pages * 4096;
}

static int by_engine(void)
{
	grown = rss();
	char err[256] = "";
	struct target_policy policy = {.n_allow = 1, .allow = {{.prefix = 32}}};
	if (ip_addr_parse(&policy.allow[0].net, SPAN("127.0.0.1")) < 0)
		return -1;
	loop = loop_new(err);
	if (!loop)
		return fprintf(stderr, "hook_bench: %s\n", err), -1;
	client = http_client_new(loop, &policy, flight);
	if (ca)
		http_client_trust(client, ca);
	while (started < want && (started < flight || waiting))
		send_one();
	int rc = waiting ? 0 : loop_run(loop);
	grown = rss() - grown;
	over = waiting ? want : over;
	http_client_free(client);
	loop_free(loop);
	return rc;
}

static int by_queue(void)
{
	waiting = true;
	return by_engine();
}

static size_t swallow(char *p, size_t size, size_t n, void *ctx)
{
	(void)p;
	(void)ctx;
	return size * n;
}

static void curl_next(CURLM *m, CURL *e)
{
	started++;
	curl_multi_add_handle(m, e);
}

static void curl_ended(CURLM *m, const CURLMsg *msg)
{
	long status = 0;
	CURL *e = msg->easy_handle;
	curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
	/* Over HTTP/2 a server may take its leave in the middle; libcurl alone reports that. */
	bad += (status < 200 || status > 299) && !(ca && msg->data.result == CURLE_HTTP2);
	over++;
	curl_multi_remove_handle(m, e);
	if (started < want)
		curl_next(m, e);
}

static int by_curl(void)
{
	CURLM *m = curl_multi_init();
	CURL *e[FLIGHT_MAX];
	struct curl_slist *list = NULL;
	int running, left;
	for (unsigned i = 0; headers[i]; i++)
		list = curl_slist_append(list, headers[i]);
	for (unsigned i = 0; i < flight; i++) {
		e[i] = curl_easy_init();
		curl_easy_setopt(e[i], CURLOPT_URL, url);
		curl_easy_setopt(e[i], CURLOPT_POSTFIELDS, form);
		curl_easy_setopt(e[i], CURLOPT_HTTPHEADER, list);
		curl_easy_setopt(e[i], CURLOPT_WRITEFUNCTION, swallow);
		curl_easy_setopt(e[i], CURLOPT_PIPEWAIT, ca ? 1L : 0L);
		if (ca)
			curl_easy_setopt(e[i], CURLOPT_CAINFO, ca);
		curl_next(m, e[i]);
	}
	while (over < want) {
		const CURLMsg *msg;
		curl_multi_perform(m, &running);
		while ((msg = curl_multi_info_read(m, &left)))
			curl_ended(m, msg);
		curl_multi_poll(m, NULL, 0, 1000, NULL);
	}
	for (unsigned i = 0; i < flight; i++)
		curl_easy_cleanup(e[i]);
	curl_multi_cleanup(m);
	curl_slist_free_all(list);
	return 0;
}

static int raw_text(char *to, size_t room)
{
	int n = snprintf(to, room, "POST /s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: %zu\r\n", port,
	    sizeof form - 1);
	for (unsigned i = 0; headers[i]; i++)
		n += snprintf(to + n, room - (size_t)n, "%s\r\n", headers[i]);
	return n + snprintf(to + n, room - (size_t)n, "\r\n%s", form);
}

static struct http_conn *raw_open(int epoll)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct http_conn *c = calloc(1, sizeof *c);
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	if (!c || (c->fd = http_connect(to)) < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		return NULL;
	return c;
}

static int by_hand(void)
{
	char text[2048];
	struct epoll_event ready[FLIGHT_MAX];
	int epoll = epoll_create1(EPOLL_CLOEXEC), len = raw_text(text, sizeof text);
	for (unsigned i = 0; i < flight; i++, started++) {
		struct http_conn *c = raw_open(epoll);
		if (!c || http_send(c->fd, text, (uint32_t)len) < 0)
			return -1;
	}
	while (over < want) {
		int n = epoll_wait(epoll, ready, FLIGHT_MAX, -1);
		for (int i = 0; i < n; i++) {
			struct http_conn *c = ready[i].data.ptr;
			struct http_msg m;
			if (http_fill(c) < 0)
				return -1;
			if (!http_next(c, &m))
				continue;
			http_drop(c, m.bytes);
			over++;
			if (started++ < want && http_send(c->fd, text, (uint32_t)len) < 0)
				return -1;
		}
	}
	return 0;
}

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} ways[] = {{"webhook", by_engine}, {"libcurl", by_curl}, {"raw", by_hand}, {"waiting", by_queue}};
	if (argc != 5 && argc != 6)
		return fprintf(stderr,
		           "usage: hook_bench PORT webhook|libcurl|raw|waiting IN_FLIGHT REQUESTS [CA]\n"),
		       2;
	port = (unsigned)strtoul(argv[1], NULL, 10);
	flight = (unsigned)strtoul(argv[3], NULL, 10);
	want = strtoul(argv[4], NULL, 10);
	ca = argc == 6 ? argv[5] : NULL;
	snprintf(url, sizeof url, "%s://127.0.0.1:%u/s", ca ? "https" : "http", port);
	if (flight == 0 || flight > FLIGHT_MAX || want < flight)
		return fprintf(stderr, "hook_bench: 1 to %d in flight, no more than requests\n", FLIGHT_MAX),
		       2;
	for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
		if (strcmp(argv[2], ways[i].name) != 0)
			continue;
		double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
		if (ways[i].run() < 0 || bad)
			return fprintf(stderr, "hook_bench: %lu bad answers\n", bad), 1;
		printf("%.6f %.6f %ld\n", seconds(CLOCK_MONOTONIC) - wall,
		    seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, grown);
		return 0;
	}
	return fprintf(stderr, "hook_bench: no case %s\n", argv[2]), 2;
}
