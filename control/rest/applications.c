/* SPDX-License-Identifier: Apache-2.0 */
/* Applications: URLs under one name, which a call may be made with (ApplicationSid). The Sms… and Message… members are
 * kept and shown; nothing here uses them. */
#include "control/mem.h"
#include "control/random.h"
#include "control/rest/date.h"
#include "control/rest/json_text.h"
#include "control/rest/list_args.h"
#include "control/rest/request.h"
#include "control/store_table.h"
#include "control/webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_MAX 2000

enum kind { NAME, URL, METHOD };

static const struct member {
	const char *param, *key;
	enum kind kind;
	size_t off;
} members[] = {
#define M(param, member, kind)                                                                               \
	{                                                                                                    \
		param, #member, kind, offsetof(struct application_row, member)                               \
	}
    M("FriendlyName", friendly_name, NAME),
    M("VoiceUrl", voice_url, URL),
    M("VoiceMethod", voice_method, METHOD),
    M("VoiceFallbackUrl", voice_fallback_url, URL),
    M("VoiceFallbackMethod", voice_fallback_method, METHOD),
    M("StatusCallback", status_callback, URL),
    M("StatusCallbackMethod", status_callback_method, METHOD),
    M("SmsUrl", sms_url, URL),
    M("SmsMethod", sms_method, METHOD),
    M("SmsFallbackUrl", sms_fallback_url, URL),
    M("SmsFallbackMethod", sms_fallback_method, METHOD),
    M("SmsStatusCallback", sms_status_callback, URL),
    M("MessageStatusCallback", message_status_callback, URL),
#undef M
};

#define N_MEMBERS (sizeof members / sizeof members[0])

static const char **text_of(struct application_row *a, const struct member *m)
{
	return (const char **)(void *)((char *)a + m->off);
}

static json_t *date_json(int64_t t)
{
	char s[32];
	date_rfc2822(s, t);
	return json_string(s);
}

static json_t *application_json(const struct application_row *a)
{
	json_t *o = json_object();
	json_object_set_new(o, "sid", json_string(a->sid));
	json_object_set_new(o, "account_sid", json_string(a->account_sid));
	json_object_set_new(o, "api_version", json_string("2010-04-01"));
	json_object_set_new(o, "date_created", date_json(a->date_created));
	json_object_set_new(o, "date_updated", date_json(a->date_updated));
	for (size_t i = 0; i < N_MEMBERS; i++)
		json_object_set_new(o, members[i].key,
		    json_text(*(const char *const *)(const void *)((const char *)a + members[i].off)));
	json_object_set_new(o, "voice_caller_id_lookup", json_boolean(a->caller_id_lookup));
	json_object_set_new(o, "public_application_connect_enabled", json_false());
	json_object_set_new(
	    o, "uri", json_sprintf("/2010-04-01/Accounts/%s/Applications/%s.json", a->account_sid, a->sid));
	return o;
}

/* What is wrong with a value, or NULL. */
static const char *trouble(const struct member *m, const char *v)
{
	if (strlen(v) > (m->kind == NAME ? 64 : TEXT_MAX))
		return "is too long";
	if (m->kind == METHOD && *v && strcasecmp(v, "GET") != 0 && strcasecmp(v, "POST") != 0)
		return "must be GET or POST";
	if (m->kind != URL || !*v)
		return NULL;
	char *url = webhook_url(NULL, v);
	free(url);
	return url ? NULL : "is not an absolute http or https URL";
}

static bool good(struct request *q)
{
	for (size_t i = 0; i < N_MEMBERS; i++) {
		const char *v = form_get(&q->body, members[i].param);
		const char *why = v ? trouble(&members[i], v) : NULL;
		if (!why)
			continue;
		request_reply_error(
		    q, 400, members[i].kind == METHOD ? 21209 : 21205, "'%s' %s.", members[i].param, why);
		return false;
	}
	return true;
}

/* What the request gives replaces what was there; strings borrowed from the request. */
static void apply(struct request *q, struct application_row *a)
{
	for (size_t i = 0; i < N_MEMBERS; i++) {
		const char *v = form_get(&q->body, members[i].param);
		if (!v)
			continue;
		if (members[i].kind == METHOD && *v)
			v = strcasecmp(v, "GET") == 0 ? "GET" : "POST";
		*text_of(a, &members[i]) = *v ? v : NULL;
	}
	const char *lookup = form_get(&q->body, "VoiceCallerIdLookup");
	if (lookup)
		a->caller_id_lookup = strcasecmp(lookup, "true") == 0;
	for (size_t i = 0; i < N_MEMBERS; i++)
		if (members[i].kind == METHOD && !*text_of(a, &members[i]))
			*text_of(a, &members[i]) = "POST";
	if (!a->friendly_name)
		a->friendly_name = a->sid;
	a->date_updated = loop_wall_ms() / 1000;
}

/* ---- make and change ---- */

static void on_put(void *ctx, bool ok, const char *why)
{
	struct request *q = ctx;
	json_t *o = q->held;
	if (!ok) {
		request_store_failed(q, why);
		return;
	}
	q->held = NULL;
	request_reply_json(q, q->match.route == ROUTE_APPLICATIONS ? 201 : 200, o);
}

static void put(struct request *q, struct application_row *a)
{
	apply(q, a);
	q->held = application_json(a);
	store_put(q->rest->env.store, &store_applications, a, on_put, q);
}

void applications_post(struct request *q)
{
	struct application_row a = {.date_created = loop_wall_ms() / 1000};
	if (!good(q))
		return;
	random_sid(a.sid, "AP");
	snprintf(a.account_sid, sizeof a.account_sid, "%s", q->account->sid);
	put(q, &a);
}

typedef void (*found_fn)(struct request *q, const struct application_row *a);

static void on_found(void *ctx, const void *rows, size_t n, bool ok, const char *why, found_fn fn)
{
	struct request *q = ctx;
	if (!ok)
		request_store_failed(q, why);
	else if (!n)
		request_not_found(q);
	else if (q->rest->stopping)
		request_stopping(q);
	else
		fn(q, rows);
}

static void find(struct request *q, store_list_fn fn)
{
	store_list(q->rest->env.store, &store_applications,
	    &(struct store_filter){.account_sid = q->account->sid, .key = q->match.sid}, fn, q);
}

static void change(struct request *q, const struct application_row *a)
{
	struct application_row b = *a;
	put(q, &b);
}

static void on_change(void *ctx, const void *rows, size_t n, bool ok, const char *why)
{
	on_found(ctx, rows, n, ok, why, change);
}

void application_post(struct request *q)
{
	if (good(q))
		find(q, on_change);
}

/* ---- show and delete ---- */

static void show(struct request *q, const struct application_row *a)
{
	request_reply_json(q, 200, application_json(a));
}

static void on_show(void *ctx, const void *rows, size_t n, bool ok, const char *why)
{
	on_found(ctx, rows, n, ok, why, show);
}

void application_get(struct request *q)
{
	find(q, on_show);
}

static void on_gone(void *ctx, bool ok, const char *why)
{
	if (ok)
		request_reply_empty(ctx);
	else
		request_store_failed(ctx, why);
}

static void delete (struct request *q, const struct application_row *a)
{
	store_del(q->rest->env.store, &store_applications, a->account_sid, a->sid, on_gone, q);
}

static void on_delete(void *ctx, const void *rows, size_t n, bool ok, const char *why)
{
	on_found(ctx, rows, n, ok, why, delete);
}

void application_delete(struct request *q)
{
	find(q, on_delete);
}

/* ---- list ---- */

static void on_list(void *ctx, const void *rows, size_t n, bool ok, const char *why)
{
	struct request *q = ctx;
	const struct application_row *a = rows;
	size_t first = (size_t)q->list->page * q->list->size;
	char path[96];
	if (!ok) {
		request_store_failed(q, why);
		return;
	}
	json_t *items = json_array();
	for (size_t i = first; i < n && i < first + q->list->size; i++)
		json_array_append_new(items, application_json(&a[i]));
	snprintf(path, sizeof path, "/2010-04-01/Accounts/%s/Applications.json", q->account->sid);
	struct list_page p = {.path = path,
	    .key = "applications",
	    .query = &q->query,
	    .size = q->list->size,
	    .page = q->list->page,
	    .next = n > first + q->list->size ? "" : NULL,
	    .previous = ""};
	request_reply_json(q, 200, list_page_json(&p, items));
}

void applications_get(struct request *q)
{
	struct list_refusal why;
	const char *name = form_get(&q->query, "FriendlyName");
	q->list = mem_zalloc(sizeof *q->list);
	if (list_args_page(q->list, &q->query, &why))
		request_reply_error(q, why.status, why.code, "%s", why.message);
	else
		store_list(q->rest->env.store, &store_applications,
		    &(struct store_filter){
		        .account_sid = q->account->sid, .friendly_name = name && *name ? name : NULL},
		    on_list, q);
}
