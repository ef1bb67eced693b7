/* SPDX-License-Identifier: Apache-2.0 */
/* A signed request to the user's application: form, X-Twilio-Signature, User-Agent, idempotency token. */
#ifndef CONTROL_WEBHOOK_H
#define CONTROL_WEBHOOK_H

#include "control/form.h"
#include "control/http_client.h"

/* The X-Twilio-Signature of a request (HMAC-SHA1, base64). post == NULL: GET, or a body that is not a form. */
void webhook_signature(char out[32], const char *auth_token, const char *url, const struct form *post);

/* Signing remembers the last keys; at the end they are wiped. */
void webhook_forget_keys(void);

struct webhook {
	const char *auth_token, *url;
	bool post; /* GET: the parameters are appended to the query */
	const struct form *params;
	const char *text;        /* the same encoded (form_encode), NULL: not yet */
	const char *token;       /* I-Twilio-Idempotency-Token; NULL: a new one */
	struct http_jar *jar;    /* NULL: no cookies */
	struct http_cache *cache; /* NULL: none */
	http_attempt_fn attempt; /* NULL, or told of every try */
};

/* done exactly once, on the loop; -EINVAL: it can never be sent; -EAGAIN: not now. */
[[nodiscard]] int webhook_request(
    struct http_client *h, const struct webhook *w, http_done_fn done, void *ctx);
/* The same without a token of the caller's. */
[[nodiscard]] int webhook_send(struct http_client *h, const char *auth_token, const char *url, bool post,
    const struct form *params, http_done_fn done, void *ctx);

/* Resolve `ref` against the document URL it stood in. Caller frees; NULL when no absolute http(s) URL results. */
char *webhook_url(const char *base, const char *ref);

#endif
