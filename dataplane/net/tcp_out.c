/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tcp_out.h"

#include "dataplane/net/cksum.h"
#include "dataplane/net/pkt.h"
#include "dataplane/net/tcp_cc.h"
#include "dataplane/net/tcp_reass.h"
#include "dataplane/net/tcp_sum.h"
#include "dataplane/net/tcp_timer.h"

#define CHALLENGE_GAP (100 * TCP_MS)

/* ---- onto the wire ---- */

/* The packet has its header; data follows it. Checksum, then away. */
static void leave(struct tcp *t, const struct tcp_key *key, struct pkt *p, bool df, uint64_t now)
{
	cksum_store(p->data + 16, cksum_fold(cksum_add(tcp_pseudo(key, p->len), p->data, p->len)));
	stat_inc(t->stats, STAT_tcp_segs_out);
	t->ops.output(t->ops.ctx, p, key, df, now);
}

/* A header without data. False: no packet. */
static bool send_header(struct tcp *t, const struct tcp_key *key, struct tcp_seg *s, uint64_t now)
{
	struct pkt *p = t->ops.alloc(t->ops.ctx);
	if (!p)
		return false;
	s->sport = key->lport;
	s->dport = key->rport;
	p->len = tcp_seg_hdr(s);
	tcp_seg_write(s, p->data);
	leave(t, key, p, true, now);
	return true;
}

void tcp_send_bare(struct tcp *t, const struct tcp_key *key, const struct tcp_seg *s, uint64_t now)
{
	struct tcp_seg copy = *s;
	(void)send_header(t, key, &copy, now);
}

void tcp_send_reset(struct tcp *t, const struct tcp_key *key, const struct tcp_seg *s, uint64_t now)
{
	struct tcp_seg r = {.flags = TCP_RST, .scale = TCP_NO_SCALE};
	if (s->flags & TCP_RST || !rate_take(&t->rst_rate, TCP_BARE_RATE, TCP_BARE_BURST, now))
		return;
	if (s->flags & TCP_ACK) {
		r.seq = s->ack;
	} else {
		r.flags |= TCP_ACK;
		r.ack = s->seq + seg_space(s);
	}
	stat_inc(t->stats, STAT_tcp_resets_out);
	tcp_send_bare(t, key, &r, now);
}

/* ---- what a connection says of its input ---- */

/* The window in bytes from rcv_nxt. Its right edge moves in steps worth an ACK (RFC 9293 §3.8.6.2.2) and never back. */
static uint32_t window(struct tcp_conn *c)
{
	uint32_t held = c->rcv_nxt - c->rcv_read, all = c->t->conf.window;
	uint32_t most = 65535u << c->scale_out, room = held < all ? all - held : 0;
	uint32_t edge = c->rcv_nxt + (room < most ? room : most);
	uint32_t step = c->mss < all / 2 ? c->mss : all / 2;
	if ((int32_t)(edge - c->rcv_adv) >= (int32_t)step)
		c->rcv_adv = edge;
	return c->rcv_adv - c->rcv_nxt;
}

static void fill(struct tcp_conn *c, struct tcp_seg *s)
{
	uint32_t w = window(c) >> (s->flags & TCP_SYN ? 0 : c->scale_out);
	s->ack = c->rcv_nxt;
	s->wnd = (uint16_t)(w < 65535 ? w : 65535);
	s->scale = TCP_NO_SCALE;
}

static void acked(struct tcp_conn *c)
{
	c->flags &= ~(CF_ACK_NOW | CF_ACK_SOON);
	c->rcv_acked = c->rcv_nxt;
	c->ack_at = TCP_NEVER;
}

void tcp_send_ack(struct tcp_conn *c, bool probe, uint64_t now)
{
	struct tcp_seg s = {.seq = probe ? c->snd_una - 1 : c->snd_nxt, .flags = TCP_ACK};
	fill(c, &s);
	s.n_sack = (uint8_t)tcp_sack_blocks(c, s.sack);
	if (send_header(c->t, &c->key, &s, now)) {
		c->flags &= ~CF_DSACK;
		acked(c);
	} else {
		tcp_again(c, now + TCP_MS);
	}
}

void tcp_challenge(struct tcp_conn *c, uint64_t now)
{
	if (c->challenge_ns && now - c->challenge_ns < CHALLENGE_GAP)
		return;
	c->challenge_ns = now;
	stat_inc(c->t->stats, STAT_tcp_challenges);
	tcp_send_ack(c, false, now);
}

/* ---- data ---- */

bool tcp_chunk_cut(struct tcp_conn *c, struct tcp_chunk *k, uint16_t n)
{
	struct tcp_chunk *rest = n > 0 && n < k->len ? tcp_chunk_get_out(c) : NULL;
	if (!rest)
		return false;
	rest->len = (uint16_t)(k->len - n);
	memcpy(rest->data, k->data + k->off + n, rest->len);
	rest->seq = k->seq + n;
	rest->bits = k->bits;
	rest->marks = k->marks;
	rest->sent_ns = k->sent_ns;
	rest->next = k->next;
	k->len = n;
	k->bits = 0;
	k->next = rest;
	if (c->out_tail == k)
		c->out_tail = rest;
	if (k->marks & CHUNK_LOST)
		c->lost++;
	if (k->marks & CHUNK_SACKED)
		c->sacked++;
	return true;
}

static struct tcp_seg header_of(struct tcp_conn *c, const struct tcp_chunk *k)
{
	struct tcp_seg s = {.sport = c->key.lport, .dport = c->key.rport, .seq = k->seq, .flags = k->bits};
	if (c->state != TCP_SYN_SENT)
		s.flags |= TCP_ACK;
	if (k->len && !k->next)
		s.flags |= TCP_PSH;
	fill(c, &s);
	if (k->bits & TCP_SYN) {
		s.mss = tcp_mss(c->t, &c->key);
		/* In answer to a SYN only what that offered. */
		s.sack_ok = c->state == TCP_SYN_SENT || c->flags & CF_SACK;
		s.scale = c->state == TCP_SYN_SENT || c->scale_out ? c->t->scale : TCP_NO_SCALE;
	}
	return s;
}

static void note_sent(struct tcp_conn *c, struct tcp_chunk *k, uint64_t now)
{
	const uint32_t space = chunk_end(k) - k->seq;
	if (k->marks & CHUNK_SENT) {
		k->marks |= CHUNK_AGAIN;
		stat_inc(c->t->stats, STAT_tcp_retransmits);
	}
	if (k->marks & CHUNK_LOST)
		c->lost--;
	if (!(k->marks & CHUNK_FLIGHT))
		c->pipe += space;
	k->marks = (uint8_t)((k->marks | CHUNK_SENT | CHUNK_FLIGHT) & ~CHUNK_LOST);
	k->sent_ns = now;
	if (c->snd_una == c->snd_nxt)
		c->progress_ns = now;
	if (k == c->out_new) {
		c->out_new = k->next;
		c->snd_nxt = chunk_end(k);
	}
	c->sent_ns = now;
}

bool tcp_send_chunk(struct tcp_conn *c, struct tcp_chunk *k, uint64_t now)
{
	struct tcp *t = c->t;
	bool df = k->len <= c->mss || tcp_chunk_cut(c, k, c->mss);
	struct pkt *p = t->ops.alloc(t->ops.ctx);
	if (!p) {
		tcp_again(c, now + TCP_MS);
		return false;
	}
	struct tcp_seg s = header_of(c, k);
	uint32_t hdr = tcp_seg_hdr(&s);
	tcp_seg_write(&s, p->data);
	memcpy(p->data + hdr, k->data + k->off, k->len);
	p->len = hdr + k->len;
	note_sent(c, k, now);
	acked(c);
	leave(t, &c->key, p, df, now);
	return true;
}

/* ---- what may leave ---- */

static bool fits(const struct tcp_conn *c, const struct tcp_chunk *k)
{
	return chunk_end(k) - c->snd_una <= c->snd_wnd || k->bits & TCP_SYN;
}

/* Before the handshake is done only the SYN leaves. */
static bool allowed(const struct tcp_conn *c, const struct tcp_chunk *k)
{
	return tcp_synced(c) || k->bits & TCP_SYN;
}

/* A window that a chunk does not fit into is used when it is at least half of the largest (RFC 9293 §3.8.6.2.1). */
static bool fit_partly(struct tcp_conn *c, struct tcp_chunk *k)
{
	uint32_t before = k->seq - c->snd_una;
	if (c->snd_wnd <= before)
		return false;
	uint32_t room = c->snd_wnd - before;
	return room >= c->snd_wnd_max / 2 && room < k->len && tcp_chunk_cut(c, k, (uint16_t)room);
}

static bool room_in_flight(const struct tcp_conn *c, const struct tcp_chunk *k)
{
	return c->pipe == 0 || c->pipe + k->len <= c->cwnd;
}

static void send_lost(struct tcp_conn *c, uint64_t now)
{
	for (struct tcp_chunk *k = c->out_head; k && c->lost; k = k->next) {
		if (!(k->marks & CHUNK_LOST))
			continue;
		if (!room_in_flight(c, k) || !tcp_send_chunk(c, k, now))
			return;
	}
}

static void send_new(struct tcp_conn *c, uint64_t now)
{
	if (c->snd_una == c->snd_nxt)
		tcp_cc_idle(c, now);
	struct tcp_chunk *k;
	while ((k = c->out_new) && allowed(c, k) && room_in_flight(c, k)) {
		if (!fits(c, k) && !fit_partly(c, k))
			return;
		if (!tcp_send_chunk(c, k, now))
			return;
	}
}

void tcp_output(struct tcp_conn *c, uint64_t now)
{
	const uint32_t nxt = c->snd_nxt;
	if (c->flags & CF_FIN_DUE)
		tcp_queue_fin(c, now);
	if (c->flags & CF_ACK_NOW && (c->in_head || c->flags & CF_DSACK))
		tcp_send_ack(c, false, now); /* with SACK, for which data has no room */
	if (c->lost)
		send_lost(c, now);
	if (c->out_new && !c->lost)
		send_new(c, now);
	if (c->flags & CF_ACK_NOW)
		tcp_send_ack(c, false, now);
	else if (c->flags & CF_ACK_SOON && c->ack_at == TCP_NEVER)
		c->ack_at = now + TCP_DELACK;
	bool waits =
	    c->rtx == TCP_RTX_RTO || c->rtx == TCP_RTX_REORDER; /* RFC 6298 (5.1): new data changes nothing */
	if (!waits && (c->snd_nxt != nxt || (c->out_head && c->rtx == TCP_RTX_NONE)))
		tcp_rtx_set(c, now);
	tcp_timer_set(c);
}
