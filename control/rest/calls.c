/* SPDX-License-Identifier: Apache-2.0 */
/* Making, showing and changing one call. */
#include "control/outbox.h"
#include "control/rest/call_json.h"
#include "control/rest/request.h"

#include <stdio.h>
#include <string.h>

/* Rows waiting for the disk beyond which new calls are turned away rather than queued for seconds. */
#define STORE_QUEUE_MAX 4096

static void answer_created(void *ctx, bool ok, const char *why)
{
	struct request *q = ctx;
	struct calls *calls = q->rest->env.calls;
	/* By name: meanwhile it may have been canceled and forgotten. */
	struct call *call = request_live_call(q, q->call_sid);
	if (!ok) {
		/* Clients repeat a POST that got a 5xx: nothing of this call may remain. */
		if (call)
			calls_discard(calls, call);
		request_store_failed(q, why);
		return;
	}
	json_t *created = q->held;
	char *text = q->held_text;
	struct rest *starts = q->rest;
	uint32_t wait_ms = q->wait_ms;
	char sid[35];
	memcpy(sid, q->call_sid, sizeof sid);
	q->held = NULL;
	q->held_text = NULL;
	if (text)
		request_reply_text(q, 201, text);
	else
		request_reply_json(q, 201, created);
	if (call && wait_ms)
		start_queue_wait(&starts->starts, sid, wait_ms);
	else if (call)
		calls_start(calls, call);
}

static bool has_room(struct request *q)
{
	const struct rest_env *e = &q->rest->env;
	return bridge_has_room(e->bridge) && store_queue_depth(e->store) <= STORE_QUEUE_MAX &&
	       (!e->outbox || !e->callbacks_max || outbox_waiting(e->outbox) < e->callbacks_max);
}

/* Its turn among the account's new calls. */
static void take_turn(struct request *q, struct call *call)
{
	const struct rest_env *e = &q->rest->env;
	size_t account = 0;
	/* By name: there may be other accounts since the request began. */
	while (account < e->n_accounts && strcmp(e->accounts[account].sid, q->account->sid) != 0)
		account++;
	if (account == e->n_accounts)
		return;
	q->wait_ms = start_queue_turn(&q->rest->starts, account, loop_now_ns());
	calls_set_queue_time(call, q->wait_ms);
}

static void create(struct request *q, const struct form *params)
{
	const struct rest_env *e = &q->rest->env;
	struct call_request cr = {.account_sid = q->account->sid, .params = params};
	struct call_error err = {.http_status = 500, .code = REST_INTERNAL};
	struct call *call = calls_create(e->calls, &cr, &err);
	if (!call) {
		request_reply_error(q, err.http_status, err.code, "%s", err.message);
		return;
	}
	take_turn(q, call);
	const struct call_row *row = call_row(call);
	snprintf(q->call_sid, sizeof q->call_sid, "%s", row->sid);
	if (q->match.format == FORMAT_JSON)
		q->held_text = call_json_text(row);
	else
		q->held = call_json(row);
	store_put_call(e->store, row, answer_created, q);
}

/* What an application says instead of the request. */
static bool replaced(const char *name)
{
	static const char *const all[] = {"ApplicationSid", "Url", "Twiml", "Method", "FallbackUrl",
	    "FallbackMethod", "StatusCallback", "StatusCallbackMethod"};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (!strcmp(all[i], name))
			return true;
	return false;
}

static void add_given(struct form *f, const char *name, const char *value)
{
	if (value && *value)
		form_add(f, name, value);
}

static void params_of(struct form *f, const struct form *asked, const struct application_row *a)
{
	form_init(f);
	for (size_t i = 0; i < asked->n; i++)
		if (!replaced(asked->pairs[i].name))
			form_add(f, asked->pairs[i].name, asked->pairs[i].value);
	add_given(f, "Url", a->voice_url);
	add_given(f, "Method", a->voice_method);
	add_given(f, "FallbackUrl", a->voice_fallback_url);
	add_given(f, "FallbackMethod", a->voice_fallback_method);
	add_given(f, "StatusCallback", a->status_callback);
	add_given(f, "StatusCallbackMethod", a->status_callback_method);
}

static void on_application(void *ctx, const void *rows, size_t n, bool ok, const char *why)
{
	struct request *q = ctx;
	const struct application_row *a = rows;
	struct form params;
	if (!ok) {
		request_store_failed(q, why);
	} else if (q->rest->stopping) {
		request_stopping(q);
	} else if (!n) {
		request_reply_error(q, 400, 21218, "'ApplicationSid' is no application of this account.");
	} else if (!a->voice_url || !*a->voice_url) {
		request_reply_error(q, 400, 21205, "The application has no VoiceUrl.");
	} else {
		params_of(&params, &q->body, a);
		create(q, &params);
		form_fini(&params);
	}
}

void calls_post(struct request *q)
{
	const struct rest_env *e = &q->rest->env;
	const char *application = form_get(&q->body, "ApplicationSid");
	if (q->rest->draining)
		request_stopping(q);
	else if (!has_room(q))
		request_reply_error(
		    q, 429, REST_TOO_MANY, "Too many requests: the engine is busy, try again shortly.");
	else if (e->account_calls && calls_live_of(e->calls, q->account->sid) >= e->account_calls)
		request_reply_error(q, 400, 10004,
		    "Call concurrency limit exceeded: %u calls of this account are up.", e->account_calls);
	else if (application && *application)
		store_list(e->store, &store_applications,
		    &(struct store_filter){.account_sid = q->account->sid, .key = application},
		    on_application, q);
	else
		create(q, &q->body);
}

/* What the store knows of a call that is no longer live. */
typedef void (*ended_fn)(struct request *q, const struct call_row *r);

static void answer_row(struct request *q, const struct call_row *r)
{
	if (q->match.format == FORMAT_JSON)
		request_reply_text(q, 200, call_json_text(r));
	else
		request_reply_json(q, 200, call_json(r));
}

static void refuse_ended(struct request *q, const struct call_row *r)
{
	(void)r;
	request_reply_error(q, 400, 21220, "Call is not in-progress. Cannot redirect.");
}

static void on_row(
    struct request *q, const struct call_row *rows, size_t n, bool ok, const char *why, ended_fn fn)
{
	if (!ok)
		request_store_failed(q, why);
	else if (n == 0)
		request_not_found(q);
	else
		fn(q, rows);
}

static void on_row_answer(void *ctx, const struct call_row *rows, size_t n, bool ok, const char *why)
{
	on_row(ctx, rows, n, ok, why, answer_row);
}

static void on_row_refuse(void *ctx, const struct call_row *rows, size_t n, bool ok, const char *why)
{
	on_row(ctx, rows, n, ok, why, refuse_ended);
}

static void from_store(struct request *q, store_rows_fn fn)
{
	struct store_query sq = {.account_sid = q->account->sid, .sid = q->match.sid, .limit = 1};
	store_find(q->rest->env.store, &sq, fn, q);
}

static void on_deleted(void *ctx, bool ok, const char *why)
{
	if (ok)
		request_reply_empty(ctx);
	else
		request_store_failed(ctx, why);
}

static void delete_ended(struct request *q, const struct call_row *r)
{
	if (q->rest->stopping)
		request_stopping(q);
	else
		store_del_call(q->rest->env.store, r->account_sid, r->sid, on_deleted, q);
}

static void on_row_delete(void *ctx, const struct call_row *rows, size_t n, bool ok, const char *why)
{
	on_row(ctx, rows, n, ok, why, delete_ended);
}

void call_delete(struct request *q)
{
	if (request_live_call(q, q->match.sid))
		request_reply_error(q, 400, 20009, "Cannot delete this resource before it is complete.");
	else
		from_store(q, on_row_delete);
}

void call_get(struct request *q)
{
	struct call *call = request_live_call(q, q->match.sid);
	if (call)
		answer_row(q, call_row(call));
	else
		from_store(q, on_row_answer);
}

void call_post(struct request *q)
{
	struct call *call = request_live_call(q, q->match.sid);
	struct call_error err = {.http_status = 500, .code = REST_INTERNAL};
	if (!call) {
		from_store(q, on_row_refuse);
		return;
	}
	if (calls_update(q->rest->env.calls, call, &q->body, &err)) {
		request_reply_error(q, err.http_status, err.code, "%s", err.message);
		return;
	}
	/* The update may have ended it; then the record tells. */
	call_get(q);
}
