/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/request.h"

#include "control/log.h"
#include "control/rest/json_text.h"
#include "control/rest/xml_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void request_free(struct request *q)
{
	q->rest->open--;
	form_fini(&q->query);
	form_fini(&q->body);
	if (q->held)
		json_decref(q->held);
	free(q->held_text);
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
	static const char *const names[ROUTE_COUNT] = {[ROUTE_CALLS] = "Call",
	    [ROUTE_CALL] = "Call",
	    [ROUTE_NOTIFICATION] = "Notification",
	    [ROUTE_ACCOUNT_NOTE] = "Notification",
	    [ROUTE_APPLICATIONS] = "Application",
	    [ROUTE_APPLICATION] = "Application",
	    [ROUTE_ACCOUNT] = "Account"};
	const char *name = names[q->match.route] ? names[q->match.route] : "Resource";
	struct http_reply r = {.status = status, .content_type = "application/json"};
	char *csv = q->match.format == FORMAT_CSV ? csv_text_of(o) : NULL;
	if (csv) {
		r.content_type = "text/csv; charset=utf-8";
		r.body = csv;
	} else if (q->match.format != FORMAT_JSON) {
		r.content_type = "application/xml";
		r.body = xml_text_of(o, name);
	}
	if (r.body)
		json_decref(o);
	else
		r.body = json_text_dump(o);
	r.body_len = strlen(r.body);
	finish(q, &r);
}

void request_reply_text(struct request *q, int status, char *json)
{
	finish(q, &(struct http_reply){.status = status,
	              .content_type = "application/json",
	              .body = json,
	              .body_len = strlen(json)});
}

void request_reply_empty(struct request *q)
{
	finish(q, &(struct http_reply){.status = 204});
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
	if (q->match.format != FORMAT_JSON)
		errors_as_xml(&r, code, message);
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
