/* SPDX-License-Identifier: Apache-2.0 */
#include "control/http_cache.h"

#include "control/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BUCKETS 1024
#define AGE_MAX 86400 /* longer promises are not believed */

struct entry {
	struct entry *next;          /* of the bucket */
	struct entry *older, *newer; /* by use */
	char *url, *etag, *modified, *type, *body;
	size_t body_len, bytes;
	uint64_t fresh_until_ns;
};

struct http_cache {
	size_t bytes, bytes_max;
	struct entry *buckets[BUCKETS];
	struct entry ends; /* newer: the oldest, older: the newest */
};

/* ---- what headers say ---- */

static bool is(const char *line, size_t n, const char *name, const char **value, size_t *len)
{
	size_t k = strlen(name);
	if (n <= k || line[k] != ':' || strncasecmp(line, name, k) != 0)
		return false;
	const char *v = line + k + 1, *end = line + n;
	while (v < end && (*v == ' ' || *v == '\t'))
		v++;
	while (end > v && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r' || end[-1] == '\n'))
		end--;
	*value = v;
	*len = (size_t)(end - v);
	return true;
}

static void take(char out[HTTP_CACHE_TAG_MAX], const char *v, size_t n)
{
	if (n >= HTTP_CACHE_TAG_MAX)
		return;
	memcpy(out, v, n);
	out[n] = 0;
}

static uint32_t seconds(const char *v, size_t n)
{
	uint32_t s = 0;
	for (size_t i = 0; i < n && v[i] >= '0' && v[i] <= '9' && s < AGE_MAX; i++)
		s = s * 10 + (uint32_t)(v[i] - '0');
	return s < AGE_MAX ? s : AGE_MAX;
}

static bool word(const char *v, size_t n, const char *name)
{
	size_t k = strlen(name);
	return n >= k && strncasecmp(v, name, k) == 0 && (n == k || name[k - 1] == '=');
}

static void directive(struct http_cache_terms *t, const char *v, size_t n)
{
	if (word(v, n, "no-store"))
		t->no_store = true;
	else if (word(v, n, "no-cache"))
		t->no_cache = true;
	else if (word(v, n, "max-age="))
		t->age_s = seconds(v + 8, n - 8);
}

static void cache_control(struct http_cache_terms *t, const char *v, size_t n)
{
	for (size_t at = 0; at < n;) {
		size_t k = 0;
		while (at + k < n && v[at + k] != ',')
			k++;
		size_t skip = 0;
		while (skip < k && (v[at + skip] == ' ' || v[at + skip] == '\t'))
			skip++;
		size_t len = k - skip;
		while (len && v[at + skip + len - 1] == ' ')
			len--;
		directive(t, v + at + skip, len);
		at += k + 1;
	}
}

void http_cache_header(struct http_cache_terms *t, const char *line, size_t n)
{
	const char *v;
	size_t len;
	if (is(line, n, "ETag", &v, &len))
		take(t->etag, v, len);
	else if (is(line, n, "Last-Modified", &v, &len))
		take(t->modified, v, len);
	else if (is(line, n, "Cache-Control", &v, &len))
		cache_control(t, v, len);
	else if (is(line, n, "Vary", &v, &len))
		t->no_store |= !(len == 15 && strncasecmp(v, "Accept-Encoding", 15) == 0);
	else if (is(line, n, "Set-Cookie", &v, &len))
		t->no_store = true;
	else if (is(line, n, "Age", &v, &len))
		t->age_s -= seconds(v, len) < t->age_s ? seconds(v, len) : t->age_s;
}

/* ---- what is kept ---- */

static struct entry **bucket(struct http_cache *c, const char *url)
{
	uint32_t h = 2166136261u;
	for (; *url; url++)
		h = (h ^ (unsigned char)*url) * 16777619u;
	return &c->buckets[h % BUCKETS];
}

static struct entry *find(struct http_cache *c, const char *url)
{
	struct entry *e = *bucket(c, url);
	while (e && strcmp(e->url, url) != 0)
		e = e->next;
	return e;
}

static void unlink_use(struct entry *e)
{
	e->older->newer = e->newer;
	e->newer->older = e->older;
}

static void link_newest(struct http_cache *c, struct entry *e)
{
	e->newer = &c->ends;
	e->older = c->ends.older;
	e->older->newer = e;
	c->ends.older = e;
}

static void drop(struct http_cache *c, struct entry *e)
{
	struct entry **at = bucket(c, e->url);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	unlink_use(e);
	c->bytes -= e->bytes;
	free(e->url);
	free(e->etag);
	free(e->modified);
	free(e->type);
	free(e->body);
	free(e);
}

static void set_age(struct entry *e, const struct http_cache_terms *t, uint64_t now_ns)
{
	e->fresh_until_ns = t->no_cache || !t->age_s ? 0 : now_ns + t->age_s * UINT64_C(1000000000);
}

bool http_cache_find(struct http_cache *c, const char *url, uint64_t now_ns, struct http_cached *out)
{
	struct entry *e = find(c, url);
	if (!e)
		return false;
	unlink_use(e);
	link_newest(c, e);
	*out = (struct http_cached){
	    e->etag, e->modified, e->type, e->body, e->body_len, now_ns < e->fresh_until_ns};
	return true;
}

void http_cache_put(struct http_cache *c, const char *url, const struct http_cache_terms *t, const char *type,
    const char *body, size_t body_len, uint64_t now_ns)
{
	struct entry *e = find(c, url);
	if (e)
		drop(c, e);
	size_t bytes = sizeof *e + strlen(url) + strlen(t->etag) + strlen(t->modified) + body_len + 64;
	bool useful = *t->etag || *t->modified || (t->age_s && !t->no_cache);
	if (t->no_store || !useful || bytes > c->bytes_max)
		return;
	e = mem_zalloc(sizeof *e);
	e->url = mem_dup(url);
	e->etag = mem_dup(t->etag);
	e->modified = mem_dup(t->modified);
	e->type = mem_dup(type ? type : "");
	e->body = mem_dupn(body, body_len);
	e->body_len = body_len;
	e->bytes = bytes;
	set_age(e, t, now_ns);
	struct entry **head = bucket(c, url);
	e->next = *head;
	*head = e;
	link_newest(c, e);
	c->bytes += bytes;
	while (c->bytes > c->bytes_max)
		drop(c, c->ends.newer);
}

void http_cache_renew(
    struct http_cache *c, const char *url, const struct http_cache_terms *t, uint64_t now_ns)
{
	struct entry *e = find(c, url);
	if (e)
		set_age(e, t, now_ns);
}

struct http_cache *http_cache_new(size_t bytes_max)
{
	struct http_cache *c = mem_zalloc(sizeof *c);
	c->bytes_max = bytes_max;
	c->ends.older = c->ends.newer = &c->ends;
	return c;
}

void http_cache_free(struct http_cache *c)
{
	if (!c)
		return;
	while (c->ends.newer != &c->ends)
		drop(c, c->ends.newer);
	free(c);
}
