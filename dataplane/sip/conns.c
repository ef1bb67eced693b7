/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/conns.h"

#include "dataplane/net/stream.h"
#include "dataplane/net/tls.h"
#include "dataplane/sip/conns_core.h"
#include "dataplane/sip/transport.h"
#include "sip-parser/sip_via.h"

#include <errno.h>
#include <stdlib.h>

#define NS_PER_MS                1000000ull
#define SWEEP_NS                 (1000 * NS_PER_MS)
#define ENDING_MS                1000u /* for an answer to leave through the thread of TLS */

#define OWNER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* ---- lists and tables */

static void list_drop(struct conn *c)
{
	c->prev->next = c->next;
	c->next->prev = c->prev;
}

static void list_push(struct conn_list *l, struct conn *c)
{
	c->next = &l->head;
	c->prev = l->head.prev;
	l->head.prev->next = c;
	l->head.prev = c;
}

static struct conn *list_oldest(struct conn_list *l)
{
	return l->head.next == &l->head ? NULL : l->head.next;
}

static struct conn_list *list_of(struct conns *cs, const struct conn *c)
{
	return c->proven ? &cs->proven : &cs->fresh;
}

/* Something happened on it: it is the last to be given up. */
static void touch(struct conns *cs, struct conn *c, uint64_t now)
{
	c->used_at = now;
	list_drop(c);
	list_push(list_of(cs, c), c);
}

static void prove(struct conns *cs, struct conn *c)
{
	if (c->proven)
		return;
	list_drop(c);
	c->proven = true;
	list_push(&cs->proven, c);
}

static uint64_t hash_addr(const struct sip *s, const struct ip_addr *a)
{
	return hash_bytes(&s->key, a, sizeof *a);
}

static uint64_t hash_remote(const struct sip *s, const struct ip_sock *r)
{
	uint64_t w[2] = {hash_addr(s, &r->a), (uint64_t)r->transport << 16 | r->port};
	return hash_bytes(&s->key, w, sizeof w);
}

static uint32_t *peer_count(struct conns *cs, const struct ip_addr *a)
{
	return &cs->peers[hash_addr(cs->sip, a) & cs->peers_mask];
}

uint64_t conns_name(const struct sip *s, struct span name)
{
	char lower[DP_TLS_NAME_MAX];
	uint32_t n = name.len < sizeof lower ? name.len : (uint32_t)sizeof lower;
	for (uint32_t i = 0; i < n; i++)
		lower[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] | 0x20) : name.p[i];
	return hash_bytes(&s->key, lower, n) | 1;
}

static struct conn *find(struct conns *cs, const struct ip_sock *to, uint64_t name)
{
	uint32_t at = 0, id;
	while ((id = table_next(cs->by_remote, hash_remote(cs->sip, to), &at)) != TABLE_NONE) {
		struct conn *c = &cs->all[id];
		if (conn_works(c) && ip_sock_eq(&c->remote, to) && (!name || c->name == name))
			return c;
	}
	return NULL;
}

/* ---- the life of one */

static void on_deadline(void *ctx, struct wtimer *t, uint64_t now);

static void set_deadline(struct conn *c, uint32_t ms, uint64_t now)
{
	wheel_arm(c->conns->sip->env.wheel, &c->timer, now + ms * NS_PER_MS, on_deadline);
}

static void clear_deadline(struct conn *c)
{
	wheel_cancel(c->conns->sip->env.wheel, &c->timer);
}

static void adopt(struct conns *cs, uint32_t id, const struct ip_sock *remote, uint64_t now)
{
	struct conn *c = &cs->all[id];
	uint32_t gen = c->gen + 1;
	*c = (struct conn){.conns = cs, .remote = *remote, .gen = gen, .used_at = now};
	c->remote.via = (uint8_t)((cs->sip->env.worker + 1u) & 63u);
	list_push(&cs->fresh, c);
	(void)!table_put(cs->by_remote, hash_remote(cs->sip, &c->remote), id); /* as large as the numbers */
	(*peer_count(cs, &remote->a))++;
	cs->used++;
	set_deadline(c, cs->sip->env.conf->conn_setup_ms, now);
}

static void drop_input(struct conn *c)
{
	conns_input_put(c->conns, c);
	c->frame = (struct sip_frame){0};
}

/* No message leaves or comes by it any more; its number is still taken. */
static void forget(struct conns *cs, struct conn *c)
{
	clear_deadline(c);
	list_drop(c);
	(void)table_del(cs->by_remote, hash_remote(cs->sip, &c->remote), conn_id(c));
	(*peer_count(cs, &c->remote.a))--;
	cs->used--;
	c->state = CONN_NONE;
	if (c->remote.transport == DP_TLS)
		tls_end(cs->sip->env.tls, conn_id(c));
	if (!c->busy)
		drop_input(c);
	sip_count(cs->sip, STAT_conn_closed);
}

/* Whoever waits for a first response by it waits in vain; words say why. */
static void lose(struct conns *cs, struct conn *c, struct span words, uint64_t now)
{
	struct sip *s = cs->sip;
	const struct ip_sock remote = c->remote;
	bool inbound = c->inbound, retry = c->proven;
	char name[DP_TLS_NAME_MAX];
	struct span n = {name, c->name_len};
	if (c->name_len)
		memcpy(name, cs->names[conn_id(c)], c->name_len);
	if (c->state == CONN_OPENING)
		sip_count(s, STAT_conn_failed);
	forget(cs, c);
	if (inbound)
		return;
	s->unreachable = words;
	txn_conn_lost(s, &remote, n, retry, now);
	s->unreachable = (struct span){0};
}

static void hang_up(struct conns *cs, struct conn *c, bool abort, struct span words, uint64_t now)
{
	cs->stream->ops->close(cs->stream, conn_id(c), abort, now);
	lose(cs, c, words, now);
}

void conns_break(struct conn *c, enum stat_id why, const char *words, uint64_t now)
{
	sip_count(c->conns->sip, why);
	if (c->remote.transport == DP_TLS && why == STAT_conn_bad) {
		c->state = CONN_ENDING;
		set_deadline(c, ENDING_MS, now);
		return;
	}
	hang_up(c->conns, c, why == STAT_conn_stuck, span_str(words), now);
}

/* ---- room for another */

/* Close the longest idle of a list, if it has been idle for that long. */
static bool sweep(struct conns *cs, struct conn_list *l, uint64_t idle_ns, enum stat_id why, uint64_t now)
{
	struct conn *c = list_oldest(l);
	if (!c || c->busy || now - c->used_at < idle_ns)
		return false;
	sip_count(cs->sip, why);
	hang_up(cs, c, false, SPAN("connection closed: idle"), now);
	return true;
}

static bool make_room(struct conns *cs, uint64_t now)
{
	return cs->used < cs->max || sweep(cs, &cs->fresh, CONN_FRESH_IDLE_NS, STAT_conn_swept, now) ||
	       sweep(cs, &cs->proven, CONN_IDLE_NS, STAT_conn_swept, now);
}

static void on_sweep(void *ctx, struct wtimer *t, uint64_t now)
{
	struct conns *cs = OWNER(t, struct conns, timer);
	uint64_t idle = cs->sip->env.conf->conn_idle_ms * NS_PER_MS;
	for (int i = 0; idle && i < 64; i++)
		if (!sweep(cs, &cs->fresh, idle, STAT_conn_idle, now) &&
		    !sweep(cs, &cs->proven, idle, STAT_conn_idle, now))
			break;
	wheel_arm(cs->sip->env.wheel, &cs->timer, now + SWEEP_NS, on_sweep);
}

/* ---- opening */

static int may_open(struct conns *cs, const struct ip_sock *to, struct span name)
{
	bool tls = to->transport == DP_TLS;
	if (!cs || to->transport == DP_UDP || (tls && !cs->sip->env.tls))
		return -ENOTSUP;
	if (net_forbidden(cs->sip->env.net, to))
		return -ENETUNREACH;
	return tls && (name.len == 0 || name.len > DP_TLS_NAME_MAX) ? -ENOTCONN : 0;
}

static int open_new(struct conns *cs, const struct ip_sock *to, struct span name, uint64_t now)
{
	struct sip *s = cs->sip;
	int rc = may_open(cs, to, name);
	if (rc)
		return rc;
	uint32_t id = make_room(cs, now) ? cs->stream->ops->connect(cs->stream, to, now) : STREAM_NONE;
	if (id == STREAM_NONE) {
		sip_count(s, STAT_conn_refused_full);
		return -ENOSPC;
	}
	adopt(cs, id, to, now);
	struct conn *c = &cs->all[id];
	c->state = CONN_OPENING;
	sip_count(s, STAT_conn_out);
	if (to->transport != DP_TLS)
		return 0;
	c->name = conns_name(s, name);
	c->name_len = (uint8_t)name.len;
	memcpy(cs->names[id], name.p, name.len);
	if (tls_client(s->env.tls, id, name))
		return 0;
	cs->stream->ops->close(cs->stream, id, true, now);
	forget(cs, c);
	return -ENOSPC;
}

int conns_have(struct sip *s, const struct ip_sock *to, struct span name, uint64_t now)
{
	int rc = may_open(s->conns, to, name);
	if (rc)
		return rc;
	bool tls = to->transport == DP_TLS;
	return find(s->conns, to, tls ? conns_name(s, name) : 0) ? 0 : open_new(s->conns, to, name, now);
}

bool conns_live(const struct sip *s, const struct ip_sock *to, uint64_t name)
{
	if (!s->conns || to->transport == DP_UDP)
		return false;
	return (to->via && to->via != s->env.worker + 1) || find(s->conns, to, name);
}

/* ---- what the stream tells */

static bool on_accepted(void *ctx, uint32_t id, const struct ip_sock *remote, uint16_t port, uint64_t now)
{
	struct conns *cs = ctx;
	struct sip *s = cs->sip;
	struct ip_sock from = *remote;
	bool tls = port != s->env.conf->sip_port;
	from.transport = tls ? DP_TLS : DP_TCP;
	if (net_forbidden(s->env.net, remote) || (tls && !s->env.tls)) {
		sip_count(s, STAT_conn_refused_source);
		return false;
	}
	if (*peer_count(cs, &remote->a) >= s->env.conf->conns_peer_max) {
		sip_count(s, STAT_conn_refused_peer);
		return false;
	}
	if (!make_room(cs, now) || (tls && !tls_server(s->env.tls, id))) {
		sip_count(s, STAT_conn_refused_full);
		return false;
	}
	adopt(cs, id, &from, now);
	struct conn *c = &cs->all[id];
	c->inbound = true;
	c->state = tls ? CONN_OPENING : CONN_UP;
	if (!tls)
		clear_deadline(c);
	sip_count(s, STAT_conn_in);
	return true;
}

static struct conn *live(struct conns *cs, uint32_t id)
{
	return cs->all[id].state == CONN_NONE ? NULL : &cs->all[id];
}

static void on_opened(void *ctx, uint32_t id, uint64_t now)
{
	struct conns *cs = ctx;
	struct conn *c = live(cs, id);
	if (!c)
		return;
	if (c->remote.transport == DP_TLS) { /* the handshake has a time of its own */
		set_deadline(c, cs->sip->env.conf->conn_setup_ms, now);
		return;
	}
	c->state = CONN_UP;
	clear_deadline(c);
}

static void on_stream_bytes(void *ctx, uint32_t id, const uint8_t *p, uint32_t n, uint64_t now)
{
	struct conns *cs = ctx;
	struct conn *c = live(cs, id);
	if (!c)
		return;
	touch(cs, c, now);
	if (c->remote.transport != DP_TLS)
		conns_input(c, p, n, now);
	else if (!tls_cipher(cs->sip->env.tls, id, p, n))
		conns_break(c, STAT_conn_no_room, "TLS: its thread is behind", now);
}

static void on_closed(void *ctx, uint32_t id, enum stream_end why, uint64_t now)
{
	struct conns *cs = ctx;
	struct conn *c = live(cs, id);
	if (c)
		lose(cs, c, span_str(stream_end_words(why)), now);
}

/* ---- what TLS tells */

static void on_tls_up(void *ctx, uint32_t id, uint8_t how, uint64_t now)
{
	struct conns *cs = ctx;
	struct conn *c = live(cs, id);
	if (!c)
		return;
	c->state = CONN_UP;
	clear_deadline(c);
	sip_count(cs->sip, STAT_tls_handshakes);
	if (how & TLS_UP_RESUMED)
		sip_count(cs->sip, STAT_tls_resumed);
	if (how & TLS_UP_UNVERIFIED)
		sip_count(cs->sip, STAT_tls_unverified);
}

static void on_tls_cipher(void *ctx, uint32_t id, const uint8_t *p, uint32_t n, uint64_t now)
{
	struct conns *cs = ctx;
	struct conn *c = live(cs, id);
	if (c && !cs->stream->ops->write(cs->stream, id, p, n, now))
		conns_break(c, STAT_conn_stuck, "connection closed: the far side does not read", now);
}

static void on_tls_plain(void *ctx, uint32_t id, const uint8_t *p, uint32_t n, uint64_t now)
{
	struct conn *c = live(ctx, id);
	if (c)
		conns_input(c, p, n, now);
}

static void on_tls_over(void *ctx, uint32_t id, bool eof, struct span words, uint64_t now)
{
	struct conns *cs = ctx;
	struct conn *c = live(cs, id);
	if (!c)
		return;
	if (!eof)
		sip_count(cs->sip, STAT_tls_failed);
	hang_up(cs, c, false, words, now);
}

/* ---- time */

static void on_deadline(void *ctx, struct wtimer *t, uint64_t now)
{
	struct conn *c = OWNER(t, struct conn, timer);
	bool tls = c->remote.transport == DP_TLS;
	if (c->state == CONN_ENDING)
		hang_up(c->conns, c, false, SPAN("connection closed: what came on it is no SIP"), now);
	else if (c->state == CONN_OPENING)
		conns_break(c, STAT_conn_slow,
		    tls ? "connect or TLS handshake timed out" : "connection timed out: no answer to connect",
		    now);
	else if (!conns_input_late(c, now))
		conns_break(c, STAT_conn_slow, "connection closed: a message did not end in time", now);
}

void conns_wait_more(struct conn *c, uint32_t ms, uint64_t now)
{
	set_deadline(c, ms, now);
}

void conns_wait_no_more(struct conn *c)
{
	clear_deadline(c);
}

void conns_heard(struct conn *c)
{
	prove(c->conns, c);
}

/* ---- sending */

bool conns_write(struct conn *c, const void *p, uint32_t n, uint64_t now)
{
	struct conns *cs = c->conns;
	uint32_t id = conn_id(c);
	touch(cs, c, now);
	bool ok = c->remote.transport == DP_TLS
	              ? cs->stream->ops->unsent(cs->stream, id) + n <= cs->sip->env.conf->conn_out_bytes &&
	                    tls_plain(cs->sip->env.tls, id, p, n)
	              : cs->stream->ops->write(cs->stream, id, p, n, now);
	if (!ok)
		conns_break(c, STAT_conn_stuck, "connection closed: the far side does not read", now);
	return ok;
}

static int send_on(
    struct conns *cs, const struct pkt *p, const struct ip_sock *to, uint64_t name, uint64_t now)
{
	if (!cs)
		return -ENOTSUP;
	struct conn *c = find(cs, to, name);
	if (!c) {
		int rc = open_new(cs, to, SPAN(""), now);
		if (rc)
			return rc;
		c = find(cs, to, name);
	}
	return conns_write(c, p->data, p->len, now) ? 0 : -EPIPE;
}

int conns_send(struct sip *s, struct pkt *p, const struct ip_sock *to, uint64_t name, uint64_t now)
{
	if (to->via && to->via != s->env.worker + 1 && s->env.stream_out)
		return s->env.stream_out(s->env.ctx, to->via - 1u, p, to) ? 0 : -ENOSPC;
	int rc = send_on(s->conns, p, to, name, now);
	if (rc)
		sip_count(s, STAT_drop_conn_gone);
	pkt_put(p);
	return rc;
}

/* ---- responses whose connection has gone */

/* What the topmost Via of a message of ours names; port 0 when it cannot be read. */
static struct span via_of(const struct pkt *p, uint16_t *port)
{
	struct sip_msg m;
	struct sip_err err;
	struct sip_via v;
	struct span elem;
	uint32_t off;
	*port = 0;
	(void)!sip_msg_parse(&m, (const char *)p->data, p->len, SIP_DATAGRAM, &err);
	struct span rest = sip_msg_val(&m, SIP_H_VIA);
	if (!rest.p || !sip_list_next(&rest, &elem) || sip_via_parse(&v, elem, &off))
		return (struct span){0};
	*port = v.port ? v.port : span_ieq(v.transport, SPAN("TLS")) ? 5061 : 5060;
	return v.host;
}

void conns_respond(struct sip *s, struct pkt *p, const struct ip_sock *to, uint64_t now)
{
	struct ip_sock back = *to;
	bool far = to->via && to->via != s->env.worker + 1;
	if (!far && s->conns && !find(s->conns, to, 0)) {
		struct span host = via_of(p, &back.port);
		back.via = 0;
		if (back.port && conns_have(s, &back, host, now) == 0)
			sip_count(s, STAT_conn_reopened);
	}
	if (conns_send(s, p, &back, 0, now) == 0)
		sip_count(s, STAT_sip_responses_out);
}

/* ---- start and end */

static int make_tables(struct conns *cs)
{
	uint32_t size = cs->stream->size;
	for (cs->peers_mask = 1023; cs->peers_mask < 4 * cs->max; cs->peers_mask = cs->peers_mask * 2 + 1)
		;
	cs->all = calloc(size, sizeof *cs->all);
	cs->peers = calloc(cs->peers_mask + 1, sizeof *cs->peers);
	cs->by_remote = table_new(size);
	if (cs->sip->env.tls)
		cs->names = calloc(size, sizeof *cs->names);
	if (!cs->all || !cs->peers || !cs->by_remote || (cs->sip->env.tls && !cs->names))
		return -ENOMEM;
	for (uint32_t i = 0; i < size; i++)
		cs->all[i].conns = cs;
	return conns_inputs_init(cs);
}

int conns_init(struct sip *s, uint64_t now)
{
	if (!s->env.stream)
		return 0;
	struct conns *cs = calloc(1, sizeof *cs);
	if (!cs)
		return -ENOMEM;
	s->conns = cs;
	cs->sip = s;
	cs->stream = s->env.stream;
	cs->max = s->env.conf->conns_max;
	cs->fresh.head.prev = cs->fresh.head.next = &cs->fresh.head;
	cs->proven.head.prev = cs->proven.head.next = &cs->proven.head;
	if (make_tables(cs)) {
		conns_fini(s);
		return -ENOMEM;
	}
	cs->stream->user = (struct stream_user){cs, on_accepted, on_opened, on_stream_bytes, on_closed};
	if (s->env.tls)
		tls_tell(
		    s->env.tls, &(struct tls_user){cs, on_tls_up, on_tls_cipher, on_tls_plain, on_tls_over});
	wheel_arm(s->env.wheel, &cs->timer, now + SWEEP_NS, on_sweep);
	return 0;
}

void conns_fini(struct sip *s)
{
	struct conns *cs = s->conns;
	if (!cs)
		return;
	for (uint32_t i = 0; cs->all && i < cs->stream->size; i++)
		wheel_cancel(s->env.wheel, &cs->all[i].timer);
	wheel_cancel(s->env.wheel, &cs->timer);
	conns_inputs_fini(cs);
	table_free(cs->by_remote);
	free(cs->names);
	free(cs->peers);
	free(cs->all);
	free(cs);
	s->conns = NULL;
}

uint32_t conns_gauges(const struct sip *s, struct dp_pool_gauge *out, uint32_t n)
{
	const struct conns *cs = s->conns;
	if (!cs || n < 2)
		return 0;
	out[0] = (struct dp_pool_gauge){"connections", cs->used, cs->max};
	out[1] = (struct dp_pool_gauge){"long_messages", cs->large.used, cs->large.size};
	return 2;
}
