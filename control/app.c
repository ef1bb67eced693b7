/* SPDX-License-Identifier: Apache-2.0 */
#include "control/app.h"

#include "control/app_ops.h"
#include "control/http_tls.h"
#include "control/mem.h"
#include "control/privs.h"
#include "control/webhook.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define STOP_NS           5000000000u /* how long an orderly stop waits for legs and callbacks */
#define STOP_CHECK_NS     50000000u
#define JARS_MORE         1000   /* calls that have ended and whose callbacks are under way */
#define CALLBACKS_MAX     200000 /* owed status callbacks beyond which new calls are turned away */
#define CALLBACK_PAUSE_MS 300000 /* longest pause between two attempts at a status callback */

static int complain(const char *area, const char *err)
{
	log_line(LOG_ERROR, area, "", "%s", err);
	return -1;
}

/* ---- stopping ---- */

static bool all_done(const struct app *a)
{
	return outbox_unsettled(a->outbox) == 0 && calls_live(a->calls) == 0 &&
	       http_client_in_flight(a->http) == 0 && http_client_waiting(a->http) == 0 &&
	       store_queue_depth(a->store) == 0;
}

static void check_stop(void *ctx, struct loop_timer *t)
{
	struct app *a = ctx;
	uint64_t now = loop_now_ns();
	if (all_done(a)) {
		loop_stop(a->loop);
	} else if (now >= a->stop_by_ns) {
		log_line(LOG_WARN, "engine", "", "stopping with %u calls and %u requests unfinished",
		    calls_live(a->calls), http_client_in_flight(a->http) + http_client_waiting(a->http));
		loop_stop(a->loop);
	} else {
		loop_timer_arm(a->loop, t, now + STOP_CHECK_NS);
	}
}

static void begin_stop(struct app *a)
{
	log_line(LOG_INFO, "engine", "", "stopping: %u calls to end", calls_live(a->calls));
	a->stopping = true;
	a->stop_by_ns = loop_now_ns() + STOP_NS;
	if (a->rest)
		rest_stop(a->rest);
	calls_shutdown(a->calls);
	outbox_stop(a->outbox);
	loop_timer_cancel(a->loop, &a->stop_timer);
	a->stop_timer = (struct loop_timer){.fn = check_stop, .ctx = a};
	loop_timer_arm(a->loop, &a->stop_timer, loop_now_ns() + STOP_CHECK_NS);
}

static void check_drain(void *ctx, struct loop_timer *t)
{
	struct app *a = ctx;
	if (a->stopping)
		return;
	if (calls_live(a->calls) == 0 || loop_now_ns() >= a->stop_by_ns)
		begin_stop(a);
	else
		loop_timer_arm(a->loop, t, loop_now_ns() + STOP_CHECK_NS);
}

/* New calls are refused, those that are up go on. Another signal hurries. */
static void begin_drain(struct app *a)
{
	log_line(LOG_INFO, "engine", "", "draining: waiting up to %u s for %u calls to end", a->conf->drain_s,
	    calls_live(a->calls));
	a->draining = true;
	calls_close(a->calls, true);
	a->stop_by_ns = loop_now_ns() + (uint64_t)a->conf->drain_s * 1000000000u;
	if (a->rest)
		rest_drain(a->rest);
	a->stop_timer = (struct loop_timer){.fn = check_drain, .ctx = a};
	loop_timer_arm(a->loop, &a->stop_timer, loop_now_ns() + STOP_CHECK_NS);
}

static void on_signal(void *ctx, int fd, uint32_t revents)
{
	struct app *a = ctx;
	struct signalfd_siginfo s;
	if (read(fd, &s, sizeof s) != sizeof s)
		return;
	if (s.ssi_signo == SIGHUP) {
		json_decref(app_reload(a));
	} else if (a->stopping || !a->calls) {
		a->stopping = true;
		loop_stop(a->loop);
	} else if (a->conf->drain_s && !a->draining && calls_live(a->calls)) {
		begin_drain(a);
	} else {
		begin_stop(a);
	}
}

static int take_signals(struct app *a)
{
	sigset_t set;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	a->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (a->signal_fd < 0)
		return complain("engine", strerror(errno));
	loop_fd(a->loop, a->signal_fd, POLLIN, on_signal, a);
	return 0;
}

/* ---- what happens, to the call logic ---- */

static void on_dp_event(void *ctx, const struct dp_event *e)
{
	struct app *a = ctx;
	if (!a->ending && !keepalive_event(a->keepalive, e))
		calls_dp_event(a->calls, e);
}

static void on_timer(void *ctx, uint64_t tag)
{
	calls_timer(((struct app *)ctx)->calls, tag);
}

/* Before calls are closed: what was owed comes before what that adds. */
static void on_owed(void *ctx, const void *rows, size_t n, bool ok, const char *why)
{
	struct app *a = ctx;
	const struct callback_row *c = rows;
	if (!ok) {
		complain("store", why);
		a->failed = true;
	}
	if (n)
		log_line(LOG_INFO, "engine", "", "%zu status callbacks of the last run are owed", n);
	for (size_t i = 0; i < n; i++)
		outbox_add(a->outbox, &c[i]);
}

static void on_unfinished(void *ctx, const struct call_row *rows, size_t n, bool ok, const char *why)
{
	struct app *a = ctx;
	if (!ok) {
		complain("store", why);
		a->failed = true;
	}
	if (n)
		log_line(LOG_WARN, "engine", "",
		    "%zu calls were up when the last run ended: closing them as failed", n);
	for (size_t i = 0; i < n; i++)
		calls_recover(a->calls, &rows[i]);
	loop_stop(a->loop);
}

/* ---- starting ---- */

static int start_loop(struct app *a)
{
	char err[256];
	a->loop = loop_new(err);
	return a->loop ? take_signals(a) : complain("engine", err);
}

/* What a driver says about permissions does not say which. */
static void complain_of_rights(void)
{
	char missing[64];
	privs_missing(missing);
	if (*missing)
		log_line(LOG_ERROR, "engine", "",
		    "this process lacks %s: start it as root or with these capabilities; `dialplane check` "
		    "with the same file says what else is missing",
		    missing);
}

static int start_dataplane(struct app *a, int *events_fd)
{
	char err[256];
	*events_fd = bridge_events_fd();
	if (*events_fd < 0)
		return complain("engine", strerror(-*events_fd));
	a->dp = dp_start(&a->conf->dp, *events_fd, err);
	if (!a->dp) {
		complain("dataplane", err);
		complain_of_rights();
		return -1;
	}
	return privs_drop(a->conf->run_user, err) == 0 ? 0 : complain("engine", err);
}

static const char *streams_of(const struct config *c)
{
	if (c->dp.tcp == DP_TCP_OFF)
		return "";
	return c->dp.tls_port ? ", TCP and TLS" : " and TCP";
}

static void say_unverified(const struct config *c)
{
	for (uint8_t i = 0; i < c->dp.n_tls_peers; i++)
		if (!c->dp.tls_peers[i].verify)
			log_line(LOG_WARN, "sip", "", "tls.peers: certificates of %s are not verified",
			    c->dp.tls_peers[i].name);
}

static int start_services(struct app *a)
{
	char err[256], servers[512];
	a->store = store_open(a->loop, a->conf->store_path, err);
	if (!a->store)
		return complain("store", err);
	store_keep(a->store,
	    &(struct store_keep){a->conf->keep_calls_s, a->conf->keep_events_s, a->conf->keep_notes_s});
	a->dns = dns_new(a->loop, config_dns_servers(a->conf, servers), err);
	if (!a->dns)
		return complain("dns", err);
	dns_keep(a->dns, a->conf->dns_ttl_min_s, a->conf->dns_ttl_max_s);
	a->health.avoid_s = a->conf->targets_avoid_s;
	a->http = http_client_new(a->loop, &a->conf->policy, a->conf->webhook_in_flight);
	if (!a->http)
		return complain("webhook", "libcurl or its resolver cannot start");
	a->cache =
	    a->conf->webhook_cache_kb ? http_cache_new((size_t)a->conf->webhook_cache_kb * 1024) : NULL;
	if (*a->conf->webhook_ca_file)
		http_client_trust(a->http, a->conf->webhook_ca_file);
	http_client_use_dns(a->http, a->dns);
	http_client_deadlines(a->http, a->conf->webhook_connect_ms, a->conf->webhook_total_ms);
	http_client_hosts(a->http, a->conf->webhook_per_host, a->conf->webhook_failures, APP_HOST_PAUSE_MS);
	a->timers = tag_timers_new(a->loop, on_timer, a);
	return 0;
}

static int start_calls(struct app *a, int events_fd)
{
	struct calls_ops ops;
	const struct calls_conf conf = {
	    .calls_max = a->conf->calls_max,
	    .default_from = a->conf->default_from,
	    .outbound_host = a->conf->from_host,
	    .time_limit_s = a->conf->call_seconds,
	    .transports = app_transports(a->conf),
	    .first_response_ms = a->conf->first_response_ms,
	    .trunk_uri = a->conf->trunk_uri,
	    .trunk_from = a->conf->trunk_from,
	    .client_uri = a->conf->client_uri,
	    .last_good = a->conf->webhook_last_good,
	    .inbound = {.account_sid =
	                    *a->conf->inbound_account ? a->conf->inbound_account : a->conf->accounts[0].sid,
	        .voice_url = a->conf->inbound_voice_url,
	        .fallback_url = a->conf->inbound_fallback_url,
	        .status_callback = a->conf->inbound_status_callback,
	        .voice_get = strcmp(a->conf->inbound_voice_method, "GET") == 0,
	        .fallback_get = strcmp(a->conf->inbound_fallback_method, "GET") == 0,
	        .callback_get = strcmp(a->conf->inbound_status_callback_method, "GET") == 0},
	};
	a->bridge = bridge_new(a->loop, events_fd, a->dp, on_dp_event, a);
	if (!a->bridge)
		return complain("engine", "no memory for the rings' control end");
	struct outbox_ops outbox_ops;
	const struct outbox_conf outbox_conf = {.age_max_s = a->conf->callback_age_s,
	    .retry_min_ms = a->conf->callback_retry_ms,
	    .retry_max_ms = CALLBACK_PAUSE_MS};
	app_outbox_ops(a, &outbox_ops);
	a->jars = jars_new(a->conf->calls_max + JARS_MORE);
	a->outbox = outbox_new(a->loop, &outbox_conf, &outbox_ops);
	app_ops(a, &ops);
	a->calls = calls_new(&conf, &ops);
	calls_close(a->calls, true); /* until those of the last run are closed */
	return a->calls ? 0 : complain("engine", "no memory for calls");
}

/* Nobody may ask for a call before those of the last run are closed. */
static int recover(struct app *a)
{
	store_list(a->store, &store_callbacks,
	    &(struct store_filter){.oldest_first = true, .limit = UINT32_MAX}, on_owed, a);
	store_find(a->store, &(struct store_query){.unfinished = true}, on_unfinished, a);
	int rc = loop_run(a->loop);
	if (rc < 0)
		return complain("engine", strerror(-rc));
	return a->failed ? -1 : 0;
}

static void rest_host(const struct app *a, char host[64])
{
	struct buf b = buf_on(host, 63);
	ip_addr_put(&b, &a->conf->rest_listen.a);
	host[b.len] = 0;
}

/* A port that somebody else has is found out before anything is touched: the device, and the calls of the last
 * run, which only an engine that goes on may close. Who connects meanwhile waits. */
static int take_rest_port(struct app *a)
{
	char host[64], err[256];
	if (*a->conf->rest_tls_cert && http_tls_load(a->conf->rest_tls_cert, a->conf->rest_tls_key, err) < 0)
		return complain("rest", err);
	rest_host(a, host);
	a->rest_fd = http_server_listen(host, a->conf->rest_listen.port, err);
	return a->rest_fd >= 0 ? 0 : complain("rest", err);
}

static int start_rest(struct app *a)
{
	const struct config *c = a->conf;
	char host[64], err[256];
	rest_host(a, host);
	a->keepalive = app_keepalive_new(a, err);
	if (!a->keepalive)
		return complain("keepalive", err);
	const struct rest_env env = {
	    .calls = a->calls,
	    .store = a->store,
	    .bridge = a->bridge,
	    .dp = a->dp,
	    .http = a->http,
	    .accounts = a->names->accounts,
	    .n_accounts = c->n_accounts,
	    .keys = a->names->keys,
	    .n_keys = c->n_api_keys,
	    .loop = a->loop,
	    .outbox = a->outbox,
	    .dns = a->dns,
	    .keepalive = a->keepalive,
	    .health = &a->health,
	    .calls_per_second = c->calls_per_second,
	    .account_calls = c->account_calls,
	    .callbacks_max = CALLBACKS_MAX,
	};
	a->rest = rest_new(&env);
	const struct http_server_conf conf = {
	    .host = host,
	    .port = c->rest_listen.port,
	    .listen_fd = a->rest_fd,
	    .tls = *c->rest_tls_cert != 0,
	    .handler = rest_handle,
	    .refuse = rest_refuse,
	    .ctx = a->rest,
	};
	if (!a->rest)
		return complain("rest", "no memory");
	a->server = http_server_new(a->loop, &conf, err);
	a->rest_fd = -1;
	if (!a->server)
		return complain("rest", err);
	a->admin = admin_new(a->loop, c->control_path, app_admin_ask, a, err);
	if (!a->admin)
		return complain("engine", err);
	calls_close(a->calls, false);
	a->links = link_watch_new(a->loop, a->dp, c->dp.device);
	say_unverified(c);
	log_line(LOG_INFO, "engine", "", "ready: REST on %s:%u, SIP on UDP%s %s, %s", host,
	    http_server_port(a->server), streams_of(c), c->from_host, dp_describe(a->dp));
	return 0;
}

static int start(struct app *a)
{
	int events_fd = -1;
	if (start_loop(a) < 0 || take_rest_port(a) < 0 || start_dataplane(a, &events_fd) < 0 ||
	    start_services(a) < 0 || start_calls(a, events_fd) < 0) {
		if (!a->bridge && events_fd >= 0)
			close(events_fd);
		return -1;
	}
	return recover(a) == 0 && !a->stopping ? start_rest(a) : -1;
}

/* ---- taking down ---- */

/* Those who still owe somebody an answer first, then those who would be answered. */
static void take_down(struct app *a)
{
	a->ending = true;
	if (a->rest)
		rest_stop(a->rest);
	struct http_client *http = a->http;
	a->http = NULL;
	http_client_free(http);
	struct dns *dns = a->dns;
	a->dns = NULL;
	dns_free(dns);
	keepalive_free(a->keepalive);
	a->keepalive = NULL;
	struct store *store = a->store;
	a->store = NULL;
	store_close(store);
	admin_free(a->admin);
	a->admin = NULL;
	outbox_free(a->outbox);
	a->outbox = NULL;
	app_held_free(a->held);
	jars_free(a->jars);
	webhook_forget_keys();
	http_cache_free(a->cache);
	if (a->server)
		http_server_free(a->server);
	if (a->rest_fd >= 0)
		close(a->rest_fd);
	http_tls_free();
	if (a->rest)
		rest_free(a->rest);
	link_watch_free(a->links);
	tag_timers_free(a->timers);
	if (a->calls)
		calls_free(a->calls);
	if (a->bridge)
		bridge_free(a->bridge);
	if (a->dp)
		dp_stop(a->dp);
	if (a->signal_fd >= 0)
		close(a->signal_fd);
	loop_free(a->loop);
	app_names_free(a);
}

int app_run(struct config *c, const char *path)
{
	struct app *a = mem_zalloc(sizeof *a);
	a->conf = c;
	a->conf_path = path;
	a->started_ns = loop_now_ns();
	app_names_add(a, c, false);
	a->signal_fd = a->rest_fd = -1;
	umask(077); /* the store and captures hold who called whom */
	int rc = start(a);
	int code = rc == 0 || a->stopping ? EXIT_OK : EXIT_HOST;
	if (rc == 0 && (rc = loop_run(a->loop)) < 0) {
		complain("engine", strerror(-rc));
		code = EXIT_FAILED;
	}
	take_down(a);
	if (code == EXIT_OK)
		log_line(LOG_INFO, "engine", "", "stopped");
	log_flush();
	free(a);
	return code;
}
