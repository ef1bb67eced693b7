/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/tcp_check.h"

static bool counts_agree(const struct tcp_conn *c)
{
	uint32_t pipe = 0, lost = 0, sacked = 0, n = 0, seq = c->snd_una;
	bool fresh = false;
	for (const struct tcp_chunk *k = c->out_head; k; k = k->next, n++) {
		fresh = fresh || k == c->out_new;
		if (k->seq != seq || fresh != !(k->marks & CHUNK_SENT) ||
		    (k->marks & CHUNK_FLIGHT && k->marks & CHUNK_SACKED))
			return false;
		seq = chunk_end(k);
		pipe += k->marks & CHUNK_FLIGHT ? chunk_end(k) - k->seq : 0;
		lost += !!(k->marks & CHUNK_LOST);
		sacked += !!(k->marks & CHUNK_SACKED);
		if (!k->next && c->out_tail != k)
			return false;
	}
	return pipe == c->pipe && lost == c->lost && sacked == c->sacked && n == c->out_chunks &&
	       seq == c->snd_end;
}

static bool store_agrees(const struct tcp_conn *c)
{
	uint32_t n = 0;
	for (const struct tcp_chunk *k = c->in_head; k; k = k->next, n++)
		if (k->len == 0 || (k->next ? (int32_t)(k->next->seq - chunk_end(k)) < 0 : c->in_tail != k))
			return false;
	return n == c->in_chunks && (int32_t)(c->rcv_adv - c->rcv_nxt) >= -1;
}

const char *tcp_check(const struct tcp_conn *c)
{
	if (!counts_agree(c))
		return "the scoreboard does not add up";
	return store_agrees(c) ? NULL : "the store is not in order";
}
