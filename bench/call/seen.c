/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/call/seen.h"

#include "sip-parser/base/hash.h"

#include <stdlib.h>

int seen_init(struct seen *s)
{
	s->hash = calloc(SEEN_SLOTS, sizeof *s->hash);
	return s->hash ? 0 : -1;
}

void seen_fini(struct seen *s)
{
	free(s->hash);
	s->hash = NULL;
}

bool seen_again(struct seen *s, struct span call_id)
{
	static const struct hash_key key = {0x243f6a8885a308d3u, 0x13198a2e03707344u};
	uint64_t h = hash_span(&key, call_id) | 1; /* 0: nothing yet */
	uint64_t *at = &s->hash[(h >> 1) % SEEN_SLOTS];
	bool again = *at == h;
	*at = h;
	return again;
}
