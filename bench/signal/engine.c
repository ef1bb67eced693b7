/* SPDX-License-Identifier: Apache-2.0 */
/* The dataplane on a real device, with control's side played by the stub: the engine without REST, HTTP and
 * store. Two legs a call, both to callees at --to. Prints one line of JSON when its time is over.
 *
 * With --hold the calls come up once and stay: for measuring the relay while somebody else sends RTP. */
#include "bench/load/cpu.h"
#include "bench/signal/stub.h"
#include "dataplane/api/dp.h"
#include "dataplane/core/tick.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define HOLD_TENTHS 200 /* longest wait for held calls */

struct engine {
	struct dp_conf conf;
	struct dp *dp;
	struct stub stub;
	char ruri[64];
	double warm_s, seconds;
	bool hold;
	int events_fd;
	struct cpu_watch watch;
};

struct reading {
	struct cpu_use cpu;
	uint64_t completed, failed, busy, idle, slept, rx, tx, rtp, sleeps;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static int usage(void)
{
	fputs("signal_engine --device NAME [--driver NAME] [--core N] [--ip A] [--to A:PORT] [--up N] "
	      "[--window N]\n"
	      "              [--warm S] [--seconds S] [--hold] [--watch PID,…]\n",
	    stderr);
	return 2;
}

static bool sock(struct ip_sock *s, const char *arg)
{
	const char *colon = strchr(arg, ':');
	s->port = (uint16_t)(colon ? atoi(colon + 1) : 0);
	return s->port && ip_addr_parse(&s->a, (struct span){arg, (uint32_t)(colon - arg)}) == 0;
}

static void defaults(struct engine *e)
{
	*e = (struct engine){.warm_s = 1, .seconds = 5, .stub = {.window = 64, .up_max = 1000}};
	e->conf = (struct dp_conf){.driver = "auto",
	    .hugepages = true,
	    .memory_mb = 256,
	    .workers = 1,
	    .cores = {0xffff},
	    .prefix = 24,
	    .mtu = 1500,
	    .idle_spin_us = 50,
	    .sip_port = 5060,
	    .t1_ms = 500,
	    .t2_ms = 4000,
	    .t4_ms = 5000,
	    .user_agent = "Dialplane/bench",
	    .rtp_lo = 6000,
	    .rtp_hi = 65535,
	    .rtp_quarantine_ms = 200,
	    .txns_max = 1u << 21,
	    .pkts_max = 16384,
	    .ring_slots = 4096,
	    .key = {1, 2, 3}};
	e->ruri[0] = 0;
}

static bool take(struct engine *e, int opt, const char *arg)
{
	switch (opt) {
	case 'd':
		return snprintf(e->conf.device, sizeof e->conf.device, "%s", arg) <
		       (int)sizeof e->conf.device;
	case 'D':
		return snprintf(e->conf.driver, sizeof e->conf.driver, "%s", arg) <
		       (int)sizeof e->conf.driver;
	case 'c':
		e->conf.cores[0] = (uint16_t)atoi(arg);
		return true;
	case 'i':
		return ip_addr_parse(&e->conf.ip, span_str(arg)) == 0;
	case 't':
		snprintf(e->ruri, sizeof e->ruri, "sip:kate@%s", arg);
		return sock(&e->stub.target, arg);
	case 'u':
		e->stub.up_max = (uint32_t)atoi(arg);
		return true;
	case 'w':
		e->stub.window = (uint32_t)atoi(arg);
		return e->stub.window > 0;
	case 'W':
		e->warm_s = atof(arg);
		return true;
	case 's':
		e->seconds = atof(arg);
		return true;
	case 'h':
		return e->hold = true;
	case 'p':
		return cpu_watch_parse(&e->watch, arg) == 0;
	default:
		return false;
	}
}

static bool options(struct engine *e, int argc, char **argv)
{
	static const struct option table[] = {{"device", 1, 0, 'd'}, {"driver", 1, 0, 'D'},
	    {"core", 1, 0, 'c'}, {"ip", 1, 0, 'i'}, {"to", 1, 0, 't'}, {"up", 1, 0, 'u'},
	    {"window", 1, 0, 'w'}, {"warm", 1, 0, 'W'}, {"seconds", 1, 0, 's'}, {"hold", 0, 0, 'h'},
	    {"watch", 1, 0, 'p'}, {0}};
	defaults(e);
	for (int o; (o = getopt_long(argc, argv, "", table, NULL)) != -1;) {
		if (!take(e, o, optarg))
			return false;
	}
	return e->conf.device[0] && e->conf.ip.fam && e->stub.target.port;
}

/* ---- running ---- */

static void nap(struct engine *e)
{
	uint64_t n;
	struct pollfd p = {.fd = e->events_fd, .events = POLLIN};
	if (!dp_ring_sleep(e->stub.events))
		return;
	if (poll(&p, 1, 10) > 0 && read(e->events_fd, &n, sizeof n) < 0)
		n = 0;
	dp_ring_awake(e->stub.events);
}

static void run(struct engine *e, bool go, double seconds)
{
	uint64_t end = tick_ns() + (uint64_t)(seconds * 1e9), until = go ? UINT64_MAX : 0;
	if (e->hold && go)
		until = e->stub.up_max;
	while (!stop && tick_ns() < end) {
		if (stub_turn(&e->stub, until) == 0)
			nap(e);
	}
}

/* All calls that are to be held are up. */
static void wait_up(struct engine *e)
{
	for (unsigned i = 0; i < HOLD_TENTHS && !stop && e->stub.up_n < e->stub.up_max; i++)
		run(e, true, 0.1);
}

static struct reading reading(struct engine *e)
{
	const struct dp_stats *s = dp_stats(e->dp, 0);
	struct reading r = {.completed = e->stub.completed,
	    .failed = e->stub.failed,
	    .busy = stat_get(s, STAT_loop_busy_cycles),
	    .idle = stat_get(s, STAT_loop_idle_cycles),
	    .slept = stat_get(s, STAT_loop_sleep_cycles),
	    .sleeps = stat_get(s, STAT_loop_sleeps),
	    .rx = stat_get(s, STAT_rx_packets),
	    .tx = stat_get(s, STAT_tx_packets),
	    .rtp = stat_get(s, STAT_rtp_out)};
	cpu_now(&r.cpu, &e->watch);
	return r;
}

static void say_troubles(const struct dp_stats *s)
{
	for (int i = 1; i < STAT_COUNT; i++) {
		const char *name = stat_name((enum stat_id)i);
		if (stat_get(s, (enum stat_id)i) && (!strncmp(name, "drop_", 5) || strstr(name, "full") ||
		                                        strstr(name, "starved") || strstr(name, "retrans")))
			fprintf(
			    stderr, "   engine %s %lu\n", name, (unsigned long)stat_get(s, (enum stat_id)i));
	}
}

static void report(const struct engine *e, const struct reading *a, const struct reading *b)
{
	struct cpu_use u = cpu_between(&a->cpu, &b->cpu);
	printf("{\"completed\":%lu,\"failed\":%lu,\"why\":\"%s\",\"seconds\":%.4f,\"busy_cycles\":%lu,\"idle_"
	       "cycles\":%lu,"
	       "\"sleep_cycles\":%lu,\"hz\":%lu,\"rx\":%lu,\"tx\":%lu,\"rtp\":%lu,\"busy_s\":%.2f,\"self_s\":"
	       "%.2f,"
	       "\"watched_s\":%.2f,\"up\":%u}\n",
	    b->completed - a->completed, b->failed, e->stub.why ? e->stub.why : "", u.wall_s,
	    b->busy - a->busy, b->idle - a->idle, b->slept - a->slept, tick_cycles_hz(), b->rx - a->rx,
	    b->tx - a->tx, b->rtp - a->rtp, u.busy_s, u.self_s, u.pids_s, e->stub.up_n);
	fflush(stdout);
}

static int start(struct engine *e)
{
	char err[256];
	e->events_fd = eventfd(0, EFD_NONBLOCK);
	e->conf.legs_max = 2 * (e->stub.up_max + 2 * e->stub.window + 2);
	e->stub.ruri = e->ruri;
	while ((1u + e->conf.n_media_ips) * 25000u < 2 * e->conf.legs_max && e->conf.n_media_ips < 100) {
		struct ip_addr *a = &e->conf.media_ips[e->conf.n_media_ips];
		*a = e->conf.ip;
		a->b[3] = (uint8_t)(100 + e->conf.n_media_ips++);
	}
	e->dp = dp_start(&e->conf, e->events_fd, err);
	if (!e->dp) {
		fprintf(stderr, "signal_engine: %s\n", err);
		return -1;
	}
	fprintf(stderr, "   engine: %s\n", dp_describe(e->dp));
	e->stub.cmds = dp_commands(e->dp, 0);
	e->stub.events = dp_events(e->dp, 0);
	return stub_init(&e->stub);
}

int main(int argc, char **argv)
{
	static struct engine e;
	if (!options(&e, argc, argv))
		return usage();
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	if (start(&e) != 0)
		return 2;
	if (e.hold)
		wait_up(&e);
	run(&e, true, e.warm_s);
	struct reading a = reading(&e);
	run(&e, true, e.seconds);
	struct reading b = reading(&e);
	report(&e, &a, &b);
	stub_drain(&e.stub);
	run(&e, false, 0.3);
	say_troubles(dp_stats(e.dp, 0));
	dp_stop(e.dp);
	stub_fini(&e.stub);
	return e.stub.failed ? 1 : 0;
}
