/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to GET that may be used again (RFC 9111, the part that TwiML needs): by whole URL, good as long as
 * Cache-Control says, afterwards asked about again with If-None-Match and If-Modified-Since. Bounded: whoever was used
 * longest ago goes. */
#ifndef CONTROL_HTTP_CACHE_H
#define CONTROL_HTTP_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_CACHE_TAG_MAX 256 /* of ETag and Last-Modified; a longer one is none */

struct http_cache;

/* What the headers of an answer say about keeping it. Zero: nothing. */
struct http_cache_terms {
	char etag[HTTP_CACHE_TAG_MAX], modified[HTTP_CACHE_TAG_MAX];
	bool no_store;  /* or something else that forbids it: Vary, Set-Cookie */
	bool no_cache;  /* ask about it every time */
	uint32_t age_s; /* max-age less Age, 0: none */
};

struct http_cached {
	const char *etag, *modified; /* "" when there is none */
	const char *type;            /* Content-Type, "" when there was none */
	const char *body;
	size_t body_len;
	bool fresh; /* it need not be asked about */
};

struct http_cache *http_cache_new(size_t bytes_max);
void http_cache_free(struct http_cache *c);

/* One line of a header, without its end. */
void http_cache_header(struct http_cache_terms *t, const char *line, size_t n);
/* Borrowed until the next call. false: nothing kept. */
bool http_cache_find(struct http_cache *c, const char *url, uint64_t now_ns, struct http_cached *out);
/* A 200 with these terms: kept, or what was kept is dropped. */
void http_cache_put(struct http_cache *c, const char *url, const struct http_cache_terms *t, const char *type,
    const char *body, size_t body_len, uint64_t now_ns);
/* A 304: good for as long as its terms say. */
void http_cache_renew(
    struct http_cache *c, const char *url, const struct http_cache_terms *t, uint64_t now_ns);

#endif
