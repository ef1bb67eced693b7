/* SPDX-License-Identifier: Apache-2.0 */
#include "control/keepalive.h"

#include "control/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define COOKIE_KIND 0xfeull /* no tag of a call has this kind */
#define FIRST_NS    UINT64_C(200000000)
#define NS_PER_MS   UINT64_C(1000000)

struct watched {
	struct keepalive *of;
	struct sip_target target;
	struct keepalive_state s;
	struct loop_timer due, deadline;
	uint32_t round;
	uint8_t waiting; /* bit of each hop without an answer */
	bool looking;    /* a lookup is under way */
};

struct keepalive {
	struct loop *loop;
	struct keepalive_conf conf;
	struct keepalive_ops ops;
	uint32_t n;
	struct watched w[KEEPALIVE_TARGETS_MAX];
};

const char *keepalive_name(enum keepalive_word w)
{
	static const char *const names[] = {"unknown", "up", "down"};
	return w <= KEEPALIVE_DOWN ? names[w] : "unknown";
}

static uint64_t cookie_of(const struct watched *w, uint32_t hop)
{
	uint64_t at = (uint64_t)(w - w->of->w);
	return COOKIE_KIND << 56 | (uint64_t)(w->round & 0xffffff) << 16 | at << 8 | hop;
}

/* All hops are known now: what do they come to? */
static void judge(struct watched *w)
{
	struct keepalive *k = w->of;
	enum keepalive_word word = KEEPALIVE_DOWN, before = w->s.word;
	for (uint32_t i = 0; i < w->s.n; i++)
		if (w->s.hops[i].word == KEEPALIVE_UP)
			word = KEEPALIVE_UP;
	w->s.word = word;
	if (word == KEEPALIVE_UP)
		w->s.why[0] = '\0';
	if (word != before && (before || word == KEEPALIVE_DOWN))
		k->ops.said(
		    k->ops.ctx, w->s.uri, word == KEEPALIVE_UP ? "answers" : w->s.why, word == KEEPALIVE_UP);
}

static void hop_known(struct watched *w, uint32_t i, uint16_t status, struct span why)
{
	struct keepalive *k = w->of;
	bool up = status && status != 503 && status != 408;
	w->waiting &= (uint8_t) ~(1u << i);
	w->s.hops[i].word = up ? KEEPALIVE_UP : KEEPALIVE_DOWN;
	w->s.hops[i].status = status;
	if (!up && status)
		snprintf(w->s.why, sizeof w->s.why, "it answers %u", status);
	else if (!up)
		snprintf(w->s.why, sizeof w->s.why, "%.*s", (int)why.len, why.p);
	k->ops.hop_done(k->ops.ctx, &w->s.hops[i].hop, up);
	if (!w->waiting) {
		loop_timer_cancel(k->loop, &w->deadline);
		judge(w);
	}
}

static void on_deadline(void *ctx, struct loop_timer *t)
{
	struct watched *w = ctx;
	for (uint32_t i = 0; i < w->s.n; i++)
		if (w->waiting & 1u << i)
			hop_known(w, i, 0, SPAN("no answer in time"));
}

static void send_ping(struct watched *w, uint32_t i)
{
	struct keepalive *k = w->of;
	const struct ip_sock *hop = &w->s.hops[i].hop;
	struct dp_cmd c = {.type = DP_CMD_PING, .cookie = cookie_of(w, i)};
	bool bad = false;
	c.orig.target = *hop;
	c.orig.transport = hop->transport;
	c.orig.ruri = dp_cmd_text(&c, span_str(w->target.uri), &bad);
	c.orig.from_user = dp_cmd_text(&c, SPAN("keepalive"), &bad);
	if (hop->transport == DP_TLS)
		c.orig.tls_name = dp_cmd_text(&c, span_str(w->target.host), &bad);
	k->ops.ping(k->ops.ctx, &c);
}

/* What was known of an address stays known until it is asked again. */
static void take_hops(struct watched *w, const struct ip_sock *hops, uint32_t n)
{
	struct keepalive_state old = w->s;
	w->s.n = n < KEEPALIVE_HOPS_MAX ? n : KEEPALIVE_HOPS_MAX;
	for (uint32_t i = 0; i < w->s.n; i++) {
		w->s.hops[i].hop = hops[i];
		w->s.hops[i].word = KEEPALIVE_UNKNOWN;
		w->s.hops[i].status = 0;
		for (uint32_t o = 0; o < old.n; o++)
			if (ip_sock_eq(&old.hops[o].hop, &hops[i]))
				w->s.hops[i] = old.hops[o];
	}
}

static void on_located(void *ctx, const struct ip_sock *hops, uint32_t n, const char *why)
{
	struct watched *w = ctx;
	struct keepalive *k = w->of;
	w->looking = false;
	w->round++;
	take_hops(w, hops, n);
	if (!n) {
		snprintf(w->s.why, sizeof w->s.why, "%s", why ? why : "no address");
		judge(w);
		return;
	}
	w->waiting = (uint8_t)((1u << w->s.n) - 1);
	loop_timer_arm(k->loop, &w->deadline, loop_now_ns() + k->conf.wait_ms * NS_PER_MS);
	for (uint32_t i = 0; i < w->s.n; i++)
		send_ping(w, i);
}

static void on_due(void *ctx, struct loop_timer *t)
{
	struct watched *w = ctx;
	struct keepalive *k = w->of;
	loop_timer_arm(k->loop, &w->due, loop_now_ns() + k->conf.every_s * 1000 * NS_PER_MS);
	if (w->looking || w->waiting)
		return;
	w->looking = true;
	k->ops.locate(k->ops.ctx, &w->target, on_located, w);
}

bool keepalive_event(struct keepalive *k, const struct dp_event *e)
{
	if (e->type != DP_EV_PONG)
		return false;
	uint32_t at = e->cookie >> 8 & 0xff, hop = e->cookie & 0xff;
	struct watched *w = k && at < k->n ? &k->w[at] : NULL;
	if (w && hop < w->s.n && w->waiting & 1u << hop && e->cookie == cookie_of(w, hop))
		hop_known(w, hop, e->sip_status, dp_event_span(e, e->reason));
	return true;
}

static bool add(struct keepalive *k, const char *uri, uint32_t i, char err[256])
{
	struct watched *w = &k->w[k->n];
	*w = (struct watched){.of = k, .s = {.uri = uri}};
	if (sip_target_parse(&w->target, span_str(uri), true, NULL, NULL) || w->target.secure) {
		snprintf(err, 256, "keepalive.targets[%u].uri is no SIP URI that can be asked", i);
		return false;
	}
	w->due = (struct loop_timer){.fn = on_due, .ctx = w};
	w->deadline = (struct loop_timer){.fn = on_deadline, .ctx = w};
	/* Not all in one moment. */
	loop_timer_arm(k->loop, &w->due, loop_now_ns() + FIRST_NS + i * FIRST_NS / 4);
	k->n++;
	return true;
}

struct keepalive *keepalive_new(
    struct loop *l, const struct keepalive_conf *conf, const struct keepalive_ops *ops, char err[256])
{
	struct keepalive *k = mem_zalloc(sizeof *k);
	k->loop = l;
	k->conf = *conf;
	k->ops = *ops;
	for (uint32_t i = 0; i < conf->n && i < KEEPALIVE_TARGETS_MAX; i++)
		if (!add(k, conf->targets[i].uri, i, err)) {
			keepalive_free(k);
			return NULL;
		}
	return k;
}

void keepalive_free(struct keepalive *k)
{
	for (uint32_t i = 0; k && i < k->n; i++) {
		loop_timer_cancel(k->loop, &k->w[i].due);
		loop_timer_cancel(k->loop, &k->w[i].deadline);
	}
	free(k);
}

uint32_t keepalive_count(const struct keepalive *k)
{
	return k ? k->n : 0;
}

const struct keepalive_state *keepalive_state(const struct keepalive *k, uint32_t i)
{
	return &k->w[i].s;
}
