/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tcp_cc.h"

#include "dataplane/net/tcp_timer.h"

#define IW       10u /* segments */
#define BETA_10  7u  /* multiplicative decrease in tenths */
#define CWND_MAX (1u << 24)
#define SCALE    2500000000ull /* 1/C in ms³ per segment: C is 0.4 segments per s³ */
#define DIST_MAX 1000000ll     /* ms from the plateau; further out the curve is a wall */

void tcp_cc_init(struct tcp_conn *c)
{
	c->cwnd = IW * c->mss;
	c->ssthresh = CWND_MAX;
	memset(&c->cubic, 0, sizeof c->cubic);
}

static uint32_t cube_root(uint64_t x)
{
	uint64_t r = 0;
	for (int s = 63; s >= 0; s -= 3) {
		r *= 2;
		uint64_t b = 3 * r * (r + 1) + 1;
		if (x >> s >= b) {
			x -= b << s;
			r++;
		}
	}
	return (uint32_t)r;
}

static void begin_epoch(struct tcp_conn *c, uint64_t now)
{
	uint32_t gap = c->cubic.w_max > c->cwnd ? (c->cubic.w_max - c->cwnd) / c->mss : 0;
	if (c->cubic.w_max < c->cwnd)
		c->cubic.w_max = c->cwnd;
	c->cubic.k_ms = cube_root(gap * SCALE);
	c->cubic.w_est = c->cwnd;
	c->cubic.epoch_ns = now;
}

/* W_cubic at `now` plus a round trip. */
static uint64_t curve(const struct tcp_conn *c, uint64_t now)
{
	int64_t d = (int64_t)((now - c->cubic.epoch_ns) / TCP_MS + c->srtt_us / 1000) - c->cubic.k_ms;
	d = d > DIST_MAX ? DIST_MAX : d < -DIST_MAX ? -DIST_MAX : d;
	int64_t w = c->cubic.w_max + d * d * d / (int64_t)SCALE * c->mss;
	return w < (int64_t)c->cwnd ? c->cwnd : (uint64_t)w;
}

static void avoid(struct tcp_conn *c, uint32_t bytes, uint64_t now)
{
	if (!c->cubic.epoch_ns)
		begin_epoch(c, now);
	/* Reno's window: 3(1-β)/(1+β) = 9/17 of a segment a round trip until it is back where it was, then one. */
	uint64_t reno = (uint64_t)bytes * c->mss;
	c->cubic.w_est +=
	    (uint32_t)(c->cubic.w_est < c->cubic.w_max ? reno * 9 / 17 / c->cwnd : reno / c->cwnd);
	uint64_t target = curve(c, now);
	if (target > (uint64_t)c->cwnd * 3 / 2)
		target = (uint64_t)c->cwnd * 3 / 2;
	uint64_t w = c->cwnd + (target - c->cwnd) * bytes / c->cwnd;
	c->cwnd = (uint32_t)(w > c->cubic.w_est ? w : c->cubic.w_est);
}

void tcp_cc_ack(struct tcp_conn *c, uint32_t bytes, uint64_t now)
{
	if (c->cwnd < c->ssthresh)
		c->cwnd += bytes;
	else
		avoid(c, bytes, now);
	if (c->cwnd > CWND_MAX)
		c->cwnd = CWND_MAX;
}

static void cut(struct tcp_conn *c)
{
	c->cubic.w_max = c->cwnd < c->cubic.w_max ? c->cwnd / 20 * (10 + BETA_10) : c->cwnd;
	c->cubic.epoch_ns = 0;
	c->ssthresh = c->cwnd / 10 * BETA_10;
	if (c->ssthresh < 2u * c->mss)
		c->ssthresh = 2u * c->mss;
}

void tcp_cc_loss(struct tcp_conn *c)
{
	cut(c);
	c->cwnd = c->ssthresh;
}

void tcp_cc_timeout(struct tcp_conn *c)
{
	cut(c);
	c->cwnd = c->mss;
}

void tcp_cc_idle(struct tcp_conn *c, uint64_t now)
{
	if (c->sent_ns && now - c->sent_ns > tcp_rto(c) && c->cwnd > IW * c->mss)
		c->cwnd = IW * c->mss;
	c->cubic.epoch_ns = 0;
}
