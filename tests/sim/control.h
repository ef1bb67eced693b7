/* SPDX-License-Identifier: Apache-2.0 */
/* Control's part, played through the rings: calls of one or two legs, bridged and hung up at moments the seed
 * draws. Checks the order of events that dp_msg.h promises. */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "dataplane/api/dp_msg.h"

struct sim;

enum control_state { CONTROL_NONE = 0, CONTROL_ASKED, CONTROL_STARTED, CONTROL_ANSWERED, CONTROL_ENDED };

struct control_leg {
	uint8_t state; /* enum control_state */
	dp_leg handle;
	bool early, held, bridged, hung_up, was_answered;
	uint8_t cause;
	uint16_t status;
	uint32_t ring_timeout_ms;
	uint8_t codecs;
	struct dp_media_counts media;
};

struct control_call {
	struct control_leg legs[2];
	uint32_t n_legs; /* how many it wants */
	uint64_t start_at, second_at, hang_at, unbridge_at, end_at;
	uint8_t hang_leg;
	bool bridge_asked, unbridge_asked, bridge_early, long_bridge;
	uint64_t heard_from; /* when BRIDGED was told */
};

#ifdef SIM_CALLS
#define CONTROL_CALLS SIM_CALLS
#else
#define CONTROL_CALLS 2
#endif

struct control {
	uint32_t n_calls;
	struct control_call calls[CONTROL_CALLS];
	uint64_t drain_at;
	bool retry; /* a command found no room */
	uint32_t told;
};

void control_init(struct sim *s);
uint32_t control_run(struct sim *s);
uint64_t control_next(const struct sim *s);
bool control_done(const struct sim *s);
/* May callees a and b hear each other? */
bool control_pairs(uint32_t a, uint32_t b);

#endif
