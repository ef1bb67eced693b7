/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tcp_wait.h"

#include "dataplane/net/tcp_out.h"

static void on_timer(void *ctx, struct wtimer *timer, uint64_t now);

static struct tcp_wait *at(const struct tcp *t, uint32_t i)
{
	return i == POOL_NONE ? NULL : pool_at(&t->waits, i);
}

static void push(struct tcp *t, struct tcp_wait *w, uint64_t now)
{
	uint32_t i = pool_index(&t->waits, w);
	w->until_ms = (uint32_t)(now / TCP_MS) + t->conf.wait_ms;
	w->prev = t->wait_tail;
	w->next = POOL_NONE;
	if (w->prev != POOL_NONE)
		at(t, w->prev)->next = i;
	else
		t->wait_head = i;
	t->wait_tail = i;
	if (!wtimer_armed(&t->wait_timer))
		wheel_arm(t->wheel, &t->wait_timer, now + t->conf.wait_ms * TCP_MS, on_timer);
}

static void unlink_wait(struct tcp *t, struct tcp_wait *w)
{
	if (w->prev != POOL_NONE)
		at(t, w->prev)->next = w->next;
	else
		t->wait_head = w->next;
	if (w->next != POOL_NONE)
		at(t, w->next)->prev = w->prev;
	else
		t->wait_tail = w->prev;
}

static void drop(struct tcp *t, struct tcp_wait *w)
{
	unlink_wait(t, w);
	(void)table_del(t->wait_tab, tcp_key_hash(&t->hash, &w->key), pool_index(&t->waits, w));
	pool_put(&t->waits, w);
}

static void on_timer(void *ctx, struct wtimer *timer, uint64_t now)
{
	struct tcp *t = (void *)((char *)timer - offsetof(struct tcp, wait_timer));
	uint32_t ms = (uint32_t)(now / TCP_MS);
	struct tcp_wait *w;
	while ((w = at(t, t->wait_head)) && (int32_t)(w->until_ms - ms) <= 0)
		drop(t, w);
	if (w)
		wheel_arm(t->wheel, timer, now + (uint64_t)(w->until_ms - ms) * TCP_MS, on_timer);
}

void tcp_wait_enter(struct tcp_conn *c, uint64_t now)
{
	struct tcp *t = c->t;
	struct tcp_wait *w = pool_get(&t->waits);
	if (!w) {
		stat_inc(t->stats, STAT_tcp_waits_cut);
		drop(t, at(t, t->wait_head));
		w = pool_get(&t->waits);
	}
	assert(w);
	*w = (struct tcp_wait){.key = c->key, .snd_nxt = c->snd_nxt, .rcv_nxt = c->rcv_nxt};
	int rc = table_put(t->wait_tab, c->hash, pool_index(&t->waits, w));
	assert(rc == 0);
	push(t, w, now);
}

struct tcp_wait *tcp_wait_find(const struct tcp *t, const struct tcp_key *key, uint64_t hash)
{
	for (uint32_t from = 0, i; (i = table_next(t->wait_tab, hash, &from)) != TABLE_NONE;) {
		struct tcp_wait *w = pool_at(&t->waits, i);
		if (tcp_key_eq(&w->key, key))
			return w;
	}
	return NULL;
}

static void answer(struct tcp *t, const struct tcp_wait *w, uint64_t now)
{
	struct tcp_seg s = {
	    .seq = w->snd_nxt, .ack = w->rcv_nxt, .flags = TCP_ACK, .scale = TCP_NO_SCALE, .wnd = 0};
	if (rate_take(&t->rst_rate, TCP_BARE_RATE, TCP_BARE_BURST, now))
		tcp_send_bare(t, &w->key, &s, now);
}

bool tcp_wait_segment(
    struct tcp *t, struct tcp_wait *w, uint64_t hash, const struct tcp_seg *s, uint32_t *above, uint64_t now)
{
	if (s->flags & TCP_RST) /* RFC 1337: it does not end the wait */
		return false;
	if ((s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && seq_lt(w->rcv_nxt, s->seq)) {
		*above = w->snd_nxt;
		drop(t, w);
		return true;
	}
	if (s->flags & TCP_FIN) { /* our last ACK was lost: 2 MSL from here */
		unlink_wait(t, w);
		push(t, w, now);
	}
	if (seg_space(s) > 0)
		answer(t, w, now);
	return false;
}
