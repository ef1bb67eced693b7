/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to its resource: path, credentials, account, method, format, parameters, in that order, so that
 * somebody without credentials learns nothing but the layout of the API. */
#include "control/rest/rest.h"

#include "control/health.h"
#include "control/log.h"
#include "control/mem.h"
#include "control/rest/auth.h"
#include "control/rest/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PARAMETERS_MAX 1000

struct rest *rest_new(const struct rest_env *env)
{
	struct rest *r = mem_zalloc(sizeof *r);
	r->env = *env;
	start_queue_init(&r->starts, env->loop, env->calls, env->calls_per_second, env->n_accounts);
	return r;
}

void rest_accounts(struct rest *r, const struct rest_account *accounts, size_t n_accounts,
    const struct rest_key *keys, size_t n_keys)
{
	r->env.accounts = accounts;
	r->env.n_accounts = n_accounts;
	r->env.keys = keys;
	r->env.n_keys = n_keys;
	start_queue_forget_turns(&r->starts, n_accounts);
}

void rest_limits(struct rest *r, uint32_t calls_per_second, uint32_t account_calls)
{
	r->env.calls_per_second = r->starts.per_second = calls_per_second;
	r->env.account_calls = account_calls;
}

uint32_t rest_open(const struct rest *r)
{
	return r->open;
}

void rest_drain(struct rest *r)
{
	r->draining = true;
}

void rest_stop(struct rest *r)
{
	r->stopping = true;
	start_queue_fini(&r->starts);
}

void rest_free(struct rest *r)
{
	start_queue_fini(&r->starts);
	free(r);
}

void rest_refuse(
    void *rest, const struct http_exchange *x, int status, const char *why, struct http_reply *reply)
{
	struct rest *r = rest;
	(void)x;
	metrics_http_count(&r->http, ROUTE_NONE, status);
	errors_fill(reply, status, REST_INVALID, why);
}

static void answer_health(struct rest *r, struct http_exchange *x)
{
	struct http_reply reply = {.content_type = "application/json"};
	reply.body = health_of(r->env.dp, r->env.keepalive, loop_now_ns(), &reply.status);
	reply.body_len = strlen(reply.body);
	reply.headers[0] = (struct http_header){"Cache-Control", "no-store"};
	metrics_http_count(&r->http, ROUTE_HEALTHZ, reply.status);
	http_exchange_reply(x, &reply);
}

static void answer_metrics(struct rest *r, struct http_exchange *x)
{
	struct http_reply reply = {.status = 200, .content_type = "text/plain; version=0.0.4; charset=utf-8"};
	metrics_http_count(&r->http, ROUTE_METRICS, reply.status);
	reply.body = metrics_of(&r->env, &r->http, &reply.body_len);
	http_exchange_reply(x, &reply);
}

static resource_fn resource_for(const struct request *q)
{
	static const struct {
		resource_fn get, post, del;
	} table[ROUTE_COUNT] = {
	    [ROUTE_CALLS] = {calls_get, calls_post, NULL},
	    [ROUTE_CALL] = {call_get, call_post, call_delete},
	    [ROUTE_NOTIFICATIONS] = {notifications_get, NULL, NULL},
	    [ROUTE_NOTIFICATION] = {notification_get, NULL, NULL},
	    [ROUTE_EVENTS] = {events_get, NULL, NULL},
	    [ROUTE_ACCOUNT_NOTES] = {notifications_get, NULL, NULL},
	    [ROUTE_ACCOUNT_NOTE] = {notification_get, NULL, NULL},
	    [ROUTE_APPLICATIONS] = {applications_get, applications_post, NULL},
	    [ROUTE_APPLICATION] = {application_get, application_post, application_delete},
	    [ROUTE_ACCOUNTS] = {accounts_get, NULL, NULL},
	    [ROUTE_ACCOUNT] = {account_get, NULL, NULL},
	};
	return q->method == METHOD_POST     ? table[q->match.route].post
	       : q->method == METHOD_DELETE ? table[q->match.route].del
	                                    : table[q->match.route].get;
}

/* Anything else could be a browser sent here by somebody else's page. */
static bool is_form(const struct http_exchange *x)
{
	static const char want[] = "application/x-www-form-urlencoded";
	const char *type = http_exchange_header(x, "Content-Type");
	if (!type)
		return x->body_len == 0;
	size_t len = strcspn(type, "; \t");
	return len == sizeof want - 1 && !strncasecmp(type, want, len);
}

/* false: answered. */
static bool read_parameters(struct request *q)
{
	const struct http_exchange *x = q->x;
	if (q->method == METHOD_POST && !is_form(x)) {
		request_reply_error(
		    q, 415, REST_INVALID, "The request body must be application/x-www-form-urlencoded.");
		return false;
	}
	if (form_decode(&q->query, x->query, strlen(x->query), PARAMETERS_MAX) ||
	    form_decode(&q->body, x->body, x->body_len, PARAMETERS_MAX)) {
		request_reply_error(q, 400, REST_INVALID,
		    "The parameters cannot be read: a bad percent-escape, text that is not UTF-8, or too "
		    "many.");
		return false;
	}
	return true;
}

/* false: answered. */
static bool authenticate(struct request *q)
{
	const struct rest_env *e = &q->rest->env;
	const char *header = http_exchange_header(q->x, "Authorization");
	q->account = auth_check(e->accounts, e->n_accounts, header);
	if (!q->account)
		q->account = auth_check_key(e, header);
	if (q->account)
		return true;
	char peer[64];
	http_exchange_peer(q->x, peer);
	log_line(LOG_WARN, "rest", "", "a request without valid credentials was refused, from %s", peer);
	request_reply_error(q, 401, REST_AUTHENTICATE, "Authenticate");
	return false;
}

/* false: answered. */
static bool check_route(struct request *q)
{
	const struct route_match *m = &q->match;
	bool foreign = m->account[0] && strcmp(m->account, q->account->sid);
	if (m->route == ROUTE_NONE || foreign)
		request_not_found(q);
	else if (m->route == ROUTE_UNBUILT)
		request_reply_error(
		    q, 501, REST_UNBUILT, "%s: this resource is not built in this version.", m->what);
	else if (!(m->allowed & q->method))
		request_reply_error(q, 405, REST_METHOD,
		    "Method not allowed: %.16s is not built for this resource.", q->x->method);
	else
		return true;
	return false;
}

static void serve(struct request *q)
{
	if (!authenticate(q) || !check_route(q) || !read_parameters(q))
		return;
	if (q->rest->stopping)
		request_stopping(q);
	else
		resource_for(q)(q);
}

static void serve_api(struct rest *r, struct http_exchange *x, const struct route_match *m)
{
	struct request *q = mem_zalloc(sizeof *q);
	q->rest = r;
	r->open++;
	q->x = x;
	q->match = *m;
	q->method = route_method(x->method);
	serve(q);
}

static void answer_error(
    struct rest *r, struct http_exchange *x, enum route route, int status, int code, const char *message)
{
	struct http_reply reply;
	metrics_http_count(&r->http, route, status);
	errors_fill(&reply, status, code, message);
	if (status == 405)
		reply.headers[0] = (struct http_header){"Allow", route_allow(METHOD_GET)};
	http_exchange_reply(x, &reply);
}

void rest_handle(void *rest, struct http_exchange *x)
{
	struct rest *r = rest;
	struct route_match m;
	if (router_match(x->path, &m))
		answer_error(
		    r, x, ROUTE_NONE, 400, REST_INVALID, "The path cannot be read: a bad percent-escape.");
	else if (m.api)
		serve_api(r, x, &m);
	else if (m.route == ROUTE_NONE)
		answer_error(r, x, ROUTE_NONE, 404, REST_NOT_FOUND, "The requested resource was not found");
	else if (route_method(x->method) != METHOD_GET)
		answer_error(r, x, m.route, 405, REST_METHOD, "Method not allowed");
	else if (m.route == ROUTE_HEALTHZ)
		answer_health(r, x);
	else
		answer_metrics(r, x);
}
