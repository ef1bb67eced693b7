/* SPDX-License-Identifier: Apache-2.0 */
/* One request of the HTTP client: its curl handle, what it may do, what has come so far. Inside control only,
 * between http_client.c (queue, names, redirects, deadlines) and http_easy.c (the exchange with one server). */
#ifndef CONTROL_HTTP_JOB_H
#define CONTROL_HTTP_JOB_H

#include "control/http_cache.h"
#include "control/http_client.h"

#include <curl/curl.h>

#define HTTP_REDIRECTS_MAX 10
#define HTTP_HEADERS_MAX   131072 /* bytes of response headers, all hops together */

/* Scheme, host and port of an absolute http(s) URL. -EINVAL when it is none. host without brackets. */
struct http_origin {
	char host[256];
	char port[6];
	bool literal; /* host is an address */
};
[[nodiscard]] int http_origin(struct http_origin *o, const char *url);

/* curl handles that wait for their next request. Making one costs as much as a request on it. */
struct http_easies {
	CURL **idle;
	uint32_t n, cap;
	const char *ca_file; /* NULL: the system's authorities */
};
void http_easies_fini(struct http_easies *e);

struct http_job {
	struct http_job *next, **link; /* queue or list of those in flight */
	struct http_client *client;
	struct http_easies *easies;
	struct http_host *host;
	struct http_origin origin; /* of url */
	/* asked for */
	char *url; /* of this hop */
	char *first_url;
	bool first_post;
	char *body;
	bool post;
	struct curl_slist *headers;
	void (*sign)(char line[HTTP_SIGN_MAX], const char *key, const char *url, const char *form);
	char *sign_key;
	uint32_t connect_ms, total_ms, read_ms, retries;
	unsigned retry_on;
	struct http_jar *jar;
	struct http_cache *cache; /* NULL: none */
	http_attempt_fn attempt;
	http_done_fn done;
	void *ctx;
	/* under way */
	CURL *easy; /* its CURLINFO_PRIVATE is this job */
	const struct target_policy *policy;
	bool added;     /* to the multi handle */
	bool resolving; /* the resolver holds us */
	bool renewed;   /* its connection had gone stale, this is the second */
	bool finished;  /* done was called; kept only until the resolver lets go */
	struct curl_slist *resolve;
	struct loop_timer deadline, silence;
	uint64_t started_ns, hop_ns; /* of this try, of this hop */
	uint32_t tries;
	unsigned hops;
	/* came */
	char *in;
	size_t in_len, in_cap, header_bytes;
	bool too_large, headers_too_large;
	bool opened;       /* a socket was allowed on this hop */
	char refused[160]; /* address and range that was not */
	char error[CURL_ERROR_SIZE];
	uint32_t dns_us, connect_us, tls_us, first_byte_us;
	/* the cache: of this hop */
	struct http_cache_terms terms;
	char *cached_type; /* the answer is one that was kept: its type */
	char *kept_body, *kept_type;
	size_t kept_len;
	struct curl_slist *conditional; /* headers that ask whether it is still good */
};

/* http_cached.c */
/* What was kept needs no asking: it is the answer now. */
bool http_cached_fresh(struct http_job *j);
/* Makes j->conditional when something is kept. After http_cached_reset. */
void http_cached_ask(struct http_job *j);
/* true: what was kept is the answer; an answer that may be kept is. */
bool http_cached_answered(struct http_job *j, long status);
void http_cached_reset(struct http_job *j);

/* http_jar.c: in (it has none) and out of curl's handle. */
void http_jar_load(const struct http_jar *jar, CURL *easy);
void http_jar_save(struct http_jar *jar, CURL *easy);
/* Something came, or the request went out: the silence begins anew. */
void http_job_heard(struct http_job *j);

/* Get or reuse the handle for this hop. addrs: what the host may be connected at (n == 0 for a literal). */
[[nodiscard]] int http_easy_prepare(struct http_job *j, const struct ip_addr *addrs, uint32_t n);
/* What curl's result means in Twilio's codes; fills message. */
int http_easy_error(struct http_job *j, CURLcode rc, char message[300]);
void http_easy_fini(struct http_job *j);

#endif
