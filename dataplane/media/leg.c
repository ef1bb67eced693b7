/* SPDX-License-Identifier: Apache-2.0 */
/* Lifetime, bridging and source learning of media legs.
 *
 * Learning: the SDP's address is accepted at once. Another source (a far side behind a NAT) takes over after
 * LEARN_RUN packets in a row from one address with one SSRC, only within the learning window, only while
 * nothing came from the SDP's address; after that everybody else is a stranger. Switched off by the config,
 * nobody but the SDP's address is ever heard. */
#include "dataplane/media/leg.h"

#include "dataplane/core/big.h"
#include "dataplane/media/g711.h"
#include "dataplane/media/media.h"
#include "dataplane/media/rtcp.h"
#include "dataplane/media/rtp.h"
#include "sip-parser/base/hash.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define LEARN_RUN      3
#define LEARN_SEEN_MAX 50
#define LEARN_NS       10000000000ull

struct slice {
	uint32_t first, n; /* port pairs */
};

static struct slice slice_of(const struct dp_conf *conf, uint16_t worker)
{
	if (conf->rtp_hi <= conf->rtp_lo || conf->workers == 0)
		return (struct slice){0, 0};
	uint32_t pairs = ((uint32_t)conf->rtp_hi - conf->rtp_lo + 1) / 2, each = pairs / conf->workers;
	bool last = worker + 1 == conf->workers;
	return (struct slice){each * worker, last ? pairs - each * worker : each};
}

uint16_t media_port_owner(const struct dp_conf *conf, uint16_t port)
{
	uint32_t n = slice_of(conf, 0).n, off = (uint32_t)port - conf->rtp_lo;
	if (port < conf->rtp_lo || port > conf->rtp_hi || n == 0)
		return 0xffff;
	uint32_t w = off / 2 / n;
	return (uint16_t)(w < conf->workers ? w : conf->workers - 1u);
}

/* Unpredictable to whom has not the key; says nothing about the key. */
static void seed(struct random *r, const struct dp_conf *conf, uint16_t worker)
{
	const struct hash_key key = hash_key_of(conf->key);
	uint64_t words[RANDOM_KEY_BYTES / 8];
	for (uint64_t i = 0; i < RANDOM_KEY_BYTES / 8; i++) {
		struct {
			char what[8];
			uint64_t worker, n;
		} in = {"media", worker, i};
		words[i] = hash_bytes(&key, &in, sizeof in);
	}
	random_init(r, (const uint8_t *)words);
}

int media_new(struct media **out, const struct dp_conf *conf, uint16_t worker, struct net *net,
    struct wheel *wheel, struct dp_stats *stats)
{
	struct slice s = slice_of(conf, worker);
	if (s.n == 0 || conf->n_media_ips > DP_MEDIA_IPS_MAX || conf->rtp_lo & 1 || worker >= conf->workers)
		return -EINVAL;
	struct media *m = calloc(1, sizeof *m);
	if (!m)
		return -ENOMEM;
	const uint32_t owns4 = 1u + conf->n_media_ips, owns = owns4 + (conf->ip6.fam != 0);
	*m = (struct media){.n = s.n * owns,
	    .n4 = s.n * owns4,
	    .pairs = s.n,
	    .owns = owns,
	    .base = (uint16_t)(conf->rtp_lo + 2 * s.first),
	    .worker = worker,
	    .learn = conf->rtp_learn_source,
	    .net = net,
	    .stats = stats};
	seed(&m->random, conf, worker);
	int rc = ports_init(&m->ports, m->n4, conf->rtp_quarantine_ms * 1000000ull, random_u64(&m->random));
	if (rc == 0 && m->n > m->n4)
		rc = ports_init(
		    &m->ports6, m->n - m->n4, conf->rtp_quarantine_ms * 1000000ull, random_u64(&m->random));
	if (rc == 0 && !(m->legs = big_new(m->n * sizeof *m->legs)))
		rc = -ENOMEM;
	if (rc) {
		media_free(m);
		return rc;
	}
	g711_fill();
	*out = m;
	return 0;
}

void media_free(struct media *m)
{
	if (!m)
		return;
	ports_fini(&m->ports);
	ports_fini(&m->ports6);
	free(m->legs);
	free(m);
}

static struct media_leg *leg_at(struct media *m, uint32_t idx)
{
	assert(idx < m->n && m->legs[idx].state != MEDIA_CLOSED);
	return &m->legs[idx];
}

void media_fetch_leg(const struct media *m, uint32_t idx)
{
	const char *leg = (const char *)&m->legs[idx];
	for (size_t at = 0; at < sizeof *m->legs; at += 64)
		__builtin_prefetch(leg + at, 1);
	__builtin_prefetch(&m->ports.free_at[idx]);
}

/* The port that has rested longest is the one whose leg the caches have forgotten longest. */
static void fetch_next(const struct media *m)
{
	uint32_t next = ports_next(&m->ports);
	if (next != PORTS_NONE)
		media_fetch_leg(m, next);
}

static uint32_t take_port(struct media *m, uint8_t fam, uint64_t now)
{
	if (fam == 4)
		return ports_get(&m->ports, now);
	uint32_t i = m->n > m->n4 ? ports_get(&m->ports6, now) : PORTS_NONE;
	return i == PORTS_NONE ? i : m->n4 + i;
}

uint32_t media_open(struct media *m, uint8_t fam, uint64_t now)
{
	uint32_t idx = take_port(m, fam, now);
	if (idx == PORTS_NONE) {
		stat_inc(m->stats, STAT_rtp_port_starved);
		return MEDIA_NONE;
	}
	uint64_t r = random_u64(&m->random), t = random_u64(&m->random);
	m->legs[idx] = (struct media_leg){
	    .state = MEDIA_OPEN,
	    .peer = MEDIA_NONE,
	    .verdict = STAT_drop_rtp_no_peer,
	    .port = (uint16_t)(m->base + 2 * (idx % m->pairs)),
	    .own = (uint8_t)(idx / m->pairs),
	    /* RFC 3550 §5.1: SSRC, first sequence number and first timestamp are random. */
	    .out = {.ssrc = (uint32_t)r,
	        .last_seq = (uint16_t)(r >> 32),
	        .last_ts = (uint32_t)t,
	        .resync = true},
	};
	m->used++;
	fetch_next(m);
	return idx;
}

uint16_t media_port(const struct media *m, uint32_t idx)
{
	assert(idx < m->n && m->legs[idx].state != MEDIA_CLOSED);
	return m->legs[idx].port;
}

struct ip_addr media_addr(const struct media *m, uint32_t idx)
{
	assert(idx < m->n && m->legs[idx].state != MEDIA_CLOSED);
	return net_own_addr(m->net, m->legs[idx].own);
}

/* Why nothing is relayed from l to p; 0: relay. */
static enum stat_id verdict_of(const struct media_leg *l, const struct media_leg *p)
{
	if (!p || !l->agreed || !p->agreed)
		return STAT_drop_rtp_no_peer;
	if (!l->a.may_recv || !p->a.may_send || p->dst.a.fam == 0)
		return STAT_drop_rtp_hold;
	return STAT_NONE;
}

static bool agreed_on(const struct media_agreed *a, uint8_t pt)
{
	return pt == a->pt || (pt == G711_PCMU && a->pcmu) || (pt == G711_PCMA && a->pcma);
}

/* A codec that both sides agreed on passes as it is; else it becomes what the peer likes best. */
static struct media_route audio_route(
    const struct media_agreed *from, const struct media_agreed *to, uint8_t pt)
{
	if (!agreed_on(from, pt))
		return (struct media_route){.pt = MEDIA_NO_PT};
	uint8_t out = agreed_on(to, pt) ? pt : to->pt;
	return (struct media_route){
	    .pt = pt, .to = out, .transcode = g711_table(pt, out) != NULL, .audio = true};
}

/* Everything rtp_in needs to know about the way from l to its peer. */
static void refresh(struct media *m, struct media_leg *l)
{
	const struct media_leg *p = media_peer(m, l);
	l->verdict = (uint16_t)verdict_of(l, p);
	if (l->verdict)
		return;
	l->route[0] = audio_route(&l->a, &p->a, l->a.pt);
	l->route[1] = audio_route(&l->a, &p->a, l->a.pt == G711_PCMU ? G711_PCMA : G711_PCMU);
	l->route[2] = (struct media_route){.pt = l->a.dtmf_pt_recv, .to = p->a.dtmf_pt_send};
}

static void refresh_both(struct media *m, struct media_leg *l)
{
	struct media_leg *p = media_peer(m, l);
	refresh(m, l);
	if (p)
		refresh(m, p);
}

static void learn_start(struct media_leg *l, uint64_t now)
{
	l->state = MEDIA_LEARN;
	l->src = (struct ip_sock){0};
	l->cand = (struct media_candidate){0};
	l->learn_until = now + LEARN_NS;
	l->rtcp_locked = false;
}

static struct ip_sock rtcp_of(const struct media_agreed *a)
{
	struct ip_sock s = a->remote_rtp;
	s.port = a->remote_rtcp_port ? a->remote_rtcp_port : (uint16_t)(s.port + 1);
	return s.port ? s : (struct ip_sock){0};
}

/* c=0.0.0.0 (old-style hold), port 0 and addresses that must not be sent to give no destination; the learned
 * source stays, so that a resume with the old address goes on at once. */
static bool usable(struct media *m, const struct ip_sock *s)
{
	return s->a.fam != 0 && s->port != 0 && !net_forbidden(m->net, s);
}

/* From now on what goes to the far side goes there; fam 0: nowhere. */
static void send_to(struct media *m, struct media_leg *l, const struct ip_sock *dst)
{
	l->dst = *dst;
	net_flow_make(m->net, &l->flow, l->own, l->port, &l->dst);
}

static void agree_remote(struct media *m, struct media_leg *l, uint64_t now)
{
	const struct ip_sock *remote = &l->a.remote_rtp;
	if (!usable(m, remote)) {
		l->rtcp_dst = (struct ip_sock){0};
		send_to(m, l, &l->rtcp_dst);
		l->rtcp_locked = false;
		if (l->state == MEDIA_OPEN)
			learn_start(l, now);
		return;
	}
	if (!ip_sock_eq(remote, &l->sdp) || l->state < MEDIA_LEARNED) {
		l->sdp = *remote;
		learn_start(l, now);
	}
	send_to(m, l, l->state == MEDIA_LEARNED ? &l->src : remote);
	if (!l->rtcp_locked)
		l->rtcp_dst = rtcp_of(&l->a);
}

void media_agree(struct media *m, uint32_t idx, const struct media_agreed *a, uint64_t now)
{
	struct media_leg *l = leg_at(m, idx);
	l->a = *a;
	l->agreed = true;
	agree_remote(m, l, now);
	refresh_both(m, l);
}

static void lock_to(struct media *m, struct media_leg *l, const struct ip_sock *src, enum media_state state)
{
	l->src = *src;
	l->state = (uint8_t)state;
	if (l->dst.a.fam)
		send_to(m, l, src);
	if (state == MEDIA_LEARNED) {
		stat_inc(m->stats, STAT_rtp_learned);
		/* Its RTCP comes from the same NAT; where to is guessed until the first one comes. */
		l->rtcp_dst = *src;
		l->rtcp_dst.port = (uint16_t)(src->port + 1);
		l->rtcp_locked = false;
	}
}

static bool candidate_wins(struct media_leg *l, const struct ip_sock *src, uint32_t ssrc, uint64_t now)
{
	struct media_candidate *c = &l->cand;
	if ((int64_t)(now - l->learn_until) >= 0 || c->seen >= LEARN_SEEN_MAX)
		return false;
	c->seen++;
	if (c->run && c->ssrc == ssrc && ip_sock_eq(src, &c->src)) {
		c->run++;
	} else {
		c->src = *src;
		c->ssrc = ssrc;
		c->run = 1;
	}
	return c->run >= LEARN_RUN;
}

bool media_source_ok(
    struct media *m, struct media_leg *l, const struct ip_sock *src, uint32_t ssrc, uint64_t now)
{
	if (l->state < MEDIA_LEARN)
		return false;
	bool from_sdp = l->sdp.a.fam && ip_sock_eq(src, &l->sdp);
	if (from_sdp && l->state != MEDIA_LOCKED)
		lock_to(m, l, src, MEDIA_LOCKED);
	if (l->state >= MEDIA_LEARNED)
		return ip_sock_eq(src, &l->src);
	if (!m->learn || !candidate_wins(l, src, ssrc, now) || net_forbidden(m->net, src))
		return false;
	lock_to(m, l, src, MEDIA_LEARNED);
	return true;
}

void media_bridge(struct media *m, uint32_t a, uint32_t b)
{
	struct media_leg *x = leg_at(m, a), *y = leg_at(m, b);
	assert(a != b);
	if (x->peer == b)
		return;
	media_unbridge(m, a);
	media_unbridge(m, b);
	x->peer = b;
	y->peer = a;
	x->out.resync = y->out.resync = true;
	refresh_both(m, x);
}

void media_unbridge(struct media *m, uint32_t a)
{
	struct media_leg *l = leg_at(m, a), *p = media_peer(m, l);
	if (!p)
		return;
	l->peer = p->peer = MEDIA_NONE;
	refresh(m, l);
	refresh(m, p);
}

void media_close(struct media *m, uint32_t idx, struct dp_media_counts *out, uint64_t now)
{
	struct media_leg *l = leg_at(m, idx);
	media_unbridge(m, idx);
	if (out)
		*out = (struct dp_media_counts){
		    l->rx_packets, l->rx_bytes, l->tx_packets, l->tx_bytes, l->dropped};
	l->state = MEDIA_CLOSED;
	m->used--;
	if (idx < m->n4)
		ports_put(&m->ports, idx, now);
	else
		ports_put(&m->ports6, idx - m->n4, now);
}

void media_drop(struct media *m, struct media_leg *l, struct pkt *p, enum stat_id why)
{
	stat_inc(m->stats, why);
	if (l)
		l->dropped++;
	pkt_put(p);
}

/* The leg whose port this is, open or not; MEDIA_NONE: none of ours. */
static uint32_t place_of(const struct media *m, const struct udp_in *in)
{
	uint32_t pair = ((uint32_t)in->dst.port - m->base) / 2;
	if (in->dst.port < m->base || pair >= m->pairs || in->own >= m->owns)
		return MEDIA_NONE;
	return in->own * m->pairs + pair;
}

uint32_t media_fetch(const struct media *m, const struct udp_in *in)
{
	uint32_t i = place_of(m, in);
	if (i != MEDIA_NONE)
		__builtin_prefetch(&m->legs[i], 1);
	return i;
}

void media_fetch_peer(const struct media *m, uint32_t idx)
{
	uint32_t peer = idx == MEDIA_NONE ? MEDIA_NONE : m->legs[idx].peer;
	if (peer < m->n)
		__builtin_prefetch(&m->legs[peer].flow, 1);
}

void media_udp_in(struct media *m, struct udp_in *in, uint64_t now)
{
	uint32_t i = place_of(m, in);
	struct media_leg *l = i == MEDIA_NONE ? NULL : &m->legs[i];
	if (!l || l->state == MEDIA_CLOSED)
		media_drop(m, NULL, in->pkt, STAT_drop_rtp_no_leg);
	else if ((in->dst.port - m->base) & 1)
		rtcp_in(m, l, in, now);
	else
		rtp_in(m, l, in, now);
}

void media_gauges(
    const struct media *m, struct dp_pool_gauge *legs, struct dp_pool_gauge *ports, uint64_t now)
{
	*legs = (struct dp_pool_gauge){"media_legs", m->used, m->n};
	uint32_t six = m->n > m->n4 ? ports_busy(&m->ports6, now) : 0;
	*ports = (struct dp_pool_gauge){"rtp_ports", ports_busy(&m->ports, now) + six, m->n};
}
