/* SPDX-License-Identifier: Apache-2.0 */
/* /metrics in Prometheus' text format 0.0.4: every counter of stats.def by worker, pools, rings, calls, store,
 * webhooks and the REST face itself. */
#ifndef CONTROL_METRICS_H
#define CONTROL_METRICS_H

#include "control/dns.h"
#include "control/keepalive.h"
#include "control/rest/rest.h"
#include "control/rest/router.h"

#define METRICS_STATUSES 16

/* Requests by route and status; a status that has no column counts as "other". */
struct metrics_http {
	uint64_t n[ROUTE_COUNT][METRICS_STATUSES];
};

void metrics_http_count(struct metrics_http *h, enum route route, int status);

struct metrics_worker {
	const struct dp_stats *stats;
	uint32_t n_pools;
	struct dp_pool_gauge pools[DP_POOLS_MAX];
	uint64_t beat_ns;
	enum dp_link link;
};

/* Everything that is told, gathered first. */
struct metrics_input {
	uint16_t n_workers; /* of the dataplane */
	struct metrics_worker workers[DP_WORKERS_MAX];
	uint16_t n_rings;
	struct bridge_gauge rings[DP_WORKERS_MAX];
	uint64_t refused;
	uint64_t now_ns;
	uint32_t n_statuses, calls_live;
	const char *statuses[16];
	uint32_t counts[16];
	uint32_t store_queue;
	uint64_t store_commits, store_failures;
	bool has_webhooks;
	uint32_t webhooks_in_flight;
	bool has_callbacks;
	uint32_t callbacks_owed;
	uint64_t callbacks_delivered, callbacks_retried, callbacks_given_up;
	const struct keepalive *keepalive;
	bool has_names;
	struct dns_counts names;
	uint32_t targets_avoided;
	uint64_t target_failures;
	unsigned long log_suppressed;
	const struct metrics_http *http;
};

/* The text, NUL-terminated, from malloc; its length in *len. */
char *metrics_text(const struct metrics_input *in, size_t *len);
/* Gather and write. */
char *metrics_of(const struct rest_env *env, const struct metrics_http *http, size_t *len);

#endif
