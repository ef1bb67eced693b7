/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tcp.h"

#include <errno.h>
#include <stdlib.h>

#include "dataplane/net/tcp_cc.h"
#include "dataplane/net/tcp_out.h"
#include "dataplane/net/tcp_peer.h"
#include "dataplane/net/tcp_reass.h"
#include "dataplane/net/tcp_syn.h"
#include "dataplane/net/tcp_timer.h"
#include "dataplane/net/tcp_wait.h"

#define IP4_TCP_HDR 40u
#define IP6_TCP_HDR 60u
#define IP6_PATH    1280u           /* what every path of IPv6 carries: no more is sent, none is asked for */
#define OLD_STEP    (1000 * TCP_MS) /* how exactly the order of the idle is known */
#define SWEEP_LOOK  16u             /* connections looked at to find one to end */
#define STUCK_NS    (10000 * TCP_MS) /* one that holds chunks and was silent for so long may be ended for them */

/* ---- start and stop ---- */

void tcp_conf_defaults(struct tcp_conf *k, uint32_t conns, uint16_t mtu)
{
	uint32_t chunks = conns < 256 ? 1024 : conns < 16384 ? 4 * conns : conns + 49152;
	*k = (struct tcp_conf){.conns_max = conns,
	    .peer_conns_max = conns / 2 ? conns / 2 : 1,
	    .syns_max = 1024,
	    .waits_max = conns < 1024 ? 1024 : conns,
	    .chunks_max = chunks,
	    .in_chunks_max = chunks / 2,
	    .out_chunks_max = chunks / 4 * 3,
	    .conn_in_chunks_max = 384,
	    .conn_out_chunks_max = 192,
	    .peer_chunks_max = chunks / 2,
	    .window = 256 * 1024,
	    .mtu = mtu,
	    .port_lo = 32768,
	    .port_hi = 60999,
	    .connect_ms = 10000,
	    .user_timeout_ms = 60000,
	    .keepalive_ms = 120000,
	    .wait_ms = 60000};
}

static bool conf_ok(const struct tcp_conf *k)
{
	return k->conns_max > 0 && k->conns_max <= 1u << 20 && k->peer_conns_max > 0 && k->syns_max > 0 &&
	       k->syns_max <= 1u << 20 && k->waits_max > 0 && k->waits_max <= 1u << 20 && k->chunks_max > 0 &&
	       k->chunks_max <= 1u << 22 && k->in_chunks_max > 0 && k->out_chunks_max > 0 &&
	       k->conn_in_chunks_max >= 4 && k->conn_out_chunks_max > 0 && k->peer_chunks_max > 0 &&
	       k->window >= 4096 && k->window <= 1u << 20 && k->mtu >= TCP_MSS_MIN + IP4_TCP_HDR &&
	       k->port_lo > 0 && k->port_lo <= k->port_hi && k->connect_ms > 0 && k->user_timeout_ms > 0 &&
	       k->keepalive_ms > 0 && k->wait_ms > 0;
}

/* Several keys from one, so that a hash seen in one place says nothing in another. */
static void make_keys(struct tcp *t)
{
	const struct hash_key k = hash_key_of(t->conf.key);
	struct hash_key *out[] = {&t->hash.key, &t->isn_key, &t->cookie_key, &t->peer_key};
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t a = 2 * i, b = 2 * i + 1;
		*out[i] = (struct hash_key){hash_bytes(&k, &a, sizeof a), hash_bytes(&k, &b, sizeof b)};
	}
	const uint32_t last = 99;
	t->hash.add = hash_bytes(&k, &last, sizeof last);
}

static int pools_init(struct tcp *t)
{
	const struct tcp_conf *k = &t->conf;
	const uint32_t conns = tcp_conf_numbers(k);
	int rc = pool_init(&t->conns, "tcp connections", conns, sizeof(struct tcp_conn));
	if (!rc)
		rc = pool_init(&t->peers, "tcp peers", conns, sizeof(struct tcp_peer));
	if (!rc)
		rc = pool_init(&t->syns, "tcp half-open", k->syns_max, sizeof(struct tcp_syn));
	if (!rc)
		rc = pool_init(&t->waits, "tcp time-wait", k->waits_max, sizeof(struct tcp_wait));
	if (!rc)
		rc = tcp_chunks_init(&t->chunks, k->chunks_max);
	if (rc)
		return rc;
	t->conn_tab = table_new(conns);
	t->peer_tab = table_new(conns);
	t->syn_tab = table_new(k->syns_max);
	t->wait_tab = table_new(k->waits_max);
	return t->conn_tab && t->peer_tab && t->syn_tab && t->wait_tab ? 0 : -ENOMEM;
}

int tcp_new(struct tcp **out, const struct tcp_conf *conf, const struct tcp_ops *ops, struct wheel *wheel,
    struct dp_stats *stats, uint64_t now)
{
	if (!conf_ok(conf))
		return -EINVAL;
	struct tcp *t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->conf = *conf;
	t->ops = *ops;
	t->wheel = wheel;
	t->stats = stats;
	t->wait_head = t->wait_tail = POOL_NONE;
	t->next_port = conf->port_lo;
	uint32_t mss = conf->mtu - IP4_TCP_HDR;
	t->mss4 = (uint16_t)(mss < TCP_CHUNK_DATA ? mss : TCP_CHUNK_DATA);
	mss = (conf->mtu < IP6_PATH ? conf->mtu : IP6_PATH) - IP6_TCP_HDR;
	t->mss6 = (uint16_t)mss;
	/* Half of what a connection may store, for segments do not fill chunks: what is offered finds room. */
	uint32_t room = conf->conn_in_chunks_max * TCP_CHUNK_DATA / 2;
	if (t->conf.window > room)
		t->conf.window = room;
	while (t->conf.window >> t->scale > 65535)
		t->scale++;
	make_keys(t);
	int rc = pools_init(t);
	if (rc) {
		tcp_free(t);
		return rc;
	}
	*out = t;
	return 0;
}

void tcp_free(struct tcp *t)
{
	if (!t)
		return;
	pool_fini(&t->conns);
	pool_fini(&t->peers);
	pool_fini(&t->syns);
	pool_fini(&t->waits);
	tcp_chunks_fini(&t->chunks);
	table_free(t->conn_tab);
	table_free(t->peer_tab);
	table_free(t->syn_tab);
	table_free(t->wait_tab);
	free(t);
}

int tcp_listen(struct tcp *t, uint16_t port)
{
	if (t->n_ports == TCP_PORTS_MAX)
		return -ENOSPC;
	t->ports[t->n_ports++] = port;
	return 0;
}

/* ---- the order of the idle ---- */

static void old_push(struct tcp_conn *c, uint64_t now)
{
	struct tcp *t = c->t;
	c->old_ns = now;
	c->old_next = NULL;
	c->old_prev = t->old_tail;
	if (t->old_tail)
		t->old_tail->old_next = c;
	else
		t->old_head = c;
	t->old_tail = c;
}

static void old_remove(struct tcp_conn *c)
{
	struct tcp *t = c->t;
	if (c->old_prev)
		c->old_prev->old_next = c->old_next;
	else
		t->old_head = c->old_next;
	if (c->old_next)
		c->old_next->old_prev = c->old_prev;
	else
		t->old_tail = c->old_prev;
}

/* Neighbours in the list are other cache lines: it is put right once a second, not with every segment. */
void tcp_conn_touch(struct tcp_conn *c, uint64_t now)
{
	c->heard_ns = now;
	c->keep_probes = 0;
	if (c->state == TCP_CLOSED || now - c->old_ns < OLD_STEP)
		return;
	old_remove(c);
	old_push(c, now);
}

static bool sweepable(const struct tcp_conn *c, const struct tcp_peer *peer, bool idle, uint64_t now)
{
	if (peer && c->peer != peer)
		return false;
	if (idle)
		return c->state == TCP_ESTABLISHED && !c->out_chunks && !c->in_chunks;
	return c->out_chunks + c->in_chunks > 0 && now - c->progress_ns >= STUCK_NS &&
	       now - c->heard_ns >= STUCK_NS;
}

bool tcp_sweep(struct tcp *t, const struct tcp_peer *peer, bool idle, uint64_t now)
{
	struct tcp_conn *c = t->old_head;
	for (uint32_t i = 0; c && i < SWEEP_LOOK; i++, c = c->old_next) {
		if (!sweepable(c, peer, idle, now))
			continue;
		stat_inc(t->stats, STAT_tcp_swept);
		tcp_conn_end(c, TCP_WHY_SWEPT, true, now);
		return true;
	}
	return false;
}

/* ---- life of a connection ---- */

struct tcp_conn *tcp_conn_find(const struct tcp *t, const struct tcp_key *key, uint64_t hash)
{
	for (uint32_t at = 0, i; (i = table_next(t->conn_tab, hash, &at)) != TABLE_NONE;) {
		struct tcp_conn *c = (void *)(t->conns.mem + (size_t)i * t->conns.obj_bytes);
		if (tcp_key_eq(&c->key, key))
			return c;
	}
	return NULL;
}

/* A peer's record with its share kept, sweeping an idle connection of its own when it is used up. */
static struct tcp_peer *admit(struct tcp *t, const struct tcp_key *key, uint64_t now)
{
	struct tcp_peer *p = tcp_peer_get(t, key);
	if (!p)
		return NULL;
	if (p->conns <= t->conf.peer_conns_max || tcp_sweep(t, p, true, now))
		return p;
	stat_inc(t->stats, STAT_drop_tcp_peer_full);
	tcp_peer_put(t, p);
	return NULL;
}

static struct tcp_conn *make_room(struct tcp *t, uint64_t now)
{
	if (t->live < t->conf.conns_max || tcp_sweep(t, NULL, true, now)) {
		struct tcp_conn *c = pool_get(&t->conns);
		if (c)
			return c;
	}
	stat_inc(t->stats, STAT_drop_tcp_full);
	return NULL;
}

struct tcp_conn *tcp_conn_get(struct tcp *t, const struct tcp_key *key, uint64_t hash, uint64_t now)
{
	struct tcp_conn *c = make_room(t, now);
	if (!c)
		return NULL;
	struct tcp_peer *p = admit(t, key, now);
	if (!p) {
		pool_put(&t->conns, c);
		return NULL;
	}
	memset(c, 0, sizeof *c);
	c->key = *key;
	c->hash = hash;
	c->t = t;
	c->peer = p;
	c->mss = tcp_mss(t, key);
	c->rtx_at = c->ack_at = c->idle_at = c->again_at = TCP_NEVER;
	c->heard_ns = c->progress_ns = now;
	tcp_cc_init(c);
	int rc = table_put(t->conn_tab, hash, pool_index(&t->conns, c));
	assert(rc == 0);
	old_push(c, now);
	t->live++;
	return c;
}

static void drop_output(struct tcp_conn *c)
{
	struct tcp_chunk *k;
	while ((k = c->out_head)) {
		c->out_head = k->next;
		tcp_chunk_put_out(c, k);
	}
	c->out_tail = c->out_new = NULL;
	c->snd_end = c->snd_una = c->snd_nxt;
}

static void say_reset(struct tcp_conn *c, uint64_t now)
{
	struct tcp_seg s = {
	    .seq = c->snd_nxt, .ack = c->rcv_nxt, .flags = TCP_RST | TCP_ACK, .scale = TCP_NO_SCALE};
	if (c->state == TCP_SYN_SENT || c->state == TCP_TIME_WAIT)
		return;
	stat_inc(c->t->stats, STAT_tcp_resets_out);
	tcp_send_bare(c->t, &c->key, &s, now);
}

void tcp_conn_end(struct tcp_conn *c, enum tcp_why why, bool reset, uint64_t now)
{
	struct tcp *t = c->t;
	if (c->state == TCP_CLOSED)
		return;
	if (reset)
		say_reset(c, now);
	wheel_cancel(t->wheel, &c->timer);
	(void)table_del(t->conn_tab, c->hash, pool_index(&t->conns, c));
	old_remove(c);
	drop_output(c);
	tcp_reass_drop(c);
	if (c->state == TCP_TIME_WAIT)
		tcp_wait_enter(c, now);
	tcp_peer_put(t, c->peer);
	c->peer = NULL;
	c->why = (uint8_t)why;
	(void)tcp_event(c, TCP_EV_GONE);
	t->live--;
	stat_inc(t->stats, STAT_tcp_ended);
	tcp_work(c);
}

static void bury(struct tcp_conn *c, uint64_t now)
{
	struct tcp *t = c->t;
	if (c->flags & CF_TOLD && t->ops.closed)
		t->ops.closed(t->ops.ctx, c, (enum tcp_why)c->why, now);
	pool_put(&t->conns, c);
}

/* A callback may bring more work: that is done as well, for nobody turns again before the next deadline. */
uint32_t tcp_flush(struct tcp *t, uint64_t now)
{
	struct tcp_conn *c;
	uint32_t done = 0;
	for (; (c = t->work); done++) {
		t->work = c->work_next;
		c->flags &= ~CF_WORK;
		if (c->state == TCP_CLOSED)
			bury(c, now);
		else
			tcp_output(c, now);
	}
	return done;
}
