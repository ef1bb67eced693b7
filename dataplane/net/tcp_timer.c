/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tcp_timer.h"

#include "dataplane/net/tcp_cc.h"
#include "dataplane/net/tcp_out.h"
#include "dataplane/net/tcp_rack.h"

#define KEEP_GAP    (15000 * TCP_MS)
#define KEEP_PROBES 4u
#define BACKOFF_MAX 16u
#define BLACK_HOLE  3u /* timeouts in a row after which large segments are suspected (RFC 2923) */

/* ---- how long ---- */

void tcp_rtt_sample(struct tcp_conn *c, uint64_t rtt_ns)
{
	uint32_t us = rtt_ns < 1000          ? 1
	              : rtt_ns > TCP_RTO_MAX ? (uint32_t)(TCP_RTO_MAX / 1000)
	                                     : (uint32_t)(rtt_ns / 1000);
	if (!c->srtt_us) {
		c->srtt_us = us;
		c->rttvar_us = us / 2;
		c->rtt_min_us = us;
		return;
	}
	uint32_t off = us > c->srtt_us ? us - c->srtt_us : c->srtt_us - us;
	c->rttvar_us = (uint32_t)((3ull * c->rttvar_us + off) / 4);
	c->srtt_us = (uint32_t)((7ull * c->srtt_us + us) / 8);
	if (!c->srtt_us)
		c->srtt_us = 1;
	if (us < c->rtt_min_us)
		c->rtt_min_us = us;
}

uint64_t tcp_rto(const struct tcp_conn *c)
{
	if (!c->srtt_us)
		return TCP_RTO_INIT;
	uint64_t var = 4000ull * c->rttvar_us,
	         rto = c->srtt_us * 1000ull + (var > TCP_RTO_G ? var : TCP_RTO_G);
	return rto < TCP_RTO_MIN ? TCP_RTO_MIN : rto > TCP_RTO_MAX ? TCP_RTO_MAX : rto;
}

static uint64_t backed_off(const struct tcp_conn *c, uint32_t times)
{
	uint64_t ns = tcp_rto(c) << (times < BACKOFF_MAX ? times : BACKOFF_MAX);
	return ns < TCP_RTO_MAX ? ns : TCP_RTO_MAX;
}

/* RFC 8985 §7.2: twice the round trip, and when only one segment is out the time others delay their ACK. */
static uint64_t probe_wait(const struct tcp_conn *c)
{
	uint64_t ns = 2000ull * c->srtt_us, rto = tcp_rto(c);
	if (c->out_head->next == c->out_new)
		ns += TCP_FAR_ACK;
	if (ns < TCP_RTO_G)
		ns = TCP_RTO_G;
	return ns < rto ? ns : rto;
}

static uint64_t patience(const struct tcp_conn *c)
{
	return (tcp_synced(c) ? c->t->conf.user_timeout_ms : c->t->conf.connect_ms) * TCP_MS;
}

/* The probe is armed during recovery as well, which RFC 8985 does not ask for: a far side that waits for a segment that was
 * lost twice sends nothing that would let us send more, and only a probe's SACK tells it from a long round trip. */
void tcp_rtx_set(struct tcp_conn *c, uint64_t now)
{
	uint64_t wait;
	if (!c->out_head) {
		c->rtx = TCP_RTX_NONE;
		c->rtx_at = TCP_NEVER;
		return;
	}
	if (c->snd_una == c->snd_nxt) {
		c->rtx = TCP_RTX_PERSIST;
		wait = backed_off(c, c->persists);
	} else if (c->flags & CF_SACK && c->srtt_us && !(c->flags & (CF_RTO | CF_PROBED)) && !c->backoff) {
		c->rtx = TCP_RTX_PROBE;
		wait = probe_wait(c);
	} else {
		c->rtx = TCP_RTX_RTO;
		wait = backed_off(c, c->backoff);
	}
	uint64_t end = c->progress_ns + patience(c);
	c->rtx_at = now + wait < end || end <= now ? now + wait : end;
}

/* ---- what happens then ---- */

static bool given_up(struct tcp_conn *c, uint64_t now)
{
	if (now - c->progress_ns < patience(c))
		return false;
	stat_inc(c->t->stats, STAT_tcp_timeouts);
	tcp_conn_end(c, TCP_WHY_TIMEOUT, true, now);
	return true;
}

static void forget_sacks(struct tcp_conn *c)
{
	for (struct tcp_chunk *k = c->out_head; k && k != c->out_new; k = k->next)
		k->marks &= (uint8_t)~CHUNK_SACKED;
	c->sacked = 0;
}

static void on_rto(struct tcp_conn *c, uint64_t now)
{
	if (given_up(c, now))
		return;
	stat_inc(c->t->stats, STAT_tcp_rtos);
	/* RFC 2018 §8: whoever said to have the head and does not acknowledge it has dropped what it had. */
	if (c->sacked && (c->backoff || c->out_head->marks & CHUNK_SACKED))
		forget_sacks(c);
	for (struct tcp_chunk *k = c->out_head; k && k != c->out_new; k = k->next)
		if (!(k->marks & (CHUNK_SACKED | CHUNK_LOST)))
			tcp_mark_lost(c, k);
	if (!(c->flags & CF_RTO))
		tcp_cc_timeout(c);
	c->cwnd = c->mss;
	c->recover = c->snd_nxt;
	c->flags |= CF_RECOVERY | CF_RTO;
	c->flags &= ~(CF_PROBED | CF_PROBE_OLD);
	if (++c->backoff == BLACK_HOLE && c->mss > TCP_MSS_MIN && tcp_synced(c))
		c->mss = TCP_MSS_MIN;
	tcp_rtx_set(c, now);
}

/* What they do not have; what they have they may still forget, but then the timeout finds it. */
static struct tcp_chunk *last_missing(const struct tcp_conn *c)
{
	struct tcp_chunk *last = c->out_head;
	for (struct tcp_chunk *k = last; k != c->out_new; k = k->next)
		if (!(k->marks & CHUNK_SACKED))
			last = k;
	return last->marks & CHUNK_SACKED ? NULL : last;
}

static void on_probe(struct tcp_conn *c, uint64_t now)
{
	if (given_up(c, now))
		return;
	struct tcp_chunk *k = c->out_new;
	if (k && chunk_end(k) - c->snd_una > c->snd_wnd)
		k = NULL;
	c->flags |= CF_PROBED;
	if (!k) {
		k = last_missing(c);
		c->flags |= CF_PROBE_OLD;
	}
	stat_inc(c->t->stats, STAT_tcp_probes);
	if (k)
		(void)tcp_send_chunk(c, k, now);
	c->probe_end = c->snd_nxt;
	tcp_rtx_set(c, now);
}

static void on_reorder(struct tcp_conn *c, uint64_t now)
{
	uint64_t late = tcp_rack_mark(c, now);
	tcp_rtx_set(c, now);
	if (late) {
		c->rtx = TCP_RTX_REORDER;
		c->rtx_at = now + late;
	}
}

/* A window too small for the next chunk and nothing to be acknowledged: what fits, else a probe. */
static void on_persist(struct tcp_conn *c, uint64_t now)
{
	if (given_up(c, now))
		return;
	c->persists++;
	stat_inc(c->t->stats, STAT_tcp_persists);
	if (!tcp_synced(c)) { /* there was no packet for the SYN */
		tcp_rtx_set(c, now);
		return;
	}
	bool part = c->snd_wnd && c->out_new &&
	            tcp_chunk_cut(c, c->out_new, (uint16_t)(c->snd_wnd < 65535 ? c->snd_wnd : 65535));
	if (!part && (!c->out_new || chunk_end(c->out_new) - c->snd_una > c->snd_wnd))
		tcp_send_ack(c, true, now);
	tcp_rtx_set(c, now);
}

static void on_rtx(struct tcp_conn *c, uint64_t now)
{
	static void (*const on[])(struct tcp_conn *, uint64_t) = {[TCP_RTX_RTO] = on_rto,
	    [TCP_RTX_PROBE] = on_probe,
	    [TCP_RTX_REORDER] = on_reorder,
	    [TCP_RTX_PERSIST] = on_persist};
	c->rtx_at = TCP_NEVER;
	if (c->rtx != TCP_RTX_NONE)
		on[c->rtx](c, now);
}

static void on_ack(struct tcp_conn *c)
{
	c->ack_at = TCP_NEVER;
	if (c->flags & CF_ACK_SOON)
		c->flags |= CF_ACK_NOW;
}

/* What was not to be had, a packet or room, may be there now; tcp_flush sees to the packet. */
static void on_again(struct tcp_conn *c, uint64_t now)
{
	c->again_at = TCP_NEVER;
	if (c->flags & CF_ROOM && !c->out_head && !(c->flags & CF_CLOSE)) {
		c->flags &= ~CF_ROOM;
		if (c->t->ops.room)
			c->t->ops.room(c->t->ops.ctx, c, now);
	}
}

/* RFC 9293 §3.8.4; and the end of the wait for a FIN that does not come. */
static void on_idle(struct tcp_conn *c, uint64_t now)
{
	uint64_t quiet = c->heard_ns + c->t->conf.keepalive_ms * TCP_MS;
	c->idle_at = TCP_NEVER;
	if (c->state == TCP_FIN_WAIT_2) {
		tcp_conn_end(c, TCP_WHY_CLOSED, true, now);
		return;
	}
	if (quiet > now) {
		c->keep_probes = 0;
		c->idle_at = quiet;
		return;
	}
	if (c->keep_probes++ == KEEP_PROBES) {
		stat_inc(c->t->stats, STAT_tcp_timeouts);
		tcp_conn_end(c, TCP_WHY_TIMEOUT, true, now);
		return;
	}
	tcp_send_ack(c, true, now);
	c->idle_at = now + KEEP_GAP;
}

static void on_timer(void *ctx, struct wtimer *timer, uint64_t now)
{
	struct tcp_conn *c = (void *)((char *)timer - offsetof(struct tcp_conn, timer));
	if (c->rtx_at <= now)
		on_rtx(c, now);
	if (c->state != TCP_CLOSED && c->ack_at <= now)
		on_ack(c);
	if (c->state != TCP_CLOSED && c->again_at <= now)
		on_again(c, now);
	if (c->state != TCP_CLOSED && c->idle_at <= now)
		on_idle(c, now);
	if (c->state == TCP_CLOSED)
		return;
	tcp_timer_set(c);
	tcp_work(c);
}

void tcp_timer_set(struct tcp_conn *c)
{
	uint64_t at = c->rtx_at < c->ack_at ? c->rtx_at : c->ack_at;
	at = c->idle_at < at ? c->idle_at : at;
	at = c->again_at < at ? c->again_at : at;
	if (c->state == TCP_CLOSED) /* its memory may serve another soon */
		return;
	if (at != TCP_NEVER && (!wtimer_armed(&c->timer) || at < c->timer.at))
		wheel_arm(c->t->wheel, &c->timer, at, on_timer);
}

void tcp_again(struct tcp_conn *c, uint64_t at)
{
	if (c->again_at > at)
		c->again_at = at;
}
