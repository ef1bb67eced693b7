/* SPDX-License-Identifier: Apache-2.0 */
/* A request and the cache: what was kept is used, asked about, or taken in. */
#include "control/http_job.h"
#include "control/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool applies(const struct http_job *j)
{
	return j->cache && !j->post;
}

static void answer_from(struct http_job *j, const char *type, const char *body, size_t n)
{
	if (n >= j->in_cap) {
		j->in_cap = n + 1;
		j->in = mem_regrow(j->in, j->in_cap, 1);
	}
	memcpy(j->in, body, n);
	j->in_len = n;
	free(j->cached_type);
	j->cached_type = mem_dup(type);
}

bool http_cached_fresh(struct http_job *j)
{
	struct http_cached kept;
	if (!applies(j) || !http_cache_find(j->cache, j->url, loop_now_ns(), &kept) || !kept.fresh)
		return false;
	answer_from(j, kept.type, kept.body, kept.body_len);
	return true;
}

static struct curl_slist *with_line(struct curl_slist *to, const char *name, const char *value)
{
	char line[HTTP_CACHE_TAG_MAX + 32];
	snprintf(line, sizeof line, "%s: %s", name, value);
	return *value ? curl_slist_append(to, line) : to;
}

/* The kept answer is copied: it may have made room for others when the server says that it is still good. */
void http_cached_ask(struct http_job *j)
{
	struct http_cached kept;
	if (!applies(j) || !http_cache_find(j->cache, j->url, loop_now_ns(), &kept))
		return;
	struct curl_slist *all = NULL;
	for (const struct curl_slist *h = j->headers; h; h = h->next)
		all = curl_slist_append(all, h->data);
	all = with_line(all, "If-None-Match", kept.etag);
	all = with_line(all, "If-Modified-Since", kept.modified);
	free(j->kept_body);
	free(j->kept_type);
	j->kept_body = mem_dupn(kept.body, kept.body_len);
	j->kept_type = mem_dup(kept.type);
	j->kept_len = kept.body_len;
	j->conditional = all;
}

bool http_cached_answered(struct http_job *j, long status)
{
	if (!applies(j))
		return false;
	if (status == 304 && j->kept_body) {
		http_cache_renew(j->cache, j->url, &j->terms, loop_now_ns());
		answer_from(j, j->kept_type, j->kept_body, j->kept_len);
		return true;
	}
	char *type = NULL;
	curl_easy_getinfo(j->easy, CURLINFO_CONTENT_TYPE, &type);
	if (status == 200)
		http_cache_put(
		    j->cache, j->url, &j->terms, type, j->in ? j->in : "", j->in_len, loop_now_ns());
	return false;
}

void http_cached_reset(struct http_job *j)
{
	j->terms = (struct http_cache_terms){0};
	free(j->cached_type);
	free(j->kept_body);
	free(j->kept_type);
	j->cached_type = j->kept_body = j->kept_type = NULL;
	curl_slist_free_all(j->conditional);
	j->conditional = NULL;
}
