/* SPDX-License-Identifier: Apache-2.0 */
/* The Call-IDs of the last INVITEs: one that comes again is known, one that is new is never taken for another. A call
 * whose INVITE is taken for a repetition gets no BYE and never ends, so the hash must be long: with 32 bits one INVITE in
 * 65,000 was. */
#ifndef BENCH_CALL_SEEN_H
#define BENCH_CALL_SEEN_H

#include "sip-parser/base/span.h"

#define SEEN_SLOTS 65536u

struct seen {
	uint64_t *hash; /* the last one of each slot */
};

/* 0 or -1: no memory. */
int seen_init(struct seen *s);
void seen_fini(struct seen *s);
/* Was this Call-ID among the last ones? It is from here on. */
bool seen_again(struct seen *s, struct span call_id);

#endif
