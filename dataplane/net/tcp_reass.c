/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tcp_reass.h"

/* Put n bytes that overlap nothing behind prev (NULL: in front of all), into prev's own chunk where they continue it.
 * The chunk they ended in; NULL: no room. */
static struct tcp_chunk *insert(
    struct tcp_conn *c, struct tcp_chunk *prev, uint32_t seq, const uint8_t *data, uint32_t n)
{
	if (prev && chunk_end(prev) == seq && prev->off + prev->len + n <= TCP_CHUNK_DATA) {
		memcpy(prev->data + prev->off + prev->len, data, n);
		prev->len = (uint16_t)(prev->len + n);
		return prev;
	}
	struct tcp_chunk *k = tcp_chunk_get_in(c);
	if (!k)
		return NULL;
	k->seq = seq;
	k->len = (uint16_t)n;
	memcpy(k->data, data, n);
	k->next = prev ? prev->next : c->in_head;
	if (prev)
		prev->next = k;
	else
		c->in_head = k;
	if (!k->next)
		c->in_tail = k;
	return k;
}

static bool put(struct tcp_conn *c, uint32_t seq, const uint8_t *data, uint32_t n)
{
	struct tcp_chunk *prev = NULL, *k = c->in_head;
	if (c->in_tail && seq_le(chunk_end(c->in_tail), seq)) {
		prev = c->in_tail;
		k = NULL;
	}
	while (n) {
		for (; k && seq_le(chunk_end(k), seq); k = k->next)
			prev = k;
		uint32_t gap = n, skip;
		if (k)
			gap = seq_lt(seq, k->seq) ? k->seq - seq : 0;
		gap = gap < n ? gap : n;
		if (gap && !(prev = insert(c, prev, seq, data, gap)))
			return false;
		seq += gap;
		data += gap;
		n -= gap;
		if (!n || !k)
			break;
		skip = chunk_end(k) - seq;
		skip = skip < n ? skip : n;
		seq += skip;
		data += skip;
		n -= skip;
	}
	return true;
}

bool tcp_reass_put(struct tcp_conn *c, uint32_t seq, const uint8_t *data, uint32_t n)
{
	while (n > TCP_CHUNK_DATA) { /* a segment larger than a chunk */
		if (!put(c, seq, data, TCP_CHUNK_DATA))
			return false;
		seq += TCP_CHUNK_DATA;
		data += TCP_CHUNK_DATA;
		n -= TCP_CHUNK_DATA;
	}
	return put(c, seq, data, n);
}

void tcp_reass_advance(struct tcp_conn *c)
{
	for (const struct tcp_chunk *k = c->in_head; k && seq_le(k->seq, c->rcv_nxt); k = k->next)
		if (seq_lt(c->rcv_nxt, chunk_end(k)))
			c->rcv_nxt = chunk_end(k);
}

static void shift(struct tcp_conn *c)
{
	struct tcp_chunk *k = c->in_head;
	c->in_head = k->next;
	if (!c->in_head)
		c->in_tail = NULL;
	tcp_chunk_put_in(c, k);
}

/* The head stays in its place while it is told: whoever ends the connection there gives it back. */
void tcp_reass_tell(struct tcp_conn *c, uint64_t now)
{
	const struct tcp_ops *o = &c->t->ops;
	struct tcp_chunk *k;
	while (!(c->flags & CF_PAUSED) && (k = c->in_head) && seq_le(k->seq, c->rcv_read)) {
		if (seq_le(chunk_end(k), c->rcv_read)) {
			shift(c);
			continue;
		}
		uint32_t skip = c->rcv_read - k->seq, n = k->len - skip;
		c->rcv_read += n;
		if (!(c->flags & CF_CLOSE))
			o->bytes(o->ctx, c, k->data + k->off + skip, n, now);
		if (c->state == TCP_CLOSED)
			return;
	}
}

void tcp_reass_drop(struct tcp_conn *c)
{
	while (c->in_head)
		shift(c);
}

/* A range ends where the next chunk does not begin. */
static const struct tcp_chunk *range(const struct tcp_chunk *k, struct tcp_range *r)
{
	*r = (struct tcp_range){k->seq, chunk_end(k)};
	for (k = k->next; k && k->seq == r->to; k = k->next)
		r->to = chunk_end(k);
	return k;
}

static bool holds(const struct tcp_range *r, uint32_t seq)
{
	return seq_le(r->from, seq) && seq_lt(seq, r->to);
}

uint32_t tcp_sack_blocks(const struct tcp_conn *c, struct tcp_range out[TCP_SACKS])
{
	uint32_t n = 0, newest;
	if (!(c->flags & CF_SACK))
		return 0;
	if (c->flags & CF_DSACK)
		out[n++] = c->dsack;
	newest = n;
	for (const struct tcp_chunk *k = c->in_head; k;) {
		struct tcp_range r;
		k = range(k, &r);
		if (seq_le(r.to, c->rcv_nxt)) /* paused: acknowledged and not told */
			continue;
		if (holds(&r, c->ooo_last)) { /* in front of the others */
			struct tcp_range other = n > newest ? out[newest] : r;
			out[newest] = r;
			if (n > newest && n < TCP_SACKS)
				out[n++] = other;
			else if (n == newest)
				n++;
		} else if (n < TCP_SACKS) {
			out[n++] = r;
		}
	}
	return n;
}
