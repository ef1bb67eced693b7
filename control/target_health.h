/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses of SIP targets failed lately, so that the next call does not wait for them again. A fixed table; the oldest
 * failure gives way. Time is an argument. */
#ifndef CONTROL_TARGET_HEALTH_H
#define CONTROL_TARGET_HEALTH_H

#include "dataplane/api/ip_addr.h"

#define TARGET_HEALTH_SLOTS 1024

struct target_health {
	uint32_t avoid_s; /* how long after a failure; 0: nothing is avoided */
	struct {
		struct ip_sock hop;
		uint64_t until_ns; /* past: empty */
	} slot[TARGET_HEALTH_SLOTS];
	uint64_t failures; /* told */
};

void target_health_tell(struct target_health *h, const struct ip_sock *hop, bool reached, uint64_t now_ns);
bool target_health_avoided(const struct target_health *h, const struct ip_sock *hop, uint64_t now_ns);
uint32_t target_health_count(const struct target_health *h, uint64_t now_ns);
/* Those to be avoided go behind the others, else in the order given: nobody is left out. */
void target_health_sort(const struct target_health *h, struct ip_sock *hops, uint32_t n, uint64_t now_ns);

#endif
