/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong during a call, from the store: GET Calls/{Sid}/Notifications and one of them. */
#include "control/mem.h"
#include "control/rest/date.h"
#include "control/rest/json_text.h"
#include "control/rest/list_args.h"
#include "control/rest/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A call writes few; this bounds what one request may ask the store to read. */
#define NOTES_MAX 2000

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

static json_t *note_json(const struct call_note *n)
{
	json_t *o = json_object();
	set_names(o, n);
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
	return !log || !*log || !strcmp(log, n->error ? "0" : "1");
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
			json_array_append_new(items, note_json(&notes[i]));
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
	snprintf(path, sizeof path, "/2010-04-01/Accounts/%s/Calls/%s/Notifications.json", q->account->sid,
	    q->match.sid);
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
	else if (n)
		answer_page(q, notes, n);
	else if (q->rest->stopping)
		request_stopping(q);
	else
		empty_or_unknown(q);
}

static bool date_filter(const struct request *q)
{
	return form_get(&q->query, "MessageDate") || form_get(&q->query, "MessageDate<") ||
	       form_get(&q->query, "MessageDate>");
}

void notifications_get(struct request *q)
{
	struct list_refusal why;
	q->list = mem_zalloc(sizeof *q->list);
	if (list_args_page(q->list, &q->query, &why))
		request_reply_error(q, why.status, why.code, "%s", why.message);
	else if (date_filter(q))
		request_reply_error(
		    q, 501, REST_UNBUILT, "Filtering notifications by MessageDate is not built.");
	else
		store_notes(q->rest->env.store, q->account->sid, q->match.sid, NOTES_MAX, on_notes, q);
}

static json_t *instance_json(const struct call_note *n)
{
	json_t *o = note_json(n);
	json_object_set_new(o, "request_variables", json_string(""));
	json_object_set_new(o, "response_body", json_string(""));
	json_object_set_new(o, "response_headers", json_string(""));
	return o;
}

static void on_notes_one(void *ctx, const struct call_note *notes, size_t n, bool ok, const char *why)
{
	struct request *q = ctx;
	if (!ok) {
		request_store_failed(q, why);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (!strcmp(notes[i].sid, q->match.sub)) {
			request_reply_json(q, 200, instance_json(&notes[i]));
			return;
		}
	request_not_found(q);
}

void notification_get(struct request *q)
{
	store_notes(q->rest->env.store, q->account->sid, q->match.sid, NOTES_MAX, on_notes_one, q);
}
