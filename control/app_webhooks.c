/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the user's applications: those whose answer the call logic waits for, and status callbacks by way of
 * the outbox. */
#include "control/app_ops.h"
#include "control/mem.h"
#include "control/store_table.h"
#include "control/webhook.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct asked {
	struct app *app;
	uint64_t tag;
	http_done_fn done; /* of the outbox, or NULL: the call logic is told, by tag */
	void *ctx;
};

static void on_answer(void *ctx, const struct http_result *r)
{
	struct asked *q = ctx;
	if (q->done)
		q->done(q->ctx, r);
	else
		calls_http_done(q->app->calls, q->tag, r);
	free(q);
}

static int ask(struct app *a, const char *account_sid, struct webhook *w, struct asked like)
{
	w->auth_token = config_token(a->conf, account_sid);
	if (!w->auth_token)
		return -EINVAL;
	if (!a->http)
		return -EAGAIN;
	struct asked *q = mem_zalloc(sizeof *q);
	*q = like;
	int rc = webhook_request(a->http, w, on_answer, q);
	if (rc < 0)
		free(q);
	return rc;
}

int app_webhook(
    void *app, const char *account_sid, const char *url, bool post, const struct form *params, uint64_t tag)
{
	struct webhook w = {.url = url, .post = post, .params = params};
	return ask(app, account_sid, &w, (struct asked){.app = app, .tag = tag});
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
	webhook_token(token);
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
	struct webhook w = {.url = c->url, .post = c->post, .params = &params, .token = c->token};
	if (rc == 0)
		rc = ask(ctx, c->account_sid, &w, (struct asked){.app = ctx, .done = done, .ctx = done_ctx});
	form_fini(&params);
	return rc;
}

static void note_callback(void *ctx, const struct call_note *n)
{
	unsigned char r[16];
	struct call_note named = *n;
	if (getrandom(r, sizeof r, 0) != sizeof r)
		abort();
	memcpy(named.sid, "NO", 2);
	for (int i = 0; i < 16; i++)
		snprintf(named.sid + 2 + 2 * i, 3, "%02x", r[i]);
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
