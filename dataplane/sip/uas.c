/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/uas.h"

#include "dataplane/sip/transport.h"
#include "sip-parser/sip_addr.h"
#include "dataplane/sip/uac.h"
#include "dataplane/sip/uas_call.h"
#include "dataplane/sip/uas_core.h"

/* The media type before its parameters. */
static bool is_type(const struct sip_msg *m, struct span type)
{
	struct span v = sip_msg_val(m, SIP_H_CONTENT_TYPE);
	if (v.len < type.len)
		return false;
	struct span head = span_of(v.p, type.len);
	if (!span_eq(head, type) && !span_ieq(head, type))
		return false;
	return v.len == type.len || strchr("; \t\r\n", v.p[type.len]) != NULL;
}

bool uas_is_sdp(const struct sip_msg *m)
{
	return m->body.len && is_type(m, SPAN("application/sdp"));
}

bool uas_bad_body(const struct sip_msg *m)
{
	return m->body.len &&
	       (!is_type(m, SPAN("application/sdp")) || sip_msg_hdr(m, SIP_H_CONTENT_ENCODING));
}

bool uas_requires_more(const struct sip_msg *m)
{
	for (const struct sip_hdr *h = sip_msg_hdr(m, SIP_H_REQUIRE); h; h = sip_msg_hdr_next(m, h)) {
		struct span rest = sip_hdr_val(m, h), elem;
		while (sip_list_next(&rest, &elem))
			if (!span_ieq(elem, SPAN("timer")))
				return true;
	}
	return false;
}

/* The leg of a request: our tag and our Call-ID, bit by bit, and the far side's tag once it is known. */
static struct leg *leg_of_request(struct sip *s, const struct msg_in *h)
{
	struct ident tag;
	char room[IDENT_LEN];
	if (!ident_parse(&tag, IDENT_TAG, msg_to_tag(h)) || tag.worker != (uint8_t)s->env.worker)
		return NULL;
	struct leg *l = leg_at(s, tag.index);
	if (!l || !span_eq(msg_to_tag(h), dialog_tag(&l->dialog)) ||
	    !span_eq(sip_at(h->m, h->c->call_id), dialog_call_id(&l->dialog, room)))
		return NULL;
	if (l->dialog.confirmed && !span_eq(msg_from_tag(h), dialog_span(&l->dialog, DIALOG_TAG)))
		return NULL;
	return l;
}

static void on_ack(const struct ask *a)
{
	if (txn_ack(a->s, a->key, a->now))
		return;
	struct leg *l = leg_of_request(a->s, a->h);
	if (l)
		uas_dialog_ack(l, a);
	else
		sip_count(a->s, STAT_drop_sip_stray_ack);
}

/* A CANCEL from elsewhere than its INVITE is a forgery: whoever may cancel has sent the INVITE. */
static struct txn *canceled(const struct ask *a, uint64_t invite_key)
{
	struct txn *t = txn_find_server(a->s, invite_key);
	return t && ip_addr_eq(&t->remote.a, &a->src->a) ? t : NULL;
}

/* Behind the final response a CANCEL that matches changes nothing (§9.2). */
static void on_cancel(const struct ask *a, uint64_t invite_key)
{
	struct txn *t = canceled(a, invite_key);
	struct leg *l = t ? leg_at(a->s, t->leg) : NULL;
	if (l && l->dialog.uas)
		uas_call_answer_cancel(l, a);
	else
		msgs_refuse(a->s, a->m, a->src, t ? 200 : 481, SPAN(""), MSGS_PLAIN, a->now);
	if (l && l->state == LEG_INCOMING)
		uac_cancel(l, a->h);
	else
		sip_count(a->s, t ? STAT_sip_retransmits_in : STAT_sip_no_dialog);
}

/* The same request again: the machine sends what it kept; what it did not keep is written once more. */
static void on_again(struct txn *t, const struct ask *a)
{
	bool write = !t->pkt && t->status >= 200 && t->fsm.state == TXN_COMPLETED;
	uint16_t status = t->status;
	enum msgs_extra extra = (enum msgs_extra)t->extra;
	txn_again(t, a->now);
	if (!write)
		return;
	sip_count(a->s, STAT_sip_retransmits_out);
	msgs_refuse(a->s, a->m, a->src, status, SPAN(""), extra, a->now);
}

static void on_new(const struct ask *a)
{
	if (!msg_to_tag(a->h).len) {
		uas_guest_request(a);
		return;
	}
	struct leg *l = leg_of_request(a->s, a->h);
	if (l) {
		uas_dialog_request(l, a);
		return;
	}
	sip_count(a->s, STAT_sip_no_dialog);
	msgs_refuse(a->s, a->m, a->src, 481, SPAN(""), MSGS_PLAIN, a->now);
}

void uas_request(struct sip *s, const struct msg_in *h)
{
	const struct sip_msg *m = h->m;
	struct ask a = {s, h, m, h->src, txn_key(s, h, m->method), h->now};
	if (m->method == SIP_ACK) {
		on_ack(&a);
		return;
	}
	if (m->method == SIP_CANCEL) {
		on_cancel(&a, txn_key(s, h, SIP_INVITE));
		return;
	}
	struct txn *t = txn_find_server(s, a.key);
	if (t)
		on_again(t, &a);
	else
		on_new(&a);
}
