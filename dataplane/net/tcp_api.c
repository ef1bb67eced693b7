/* SPDX-License-Identifier: Apache-2.0 */
/* What the application asks for: the second half of tcp.h. */
#include <errno.h>

#include "dataplane/net/tcp_conn.h"
#include "dataplane/net/tcp_isn.h"
#include "dataplane/net/tcp_reass.h"
#include "dataplane/net/tcp_timer.h"
#include "dataplane/net/tcp_wait.h"

#define PORT_TRIES 64u

static int free_port(struct tcp *t, struct tcp_key *key, uint64_t *hash, uint64_t now)
{
	const uint32_t n = (uint32_t)(t->conf.port_hi - t->conf.port_lo) + 1;
	/* RFC 6056 §3.3.3: where to begin depends on the far side under a secret. */
	key->lport = 0;
	uint32_t start = (uint32_t)hash_bytes(&t->isn_key, key, sizeof *key) + t->next_port++;
	for (uint32_t i = 0; i < PORT_TRIES && i < n; i++) {
		key->lport = (uint16_t)(t->conf.port_lo + (start + i) % n);
		*hash = tcp_key_hash(&t->hash, key);
		if (!tcp_conn_find(t, key, *hash) && !tcp_wait_find(t, key, *hash))
			return 0;
	}
	return -EADDRNOTAVAIL;
}

static void append(struct tcp_conn *c, struct tcp_chunk *k)
{
	k->seq = c->snd_end;
	if (c->out_tail)
		c->out_tail->next = k;
	else
		c->out_head = k;
	c->out_tail = k;
	if (!c->out_new)
		c->out_new = k;
}

int tcp_connect(struct tcp *t, struct tcp_conn **out, const struct ip_addr *local,
    const struct ip_sock *remote, void *user, uint64_t now)
{
	struct tcp_key key;
	uint64_t hash;
	tcp_key_make(&key, local, 0, &remote->a, remote->port);
	int rc = free_port(t, &key, &hash, now);
	if (rc)
		return rc;
	struct tcp_conn *c = tcp_conn_get(t, &key, hash, now);
	if (!c)
		return -ENOBUFS;
	(void)tcp_event(c, TCP_EV_CONNECT);
	struct tcp_chunk *syn = tcp_chunk_get_out(c);
	if (!syn) {
		tcp_conn_end(c, TCP_WHY_NO_MEMORY, false, now);
		return -ENOBUFS;
	}
	c->iss = tcp_isn(&t->isn_key, &key, now);
	c->snd_una = c->snd_nxt = c->snd_end = c->fack = c->iss;
	syn->bits = TCP_SYN;
	append(c, syn);
	c->snd_end++;
	c->user = user;
	c->flags |= CF_TOLD | CF_OURS;
	tcp_work(c);
	*out = c;
	return 0;
}

/* The chunk at the end that can take more of what is written: not sent, not full. */
static struct tcp_chunk *open_tail(const struct tcp_conn *c)
{
	struct tcp_chunk *k = c->out_tail;
	return k && c->out_new && !(k->marks & CHUNK_SENT) && !k->bits && k->off + k->len < c->mss ? k : NULL;
}

static uint32_t chunks_for(const struct tcp_conn *c, uint32_t n)
{
	const struct tcp_chunk *tail = open_tail(c);
	uint32_t rest = tail ? (uint32_t)(c->mss - tail->off - tail->len) : 0;
	return n <= rest ? 0 : (n - rest + c->mss - 1) / c->mss;
}

/* One is kept back for the FIN. */
static bool within_share(const struct tcp_conn *c, uint32_t need)
{
	const struct tcp_conf *k = &c->t->conf;
	return c->out_chunks + need < k->conn_out_chunks_max && c->peer->chunks + need < k->peer_chunks_max;
}

static bool within_all(const struct tcp *t, uint32_t need)
{
	return t->chunks.out + need <= t->conf.out_chunks_max &&
	       t->chunks.in + t->chunks.out + need <= t->conf.chunks_max;
}

/* Where all that is there is used, a connection that holds some and is stuck is ended for it. */
static bool has_room(struct tcp_conn *c, uint32_t n, uint64_t now)
{
	uint32_t need = chunks_for(c, n);
	if (need == 0)
		return true;
	if (!within_share(c, need))
		return false;
	if (within_all(c->t, need))
		return true;
	return tcp_sweep(c->t, NULL, false, now) && c->state != TCP_CLOSED && within_all(c->t, need);
}

static void take(struct tcp_conn *c, const uint8_t *p, uint32_t n)
{
	while (n) {
		struct tcp_chunk *k = open_tail(c);
		if (!k) {
			k = tcp_chunk_get_out(c);
			assert(k); /* has_room counted it */
			append(c, k);
		}
		uint32_t room = (uint32_t)(c->mss - k->off - k->len), m = n < room ? n : room;
		memcpy(k->data + k->off + k->len, p, m);
		k->len = (uint16_t)(k->len + m);
		c->snd_end += m;
		p += m;
		n -= m;
	}
}

int tcp_write(struct tcp_conn *c, const void *data, uint32_t n, uint64_t now)
{
	if (c->state == TCP_CLOSED || c->flags & CF_CLOSE)
		return -EPIPE;
	bool room = has_room(c, n, now);
	if (c->state == TCP_CLOSED) /* it was itself the one that was stuck */
		return -EPIPE;
	if (!room) {
		stat_inc(c->t->stats, STAT_tcp_write_refused);
		c->flags |= CF_ROOM;
		if (!c->out_head) { /* others have it all: ask again */
			tcp_again(c, now + 10 * TCP_MS);
			tcp_timer_set(c);
		}
		return -ENOBUFS;
	}
	take(c, data, n);
	tcp_work(c);
	return 0;
}

void tcp_queue_fin(struct tcp_conn *c, uint64_t now)
{
	struct tcp_chunk *k = c->out_tail;
	c->flags |= CF_FIN_DUE;
	if (!k || k->marks & CHUNK_SENT || k->bits) {
		k = tcp_chunk_get_out(c);
		if (!k) {
			tcp_again(c, now + 10 * TCP_MS);
			return;
		}
		append(c, k);
	}
	c->flags &= ~CF_FIN_DUE;
	k->bits = TCP_FIN;
	c->snd_end++;
}

void tcp_close(struct tcp_conn *c, uint64_t now)
{
	if (c->state == TCP_CLOSED || c->flags & CF_CLOSE)
		return;
	c->flags |= CF_CLOSE;
	bool unopened = c->state == TCP_SYN_SENT || c->state == TCP_SYN_RCVD;
	if (unopened && tcp_queued(c) <= 1) {
		tcp_conn_end(c, TCP_WHY_CLOSED, c->state == TCP_SYN_RCVD, now);
		return;
	}
	tcp_reass_drop(c);
	tcp_queue_fin(c, now);
	c->rcv_read = c->rcv_nxt;
	c->idle_at = TCP_NEVER;
	if (!unopened)
		(void)tcp_event(c, TCP_EV_CLOSE);
	tcp_work(c);
}

void tcp_abort(struct tcp_conn *c, uint64_t now)
{
	tcp_conn_end(c, TCP_WHY_ABORTED, true, now);
}

/* ---- seen from outside ---- */

bool tcp_outgoing(const struct tcp_conn *c)
{
	return c->flags & CF_OURS;
}

uint32_t tcp_number(const struct tcp_conn *c)
{
	return pool_index(&c->t->conns, c);
}

uint32_t tcp_conf_numbers(const struct tcp_conf *conf)
{
	return conf->conns_max + TCP_SPARE;
}

struct tcp_conn *tcp_at(const struct tcp *t, uint32_t number)
{
	return pool_at(&t->conns, number);
}

void *tcp_user(const struct tcp_conn *c)
{
	return c->user;
}

void tcp_set_user(struct tcp_conn *c, void *user)
{
	c->user = user;
}

struct ip_sock tcp_local(const struct tcp_conn *c)
{
	return (struct ip_sock){.a = tcp_key_local(&c->key), .port = c->key.lport};
}

struct ip_sock tcp_remote(const struct tcp_conn *c)
{
	return (struct ip_sock){.a = tcp_key_remote(&c->key), .port = c->key.rport};
}

uint32_t tcp_unsent(const struct tcp_conn *c)
{
	return tcp_queued(c);
}

struct tcp_use tcp_use(const struct tcp *t)
{
	return (struct tcp_use){.conns = t->live,
	    .syns = t->syns.used,
	    .waits = t->waits.used,
	    .in_chunks = t->chunks.in,
	    .out_chunks = t->chunks.out};
}
