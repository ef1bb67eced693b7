/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the user's applications: libcurl multi, driven by the loop. Bounded in time, size, redirects and
 * number; every address is checked against the target policy before it is connected to. */
#ifndef CONTROL_HTTP_CLIENT_H
#define CONTROL_HTTP_CLIENT_H

#include "control/dns.h"
#include "control/loop.h"
#include "control/target_policy.h"

#include <stddef.h>

#define HTTP_SIGN_MAX 64
#define HTTP_BODY_MAX 65536 /* TwiML limit, 11750 beyond it */

struct http_client;

/* After which failures a request is sent again (the same URL, headers and body). */
enum http_retry_on {
	HTTP_RETRY_CONNECT = 1, /* no connection: nothing was sent */
	HTTP_RETRY_READ = 2,    /* connected, no (complete) answer in time, or a broken one */
	HTTP_RETRY_4XX = 4,
	HTTP_RETRY_5XX = 8,
};

/* Cookies that go from one request to the next. Bounded: 50 of them, 16 KiB. */
struct http_jar;
struct http_jar *http_jar_new(void);
void http_jar_get(struct http_jar *j); /* one more owner */
void http_jar_put(struct http_jar *j); /* one fewer; NULL is fine */

struct http_cache; /* http_cache.h */

struct http_result;
/* One try of a request has ended: the how manieth, what came of it, whether the same is sent again now. */
typedef void (*http_attempt_fn)(void *ctx, uint32_t attempt, const struct http_result *r, bool again);

struct http_request {
	bool post;
	const char *url;               /* absolute http(s), fragment already removed */
	const char *body;              /* POST form, copied */
	const char *const *headers;    /* "Name: value" …, NULL-terminated, copied */
	uint32_t connect_ms, total_ms; /* deadlines; 0 = 5000, 15000 */
	/* NULL, or what makes a header that depends on where a request goes, asked for again after every
	 * redirect: fills line ("Name: value") from key (copied), the URL and the form (NULL: a GET). It takes the
	 * place of the header of that name. */
	void (*sign)(char line[HTTP_SIGN_MAX], const char *key, const char *url, const char *form);
	const char *sign_key;
	uint32_t read_ms;         /* longest silence once connected; 0: no limit but total_ms */
	uint32_t retries;         /* at most, within total_ms */
	unsigned retry_on;        /* HTTP_RETRY_… */
	struct http_jar *jar;     /* NULL: no cookies */
	struct http_cache *cache; /* of answers to GET; NULL: none. Outlives the client */
	http_attempt_fn attempt;  /* NULL, or told of every try before `done`, with done's ctx */
};

struct http_result {
	int error;   /* 0, or Twilio's code: 11200 bad status or broken exchange, 11205 connect failed,
	                          * 11210 host does not resolve or is refused by policy, 11215 redirects, 11220 TLS,
	                          * 11750 too large, 11100 bad URL */
	long status; /* HTTP status, 0 when none came */
	const char *message; /* one sentence for a person: which limit, which address */
	const char *content_type;
	const char *effective_url;
	const char *body; /* NUL-terminated beyond body_len */
	size_t body_len;
	/* All from the start of the try; 0: did not happen. */
	uint32_t total_us, dns_us, connect_us, tls_us, first_byte_us;
	bool timed_out;
	bool cached; /* an answer that was kept: the server said so, or was not asked (first_byte_us 0) */
};

typedef void (*http_done_fn)(void *ctx, const struct http_result *r); /* r lives during the call */

struct http_client *http_client_new(
    struct loop *l, const struct target_policy *policy, uint32_t max_in_flight);
/* Answers what is under way or waits with 11200, then stops. */
void http_client_free(struct http_client *h);
/* Without this, one of its own with the system's name servers. d must outlive h. */
void http_client_use_dns(struct http_client *h, struct dns *d);
/* PEM file of the authorities that servers' certificates may come from, instead of the system's. Before the first
 * request; borrowed. */
void http_client_trust(struct http_client *h, const char *ca_file);
/* What a request with 0 gets instead of 5000 and 15000. total counts from the start of the request (not while it
 * waits for a place) and includes names and redirects. */
void http_client_deadlines(struct http_client *h, uint32_t connect_ms, uint32_t total_ms);
/* Queue a request; done is called exactly once, later, on the loop. -EINVAL: not an http(s) URL; -EAGAIN: 65536
 * wait already, or the client stops (done is not called). Redirects: at most 10, each resolved and checked anew; 301,
 * 302 and 303 turn a POST into a GET; the headers go along, `sign` being asked again. Any final status outside 2xx is 11200. */
[[nodiscard]] int http_client_send(
    struct http_client *h, const struct http_request *r, http_done_fn done, void *ctx);
/* At most per_host requests to one host and port at a time (0: no limit). After `failures` in a row without any
 * answer (0: never) a host is left alone for pause_ms: what waits for it fails at once with 11205, then one request
 * tries whether it is back. So a dead application takes neither the places nor the time of others. */
void http_client_hosts(struct http_client *h, uint32_t per_host, uint32_t failures, uint32_t pause_ms);
/* Another number of requests at one time. */
void http_client_limit(struct http_client *h, uint32_t max_in_flight);
uint32_t http_client_in_flight(const struct http_client *h);
uint32_t http_client_waiting(const struct http_client *h);

#endif
