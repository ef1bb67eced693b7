/* SPDX-License-Identifier: Apache-2.0 */
/* Making, showing and changing one call. */
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
	q->held = NULL;
	request_reply_json(q, 201, created);
	if (call)
		calls_start(calls, call);
}

static bool has_room(struct request *q)
{
	const struct rest_env *e = &q->rest->env;
	return bridge_has_room(e->bridge) && store_queue_depth(e->store) <= STORE_QUEUE_MAX;
}

void calls_post(struct request *q)
{
	const struct rest_env *e = &q->rest->env;
	struct call_request cr = {.account_sid = q->account->sid, .params = &q->body};
	struct call_error err = {.http_status = 500, .code = REST_INTERNAL};
	if (!has_room(q)) {
		request_reply_error(
		    q, 429, REST_TOO_MANY, "Too many requests: the engine is busy, try again shortly.");
		return;
	}
	struct call *call = calls_create(e->calls, &cr, &err);
	if (!call) {
		request_reply_error(q, err.http_status, err.code, "%s", err.message);
		return;
	}
	const struct call_row *row = call_row(call);
	snprintf(q->call_sid, sizeof q->call_sid, "%s", row->sid);
	q->held = call_json(row);
	store_put_call(e->store, row, answer_created, q);
}

/* What the store knows of a call that is no longer live. */
typedef void (*ended_fn)(struct request *q, const struct call_row *r);

static void answer_row(struct request *q, const struct call_row *r)
{
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
