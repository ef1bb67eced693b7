/* SPDX-License-Identifier: Apache-2.0 */
/* Control's end of the rings, and the only user of them: commands out with back-pressure, events in. */
#ifndef CONTROL_BRIDGE_H
#define CONTROL_BRIDGE_H

#include "control/loop.h"
#include "dataplane/api/dp.h"

struct bridge;

/* events: called for every event of every worker, on the loop, in each worker's order. */
struct bridge *bridge_new(struct loop *l, struct dp *d, void (*event)(void *ctx, const struct dp_event *e), void *ctx);
void bridge_free(struct bridge *b);

/* Room for a new call? false: answer 429/20429 (back-pressure), counted. */
bool bridge_has_room(const struct bridge *b);
uint16_t bridge_pick_worker(struct bridge *b); /* the one with the fewest calls */
/* A command that starts a leg: -EAGAIN when the ring is full. */
[[nodiscard]] int bridge_originate(struct bridge *b, uint16_t worker, const struct dp_cmd *c);
/* A command for a leg that exists: never lost; waits in control's own queue while the ring is full. */
void bridge_command(struct bridge *b, const struct dp_cmd *c);
uint64_t bridge_refused(const struct bridge *b);
uint32_t bridge_waiting(const struct bridge *b);

#endif
