/* SPDX-License-Identifier: Apache-2.0 */
/* Event and Subscription-State (RFC 6665 §8.2.1, §8.2.3). */
#ifndef SIP_EVENT_H
#define SIP_EVENT_H

#include "sip-parser/sip_shape.h"

struct sip_event {
	struct sip_value v; /* event-package with its templates: "presence.winfo" */
	struct span id;     /* empty = none */
};

struct sip_sub_state {
	struct sip_value v; /* active, pending, terminated, another token */
	struct span reason; /* deactivated, probation, rejected, timeout, giveup, noresource, invariant, … */
	uint32_t expires;   /* seconds; SIP_ABSENT = not given */
	uint32_t retry_after; /* seconds; SIP_ABSENT = not given */
};

/* -1 with *err_off within s. */
extern const struct sip_shape sip_event_shape;
[[nodiscard]] int sip_event_parse(struct sip_event *to, struct span s, uint32_t *err_off);
extern const struct sip_shape sip_sub_state_shape;
[[nodiscard]] int sip_sub_state_parse(struct sip_sub_state *to, struct span s, uint32_t *err_off);

#endif
