/* SPDX-License-Identifier: Apache-2.0 */
/* A callee without memory: everything it answers is computed from the request in front of it, so any number
 * of calls costs it nothing. It verifies what it receives: a message that is not what RFC 3261 asks for at
 * that point is a wrong answer, counted, and its call is never completed by it. */
#ifndef BENCH_CALLEE_H
#define BENCH_CALLEE_H

#include "sip-parser/base/buf.h"

#define CALLEE_REPLIES 3

struct callee_counts {
	uint64_t invites, acks, byes, cancels, busy, wrong;
	const char *first_wrong; /* why the first of them was wrong, static */
};

struct callee {
	const char *address;   /* "10.0.0.2:5070", in Contact */
	const char *media;     /* "10.0.0.2", in SDP */
	bool trying, ringing;  /* send 100, send 180 before the 200 */
	uint32_t busy, silent; /* of 1,000 calls: so many get 486, so many no answer (then 487 on CANCEL) */
	struct callee_counts counts;
	/* said about the datagram of the last callee_on */
	uint64_t key;  /* of its Call-ID */
	bool answered; /* the last reply is the 2xx to an INVITE */
	bool
	    cancelled; /* the last reply is the 487 that belongs to a CANCEL: not to be sent when the 2xx was */
	struct span offer; /* the SDP of an INVITE, a view */
};

/* Answer one datagram. Up to CALLEE_REPLIES messages are written one after the other to out, their lengths to
 * lens; returns how many. */
unsigned callee_on(
    struct callee *c, const char *msg, uint32_t len, struct buf *out, uint32_t lens[CALLEE_REPLIES]);

#endif
