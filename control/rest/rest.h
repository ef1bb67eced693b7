/* SPDX-License-Identifier: Apache-2.0 */
/* The REST face: /2010-04-01/Accounts/{Sid}/Calls… as Twilio's clients use it, and /healthz and /metrics for
 * whoever looks after the machine (those two need no credentials: bind the listener accordingly).
 *
 *	struct rest *rest = rest_new(&env);
 *	struct http_server_conf conf = {.host = …, .port = …, .handler = rest_handle, .refuse = rest_refuse,
 *	    .ctx = rest};
 *	struct http_server *server = http_server_new(loop, &conf, err);
 *
 * At the end: stop the loop, rest_stop, store_close, http_server_free, rest_free. */
#ifndef CONTROL_REST_REST_H
#define CONTROL_REST_REST_H

#include "control/bridge.h"
#include "control/call.h"
#include "control/http_server.h"

struct rest_account {
	const char *sid, *auth_token;
};

/* An API key: another name and secret for an account. */
struct rest_key {
	const char *sid, *secret, *account_sid;
};

struct outbox;
struct dns;
struct target_health;
struct keepalive;

/* What the resources work on. All borrowed, all outlive the rest. */
struct rest_env {
	struct calls *calls;
	struct store *store;
	struct bridge *bridge;
	struct dp *dp;            /* NULL: /healthz and /metrics know no workers */
	struct http_client *http; /* NULL: no figure for webhooks */
	const struct rest_account *accounts;
	size_t n_accounts;
	const struct rest_key *keys;
	size_t n_keys;
	struct loop *loop;         /* NULL: per_second has no effect */
	struct outbox *outbox;     /* NULL: no figures for status callbacks */
	const struct keepalive *keepalive; /* NULL: no targets are watched */
	const struct dns *dns;     /* NULL: no figures for names */
	const struct target_health *health; /* NULL: none for failed addresses */
	uint32_t calls_per_second; /* of one account, 0: no limit */
	uint32_t account_calls;    /* live calls of one account, 0: no limit; beyond it 10004 */
	uint32_t
	    callbacks_max; /* status callbacks that may be owed before new calls are turned away, 0: any */
};

struct rest;

struct rest *rest_new(const struct rest_env *env);
/* Other accounts and keys for requests that come from now on; those under way keep theirs, which must outlive them. */
void rest_accounts(struct rest *r, const struct rest_account *accounts, size_t n_accounts,
    const struct rest_key *keys, size_t n_keys);
void rest_limits(struct rest *r, uint32_t calls_per_second, uint32_t account_calls);
uint32_t rest_open(const struct rest *r); /* requests that have no answer yet */
/* From now on new calls are refused with 503; all else goes on. */
void rest_drain(struct rest *r);
/* From now on requests are answered 503, and what the store still tells starts nothing and asks nothing: a call
 * whose row is written now gets its 201 and is closed as failed at the next start. Before store_close. */
void rest_stop(struct rest *r);
void rest_free(struct rest *r);

/* The two functions http_server_conf asks for; ctx is the struct rest. */
void rest_handle(void *rest, struct http_exchange *x);
void rest_refuse(
    void *rest, const struct http_exchange *x, int status, const char *why, struct http_reply *reply);

#endif
