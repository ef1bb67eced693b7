/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/request.h"

#include "control/log.h"
#include "control/rest/json_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void request_free(struct request *q)
{
	form_fini(&q->query);
	form_fini(&q->body);
	if (q->held)
		json_decref(q->held);
	free(q->list);
	free(q);
}

/* The only way out of a request. */
static void finish(struct request *q, struct http_reply *r)
{
	metrics_http_count(&q->rest->http, q->match.route, r->status);
	log_line(r->status >= 500 && r->status != 501 ? LOG_WARN : LOG_DEBUG, "rest", q->call_sid,
	    "%s %s: %d", q->x->method, route_name(q->match.route), r->status);
	http_exchange_reply(q->x, r);
	request_free(q);
}

void request_reply_json(struct request *q, int status, json_t *o)
{
	struct http_reply r = {
	    .status = status, .content_type = "application/json", .body = json_text_dump(o)};
	r.body_len = strlen(r.body);
	finish(q, &r);
}

void request_reply_error(struct request *q, int status, int code, const char *fmt, ...)
{
	char message[512];
	struct http_reply r;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	errors_fill(&r, status, code, message);
	if (status == 405)
		r.headers[0] = (struct http_header){"Allow", route_allow(q->match.allowed)};
	finish(q, &r);
}

void request_not_found(struct request *q)
{
	request_reply_error(
	    q, 404, REST_NOT_FOUND, "The requested resource %.300s was not found", q->x->path);
}

void request_store_failed(struct request *q, const char *why)
{
	log_line(LOG_ERROR, "rest", q->call_sid, "the store failed: %s", why ? why : "no reason given");
	request_reply_error(
	    q, 500, REST_INTERNAL, "An internal server error has occurred: the call store failed.");
}

void request_stopping(struct request *q)
{
	request_reply_error(q, 503, REST_STOPPING, "The engine is stopping.");
}

struct call *request_live_call(const struct request *q, const char *sid)
{
	if (q->rest->stopping)
		return NULL;
	struct call *call = calls_find(q->rest->env.calls, sid);
	return call && !strcmp(call_row(call)->account_sid, q->account->sid) ? call : NULL;
}
