/* SPDX-License-Identifier: Apache-2.0 */
/* The BYEs of the party that hangs up: each is sent when its time has come and again until it is answered. Knows no
 * socket and no clock. */
#ifndef BENCH_CALL_BYES_H
#define BENCH_CALL_BYES_H

#include "sip-parser/sip_msg.h"

#include <netinet/in.h>

#define BYES_SLOTS    65536u
#define BYES_TRIES    6
#define BYES_AGAIN_NS 500000000ull

struct bye {
	uint64_t due_ns;
	uint32_t
	    number; /* in its branch: a branch is never used again, not even when its slot is (RFC 3261 §8.1.1.7) */
	uint8_t tries;
	bool open;
	uint16_t len;
	struct sockaddr_in to;
	char text[1000];
};

struct byes {
	const char *address; /* ours, borrowed */
	uint64_t run;        /* in every branch: a run's transactions are not those of the run before */
	struct bye *slots;
	uint32_t first, next; /* numbers: [first, next) wait for the end of their talk */
	uint32_t *again;      /* ring of numbers that were sent and may not be answered yet */
	uint32_t again_first, again_next;
	uint64_t lost, full; /* given up unanswered; never planned for want of a slot */
};

typedef void (*byes_send_fn)(void *ctx, const struct bye *b);

/* 0 or -1: no memory. */
int byes_init(struct byes *b, const char *address, uint64_t run);
void byes_fini(struct byes *b);
/* For the call of this INVITE, which was answered with to_tag. false: no slot is free, or it cannot be written. */
bool byes_plan(struct byes *b, const struct sip_msg *invite, struct span to_tag, const struct sockaddr_in *to,
    uint64_t due_ns);
/* A response to one of them. */
void byes_answered(struct byes *b, const struct sip_msg *m);
/* Those that are due, in the order in which they were planned: due_ns must not go back. */
void byes_send(struct byes *b, uint64_t now_ns, byes_send_fn send, void *ctx);

#endif
