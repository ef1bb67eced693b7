/* SPDX-License-Identifier: Apache-2.0 */
/* OPTIONS to somebody, to learn whether he is there (RFC 3261 §11): no leg, no dialog, one event for each PING. */
#ifndef DP_SIP_PING_H
#define DP_SIP_PING_H

#include "dataplane/api/dp_msg.h"

#define PINGS_MAX 32 /* under way at one time */

struct sip;
struct txn;

struct ping {
	uint64_t cookie;
	uint32_t txn; /* index */
	bool used;
};

/* Send the OPTIONS of a PING. PONG follows in any case, now when nothing can be sent. */
void ping_send(struct sip *s, const struct dp_cmd *c, uint64_t now);
/* The transaction t has a final response (status), or none (0, with why). False: it is not a ping's. */
bool ping_done(struct sip *s, const struct txn *t, const struct ip_sock *src, uint16_t status,
    struct span why, uint64_t now);

#endif
