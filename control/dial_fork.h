/* SPDX-License-Identifier: Apache-2.0 */
/* Who of a <Dial>'s branches is called, who wins, and whose result counts: every decision of a fork, and nothing
 * else. Pure: the caller reports what happens and does what the answers say. Branches are numbered in document
 * order.
 *
 *	WAITING ─► OPEN (dial_fork_next gave it out) ─► OVER
 *
 * The first answer wins and closes the fork: no answer behind it can win, nobody further is called, whoever is still
 * open is to be hung up. A 6xx closes a parallel fork too (RFC 3261 §16.7), and so does dial_fork_stop. */
#ifndef CONTROL_DIAL_FORK_H
#define CONTROL_DIAL_FORK_H

#include <stdbool.h>
#include <stdint.h>

#define DIAL_BRANCHES_MAX 10

enum dial_branch_state { BRANCH_WAITING, BRANCH_OPEN, BRANCH_OVER };

struct dial_fork {
	uint8_t n;
	bool sequential;
	bool closed;
	bool stopped;  /* by the calling side */
	bool rejected; /* a 6xx came */
	int8_t winner; /* -1: nobody yet */
	int8_t counts; /* whose result counts so far, -1: none */
	uint8_t rank;  /* of that result; lower is better */
	uint8_t state[DIAL_BRANCHES_MAX];
};

/* n: 1 to DIAL_BRANCHES_MAX. */
void dial_fork_init(struct dial_fork *f, uint32_t n, bool sequential);
/* The branch to be called now, which is OPEN from here on; -1: none at this time. In a sequence the next one
 * follows when the last one is over. */
int dial_fork_next(struct dial_fork *f);
/* Branch i answered: true when it wins, which is said to one branch of a fork at most. */
[[nodiscard]] bool dial_fork_answered(struct dial_fork *f, int i);
/* Branch i ended; status: the final response, 0 = none. true when its result is the one that counts now: the
 * winner's, else the last one tried (sequence) or the best response by RFC 3261 §16.7 (parallel). */
bool dial_fork_ended(struct dial_fork *f, int i, uint16_t status);
/* The calling side has gone: the winner, too, is to be hung up. */
void dial_fork_stop(struct dial_fork *f);
/* Is branch i to be hung up? */
bool dial_fork_loses(const struct dial_fork *f, int i);
/* Nothing can change the result any more. Branches may still be open: they end by themselves. */
bool dial_fork_over(const struct dial_fork *f);

#endif
