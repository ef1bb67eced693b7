/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load/later.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int later_init(struct later *q, uint32_t size)
{
	q->size = size;
	q->ring = malloc(size * sizeof *q->ring);
	return q->ring ? 0 : -ENOMEM;
}

void later_fini(struct later *q)
{
	free(q->ring);
}

void later_put(struct later *q, const struct frame_udp *to, uint64_t key, struct span text, uint64_t now)
{
	if (q->n == q->size || text.len > LATER_BYTES) {
		q->full++;
		return;
	}
	struct later_reply *r = &q->ring[(q->head + q->n++) % q->size];
	r->at = now + q->delay_ns;
	r->key = key ? key : 1;
	r->to = *to;
	r->len = text.len;
	memcpy(r->text, text.p, text.len);
}

bool later_drop(struct later *q, uint64_t key)
{
	for (uint32_t i = 0; i < q->n; i++) {
		struct later_reply *r = &q->ring[(q->head + i) % q->size];
		if (r->key != (key ? key : 1))
			continue;
		r->key = 0;
		return true;
	}
	return false;
}

static void send(struct link *l, const struct later_reply *r)
{
	char *at;
	uint32_t room;
	struct pkt *p = link_alloc(l, &at, &room);
	if (!p)
		return;
	memcpy(at, r->text, r->len);
	link_answer(l, p, &r->to, r->len);
}

uint32_t later_turn(struct later *q, struct link *l, uint64_t now)
{
	uint32_t done = 0;
	for (; q->n > 0 && (int64_t)(now - q->ring[q->head].at) >= 0; done++) {
		if (q->ring[q->head].key)
			send(l, &q->ring[q->head]);
		q->head = (q->head + 1) % q->size;
		q->n--;
	}
	return done;
}
