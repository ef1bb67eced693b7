/* SPDX-License-Identifier: Apache-2.0 */
/* GET Calls/{Sid}/Events: every try of every request to an application about a call, oldest first. */
#include "control/mem.h"
#include "control/rest/date.h"
#include "control/rest/json_text.h"
#include "control/rest/list_args.h"
#include "control/rest/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name that is there twice: its values in a list. */
static void set_param(json_t *o, const struct form_pair *p)
{
	json_t *was = json_object_get(o, p->name);
	if (!was) {
		json_object_set_new(o, p->name, json_text(p->value));
	} else if (json_is_array(was)) {
		json_array_append_new(was, json_text(p->value));
	} else {
		json_t *both = json_array();
		json_array_append(both, was);
		json_array_append_new(both, json_text(p->value));
		json_object_set_new(o, p->name, both);
	}
}

static json_t *params_json(const char *encoded)
{
	json_t *o = json_object();
	struct form f;
	form_init(&f);
	if (encoded && form_decode(&f, encoded, strlen(encoded), SIZE_MAX) == 0)
		for (size_t i = 0; i < f.n; i++)
			set_param(o, &f.pairs[i]);
	form_fini(&f);
	return o;
}

static json_t *request_json(const struct event_row *e)
{
	json_t *o = json_object();
	json_object_set_new(o, "method", json_text(e->method));
	json_object_set_new(o, "url", json_text(e->url));
	json_object_set_new(o, "parameters", params_json(e->params));
	json_object_set_new(o, "attempt", json_integer(e->attempt));
	return o;
}

static json_t *response_json(const struct event_row *e)
{
	char at[32];
	json_t *o = json_object();
	date_rfc2822(at, e->at_ms / 1000);
	json_object_set_new(o, "response_code", e->status ? json_integer(e->status) : json_null());
	json_object_set_new(o, "request_duration", json_integer(e->total_us / 1000));
	json_object_set_new(o, "content_type", json_text(e->content_type));
	json_object_set_new(o, "response_body", json_text(e->body));
	json_object_set_new(o, "date_created", json_string(at));
	json_object_set_new(o, "error_code", e->error ? json_integer(e->error) : json_null());
	json_object_set_new(o, "error_message", e->error ? json_text(e->message) : json_null());
	json_object_set_new(o, "dns_us", json_integer(e->dns_us));
	json_object_set_new(o, "connect_us", json_integer(e->connect_us));
	json_object_set_new(o, "tls_us", json_integer(e->tls_us));
	json_object_set_new(o, "first_byte_us", json_integer(e->first_byte_us));
	json_object_set_new(o, "total_us", json_integer(e->total_us));
	json_object_set_new(o, "next_step", json_text(e->next));
	return o;
}

static void answer_events(struct request *q, const struct event_row *e, size_t n)
{
	char path[160];
	size_t first = (size_t)q->list->page * q->list->size;
	json_t *items = json_array();
	for (size_t i = first; i < n && i < first + q->list->size; i++) {
		json_t *o = json_object();
		json_object_set_new(o, "request", request_json(&e[i]));
		json_object_set_new(o, "response", response_json(&e[i]));
		json_array_append_new(items, o);
	}
	snprintf(
	    path, sizeof path, "/2010-04-01/Accounts/%s/Calls/%s/Events.json", q->account->sid, q->match.sid);
	struct list_page p = {.path = path,
	    .key = "events",
	    .query = &q->query,
	    .size = q->list->size,
	    .page = q->list->page,
	    .next = n > first + q->list->size ? "" : NULL,
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
		answer_events(q, NULL, 0);
}

static void on_events(void *ctx, const void *rows, size_t n, bool ok, const char *why)
{
	struct request *q = ctx;
	struct store_query sq = {.account_sid = q->account->sid, .sid = q->match.sid, .limit = 1};
	if (!ok)
		request_store_failed(q, why);
	else if (n)
		answer_events(q, rows, n);
	else if (q->rest->stopping)
		request_stopping(q);
	else if (request_live_call(q, q->match.sid))
		answer_events(q, NULL, 0);
	else
		store_find(q->rest->env.store, &sq, answer_empty, q);
}

void events_get(struct request *q)
{
	struct list_refusal why;
	q->list = mem_zalloc(sizeof *q->list);
	if (list_args_page(q->list, &q->query, &why))
		request_reply_error(q, why.status, why.code, "%s", why.message);
	else
		store_list(q->rest->env.store, &store_events,
		    &(struct store_filter){
		        .account_sid = q->account->sid, .call_sid = q->match.sid, .oldest_first = true},
		    on_events, q);
}
