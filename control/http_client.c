/* SPDX-License-Identifier: Apache-2.0 */
#include "control/http_client.h"

#include "control/http_host.h"
#include "control/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_MAX 65536 /* requests that wait for one of the places in flight */

struct http_client {
	struct loop *loop;
	const struct target_policy *policy;
	struct dns *dns;
	bool own_dns, closing;
	CURLM *multi;
	struct loop_timer tick;  /* curl's own timeouts */
	struct loop_timer start; /* armed while queued requests may start */
	uint32_t connect_ms, total_ms;
	uint32_t max_in_flight, in_flight;
	struct http_hosts hosts;
	struct http_easies easies;
	struct http_job *active;
};

static void pump(struct http_client *h);
static void hop(struct http_job *j);

/* ---- lists ---- */

static void list_active(struct http_client *h, struct http_job *j)
{
	j->next = h->active;
	j->link = &h->active;
	if (j->next)
		j->next->link = &j->next;
	h->active = j;
	h->in_flight++;
}

static void unlist_active(struct http_client *h, struct http_job *j)
{
	*j->link = j->next;
	if (j->next)
		j->next->link = j->link;
	j->next = NULL;
	h->in_flight--;
}

/* ---- the end of a request ---- */

static void free_job(struct http_job *j)
{
	http_easy_fini(j);
	http_cached_reset(j);
	curl_slist_free_all(j->headers);
	if (j->sign_key)
		explicit_bzero(j->sign_key, strlen(j->sign_key));
	free(j->sign_key);
	free(j->url);
	free(j->first_url);
	free(j->body);
	free(j->in);
	http_jar_put(j->jar);
	free(j);
}

static void leave_multi(struct http_job *j)
{
	if (j->added)
		curl_multi_remove_handle(j->client->multi, j->easy);
	j->added = false;
}

static uint32_t since_us(uint64_t ns)
{
	uint64_t us = ns ? (loop_now_ns() - ns) / 1000 : 0;
	return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

/* What has come of this try. Borrows from the job. */
static void fill_result(
    struct http_job *j, struct http_result *r, int error, const char *message, bool timed_out)
{
	*r = (struct http_result){
	    .error = error,
	    .message = message,
	    .effective_url = j->url,
	    .body = j->in ? j->in : "",
	    .body_len = j->in_len,
	    .total_us = since_us(j->started_ns),
	    .dns_us = j->dns_us,
	    .connect_us = j->connect_us,
	    .tls_us = j->tls_us,
	    .first_byte_us = j->first_byte_us,
	    .timed_out = timed_out,
	};
	if (j->in)
		j->in[j->in_len] = 0;
	if (j->easy) {
		char *type = NULL;
		curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE, &r->status);
		curl_easy_getinfo(j->easy, CURLINFO_CONTENT_TYPE, &type);
		r->content_type = type;
	}
	if (j->cached_type) {
		r->status = 200;
		r->content_type = j->cached_type;
		r->cached = true;
	}
}

static bool past_deadline(const struct http_job *j)
{
	return loop_now_ns() >= j->deadline.at_ns;
}

/* Is this failure one that another try may mend, and is there one left? */
static bool try_again(const struct http_job *j, const struct http_result *r)
{
	unsigned kind = r->status >= 500                  ? HTTP_RETRY_5XX
	                : r->status >= 400                ? HTTP_RETRY_4XX
	                : r->error == 11205               ? HTTP_RETRY_CONNECT
	                : r->error == 11200 && !r->status ? HTTP_RETRY_READ
	                                                  : 0;
	return r->error && (j->retry_on & kind) && j->tries <= j->retries && !j->client->closing &&
	       !past_deadline(j) && !j->resolving;
}

static void sign_again(struct http_job *j);

static void start_over(struct http_job *j)
{
	leave_multi(j);
	if (j->hops) {
		free(j->url);
		j->url = mem_dup(j->first_url);
		if (http_origin(&j->origin, j->url) < 0) /* it was one before */
			abort();
	}
	j->post = j->first_post;
	j->hops = 0;
	j->header_bytes = 0;
	j->renewed = false;
	j->dns_us = j->connect_us = j->tls_us = j->first_byte_us = 0;
	j->tries++;
	j->started_ns = loop_now_ns();
	sign_again(j);
	hop(j);
}

static void finish_tried(struct http_job *j, const struct http_result *r, bool tried)
{
	struct http_client *h = j->client;
	loop_timer_cancel(h->loop, &j->deadline);
	if (j->jar && j->easy)
		http_jar_save(j->jar, j->easy);
	leave_multi(j);
	unlist_active(h, j);
	http_hosts_left(
	    &h->hosts, j->host, tried && !h->closing, r->status || r->error == 11210, loop_now_ns());
	j->done(j->ctx, r);
	j->finished = true;
	if (!j->resolving)
		free_job(j);
	/* Not from here: a row of those that fail at once would go deeper and deeper. */
	if (!h->closing)
		loop_timer_arm(h->loop, &h->start, 0);
}

static void finish(struct http_job *j, int error, const char *message, bool timed_out)
{
	struct http_result r;
	loop_timer_cancel(j->client->loop, &j->silence);
	fill_result(j, &r, error, message, timed_out);
	bool again = try_again(j, &r);
	if (j->attempt)
		j->attempt(j->ctx, j->tries, &r, again);
	if (again)
		start_over(j);
	else
		finish_tried(j, &r, true);
}

static void refuse(struct http_job *j)
{
	struct http_result r;
	fill_result(j, &r, 11205,
	    "not tried: the last requests to this host all failed without an answer; it is left alone for a "
	    "while",
	    false);
	if (j->attempt)
		j->attempt(j->ctx, 0, &r, false);
	finish_tried(j, &r, false);
}

static void on_silence(void *ctx, struct loop_timer *t)
{
	struct http_job *j = ctx;
	char message[128];
	snprintf(message, sizeof message, "nothing came for %u ms", j->read_ms);
	finish(j, 11200, message, true);
}

void http_job_heard(struct http_job *j)
{
	if (j->read_ms)
		loop_timer_arm(j->client->loop, &j->silence, loop_now_ns() + (uint64_t)j->read_ms * 1000000u);
}

static void on_deadline(void *ctx, struct loop_timer *t)
{
	struct http_job *j = ctx;
	char message[128];
	snprintf(message, sizeof message, "no complete response within %u ms", j->total_ms);
	finish(j, j->resolving ? 11210 : 11200, message, true);
}

/* ---- one hop ---- */

static void start_exchange(struct http_job *j, const struct ip_addr *addrs, uint32_t n)
{
	int rc = http_easy_prepare(j, addrs, n);
	if (rc == -EACCES) {
		char message[512];
		snprintf(message, sizeof message, "%s: %s", j->origin.host,
		    *j->refused ? j->refused : "no usable address");
		finish(j, 11210, message, false);
	} else if (rc < 0 || curl_multi_add_handle(j->client->multi, j->easy) != CURLM_OK) {
		finish(j, 11100, "the URL cannot be requested", false);
	} else {
		j->added = true;
	}
}

static void on_resolved(void *ctx, const struct ip_addr *addrs, uint32_t n, const char *why)
{
	struct http_job *j = ctx;
	char message[400];
	j->resolving = false;
	j->dns_us += since_us(j->hop_ns);
	if (j->finished) {
		free_job(j);
	} else if (n == 0) {
		snprintf(message, sizeof message, "the host does not resolve: %s", why);
		finish(j, 11210, message, false);
	} else {
		start_exchange(j, addrs, n);
	}
}

static void hop(struct http_job *j)
{
	http_cached_reset(j);
	if (http_cached_fresh(j)) {
		finish(j, 0, "", false);
	} else if (j->origin.literal) {
		start_exchange(j, NULL, 0);
	} else {
		j->hop_ns = loop_now_ns();
		j->resolving = true;
		dns_resolve_any(j->client->dns, j->origin.host, on_resolved, j);
	}
}

/* ---- answers ---- */

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* The header that names the URL's signature, for where the request goes now. */
static void sign_again(struct http_job *j)
{
	char line[HTTP_SIGN_MAX];
	struct curl_slist *headers = NULL;
	if (!j->sign)
		return;
	j->sign(line, j->sign_key, j->url, j->post ? j->body : NULL);
	for (const struct curl_slist *h = j->headers; h; h = h->next)
		headers = curl_slist_append(
		    headers, strncmp(h->data, line, strcspn(line, ":") + 1) == 0 ? line : h->data);
	curl_slist_free_all(j->headers);
	j->headers = headers;
}

/* Follow as browsers do: 301, 302 and 303 turn a POST into a GET. false: not a redirect. */
static bool follow(struct http_job *j, long status)
{
	char *to = NULL;
	struct http_origin o;
	curl_easy_getinfo(j->easy, CURLINFO_REDIRECT_URL, &to);
	if (!is_redirect(status) || !to)
		return false;
	if (++j->hops > HTTP_REDIRECTS_MAX) {
		finish(j, 11215, "more than 10 redirects", false);
		return true;
	}
	if (http_origin(&o, to) < 0) {
		finish(j, 11215, "redirected to something that is not an http(s) URL", false);
		return true;
	}
	char *url = mem_dup(to);
	url[strcspn(url, "#")] = 0;
	leave_multi(j);
	free(j->url);
	j->url = url;
	j->origin = o;
	j->post = j->post && (status == 307 || status == 308);
	sign_again(j);
	hop(j);
	return true;
}

static void take_times(struct http_job *j)
{
	curl_off_t us = 0;
	if (curl_easy_getinfo(j->easy, CURLINFO_CONNECT_TIME_T, &us) == CURLE_OK)
		j->connect_us = (uint32_t)us;
	if (curl_easy_getinfo(j->easy, CURLINFO_APPCONNECT_TIME_T, &us) == CURLE_OK)
		j->tls_us = (uint32_t)us;
	if (curl_easy_getinfo(j->easy, CURLINFO_STARTTRANSFER_TIME_T, &us) == CURLE_OK)
		j->first_byte_us = (uint32_t)us;
}

/* A connection that was kept and that the server has given up meanwhile, without a word about this request: once more
 * over a new one. libcurl does so for HTTP/1.1; a GOAWAY of HTTP/2 it reports. */
static bool went_stale(const struct http_job *j, CURLcode rc, long status)
{
	long made = 1;
	curl_easy_getinfo(j->easy, CURLINFO_NUM_CONNECTS, &made);
	bool broken = rc == CURLE_HTTP2 || rc == CURLE_HTTP2_STREAM || rc == CURLE_SEND_ERROR ||
	              rc == CURLE_RECV_ERROR || rc == CURLE_GOT_NOTHING || rc == CURLE_PARTIAL_FILE;
	return broken && !status && !made && !j->renewed;
}

static void exchanged(struct http_job *j, CURLcode rc)
{
	char message[300] = "";
	long status = 0;
	take_times(j);
	curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE, &status);
	if (went_stale(j, rc, status)) {
		j->renewed = true;
		leave_multi(j);
		hop(j);
	} else if (rc != CURLE_OK && !(j->too_large && is_redirect(status))) {
		int code = http_easy_error(j, rc, message);
		finish(j, code, message, rc == CURLE_OPERATION_TIMEDOUT);
	} else if (!follow(j, status)) {
		if (http_cached_answered(j, status))
			status = 200;
		bool good = status >= 200 && status < 300;
		if (!good)
			snprintf(message, sizeof message, "the server answered %ld", status);
		finish(j, good ? 0 : 11200, message, false);
	}
}

static struct http_job *job_of(CURL *easy)
{
	char *j = NULL;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &j);
	return (struct http_job *)(void *)j;
}

static void take_finished(struct http_client *h)
{
	int left;
	for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &left));) {
		CURLcode rc = m->data.result;
		struct http_job *j = m->msg == CURLMSG_DONE ? job_of(m->easy_handle) : NULL;
		if (j)
			exchanged(j, rc);
	}
}

/* ---- curl and the loop ---- */

static void on_socket(void *ctx, int fd, uint32_t revents)
{
	struct http_client *h = ctx;
	int running, mask = 0;
	if (revents & (POLLIN | POLLHUP))
		mask |= CURL_CSELECT_IN;
	if (revents & POLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (revents & (POLLERR | POLLNVAL))
		mask |= CURL_CSELECT_ERR;
	curl_multi_socket_action(h->multi, fd, mask, &running);
	take_finished(h);
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct http_client *h = ctx;
	uint32_t events = what == CURL_POLL_REMOVE
	                      ? 0
	                      : ((what & CURL_POLL_IN ? POLLIN : 0u) | (what & CURL_POLL_OUT ? POLLOUT : 0u));
	loop_fd(h->loop, fd, events, on_socket, h);
	return 0;
}

static void on_tick(void *ctx, struct loop_timer *t)
{
	struct http_client *h = ctx;
	int running;
	curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	take_finished(h);
}

static int timer_wanted(CURLM *multi, long ms, void *ctx)
{
	struct http_client *h = ctx;
	if (ms < 0)
		loop_timer_cancel(h->loop, &h->tick);
	else
		loop_timer_arm(h->loop, &h->tick, loop_now_ns() + (uint64_t)ms * 1000000u);
	return 0;
}

/* ---- sending ---- */

static void pump(struct http_client *h)
{
	struct http_job *j;
	bool refused;
	while (h->in_flight < h->max_in_flight && (j = http_hosts_pop(&h->hosts, loop_now_ns(), &refused))) {
		list_active(h, j);
		j->started_ns = loop_now_ns();
		j->tries = 1;
		loop_timer_arm(h->loop, &j->deadline, j->started_ns + (uint64_t)j->total_ms * 1000000u);
		if (refused)
			refuse(j);
		else
			hop(j);
	}
}

static struct http_job *new_job(struct http_client *h, const struct http_request *r)
{
	struct http_job *j = mem_zalloc(sizeof *j);
	j->client = h;
	j->easies = &h->easies;
	j->policy = h->policy;
	j->url = mem_dup(r->url);
	j->first_url = mem_dup(r->url);
	j->first_post = r->post;
	j->read_ms = r->read_ms;
	j->retries = r->retries;
	j->retry_on = r->retry_on;
	j->attempt = r->attempt;
	j->jar = r->jar;
	j->cache = r->cache;
	if (j->jar)
		http_jar_get(j->jar);
	j->body = mem_dup(r->body ? r->body : "");
	j->post = r->post;
	j->connect_ms = r->connect_ms ? r->connect_ms : h->connect_ms;
	j->total_ms = r->total_ms ? r->total_ms : h->total_ms;
	j->deadline = (struct loop_timer){.fn = on_deadline, .ctx = j};
	j->silence = (struct loop_timer){.fn = on_silence, .ctx = j};
	for (const char *const *p = r->headers; p && *p; p++)
		j->headers = curl_slist_append(j->headers, *p);
	j->sign = r->sign;
	j->sign_key = r->sign_key ? mem_dup(r->sign_key) : NULL;
	return j;
}

int http_client_send(struct http_client *h, const struct http_request *r, http_done_fn done, void *ctx)
{
	struct http_origin o;
	if (http_origin(&o, r->url) < 0)
		return -EINVAL;
	if (h->closing || h->hosts.waiting >= WAITING_MAX)
		return -EAGAIN;
	struct http_job *j = new_job(h, r);
	j->origin = o;
	j->done = done;
	j->ctx = ctx;
	http_hosts_push(&h->hosts, j, &o);
	/* Not from here: a start that fails at once would call done before this returns. */
	if (h->in_flight < h->max_in_flight)
		loop_timer_arm(h->loop, &h->start, 0);
	return 0;
}

/* ---- life ---- */

static void on_start(void *ctx, struct loop_timer *t)
{
	pump(ctx);
}

void http_client_deadlines(struct http_client *h, uint32_t connect_ms, uint32_t total_ms)
{
	h->connect_ms = connect_ms;
	h->total_ms = total_ms;
}

void http_client_trust(struct http_client *h, const char *ca_file)
{
	h->easies.ca_file = ca_file;
}

void http_client_use_dns(struct http_client *h, struct dns *d)
{
	if (h->own_dns)
		dns_free(h->dns);
	h->own_dns = false;
	h->dns = d;
}

static void set_up_multi(struct http_client *h)
{
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)h->max_in_flight);
	curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
}

struct http_client *http_client_new(
    struct loop *l, const struct target_policy *policy, uint32_t max_in_flight)
{
	char err[256];
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	struct http_client *h = mem_zalloc(sizeof *h);
	h->loop = l;
	h->policy = policy;
	h->max_in_flight = max_in_flight;
	h->connect_ms = 5000;
	h->total_ms = 15000;
	h->tick = (struct loop_timer){.fn = on_tick, .ctx = h};
	h->start = (struct loop_timer){.fn = on_start, .ctx = h};
	h->dns = dns_new(l, NULL, err);
	h->own_dns = true;
	h->multi = h->dns ? curl_multi_init() : NULL;
	if (!h->multi) {
		dns_free(h->dns);
		curl_global_cleanup();
		free(h);
		return NULL;
	}
	set_up_multi(h);
	return h;
}

static void stop_all(struct http_client *h)
{
	h->closing = true;
	for (struct http_job *j; (j = http_hosts_take(&h->hosts));)
		list_active(h, j);
	while (h->active)
		finish(h->active, 11200, "the engine stops", false);
}

void http_client_free(struct http_client *h)
{
	if (!h)
		return;
	stop_all(h);
	if (h->own_dns)
		dns_free(h->dns);
	http_easies_fini(&h->easies);
	curl_multi_cleanup(h->multi);
	loop_timer_cancel(h->loop, &h->tick);
	loop_timer_cancel(h->loop, &h->start);
	curl_global_cleanup();
	http_hosts_fini(&h->hosts);
	free(h);
}

void http_client_hosts(struct http_client *h, uint32_t per_host, uint32_t failures, uint32_t pause_ms)
{
	h->hosts.per_host = per_host;
	h->hosts.failures = failures;
	h->hosts.pause_ns = (uint64_t)pause_ms * 1000000u;
}

void http_client_limit(struct http_client *h, uint32_t max_in_flight)
{
	h->max_in_flight = max_in_flight;
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)max_in_flight);
	loop_timer_arm(h->loop, &h->start, 0);
}

uint32_t http_client_in_flight(const struct http_client *h)
{
	return h->in_flight;
}

uint32_t http_client_waiting(const struct http_client *h)
{
	return h->hosts.waiting;
}
