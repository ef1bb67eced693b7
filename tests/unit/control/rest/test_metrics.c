/* SPDX-License-Identifier: Apache-2.0 */
#include "control/health.h"
#include "control/metrics.h"

#include <ctype.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dp_stats stats[2];
static struct metrics_http http;

static struct metrics_input *input(void)
{
	struct metrics_input *in = calloc(1, sizeof *in);
	memset(stats, 0, sizeof stats);
	memset(&http, 0, sizeof http);
	in->n_workers = in->n_rings = 2;
	for (int w = 0; w < 2; w++) {
		for (int id = 1; id < STAT_COUNT; id++)
			stats[w].v[id] = (uint64_t)(1000 * (w + 1) + id);
		in->workers[w] = (struct metrics_worker){.stats = &stats[w],
		    .n_pools = 2,
		    .pools = {{"legs", 3, 10}, {"txns", 4, 20}},
		    .beat_ns = 1000000000};
		in->rings[w] = (struct bridge_gauge){.legs = {[LEG_RINGING] = 5},
		    .commands_depth = 1,
		    .commands_slots = 1024,
		    .commands_waiting = 2,
		    .events_depth = 3,
		    .events_slots = 1024,
		    .commands = 77,
		    .events = 88};
	}
	in->now_ns = 1250000000;
	in->refused = 9;
	in->n_statuses = 2;
	in->statuses[0] = "queued";
	in->counts[0] = 6;
	in->statuses[1] = "in-progress";
	in->counts[1] = 7;
	in->store_commits = 11;
	in->has_webhooks = true;
	in->webhooks_in_flight = 12;
	in->has_callbacks = true;
	in->callbacks_owed = 13;
	in->callbacks_given_up = 14;
	in->http = &http;
	return in;
}

/* A sample line belongs to the family whose TYPE line stands above it, and families are not split. */
struct reader {
	char family[96], kind[16];
	char seen[400][96];
	size_t n_seen, samples;
};

static void read_help(struct reader *r, const char *line)
{
	char name[96];
	assert_int_equal(sscanf(line, "# HELP %95s", name), 1);
	for (size_t i = 0; i < r->n_seen; i++)
		if (!strcmp(r->seen[i], name))
			fail_msg("family told twice: %s", name);
	assert_true(r->n_seen < 400);
	strcpy(r->seen[r->n_seen++], name);
	strcpy(r->family, name);
	r->kind[0] = '\0';
}

static void read_type(struct reader *r, const char *line)
{
	char name[96];
	assert_int_equal(sscanf(line, "# TYPE %95s %15s", name, r->kind), 2);
	assert_string_equal(name, r->family);
	assert_true(!strcmp(r->kind, "counter") || !strcmp(r->kind, "gauge"));
	size_t len = strlen(name);
	bool total = len > 6 && !strcmp(name + len - 6, "_total");
	assert_int_equal(total, !strcmp(r->kind, "counter"));
}

static const char *skip_labels(const char *p)
{
	if (*p != '{')
		return p;
	for (p++; *p != '}'; p += *p == ',') {
		size_t name = strspn(p, "abcdefghijklmnopqrstuvwxyz_");
		assert_true(name > 0 && p[name] == '=' && p[name + 1] == '"');
		p = strchr(p + name + 2, '"');
		assert_non_null(p);
		p++;
		assert_true(*p == ',' || *p == '}');
	}
	return p + 1;
}

static void read_sample(struct reader *r, const char *line)
{
	size_t len = strcspn(line, "{ ");
	assert_int_equal(len, strlen(r->family));
	assert_memory_equal(line, r->family, len);
	assert_true(r->kind[0] != '\0');
	const char *p = skip_labels(line + len);
	char *end;
	assert_int_equal(*p, ' ');
	strtod(p + 1, &end);
	assert_true(end > p + 1 && !*end);
	r->samples++;
}

static void read_text(struct reader *r, char *text)
{
	memset(r, 0, sizeof *r);
	assert_int_equal(text[strlen(text) - 1], '\n');
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, "# HELP ", 7))
			read_help(r, line);
		else if (!strncmp(line, "# TYPE ", 7))
			read_type(r, line);
		else
			read_sample(r, line);
	}
}

static void prometheus_text_is_well_formed(void **state)
{
	(void)state;
	struct metrics_input *in = input();
	struct reader *r = malloc(sizeof *r);
	size_t len;
	metrics_http_count(&http, ROUTE_CALLS, 201);
	char *text = metrics_text(in, &len);
	assert_int_equal(len, strlen(text));
	read_text(r, text);
	assert_true(r->n_seen >= STAT_COUNT - 1 + 15);
	assert_true(r->samples >= 2 * (STAT_COUNT - 1) + 20);
	free(text);
	free(r);
	free(in);
}

static void every_counter_is_told_for_every_worker(void **state)
{
	(void)state;
	struct metrics_input *in = input();
	size_t len;
	char *text = metrics_text(in, &len);
	for (int id = 1; id < STAT_COUNT; id++)
		for (int w = 0; w < 2; w++) {
			char want[160];
			snprintf(want, sizeof want, "\ndialplane_%s_total{worker=\"%d\"} %d\n",
			    stat_name((enum stat_id)id), w, 1000 * (w + 1) + id);
			if (!strstr(text, want))
				fail_msg("missing:%s", want);
		}
	free(text);
	free(in);
}

static void pools_rings_calls_and_the_rest_are_told(void **state)
{
	(void)state;
	static const char *const rows[] = {
	    "\ndialplane_pool_used{worker=\"1\",pool=\"txns\"} 4\n",
	    "\ndialplane_pool_size{worker=\"0\",pool=\"legs\"} 10\n",
	    "\ndialplane_ring_depth{worker=\"0\",ring=\"events\"} 3\n",
	    "\ndialplane_ring_slots{worker=\"0\",ring=\"commands\"} 1024\n",
	    "\ndialplane_ring_waiting{worker=\"1\",ring=\"commands\"} 2\n",
	    "\ndialplane_ring_messages_total{worker=\"1\",ring=\"events\"} 88\n",
	    "\ndialplane_ring_refused_total 9\n",
	    "\ndialplane_legs{worker=\"0\",state=\"ringing\"} 5\n",
	    "\ndialplane_calls{status=\"in-progress\"} 7\n",
	    "\ndialplane_store_commits_total 11\n",
	    "\ndialplane_webhooks_in_flight 12\n",
	    "\ndialplane_callbacks_owed 13\n",
	    "\ndialplane_callbacks_given_up_total 14\n",
	    "\ndialplane_worker_beat_age_seconds{worker=\"0\"} 0.250\n",
	    "\ndialplane_link_up{worker=\"0\"} 1\n",
	    "\ndialplane_link_up{worker=\"1\"} 0\n",
	    "\ndialplane_http_requests_total{route=\"calls\",status=\"201\"} 2\n",
	    "\ndialplane_http_requests_total{route=\"none\",status=\"other\"} 1\n",
	};
	struct metrics_input *in = input();
	in->workers[1].link = DP_LINK_DOWN;
	size_t len;
	metrics_http_count(&http, ROUTE_CALLS, 201);
	metrics_http_count(&http, ROUTE_CALLS, 201);
	metrics_http_count(&http, ROUTE_NONE, 418);
	char *text = metrics_text(in, &len);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!strstr(text, rows[i]))
			fail_msg("missing:%s", rows[i]);
	free(text);
	free(in);
}

static void health_is_good_while_every_worker_turns(void **state)
{
	(void)state;
	uint64_t now = 50 * HEALTH_BEAT_NS, beats[2] = {now - HEALTH_BEAT_NS + 1, now + 5};
	int status = 0;
	char *s = health_json(beats, 2, DP_LINK_UP, NULL, now, &status);
	json_t *o = json_loads(s, 0, NULL);
	assert_int_equal(status, 200);
	assert_string_equal(json_string_value(json_object_get(o, "status")), "ok");
	assert_int_equal(json_array_size(json_object_get(o, "workers")), 2);
	assert_int_equal(json_array_size(json_object_get(o, "stuck")), 0);
	json_decref(o);
	free(s);
}

static void health_names_the_worker_that_is_stuck(void **state)
{
	(void)state;
	uint64_t now = 50 * HEALTH_BEAT_NS, beats[3] = {now, now - HEALTH_BEAT_NS, now - 10};
	int status = 0;
	char *s = health_json(beats, 3, DP_LINK_UP, NULL, now, &status);
	json_t *o = json_loads(s, 0, NULL), *stuck = json_object_get(o, "stuck");
	assert_int_equal(status, 503);
	assert_int_equal(json_array_size(stuck), 1);
	assert_int_equal(json_integer_value(json_array_get(stuck, 0)), 1);
	json_decref(o);
	free(s);
}

static void health_says_which_link_and_is_bad_without_a_device(void **state)
{
	(void)state;
	static const struct {
		enum dp_link link;
		int status;
		const char *word, *name;
	} rows[] = {
	    {DP_LINK_UP, 200, "ok", "up"},
	    {DP_LINK_DOWN, 200, "ok", "down"},
	    {DP_LINK_GONE, 503, "no device", "gone"},
	};
	uint64_t now = 50 * HEALTH_BEAT_NS;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int status = 0;
		char *s = health_json(&now, 1, rows[i].link, NULL, now, &status);
		json_t *o = json_loads(s, 0, NULL);
		assert_int_equal(status, rows[i].status);
		assert_string_equal(json_string_value(json_object_get(o, "status")), rows[i].word);
		assert_string_equal(json_string_value(json_object_get(o, "link")), rows[i].name);
		json_decref(o);
		free(s);
	}
}

static void health_without_workers_is_not_good(void **state)
{
	(void)state;
	int status = 0;
	free(health_of(NULL, NULL, 1, &status));
	assert_int_equal(status, 503);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prometheus_text_is_well_formed),
	    cmocka_unit_test(every_counter_is_told_for_every_worker),
	    cmocka_unit_test(pools_rings_calls_and_the_rest_are_told),
	    cmocka_unit_test(health_is_good_while_every_worker_turns),
	    cmocka_unit_test(health_names_the_worker_that_is_stuck),
	    cmocka_unit_test(health_says_which_link_and_is_bad_without_a_device),
	    cmocka_unit_test(health_without_workers_is_not_good),
	};
	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
