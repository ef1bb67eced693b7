/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tcp_rack.h"

#include "dataplane/net/tcp_cc.h"

#define DUP_THRESH 3u

static bool later(uint64_t ns, uint32_t end, uint64_t than_ns, uint32_t than_end)
{
	return ns > than_ns || (ns == than_ns && seq_lt(than_end, end));
}

void tcp_rack_sample(struct tcp_conn *c, const struct tcp_chunk *k, uint64_t now)
{
	uint32_t rtt_us = (uint32_t)((now - k->sent_ns) / 1000);
	if (k->marks & CHUNK_AGAIN && rtt_us < c->rtt_min_us) /* the first one has arrived, not the second */
		return;
	if (c->rack_ns && !later(k->sent_ns, chunk_end(k), c->rack_ns, c->rack_end))
		return;
	c->rack_ns = k->sent_ns;
	c->rack_end = chunk_end(k);
	c->rack_rtt_us = rtt_us;
}

/* How long what seems lost may only be late (§6.2, step 4). */
static uint64_t patience(const struct tcp_conn *c)
{
	if (!(c->flags & CF_REORDERED) && (c->flags & CF_RECOVERY || c->sacked >= DUP_THRESH))
		return 0;
	uint64_t us = (uint64_t)c->rtt_min_us * (c->reo_steps + 1) / 4;
	return (us < c->srtt_us ? us : c->srtt_us) * 1000;
}

void tcp_mark_lost(struct tcp_conn *c, struct tcp_chunk *k)
{
	if (k->marks & CHUNK_FLIGHT)
		c->pipe -= chunk_end(k) - k->seq;
	if (!(k->marks & CHUNK_LOST))
		c->lost++;
	k->marks = (uint8_t)((k->marks | CHUNK_LOST) & ~CHUNK_FLIGHT);
}

void tcp_recover(struct tcp_conn *c)
{
	if (c->flags & CF_RECOVERY)
		return;
	c->flags |= CF_RECOVERY;
	c->flags &= ~CF_PROBED;
	c->recover = c->snd_nxt;
	tcp_cc_loss(c);
}

uint64_t tcp_rack_mark(struct tcp_conn *c, uint64_t now)
{
	const uint64_t wait = c->rack_rtt_us * 1000ull + patience(c);
	const uint32_t lost = c->lost;
	uint64_t late = 0;
	if (!c->rack_ns)
		return 0;
	for (struct tcp_chunk *k = c->out_head; k && k != c->out_new; k = k->next) {
		if (!(k->marks & CHUNK_FLIGHT) || !later(c->rack_ns, c->rack_end, k->sent_ns, chunk_end(k)))
			continue;
		uint64_t at = k->sent_ns + wait;
		if (at <= now)
			tcp_mark_lost(c, k);
		else if (at - now > late)
			late = at - now;
	}
	if (c->lost != lost)
		tcp_recover(c);
	return late;
}
