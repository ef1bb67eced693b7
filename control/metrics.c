/* SPDX-License-Identifier: Apache-2.0 */
#include "control/metrics.h"

#include "control/log.h"
#include "control/mem.h"
#include "control/outbox.h"
#include "control/target_health.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int http_statuses[METRICS_STATUSES] = {
    0 /* other */, 200, 201, 400, 401, 404, 405, 413, 414, 415, 429, 500, 501, 503};

void metrics_http_count(struct metrics_http *h, enum route route, int status)
{
	unsigned col = 0;
	for (unsigned i = 1; i < METRICS_STATUSES; i++)
		if (http_statuses[i] == status)
			col = i;
	h->n[route][col]++;
}

static void head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP dialplane_%s %s\n# TYPE dialplane_%s %s\n", name, help, name, type);
}

static void single(FILE *f, const char *name, const char *type, const char *help, uint64_t v)
{
	head(f, name, type, help);
	fprintf(f, "dialplane_%s %" PRIu64 "\n", name, v);
}

static void write_stat(FILE *f, const struct metrics_input *in, enum stat_id id)
{
	char name[96];
	snprintf(name, sizeof name, "%s_total", stat_name(id));
	head(f, name, "counter", stat_help(id));
	for (uint16_t w = 0; w < in->n_workers; w++)
		fprintf(f, "dialplane_%s{worker=\"%u\"} %" PRIu64 "\n", name, w,
		    stat_get(in->workers[w].stats, id));
}

static void write_stats(FILE *f, const struct metrics_input *in)
{
	for (int id = STAT_NONE + 1; id < STAT_COUNT; id++)
		write_stat(f, in, (enum stat_id)id);
}

static void write_pool(FILE *f, const struct metrics_input *in, const char *name, const char *help, bool used)
{
	head(f, name, "gauge", help);
	for (uint16_t w = 0; w < in->n_workers; w++)
		for (uint32_t i = 0; i < in->workers[w].n_pools; i++) {
			const struct dp_pool_gauge *g = &in->workers[w].pools[i];
			fprintf(f, "dialplane_%s{worker=\"%u\",pool=\"%s\"} %" PRIu32 "\n", name, w, g->name,
			    used ? g->used : g->size);
		}
}

static void write_beats(FILE *f, const struct metrics_input *in)
{
	head(f, "worker_beat_age_seconds", "gauge", "time since the worker's last turn");
	for (uint16_t w = 0; w < in->n_workers; w++) {
		uint64_t beat = in->workers[w].beat_ns;
		fprintf(f, "dialplane_worker_beat_age_seconds{worker=\"%u\"} %.3f\n", w,
		    in->now_ns > beat ? (double)(in->now_ns - beat) / 1e9 : 0.0);
	}
}

static void write_links(FILE *f, const struct metrics_input *in)
{
	head(f, "link_up", "gauge",
	    "1 while the link of the worker's device is up, 0 when it is down or gone");
	for (uint16_t w = 0; w < in->n_workers; w++)
		fprintf(f, "dialplane_link_up{worker=\"%u\"} %d\n", w, in->workers[w].link == DP_LINK_UP);
}

static void write_legs(FILE *f, const struct metrics_input *in)
{
	head(f, "legs", "gauge", "call legs originated and not yet ended, by state");
	for (uint16_t w = 0; w < in->n_rings; w++)
		for (int s = LEG_STARTING; s < LEG_STATES; s++)
			fprintf(f, "dialplane_legs{worker=\"%u\",state=\"%s\"} %" PRIu32 "\n", w,
			    leg_state_name((enum leg_state)s), in->rings[w].legs[s]);
}

static void write_depths(FILE *f, const struct metrics_input *in)
{
	static const char row[] = "dialplane_%s{worker=\"%u\",ring=\"%s\"} %" PRIu32 "\n";
	head(f, "ring_depth", "gauge", "messages in the ring now");
	for (uint16_t w = 0; w < in->n_rings; w++) {
		fprintf(f, row, "ring_depth", w, "commands", in->rings[w].commands_depth);
		fprintf(f, row, "ring_depth", w, "events", in->rings[w].events_depth);
	}
	head(f, "ring_slots", "gauge", "messages the ring can hold");
	for (uint16_t w = 0; w < in->n_rings; w++) {
		fprintf(f, row, "ring_slots", w, "commands", in->rings[w].commands_slots);
		fprintf(f, row, "ring_slots", w, "events", in->rings[w].events_slots);
	}
	head(f, "ring_waiting", "gauge", "commands kept back while the ring is full");
	for (uint16_t w = 0; w < in->n_rings; w++)
		fprintf(f, row, "ring_waiting", w, "commands", in->rings[w].commands_waiting);
}

static void write_rings(FILE *f, const struct metrics_input *in)
{
	static const char row[] = "dialplane_ring_messages_total{worker=\"%u\",ring=\"%s\"} %" PRIu64 "\n";
	write_legs(f, in);
	write_depths(f, in);
	head(f, "ring_messages_total", "counter", "messages passed through the ring");
	for (uint16_t w = 0; w < in->n_rings; w++) {
		fprintf(f, row, w, "commands", in->rings[w].commands);
		fprintf(f, row, w, "events", in->rings[w].events);
	}
	single(f, "ring_refused_total", "counter", "new calls turned away because a ring had no room",
	    in->refused);
}

static void write_calls(FILE *f, const struct metrics_input *in)
{
	head(f, "calls", "gauge", "live calls by status");
	for (uint32_t i = 0; i < in->n_statuses; i++)
		fprintf(f, "dialplane_calls{status=\"%s\"} %" PRIu32 "\n", in->statuses[i], in->counts[i]);
	single(f, "calls_live", "gauge", "live calls", in->calls_live);
}

static void write_callbacks(FILE *f, const struct metrics_input *in)
{
	single(f, "callbacks_owed", "gauge", "status callbacks that are not delivered", in->callbacks_owed);
	single(
	    f, "callbacks_delivered_total", "counter", "status callbacks delivered", in->callbacks_delivered);
	single(f, "callbacks_retried_total", "counter",
	    "failed tries of status callbacks that are made again", in->callbacks_retried);
	single(f, "callbacks_given_up_total", "counter", "status callbacks that became a notification",
	    in->callbacks_given_up);
}

static void write_store(FILE *f, const struct metrics_input *in)
{
	single(f, "store_commits_total", "counter", "transactions written to disk", in->store_commits);
	single(f, "store_failures_total", "counter", "transactions that could not be written",
	    in->store_failures);
	single(f, "store_queue", "gauge", "writes and reads waiting for the store", in->store_queue);
}

static void write_http(FILE *f, const struct metrics_http *h)
{
	head(f, "http_requests_total", "counter", "REST requests answered, by route and status");
	for (int r = 0; r < ROUTE_COUNT; r++)
		for (int s = 0; s < METRICS_STATUSES; s++) {
			char code[12] = "other";
			if (!h->n[r][s])
				continue;
			if (s)
				snprintf(code, sizeof code, "%d", http_statuses[s]);
			fprintf(f, "dialplane_http_requests_total{route=\"%s\",status=\"%s\"} %" PRIu64 "\n",
			    route_name((enum route)r), code, h->n[r][s]);
		}
}

static void write_targets(FILE *f, const struct keepalive *k)
{
	if (!keepalive_count(k))
		return;
	head(f, "target_up", "gauge",
	    "1: a watched target answers OPTIONS; 0: it does not, or was not asked yet");
	for (uint32_t i = 0; i < keepalive_count(k); i++) {
		const struct keepalive_state *s = keepalive_state(k, i);
		fprintf(f, "dialplane_target_up{target=\"%u\"} %d\n", i, s->word == KEEPALIVE_UP);
	}
}

static void write_names(FILE *f, const struct metrics_input *in)
{
	const struct dns_counts *c = &in->names;
	single(f, "dns_asked_total", "counter", "questions sent to a name server", c->asked);
	single(f, "dns_kept_total", "counter", "questions answered from what was kept", c->kept);
	single(f, "dns_nothing_total", "counter", "names or records that do not exist", c->nothing);
	single(f, "dns_refused_total", "counter",
	    "questions that the name server failed on or answered with garbage", c->refused);
	single(f, "dns_silent_total", "counter", "questions without an answer in time", c->silent);
	single(f, "dns_left_out_total", "counter", "SRV and NAPTR records beyond the limit or of no use",
	    c->left_out);
	single(f, "target_failures_total", "counter",
	    "addresses of targets that were silent, unreachable or said 503", in->target_failures);
	single(f, "targets_avoided", "gauge", "addresses tried after all others because they failed",
	    in->targets_avoided);
}

static void write_all(FILE *f, const struct metrics_input *in)
{
	head(f, "info", "gauge", "the running version");
	fprintf(f, "dialplane_info{version=\"" DIALPLANE_VERSION "\"} 1\n");
	if (in->n_workers) {
		write_stats(f, in);
		write_pool(f, in, "pool_used", "objects of the pool in use", true);
		write_pool(f, in, "pool_size", "objects the pool has", false);
		write_beats(f, in);
		write_links(f, in);
	}
	write_rings(f, in);
	write_calls(f, in);
	write_store(f, in);
	if (in->has_webhooks)
		single(f, "webhooks_in_flight", "gauge", "requests to applications under way",
		    in->webhooks_in_flight);
	if (in->has_callbacks)
		write_callbacks(f, in);
	if (in->has_names)
		write_names(f, in);
	write_targets(f, in->keepalive);
	write_http(f, in->http);
	single(
	    f, "log_suppressed_total", "counter", "log lines left out by the rate limit", in->log_suppressed);
}

char *metrics_text(const struct metrics_input *in, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);
	assert(f);
	write_all(f, in);
	int failed = fclose(f);
	assert(!failed);
	return text;
}

static void gather_workers(struct metrics_input *in, const struct dp *d)
{
	in->n_workers = d ? dp_workers(d) : 0;
	for (uint16_t w = 0; w < in->n_workers; w++) {
		struct metrics_worker *m = &in->workers[w];
		m->stats = dp_stats(d, w);
		m->n_pools = dp_gauges(d, w, m->pools);
		m->beat_ns = dp_beat_ns(d, w);
		m->link = dp_link(d, w);
	}
}

static void gather_callbacks(struct metrics_input *in, const struct outbox *o)
{
	in->has_callbacks = o != NULL;
	if (!o)
		return;
	in->callbacks_owed = outbox_waiting(o);
	in->callbacks_delivered = outbox_delivered(o);
	in->callbacks_retried = outbox_retried(o);
	in->callbacks_given_up = outbox_given_up(o);
}

static void gather_control(struct metrics_input *in, const struct rest_env *e)
{
	in->n_rings = bridge_workers(e->bridge);
	for (uint16_t w = 0; w < in->n_rings; w++)
		bridge_read(e->bridge, w, &in->rings[w]);
	in->refused = bridge_refused(e->bridge);
	in->calls_live = calls_live(e->calls);
	in->n_statuses = calls_by_status(e->calls, in->statuses, in->counts);
	in->store_queue = store_queue_depth(e->store);
	in->store_commits = store_commits(e->store);
	in->store_failures = store_failures(e->store);
	in->has_webhooks = e->http != NULL;
	in->webhooks_in_flight = e->http ? http_client_in_flight(e->http) : 0;
	in->log_suppressed = log_suppressed();
	gather_callbacks(in, e->outbox);
	in->keepalive = e->keepalive;
	in->has_names = e->dns && e->health;
	if (!in->has_names)
		return;
	in->names = dns_counts(e->dns);
	in->target_failures = e->health->failures;
	in->targets_avoided = target_health_count(e->health, loop_now_ns());
}

char *metrics_of(const struct rest_env *env, const struct metrics_http *http, size_t *len)
{
	struct metrics_input *in = mem_zalloc(sizeof *in);
	in->http = http;
	gather_workers(in, env->dp);
	gather_control(in, env);
	in->now_ns = loop_now_ns();
	char *text = metrics_text(in, len);
	free(in);
	return text;
}
