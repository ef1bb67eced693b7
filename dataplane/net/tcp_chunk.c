/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tcp_chunk.h"

#include <errno.h>
#include <stdlib.h>

#include "dataplane/core/big.h"
#include "dataplane/net/tcp_conn.h"

int tcp_chunks_init(struct tcp_chunks *k, uint32_t count)
{
	k->mem = big_new((size_t)count * TCP_CHUNK_BYTES);
	if (!k->mem)
		return -ENOMEM;
	for (uint32_t i = count; i-- > 0;) {
		struct tcp_chunk *one = (void *)(k->mem + (size_t)i * TCP_CHUNK_BYTES);
		one->next = k->free;
		k->free = one;
	}
	return 0;
}

void tcp_chunks_fini(struct tcp_chunks *k)
{
	free(k->mem);
}

static struct tcp_chunk *take(
    struct tcp_conn *c, uint32_t *mine, uint32_t mine_max, uint32_t *all, uint32_t all_max)
{
	struct tcp *t = c->t;
	struct tcp_chunk *k = t->chunks.free;
	if (!k || *mine >= mine_max || *all >= all_max || c->peer->chunks >= t->conf.peer_chunks_max)
		return NULL;
	t->chunks.free = k->next;
	if (k->next)
		__builtin_prefetch(k->next, 1);
	++*mine;
	++*all;
	c->peer->chunks++;
	k->next = NULL;
	k->sent_ns = 0;
	k->seq = 0;
	k->off = k->len = 0;
	k->bits = k->marks = 0;
	return k;
}

static void give(struct tcp_conn *c, struct tcp_chunk *k, uint32_t *mine, uint32_t *all)
{
	--*mine;
	--*all;
	c->peer->chunks--;
	k->next = c->t->chunks.free;
	c->t->chunks.free = k;
}

struct tcp_chunk *tcp_chunk_get_out(struct tcp_conn *c)
{
	struct tcp *t = c->t;
	return take(c, &c->out_chunks, t->conf.conn_out_chunks_max, &t->chunks.out, t->conf.out_chunks_max);
}

struct tcp_chunk *tcp_chunk_get_in(struct tcp_conn *c)
{
	struct tcp *t = c->t;
	return take(c, &c->in_chunks, t->conf.conn_in_chunks_max, &t->chunks.in, t->conf.in_chunks_max);
}

void tcp_chunk_put_out(struct tcp_conn *c, struct tcp_chunk *k)
{
	give(c, k, &c->out_chunks, &c->t->chunks.out);
}

void tcp_chunk_put_in(struct tcp_conn *c, struct tcp_chunk *k)
{
	give(c, k, &c->in_chunks, &c->t->chunks.in);
}
