/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/txn.h"

#include "dataplane/sip/conns.h"
#include "dataplane/sip/core.h"
#include "dataplane/sip/sip_msgs.h"
#include "dataplane/sip/transport.h"
#include "sip-parser/base/ascii.h"

#include <assert.h>
#include <stddef.h>

#define OWNER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static void on_timer(void *ctx, struct wtimer *timer, uint64_t now);

/* ---- the list of client transactions that wait for a first response */

/* Control chooses the targets, so nobody fills a bucket on purpose; who did would make one ICMP error slow. */
static struct txn_list *bucket_of(struct sip *s, const struct ip_sock *remote)
{
	uint64_t w[2];
	memcpy(w, remote->a.b, sizeof w);
	uint64_t h = (w[0] ^ s->key.k0) * 0x9e3779b97f4a7c15ull ^ w[1];
	h = (h ^ remote->port) * 0xbf58476d1ce4e5b9ull;
	return &s->waiting[(h >> 32) % SIP_WAIT_BUCKETS];
}

static void list_push(struct txn_list *head, struct txn_list *n)
{
	n->next = head->next;
	n->prev = head;
	head->next->prev = n;
	head->next = n;
}

static void list_drop(struct txn_list *n)
{
	if (!n->next)
		return;
	n->prev->next = n->next;
	n->next->prev = n->prev;
	n->next = n->prev = NULL;
}

/* ---- pool */

/* Every call that is up will want a BYE, and the pool must not be full of anything else then. */
static bool has_room(const struct sip *s, enum txn_kind kind)
{
	uint32_t kept = kind == TXN_NICT ? 0 : s->txns.size / 4;
	return s->txns.size - s->txns.used > kept;
}

static void name_branch(struct txn *t)
{
	struct sip *s = t->sip;
	struct ident id = {IDENT_BRANCH, (uint8_t)s->env.worker, txn_index(s, t), sip_random(s)};
	t->rand = id.rand;
	ident_write(t->token, &s->key, &id);
}

struct txn *txn_open(struct sip *s, enum txn_kind kind, uint8_t method, const struct ip_sock *remote)
{
	struct txn *t = has_room(s, kind) ? pool_get(&s->txns) : NULL;
	if (!t)
		return NULL;
	memset(t, 0, sizeof *t);
	t->sip = s;
	t->index = pool_index(&s->txns, t);
	t->remote = *remote;
	t->method = method;
	t->leg = t->cancel = TXN_NO_INDEX;
	if (kind <= TXN_NICT)
		name_branch(t);
	txn_fsm_init(&t->fsm, kind);
	t->fsm.reliable = remote->transport != DP_UDP;
	return t;
}

static void drop_pkt(struct txn *t)
{
	if (t->pkt)
		pkt_put(t->pkt);
	t->pkt = NULL;
}

static void txn_close(struct txn *t)
{
	struct sip *s = t->sip;
	struct txn *other = txn_at(s, t->cancel);
	bool server = t->fsm.state != TXN_INIT && (t->fsm.kind == TXN_IST || t->fsm.kind == TXN_NIST);
	if (s->user->gone)
		s->user->gone(s, t);
	if (other)
		other->cancel = TXN_NO_INDEX;
	if (other && t->fsm.kind == TXN_ICT)
		txn_close(other); /* a CANCEL is found through its INVITE */
	if (server)
		table_del(s->servers, t->rand, txn_index(s, t));
	wheel_cancel(s->env.wheel, &t->timer);
	list_drop(&t->waiting);
	drop_pkt(t);
	dialog_block_put(&s->texts, t->text);
	pool_put(&s->txns, t);
}

/* ---- running a machine */

static void set_timer(struct txn *t)
{
	uint64_t at = txn_fsm_next(&t->fsm);
	if (at == UINT64_MAX)
		wheel_cancel(t->sip->env.wheel, &t->timer);
	else if (!wtimer_armed(&t->timer) || t->timer.at != at)
		wheel_arm(t->sip->env.wheel, &t->timer, at, on_timer);
}

static void resend(struct txn *t, uint64_t now)
{
	if (!t->pkt)
		return;
	sip_count(t->sip, STAT_sip_retransmits_out);
	transport_resend(t->sip, t->pkt, &t->remote, now);
}

/* One event, with what goes with it. The transaction may be gone afterwards: no caller touches it again. */
static void feed(struct txn *t, enum txn_event ev, const struct msg_in *h, uint64_t now)
{
	struct sip *s = t->sip;
	bool illegal;
	uint32_t acts = txn_fsm_step(&t->fsm, ev, &s->times, now, &illegal);
	if (illegal) {
		sip_count(s, STAT_sip_illegal_event);
		return;
	}
	bool over = t->fsm.state == TXN_TERMINATED;
	if (acts & TXN_DO_ABSORB)
		sip_count(s, STAT_sip_retransmits_in);
	if (acts & TXN_DO_RESEND)
		resend(t, now);
	if (acts & TXN_DO_DROP)
		drop_pkt(t);
	if (acts & TXN_DO_ACK)
		s->user->ack(s, t, h);
	if ((acts & TXN_DO_TELL) && h)
		over |= s->user->response(s, t, h);
	if (acts & TXN_DO_TIMEOUT)
		s->user->timeout(s, t, now);
	if (acts & TXN_DO_FAIL)
		s->user->failed(s, t, now);
	if (over)
		txn_close(t);
	else
		set_timer(t);
}

static void on_timer(void *ctx, struct wtimer *timer, uint64_t now)
{
	struct txn *t = OWNER(timer, struct txn, timer);
	feed(t, txn_fsm_due(&t->fsm, now), NULL, now);
}

/* ---- client */

int txn_start(struct txn *t, struct pkt *pkt, uint64_t now)
{
	struct sip *s = t->sip;
	bool illegal;
	txn_fsm_step(&t->fsm, TXN_EV_START, &s->times, now, &illegal);
	pkt_ref(pkt);
	t->pkt = pkt;
	int rc = transport_send(s, pkt, &t->remote, t->name, now);
	if (rc) {
		txn_close(t);
		return rc;
	}
	sip_count(s, STAT_sip_requests_out);
	list_push(bucket_of(s, &t->remote), &t->waiting);
	set_timer(t);
	return 0;
}

/* The client transaction that this token, all of it, names. */
static struct txn *named(struct sip *s, const char token[IDENT_LEN])
{
	struct ident id;
	if (!ident_place(&id, token) || id.worker != (uint8_t)s->env.worker)
		return NULL;
	struct txn *t = txn_at(s, id.index);
	return t && t->fsm.kind <= TXN_NICT && ident_same(t->token, token) ? t : NULL;
}

/* The CANCEL of an INVITE shares its branch (RFC 3261 §9.1): the method of the CSeq tells them apart. */
static struct txn *client_of(struct sip *s, const char token[IDENT_LEN], enum sip_method method)
{
	struct txn *t = named(s, token);
	if (t && t->method == SIP_INVITE && method == SIP_CANCEL)
		t = txn_at(s, t->cancel);
	return t && t->method == method ? t : NULL;
}

/* The 64 random bits of the branch are what proves the sender; a NAT or a second interface of a proxy may answer from
 * elsewhere, so this is told and not refused. */
static void take_response(struct txn *t, const struct msg_in *h)
{
	if (!ip_sock_eq(h->src, &t->remote))
		sip_count(t->sip, STAT_sip_response_source);
	list_drop(&t->waiting);
	feed(t, txn_event_of(h->m->status), h, h->now);
}

bool txn_awaits(const struct sip *s, const struct ident *branch, enum sip_method method)
{
	const struct txn *t = txn_at(s, branch->index);
	return t && t->rand == branch->rand &&
	       !(method == SIP_CANCEL && t->canceled && !txn_at(s, t->cancel));
}

bool txn_response(struct sip *s, const struct msg_in *h)
{
	const char *token = ident_of_branch(msg_branch(h));
	struct txn *t = token ? client_of(s, token, h->m->method) : NULL;
	if (!t || h->c->cseq != t->cseq)
		return false;
	take_response(t, h);
	return true;
}

/* The value is what we wrote: number, one space, method. */
static bool is_cseq_of(struct span v, const struct txn *t)
{
	uint32_t n = 0, i = 0;
	for (; i < v.len && i < 9 && ascii_is(v.p[i], ASCII_DIGIT); i++)
		n = n * 10 + (uint32_t)(v.p[i] - '0');
	return i && n == t->cseq && i < v.len && v.p[i] == ' ' &&
	       span_eq(span_of(v.p + i + 1, v.len - i - 1), sip_method_name((enum sip_method)t->method));
}

/* Of our own Via as we wrote it, with whatever the far side put behind the branch. */
static struct txn *brief_client(struct sip *s, const struct ip_sock *src, struct span via)
{
	const struct span own = sip_face(s, src)->via_value;
	uint32_t n = own.len;
	bool ours = via.len >= n + IDENT_LEN && memcmp(via.p, own.p, n) == 0 &&
	            (via.len == n + IDENT_LEN || via.p[n + IDENT_LEN] == ';');
	return ours ? named(s, via.p + n) : NULL;
}

bool txn_response_brief(struct sip *s, const struct sip_msg *m, const struct ip_sock *src, uint64_t now)
{
	if (m->status >= 200 || m->body.len)
		return false;
	struct txn *t = brief_client(s, src, sip_msg_val(m, SIP_H_VIA));
	if (!t || !is_cseq_of(sip_msg_val(m, SIP_H_CSEQ), t))
		return false;
	take_response(t, &(struct msg_in){m, NULL, src, now});
	return true;
}

bool txn_response_glance(struct sip *s, const struct glance *g, const struct ip_sock *src, uint64_t now)
{
	struct span cseq;
	struct txn *t = brief_client(s, src, g->via);
	bool all = t && t->fsm.kind == TXN_NICT && t->leg != TXN_NO_INDEX; /* may be challenged */
	if (!t || all || (t->fsm.kind == TXN_ICT && g->status >= 200) || !glance_cseq(g, &cseq) ||
	    !is_cseq_of(cseq, t) || (t->fsm.kind == TXN_ICT && g->status > 100 && !glance_bare(g)))
		return false;
	s->msg.status = g->status;
	s->msg.body = (struct span){0};
	take_response(t, &(struct msg_in){&s->msg, NULL, src, now});
	return true;
}

void txn_discard(struct txn *t)
{
	assert(t->fsm.state == TXN_INIT);
	txn_close(t);
}

void txn_mute(struct txn *t)
{
	drop_pkt(t);
}

void txn_abort(struct txn *t, uint64_t now)
{
	if (t->fsm.state != TXN_TERMINATED)
		feed(t, TXN_EV_ABORT, NULL, now);
}

/* Move those that wait for a first response from `remote`, by a connection for `name`, to a list of their own. */
static void gather(struct sip *s, struct txn_list *out, const struct ip_sock *remote, uint64_t name)
{
	struct txn_list *head = bucket_of(s, remote), *next;
	for (struct txn_list *n = head->next; n != head; n = next) {
		const struct txn *t = OWNER(n, struct txn, waiting);
		next = n->next;
		if (!ip_sock_eq(&t->remote, remote) || (t->name && t->name != name))
			continue;
		list_drop(n);
		list_push(out, n);
	}
}

void txn_unreachable(struct sip *s, const struct ip_sock *remote, uint64_t now)
{
	struct txn_list dead = {&dead, &dead};
	gather(s, &dead, remote, 0);
	/* Failing one may end another (a leg takes its CANCEL along), which then leaves this list by itself. */
	while (dead.next != &dead) {
		struct txn *t = OWNER(dead.next, struct txn, waiting);
		list_drop(&t->waiting);
		feed(t, TXN_EV_ERROR, NULL, now);
	}
}

/* The request once more, by a new connection. */
static bool send_anew(struct txn *t, struct span name, uint64_t now)
{
	struct sip *s = t->sip;
	if (t->resent || !t->pkt || conns_have(s, &t->remote, name, now))
		return false;
	t->resent = true;
	pkt_ref(t->pkt);
	if (conns_send(s, t->pkt, &t->remote, t->name, now))
		return false;
	sip_count(s, STAT_sip_retransmits_out);
	return true;
}

/* What was too long for UDP goes by UDP after all: Via and Contact say so in as many bytes as before. */
static bool send_by_udp(struct txn *t, uint64_t now)
{
	struct sip *s = t->sip;
	bool illegal;
	if (!t->or_udp || !t->pkt || !msgs_say_udp(t->pkt))
		return false;
	t->or_udp = false;
	t->remote.transport = DP_UDP;
	txn_fsm_init(&t->fsm, TXN_ICT);
	txn_fsm_step(&t->fsm, TXN_EV_START, &s->times, now, &illegal);
	s->user->moved(s, t);
	pkt_ref(t->pkt);
	(void)!transport_send(s, t->pkt, &t->remote, 0, now);
	sip_count(s, STAT_sip_fell_to_udp);
	set_timer(t);
	return true;
}

void txn_conn_lost(struct sip *s, const struct ip_sock *remote, struct span name, bool retry, uint64_t now)
{
	struct txn_list dead = {&dead, &dead};
	gather(s, &dead, remote, name.len ? conns_name(s, name) : 0);
	while (dead.next != &dead) {
		struct txn *t = OWNER(dead.next, struct txn, waiting);
		list_drop(&t->waiting);
		if ((retry && send_anew(t, name, now)) || (!retry && send_by_udp(t, now)))
			list_push(bucket_of(s, &t->remote), &t->waiting);
		else
			feed(t, TXN_EV_ERROR, NULL, now);
	}
}

/* ---- server */

static uint64_t mix(const struct sip *s, uint64_t h, struct span x)
{
	uint64_t pair[2] = {h, hash_span(&s->key, x)};
	return hash_bytes(&s->key, pair, sizeof pair);
}

/* RFC 3261 §17.2.3, second half: Request-URI, tags, Call-ID, CSeq number and the top Via. */
static uint64_t key_2543(const struct sip *s, const struct msg_in *h)
{
	uint64_t k = mix(s, 2543, h->m->ruri);
	k = mix(s, k, msg_from_tag(h));
	k = mix(s, k, msg_to_tag(h));
	k = mix(s, k, sip_at(h->m, h->c->call_id));
	k = mix(s, k, span_of((const char *)&h->c->cseq, sizeof h->c->cseq));
	return mix(s, k, sip_at(h->m, h->c->via.text));
}

uint64_t txn_key(const struct sip *s, const struct msg_in *h, enum sip_method as)
{
	uint32_t method = as == SIP_ACK ? SIP_INVITE : as;
	struct span branch = msg_branch(h);
	uint64_t k;
	if (branch.len > 7 && span_ieq(span_of(branch.p, 7), SPAN(IDENT_COOKIE)))
		k = mix(s, mix(s, h->c->via.port, branch), sip_at(h->m, h->c->via.host));
	else
		k = key_2543(s, h);
	k = mix(s, k, span_of((const char *)&method, sizeof method));
	return method == SIP_UNKNOWN ? mix(s, k, h->m->method_text) : k;
}

bool txn_serve(struct txn *t, uint64_t key, uint64_t now)
{
	struct sip *s = t->sip;
	bool illegal;
	t->rand = key;
	if (table_put(s->servers, key, txn_index(s, t)) != 0) {
		txn_discard(t);
		return false;
	}
	txn_fsm_step(&t->fsm, TXN_EV_START, &s->times, now, &illegal);
	return true;
}

struct txn *txn_find_server(const struct sip *s, uint64_t key)
{
	uint32_t at = 0, idx;
	while ((idx = table_next(s->servers, key, &at)) != TABLE_NONE) {
		struct txn *t = txn_at(s, idx);
		if (t && t->rand == key)
			return t;
	}
	return NULL;
}

void txn_respond(struct txn *t, struct pkt *pkt, uint16_t status, bool keep, uint64_t now)
{
	struct sip *s = t->sip;
	t->status = status;
	drop_pkt(t);
	if (pkt && keep) {
		pkt_ref(pkt);
		t->pkt = pkt;
	}
	if (pkt)
		transport_respond(s, pkt, &t->remote, now);
	feed(t, txn_event_of(status), NULL, now);
}

void txn_acked(struct txn *t, uint64_t now)
{
	feed(t, TXN_EV_ACK, NULL, now);
}

bool txn_ack(struct sip *s, uint64_t key, uint64_t now)
{
	struct txn *t = txn_find_server(s, key);
	if (!t || t->fsm.kind != TXN_IST || t->fsm.state == TXN_ACCEPTED || t->fsm.state == TXN_PROCEEDING)
		return false;
	feed(t, TXN_EV_ACK, NULL, now);
	return true;
}

void txn_again(struct txn *t, uint64_t now)
{
	feed(t, TXN_EV_REQUEST, NULL, now);
}
