/* SPDX-License-Identifier: Apache-2.0 */
/* Segments that arrive (RFC 9293 §3.10.7). */
#include "dataplane/net/pkt.h"
#include "dataplane/net/tcp_ack.h"
#include "dataplane/net/tcp_cc.h"
#include "dataplane/net/tcp_out.h"
#include "dataplane/net/tcp_rack.h"
#include "dataplane/net/tcp_reass.h"
#include "dataplane/net/tcp_sum.h"
#include "dataplane/net/tcp_syn.h"
#include "dataplane/net/tcp_timer.h"
#include "dataplane/net/tcp_wait.h"

#define FETCH_BYTES 384u /* of a chunk: head and a short message */

/* ---- first: is it within the window? ---- */

/* Everything in it was here before: tell so, for the far side seems not to know. */
static void duplicate(struct tcp_conn *c, const struct tcp_seg *s, uint64_t now)
{
	if (s->flags & TCP_RST)
		return;
	if (!seg_space(s)) {
		tcp_challenge(c, now);
		return;
	}
	c->flags |= CF_ACK_NOW;
	if (s->len) {
		c->flags |= CF_DSACK;
		c->dsack = (struct tcp_range){s->seq, s->seq + s->len};
	}
	tcp_work(c);
}

static void outside(struct tcp_conn *c, const struct tcp_seg *s, uint64_t now)
{
	stat_inc(c->t->stats, STAT_drop_tcp_window);
	if (!(s->flags & TCP_RST))
		tcp_challenge(c, now);
}

static void cut_front(struct tcp_conn *c, struct tcp_seg *s)
{
	uint32_t n = c->rcv_nxt - s->seq;
	if (s->flags & TCP_SYN) {
		s->flags &= (uint8_t)~TCP_SYN;
		s->seq++;
		n--;
	}
	if (n) {
		c->flags |= CF_DSACK;
		c->dsack = (struct tcp_range){s->seq, c->rcv_nxt};
	}
	s->seq += n;
	s->data += n;
	s->len = (uint16_t)(s->len - n);
}

/* The part of it that is new and that we can take is left in s. False: nothing, and that is answered. */
static bool acceptable(struct tcp_conn *c, struct tcp_seg *s, uint64_t now)
{
	const uint32_t end = s->seq + seg_space(s);
	if (seq_lt(s->seq, c->rcv_nxt)) {
		if (seq_le(end, c->rcv_nxt)) {
			duplicate(c, s, now);
			return false;
		}
		if (s->flags & TCP_RST) {
			outside(c, s, now);
			return false;
		}
		cut_front(c, s);
	}
	/* A far side that has filled the window says so with the number behind it; what it acknowledges counts. */
	if (seq_lt(c->rcv_adv, s->seq)) {
		outside(c, s, now);
		return false;
	}
	if (seq_lt(c->rcv_adv, end)) {
		s->len = (uint16_t)(c->rcv_adv - s->seq < s->len ? c->rcv_adv - s->seq : s->len);
		s->flags &= (uint8_t)~TCP_FIN;
		c->flags |= CF_ACK_NOW;
		tcp_work(c);
	}
	return true;
}

/* RFC 5961 §3: only the exact number resets, another within the window is asked about. */
static void reset(struct tcp_conn *c, const struct tcp_seg *s, uint64_t now)
{
	if (s->seq != c->rcv_nxt) {
		tcp_challenge(c, now);
		return;
	}
	stat_inc(c->t->stats, STAT_tcp_resets_in);
	tcp_conn_end(c, TCP_WHY_RESET, false, now);
}

/* ---- the handshake ---- */

static void opened(struct tcp_conn *c, uint64_t now)
{
	struct tcp *t = c->t;
	(void)tcp_event(c, TCP_EV_OPEN);
	tcp_cc_init(c);
	tcp_conn_touch(c, now);
	c->fack = c->snd_una;
	c->idle_at = now + t->conf.keepalive_ms * TCP_MS;
	stat_inc(t->stats, STAT_tcp_opened);
	tcp_work(c);
	if (c->flags & CF_CLOSE) { /* it was closed before it was open: the FIN waits in the output */
		(void)tcp_event(c, TCP_EV_CLOSE);
		return;
	}
	bool told = c->flags & CF_TOLD;
	c->flags |= CF_TOLD;
	if (t->ops.open(t->ops.ctx, c, now) || c->state == TCP_CLOSED)
		return;
	if (!told)
		c->flags &= ~CF_TOLD;
	tcp_conn_end(c, TCP_WHY_ABORTED, true, now);
}

static void take_offer(struct tcp_conn *c, const struct tcp_seg *s)
{
	struct tcp_offer o = {.iss = c->iss,
	    .irs = s->seq,
	    .mss = s->mss ? s->mss : TCP_MSS_MIN,
	    .scale = s->scale,
	    .sack = s->sack_ok};
	tcp_agree(c, &o);
	c->snd_wl1 = s->seq;
	c->snd_wl2 = s->ack;
	c->snd_wnd = c->snd_wnd_max = s->wnd;
}

/* §3.10.7.3 */
static void syn_sent(struct tcp_conn *c, struct tcp_seg *s, uint64_t now)
{
	bool ack = s->flags & TCP_ACK;
	if (ack && s->ack != c->iss + 1) {
		tcp_send_reset(c->t, &c->key, s, now);
		return;
	}
	if (s->flags & TCP_RST) {
		if (ack) {
			stat_inc(c->t->stats, STAT_tcp_resets_in);
			tcp_conn_end(c, TCP_WHY_REFUSED, false, now);
		}
		return;
	}
	if (!(s->flags & TCP_SYN))
		return;
	take_offer(c, s);
	s->seq++;
	s->flags &= (uint8_t)~TCP_SYN;
	c->flags |= CF_ACK_NOW;
	tcp_work(c);
	if (ack) {
		if (tcp_ack(c, s, now))
			opened(c, now);
		return;
	}
	(void)tcp_event(c, TCP_EV_SYN); /* both called at once: our SYN goes again, with ACK */
	c->flags &= ~CF_ACK_NOW;
	if (c->out_head->marks & CHUNK_SENT)
		tcp_mark_lost(c, c->out_head);
}

/* ---- data and FIN ---- */

static bool receives(const struct tcp_conn *c)
{
	return c->state == TCP_ESTABLISHED || c->state == TCP_FIN_WAIT_1 || c->state == TCP_FIN_WAIT_2;
}

static void ack_policy(struct tcp_conn *c)
{
	c->flags |= c->rcv_nxt - c->rcv_acked >= 2u * c->mss ? CF_ACK_NOW : CF_ACK_SOON;
}

/* Beyond a hole, or while paused. */
static void keep(struct tcp_conn *c, const struct tcp_seg *s)
{
	bool ahead = s->seq != c->rcv_nxt;
	if (c->flags & CF_CLOSE) { /* nobody will read it; it may be sent again when the hole is filled */
		c->flags |= CF_ACK_NOW;
		return;
	}
	if (ahead) {
		stat_inc(c->t->stats, STAT_tcp_out_of_order);
		c->flags |= CF_ACK_NOW;
		c->ooo_last = s->seq;
	}
	if (!tcp_reass_put(c, s->seq, s->data, s->len))
		stat_inc(c->t->stats, STAT_drop_tcp_store_full);
	tcp_reass_advance(c);
}

static void data(struct tcp_conn *c, const struct tcp_seg *s, uint64_t now)
{
	struct tcp *t = c->t;
	if (s->seq != c->rcv_nxt || c->flags & CF_PAUSED) {
		keep(c, s);
		ack_policy(c);
		return;
	}
	if (c->in_head)
		c->flags |= CF_ACK_NOW; /* RFC 5681 §4.2: it fills a hole */
	c->rcv_nxt += s->len;
	c->rcv_read = c->rcv_nxt;
	if (c->in_head)
		tcp_reass_advance(c);
	ack_policy(c);
	if (!(c->flags & CF_CLOSE))
		t->ops.bytes(t->ops.ctx, c, s->data, s->len, now);
	if (c->in_head)
		tcp_reass_tell(c, now);
}

static void tell_eof(struct tcp_conn *c, uint64_t now)
{
	const struct tcp_ops *o = &c->t->ops;
	if (!(c->flags & CF_EOF) || c->flags & CF_PAUSED)
		return;
	c->flags &= ~CF_EOF;
	if (c->flags & CF_CLOSE)
		return;
	if (o->eof)
		o->eof(o->ctx, c, now);
	else
		tcp_close(c, now);
}

static void fin(struct tcp_conn *c, uint64_t now)
{
	if (!(c->flags & CF_FIN_KNOWN) || c->rcv_nxt != c->rcv_fin || !receives(c))
		return;
	c->rcv_nxt++;
	if (c->rcv_read == c->rcv_fin)
		c->rcv_read++;
	c->flags |= CF_ACK_NOW | CF_EOF;
	(void)tcp_event(c, TCP_EV_FIN);
	if (c->state != TCP_TIME_WAIT) {
		tell_eof(c, now);
		return;
	}
	tcp_send_ack(c, false, now);
	tcp_conn_end(c, TCP_WHY_CLOSED, false, now);
}

static void text(struct tcp_conn *c, struct tcp_seg *s, uint64_t now)
{
	if (s->flags & TCP_FIN && !(c->flags & CF_FIN_KNOWN)) {
		c->rcv_fin = s->seq + s->len;
		c->flags |= CF_FIN_KNOWN;
	}
	if (c->flags & CF_FIN_KNOWN && seq_lt(c->rcv_fin, s->seq + s->len))
		s->len = seq_lt(s->seq, c->rcv_fin) ? (uint16_t)(c->rcv_fin - s->seq) : 0;
	if (s->len)
		data(c, s, now);
	if (c->state != TCP_CLOSED)
		fin(c, now);
	if (c->state != TCP_CLOSED)
		tcp_work(c);
}

void tcp_pause(struct tcp_conn *c, bool paused, uint64_t now)
{
	if (c->state == TCP_CLOSED || paused == !!(c->flags & CF_PAUSED))
		return;
	c->flags ^= CF_PAUSED;
	if (paused)
		return;
	uint32_t before = c->rcv_read;
	tcp_reass_tell(c, now);
	if (c->state == TCP_CLOSED || c->flags & CF_PAUSED)
		return;
	if (c->flags & CF_FIN_KNOWN && c->rcv_read == c->rcv_fin && c->rcv_nxt != c->rcv_fin)
		c->rcv_read++;
	if (c->rcv_read - before >= c->mss)
		c->flags |= CF_ACK_NOW; /* the window has opened */
	tell_eof(c, now);
	if (c->state != TCP_CLOSED)
		tcp_work(c);
}

/* ---- a segment of a connection ---- */

static void segment(struct tcp_conn *c, struct tcp_seg *s, uint64_t now)
{
	if (c->state == TCP_SYN_SENT) {
		syn_sent(c, s, now);
		return;
	}
	if (!acceptable(c, s, now))
		return;
	if (s->flags & TCP_RST) {
		reset(c, s, now);
		return;
	}
	if (s->flags & TCP_SYN) { /* RFC 5961 §4 */
		tcp_challenge(c, now);
		return;
	}
	if (!(s->flags & TCP_ACK)) {
		stat_inc(c->t->stats, STAT_drop_tcp_bad);
		return;
	}
	if (c->state == TCP_SYN_RCVD && s->ack != c->iss + 1 && s->ack != c->snd_nxt) {
		tcp_send_reset(c->t, &c->key, s, now);
		return;
	}
	if (!tcp_ack(c, s, now))
		return;
	if (c->state == TCP_SYN_RCVD)
		opened(c, now);
	tcp_conn_touch(c, now);
	if ((s->len || s->flags & TCP_FIN) && receives(c))
		text(c, s, now);
}

/* ---- whose is it? ---- */

static bool listens(const struct tcp *t, uint16_t port)
{
	for (uint32_t i = 0; i < t->n_ports; i++)
		if (t->ports[i] == port)
			return true;
	return false;
}

/* No connection has it: TIME-WAIT, half-open, new, or nothing of ours. */
static struct tcp_conn *stranger(
    struct tcp *t, const struct tcp_key *key, uint64_t hash, const struct tcp_seg *s, uint64_t now)
{
	uint32_t above;
	const uint32_t *after = NULL;
	struct tcp_wait *w = tcp_wait_find(t, key, hash);
	if (w && !tcp_wait_segment(t, w, hash, s, &above, now))
		return NULL;
	if (w)
		after = &above;
	struct tcp_syn *y = tcp_syn_find(t, key, hash);
	if (y)
		return tcp_syn_segment(t, y, s, now);
	uint8_t kind = s->flags & (TCP_SYN | TCP_ACK | TCP_RST);
	bool quiet = false;
	if (listens(t, key->lport) && kind == TCP_SYN) {
		tcp_syn_input(t, key, hash, s, after, now);
		return NULL;
	}
	if (listens(t, key->lport) && kind == TCP_ACK) {
		struct tcp_conn *c = tcp_syn_cookie(t, key, hash, s, &quiet, now);
		if (c)
			return c;
	}
	stat_inc(t->stats, STAT_drop_tcp_port);
	if (!quiet)
		tcp_send_reset(t, key, s, now);
	return NULL;
}

static bool sum_ok(const struct tcp_key *key, const struct pkt *p)
{
	return cksum_fold(cksum_add(tcp_pseudo(key, p->len), p->data, p->len)) == 0;
}

/* ---- what will arrive soon ---- */

void tcp_soon_key(struct tcp *t, const struct tcp_key *key, const uint8_t *seg)
{
	if (t->n_soon == TCP_SOON)
		return;
	uint64_t hash = tcp_key_hash(&t->hash, key);
	t->soon[t->n_soon++] = (struct tcp_soon){seg, hash, TABLE_NONE};
	table_fetch(t->conn_tab, hash);
}

static void fetch_conns(struct tcp *t)
{
	for (uint32_t i = 0; i < t->n_soon; i++) {
		uint32_t at = 0;
		t->soon[i].idx = table_next(t->conn_tab, t->soon[i].hash, &at);
		if (t->soon[i].idx == TABLE_NONE)
			continue;
		const uint8_t *c = t->conns.mem + (size_t)t->soon[i].idx * t->conns.obj_bytes;
		for (uint32_t n = 0; n < sizeof(struct tcp_conn); n += 64)
			__builtin_prefetch(c + n, 1);
	}
}

/* The answer goes into the chunk that the request acknowledges: the first to be free then. */
static void fetch_chunks(struct tcp *t)
{
	for (uint32_t i = 0; i < t->n_soon; i++) {
		if (t->soon[i].idx == TABLE_NONE)
			continue;
		const struct tcp_conn *c =
		    (void *)(t->conns.mem + (size_t)t->soon[i].idx * t->conns.obj_bytes);
		const uint8_t *k = (const void *)c->out_head;
		for (uint32_t n = 0; k && n < FETCH_BYTES; n += 64)
			__builtin_prefetch(k + n, 1);
	}
}

void tcp_soon_fetch(struct tcp *t)
{
	fetch_conns(t);
	fetch_chunks(t);
	t->at_soon = 0;
}

static uint64_t hash_of(struct tcp *t, const struct tcp_key *key, const uint8_t *seg)
{
	if (t->at_soon < t->n_soon && t->soon[t->at_soon].seg == seg) {
		uint64_t hash = t->soon[t->at_soon++].hash;
		if (t->at_soon == t->n_soon)
			t->n_soon = t->at_soon = 0;
		return hash;
	}
	t->n_soon = t->at_soon = 0; /* something else came: they are not asked about any more */
	return tcp_key_hash(&t->hash, key);
}

void tcp_input(struct tcp *t, struct pkt *p, const struct ip_addr *src, const struct ip_addr *dst, bool sums,
    uint64_t now)
{
	struct tcp_seg s;
	struct tcp_key key;
	bool ok = tcp_seg_read(&s, p->data, p->len) && s.sport && s.dport;
	if (ok) {
		tcp_key_make(&key, dst, s.dport, src, s.sport);
		ok = !sums || sum_ok(&key, p);
	}
	if (!ok) {
		stat_inc(t->stats, STAT_drop_tcp_bad);
		pkt_put(p);
		return;
	}
	stat_inc(t->stats, STAT_tcp_segs_in);
	uint64_t hash = hash_of(t, &key, p->data);
	struct tcp_conn *c = tcp_conn_find(t, &key, hash);
	if (!c)
		c = stranger(t, &key, hash, &s, now);
	if (c)
		segment(c, &s, now);
	pkt_put(p);
}
