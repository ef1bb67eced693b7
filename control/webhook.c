/* SPDX-License-Identifier: Apache-2.0 */
#include "control/webhook.h"

#include "control/mem.h"
#include "control/random.h"
#include "control/webhook_override.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define URL_MAX 8192 /* of a URL with its GET parameters: beyond it servers refuse */

/* ---- signature ---- */

static int by_name_then_value(const void *a, const void *b)
{
	const struct form_pair *x = *(const struct form_pair *const *)a,
	                       *y = *(const struct form_pair *const *)b;
	int c = strcmp(x->name, y->name);
	return c ? c : strcmp(x->value, y->value);
}

static size_t form_bytes(const struct form *f)
{
	size_t n = 0;
	for (size_t i = 0; f && i < f->n; i++)
		n += strlen(f->pairs[i].name) + strlen(f->pairs[i].value);
	return n;
}

/* Names and values in byte order, each different pair once. Returns the end. */
static char *put_form(char *p, const struct form *f)
{
	const struct form_pair **sorted = mem_zalloc(f->n * sizeof *sorted);
	for (size_t i = 0; i < f->n; i++)
		sorted[i] = &f->pairs[i];
	qsort(sorted, f->n, sizeof *sorted, by_name_then_value);
	for (size_t i = 0; i < f->n; i++) {
		if (i && by_name_then_value(&sorted[i - 1], &sorted[i]) == 0)
			continue;
		p = stpcpy(p, sorted[i]->name);
		p = stpcpy(p, sorted[i]->value);
	}
	free(sorted);
	return p;
}

/* Keying the MAC costs more than the MAC: the last keys are kept as they are after it. On the loop only. */
static struct keyed {
	EVP_MAC_CTX *mac;
	char *token;
} keyed[8];

static EVP_MAC_CTX *new_mac(const char *token)
{
	static char sha1[] = "SHA1";
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha1, 0), OSSL_PARAM_construct_end()};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac);
	if (!mac || !EVP_MAC_init(mac, (const unsigned char *)token, strlen(token), params)) {
		fputs("dialplane: OpenSSL has no HMAC-SHA1\n", stderr);
		abort();
	}
	return mac;
}

static void forget_key(struct keyed *k)
{
	if (k->token)
		explicit_bzero(k->token, strlen(k->token));
	free(k->token);
	EVP_MAC_CTX_free(k->mac); /* clears what it holds */
	*k = (struct keyed){0};
}

void webhook_forget_keys(void)
{
	for (size_t i = 0; i < sizeof keyed / sizeof *keyed; i++)
		forget_key(&keyed[i]);
}

/* The one for this key, at the front of the row. */
static EVP_MAC_CTX *mac_of(const char *token)
{
	size_t n = sizeof keyed / sizeof *keyed, i = 0;
	while (i < n && keyed[i].token && strcmp(keyed[i].token, token) != 0)
		i++;
	if (i == n)
		forget_key(&keyed[--i]);
	struct keyed k = keyed[i];
	if (!k.token)
		k = (struct keyed){new_mac(token), mem_dup(token)};
	memmove(keyed + 1, keyed, i * sizeof *keyed);
	keyed[0] = k;
	return k.mac;
}

void webhook_signature(char out[32], const char *auth_token, const char *url, const struct form *post)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	size_t n = 0;
	char *text = mem_zalloc(strlen(url) + form_bytes(post) + 1), *end = stpcpy(text, url);
	if (post)
		end = put_form(end, post);
	EVP_MAC_CTX *mac = mac_of(auth_token);
	if (!EVP_MAC_init(mac, NULL, 0, NULL) ||
	    !EVP_MAC_update(mac, (unsigned char *)text, (size_t)(end - text)) ||
	    !EVP_MAC_final(mac, sum, &n, sizeof sum)) {
		fputs("dialplane: OpenSSL cannot sign\n", stderr);
		abort();
	}
	free(text);
	EVP_EncodeBlock((unsigned char *)out, sum, (int)n);
}

/* ---- URL ---- */

/* Percent-encode what cannot stand in a request line, behind the authority: the URL that is signed is the one
 * that is sent. */
static char *printable_url(const char *url)
{
	const char *auth = strstr(url, "://");
	const char *path = auth ? auth + 3 + strcspn(auth + 3, "/?") : url;
	char *out = mem_zalloc(3 * strlen(url) + 1), *p = out;
	for (const char *s = url; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (s >= path && (c <= 0x20 || c >= 0x7f))
			p += snprintf(p, 4, "%%%02X", c);
		else
			*p++ = (char)c;
	}
	return out;
}

static char *with_query(const char *url, const char *query)
{
	const char *mark = strchr(url, '?');
	const char *joint = !*query || (mark && !mark[1]) || url[strlen(url) - 1] == '&' ? ""
	                    : mark                                                       ? "&"
	                                                                                 : "?";
	size_t room = strlen(url) + strlen(query) + 2;
	char *out = mem_zalloc(room);
	snprintf(out, room, "%s%s%s", url, joint, query);
	return out;
}

/* ---- sending ---- */

/* After a redirect: the same parameters, another URL, maybe no body any more. */
static void sign_line(char line[HTTP_SIGN_MAX], const char *auth_token, const char *url, const char *form)
{
	char mac[32];
	struct form params;
	form_init(&params);
	/* What form_encode wrote always decodes. */
	int rc = form ? form_decode(&params, form, strlen(form), SIZE_MAX) : 0;
	webhook_signature(mac, auth_token, url, form && rc == 0 ? &params : NULL);
	snprintf(line, HTTP_SIGN_MAX, "X-Twilio-Signature: %s", mac);
	form_fini(&params);
}

static int send_signed(
    struct http_client *h, const struct webhook *w, struct http_request *r, http_done_fn done, void *ctx)
{
	char mac[32], signature[64], uuid[37], token[80];
	const struct form *post = w->post ? w->params : NULL;
	webhook_signature(mac, w->auth_token, r->url, post);
	if (!w->token)
		random_uuid(uuid);
	snprintf(signature, sizeof signature, "X-Twilio-Signature: %s", mac);
	snprintf(token, sizeof token, "I-Twilio-Idempotency-Token: %s", w->token ? w->token : uuid);
	const char *const headers[] = {
	    signature,
	    token,
	    "User-Agent: TwilioProxy/1.1 Dialplane/" DIALPLANE_VERSION,
	    "Accept: */*",
	    "Expect:",
	    post ? "Content-Type: application/x-www-form-urlencoded; charset=UTF-8" : NULL,
	    NULL,
	};
	r->headers = headers;
	r->sign = sign_line;
	r->sign_key = w->auth_token;
	return http_client_send(h, r, done, ctx);
}

int webhook_request(struct http_client *h, const struct webhook *w, http_done_fn done, void *ctx)
{
	char *bare = mem_dupn(w->url, strcspn(w->url, "#"));
	const char *fragment = strchr(w->url, '#');
	char *clean = printable_url(bare);
	char *made = w->text ? NULL : form_encode(w->params);
	const char *text = w->text ? w->text : made;
	char *full = w->post ? mem_dup(clean) : with_query(clean, text);
	struct http_request r = {
	    .post = w->post,
	    .url = full,
	    .body = w->post ? text : NULL,
	    .jar = w->jar,
	    .cache = w->cache,
	    .attempt = w->attempt,
	};
	char what[64];
	webhook_override(&r, fragment ? fragment + 1 : NULL, what);
	int rc = strlen(full) > URL_MAX ? -EINVAL : send_signed(h, w, &r, done, ctx);
	free(bare);
	free(clean);
	free(full);
	free(made);
	return rc;
}

int webhook_send(struct http_client *h, const char *auth_token, const char *url, bool post,
    const struct form *params, http_done_fn done, void *ctx)
{
	const struct webhook w = {.auth_token = auth_token, .url = url, .post = post, .params = params};
	return webhook_request(h, &w, done, ctx);
}

/* ---- references ---- */

static bool is_http(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

static char *joined(const char *base, const char *ref)
{
	char *out = NULL, *url = NULL;
	CURLU *u = curl_url();
	if (u && curl_url_set(u, CURLUPART_URL, base, CURLU_PATH_AS_IS) == CURLUE_OK &&
	    curl_url_set(u, CURLUPART_URL, ref, CURLU_URLENCODE) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_URL, &url, 0) == CURLUE_OK && is_http(url))
		out = mem_dup(url);
	curl_free(url);
	curl_url_cleanup(u);
	return out;
}

/* An absolute reference stays as it was written: it is what gets signed. */
static char *absolute(const char *ref)
{
	CURLU *u = curl_url();
	char *out = NULL;
	if (u && curl_url_set(u, CURLUPART_URL, ref, CURLU_URLENCODE) == CURLUE_OK)
		out = mem_dup(ref);
	curl_url_cleanup(u);
	return out;
}

char *webhook_url(const char *base, const char *ref)
{
	while (isspace((unsigned char)*ref))
		ref++;
	size_t n = strlen(ref);
	while (n && isspace((unsigned char)ref[n - 1]))
		n--;
	if (n > URL_MAX)
		return NULL;
	char *trimmed = mem_dupn(ref, n), *out;
	if (is_http(trimmed))
		out = absolute(trimmed);
	else if (!base)
		out = NULL;
	else
		out = n ? joined(base, trimmed) : mem_dup(base);
	free(trimmed);
	return out;
}
