/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong, from the store: the notifications of a call or of the account, and one of them. */
#include "control/mem.h"
#include "control/rest/date.h"
#include "control/rest/json_text.h"
#include "control/rest/list_args.h"
#include "control/rest/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A call writes few; of an account, these are the last. */
#define NOTES_MAX 2000

/* Or of the whole account. */
static bool of_call(const struct request *q)
{
	return q->match.route == ROUTE_NOTIFICATIONS || q->match.route == ROUTE_NOTIFICATION;
}

static json_t *message_json(const struct call_note *n)
{
	struct form f;
	form_init(&f);
	form_addf(&f, "ErrorCode", "%d", n->code);
	form_add(&f, "LogLevel", n->error ? "ERROR" : "WARN");
	form_add(&f, "Msg", n->message ? n->message : "");
	char *s = form_encode(&f);
	json_t *j = json_text(s);
	free(s);
	form_fini(&f);
	return j;
}

static void set_dates(json_t *o, const struct call_note *n)
{
	char s[32];
	date_rfc2822(s, n->at);
	json_object_set_new(o, "date_created", json_string(s));
	json_object_set_new(o, "date_updated", json_string(s));
	json_object_set_new(o, "message_date", json_string(s));
}

static void set_names(json_t *o, const struct call_note *n)
{
	json_object_set_new(o, "account_sid", json_string(n->account_sid));
	json_object_set_new(o, "api_version", json_string("2010-04-01"));
	json_object_set_new(o, "call_sid", json_string(n->call_sid));
	json_object_set_new(o, "sid", json_string(n->sid));
	json_object_set_new(o, "uri",
	    json_sprintf("/2010-04-01/Accounts/%s/Calls/%s/Notifications/%s.json", n->account_sid,
	        n->call_sid, n->sid));
}

static json_t *note_json(const struct request *q, const struct call_note *n)
{
	json_t *o = json_object();
	set_names(o, n);
	if (!of_call(q))
		json_object_set_new(o, "uri",
		    json_sprintf("/2010-04-01/Accounts/%s/Notifications/%s.json", n->account_sid, n->sid));
	set_dates(o, n);
	json_object_set_new(o, "error_code", json_sprintf("%d", n->code));
	json_object_set_new(o, "log", json_string(n->error ? "0" : "1"));
	json_object_set_new(o, "message_text", message_json(n));
	json_object_set_new(o, "more_info", json_sprintf("https://www.twilio.com/docs/errors/%d", n->code));
	json_object_set_new(o, "request_method", json_text(n->request_method));
	json_object_set_new(o, "request_url", json_text(n->request_url ? n->request_url : ""));
	return o;
}

static bool wanted(const struct request *q, const struct call_note *n)
{
	const char *log = form_get(&q->query, "Log");
	const struct store_query *f = &q->list->q;
	return (!log || !*log || !strcmp(log, n->error ? "0" : "1")) &&
	       (!f->start_after || n->at >= f->start_after) && (!f->start_before || n->at < f->start_before);
}

/* The page's slice of the notes that pass the filter; *more when something lies behind it. */
static json_t *slice(const struct request *q, const struct call_note *notes, size_t n, bool *more)
{
	size_t skip = (size_t)q->list->page * q->list->size;
	json_t *items = json_array();
	*more = false;
	for (size_t i = 0; i < n; i++) {
		if (!wanted(q, &notes[i]))
			continue;
		if (skip)
			skip--;
		else if (json_array_size(items) < q->list->size)
			json_array_append_new(items, note_json(q, &notes[i]));
		else
			*more = true;
	}
	return items;
}

static void answer_page(struct request *q, const struct call_note *notes, size_t n)
{
	char path[160];
	bool more;
	json_t *items = slice(q, notes, n, &more);
	if (of_call(q))
		snprintf(path, sizeof path, "/2010-04-01/Accounts/%s/Calls/%s/Notifications.json",
		    q->account->sid, q->match.sid);
	else
		snprintf(path, sizeof path, "/2010-04-01/Accounts/%s/Notifications.json", q->account->sid);
	struct list_page p = {.path = path,
	    .key = "notifications",
	    .query = &q->query,
	    .size = q->list->size,
	    .page = q->list->page,
	    .next = more ? "" : NULL,
	    .previous = ""};
	request_reply_json(q, 200, list_page_json(&p, items));
}

static void answer_empty(void *ctx, const struct call_row *rows, size_t n, bool ok, const char *why)
{
	struct request *q = ctx;
	(void)rows;
	if (!ok)
		request_store_failed(q, why);
	else if (n == 0)
		request_not_found(q);
	else
		answer_page(q, NULL, 0);
}

/* Nothing noted: a call without trouble, or no call. */
static void empty_or_unknown(struct request *q)
{
	struct store_query sq = {.account_sid = q->account->sid, .sid = q->match.sid, .limit = 1};
	if (request_live_call(q, q->match.sid))
		answer_page(q, NULL, 0);
	else
		store_find(q->rest->env.store, &sq, answer_empty, q);
}

static void on_notes(void *ctx, const struct call_note *notes, size_t n, bool ok, const char *why)
{
	struct request *q = ctx;
	if (!ok)
		request_store_failed(q, why);
	else if (n || !of_call(q))
		answer_page(q, notes, n);
	else if (q->rest->stopping)
		request_stopping(q);
	else
		empty_or_unknown(q);
}

static const char *call_wanted(const struct request *q)
{
	return of_call(q) ? q->match.sid : NULL;
}

void notifications_get(struct request *q)
{
	struct list_refusal why;
	q->list = mem_zalloc(sizeof *q->list);
	if (list_args_page(q->list, &q->query, &why) ||
	    list_args_dates(q->list, &q->query, "MessageDate", &why))
		request_reply_error(q, why.status, why.code, "%s", why.message);
	else
		store_notes(q->rest->env.store, q->account->sid, call_wanted(q), NOTES_MAX, on_notes, q);
}

/* The last try of the request it is about, at the time it was noted. */
static const struct event_row *event_of(const struct event_row *e, size_t n, int64_t noted_at)
{
	for (size_t i = 0; i < n; i++)
		if (e[i].at_ms / 1000 <= noted_at)
			return &e[i];
	return NULL;
}

static void on_request(void *ctx, const void *rows, size_t n, bool ok, const char *why)
{
	struct request *q = ctx;
	json_t *o = q->held;
	char headers[200] = "";
	const struct event_row *e = event_of(rows, n, q->noted_at);
	if (!ok) {
		request_store_failed(q, why);
		return;
	}
	if (e && e->content_type)
		snprintf(headers, sizeof headers, "Content-Type=%s", e->content_type);
	json_object_set_new(o, "request_variables", json_text(e && e->params ? e->params : ""));
	json_object_set_new(o, "response_body", json_text(e && e->body ? e->body : ""));
	json_object_set_new(o, "response_headers", json_text(headers));
	q->held = NULL;
	request_reply_json(q, 200, o);
}

static void answer_one(struct request *q, const struct call_note *n)
{
	if (q->rest->stopping) {
		request_stopping(q);
		return;
	}
	q->held = note_json(q, n);
	q->noted_at = n->at;
	store_list(q->rest->env.store, &store_events,
	    &(struct store_filter){.account_sid = q->account->sid,
	        .call_sid = n->call_sid,
	        .url = n->request_url ? n->request_url : "",
	        .limit = 50},
	    on_request, q);
}

static void on_notes_one(void *ctx, const struct call_note *notes, size_t n, bool ok, const char *why)
{
	struct request *q = ctx;
	const char *sid = of_call(q) ? q->match.sub : q->match.sid;
	if (!ok) {
		request_store_failed(q, why);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (!strcmp(notes[i].sid, sid)) {
			answer_one(q, &notes[i]);
			return;
		}
	request_not_found(q);
}

void notification_get(struct request *q)
{
	store_notes(q->rest->env.store, q->account->sid, call_wanted(q), NOTES_MAX, on_notes_one, q);
}
