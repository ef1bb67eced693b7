/* SPDX-License-Identifier: Apache-2.0 */
/* Control's end of the rings, and the only user of them: commands out with back-pressure, events in. */
#ifndef CONTROL_BRIDGE_H
#define CONTROL_BRIDGE_H

#include "control/leg_states.h"
#include "control/loop.h"
#include "dataplane/api/dp.h"

struct bridge;

/* Called for every event of every worker, on the loop, in each worker's order; e lives during the call. */
typedef void (*bridge_event_fn)(void *ctx, const struct dp_event *e);

/* The eventfd that dp_start wants and bridge_new takes: made first, because the workers are started before
 * the bridge. -errno when it cannot be had. */
int bridge_events_fd(void);

/* Takes events_fd (bridge_free closes it). events may call any function here but bridge_free. */
struct bridge *bridge_new(struct loop *l, int events_fd, struct dp *d, bridge_event_fn event, void *ctx);
/* The same over rings that are no dataplane's (tests): commands[i], events[i] for each of n workers. */
struct bridge *bridge_new_over(struct loop *l, int events_fd, uint16_t n, struct dp_ring *const *commands,
    struct dp_ring *const *events, bridge_event_fn event, void *ctx);
/* The loop must not turn again afterwards (free it next); the rings must still be there. Commands that still
 * wait are lost. */
void bridge_free(struct bridge *b);

/* Who knows when each worker turned last (CLOCK_MONOTONIC ns). One whose last turn is older than
 * BRIDGE_BEAT_NS gets no new leg while another turns. bridge_new takes the dataplane's own heart-beats;
 * without any, every worker counts as turning. */
#define BRIDGE_BEAT_NS 1000000000ull
typedef uint64_t (*bridge_beat_fn)(const void *ctx, uint16_t worker);
void bridge_watch(struct bridge *b, bridge_beat_fn beat_ns, const void *ctx);

/* Room for a new call? false: answer 429/20429 (back-pressure); counted in bridge_refused. A quarter of each
 * ring is kept for the calls that exist. */
bool bridge_has_room(struct bridge *b);
/* The one with the fewest legs; those that turn first (bridge_watch), then those with room. */
uint16_t bridge_pick_worker(struct bridge *b);
/* A command that starts a leg: -EAGAIN when the ring is full or older commands wait for it (counted),
 * -EINVAL: no such worker. */
[[nodiscard]] int bridge_originate(struct bridge *b, uint16_t worker, const struct dp_cmd *c);
/* A command for a leg that exists: never lost; waits in control's own queue while the ring is full. */
void bridge_command(struct bridge *b, const struct dp_cmd *c);

uint64_t bridge_refused(const struct bridge *b);
uint32_t bridge_waiting(const struct bridge *b);

/* What /metrics shows of one worker's rings. */
struct bridge_gauge {
	uint32_t legs[LEG_STATES]; /* by state, originated and not yet ended */
	uint32_t commands_depth, commands_slots, commands_waiting;
	uint32_t events_depth, events_slots;
	uint64_t commands, events; /* passed so far */
};
uint16_t bridge_workers(const struct bridge *b);
void bridge_read(const struct bridge *b, uint16_t worker, struct bridge_gauge *g);

#endif
