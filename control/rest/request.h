/* SPDX-License-Identifier: Apache-2.0 */
/* One authenticated API request on its way through a resource, and the ways to answer it. */
#ifndef CONTROL_REST_REQUEST_H
#define CONTROL_REST_REQUEST_H

#include "control/metrics.h"
#include "control/rest/errors.h"
#include "control/rest/rest.h"
#include "control/rest/router.h"
#include "control/rest/start_queue.h"

#include <jansson.h>

struct rest {
	struct rest_env env;
	struct metrics_http http;
	bool stopping; /* the store and the calls are not to be touched */
	bool draining; /* no new calls */
	struct start_queue starts;
	uint32_t open; /* requests without an answer */
};

/* Made by rest.c, freed by the answer: exactly one request_reply_json or request_reply_error ends it. */
struct request {
	struct rest *rest;
	struct http_exchange *x;
	struct route_match match;
	enum route_method method;
	const struct rest_account *account;
	struct form query, body;
	/* between an asynchronous call and its answer; freed with the request */
	char call_sid[35];
	uint32_t wait_ms; /* before the call starts */
	json_t *held;
	char *held_text; /* the same written out, when that is all that is needed */
	int64_t noted_at; /* of the notification that is held */
	struct list_args *list;
};

/* takes o; XML or CSV when the path asked for that */
void request_reply_json(struct request *q, int status, json_t *o);
/* The same of a text that is JSON already; takes it. For FORMAT_JSON only. */
void request_reply_text(struct request *q, int status, char *json);
void request_reply_empty(struct request *q); /* 204 */
void request_reply_error(struct request *q, int status, int code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void request_not_found(struct request *q); /* 404/20404 with the path */
void request_store_failed(struct request *q, const char *why);
void request_stopping(struct request *q); /* 503/20503 */

/* The live call of that name if the request's account owns it; NULL while stopping. */
struct call *request_live_call(const struct request *q, const char *sid);

/* A resource. Answers now or later. */
typedef void (*resource_fn)(struct request *q);
void calls_post(struct request *q);
void calls_get(struct request *q);
void call_get(struct request *q);
void call_post(struct request *q);
void notifications_get(struct request *q);
void notification_get(struct request *q);
void call_delete(struct request *q);
void events_get(struct request *q);
void account_get(struct request *q);
void accounts_get(struct request *q);
void applications_get(struct request *q);
void applications_post(struct request *q);
void application_get(struct request *q);
void application_post(struct request *q);
void application_delete(struct request *q);

#endif
