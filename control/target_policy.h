/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses the engine may send SIP and webhooks to. Public unicast is allowed; loopback, private,
 * link-local, shared (100.64/10), multicast, unspecified and their IPv4-mapped, 6to4 and NAT64 forms are
 * refused unless the configuration's allow-list names them. */
#ifndef CONTROL_TARGET_POLICY_H
#define CONTROL_TARGET_POLICY_H

#include "dataplane/api/ip_addr.h"

#define TARGET_ALLOW_MAX 64

struct target_net {
	struct ip_addr net;
	uint8_t prefix;
};

struct target_policy {
	uint32_t n_allow;
	struct target_net allow[TARGET_ALLOW_MAX];
};

/* NULL: allowed. Otherwise the name of the range that refuses it ("loopback 127.0.0.0/8"). */
const char *target_refusal(const struct target_policy *p, const struct ip_addr *a);

#endif
