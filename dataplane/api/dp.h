/* SPDX-License-Identifier: Apache-2.0 */
/* The dataplane as control sees it: start it, talk to it through rings, stop it. One per process. */
#ifndef DP_H
#define DP_H

#include "dataplane/api/dp_conf.h"
#include "dataplane/api/dp_msg.h"
#include "dataplane/api/dp_ring.h"
#include "dataplane/api/stats.h"

struct dp;

/* Start EAL, the port and the workers. NULL with a sentence in err (what failed, what to try).
 * events_fd: eventfd of the control loop, written when an event waits and control sleeps. */
struct dp *dp_start(const struct dp_conf *conf, int events_fd, char err[256]);
/* Ask every worker to stop, wait, give everything back (ports, XDP program, hugepages). */
void dp_stop(struct dp *d);

/* Read the files of TLS (certificate, key, CAs) again, for new connections. 0; -1 with err: nothing has changed. */
int dp_tls_reload(struct dp *d, char err[256]);

uint16_t dp_workers(const struct dp *d);
struct dp_ring *dp_commands(struct dp *d, uint16_t worker); /* control produces struct dp_cmd */
struct dp_ring *dp_events(struct dp *d, uint16_t worker);   /* control consumes struct dp_event */

/* What the device turned out to be: "net_af_xdp on veth0, 1 queue, no hugepages". */
const char *dp_describe(const struct dp *d);
const uint8_t *dp_mac(const struct dp *d);

/* Any thread. */
const struct dp_stats *dp_stats(const struct dp *d, uint16_t worker);
uint32_t dp_gauges(const struct dp *d, uint16_t worker, struct dp_pool_gauge out[DP_POOLS_MAX]);
uint64_t dp_beat_ns(const struct dp *d, uint16_t worker); /* CLOCK_MONOTONIC ns of the worker's last turn (sleep counts: it wakes at least twice a second) */

/* Of the device that the worker's packets go through. Down may come up again; gone does not: an interface that
 * was removed (or made anew under its name), a card that was pulled. */
enum dp_link { DP_LINK_UP, DP_LINK_DOWN, DP_LINK_GONE };
/* Any thread but the workers': asks the kernel or the driver. */
enum dp_link dp_link(const struct dp *d, uint16_t worker);

/* What dp_start would do with this config, one line a fact, without touching the device: for `dialplane check`.
 * Returns the number of problems found; each goes to `say` with level 'E' (fatal), 'W' or 'I'. */
int dp_check(const struct dp_conf *conf, void (*say)(void *ctx, char level, const char *text), void *ctx);

#endif
