/* SPDX-License-Identifier: Apache-2.0 */
/* Replies that wait for the ring time to pass. All wait equally long, so they are a queue. */
#ifndef BENCH_LATER_H
#define BENCH_LATER_H

#include "bench/load/link.h"

#define LATER_BYTES 1400

struct later_reply {
	uint64_t at, key; /* key 0: dropped */
	struct frame_udp to;
	uint32_t len;
	char text[LATER_BYTES];
};

struct later {
	uint64_t delay_ns;
	struct later_reply *ring;
	uint32_t size, head, n;
	uint64_t full; /* replies that found no place: their calls fail */
};

[[nodiscard]] int later_init(struct later *q, uint32_t size);
void later_fini(struct later *q);
void later_put(struct later *q, const struct frame_udp *to, uint64_t key, struct span text, uint64_t now);
/* A CANCEL came: true when the reply with this key still waited. Looks at all of them. */
bool later_drop(struct later *q, uint64_t key);
uint32_t later_turn(struct later *q, struct link *l, uint64_t now);

#endif
