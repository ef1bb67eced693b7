/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the caller: a call, and the requests it sends. */
#ifndef BENCH_CALLER_MSG_H
#define BENCH_CALLER_MSG_H

#include "bench/load/caller.h"
#include "sip-parser/sip_msg.h"

#define CALL_TAG_MAX    64
#define CALL_TARGET_MAX 160
#define CALL_ROUTES_MAX 512

enum call_state { CALL_IDLE, CALL_INVITED, CALL_PROCEEDING, CALL_CANCELLED, CALL_UP, CALL_BYE };

struct caller_call {
	struct wtimer timer; /* first: the callback gets here from it */
	uint64_t invited_at, bye_at, resend_ns, give_up_at;
	uint32_t gen;
	uint8_t state; /* enum call_state */
	bool ringing;  /* an 18x came */
	uint16_t tag_len, target_len, routes_len;
	char tag[CALL_TAG_MAX], target[CALL_TARGET_MAX], routes[CALL_ROUTES_MAX];
};

/* The request of a call into b. ACK of a final response other than 2xx belongs to the INVITE's transaction:
 * `to` is that response's To header then. */
void call_msg(struct buf *b, const struct caller *c, const struct caller_call *call, enum sip_method method,
    struct span to);
/* "INDEX-GENERATION" of a Call-ID of ours. False: not one. */
bool call_of(struct span call_id, uint32_t *index, uint32_t *gen);
/* Our branch of this request in this element of Via? */
bool call_branch_ok(
    const struct caller *c, const struct caller_call *call, enum sip_method method, struct span branch);
/* The From tag of this call? */
bool call_tag_ok(const struct caller *c, const struct caller_call *call, struct span tag);

#endif
