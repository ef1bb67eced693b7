/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/call_leg.h"

#include "dataplane/sip/conns.h"
#include "dataplane/sip/fork.h"
#include "dataplane/sip/reinvite.h"
#include "dataplane/sip/sip_msgs.h"
#include "dataplane/sip/transport.h"
#include "sip-parser/sip_uri.h"

#include <assert.h>
#include <stddef.h>

#define REASON_BYTES 512
#define GEN_MAX      0xffffffu

static void on_timer(void *ctx, struct wtimer *timer, uint64_t now)
{
	uac_timer((struct leg *)(void *)((char *)timer - offsetof(struct leg, timer)), now);
}

struct leg *leg_of(struct sip *s, dp_leg h)
{
	if (!h || dp_leg_worker(h) != (uint8_t)s->env.worker)
		return NULL;
	struct leg *l = leg_at(s, dp_leg_index(h));
	return l && l->handle == h && l->started && !l->told ? l : NULL;
}

/* Both tokens go out together, so one random part does for both; the kind and the MAC keep them apart. */
static void name_dialog(struct leg *l, uint32_t idx)
{
	struct sip *s = l->sip;
	struct ident id = {IDENT_TAG, (uint8_t)s->env.worker, idx, sip_random(s)};
	char call_id[IDENT_LEN];
	ident_write(l->dialog.tag, &s->key, &id);
	id.kind = IDENT_CALL_ID;
	ident_write(call_id, &s->key, &id);
	memcpy(l->dialog.call_mac, call_id + IDENT_LEN - IDENT_MAC_LEN, IDENT_MAC_LEN);
	l->session.id = (uint32_t)(id.rand >> 33);
}

struct leg *leg_open(struct sip *s, uint64_t cookie, const struct ip_sock *far)
{
	struct leg *l = pool_get(&s->legs);
	if (!l)
		return NULL;
	memset(l, 0, sizeof *l);
	l->sip = s;
	l->cookie = cookie;
	l->face = sip_face_to(far);
	l->media = MEDIA_NONE;
	l->reinvite = TXN_NO_INDEX;
	l->ict = l->ist = l->bye = TXN_NO_INDEX;
	l->timer.fn = on_timer;
	if (!dialog_open(&l->dialog, &s->texts)) {
		pool_put(&s->legs, l);
		return NULL;
	}
	uint32_t idx = pool_index(&s->legs, l);
	s->gens[idx] = s->gens[idx] >= GEN_MAX ? 1 : s->gens[idx] + 1;
	l->handle = dp_leg_make((uint8_t)s->env.worker, s->gens[idx], idx);
	name_dialog(l, idx);
	return l;
}

static void fetch(const void *p, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += 64)
		__builtin_prefetch((const char *)p + at, 1);
}

void leg_fetch(const struct sip *s, uint32_t idx)
{
	__builtin_prefetch(&s->legs.next[idx], 1);
	fetch(s->legs.mem + (size_t)idx * s->legs.obj_bytes, sizeof(struct leg));
}

void leg_fetch_parts(const struct sip *s, uint32_t idx)
{
	const struct leg *l = pool_at(&s->legs, idx);
	if (!l)
		return;
	fetch(l->dialog.text, DIALOG_BRIEF_BYTES);
	if (l->media != MEDIA_NONE)
		media_fetch_leg(s->env.media, l->media);
	if (l->peer)
		leg_fetch(s, dp_leg_index(l->peer));
}

/* ---- events */

struct dp_event *leg_event(struct leg *l, enum dp_ev_type type, uint64_t now)
{
	return l->told ? NULL : event_new(l->sip, type, l->handle, l->cookie, now);
}

static bool is_x_header(struct span name)
{
	return name.len > 2 && (name.p[0] | 0x20) == 'x' && name.p[1] == '-';
}

/* What control is told: X- headers; of an INVITE the user-to-user information as well. */
static bool is_told(const struct sip_msg *m, const struct sip_hdr *h)
{
	struct span name = sip_hdr_name(m, h);
	if (m->is_request && m->method == SIP_INVITE && span_ieq(name, SPAN("User-to-User")))
		return true;
	return sip_hdr_id(m, h) == SIP_H_OTHER && is_x_header(name);
}

/* A header value on one line: folds and tabs become one space, other control bytes are left out. */
static void put_clean(struct buf *b, struct span v)
{
	bool gap = false;
	for (uint32_t i = 0; i < v.len; i++) {
		unsigned char c = (unsigned char)v.p[i];
		if (c == '\r' || c == '\n' || c == '\t' || c == ' ') {
			gap = true;
			continue;
		}
		if (c < 0x20 || c == 0x7f)
			continue;
		if (gap && b->len)
			buf_chr(b, ' ');
		gap = false;
		buf_chr(b, (char)c);
	}
}

void leg_event_headers(struct sip *s, struct dp_event *e, const struct sip_msg *m)
{
	bool bad = false;
	uint16_t begin = e->text_len;
	for (uint16_t i = 0; m && i < m->n_hdrs && !bad; i++) {
		const struct sip_hdr *h = &m->hdrs[i];
		struct span name = sip_hdr_name(m, h);
		if (!is_told(m, h))
			continue;
		uint16_t line = e->text_len;
		struct buf b = buf_on(e->text + line, DP_TEXT_MAX - line);
		struct buf v = buf_on(e->text + line, DP_TEXT_MAX - line);
		buf_span(&b, name);
		buf_lit(&b, ": ");
		v = buf_on(b.p + b.len, b.cap - b.len);
		put_clean(&v, sip_hdr_val(m, h));
		b.len += v.len;
		buf_lit(&b, "\r\n");
		bad = b.full || v.full;
		if (!bad)
			e->text_len = (uint16_t)(line + b.len);
	}
	e->headers = (struct dp_text){begin, (uint16_t)(e->text_len - begin)};
	if (bad)
		sip_count(s, STAT_ev_text_lost);
}

static void put_more(struct buf *b, const char *label, struct span value)
{
	if (!value.len)
		return;
	buf_span(b, span_str(b->len ? "; " : ""));
	buf_span(b, span_str(label));
	struct buf v = buf_on(b->p + b->len, b->cap - b->len);
	put_clean(&v, value);
	b->len += v.len;
}

void leg_event_reason(struct sip *s, struct dp_event *e, struct span words, const struct sip_msg *m)
{
	char text[REASON_BYTES];
	struct buf b = buf_on(text, sizeof text);
	bool bad = false;
	put_clean(&b, words);
	if (m) {
		put_more(&b, "Reason: ", sip_msg_val(m, SIP_H_REASON));
		put_more(&b, "Warning: ", sip_msg_val(m, SIP_H_WARNING));
	}
	e->reason = dp_event_text(e, buf_view(&b), &bad); /* a prefix when it is very long */
	if (bad)
		sip_count(s, STAT_ev_text_lost);
}

/* ---- media */

void leg_agree(struct leg *l, const struct media_agreed *a, uint64_t now)
{
	media_agree(l->sip->env.media, l->media, a, now);
}

static void tell_pair(struct leg *l, enum dp_ev_type type, dp_leg peer, uint64_t now)
{
	struct dp_event *e = leg_event(l, type, now);
	if (!e)
		return;
	e->peer = peer;
	event_tell(l->sip, e);
}

/* Take l's bridge apart; `leaver` hears nothing (it is ending, or about to be bridged again). */
static void part(struct leg *l, bool tell_self, uint64_t now)
{
	struct leg *p = leg_of(l->sip, l->peer);
	dp_leg peer = l->peer;
	if (!peer)
		return;
	l->peer = 0;
	media_unbridge(l->sip->env.media, l->media);
	if (tell_self)
		tell_pair(l, DP_EV_UNBRIDGED, peer, now);
	if (p && p->peer == l->handle) {
		p->peer = 0;
		if (!tell_self)
			tell_pair(p, DP_EV_UNBRIDGED, l->handle, now);
	}
}

static bool bridgeable(const struct leg *l)
{
	if (!l || l->media == MEDIA_NONE)
		return false;
	return l->state == LEG_UP || (l->early && (l->state == LEG_PROCEEDING || l->state == LEG_INCOMING));
}

void leg_bridge(struct sip *s, const struct dp_cmd *c, uint64_t now)
{
	struct leg *a = leg_of(s, c->leg), *b = leg_of(s, c->peer);
	if (!a || !b) {
		sip_count(s, STAT_cmd_stale_handle);
		return;
	}
	if (a == b || !bridgeable(a) || !bridgeable(b)) {
		sip_count(s, STAT_cmd_bad);
		return;
	}
	if (a->peer != b->handle) {
		part(a, false, now);
		part(b, false, now);
	}
	media_bridge(s->env.media, a->media, b->media);
	a->peer = b->handle;
	b->peer = a->handle;
	tell_pair(a, DP_EV_BRIDGED, b->handle, now);
	reinvite_sync(a, now);
	reinvite_sync(b, now);
}

void leg_wishes(struct leg *l, uint64_t now)
{
	struct leg *p = leg_of(l->sip, l->peer);
	if (p)
		reinvite_sync(p, now);
}

void leg_unbridge(struct sip *s, const struct dp_cmd *c, uint64_t now)
{
	struct leg *l = leg_of(s, c->leg);
	if (!l)
		sip_count(s, STAT_cmd_stale_handle);
	else
		part(l, true, now);
}

/* ---- the end */

void leg_tell_end(struct leg *l, const struct leg_end *end, uint64_t now)
{
	struct sip *s = l->sip;
	struct dp_media_counts counts = {0};
	if (l->told)
		return;
	part(l, false, now);
	if (l->media != MEDIA_NONE)
		media_close(s->env.media, l->media, &counts, now);
	l->media = MEDIA_NONE;
	struct dp_event *e = leg_event(l, DP_EV_ENDED, now);
	if (!l->started)
		e->leg = 0;
	e->cause = (uint8_t)end->cause;
	e->sip_status = end->status;
	e->progressed = l->progressed;
	e->media = counts;
	if (end->src)
		e->remote = *end->src;
	leg_event_reason(s, e, end->reason, end->m);
	leg_event_headers(s, e, end->m);
	event_tell(s, e);
	if (l->started)
		sip_count(s, STAT_legs_ended);
	l->told = true;
}

const char *leg_challenged(struct leg *l, const struct msg_in *h, bool in_dialog)
{
	struct sip *s = l->sip;
	const char *why = "no credentials were given";
	if (!h || (h->m->status != 401 && h->m->status != 407))
		return "it was no challenge";
	if (l->auth)
		why = auth_challenged(l->auth, h->m, h->src, in_dialog, sip_random(s));
	sip_count(s, why ? STAT_sip_auth_refused : STAT_sip_auth_answered);
	return why;
}

void leg_forget_credentials(struct leg *l)
{
	auth_close(&l->sip->auths, l->auth);
	l->auth = NULL;
}

void leg_free(struct leg *l, uint64_t now)
{
	struct sip *s = l->sip;
	struct txn *ict = txn_at(s, l->ict), *ist = txn_at(s, l->ist), *bye = txn_at(s, l->bye);
	assert(l->told || !l->started);
	l->state = LEG_NONE;
	l->ict = l->ist = l->bye = TXN_NO_INDEX;
	reinvite_drop(l, now);
	if (ict)
		ict->leg = TXN_NO_INDEX;
	if (bye)
		bye->leg = TXN_NO_INDEX;
	if (ist) {
		ist->leg = TXN_NO_INDEX;
		txn_abort(ist, now);
	}
	if (l->media != MEDIA_NONE) {
		struct dp_media_counts none;
		media_close(s->env.media, l->media, &none, now);
	}
	wheel_cancel(s->env.wheel, &l->timer);
	if (l->invite)
		pkt_put(l->invite);
	l->invite = NULL;
	if (l->dialog.confirmed && !l->dialog.uas)
		fork_ended(l, now);
	leg_forget_credentials(l);
	dialog_close(&l->dialog, &s->texts);
	pool_put(&s->legs, l);
}

/* ---- where its requests go */

/* What the certificate must say: the name the call was made for, or the host of where the dialog has moved to. */
static struct span tls_name(const struct leg *l, struct buf *tmp)
{
	struct span name = dialog_span(&l->dialog, DIALOG_TLS);
	struct dialog_route r;
	struct sip_uri u;
	uint32_t off;
	if (name.len && ip_addr_eq(&l->flow.a, &l->hop.a))
		return name;
	dialog_route(&r, dialog_span(&l->dialog, DIALOG_TARGET), dialog_span(&l->dialog, DIALOG_ROUTE), tmp);
	return sip_uri_parse(&u, r.hop, &off) ? SPAN("") : u.host;
}

struct leg_way leg_way(struct leg *l, uint64_t now)
{
	struct sip *s = l->sip;
	const struct ip_sock *f = &l->flow;
	if (l->hop.transport == DP_UDP)
		return (struct leg_way){.to = l->hop};
	bool leads = f->transport == l->hop.transport && ip_addr_eq(&f->a, &l->hop.a);
	struct span made_for = dialog_span(&l->dialog, DIALOG_TLS);
	uint64_t flow_name = made_for.len ? conns_name(s, made_for) : 0;
	if (leads && conns_live(s, f, flow_name))
		return (struct leg_way){*f, flow_name};
	char room[DIALOG_LONG_BYTES + 64];
	struct buf tmp = buf_on(room, sizeof room);
	struct span name = tls_name(l, &tmp);
	(void)!conns_have(s, &l->hop, name, now); /* if not, sending says so */
	return (struct leg_way){l->hop, l->hop.transport == DP_TLS ? conns_name(s, name) : 0};
}

/* ---- BYE */

static void put_cause(struct buf *b, uint16_t status)
{
	if (!status) {
		buf_lit(b, "Q.850;cause=16;text=\"Normal call clearing\"");
		return;
	}
	buf_lit(b, "SIP;cause=");
	buf_u32(b, status);
}

/* 0: under way. -ENOBUFS-like true/false: false = try again later. */
static bool send_bye(struct leg *l, uint64_t now)
{
	struct sip *s = l->sip;
	char text[64];
	struct buf reason = buf_on(text, sizeof text);
	struct leg_way way = leg_way(l, now);
	struct txn *t = txn_open(s, TXN_NICT, SIP_BYE, &way.to);
	if (!t)
		return false;
	t->name = way.name;
	t->cseq = l->dialog.local_cseq + 1;
	put_cause(&reason, l->bye_status);
	struct pkt *p = msgs_bye(s, l, t, buf_view(&reason));
	if (!p) {
		txn_discard(t);
		return false;
	}
	l->dialog.local_cseq++;
	if (l->auth) {
		t->leg = leg_index(l);
		l->bye = txn_index(s, t);
	}
	(void)!txn_start(t, p, now); /* no route to the far side: the call is over all the same */
	return true;
}

/* Without credentials nothing that a BYE is answered is of interest. */
static void send_bye_or_wait(struct leg *l, uint64_t now)
{
	if (!send_bye(l, now))
		wheel_arm(l->sip->env.wheel, &l->timer, now + l->sip->times.t1, l->timer.fn);
	else if (l->bye == TXN_NO_INDEX)
		leg_free(l, now);
}

void leg_bye_done(struct leg *l, const struct msg_in *h, uint64_t now)
{
	struct txn *t = txn_at(l->sip, l->bye);
	l->bye = TXN_NO_INDEX;
	if (t)
		t->leg = TXN_NO_INDEX;
	if (leg_challenged(l, h, true) == NULL)
		send_bye_or_wait(l, now);
	else
		leg_free(l, now);
}

void leg_clear(struct leg *l, uint64_t now)
{
	l->state = LEG_CLEARING;
	reinvite_drop(l, now);
	wheel_cancel(l->sip->env.wheel, &l->timer);
	if (l->unacked) {
		wheel_cancel(
		    l->sip->env.wheel, &l->timer); /* the ACK, or Timer H of the 2xx, brings us back here */
		return;
	}
	if (l->auth)
		auth_begin(l->auth);
	send_bye_or_wait(l, now);
}
