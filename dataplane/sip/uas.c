/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/uas.h"

#include "dataplane/sip/transport.h"
#include "dataplane/sip/uas_core.h"
#include "sip-parser/sip_addr.h"

/* The media type before its parameters. */
static bool is_type(const struct sip_msg *m, struct span type)
{
	struct span v = sip_msg_val(m, SIP_H_CONTENT_TYPE);
	if (v.len < type.len || !span_ieq(span_of(v.p, type.len), type))
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

static bool tag_of(const struct sip_msg *m, enum sip_hdr_id id, struct span *tag)
{
	struct sip_addr a;
	uint32_t off;
	if (sip_addr_parse(&a, sip_msg_val(m, id), &off))
		return false;
	*tag = a.tag;
	return a.tag.len != 0;
}

/* The leg of a request: our tag and our Call-ID, bit by bit, and the far side's tag once it is known. */
static struct leg *leg_of_request(struct sip *s, const struct sip_msg *m, struct span to_tag)
{
	struct ident tag, id;
	struct span from;
	if (!ident_read(&tag, &s->key, IDENT_TAG, to_tag) || tag.worker != (uint8_t)s->env.worker ||
	    !ident_read(&id, &s->key, IDENT_CALL_ID, sip_msg_val(m, SIP_H_CALL_ID)) || id.index != tag.index)
		return NULL;
	struct leg *l = leg_at(s, tag.index);
	if (!l || l->dialog.tag_rand != tag.rand || l->dialog.call_id_rand != id.rand)
		return NULL;
	if (l->dialog.confirmed &&
	    (!tag_of(m, SIP_H_FROM, &from) || !span_eq(from, dialog_span(&l->dialog, DIALOG_TAG))))
		return NULL;
	return l;
}

static void on_ack(const struct ask *a)
{
	struct span tag;
	struct leg *l = NULL;
	if (txn_ack(a->s, a->key, a->now))
		return;
	if (tag_of(a->m, SIP_H_TO, &tag))
		l = leg_of_request(a->s, a->m, tag);
	if (l)
		uas_dialog_ack(l, a);
	else
		sip_count(a->s, STAT_drop_sip_stray_ack);
}

/* Every INVITE of ours has its final response before a CANCEL can come, so a CANCEL that matches changes
 * nothing (§9.2). */
static void on_cancel(const struct ask *a, uint64_t invite_key)
{
	struct txn *t = txn_find_server(a->s, invite_key);
	if (t)
		msgs_refuse(a->s, a->m, a->src, 200, SPAN(""), MSGS_PLAIN, a->now);
	else
		msgs_refuse(a->s, a->m, a->src, 481, SPAN(""), MSGS_PLAIN, a->now);
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
	struct span tag;
	if (!tag_of(a->m, SIP_H_TO, &tag)) {
		uas_guest_request(a);
		return;
	}
	struct leg *l = leg_of_request(a->s, a->m, tag);
	if (l) {
		uas_dialog_request(l, a);
		return;
	}
	sip_count(a->s, STAT_sip_no_dialog);
	msgs_refuse(a->s, a->m, a->src, 481, SPAN(""), MSGS_PLAIN, a->now);
}

void uas_request(
    struct sip *s, const struct sip_msg *m, const struct sip_via *v, const struct ip_sock *src, uint64_t now)
{
	struct ask a = {s, m, src, txn_key(s, m, v, m->method), now};
	if (m->method == SIP_ACK) {
		on_ack(&a);
		return;
	}
	if (m->method == SIP_CANCEL) {
		on_cancel(&a, txn_key(s, m, v, SIP_INVITE));
		return;
	}
	struct txn *t = txn_find_server(s, a.key);
	if (t)
		on_again(t, &a);
	else
		on_new(&a);
}
