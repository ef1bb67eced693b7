/* SPDX-License-Identifier: Apache-2.0 */
#include "control/http_job.h"
#include "control/mem.h"

#include <stdlib.h>
#include <string.h>

#define COOKIES_MAX 50
#define BYTES_MAX   16384

/* In curl's own lines: it wrote them, it reads them. */
struct http_jar {
	unsigned owners;
	struct curl_slist *cookies;
};

struct http_jar *http_jar_new(void)
{
	struct http_jar *j = mem_zalloc(sizeof *j);
	j->owners = 1;
	return j;
}

void http_jar_get(struct http_jar *j)
{
	j->owners++;
}

void http_jar_put(struct http_jar *j)
{
	if (!j || --j->owners)
		return;
	curl_slist_free_all(j->cookies);
	free(j);
}

void http_jar_load(const struct http_jar *jar, CURL *easy)
{
	for (const struct curl_slist *c = jar->cookies; c; c = c->next)
		curl_easy_setopt(easy, CURLOPT_COOKIELIST, c->data);
}

void http_jar_save(struct http_jar *jar, CURL *easy)
{
	struct curl_slist *all = NULL, *kept = NULL;
	size_t n = 0, bytes = 0;
	curl_easy_getinfo(easy, CURLINFO_COOKIELIST, &all);
	for (const struct curl_slist *c = all; c && n < COOKIES_MAX; c = c->next) {
		bytes += strlen(c->data);
		if (bytes > BYTES_MAX)
			break;
		n++;
		kept = curl_slist_append(kept, c->data);
	}
	curl_slist_free_all(all);
	curl_slist_free_all(jar->cookies);
	jar->cookies = kept;
}
