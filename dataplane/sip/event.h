/* SPDX-License-Identifier: Apache-2.0 */
/* Events to control. An event is written into a slot of the event ring; while the ring is full, or older
 * events still wait, it is kept back in a queue and told later, in order. Never lost: the queue has room for
 * everything the legs of a worker can still have to say, because nothing that starts new work (commands,
 * re-INVITEs, INFO) is taken while something waits. */
#ifndef DP_SIP_EVENT_H
#define DP_SIP_EVENT_H

#include "dataplane/api/dp_msg.h"
#include "dataplane/core/pool.h"

#include <stddef.h>

struct sip;

#define EVENT_HEAD_BYTES offsetof(struct dp_event, text)
/* PROGRESS (the latest), ANSWERED, UNBRIDGED and ENDED; STARTED and BRIDGED answer commands. */
#define EVENTS_PER_LEG 4
#define EVENT_BRIEF    256u
#define EVENTS_SPARE   96 /* refused commands, answers to OPTIONS */

struct event_held;

struct events {
	struct event_held *held; /* ring of `size` */
	uint32_t size, head, count;
	struct pool brief;  /* texts of up to EVENT_BRIEF bytes, as nearly all are */
	struct pool texts;  /* of up to DP_TEXT_MAX */
	uint64_t told;      /* events that left the queue so far: the sequence number of its head */
	uint64_t *progress; /* of each leg slot: sequence number of its PROGRESS in the queue */
	struct dp_event scratch;
};

[[nodiscard]] int events_init(struct events *e, uint32_t legs_max);
void events_fini(struct events *e);

/* Begin an event: everything zero but type, leg, cookie, at_ns. The caller fills it and ends with event_tell
 * before it begins another. */
struct dp_event *event_new(struct sip *s, enum dp_ev_type type, dp_leg leg, uint64_t cookie, uint64_t now);
void event_tell(struct sip *s, struct dp_event *e);

/* Offer what was kept back. Returns how many were told. */
uint32_t event_retell(struct sip *s);
/* Something waits: take no new work. */
bool event_waiting(const struct sip *s);
/* Nothing waits and the ring has room for at least one. */
bool event_room(struct sip *s);

#endif
