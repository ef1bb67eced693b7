/* SPDX-License-Identifier: Apache-2.0 */
#include "control/dial_fork.h"

#include <assert.h>

enum {
	RANK_WINNER,
	RANK_STOPPED,
	RANK_6XX,
	RANK_3XX,
	RANK_4XX_TELLING,
	RANK_4XX,
	RANK_5XX,
	RANK_NONE,
	RANK_UNSET
};

void dial_fork_init(struct dial_fork *f, uint32_t n, bool sequential)
{
	assert(n >= 1 && n <= DIAL_BRANCHES_MAX);
	*f = (struct dial_fork){
	    .n = (uint8_t)n, .sequential = sequential, .winner = -1, .counts = -1, .rank = RANK_UNSET};
}

static bool any(const struct dial_fork *f, enum dial_branch_state state)
{
	for (int i = 0; i < f->n; i++)
		if (f->state[i] == state)
			return true;
	return false;
}

int dial_fork_next(struct dial_fork *f)
{
	if (f->closed || (f->sequential && any(f, BRANCH_OPEN)))
		return -1;
	for (int i = 0; i < f->n; i++)
		if (f->state[i] == BRANCH_WAITING) {
			f->state[i] = BRANCH_OPEN;
			return i;
		}
	return -1;
}

bool dial_fork_answered(struct dial_fork *f, int i)
{
	if (f->closed || f->state[i] != BRANCH_OPEN)
		return false;
	f->winner = (int8_t)i;
	f->closed = true;
	return true;
}

/* RFC 3261 §16.7, 6: a 6xx before all, then the lowest class; within 4xx those that say what to do about it. A
 * branch nobody answered from counts behind all that did. */
static uint8_t rank_of(uint16_t status)
{
	switch (status) {
	case 401:
	case 407:
	case 415:
	case 420:
	case 484:
		return RANK_4XX_TELLING;
	default:
		return status >= 600   ? RANK_6XX
		       : status >= 500 ? RANK_5XX
		       : status >= 400 ? RANK_4XX
		       : status >= 300 ? RANK_3XX
		                       : RANK_NONE;
	}
}

/* Of equals the first one stays, but the last one tried counts in a sequence. */
static bool better(const struct dial_fork *f, int i, uint8_t rank)
{
	if (f->winner >= 0)
		return i == f->winner;
	if (f->rejected && f->rank == RANK_6XX)
		return false;
	return f->sequential || rank < f->rank;
}

bool dial_fork_ended(struct dial_fork *f, int i, uint16_t status)
{
	if (f->state[i] != BRANCH_OPEN)
		return false;
	f->state[i] = BRANCH_OVER;
	uint8_t rank = i == f->winner ? RANK_WINNER : f->stopped ? RANK_STOPPED : rank_of(status);
	bool counts = better(f, i, rank);
	if (counts) {
		f->counts = (int8_t)i;
		f->rank = rank;
	}
	if (status >= 600 && !f->sequential && !f->closed)
		f->rejected = f->closed = true;
	return counts;
}

void dial_fork_stop(struct dial_fork *f)
{
	f->stopped = f->closed = true;
}

bool dial_fork_loses(const struct dial_fork *f, int i)
{
	return f->closed && f->state[i] == BRANCH_OPEN && (i != f->winner || f->stopped);
}

bool dial_fork_over(const struct dial_fork *f)
{
	if (f->winner >= 0)
		return f->state[f->winner] == BRANCH_OVER;
	if (f->rejected)
		return true;
	return !any(f, BRANCH_OPEN) && (f->closed || !any(f, BRANCH_WAITING));
}
