/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's parts, and how the call logic reaches them. Between app.c and app_ops.c only. */
#ifndef CONTROL_APP_OPS_H
#define CONTROL_APP_OPS_H

#include "control/admin.h"
#include "control/bridge.h"
#include "control/call.h"
#include "control/config.h"
#include "control/dns.h"
#include "control/http_cache.h"
#include "control/http_client.h"
#include "control/http_server.h"
#include "control/jars.h"
#include "control/keepalive.h"
#include "control/link_watch.h"
#include "control/outbox.h"
#include "control/rest/rest.h"
#include "control/store.h"
#include "control/target_health.h"
#include "control/tag_timer.h"

#define APP_HOST_PAUSE_MS 5000 /* how long an application that never answers is left alone */

/* The accounts and keys of one reading of the configuration. An older one stays while a request that began under it is
 * under way, or an account of it has gone: its calls are finished. */
struct app_names {
	struct app_names *older;
	struct config *conf;
	bool ours;
	struct rest_account accounts[CONFIG_ACCOUNTS_MAX];
	struct rest_key keys[CONFIG_KEYS_MAX];
};

struct app {
	struct config *conf; /* as it is in effect; but who may ask is in names */
	const char *conf_path;
	uint64_t started_ns;
	struct loop *loop;
	struct dp *dp;
	struct store *store; /* NULL while it closes */
	struct dns *dns;
	struct target_health health;
	struct keepalive *keepalive;
	struct http_client *http;
	struct bridge *bridge;
	struct outbox *outbox;
	struct jars *jars;
	struct http_cache *cache;
	struct callback_row *held; /* waits for the save of its call */
	struct calls *calls;
	struct tag_timers *timers;
	struct rest *rest;
	struct http_server *server;
	struct link_watch *links;
	struct app_names *names; /* the newest first */
	struct admin *admin;
	int signal_fd;
	int rest_fd;           /* the REST port, until the server takes it; -1 */
	bool draining;         /* a signal came; calls may end by themselves */
	bool stopping, ending; /* a signal came; the parts are being taken down */
	bool failed;
	uint64_t stop_by_ns;
	struct loop_timer stop_timer;
};

/* The table for calls_new. */
void app_ops(struct app *a, struct calls_ops *ops);

/* app_webhooks.c: requests to applications. */
int app_webhook(
    void *app, const char *account_sid, const char *url, bool post, const struct form *params, uint64_t tag);
void app_callback(void *app, const struct call_row *r, const struct form *params);
/* The callback that waits for this call's save, or NULL; the caller frees it with app_held_free. */
struct callback_row *app_held(struct app *a, const char *call_sid);
void app_held_free(struct callback_row *c);
void app_note(void *app, const struct call_note *n);
void app_outbox_ops(struct app *a, struct outbox_ops *ops);

/* app_admin.c: the control socket. */
void app_admin_ask(void *app, struct admin_client *c, const char *line);
void app_admin_saved(struct app *a, const struct call_row *r);

/* app_reload.c: the file is read again. What came of it: {"problems": […]}, or {"applied": […], "needs_restart": […],
 * "certificate", "certificate_error"}. */
json_t *app_reload(struct app *a);
void app_names_add(struct app *a, struct config *c, bool ours);
void app_names_free(struct app *a);
/* NULL: there is no such account, and never was. */
const char *app_token(const struct app *a, const char *account_sid);
bool app_enhanced_sip(const struct app *a, const char *account_sid);

/* app_target.c: where SIP goes. */
uint8_t app_transports(const struct config *c); /* those that are switched on: bits 1 << enum dp_transport */
void app_resolve(void *app, const struct sip_target *target, uint64_t tag);
/* NULL: the configuration names a target that is none; err says which. */
struct keepalive *app_keepalive_new(struct app *a, char err[256]);
void app_hop_done(void *app, const struct ip_sock *hop, bool reached);

/* May SIP go to this address? NULL: yes. */
const char *app_refusal(const struct config *c, const struct ip_addr *a);

#endif
