/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/api/dp.h"

#include "dataplane/core/tick.h"
#include "dataplane/dp_loop.h"
#include "dataplane/net/stream_kernel.h"
#include "dataplane/net/stream_own.h"
#include "dataplane/net/tls.h"
#include "dataplane/offload/sockets.h"
#include "dataplane/offload/tls_thread.h"
#include "dataplane/pktio/pcapng.h"
#include "dataplane/pktio/port.h"
#include "dataplane/worker.h"

#include <errno.h>
#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct dp_worker {
	struct worker *w;
	struct dp_ring *cmds, *events;
	struct stream *stream; /* NULL: no TCP */
	bool own_tcp;
	struct tls *tls; /* NULL: no TLS */
	struct dp_loop loop;
	unsigned lcore;
	bool running;
};

struct dp {
	struct dp_conf conf;
	struct port_eal args; /* EAL may keep pointers into it */
	struct port *port;
	struct pcapng *capture;  /* NULL: nothing is captured */
	struct sockets *sockets; /* NULL: no TCP */
	struct tls_thread *tls;  /* NULL: no TLS */
	int wakes[DP_WORKERS_MAX];
	struct worker *all[DP_WORKERS_MAX];
	struct dp_worker workers[DP_WORKERS_MAX];
	uint8_t mac[6];
	bool eal;
};

static bool mac_is_zero(const uint8_t mac[6])
{
	static const uint8_t zero[6];
	return memcmp(mac, zero, 6) == 0;
}

/* The threads EAL makes inherit our signal mask: signals are for the control thread alone. */
static int eal_start(struct dp *d, char err[256])
{
	sigset_t all, old;
	if (port_eal_args(&d->args, &d->conf, err) != 0)
		return -1;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = rte_eal_init(d->args.argc, d->args.argv);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc < 0) {
		snprintf(err, 256, "DPDK does not start: %s", rte_strerror(rte_errno));
		return -1;
	}
	d->eal = true;
	return 0;
}

static int worker_rings(struct dp *d, struct dp_worker *dw, int events_fd, char err[256])
{
	dw->cmds = dp_ring_new(d->conf.ring_slots, sizeof(struct dp_cmd), dw->loop.wake_fd);
	dw->events = dp_ring_new(d->conf.ring_slots, sizeof(struct dp_event), events_fd);
	if (dw->cmds && dw->events)
		return 0;
	snprintf(err, 256, "no memory for rings of %u slots (a power of two is needed)", d->conf.ring_slots);
	return -1;
}

/* Its writer's thread takes no signals either. */
static int capture_start(struct dp *d, char err[256])
{
	sigset_t all, old;
	if (!d->conf.pcap[0])
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pcapng_open(&d->capture, d->conf.pcap, err);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

/* The worker's own queue, NULL when there are fewer than workers. 0, or -1 with err. */
static int worker_io(struct dp *d, uint16_t i, struct pktio **io, char err[256])
{
	*io = i < port_queues(d->port) ? port_queue(d->port, i) : NULL;
	if (!*io || !d->capture)
		return 0;
	*io = pcapng_tap(d->capture, *io);
	if (*io)
		return 0;
	snprintf(err, 256, "no memory to capture what worker %u sees", i);
	return -1;
}

/* Before the thread of the sockets, which wakes them. */
static int make_wakes(struct dp *d, char err[256])
{
	for (uint16_t i = 0; i < d->conf.workers; i++) {
		int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (fd < 0) {
			snprintf(err, 256, "eventfd: %s", strerror(errno));
			return -1;
		}
		d->wakes[i] = d->workers[i].loop.wake_fd = fd;
	}
	return 0;
}

/* The thread is made with the first worker's stream, which says how many sessions there may be. */
static int worker_tls(struct dp *d, struct dp_worker *dw, uint16_t i, char err[256])
{
	if (!d->tls && !(d->tls = tls_thread_start(&d->conf, dw->stream->size, d->wakes, err)))
		return -1;
	if (tls_new(&dw->tls, tls_thread_rings(d->tls, i)) == 0)
		return 0;
	snprintf(err, 256, "no memory for TLS");
	return -1;
}

static int worker_stream(struct dp *d, uint16_t i, char err[256])
{
	struct dp_worker *dw = &d->workers[i];
	int rc = 0;
	dw->own_tcp = d->conf.tcp == DP_TCP_OWN;
	if (dw->own_tcp)
		rc = stream_own_new(&dw->stream, &d->conf, i);
	else if (d->sockets)
		rc = stream_kernel_new(&dw->stream, sockets_rings(d->sockets, i), d->conf.conn_out_bytes);
	if (rc == 0 && dw->stream && d->conf.tls_port)
		return worker_tls(d, dw, i, err);
	if (rc == 0)
		return 0;
	snprintf(err, 256, "no memory for %u connections", d->conf.conns_max);
	return -1;
}

static int worker_start(struct dp *d, uint16_t i, int events_fd, char err[256])
{
	struct dp_worker *dw = &d->workers[i];
	struct pktio *io;
	if (worker_io(d, i, &io, err) != 0 || worker_rings(d, dw, events_fd, err) != 0 ||
	    worker_stream(d, i, err) != 0)
		return -1;
	const struct worker_env env = {.conf = &d->conf,
	    .index = i,
	    .io = io,
	    .cmds = dw->cmds,
	    .events = dw->events,
	    .all = d->all,
	    .stream = dw->stream,
	    .tls = dw->tls,
	    .wake_fd = dw->loop.wake_fd};
	int rc = worker_new(&dw->w, &env, tick_ns());
	if (rc != 0) {
		snprintf(err, 256, "worker %u does not start: %s", i, strerror(-rc));
		return -1;
	}
	d->all[i] = dw->w;
	dw->loop.w = dw->w;
	dw->loop.io = io;
	dw->loop.spin_us = d->conf.idle_spin_us;
	dw->loop.beat_ns = tick_ns();
	return 0;
}

/* lcore i + 1 is worker i (port_eal_args). */
static int launch(struct dp *d, char err[256])
{
	for (uint16_t i = 0; i < d->conf.workers; i++) {
		struct dp_worker *dw = &d->workers[i];
		dw->lcore = i + 1u;
		int rc = rte_eal_remote_launch(dp_loop_run, &dw->loop, dw->lcore);
		if (rc != 0) {
			snprintf(err, 256, "worker %u: its thread does not start: %s", i, strerror(-rc));
			return -1;
		}
		dw->running = true;
	}
	return 0;
}

static int start(struct dp *d, int events_fd, char err[256])
{
	tick_init();
	if (eal_start(d, err) != 0 || port_open(&d->port, &d->conf, err) != 0 || capture_start(d, err) != 0)
		return -1;
	if (make_wakes(d, err) != 0)
		return -1;
	bool kernel = d->conf.tcp == DP_TCP_KERNEL || d->conf.tcp == DP_TCP_HOST;
	if (kernel && !(d->sockets = sockets_start(&d->conf, d->wakes, err)))
		return -1;
	memcpy(d->mac, mac_is_zero(d->conf.mac) ? port_queue(d->port, 0)->mac : d->conf.mac, 6);
	for (uint16_t i = 0; i < d->conf.workers; i++) {
		if (worker_start(d, i, events_fd, err) != 0)
			return -1;
	}
	return launch(d, err);
}

struct dp *dp_start(const struct dp_conf *conf, int events_fd, char err[256])
{
	err[0] = 0;
	if (conf->workers == 0 || conf->workers > DP_WORKERS_MAX) {
		snprintf(err, 256, "%u workers: 1 to %u are possible", conf->workers, DP_WORKERS_MAX);
		return NULL;
	}
	struct dp *d = calloc(1, sizeof *d);
	if (!d) {
		snprintf(err, 256, "no memory");
		return NULL;
	}
	d->conf = *conf;
	for (uint16_t i = 0; i < DP_WORKERS_MAX; i++)
		d->workers[i].loop.wake_fd = -1;
	if (start(d, events_fd, err) != 0) {
		dp_stop(d);
		return NULL;
	}
	return d;
}

static void worker_stop(struct dp_worker *dw)
{
	worker_free(dw->w);
	tls_free(dw->tls);
	if (dw->own_tcp)
		stream_own_free(dw->stream);
	else
		stream_kernel_free(dw->stream);
	dp_ring_free(dw->cmds);
	dp_ring_free(dw->events);
	if (dw->loop.wake_fd >= 0)
		close(dw->loop.wake_fd);
}

/* All are asked first, so that their legs end side by side; nothing is freed while one still turns. */
void dp_stop(struct dp *d)
{
	for (uint16_t i = 0; i < d->conf.workers; i++) {
		if (d->workers[i].running)
			dp_loop_stop(&d->workers[i].loop);
	}
	for (uint16_t i = 0; i < d->conf.workers; i++) {
		if (d->workers[i].running)
			rte_eal_wait_lcore(d->workers[i].lcore);
	}
	for (uint16_t i = 0; i < d->conf.workers; i++)
		worker_stop(&d->workers[i]);
	sockets_stop(d->sockets);
	tls_thread_stop(d->tls);
	pcapng_close(d->capture);
	if (d->port)
		port_close(d->port);
	if (d->eal)
		rte_eal_cleanup();
	free(d);
}

int dp_tls_reload(struct dp *d, char err[256])
{
	return d->tls ? tls_thread_reload(d->tls, err) : 0;
}

uint16_t dp_workers(const struct dp *d)
{
	return d->conf.workers;
}

struct dp_ring *dp_commands(struct dp *d, uint16_t worker)
{
	return d->workers[worker].cmds;
}

struct dp_ring *dp_events(struct dp *d, uint16_t worker)
{
	return d->workers[worker].events;
}

const char *dp_describe(const struct dp *d)
{
	return port_describe(d->port);
}

const uint8_t *dp_mac(const struct dp *d)
{
	return d->mac;
}

const struct dp_stats *dp_stats(const struct dp *d, uint16_t worker)
{
	return worker_stats(d->workers[worker].w);
}

uint32_t dp_gauges(const struct dp *d, uint16_t worker, struct dp_pool_gauge out[DP_POOLS_MAX])
{
	return worker_gauges(d->workers[worker].w, out);
}

uint64_t dp_beat_ns(const struct dp *d, uint16_t worker)
{
	return dp_loop_beat(&d->workers[worker].loop);
}

enum dp_link dp_link(const struct dp *d, uint16_t worker)
{
	return port_link(d->port, worker);
}
