/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/worker.h"

#include "dataplane/core/random.h"
#include "dataplane/core/wheel.h"
#include "dataplane/handover.h"
#include "dataplane/media/leg.h"
#include "dataplane/net/net.h"
#include "dataplane/net/rate.h"
#include "dataplane/net/stream.h"
#include "dataplane/net/tls.h"
#include "dataplane/sip/sip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define RX_BURST       NET_BURST
#define HANDOVER_BURST 32u
#define CMDS_PER_TURN  32u
#define CMDS_AT_ONCE   8u /* looked at together, so that what each needs is fetched while the others are worked on */
#define COUNT_NS       1000000000ull /* between two counts of the pools */
#define BLOCKED_NS     1000000ull    /* how long to sleep while control does not take its events */

struct worker {
	struct dp_conf conf;
	struct worker_env env;
	struct dp_stats stats;
	struct pktio *io; /* the device's, or via */
	struct handover_io via;
	uint16_t via_index; /* worker whose queue we use; ourselves when we have one */
	struct handover handover;
	struct wheel *wheel;
	struct net *net;
	struct media *media;
	struct sip *sip;
	struct random random;
	struct rate err_rate;
	uint64_t now, count_at;
	uint64_t wake; /* bit per worker that was handed something this turn */
	bool told;     /* events were published this turn */
	bool blocked;  /* commands wait because control does not take its events */
	uint32_t n_gauges;
	struct dp_pool_gauge gauges[DP_POOLS_MAX];
};

/* ---- handing over ---- */

static struct worker *peer(const struct worker *w, uint16_t i)
{
	return w->env.all[i];
}

static bool hand_over(struct worker *w, uint16_t to, const struct handover_msg *m)
{
	if (!handover_push(&peer(w, to)->handover, w->env.index, m))
		return false;
	w->wake |= 1ull << to;
	return true;
}

static void hand_over_udp(struct worker *w, uint16_t to, const struct udp_in *in)
{
	struct handover_msg m = {.kind = HANDOVER_UDP, .src = in->src, .dst = in->dst, .pkt = in->pkt};
	if (hand_over(w, to, &m)) {
		stat_inc(&w->stats, STAT_xw_forwarded);
		return;
	}
	stat_inc(&w->stats, STAT_drop_xw_full);
	pkt_put(in->pkt);
}

static void tell_others(struct worker *w, const struct handover_msg *m)
{
	for (uint16_t i = 0; i < w->conf.workers; i++) {
		if (i != w->env.index)
			(void)hand_over(w, i, m); /* full: the other one asks again, or its timer fires */
	}
}

/* ---- what net tells us ---- */

static bool is_rtp(const struct worker *w, uint16_t port)
{
	return port >= w->conf.rtp_lo && port <= w->conf.rtp_hi;
}

static void deliver(struct worker *w, struct udp_in *in, uint64_t now)
{
	if (is_rtp(w, in->dst.port))
		media_udp_in(w->media, in, now);
	else
		sip_udp_in(w->sip, in, now);
}

static uint16_t owner_of(const struct worker *w, const struct udp_in *in)
{
	if (w->conf.workers == 1)
		return w->env.index;
	if (is_rtp(w, in->dst.port)) {
		uint16_t o = media_port_owner(&w->conf, in->dst.port);
		return o < w->conf.workers ? o : w->env.index;
	}
	return sip_owner(w->sip, in->pkt->data, in->pkt->len);
}

static void on_udp(void *ctx, struct udp_in *in, uint64_t now)
{
	struct worker *w = ctx;
	if (!is_rtp(w, in->dst.port) &&
	    (in->dst.port != w->conf.sip_port || in->own != net_own_for(w->net, in->dst.a.fam))) {
		stat_inc(&w->stats, STAT_drop_udp_port);
		pkt_put(in->pkt);
		return;
	}
	uint16_t owner = owner_of(w, in);
	if (owner == w->env.index)
		deliver(w, in, now);
	else
		hand_over_udp(w, owner, in);
}

static uint32_t on_udp_soon(void *ctx, const struct udp_in *in, unsigned step, uint32_t what)
{
	struct worker *w = ctx;
	if (!is_rtp(w, in->dst.port))
		return 0;
	if (step == 0)
		return media_fetch(w->media, in);
	media_fetch_peer(w->media, what);
	return 0;
}

static void on_udp_error(void *ctx, const struct udp_err *e, uint64_t now)
{
	struct worker *w = ctx;
	if (e->local.port == w->conf.sip_port)
		sip_udp_error(w->sip, e, now);
}

/* Who sent a packet cannot be read from what an ICMP error quotes of it, but the sender remembers it. So the
 * error goes round: each worker that does not know the packet gives it to the next. One whose turn would end
 * where it began, or that finds no room, is dropped and counted there. */
static enum stat_id ask_next(struct worker *w, const struct handover_msg *m)
{
	uint16_t next = (uint16_t)((w->env.index + 1) % w->conf.workers);
	if (next == m->origin)
		return STAT_drop_icmp;
	return hand_over(w, next, m) ? STAT_NONE : STAT_drop_xw_full;
}

static bool on_udp_quoted(void *ctx, const struct udp_err *e, uint64_t now)
{
	struct worker *w = ctx;
	const struct handover_msg m = {.kind = HANDOVER_UDP_ERR,
	    .icmp_type = e->icmp_type,
	    .icmp_code = e->icmp_code,
	    .origin = (uint8_t)w->env.index,
	    .src = e->remote,
	    .dst = e->local,
	    .ip_id = e->ip_id,
	    .udp_sum = e->udp_sum};
	if (e->local.port != w->conf.sip_port) /* nobody would do anything about it */
		return false;
	if (!rate_take(&w->err_rate, HANDOVER_ERR_RATE, HANDOVER_ERR_BURST, now))
		return false;
	enum stat_id why = ask_next(w, &m);
	stat_inc(&w->stats, why ? why : STAT_xw_forwarded);
	return true;
}

static void quoted(struct worker *w, const struct handover_msg *m, uint64_t now)
{
	const struct udp_err e = {.local = m->dst,
	    .remote = m->src,
	    .icmp_type = m->icmp_type,
	    .icmp_code = m->icmp_code,
	    .ip_id = m->ip_id,
	    .udp_sum = m->udp_sum};
	if (net_udp_quoted(w->net, &e, now))
		return;
	enum stat_id why = ask_next(w, m);
	if (why)
		stat_inc(&w->stats, why);
}

static void on_neighbour(void *ctx, const struct ip_addr *ip, const uint8_t mac[6])
{
	struct handover_msg m = {.kind = HANDOVER_NEIGHBOUR, .src = {.a = *ip}};
	memcpy(m.mac, mac, 6);
	tell_others(ctx, &m);
}

static void on_router(void *ctx, const struct ip_addr *ip, uint16_t seconds)
{
	const struct handover_msg m = {.kind = HANDOVER_ROUTER, .src = {.a = *ip, .port = seconds}};
	tell_others(ctx, &m);
}

static void hand_over_tcp(struct worker *w, uint16_t to, const struct ip_in *in)
{
	const struct handover_msg m = {.kind = HANDOVER_TCP,
	    .src = {.a = in->src},
	    .dst = {.a = in->dst},
	    .icmp_type = in->icmp,
	    .icmp_code = in->ip_hdr,
	    .pkt = in->pkt};
	if (hand_over(w, to, &m)) {
		stat_inc(&w->stats, STAT_xw_forwarded);
		return;
	}
	stat_inc(&w->stats, STAT_drop_xw_full);
	pkt_put(in->pkt);
}

static void on_tcp(void *ctx, struct ip_in *in, uint64_t now)
{
	struct worker *w = ctx;
	struct stream *s = w->env.stream;
	uint16_t owner = s->ops->owner ? s->ops->owner(s, in, w->env.index) : w->env.index;
	if (owner == w->env.index)
		s->ops->input(s, in, now);
	else
		hand_over_tcp(w, owner, in);
}

static void on_tcp_soon(void *ctx, const uint8_t *ip)
{
	struct worker *w = ctx;
	w->env.stream->ops->soon(w->env.stream, ip);
}

/* ---- what SIP asks for ---- */

/* Messages longer than a packet buffer cannot travel. */
static bool stream_in(void *ctx, uint16_t to, struct span text, const struct ip_sock *src)
{
	struct worker *w = ctx;
	struct pkt *p = net_alloc(w->net);
	if (!p)
		return false;
	if (text.len <= p->room) {
		memcpy(p->data, text.p, text.len);
		p->len = text.len;
		if (hand_over(
		        w, to, &(struct handover_msg){.kind = HANDOVER_STREAM_IN, .src = *src, .pkt = p})) {
			stat_inc(&w->stats, STAT_xw_forwarded);
			return true;
		}
	}
	pkt_put(p);
	return false;
}

/* One that is kept for sending again stays here, a copy goes. */
static bool stream_out(void *ctx, uint16_t to, struct pkt *p, const struct ip_sock *dst)
{
	struct worker *w = ctx;
	struct pkt *q = p->refs == 1 ? p : net_alloc(w->net);
	bool ok = q != NULL && to < w->conf.workers;
	if (ok && q != p) {
		memcpy(q->data, p->data, p->len);
		q->len = p->len;
	}
	ok = ok &&
	     hand_over(w, to, &(struct handover_msg){.kind = HANDOVER_STREAM_OUT, .dst = *dst, .pkt = q});
	stat_inc(&w->stats, ok ? STAT_xw_forwarded : STAT_drop_xw_full);
	if (q && q != p && !ok)
		pkt_put(q);
	if (q != p || !ok)
		pkt_put(p);
	return ok;
}

static struct dp_event *event_claim(void *ctx)
{
	struct worker *w = ctx;
	return dp_ring_claim(w->env.events);
}

static void event_publish(void *ctx)
{
	struct worker *w = ctx;
	dp_ring_publish(w->env.events);
	w->told = true;
}

static uint64_t random64(void *ctx)
{
	struct worker *w = ctx;
	return random_u64(&w->random);
}

static int random_seed(struct worker *w)
{
	uint8_t key[RANDOM_KEY_BYTES] = {(uint8_t)w->env.index};
	memcpy(key + 1, &w->env.seed, sizeof w->env.seed);
	if (!w->env.seed && getrandom(key, sizeof key, 0) != sizeof key)
		return -EIO;
	random_init(&w->random, key);
	explicit_bzero(key, sizeof key);
	return 0;
}

/* ---- start and stop ---- */

/* Without a queue of our own: the queues are shared out among those who have none. */
static int io_open(struct worker *w)
{
	uint16_t queues = 0;
	w->io = w->env.io;
	w->via_index = w->env.index;
	if (w->io)
		return 0;
	while (w->env.all && queues < w->env.index && peer(w, queues)->env.io)
		queues++;
	if (queues == 0)
		return -EINVAL;
	w->via_index = (uint16_t)(w->env.index % queues);
	struct worker *o = peer(w, w->via_index);
	handover_io_init(&w->via, o->env.io, &o->handover, w->env.index);
	w->io = &w->via.io;
	return 0;
}

static int layers_open(struct worker *w, uint64_t now)
{
	const bool alone = w->conf.workers == 1;
	const struct net_ops ops = {.ctx = w,
	    .udp = on_udp,
	    .udp_soon = on_udp_soon,
	    .udp_error = on_udp_error,
	    .tcp = w->env.stream && w->env.stream->ops->input ? on_tcp : NULL,
	    .tcp_soon = w->env.stream && w->env.stream->ops->soon ? on_tcp_soon : NULL,
	    .udp_quoted = alone ? NULL : on_udp_quoted,
	    .neighbour = alone ? NULL : on_neighbour,
	    .router = alone ? NULL : on_router};
	const struct sip_env se = {.conf = &w->conf,
	    .worker = w->env.index,
	    .ctx = w,
	    .event_claim = event_claim,
	    .event_publish = event_publish,
	    .stream = w->env.stream,
	    .tls = w->env.tls,
	    .stream_in = alone ? NULL : stream_in,
	    .stream_out = alone ? NULL : stream_out,
	    .random64 = random64,
	    .wheel = w->wheel,
	    .stats = &w->stats};
	struct sip_env s = se;
	int rc = net_new(&w->net, &w->conf, w->io, w->wheel, &w->stats, &ops, now);
	if (rc == 0)
		rc = media_new(&w->media, &w->conf, w->env.index, w->net, w->wheel, &w->stats);
	if (rc)
		return rc;
	if (w->env.stream) {
		w->env.stream->net = w->net;
		w->env.stream->stats = &w->stats;
		rc = w->env.stream->ops->open ? w->env.stream->ops->open(w->env.stream, w->wheel, now) : 0;
		if (rc)
			return rc;
	}
	s.net = w->net;
	s.media = w->media;
	return sip_new(&w->sip, &s, now);
}

static int open_all(struct worker *w, uint64_t now)
{
	int wake_fd = w->env.wake_fd > 0 ? w->env.wake_fd : -1;
	int rc = random_seed(w);
	if (rc == 0)
		rc = handover_init(&w->handover, w->env.index, w->conf.workers, wake_fd);
	if (rc == 0)
		rc = io_open(w);
	if (rc == 0 && !(w->wheel = wheel_new(now, w)))
		rc = -ENOMEM;
	return rc ? rc : layers_open(w, now);
}

int worker_new(struct worker **out, const struct worker_env *env, uint64_t now)
{
	if (env->conf->workers == 0 || env->conf->workers > DP_WORKERS_MAX ||
	    env->index >= env->conf->workers || (env->conf->workers > 1 && !env->all))
		return -EINVAL;
	struct worker *w = aligned_alloc(64, (sizeof *w + 63) & ~(size_t)63);
	if (!w)
		return -ENOMEM;
	memset(w, 0, sizeof *w);
	w->conf = *env->conf;
	w->env = *env;
	w->env.conf = &w->conf;
	w->now = now;
	int rc = open_all(w, now);
	if (rc) {
		worker_free(w);
		return rc;
	}
	worker_count(w, now);
	*out = w;
	return 0;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	if (w->sip)
		sip_free(w->sip);
	if (w->media)
		media_free(w->media);
	if (w->net)
		net_free(w->net);
	if (w->wheel)
		wheel_free(w->wheel);
	handover_fini(&w->handover);
	free(w);
}

/* ---- the turn ---- */

static uint32_t receive(struct worker *w, uint64_t now)
{
	struct pkt *in[RX_BURST];
	if (!w->env.io)
		return 0;
	uint32_t n = w->io->ops->rx(w->io, in, RX_BURST);
	net_burst(w->net, in, n, now);
	return n;
}

static void send_frame(struct worker *w, struct pkt *p)
{
	uint32_t len = p->len;
	if (w->io->ops->tx(w->io, &p, 1) == 1) {
		stat_inc(&w->stats, STAT_tx_packets);
		stat_add(&w->stats, STAT_tx_bytes, len);
		return;
	}
	stat_inc(&w->stats, STAT_drop_tx_full);
	pkt_put(p);
}

static void handed_tcp(struct worker *w, const struct handover_msg *m, uint64_t now)
{
	struct ip_in in = {.pkt = m->pkt,
	    .src = m->src.a,
	    .dst = m->dst.a,
	    .own = net_own(w->net, &m->dst.a),
	    .ip_hdr = m->icmp_code,
	    .icmp = m->icmp_type};
	w->env.stream->ops->input(w->env.stream, &in, now);
}

static void handed(struct worker *w, struct handover_msg *m, uint64_t now)
{
	struct udp_in in = {m->pkt, m->src, m->dst, net_own(w->net, &m->dst.a)};
	switch (m->kind) {
	case HANDOVER_UDP:
		deliver(w, &in, now);
		break;
	case HANDOVER_FRAME:
		send_frame(w, m->pkt);
		break;
	case HANDOVER_NEIGHBOUR:
		net_learn(w->net, &m->src.a, m->mac, now);
		break;
	case HANDOVER_ROUTER:
		net_router(w->net, &m->src.a, m->src.port, now);
		break;
	case HANDOVER_STREAM_IN:
		sip_stream_in(w->sip, span_of((const char *)m->pkt->data, m->pkt->len), &m->src, now);
		pkt_put(m->pkt);
		break;
	case HANDOVER_STREAM_OUT:
		sip_stream_out(w->sip, m->pkt, &m->dst, now);
		break;
	case HANDOVER_TCP:
		handed_tcp(w, m, now);
		break;
	case HANDOVER_UDP_ERR:
		quoted(w, m, now);
		break;
	}
}

static uint32_t take_handed(struct worker *w, uint64_t now)
{
	uint32_t done = 0;
	for (uint16_t from = 0; from < w->conf.workers; from++) {
		struct handover_msg *m;
		for (uint32_t i = 0; i < HANDOVER_BURST && (m = handover_peek(&w->handover, from)); i++) {
			struct handover_msg copy = *m;
			handover_release(&w->handover, from);
			handed(w, &copy, now);
			done++;
		}
	}
	return done;
}

/* What the next commands need is on its way when they are taken. */
static void fetch_commands(struct worker *w)
{
	const struct dp_cmd *c[CMDS_AT_ONCE];
	uint32_t n = 0;
	while (n < CMDS_AT_ONCE && (c[n] = dp_ring_peek_at(w->env.cmds, n)))
		n++;
	for (unsigned step = 0; step < SIP_SOON_STEPS; step++) {
		for (uint32_t i = 0; i < n; i++)
			sip_command_soon(w->sip, c[i], step);
	}
}

/* A command may bring an event at once, so none is taken while SIP could not keep it. */
static uint32_t take_commands(struct worker *w, uint64_t now)
{
	uint32_t done = 0;
	struct dp_cmd *c;
	while (done < CMDS_PER_TURN && sip_may_take(w->sip) && (c = dp_ring_peek(w->env.cmds))) {
		if (done % CMDS_AT_ONCE == 0)
			fetch_commands(w);
		sip_command(w->sip, c, now);
		dp_cmd_wipe(c);
		dp_ring_release(w->env.cmds);
		done++;
	}
	w->blocked = !sip_may_take(w->sip);
	return done;
}

static void wake_others(struct worker *w)
{
	if (w->told)
		dp_ring_wake(w->env.events);
	w->told = false;
	if (w->via.pushed)
		w->wake |= 1ull << w->via_index;
	w->via.pushed = false;
	for (; w->wake; w->wake &= w->wake - 1)
		handover_wake(&peer(w, (uint16_t)__builtin_ctzll(w->wake))->handover, w->env.index);
}

/* TLS last: it says what the stream brought, and what it says to the stream leaves with the next turn, which comes at once. */
static uint32_t turn_streams(struct worker *w, uint64_t now)
{
	uint32_t done = w->env.tls ? tls_turn(w->env.tls, now) : 0;
	done += w->env.stream->ops->turn(w->env.stream, now);
	return done;
}

uint32_t worker_turn(struct worker *w, uint64_t now)
{
	w->now = now;
	uint32_t done = receive(w, now);
	if (w->conf.workers > 1)
		done += take_handed(w, now);
	done += wheel_run(w->wheel, now);
	done += sip_turn(w->sip, now);
	done += take_commands(w, now);
	if (w->env.stream)
		done += turn_streams(w, now);
	net_flush(w->net, now);
	wake_others(w);
	stat_inc(&w->stats, STAT_loop_turns);
	if ((int64_t)(now - w->count_at) >= 0)
		worker_count(w, now);
	return done;
}

uint64_t worker_deadline(const struct worker *w)
{
	uint64_t t = wheel_next(w->wheel), soon = w->now + BLOCKED_NS;
	return w->blocked && (t == UINT64_MAX || (int64_t)(t - soon) > 0) ? soon : t;
}

static void streams_awake(struct worker *w)
{
	const struct stream *st = w->env.stream;
	if (st && st->ops->awake)
		st->ops->awake(w->env.stream);
	if (w->env.tls)
		tls_awake(w->env.tls);
}

static bool streams_sleep(struct worker *w)
{
	const struct stream *st = w->env.stream;
	if (!st)
		return true;
	if ((!st->ops->sleep || st->ops->sleep(w->env.stream)) && (!w->env.tls || tls_sleep(w->env.tls)))
		return true;
	streams_awake(w);
	return false;
}

/* While blocked the commands have to wait for control anyway: only the deadline ends the sleep. */
bool worker_sleep(struct worker *w)
{
	if (!handover_sleep(&w->handover))
		return false;
	if (streams_sleep(w)) {
		if (w->blocked || dp_ring_sleep(w->env.cmds))
			return true;
		streams_awake(w);
	}
	handover_awake(&w->handover);
	return false;
}

void worker_awake(struct worker *w)
{
	handover_awake(&w->handover);
	streams_awake(w);
	dp_ring_awake(w->env.cmds);
}

/* ---- seen from outside ---- */

struct dp_stats *worker_stats(struct worker *w)
{
	return &w->stats;
}

static uint32_t gauges_fill(struct worker *w, struct dp_pool_gauge g[DP_POOLS_MAX], uint64_t now)
{
	uint32_t n = 0;
	if (w->env.io)
		g[n++] = (struct dp_pool_gauge){
		    "packets", w->io->ops->pkts_used(w->io), w->io->ops->pkts_size(w->io)};
	g[n++] = (struct dp_pool_gauge){"commands", dp_ring_depth(w->env.cmds), dp_ring_slots(w->env.cmds)};
	g[n++] = (struct dp_pool_gauge){"events", dp_ring_depth(w->env.events), dp_ring_slots(w->env.events)};
	media_gauges(w->media, &g[n], &g[n + 1], now);
	n += 2;
	return n + sip_gauges(w->sip, g + n, DP_POOLS_MAX - n);
}

/* Readers in other threads see each number whole; names and sizes never change after worker_new. */
void worker_count(struct worker *w, uint64_t now)
{
	struct dp_pool_gauge g[DP_POOLS_MAX];
	uint32_t n = gauges_fill(w, g, now);
	for (uint32_t i = 0; i < n; i++) {
		if (w->n_gauges == 0) {
			w->gauges[i].name = g[i].name;
			w->gauges[i].size = g[i].size;
		}
		__atomic_store_n(&w->gauges[i].used, g[i].used, __ATOMIC_RELAXED);
	}
	if (w->n_gauges == 0)
		w->n_gauges = n;
	w->count_at = now + COUNT_NS;
}

uint32_t worker_gauges(struct worker *w, struct dp_pool_gauge out[DP_POOLS_MAX])
{
	for (uint32_t i = 0; i < w->n_gauges; i++) {
		out[i].name = w->gauges[i].name;
		out[i].size = w->gauges[i].size;
		out[i].used = __atomic_load_n(&w->gauges[i].used, __ATOMIC_RELAXED);
	}
	return w->n_gauges;
}

uint32_t worker_legs(const struct worker *w)
{
	return sip_legs_live(w->sip);
}

void worker_shutdown(struct worker *w, uint64_t now)
{
	sip_shutdown(w->sip, now);
}
