/* SPDX-License-Identifier: Apache-2.0 */
/* /healthz: is every worker turning, and is the device there? */
#ifndef CONTROL_HEALTH_H
#define CONTROL_HEALTH_H

#include "control/keepalive.h"
#include "dataplane/api/dp.h"

#define HEALTH_BEAT_NS 1000000000ull /* a worker turns at least twice a second, asleep or not */

/* One line of JSON from malloc; *status 200, or 503 when a worker's last turn is older than HEALTH_BEAT_NS or
 * there are no workers; "stuck" names them. beats: CLOCK_MONOTONIC ns of each worker's last turn. 503 also when
 * the device is gone, for only a new start helps; a link that is down is told in "link" with 200: nothing here
 * is wrong, and calls in other hands would fail the same. */
char *health_json(const uint64_t *beats, uint16_t n, enum dp_link link,
    const struct keepalive *k /* NULL: no targets are watched */, uint64_t now_ns, int *status);

/* The same of a running dataplane; NULL: no workers. */
char *health_of(const struct dp *d, const struct keepalive *k, uint64_t now_ns, int *status);

#endif
