/* SPDX-License-Identifier: Apache-2.0 */
#include "control/health.h"

#include "control/link_watch.h"
#include "control/rest/json_text.h"

#include <string.h>

static json_t *worker_json(uint16_t i, uint64_t age_ns)
{
	json_t *o = json_object();
	json_object_set_new(o, "worker", json_integer(i));
	json_object_set_new(o, "ok", json_boolean(age_ns < HEALTH_BEAT_NS));
	json_object_set_new(o, "beat_age_ms", json_integer((json_int_t)(age_ns / 1000000)));
	return o;
}

static json_t *address_json(const struct keepalive_state *s, uint32_t i)
{
	static const char *const transports[] = {"udp", "tcp", "tls", "?"};
	const struct ip_sock *hop = &s->hops[i].hop;
	char addr[64];
	struct buf b = buf_on(addr, sizeof addr - 1);
	ip_addr_put(&b, &hop->a);
	addr[b.len] = '\0';
	json_t *o = json_object();
	json_object_set_new(o, "address", json_string(addr));
	json_object_set_new(o, "port", json_integer(hop->port));
	json_object_set_new(o, "transport", json_string(transports[hop->transport]));
	json_object_set_new(o, "state", json_string(keepalive_name(s->hops[i].word)));
	json_object_set_new(o, "status", json_integer(s->hops[i].status));
	return o;
}

static json_t *target_json(const struct keepalive_state *s)
{
	json_t *o = json_object(), *addresses = json_array();
	for (uint32_t i = 0; i < s->n; i++)
		json_array_append_new(addresses, address_json(s, i));
	json_object_set_new(o, "uri", json_text(s->uri));
	json_object_set_new(o, "state", json_string(keepalive_name(s->word)));
	if (s->why[0])
		json_object_set_new(o, "why", json_text(s->why));
	json_object_set_new(o, "addresses", addresses);
	return o;
}

static json_t *targets_json(const struct keepalive *k)
{
	json_t *a = json_array();
	for (uint32_t i = 0; i < keepalive_count(k); i++)
		json_array_append_new(a, target_json(keepalive_state(k, i)));
	return a;
}

char *health_json(const uint64_t *beats, uint16_t n, enum dp_link link, const struct keepalive *k,
    uint64_t now_ns, int *status)
{
	json_t *workers = json_array(), *stuck = json_array(), *o = json_object();
	for (uint16_t i = 0; i < n; i++) {
		/* The worker may have turned since `now` was read. */
		uint64_t age = now_ns > beats[i] ? now_ns - beats[i] : 0;
		json_array_append_new(workers, worker_json(i, age));
		if (age >= HEALTH_BEAT_NS)
			json_array_append_new(stuck, json_integer(i));
	}
	const char *word = !n ? "no workers" : json_array_size(stuck) ? "stuck" : "ok";
	if (n && link == DP_LINK_GONE)
		word = "no device";
	*status = strcmp(word, "ok") == 0 ? 200 : 503;
	json_object_set_new(o, "status", json_string(word));
	json_object_set_new(o, "link", json_string(n ? link_name(link) : "gone"));
	json_object_set_new(o, "stuck", stuck);
	json_object_set_new(o, "workers", workers);
	if (keepalive_count(k))
		json_object_set_new(o, "targets", targets_json(k));
	return json_text_dump(o);
}

char *health_of(const struct dp *d, const struct keepalive *k, uint64_t now_ns, int *status)
{
	uint64_t beats[DP_WORKERS_MAX];
	uint16_t n = d ? dp_workers(d) : 0;
	for (uint16_t i = 0; i < n; i++)
		beats[i] = dp_beat_ns(d, i);
	return health_json(beats, n, d ? link_worst(d) : DP_LINK_GONE, k, now_ns, status);
}
