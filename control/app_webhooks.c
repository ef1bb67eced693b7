/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the user's applications: those whose answer the call logic waits for, and status callbacks by way of
 * the outbox. */
#include "control/app_ops.h"
#include "control/log_text.h"
#include "control/mem.h"
#include "control/random.h"
#include "control/store_table.h"
#include "control/webhook.h"
#include "control/webhook_override.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_KEPT   4096 /* of an answer, in its event */
#define PARAMS_KEPT 8192

struct asked {
	struct app *app;
	uint64_t tag;
	http_done_fn done; /* of the outbox, or NULL: the call logic is told, by tag */
	void *ctx;
	/* for its events */
	bool post;
	char account_sid[35], call_sid[35];
	char *url, *params;
};

static void asked_free(struct asked *q)
{
	free(q->url);
	free(q->params);
	free(q);
}

static void on_answer(void *ctx, const struct http_result *r)
{
	struct asked *q = ctx;
	if (q->done)
		q->done(q->ctx, r);
	else
		calls_http_done(q->app->calls, q->tag, r);
	asked_free(q);
}

static const char *next_step(const struct asked *q, const struct http_result *r, bool again)
{
	if (again)
		return "the same request again, at once";
	if (r->cached)
		return r->first_byte_us ? "the answer that was kept is used: it is still good (304)"
		                        : "the answer that was kept is used, without asking";
	if (!r->error)
		return q->done ? "delivered" : "the answer is used";
	return q->done ? "tried again later until it is too old, unless the answer is final"
	               : "the fallback URL when there is one";
}

static void on_attempt(void *ctx, uint32_t attempt, const struct http_result *r, bool again)
{
	struct asked *q = ctx;
	if (!q->app->store || !q->call_sid[0])
		return;
	char *body = mem_dupn(r->body, r->body_len < BODY_KEPT ? r->body_len : BODY_KEPT);
	log_hide_passwords(body);
	struct event_row e = {.at_ms = loop_wall_ms(),
	    .method = q->post ? "POST" : "GET",
	    .url = q->url,
	    .params = q->params,
	    .status = (uint32_t)r->status,
	    .error = (uint32_t)r->error,
	    .message = r->message,
	    .content_type = r->content_type,
	    .body = body,
	    .dns_us = r->dns_us,
	    .connect_us = r->connect_us,
	    .tls_us = r->tls_us,
	    .first_byte_us = r->first_byte_us,
	    .total_us = r->total_us,
	    .attempt = attempt,
	    .next = next_step(q, r, again)};
	random_sid(e.sid, "EV");
	memcpy(e.account_sid, q->account_sid, sizeof e.account_sid);
	memcpy(e.call_sid, q->call_sid, sizeof e.call_sid);
	store_put(q->app->store, &store_events, &e, NULL, NULL);
	free(body);
}

/* Wrong connection overrides are told once for each request, which is sent without them. */
static void note_overrides(struct app *a, const struct asked *q)
{
	const char *fragment = strchr(q->url, '#');
	struct http_request unused = {0};
	char what[64], text[200];
	int code = webhook_override(&unused, fragment ? fragment + 1 : NULL, what);
	if (!code)
		return;
	snprintf(text, sizeof text, "connection override without effect: %s", what);
	struct call_note n = {.code = code,
	    .at = loop_wall_ms() / 1000,
	    .message = text,
	    .request_url = q->url,
	    .request_method = q->post ? "POST" : "GET"};
	random_sid(n.sid, "NO");
	memcpy(n.account_sid, q->account_sid, sizeof n.account_sid);
	memcpy(n.call_sid, q->call_sid, sizeof n.call_sid);
	app_note(a, &n);
}

static struct asked *remember(
    struct app *a, const char *account_sid, const struct webhook *w, struct asked like)
{
	struct asked *q = mem_zalloc(sizeof *q);
	const char *call_sid = form_get(w->params, "CallSid");
	*q = like;
	q->app = a;
	q->post = w->post;
	q->url = mem_dup(w->url);
	q->params = mem_dup(w->text);
	if (strlen(q->params) > PARAMS_KEPT)
		q->params[PARAMS_KEPT] = 0;
	snprintf(q->account_sid, sizeof q->account_sid, "%s", account_sid);
	snprintf(q->call_sid, sizeof q->call_sid, "%s", call_sid ? call_sid : "");
	return q;
}

static int ask(struct app *a, const char *account_sid, struct webhook *w, struct asked like)
{
	w->auth_token = app_token(a, account_sid);
	if (!w->auth_token)
		return -EINVAL;
	if (!a->http)
		return -EAGAIN;
	struct asked *q = remember(a, account_sid, w, like);
	w->jar = jars_of(a->jars, q->call_sid);
	w->attempt = on_attempt;
	w->cache = like.done ? NULL : a->cache; /* nobody reads the answer to a status callback */
	int rc = webhook_request(a->http, w, on_answer, q);
	if (rc == 0)
		note_overrides(a, q);
	else
		asked_free(q);
	return rc;
}

int app_webhook(
    void *app, const char *account_sid, const char *url, bool post, const struct form *params, uint64_t tag)
{
	char *text = form_encode(params);
	struct webhook w = {.url = url, .post = post, .params = params, .text = text};
	int rc = ask(app, account_sid, &w, (struct asked){.tag = tag});
	free(text);
	return rc;
}

/* ---- status callbacks ---- */

void app_held_free(struct callback_row *c)
{
	if (c)
		store_table_fini(&store_callbacks, c);
	free(c);
}

struct callback_row *app_held(struct app *a, const char *call_sid)
{
	struct callback_row *c = a->held;
	if (!c || strcmp(c->call_sid, call_sid) != 0)
		return NULL;
	a->held = NULL;
	return c;
}

void app_callback(void *app, const struct call_row *r, const struct form *params)
{
	struct app *a = app;
	char token[37], *text = form_encode(params);
	random_uuid(token);
	struct callback_row c = {.token = token,
	    .sequence = r->next_sequence - 1,
	    .post = !r->status_callback_method || strcmp(r->status_callback_method, "GET") != 0,
	    .url = r->status_callback,
	    .params = text,
	    .created_ms = loop_wall_ms()};
	memcpy(c.account_sid, r->account_sid, sizeof c.account_sid);
	memcpy(c.call_sid, r->sid, sizeof c.call_sid);
	app_held_free(a->held);
	a->held = mem_zalloc(sizeof *a->held);
	store_table_copy(&store_callbacks, a->held, &c);
	free(text);
}

static int send_callback(void *ctx, const struct callback_row *c, http_done_fn done, void *done_ctx)
{
	struct form params;
	form_init(&params);
	int rc = form_decode(&params, c->params, strlen(c->params), SIZE_MAX);
	struct webhook w = {
	    .url = c->url, .post = c->post, .params = &params, .text = c->params, .token = c->token};
	if (rc == 0)
		rc = ask(ctx, c->account_sid, &w, (struct asked){.done = done, .ctx = done_ctx});
	form_fini(&params);
	return rc;
}

static void note_callback(void *ctx, const struct call_note *n)
{
	struct call_note named = *n;
	random_sid(named.sid, "NO");
	app_note(ctx, &named);
}

static void forget_callback(void *ctx, const struct callback_row *c)
{
	struct app *a = ctx;
	if (a->store)
		store_del(a->store, &store_callbacks, c->account_sid, c->token, NULL, NULL);
}

void app_outbox_ops(struct app *a, struct outbox_ops *ops)
{
	*ops = (struct outbox_ops){
	    .ctx = a, .send = send_callback, .note = note_callback, .forget = forget_callback};
}
