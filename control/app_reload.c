/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration is read again while calls are up: what can change without touching them does, what cannot is
 * named. Nothing changes when the file has an error. */
#include "control/app_ops.h"
#include "control/config_table.h"
#include "control/http_tls.h"
#include "control/mem.h"
#include "control/rest/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Settings that take effect at once; a name that ends in a dot is a section. */
static const char *const live[] = {"sip.default_from", "trunk.", "client.", "limits.call_seconds",
    "limits.account_calls", "limits.calls_per_second", "rest.tls_cert", "rest.tls_key", "webhook.",
    "targets.", "store.keep_calls", "store.keep_events", "store.keep_notifications", "log.level", "run.drain",
    "accounts", "api_keys"};

static bool is_live(const char *name)
{
	for (size_t i = 0; i < sizeof live / sizeof *live; i++) {
		size_t n = strlen(live[i]);
		if (live[i][n - 1] == '.' ? strncmp(name, live[i], n) == 0 : strcmp(name, live[i]) == 0)
			return true;
	}
	return false;
}

/* Of the sections above, what parts were made with. */
static bool is_fixed(const char *name)
{
	return strcmp(name, "webhook.cache") == 0 || strcmp(name, "webhook.last_good") == 0 ||
	       strcmp(name, "webhook.ca_file") == 0;
}

/* HTTPS is what the port was opened with, or not. */
static bool stays(const struct config *now, const struct config *next, const struct config_row *row)
{
	bool tls = strncmp(row->name, "rest.tls_", 9) == 0;
	return is_fixed(row->name) || !is_live(row->name) ||
	       (tls && !*now->rest_tls_cert != !*next->rest_tls_cert);
}

static size_t bytes_of(const struct config *c, const struct config_row *row)
{
	uint32_t n = 0;
	if (row->type != CT_LIST)
		return row->size;
	memcpy(&n, (const char *)c + row->count_off, row->count_size);
	return n * row->stride;
}

static bool differ(const struct config *a, const struct config *b, const struct config_row *row)
{
	size_t n = bytes_of(a, row);
	return n != bytes_of(b, row) ||
	       memcmp((const char *)a + row->off, (const char *)b + row->off, n) != 0;
}

static void take(struct config *to, const struct config *from, const struct config_row *row)
{
	memcpy((char *)to + row->off, (const char *)from + row->off, row->size);
	if (row->type == CT_LIST)
		memcpy((char *)to + row->count_off, (const char *)from + row->count_off, row->count_size);
}

/* ---- the parts that keep copies ---- */

static bool has_account(const struct config *c, const char *sid)
{
	for (uint32_t i = 0; i < c->n_accounts; i++)
		if (strcmp(c->accounts[i].sid, sid) == 0)
			return true;
	return false;
}

/* The newest generation that knows the account: calls of one that has gone are finished, and their webhooks signed. */
static const struct config *knows(const struct app *a, const char *account_sid)
{
	const struct app_names *g = a->names;
	while (g && !has_account(g->conf, account_sid))
		g = g->older;
	return g ? g->conf : NULL;
}

const char *app_token(const struct app *a, const char *account_sid)
{
	const struct config *c = knows(a, account_sid);
	return c ? config_token(c, account_sid) : NULL;
}

bool app_enhanced_sip(const struct app *a, const char *account_sid)
{
	const struct config *c = knows(a, account_sid);
	return c && config_enhanced_sip(c, account_sid);
}

static bool needed(const struct app *a, const struct config *old)
{
	for (uint32_t i = 0; i < old->n_accounts; i++)
		if (!has_account(a->names->conf, old->accounts[i].sid))
			return true;
	return false;
}

static void names_free(struct app_names *g)
{
	if (g->ours)
		config_free(g->conf);
	free(g);
}

/* Requests under way hold the account they began with. */
static void drop_old_names(struct app *a)
{
	if (a->rest && rest_open(a->rest))
		return;
	for (struct app_names **at = &a->names->older, *g; (g = *at);) {
		if (needed(a, g->conf)) {
			at = &g->older;
			continue;
		}
		*at = g->older;
		names_free(g);
	}
}

void app_names_add(struct app *a, struct config *c, bool ours)
{
	struct app_names *g = mem_zalloc(sizeof *g);
	g->conf = c;
	g->ours = ours;
	for (uint32_t i = 0; i < c->n_accounts; i++)
		g->accounts[i] = (struct rest_account){c->accounts[i].sid, c->accounts[i].token};
	for (uint32_t i = 0; i < c->n_api_keys; i++)
		g->keys[i] =
		    (struct rest_key){c->api_keys[i].sid, c->api_keys[i].secret, c->api_keys[i].account};
	g->older = a->names;
	a->names = g;
}

void app_names_free(struct app *a)
{
	for (struct app_names *g; (g = a->names);) {
		a->names = g->older;
		names_free(g);
	}
}

static void tell_parts(struct app *a)
{
	const struct config *c = a->conf;
	store_keep(a->store, &(struct store_keep){c->keep_calls_s, c->keep_events_s, c->keep_notes_s});
	http_client_deadlines(a->http, c->webhook_connect_ms, c->webhook_total_ms);
	http_client_limit(a->http, c->webhook_in_flight);
	http_client_hosts(a->http, c->webhook_per_host, c->webhook_failures, APP_HOST_PAUSE_MS);
	outbox_times(a->outbox, c->callback_age_s, c->callback_retry_ms);
	calls_set_time_limit(a->calls, c->call_seconds);
	log_limit(config_log_level(c));
	if (!a->rest)
		return;
	rest_accounts(a->rest, a->names->accounts, a->names->conf->n_accounts, a->names->keys,
	    a->names->conf->n_api_keys);
	rest_limits(a->rest, c->calls_per_second, c->account_calls);
}

/* ---- the certificate ---- */

static const char *read_certificate(struct app *a, char err[256])
{
	if (!*a->conf->rest_tls_cert)
		return NULL;
	if (http_tls_load(a->conf->rest_tls_cert, a->conf->rest_tls_key, err) == 0)
		return "the certificate was read again";
	log_line(LOG_ERROR, "rest", "", "the certificate stays as it was: %s", err);
	return "the certificate stays as it was";
}

/* Those of SIP: new connections use them. */
static void read_sip_certificates(struct app *a, char err[256])
{
	if (a->dp && dp_tls_reload(a->dp, err) < 0)
		log_line(LOG_ERROR, "sip", "", "certificates and CAs of SIP stay as they were: %s", err);
}

/* ---- all of it ---- */

static json_t *problems_of(const struct config_errors *e)
{
	json_t *all = json_array();
	char text[400];
	for (size_t i = 0; i < e->n; i++) {
		const struct config_error *x = &e->list[i];
		if (x->pos.line)
			snprintf(
			    text, sizeof text, "line %u, column %u: %s", x->pos.line, x->pos.col, x->text);
		else
			snprintf(text, sizeof text, "%s", x->text);
		json_array_append_new(all, json_text(text));
	}
	return all;
}

/* Who may ask is kept apart from the rest: see struct app_names. */
static bool is_name(const struct config_row *row)
{
	return strcmp(row->name, "accounts") == 0 || strcmp(row->name, "api_keys") == 0;
}

static void merge(struct app *a, const struct config *next, json_t *applied, json_t *restart)
{
	for (unsigned i = 0; i < config_n_rows; i++) {
		const struct config_row *row = &config_rows[i];
		bool given = next->pos[i].line || a->conf->pos[i].line; /* else it follows from others */
		if (!given || strchr(row->name, '[') ||
		    !differ(is_name(row) ? a->names->conf : a->conf, next, row))
			continue;
		bool later = stays(a->conf, next, row);
		json_array_append_new(later ? restart : applied, json_string(row->name));
		if (!later)
			a->conf->pos[i] = next->pos[i];
		if (!later && !is_name(row))
			take(a->conf, next, row);
	}
}

static void apply(struct app *a, struct config *next, json_t *o)
{
	char err[256] = "";
	json_t *applied = json_array(), *restart = json_array();
	merge(a, next, applied, restart);
	app_names_add(a, next, true);
	tell_parts(a);
	drop_old_names(a);
	json_object_set_new(o, "certificate", json_text(read_certificate(a, err)));
	json_object_set_new(o, "certificate_error", json_text(*err ? err : NULL));
	char sip_err[256] = "";
	read_sip_certificates(a, sip_err);
	json_object_set_new(o, "sip_certificate_error", json_text(*sip_err ? sip_err : NULL));
	json_object_set_new(o, "applied", applied);
	json_object_set_new(o, "needs_restart", restart);
}

static void log_names(const char *what, const json_t *names)
{
	char text[400] = "";
	for (size_t i = 0, at = 0; i < json_array_size(names) && at < sizeof text; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? ", " : "",
		    json_string_value(json_array_get(names, i)));
	if (*text)
		log_line(LOG_INFO, "engine", "", "reload: %s: %s", what, text);
}

json_t *app_reload(struct app *a)
{
	struct config_errors e = {0};
	struct config *next;
	json_t *o = json_object();
	if (config_load(&next, a->conf_path, &e) < 0) {
		log_line(
		    LOG_ERROR, "engine", "", "reload: nothing was changed: %s", e.n ? e.list[0].text : "");
		json_object_set_new(o, "problems", problems_of(&e));
	} else {
		apply(a, next, o);
		log_names("in effect now", json_object_get(o, "applied"));
		log_names("needs a restart", json_object_get(o, "needs_restart"));
		log_line(LOG_INFO, "engine", "", "the configuration was read again");
	}
	config_errors_fini(&e);
	return o;
}
