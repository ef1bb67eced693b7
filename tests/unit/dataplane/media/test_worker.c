/* SPDX-License-Identifier: Apache-2.0 */
/* Whole workers over devices in memory, turned by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dataplane/handover.h"
#include "dataplane/media/leg.h"
#include "dataplane/pktio/pktio_mem.h"
#include "dataplane/worker.h"
#include "tests/sim/frame.h"

#define MS          1000000ull
#define RIG_WORKERS 3

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1}, far_mac[6] = {2, 0, 0, 0, 0, 9};
static const struct ip_sock far_sip = {.a = {4, {192, 0, 2, 10}}, .port = 5060};

struct rig {
	struct dp_conf conf;
	uint16_t n;
	struct pktio *io[RIG_WORKERS];
	struct dp_ring *cmds[RIG_WORKERS], *events[RIG_WORKERS];
	struct worker *all[RIG_WORKERS];
	int fd[RIG_WORKERS], control_fd;
	uint64_t now;
	uint8_t frame[FRAME_MAX];
	uint32_t frame_len;
};

static struct dp_conf conf_of(uint16_t workers)
{
	struct dp_conf c = {.workers = workers,
	    .prefix = 24,
	    .mtu = 1500,
	    .check_l4_sums = true,
	    .sip_port = 5060,
	    .ip = {4, {192, 0, 2, 1}},
	    .t1_ms = 500,
	    .t2_ms = 4000,
	    .t4_ms = 5000,
	    .user_agent = "Dialplane/test",
	    .rtp_lo = 10000,
	    .rtp_hi = 10063,
	    .rtp_quarantine_ms = 1000,
	    .legs_max = 8,
	    .txns_max = 64,
	    .pkts_max = 1024,
	    .ring_slots = 16,
	    .key = "fedcba987654321"};
	memcpy(c.mac, our_mac, 6);
	return c;
}

static struct pktio *device(const struct rig *r)
{
	struct pktio_mem_conf mem = {.mtu = 1500, .buf_bytes = 2048, .pkts = r->conf.pkts_max, .queue = 1024};
	memcpy(mem.mac, our_mac, 6);
	return pktio_mem_new(&mem);
}

/* queues: how many of the workers have a device of their own. */
static void rig_open(struct rig *r, const struct dp_conf *conf, uint16_t queues)
{
	uint8_t drop[FRAME_MAX];
	memset(r, 0, sizeof *r);
	r->conf = *conf;
	r->n = conf->workers;
	r->now = 1000 * MS;
	r->control_fd = eventfd(0, EFD_NONBLOCK);
	for (uint16_t i = 0; i < r->n; i++) {
		r->fd[i] = eventfd(0, EFD_NONBLOCK);
		r->io[i] = i < queues ? device(r) : NULL;
		r->cmds[i] = dp_ring_new(conf->ring_slots, sizeof(struct dp_cmd), r->fd[i]);
		r->events[i] = dp_ring_new(conf->ring_slots, sizeof(struct dp_event), r->control_fd);
		struct worker_env env = {.conf = conf,
		    .index = i,
		    .io = r->io[i],
		    .cmds = r->cmds[i],
		    .events = r->events[i],
		    .seed = 7,
		    .all = r->all,
		    .wake_fd = r->fd[i]};
		assert_int_equal(worker_new(&r->all[i], &env, r->now), 0);
	}
	for (int round = 0; round < 2; round++) {
		for (uint16_t i = r->n; i--;)
			worker_turn(r->all[i], r->now);
	}
	for (uint16_t i = 0; i < queues; i++) {
		while (pktio_mem_pull(r->io[i], drop, sizeof drop))
			;
	}
}

static void rig_close(struct rig *r)
{
	for (uint16_t i = 0; i < r->n; i++)
		worker_free(r->all[i]);
	for (uint16_t i = 0; i < r->n; i++) {
		if (r->io[i])
			pktio_mem_free(r->io[i]);
		dp_ring_free(r->cmds[i]);
		dp_ring_free(r->events[i]);
		close(r->fd[i]);
	}
	close(r->control_fd);
}

static uint64_t stat_of(const struct rig *r, uint16_t w, enum stat_id id)
{
	return stat_get(worker_stats(r->all[w]), id);
}

/* A datagram arrives on worker w's device. */
static void arrive(struct rig *r, uint16_t w, uint16_t port, const void *data, uint32_t len)
{
	uint8_t f[FRAME_MAX];
	struct ip_sock dst = {.a = r->conf.ip, .port = port};
	uint32_t n = frame_udp(f, far_mac, our_mac, &far_sip, &dst, data, len);
	assert_int_equal(pktio_mem_push(r->io[w], f, n), 0);
}

static void turn_all(struct rig *r)
{
	for (int i = 0; i < 3; i++) {
		for (uint16_t w = 0; w < r->n; w++)
			worker_turn(r->all[w], r->now);
	}
}

/* The next UDP datagram worker w's device sent; everybody answers ARP. */
static bool sent(struct rig *r, uint16_t w, struct frame_udp *u)
{
	uint8_t answer[FRAME_MAX];
	while ((r->frame_len = pktio_mem_pull(r->io[w], r->frame, sizeof r->frame))) {
		uint32_t n = frame_arp_reply(answer, r->frame, r->frame_len, far_mac);
		if (n) {
			assert_int_equal(pktio_mem_push(r->io[w], answer, n), 0);
			turn_all(r);
		}
		int rc = frame_read_udp(u, r->frame, r->frame_len);
		assert_int_not_equal(rc, -1);
		if (rc == 1)
			return true;
	}
	return false;
}

static uint32_t count_sent(struct rig *r, uint16_t w, const char *start)
{
	struct frame_udp u;
	uint32_t n = 0;
	while (sent(r, w, &u))
		n += u.len > strlen(start) && memcmp(u.payload, start, strlen(start)) == 0;
	return n;
}

static void options(struct rig *r, uint16_t w, unsigned n)
{
	char t[600];
	int len = snprintf(t, sizeof t,
	    "OPTIONS sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:a@192.0.2.10>;tag=%u\r\nTo: <sip:192.0.2.1>\r\nCall-ID: "
	    "call-%u\r\n"
	    "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
	    n, n, n);
	arrive(r, w, 5060, t, (uint32_t)len);
}

static bool originate(struct rig *r, uint16_t w, uint64_t cookie)
{
	bool bad = false;
	struct dp_cmd *c = dp_ring_claim(r->cmds[w]);
	if (!c)
		return false;
	memset(c, 0, offsetof(struct dp_cmd, text));
	c->type = DP_CMD_ORIGINATE;
	c->cookie = cookie;
	c->orig.target = far_sip;
	c->orig.ruri = dp_cmd_text(c, SPAN("sip:bob@192.0.2.10"), &bad);
	c->orig.from_user = dp_cmd_text(c, SPAN("alice"), &bad);
	c->orig.call_sid = dp_cmd_text(c, SPAN("CA1"), &bad);
	c->orig.account_sid = dp_cmd_text(c, SPAN("AC1"), &bad);
	assert_false(bad);
	dp_ring_publish(r->cmds[w]);
	return true;
}

/* ---- one worker ---- */

static void worker_sends_each_port_to_its_layer(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(1);
	rig_open(&r, &c, 1);
	options(&r, 0, 1);
	arrive(&r, 0, 10000, "rtp", 3);
	arrive(&r, 0, 10063, "rtcp", 4);
	arrive(&r, 0, 9999, "x", 1);
	arrive(&r, 0, 10064, "x", 1);
	arrive(&r, 0, 53, "x", 1);
	turn_all(&r);
	assert_int_equal(count_sent(&r, 0, "SIP/2.0 200"), 1);
	assert_int_equal(stat_of(&r, 0, STAT_drop_rtp_no_leg), 2);
	assert_int_equal(stat_of(&r, 0, STAT_drop_udp_port), 3);
	assert_int_equal(stat_of(&r, 0, STAT_sip_options), 1);
	rig_close(&r);
}

static void worker_receives_a_bounded_number_per_turn(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(1);
	rig_open(&r, &c, 1);
	for (int i = 0; i < 100; i++)
		arrive(&r, 0, 53, "x", 1);
	worker_turn(r.all[0], r.now);
	assert_in_range(stat_of(&r, 0, STAT_drop_udp_port), 1, 64);
	for (int i = 0; i < 10; i++)
		worker_turn(r.all[0], r.now);
	assert_int_equal(stat_of(&r, 0, STAT_drop_udp_port), 100);
	rig_close(&r);
}

static void worker_refuses_an_environment_that_cannot_work(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(1);
	struct worker *w = NULL;
	rig_open(&r, &c, 1);
	struct worker_env good = {.conf = &c,
	                      .io = r.io[0],
	                      .cmds = r.cmds[0],
	                      .events = r.events[0],
	                      .seed = 1},
	                  e;
	e = good;
	e.index = 1;
	assert_int_equal(worker_new(&w, &e, 0), -EINVAL);
	e = good;
	e.io = NULL;
	assert_int_equal(worker_new(&w, &e, 0), -EINVAL);
	c.workers = 0;
	assert_int_equal(worker_new(&w, &good, 0), -EINVAL);
	c.workers = DP_WORKERS_MAX + 1;
	assert_int_equal(worker_new(&w, &good, 0), -EINVAL);
	c.workers = 2;
	assert_int_equal(worker_new(&w, &good, 0), -EINVAL); /* two without knowing each other */
	c.workers = 1;
	c.rtp_lo = 10001;
	assert_int_equal(worker_new(&w, &good, 0), -EINVAL);
	assert_null(w);
	rig_close(&r);
}

static void worker_ends_every_leg_when_it_stops(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(1);
	uint32_t ended = 0;
	rig_open(&r, &c, 1);
	for (uint64_t i = 1; i <= 3; i++)
		assert_true(originate(&r, 0, i));
	turn_all(&r);
	assert_int_equal(count_sent(&r, 0, "INVITE "), 3);
	assert_int_equal(worker_legs(r.all[0]), 3);
	worker_shutdown(r.all[0], r.now);
	assert_true(originate(&r, 0, 4));
	for (int i = 0; i < 100000 && worker_legs(r.all[0]); i++) {
		r.now += MS;
		worker_turn(r.all[0], r.now);
	}
	assert_int_equal(worker_legs(r.all[0]), 0);
	for (struct dp_event *e; (e = dp_ring_peek(r.events[0])); dp_ring_release(r.events[0]))
		ended += e->type == DP_EV_ENDED;
	assert_int_equal(ended, 4);
	rig_close(&r);
}

static void worker_counts_its_pools(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(1);
	struct dp_pool_gauge g[DP_POOLS_MAX];
	rig_open(&r, &c, 1);
	assert_true(originate(&r, 0, 1));
	turn_all(&r);
	worker_count(r.all[0], r.now);
	uint32_t n = worker_gauges(r.all[0], g);
	bool legs = false;
	assert_in_range(n, 5, DP_POOLS_MAX);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_not_equal(g[i].size, 0);
		assert_in_range(g[i].used, 0, g[i].size);
		legs |= strcmp(g[i].name, "legs") == 0 && g[i].used == 1 && g[i].size == 8;
		for (uint32_t j = 0; j < i; j++)
			assert_string_not_equal(g[i].name, g[j].name);
	}
	assert_true(legs);
	rig_close(&r);
}

/* ---- the rings to control ---- */

static void worker_takes_no_command_whose_events_it_could_not_tell(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(1);
	uint64_t started = 0, ended = 0;
	c.ring_slots = 2;
	rig_open(&r, &c, 1);
	assert_true(originate(&r, 0, 1));
	assert_true(originate(&r, 0, 2));
	assert_false(originate(&r, 0, 3)); /* full: control's back-pressure */
	turn_all(&r);
	assert_true(originate(&r, 0, 3));
	turn_all(&r);
	assert_int_equal(dp_ring_depth(r.events[0]), 2);
	assert_int_equal(dp_ring_depth(r.cmds[0]), 1); /* waits until somebody takes the events */
	assert_int_equal(worker_legs(r.all[0]), 2);
	assert_in_range(worker_deadline(r.all[0]), r.now, r.now + MS);
	/* What happens meanwhile to the two is kept back, not lost: nobody answers for 32 s. */
	for (int i = 0; i < 40000; i++) {
		r.now += MS;
		worker_turn(r.all[0], r.now);
	}
	assert_int_not_equal(stat_of(&r, 0, STAT_ev_held), 0);
	for (int i = 0; i < 100000; i++) {
		r.now += MS;
		worker_turn(r.all[0], r.now);
		struct dp_event *e = dp_ring_peek(r.events[0]);
		if (!e)
			continue;
		uint64_t *seen = e->type == DP_EV_STARTED ? &started : &ended;
		assert_true(e->type == DP_EV_STARTED || e->type == DP_EV_ENDED);
		assert_false(*seen >> e->cookie & 1); /* told once */
		*seen |= 1ull << e->cookie;
		dp_ring_release(r.events[0]);
	}
	assert_int_equal(ended, 0xe);
	assert_int_equal(worker_legs(r.all[0]), 0);
	rig_close(&r);
}

static void worker_refuses_what_finds_no_room_and_says_so(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(1);
	uint32_t capacity = 0, started = 0;
	c.legs_max = 2;
	rig_open(&r, &c, 1);
	for (uint64_t i = 1; i <= 5; i++)
		assert_true(originate(&r, 0, i));
	turn_all(&r);
	for (struct dp_event *e; (e = dp_ring_peek(r.events[0])); dp_ring_release(r.events[0])) {
		started += e->type == DP_EV_STARTED;
		capacity += e->type == DP_EV_ENDED && e->cause == DP_END_CAPACITY && e->sip_status == 503;
	}
	assert_int_equal(started, 2);
	assert_int_equal(capacity, 3);
	assert_int_equal(stat_of(&r, 0, STAT_leg_refused_full), 3);
	rig_close(&r);
}

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, 0) == 1;
}

static void worker_sleeps_only_when_nothing_waits_and_is_woken(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(2);
	rig_open(&r, &c, 2);
	assert_true(worker_sleep(r.all[0]));
	assert_true(originate(&r, 0, 1));
	dp_ring_wake(r.cmds[0]);
	assert_true(readable(r.fd[0]));
	worker_awake(r.all[0]);
	assert_false(worker_sleep(r.all[0]));
	assert_true(dp_ring_sleep(r.events[0])); /* control sleeps */
	turn_all(&r);
	assert_true(readable(r.control_fd));
	/* a packet for worker 1 comes to worker 0 */
	assert_true(worker_sleep(r.all[1]));
	assert_false(readable(r.fd[1]));
	arrive(&r, 0, 10063, "rtp", 3);
	worker_turn(r.all[0], r.now);
	assert_true(readable(r.fd[1]));
	assert_false(worker_sleep(r.all[1]));
	turn_all(&r);
	assert_true(worker_sleep(r.all[1]));
	rig_close(&r);
}

/* ---- two workers ---- */

static void handover_media_goes_to_the_owner_of_the_port(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(2);
	rig_open(&r, &c, 2);
	for (uint16_t port = 10000; port < 10064; port++)
		arrive(&r, port & 1, port, "rtp", 3);
	turn_all(&r);
	assert_int_equal(stat_of(&r, 0, STAT_xw_forwarded), 16);
	assert_int_equal(stat_of(&r, 1, STAT_xw_forwarded), 16);
	assert_int_equal(stat_of(&r, 0, STAT_drop_rtp_no_leg), 32);
	assert_int_equal(stat_of(&r, 1, STAT_drop_rtp_no_leg), 32);
	rig_close(&r);
}

static void handover_each_request_is_answered_once_by_its_owner(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(2);
	rig_open(&r, &c, 2);
	for (unsigned i = 0; i < 64; i++)
		options(&r, 0, i);
	turn_all(&r);
	turn_all(&r);
	uint64_t forwarded = stat_of(&r, 0, STAT_xw_forwarded);
	assert_in_range(forwarded, 10, 54); /* a fair hash */
	assert_int_equal(stat_of(&r, 1, STAT_sip_options), forwarded);
	assert_int_equal(stat_of(&r, 0, STAT_sip_options), 64 - forwarded);
	assert_int_equal(count_sent(&r, 0, "SIP/2.0 200"), 64 - forwarded);
	assert_int_equal(count_sent(&r, 1, "SIP/2.0 200"), forwarded);
	rig_close(&r);
}

static void handover_full_ring_drops_and_counts(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(2);
	rig_open(&r, &c, 2);
	for (uint32_t i = 0; i < HANDOVER_SLOTS + 88; i++) {
		arrive(&r, 0, 10063, "rtp", 3);
		worker_turn(r.all[0], r.now);
	}
	assert_int_equal(stat_of(&r, 0, STAT_xw_forwarded), HANDOVER_SLOTS);
	assert_int_equal(stat_of(&r, 0, STAT_drop_xw_full), 88);
	assert_int_equal(r.io[0]->ops->pkts_used(r.io[0]), HANDOVER_SLOTS);
	for (int i = 0; i < 20; i++)
		worker_turn(r.all[1], r.now);
	assert_int_equal(r.io[0]->ops->pkts_used(r.io[0]), 0);
	arrive(&r, 0, 10063, "rtp", 3);
	turn_all(&r);
	assert_int_equal(stat_of(&r, 1, STAT_drop_rtp_no_leg), HANDOVER_SLOTS + 1);
	rig_close(&r);
}

static void handover_packets_that_wait_at_the_end_are_given_back(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(2);
	rig_open(&r, &c, 2);
	for (int i = 0; i < 10; i++)
		arrive(&r, 0, 10063, "rtp", 3);
	worker_turn(r.all[0], r.now);
	assert_int_equal(r.io[0]->ops->pkts_used(r.io[0]), 10);
	rig_close(&r); /* pktio_mem_free asserts that all are back */
}

static void handover_a_worker_without_a_queue_calls_through_another(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(2);
	struct frame_udp u;
	char invite[1500];
	rig_open(&r, &c, 1);
	assert_true(originate(&r, 1, 5));
	turn_all(&r);
	assert_true(sent(&r, 0, &u)); /* after ARP, whose answer worker 0 heard and passed on */
	assert_true(u.len < sizeof invite && memcmp(u.payload, "INVITE ", 7) == 0);
	memcpy(invite, u.payload, u.len);
	uint32_t len = u.len;
	/* sent again by Timer A: the copy that left did not take the one that is kept */
	r.now += 501 * MS;
	assert_int_equal(r.io[0]->ops->pkts_used(r.io[0]), 1);
	worker_turn(r.all[1], r.now);
	assert_int_equal(r.io[0]->ops->pkts_used(r.io[0]), 2);
	turn_all(&r);
	assert_true(sent(&r, 0, &u));
	assert_int_equal(u.len, len);
	assert_memory_equal(u.payload, invite, len);
	/* and its responses find it */
	char busy[1500], *line = strstr(invite, "\r\n");
	invite[len - 1] = 0;
	assert_non_null(line);
	struct span from_via = span_of(line + 2, (uint32_t)(strstr(invite, "Content-Type") - line - 2));
	int n = snprintf(busy, sizeof busy, "SIP/2.0 486 Busy Here\r\n%.*sContent-Length: 0\r\n\r\n",
	    (int)from_via.len, from_via.p);
	arrive(&r, 0, 5060, busy, (uint32_t)n);
	turn_all(&r);
	assert_int_equal(count_sent(&r, 0, "ACK "), 1);
	struct dp_event *e = dp_ring_peek(r.events[1]);
	assert_int_equal(e->type, DP_EV_STARTED);
	dp_ring_release(r.events[1]);
	e = dp_ring_peek(r.events[1]);
	assert_non_null(e);
	assert_int_equal(e->type, DP_EV_ENDED);
	assert_int_equal(e->sip_status, 486);
	assert_int_equal(dp_leg_worker(e->leg), 1);
	rig_close(&r);
}

/* Worker w calls; its INVITE, which is left in r->frame, is said on worker `at`s device to be undeliverable. */
static void call_and_quote(struct rig *r, uint16_t w, uint16_t at, uint64_t cookie, uint32_t spoil)
{
	struct frame_udp u;
	uint8_t icmp[FRAME_MAX];
	assert_true(originate(r, w, cookie));
	turn_all(r);
	assert_true(sent(r, w, &u));
	assert_memory_equal(u.payload, "INVITE ", 7);
	if (spoil)
		r->frame[spoil] ^= 0x10;
	uint32_t n = frame_unreachable(icmp, r->frame, r->frame_len);
	assert_int_equal(pktio_mem_push(r->io[at], icmp, n), 0);
	turn_all(r);
}

static uint64_t all_of(const struct rig *r, enum stat_id id)
{
	uint64_t n = 0;
	for (uint16_t w = 0; w < r->n; w++)
		n += stat_of(r, w, id);
	return n;
}

/* Worker w was told STARTED and then that its leg ended so. */
static void ended_as(struct rig *r, uint16_t w, uint8_t cause)
{
	struct dp_event *e = dp_ring_peek(r->events[w]);
	assert_int_equal(e->type, DP_EV_STARTED);
	dp_ring_release(r->events[w]);
	e = dp_ring_peek(r->events[w]);
	assert_non_null(e);
	assert_int_equal(e->type, DP_EV_ENDED);
	assert_int_equal(e->cause, cause);
	dp_ring_release(r->events[w]);
}

static void handover_icmp_errors_reach_the_worker_that_sent(void **state)
{
	for (uint16_t workers = 2; workers <= RIG_WORKERS; workers++) {
		for (uint16_t i = 0; i < workers * workers; i++) {
			uint16_t caller = i % workers, at = i / workers;
			struct rig r;
			struct dp_conf c = conf_of(workers);
			rig_open(&r, &c, workers);
			call_and_quote(&r, caller, at, 5, 0);
			ended_as(&r, caller, DP_END_TRANSPORT);
			assert_int_equal(stat_of(&r, caller, STAT_icmp_unreachable), 1);
			assert_int_equal(all_of(&r, STAT_icmp_unreachable), 1);
			assert_int_equal(all_of(&r, STAT_drop_icmp), 0);
			assert_int_equal(stat_of(&r, at, STAT_xw_forwarded), at != caller);
			rig_close(&r);
		}
	}
}

static void handover_icmp_errors_reach_a_worker_without_a_queue(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(2);
	struct frame_udp u;
	uint8_t icmp[FRAME_MAX];
	rig_open(&r, &c, 1);
	assert_true(originate(&r, 1, 5));
	turn_all(&r);
	assert_true(sent(&r, 0, &u));
	uint32_t n = frame_unreachable(icmp, r.frame, r.frame_len);
	assert_int_equal(pktio_mem_push(r.io[0], icmp, n), 0);
	turn_all(&r);
	ended_as(&r, 1, DP_END_TRANSPORT);
	rig_close(&r);
}

static void rfc5927_made_up_errors_end_nothing_on_any_worker(void **state)
{
	static const uint32_t spoil[] = {18, 19, 33, 37, 40, 41}; /* identification, to, port, checksum */
	struct rig r;
	struct dp_conf c = conf_of(RIG_WORKERS);
	rig_open(&r, &c, RIG_WORKERS);
	for (uint32_t i = 0; i < sizeof spoil / sizeof *spoil; i++) {
		call_and_quote(&r, (uint16_t)(i % RIG_WORKERS), 0, i + 1, spoil[i]);
		assert_int_equal(all_of(&r, STAT_drop_icmp), i + 1u); /* once, by the last that was asked */
	}
	assert_int_equal(all_of(&r, STAT_icmp_unreachable), 0);
	for (uint16_t w = 0; w < RIG_WORKERS; w++)
		assert_int_equal(worker_legs(r.all[w]), 2);
	rig_close(&r);
}

static void handover_a_flood_of_icmp_errors_leaves_room_for_media(void **state)
{
	struct rig r;
	struct dp_conf c = conf_of(2);
	uint8_t icmp[FRAME_MAX];
	rig_open(&r, &c, 2);
	call_and_quote(&r, 1, 0, 1, 19);
	uint64_t before = all_of(&r, STAT_drop_icmp);
	uint32_t n = frame_unreachable(icmp, r.frame, r.frame_len);
	for (uint32_t i = 0; i < 2 * HANDOVER_SLOTS; i++) {
		assert_int_equal(pktio_mem_push(r.io[0], icmp, n), 0);
		worker_turn(r.all[0], r.now); /* worker 1 is busy elsewhere */
	}
	uint64_t forwarded = stat_of(&r, 0, STAT_xw_forwarded);
	assert_in_range(forwarded, 1, HANDOVER_ERR_BURST + 1);
	arrive(&r, 0, 10063, "rtp", 3);
	turn_all(&r);
	turn_all(&r);
	assert_int_equal(stat_of(&r, 1, STAT_drop_rtp_no_leg), 1);
	assert_int_equal(all_of(&r, STAT_drop_icmp), before + 2 * HANDOVER_SLOTS);
	assert_int_equal(all_of(&r, STAT_drop_xw_full), 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(worker_sends_each_port_to_its_layer),
	    cmocka_unit_test(worker_receives_a_bounded_number_per_turn),
	    cmocka_unit_test(worker_refuses_an_environment_that_cannot_work),
	    cmocka_unit_test(worker_ends_every_leg_when_it_stops),
	    cmocka_unit_test(worker_counts_its_pools),
	    cmocka_unit_test(worker_takes_no_command_whose_events_it_could_not_tell),
	    cmocka_unit_test(worker_refuses_what_finds_no_room_and_says_so),
	    cmocka_unit_test(worker_sleeps_only_when_nothing_waits_and_is_woken),
	    cmocka_unit_test(handover_media_goes_to_the_owner_of_the_port),
	    cmocka_unit_test(handover_each_request_is_answered_once_by_its_owner),
	    cmocka_unit_test(handover_full_ring_drops_and_counts),
	    cmocka_unit_test(handover_packets_that_wait_at_the_end_are_given_back),
	    cmocka_unit_test(handover_a_worker_without_a_queue_calls_through_another),
	    cmocka_unit_test(handover_icmp_errors_reach_the_worker_that_sent),
	    cmocka_unit_test(handover_icmp_errors_reach_a_worker_without_a_queue),
	    cmocka_unit_test(rfc5927_made_up_errors_end_nothing_on_any_worker),
	    cmocka_unit_test(handover_a_flood_of_icmp_errors_leaves_room_for_media),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
