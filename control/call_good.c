/* SPDX-License-Identifier: Apache-2.0 */
/* The parachute: a document that cannot be had is replaced by what its URL answered last. Kept by account, method and URL
 * as it was written, without the parameters of a call; in memory only, whoever was used longest ago goes. */
#include "control/call_priv.h"
#include "control/http_cache.h"
#include "control/mem.h"
#include "twiml/twiml_parse.h"

#include <stdio.h>
#include <stdlib.h>

#define KEY_MAX 4200

static void key_of(const struct call *call, char key[KEY_MAX], const char *url, bool post)
{
	snprintf(key, KEY_MAX, "%s %s %s", call->row.account_sid, post ? "POST" : "GET", url);
}

/* The entry's type is the URL that its relative ones are seen from. */
void call_good_keep(struct call *call, const struct http_result *r)
{
	struct calls *c = call->calls;
	char key[KEY_MAX];
	struct http_cache_terms terms = {.no_cache = true};
	if (!c->good || strlen(call->document_url) > KEY_MAX - 64)
		return;
	key_of(call, key, call->document_url, call->document_post);
	snprintf(terms.modified, sizeof terms.modified, "%lld", (long long)c->ops.wall_ms(c->ops.ctx) / 1000);
	http_cache_put(c->good, key, &terms, r->effective_url ? r->effective_url : call->document_url,
	    r->body, r->body_len, 0);
}

static bool find(struct call *call, const char *url, bool post, struct http_cached *kept)
{
	char key[KEY_MAX];
	if (!url || strlen(url) > KEY_MAX - 64)
		return false;
	key_of(call, key, url, post);
	return http_cache_find(call->calls->good, key, 0, kept);
}

bool call_good_use(struct call *call, int code, const char *why)
{
	struct calls *c = call->calls;
	struct http_cached kept;
	char text[400];
	if (!c->good || twiml_session_has_fallback(call->twiml) ||
	    (!find(call, call->document_url, call->document_post, &kept) &&
	        !find(call, call->url, call->url_post, &kept)))
		return false;
	long long age = (long long)c->ops.wall_ms(c->ops.ctx) / 1000 - strtoll(kept.modified, NULL, 10);
	snprintf(text, sizeof text, "%.200s; the last good answer, %lld s old, is run instead", why, age);
	call_note_url(call, code, true, call->document_url, call->document_post, text);
	call_twiml_feed(call, &(struct twiml_event){.type = TWIML_EV_DOCUMENT,
	                          .program = twiml_parse(kept.body, kept.body_len),
	                          .base = kept.type});
	return true;
}
