/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tcp_syn.h"

#include "dataplane/net/tcp_isn.h"
#include "dataplane/net/tcp_out.h"

static void on_timer(void *ctx, struct wtimer *timer, uint64_t now);

static void send_syn_ack(struct tcp *t, const struct tcp_key *key, const struct tcp_offer *o, uint64_t now)
{
	struct tcp_seg s = {.seq = o->iss,
	    .ack = o->irs + 1,
	    .flags = TCP_SYN | TCP_ACK,
	    .wnd = (uint16_t)(t->conf.window < 65535 ? t->conf.window : 65535),
	    .mss = tcp_mss(t, key),
	    .sack_ok = o->sack,
	    .scale = o->scale == TCP_NO_SCALE ? TCP_NO_SCALE : t->scale};
	tcp_send_bare(t, key, &s, now);
}

struct tcp_syn *tcp_syn_find(const struct tcp *t, const struct tcp_key *key, uint64_t hash)
{
	for (uint32_t at = 0, i; (i = table_next(t->syn_tab, hash, &at)) != TABLE_NONE;) {
		struct tcp_syn *y = pool_at(&t->syns, i);
		if (tcp_key_eq(&y->key, key))
			return y;
	}
	return NULL;
}

static void drop(struct tcp_syn *y)
{
	struct tcp *t = y->t;
	wheel_cancel(t->wheel, &y->timer);
	(void)table_del(t->syn_tab, y->hash, pool_index(&t->syns, y));
	pool_put(&t->syns, y);
}

static void arm(struct tcp_syn *y, uint64_t now)
{
	wheel_arm(y->t->wheel, &y->timer, now + (TCP_RTO_INIT << y->tries), on_timer);
}

static void on_timer(void *ctx, struct wtimer *timer, uint64_t now)
{
	struct tcp_syn *y = (void *)((char *)timer - offsetof(struct tcp_syn, timer));
	if (y->tries++ == TCP_SYN_TRIES) {
		stat_inc(y->t->stats, STAT_tcp_syn_expired);
		drop(y);
		return;
	}
	send_syn_ack(y->t, &y->key, &y->offer, now);
	arm(y, now);
}

static bool keep(
    struct tcp *t, const struct tcp_key *key, uint64_t hash, const struct tcp_offer *o, uint64_t now)
{
	struct tcp_syn *y = pool_get(&t->syns);
	if (!y)
		return false;
	*y = (struct tcp_syn){.key = *key, .hash = hash, .t = t, .offer = *o};
	int rc = table_put(t->syn_tab, hash, pool_index(&t->syns, y));
	assert(rc == 0);
	arm(y, now);
	return true;
}

void tcp_syn_input(struct tcp *t, const struct tcp_key *key, uint64_t hash, const struct tcp_seg *s,
    const uint32_t *above, uint64_t now)
{
	struct tcp_offer o = {
	    .irs = s->seq, .mss = s->mss ? s->mss : TCP_MSS_MIN, .scale = s->scale, .sack = s->sack_ok};
	o.iss = tcp_isn(&t->isn_key, key, now);
	if (above && seq_le(o.iss, *above))
		o.iss = *above + 64000;
	if (!keep(t, key, hash, &o, now)) {
		tcp_cookie_make(&t->cookie_key, key, &o, now);
		t->cookie_ns = now;
		t->cookies = true;
		stat_inc(t->stats, STAT_tcp_cookies_out);
	}
	send_syn_ack(t, key, &o, now);
}

void tcp_agree(struct tcp_conn *c, const struct tcp_offer *o)
{
	uint16_t mss = o->mss < 64 ? 64 : o->mss, ours = tcp_mss(c->t, &c->key);
	c->mss = mss < ours ? mss : ours;
	c->scale_in = o->scale == TCP_NO_SCALE ? 0 : o->scale;
	c->scale_out = o->scale == TCP_NO_SCALE ? 0 : c->t->scale;
	if (o->sack)
		c->flags |= CF_SACK;
	c->iss = o->iss;
	c->irs = o->irs;
	c->rcv_nxt = c->rcv_read = c->rcv_acked = o->irs + 1;
	c->rcv_adv = c->rcv_nxt + (c->t->conf.window < 65535 ? c->t->conf.window : 65535);
}

static struct tcp_conn *complete(struct tcp *t, const struct tcp_key *key, uint64_t hash,
    const struct tcp_offer *o, const struct tcp_seg *s, uint64_t now)
{
	struct tcp_conn *c = tcp_conn_get(t, key, hash, now);
	if (!c)
		return NULL;
	tcp_agree(c, o);
	/* The SYN is acknowledged with what it counts, so it is in no chunk. */
	c->snd_una = c->snd_nxt = c->snd_end = o->iss + 1;
	c->snd_wl1 = s->seq;
	c->snd_wl2 = s->ack;
	c->snd_wnd = c->snd_wnd_max = (uint32_t)s->wnd << c->scale_in;
	(void)tcp_event(c, TCP_EV_ACCEPT);
	return c;
}

/* What a half-open connection does not expect is answered with what it said before, a few times. */
static void remind(struct tcp_syn *y, uint64_t now)
{
	if (!rate_take(&y->t->rst_rate, TCP_BARE_RATE, TCP_BARE_BURST, now))
		return;
	send_syn_ack(y->t, &y->key, &y->offer, now);
}

struct tcp_conn *tcp_syn_segment(struct tcp *t, struct tcp_syn *y, const struct tcp_seg *s, uint64_t now)
{
	const uint32_t ahead = s->seq - (y->offer.irs + 1);
	if (s->flags & TCP_RST) {
		if (ahead == 0)
			drop(y);
		return NULL;
	}
	if (s->flags & TCP_SYN || ahead > t->conf.window) {
		remind(y, now);
		return NULL;
	}
	if (!(s->flags & TCP_ACK))
		return NULL;
	if (s->ack != y->offer.iss + 1) {
		tcp_send_reset(t, &y->key, s, now);
		return NULL;
	}
	struct tcp_conn *c = complete(t, &y->key, y->hash, &y->offer, s, now);
	if (!c)
		tcp_send_reset(t, &y->key, s, now);
	drop(y);
	return c;
}

struct tcp_conn *tcp_syn_cookie(struct tcp *t, const struct tcp_key *key, uint64_t hash,
    const struct tcp_seg *s, bool *quiet, uint64_t now)
{
	struct tcp_offer o = {.iss = s->ack - 1, .irs = s->seq - 1};
	if (!t->cookies)
		return NULL;
	if (now - t->cookie_ns > TCP_COOKIE_LIFE_NS) {
		t->cookies = false;
		return NULL;
	}
	*quiet = true;
	if (!tcp_cookie_read(&t->cookie_key, key, &o, now))
		return NULL;
	stat_inc(t->stats, STAT_tcp_cookies_in);
	return complete(t, key, hash, &o, s, now);
}
