/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/list_args.h"

#include "control/rest/date.h"
#include "control/rest/errors.h"
#include "control/rest/json_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400

__attribute__((format(printf, 4, 5))) static int refuse(
    struct list_refusal *why, int status, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	why->status = status;
	why->code = code;
	vsnprintf(why->message, sizeof why->message, fmt, ap);
	va_end(ap);
	return -1;
}

/* A parameter that is empty counts as not given. */
static const char *given(const struct form *f, const char *name)
{
	const char *v = form_get(f, name);
	return v && *v ? v : NULL;
}

static int whole_number(const char *s, uint32_t *out)
{
	uint64_t v = 0;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > UINT32_MAX)
			v = UINT32_MAX;
	}
	*out = (uint32_t)v;
	return 0;
}

void list_token(char out[32], bool backwards, uint64_t rowid)
{
	snprintf(out, 32, "P%c%016llx", backwards ? 'B' : 'A', (unsigned long long)rowid);
}

int list_token_parse(const char *s, bool *backwards, uint64_t *rowid)
{
	if (strlen(s) != 18 || s[0] != 'P' || (s[1] != 'A' && s[1] != 'B') ||
	    strspn(s + 2, "0123456789abcdef") != 16)
		return -EINVAL;
	*backwards = s[1] == 'B';
	*rowid = strtoull(s + 2, NULL, 16);
	return *rowid ? 0 : -EINVAL;
}

static int read_size(struct list_args *a, const struct form *f, struct list_refusal *why)
{
	const char *v = given(f, "PageSize");
	a->size = LIST_PAGE_DEFAULT;
	if (v && whole_number(v, &a->size))
		return refuse(why, 400, REST_INVALID, "PageSize is not a number from 1 to 1000.");
	if (a->size > LIST_PAGE_MAX)
		return refuse(why, 400, REST_PAGE_SIZE, "Page size must be less than or equal to 1000.");
	if (!a->size)
		return refuse(why, 400, REST_INVALID, "PageSize is not a number from 1 to 1000.");
	return 0;
}

int list_args_page(struct list_args *a, const struct form *query, struct list_refusal *why)
{
	*a = (struct list_args){0};
	if (read_size(a, query, why))
		return -1;
	const char *v = given(query, "Page");
	if (v && (whole_number(v, &a->page) || a->page > LIST_PAGES_MAX))
		return refuse(why, 400, REST_INVALID, "Page is not a page number.");
	return 0;
}

static int read_token(struct list_args *a, const struct form *f, struct list_refusal *why)
{
	const char *v = given(f, "PageToken");
	uint64_t rowid = 0;
	if (!v && a->page)
		return refuse(why, 400, REST_INVALID,
		    "Page %u needs the PageToken of the page before it; follow next_page_uri.", a->page);
	if (!v)
		return 0;
	if (list_token_parse(v, &a->backwards, &rowid))
		return refuse(why, 400, REST_INVALID, "PageToken is not one this list has given.");
	*(a->backwards ? &a->q.after_rowid : &a->q.before_rowid) = rowid;
	return 0;
}

enum time_filter { TIME_DAY, TIME_BEFORE, TIME_FROM };

static void tighten(struct store_query *q, int64_t from, int64_t before)
{
	if (from && from > q->start_after)
		q->start_after = from;
	if (before && (!q->start_before || before < q->start_before))
		q->start_before = before;
}

static int read_time(struct list_args *a, const struct form *f, const char *name, enum time_filter kind,
    struct list_refusal *why)
{
	const char *v = given(f, name);
	int64_t t = 0;
	bool whole_day;
	if (!v)
		return 0;
	if (date_parse_iso(v, &t, &whole_day) || t < 0)
		return refuse(
		    why, 400, REST_INVALID, "%s is not a date (YYYY-MM-DD) or an ISO 8601 time.", name);
	int64_t day = t - t % DAY;
	/* 0 means no limit to the store; nothing was ever dialled in 1970. */
	if (kind == TIME_DAY)
		tighten(&a->q, day, day + DAY);
	else if (kind == TIME_BEFORE)
		tighten(&a->q, 0, t ? t : 1);
	else
		tighten(&a->q, t, 0);
	return 0;
}

static int read_times(struct list_args *a, const struct form *f, struct list_refusal *why)
{
	if (read_time(a, f, "EndTime", TIME_DAY, why) || read_time(a, f, "EndTime<", TIME_BEFORE, why) ||
	    read_time(a, f, "EndTime>", TIME_FROM, why))
		return -1;
	a->q.end_after = a->q.start_after;
	a->q.end_before = a->q.start_before;
	a->q.start_after = a->q.start_before = 0;
	if (read_time(a, f, "StartTime", TIME_DAY, why) || read_time(a, f, "StartTime<", TIME_BEFORE, why))
		return -1;
	return read_time(a, f, "StartTime>", TIME_FROM, why);
}

int list_args_dates(struct list_args *a, const struct form *query, const char *name, struct list_refusal *why)
{
	char before[32], after[32];
	snprintf(before, sizeof before, "%s<", name);
	snprintf(after, sizeof after, "%s>", name);
	if (read_time(a, query, name, TIME_DAY, why) || read_time(a, query, before, TIME_BEFORE, why))
		return -1;
	return read_time(a, query, after, TIME_FROM, why);
}

static bool is_status(const char *s)
{
	static const char *const all[] = {
	    "queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (!strcmp(s, all[i]))
			return true;
	return false;
}

int list_args_calls(struct list_args *a, const struct form *query, struct list_refusal *why)
{
	if (list_args_page(a, query, why) || read_token(a, query, why) || read_times(a, query, why))
		return -1;
	a->q.to = given(query, "To");
	a->q.from = given(query, "From");
	a->q.parent_sid = given(query, "ParentCallSid");
	a->q.status = given(query, "Status");
	a->q.limit = a->size + 1;
	if (a->q.status && !is_status(a->q.status))
		return refuse(why, 400, REST_INVALID, "Status is not a call status.");
	return 0;
}

static bool is_paging(const char *name)
{
	return !strcmp(name, "PageSize") || !strcmp(name, "Page") || !strcmp(name, "PageToken");
}

/* Relative, with the filters repeated: clients put their own base in front. */
static json_t *page_uri(const struct list_page *p, uint32_t page, const char *token)
{
	struct form f;
	form_init(&f);
	for (size_t i = 0; i < p->query->n; i++)
		if (!is_paging(p->query->pairs[i].name))
			form_add(&f, p->query->pairs[i].name, p->query->pairs[i].value);
	form_addf(&f, "PageSize", "%u", p->size);
	form_addf(&f, "Page", "%u", page);
	if (token && *token)
		form_add(&f, "PageToken", token);
	char *query = form_encode(&f);
	json_t *uri = json_sprintf("%s?%s", p->path, query);
	free(query);
	form_fini(&f);
	return uri;
}

json_t *list_page_json(const struct list_page *p, json_t *items)
{
	size_t n = json_array_size(items);
	json_int_t start = (json_int_t)p->page * p->size;
	json_t *o = json_object();
	const char *own = form_get(p->query, "PageToken");
	json_object_set_new(o, p->key, items);
	json_object_set_new(o, "first_page_uri", page_uri(p, 0, NULL));
	json_object_set_new(o, "next_page_uri", p->next ? page_uri(p, p->page + 1, p->next) : json_null());
	json_object_set_new(o, "previous_page_uri",
	    p->previous && p->page ? page_uri(p, p->page - 1, p->previous) : json_null());
	json_object_set_new(o, "page", json_integer(p->page));
	json_object_set_new(o, "page_size", json_integer(p->size));
	json_object_set_new(o, "start", json_integer(start));
	json_object_set_new(o, "end", json_integer(n ? start + (json_int_t)n - 1 : 0));
	json_object_set_new(o, "uri", page_uri(p, p->page, own));
	return o;
}
