/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tcp_ack.h"

#include "dataplane/net/tcp_cc.h"
#include "dataplane/net/tcp_out.h"
#include "dataplane/net/tcp_rack.h"
#include "dataplane/net/tcp_timer.h"

#define DUP_THRESH 3u
#define REO_STEPS  16u

struct heard {           /* by one segment */
	uint32_t bytes;  /* newly acknowledged or sacked */
	uint64_t rtt_ns; /* of the last chunk that was sent once; 0: none */
	bool all_once;   /* … and no newly acknowledged chunk was sent twice */
	bool dsack, sacked, full;
};

static void arrived(struct tcp_conn *c, struct tcp_chunk *k, struct heard *h, uint64_t now)
{
	if (k->marks & CHUNK_FLIGHT)
		c->pipe -= chunk_end(k) - k->seq;
	if (k->marks & CHUNK_LOST)
		c->lost--;
	if (!(k->marks & CHUNK_AGAIN)) {
		uint64_t rtt = now - k->sent_ns;
		h->rtt_ns = rtt ? rtt : 1;
	} else {
		h->all_once = false;
	}
	if (c->flags & CF_SACK)
		tcp_rack_sample(c, k, now);
	k->marks &= (uint8_t) ~(CHUNK_FLIGHT | CHUNK_LOST);
}

/* A hole that is filled by what was sent only once was late, not lost. */
static void see_order(struct tcp_conn *c, const struct tcp_chunk *k)
{
	uint32_t end = chunk_end(k);
	if (seq_lt(c->fack, end))
		c->fack = end;
	else if (end != c->fack && !(k->marks & CHUNK_AGAIN))
		c->flags |= CF_REORDERED;
}

/* ---- cumulative ---- */

static void cut_front(struct tcp_conn *c, struct tcp_chunk *k, uint32_t n)
{
	if (k->marks & CHUNK_FLIGHT)
		c->pipe -= n;
	k->off = (uint16_t)(k->off + n);
	k->len = (uint16_t)(k->len - n);
	k->seq += n;
}

static void cumulative(struct tcp_conn *c, uint32_t ack, struct heard *h, uint64_t now)
{
	struct tcp_chunk *k;
	while ((k = c->out_head) && k != c->out_new && seq_le(chunk_end(k), ack)) {
		if (k->marks & CHUNK_SACKED) {
			c->sacked--;
		} else {
			arrived(c, k, h, now);
			if (c->flags & CF_SACK)
				see_order(c, k);
		}
		c->out_head = k->next;
		if (!c->out_head)
			c->out_tail = NULL;
		tcp_chunk_put_out(c, k);
	}
	if (k && k != c->out_new && seq_lt(k->seq, ack))
		cut_front(c, k, ack - k->seq);
	h->bytes += ack - c->snd_una;
	c->snd_una = ack;
	if (seq_lt(c->fack, ack))
		c->fack = ack;
	c->progress_ns = now;
	c->backoff = c->persists = 0;
	c->dup_acks = 0;
}

/* ---- selective ---- */

static bool is_dsack(const struct tcp_seg *s)
{
	const struct tcp_range *a = &s->sack[0], *b = &s->sack[1];
	return seq_le(a->to, s->ack) || (s->n_sack > 1 && seq_le(b->from, a->from) && seq_le(a->to, b->to));
}

static bool covered(const struct tcp_seg *s, uint32_t first, const struct tcp_chunk *k)
{
	for (uint32_t i = first; i < s->n_sack; i++)
		if (seq_le(s->sack[i].from, k->seq) && seq_le(chunk_end(k), s->sack[i].to))
			return true;
	return false;
}

/* Ranges beyond what was sent name no chunk; nothing else has to be checked of them. */
static void selective(struct tcp_conn *c, const struct tcp_seg *s, struct heard *h, uint64_t now)
{
	h->dsack = is_dsack(s);
	uint32_t first = h->dsack ? 1 : 0, end = c->snd_una;
	for (uint32_t i = first; i < s->n_sack; i++)
		if (seq_lt(end, s->sack[i].to))
			end = s->sack[i].to;
	for (struct tcp_chunk *k = c->out_head; k && k != c->out_new && seq_lt(k->seq, end); k = k->next) {
		if (k->marks & CHUNK_SACKED || !covered(s, first, k))
			continue;
		arrived(c, k, h, now);
		see_order(c, k);
		k->marks |= CHUNK_SACKED;
		c->sacked++;
		h->sacked = true;
		h->bytes += chunk_end(k) - k->seq;
	}
	if (h->dsack && c->reo_steps < REO_STEPS) { /* something was sent again in vain: wait longer */
		c->reo_steps++;
		c->flags |= CF_REORDERED;
	}
}

/* ---- what follows ---- */

static void set_window(struct tcp_conn *c, const struct tcp_seg *s)
{
	if (!seq_lt(c->snd_wl1, s->seq) && !(c->snd_wl1 == s->seq && seq_le(c->snd_wl2, s->ack)))
		return;
	c->snd_wnd = (uint32_t)s->wnd << (s->flags & TCP_SYN ? 0 : c->scale_in);
	c->snd_wl1 = s->seq;
	c->snd_wl2 = s->ack;
	if (c->snd_wnd > c->snd_wnd_max)
		c->snd_wnd_max = c->snd_wnd;
}

/* RFC 8985 §7.4: a probe that repeated old data and was not reported as a duplicate has repaired a loss. */
static void settle_probe(struct tcp_conn *c, const struct heard *h)
{
	if (!(c->flags & CF_PROBED) || seq_lt(c->snd_una, c->probe_end))
		return;
	bool old = c->flags & CF_PROBE_OLD;
	if (old && !h->dsack && c->snd_una == c->probe_end && c->snd_una != c->snd_nxt)
		return;
	c->flags &= ~(CF_PROBED | CF_PROBE_OLD);
	if (old && !h->dsack && c->snd_una != c->probe_end)
		tcp_recover(c);
}

static void end_recovery(struct tcp_conn *c)
{
	if (!(c->flags & CF_RECOVERY) || seq_lt(c->snd_una, c->recover))
		return;
	c->flags &= ~(CF_RECOVERY | CF_RTO);
	if (c->reo_steps)
		c->reo_steps--;
}

/* Without SACK: the head is lost after three duplicates, and during recovery whenever an ACK goes only part of the way. */
static void without_sack(struct tcp_conn *c, const struct tcp_seg *s, const struct heard *h)
{
	if (c->flags & CF_SACK || !c->out_head || c->out_head == c->out_new)
		return;
	bool dup = !h->bytes && s->len == 0 && s->ack == c->snd_una;
	if (dup)
		c->dup_acks++;
	bool part = h->bytes && c->flags & CF_RECOVERY && !(c->flags & CF_RTO);
	if ((dup && c->dup_acks == DUP_THRESH && !(c->flags & CF_RECOVERY)) ||
	    (part && !(c->out_head->marks & CHUNK_AGAIN))) {
		tcp_mark_lost(c, c->out_head);
		tcp_recover(c);
	}
}

static void grow(struct tcp_conn *c, const struct heard *h, uint64_t now)
{
	bool slow = !(c->flags & CF_RECOVERY) || (c->flags & CF_RTO && c->cwnd < c->ssthresh);
	if (h->full && slow && h->bytes)
		tcp_cc_ack(c, h->bytes, now);
}

/* Our FIN is the last of what was written. */
static void fin_acked(struct tcp_conn *c, uint64_t now)
{
	if (!(c->flags & CF_CLOSE) || c->flags & CF_FIN_DUE || c->out_head)
		return;
	if (c->state == TCP_LAST_ACK) {
		tcp_conn_end(c, TCP_WHY_CLOSED, false, now);
		return;
	}
	if (c->state != TCP_FIN_WAIT_1 && c->state != TCP_CLOSING)
		return;
	(void)tcp_event(c, TCP_EV_FIN_ACKED);
	if (c->state == TCP_FIN_WAIT_2)
		c->idle_at = now + c->t->conf.wait_ms * TCP_MS;
	else
		tcp_conn_end(c, TCP_WHY_CLOSED, false, now);
}

static void tell_room(struct tcp_conn *c, uint64_t now)
{
	if (!(c->flags & CF_ROOM) || c->flags & CF_CLOSE)
		return;
	c->flags &= ~CF_ROOM;
	if (c->t->ops.room)
		c->t->ops.room(c->t->ops.ctx, c, now);
}

static void news(struct tcp_conn *c, const struct tcp_seg *s, struct heard *h, uint64_t now)
{
	uint64_t late = 0;
	if (h->rtt_ns && h->all_once)
		tcp_rtt_sample(c, h->rtt_ns);
	settle_probe(c, h);
	without_sack(c, s, h);
	if (c->flags & CF_SACK && c->snd_una != c->snd_nxt)
		late = tcp_rack_mark(c, now);
	end_recovery(c);
	grow(c, h, now);
	if (h->bytes)
		tcp_rtx_set(c, now);
	if (late) {
		c->rtx = TCP_RTX_REORDER;
		c->rtx_at = now + late;
	}
}

bool tcp_ack(struct tcp_conn *c, const struct tcp_seg *s, uint64_t now)
{
	struct heard h = {.all_once = true};
	if (seq_lt(c->snd_nxt, s->ack) || seq_lt(s->ack, c->snd_una - c->snd_wnd_max)) {
		stat_inc(c->t->stats, STAT_drop_tcp_window);
		tcp_challenge(c, now);
		return false;
	}
	/* Was the window used? Only then may it grow (RFC 5681, RFC 7661). */
	h.full = c->pipe + c->mss >= c->cwnd || (c->cwnd < c->ssthresh && c->pipe * 2 >= c->cwnd);
	uint32_t wnd = c->snd_wnd;
	if (seq_lt(c->snd_una, s->ack))
		cumulative(c, s->ack, &h, now);
	if (s->n_sack && c->flags & CF_SACK)
		selective(c, s, &h, now);
	set_window(c, s);
	if (c->out_head || h.bytes) {
		news(c, s, &h, now);
		tcp_work(c);
	}
	if (c->rtx == TCP_RTX_PERSIST && c->snd_wnd > wnd)
		tcp_rtx_set(c, now);
	if (h.bytes) {
		tell_room(c, now);
		fin_acked(c, now);
	}
	return true;
}
