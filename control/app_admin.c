/* SPDX-License-Identifier: Apache-2.0 */
/* What the control socket answers: the calls that are up, one call's whole story, the engine's figures, a reload. */
#include "control/app_ops.h"
#include "control/form.h"
#include "control/health.h"
#include "control/mem.h"
#include "control/rest/json_text.h"
#include "control/store_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void set_text(json_t *o, const char *name, const char *text)
{
	json_object_set_new(o, name, json_text(text && *text ? text : NULL));
}

static void set_number(json_t *o, const char *name, uint64_t n)
{
	json_object_set_new(o, name, json_integer((json_int_t)n));
}

static void put_error(struct admin_client *c, const char *fmt, const char *what)
{
	char text[400];
	json_t *o = json_object();
	snprintf(text, sizeof text, fmt, what);
	set_text(o, "error", text);
	admin_put(c, o);
	admin_end(c);
}

/* ---- calls ---- */

static json_t *row_json(const struct call_row *r)
{
	json_t *o = json_object();
	set_text(o, "sid", r->sid);
	set_text(o, "account_sid", r->account_sid);
	set_text(o, "parent_sid", r->parent_sid);
	set_text(o, "status", r->status);
	set_text(o, "direction", r->direction);
	set_text(o, "from", r->from);
	set_text(o, "to", r->to);
	set_number(o, "created", (uint64_t)r->date_created);
	set_number(o, "started", (uint64_t)r->start_time);
	set_number(o, "answered", (uint64_t)r->answer_time);
	set_number(o, "ended", (uint64_t)r->end_time);
	json_object_set_new(o, "duration", r->duration < 0 ? json_null() : json_integer(r->duration));
	set_number(o, "sip_status", (uint64_t)r->sip_status);
	set_text(o, "reason", r->reason);
	return o;
}

static void put_call(void *ctx, const struct call *call)
{
	admin_put(ctx, row_json(call_row(call)));
}

static void ask_calls(struct app *a, struct admin_client *c, const char *how)
{
	admin_hold(c);
	calls_each(a->calls, put_call, c);
	if (strcmp(how, "follow") == 0)
		admin_follow(c);
	else
		admin_end(c);
	admin_release(c);
}

void app_admin_saved(struct app *a, const struct call_row *r)
{
	if (a->admin && admin_followed(a->admin))
		admin_tell(a->admin, row_json(r));
}

/* ---- one call ---- */

struct look {
	struct app *app;
	struct admin_client *client;
	char sid[35], account_sid[35];
	json_t *o;
};

static void look_end(struct look *k, bool ok, const char *why)
{
	if (!ok)
		put_error(k->client, "the store failed: %s", why ? why : "no reason given");
	else
		admin_put(k->client, json_incref(k->o));
	admin_end(k->client);
	admin_release(k->client);
	json_decref(k->o);
	free(k);
}

static json_t *story_json(const char *story)
{
	json_t *all = json_array();
	while (story && *story) {
		char *rest;
		long long at = strtoll(story, &rest, 10);
		size_t n = strcspn(rest, "\n");
		char *text = mem_dupn(rest + (*rest == ' '), n - (*rest == ' '));
		json_t *o = json_object();
		json_object_set_new(o, "at_ms", json_integer(at));
		set_text(o, "text", text);
		json_array_append_new(all, o);
		free(text);
		story = rest + n + (rest[n] == '\n');
	}
	return all;
}

static void on_children(void *ctx, const struct call_row *rows, size_t n, bool ok, const char *why)
{
	struct look *k = ctx;
	json_t *all = json_array();
	for (size_t i = n; i-- > 0;)
		json_array_append_new(all, row_json(&rows[i]));
	json_object_set_new(k->o, "children", all);
	look_end(k, ok, why);
}

static json_t *note_json(const struct call_note *n)
{
	json_t *o = json_object();
	set_number(o, "at", (uint64_t)n->at);
	json_object_set_new(o, "error", json_boolean(n->error));
	set_number(o, "code", (uint64_t)n->code);
	set_text(o, "text", n->message);
	return o;
}

static void on_notes(void *ctx, const struct call_note *notes, size_t n, bool ok, const char *why)
{
	struct look *k = ctx;
	json_t *all = json_array();
	for (size_t i = n; i-- > 0;)
		json_array_append_new(all, note_json(&notes[i]));
	json_object_set_new(k->o, "notifications", all);
	if (!ok || !k->app->store)
		look_end(k, ok, why);
	else
		store_find(k->app->store,
		    &(struct store_query){.account_sid = k->account_sid, .parent_sid = k->sid}, on_children,
		    k);
}

/* What kind of request it was is in its parameters. */
static void set_kind(json_t *o, const char *params)
{
	struct form f;
	form_init(&f);
	if (params && form_decode(&f, params, strlen(params), SIZE_MAX) == 0) {
		set_text(o, "call_status", form_get(&f, "CallStatus"));
		set_text(o, "sequence", form_get(&f, "SequenceNumber"));
		set_text(o, "error_url", form_get(&f, "ErrorUrl"));
	}
	form_fini(&f);
}

static json_t *event_json(const struct event_row *e)
{
	json_t *o = json_object();
	json_object_set_new(o, "at_ms", json_integer(e->at_ms));
	set_text(o, "method", e->method);
	set_text(o, "url", e->url);
	set_number(o, "status", e->status);
	set_number(o, "code", e->error);
	set_text(o, "message", e->message);
	set_number(o, "attempt", e->attempt);
	set_number(o, "total_us", e->total_us);
	set_number(o, "dns_us", e->dns_us);
	set_number(o, "connect_us", e->connect_us);
	set_number(o, "tls_us", e->tls_us);
	set_number(o, "first_byte_us", e->first_byte_us);
	set_text(o, "next", e->next);
	set_kind(o, e->params);
	return o;
}

static void on_events(void *ctx, const void *rows, size_t n, bool ok, const char *why)
{
	struct look *k = ctx;
	const struct event_row *e = rows;
	json_t *all = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, event_json(&e[i]));
	json_object_set_new(k->o, "events", all);
	if (!ok || !k->app->store)
		look_end(k, ok, why);
	else
		store_notes(k->app->store, k->account_sid, k->sid, 500, on_notes, k);
}

static void on_row(void *ctx, const struct call_row *rows, size_t n, bool ok, const char *why)
{
	struct look *k = ctx;
	struct app *a = k->app;
	struct call *live = a->ending ? NULL : calls_find(a->calls, k->sid);
	const struct call_row *r = live ? call_row(live) : n ? rows : NULL;
	if (!ok || !r || !a->store) {
		look_end(k, false, ok ? "there is no such call" : why);
		return;
	}
	k->o = row_json(r);
	memcpy(k->account_sid, r->account_sid, sizeof k->account_sid);
	json_object_set_new(k->o, "story", story_json(live ? calls_story(live) : r->story));
	store_list(a->store, &store_events,
	    &(struct store_filter){
	        .account_sid = k->account_sid, .call_sid = k->sid, .oldest_first = true, .limit = 1000},
	    on_events, k);
}

static void ask_call(struct app *a, struct admin_client *c, const char *sid)
{
	if (strlen(sid) != 34) {
		put_error(c, "%s is not a CallSid", sid);
		return;
	}
	struct look *k = mem_zalloc(sizeof *k);
	k->app = a;
	k->client = c;
	memcpy(k->sid, sid, sizeof k->sid);
	admin_hold(c);
	store_find(
	    a->store, &(struct store_query){.any_account = true, .sid = k->sid, .limit = 1}, on_row, k);
}

/* ---- status ---- */

static json_t *calls_json(const struct app *a)
{
	const char *names[16];
	uint32_t counts[16], n = calls_by_status(a->calls, names, counts);
	json_t *o = json_object();
	for (uint32_t i = 0; i < n; i++)
		set_number(o, names[i], counts[i]);
	set_number(o, "most", a->conf->calls_max);
	return o;
}

static json_t *webhooks_json(const struct app *a)
{
	json_t *o = json_object();
	set_number(o, "in_flight", http_client_in_flight(a->http));
	set_number(o, "waiting", http_client_waiting(a->http));
	set_number(o, "callbacks_owed", outbox_waiting(a->outbox));
	set_number(o, "callbacks_delivered", outbox_delivered(a->outbox));
	set_number(o, "callbacks_retried", outbox_retried(a->outbox));
	set_number(o, "callbacks_given_up", outbox_given_up(a->outbox));
	return o;
}

static json_t *store_json(const struct app *a)
{
	json_t *o = json_object();
	set_text(o, "path", a->conf->store_path);
	set_number(o, "waiting", store_queue_depth(a->store));
	set_number(o, "commits", store_commits(a->store));
	set_number(o, "failures", store_failures(a->store));
	set_number(o, "old_rows_deleted", store_swept(a->store));
	return o;
}

static void ask_status(struct app *a, struct admin_client *c)
{
	int status;
	char *health = health_of(a->dp, a->keepalive, loop_now_ns(), &status);
	json_t *o = json_object();
	set_text(o, "version", DIALPLANE_VERSION);
	set_number(o, "pid", (uint64_t)getpid());
	set_number(o, "up_s", (loop_now_ns() - a->started_ns) / 1000000000u);
	set_text(o, "state", a->stopping ? "stopping" : a->draining ? "draining" : "running");
	set_text(o, "device", dp_describe(a->dp));
	json_object_set_new(o, "health", json_loads(health, 0, NULL));
	json_object_set_new(o, "calls", calls_json(a));
	json_object_set_new(o, "webhooks", webhooks_json(a));
	json_object_set_new(o, "store", store_json(a));
	set_number(o, "rest_connections", a->server ? http_server_connections(a->server) : 0);
	free(health);
	admin_put(c, o);
	admin_end(c);
}

/* ---- reload ---- */

static void ask_reload(struct app *a, struct admin_client *c)
{
	admin_put(c, app_reload(a));
	admin_end(c);
}

void app_admin_ask(void *app, struct admin_client *c, const char *line)
{
	struct app *a = app;
	admin_hold(c);
	if (a->ending || !a->store || !a->http)
		put_error(c, "the engine %s", "stops");
	else if (strcmp(line, "calls") == 0 || strcmp(line, "calls follow") == 0)
		ask_calls(a, c, line[5] ? line + 6 : "");
	else if (strncmp(line, "call ", 5) == 0)
		ask_call(a, c, line + 5);
	else if (strcmp(line, "status") == 0)
		ask_status(a, c);
	else if (strcmp(line, "reload") == 0)
		ask_reload(a, c);
	else
		put_error(c, "there is no question \"%.100s\"", line);
	admin_release(c);
}
