/* SPDX-License-Identifier: Apache-2.0 */
/* Final responses to our INVITE: the dialog of a 2xx and its ACK, refusals (RFC 3261 §13.2.2). */
#include "dataplane/sip/fork.h"
#include "dataplane/sip/reinvite.h"
#include "dataplane/sip/sip_msgs.h"
#include "dataplane/sip/transport.h"
#include "dataplane/sip/uac_core.h"
#include "dataplane/sip/uas.h"
#include "sip-parser/base/ip.h"

uint64_t uac_tag_hash(const struct sip *s, struct span tag)
{
	return hash_span(&s->key, tag) | 1;
}

uint64_t uac_to_hash(const struct sip *s, const struct msg_in *h)
{
	struct span tag = msg_to_tag(h);
	return tag.len ? uac_tag_hash(s, tag) : 0;
}

static bool all_zero(const uint8_t *b, uint32_t n)
{
	uint8_t all = 0;
	for (uint32_t i = 0; i < n; i++)
		all |= b[i];
	return all == 0;
}

static bool is_private(const struct ip_addr *a)
{
	const uint8_t *b = a->b;
	if (a->fam == 6) /* unique local, link-local, loopback */
		return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || all_zero(b, 15);
	return a->fam == 4 && (b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
	                          (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254) ||
	                          (b[0] == 100 && (b[1] & 0xc0) == 64));
}

/* Where requests of a dialog go: what the route or the Contact names, when that is an address one can send
 * to. A host name (nothing is resolved here) and a private address told by a public peer, which is a peer
 * behind a NAT, mean: back to where the answer came from. */
static struct ip_sock allowed_hop(struct sip *s, const struct ip_sock *to, const struct ip_sock *src)
{
	struct ip_sock hop = *to;
	/* TLS is never left; a transport that is not named, or that we do not speak, is the one we are spoken to by. */
	if (src->transport == DP_TLS || to->transport >= DP_TRANSPORTS || (to->transport && !s->conns) ||
	    (to->transport == DP_TLS && !s->env.tls))
		hop.transport = src->transport;
	to = &hop;
	if (ip_sock_eq(to, src))
		return *src;
	if (net_forbidden(s->env.net, to) || (is_private(&to->a) && !is_private(&src->a)))
		return *src;
	return *to;
}

static struct ip_sock choose_hop(struct sip *s, struct span hop, const struct ip_sock *src)
{
	struct ip_sock to;
	return dialog_hop_sock(hop, &to) ? allowed_hop(s, &to, src) : *src;
}

struct ip_sock uac_hop_of(struct sip *s, struct span target, struct span routes, const struct ip_sock *src)
{
	char room[DIALOG_LONG_BYTES + 64];
	struct buf tmp = buf_on(room, sizeof room);
	struct dialog_route r;
	dialog_route(&r, target, routes, &tmp);
	return choose_hop(s, r.hop, src);
}

/* The same for a dialog without a route set, from the Contact as it was decoded. */
static struct ip_sock hop_of_contact(struct sip *s, const struct msg_in *h)
{
	const struct sip_core_uri *u = &h->c->addrs[h->c->contact.at].uri;
	const struct ip_sock *src = h->src;
	struct ip_sock to = {.a = {.fam = 4}, .transport = src->transport};
	to.port = u->port ? u->port : src->transport == DP_TLS ? 5061 : 5060;
	if (u->params.len || !u->host_is_v4 || !ip4_parse(sip_at(h->m, u->host), to.a.b))
		return uac_hop_of(s, sip_at(h->m, u->text), SPAN(""), h->src);
	return allowed_hop(s, &to, h->src);
}

void uac_rehop(struct leg *l, const struct ip_sock *src)
{
	l->flow = *src;
	l->hop = uac_hop_of(
	    l->sip, dialog_span(&l->dialog, DIALOG_TARGET), dialog_span(&l->dialog, DIALOG_ROUTE), src);
}

/* ---- final responses */

/* Take the dialog of a 2xx and acknowledge it. NULL, or why that is not possible. */
static const char *take_dialog(struct leg *l, const struct uac_arg *a)
{
	struct sip *s = l->sip;
	const char *reason;
	if (dialog_confirm(&l->dialog, &s->texts, a->h, &reason))
		return reason;
	l->flow = *a->src;
	if (dialog_span(&l->dialog, DIALOG_ROUTE).len)
		uac_rehop(l, a->src);
	else
		l->hop = hop_of_contact(s, a->h);
	return NULL;
}

static void send_ack_of(struct leg *l, uint32_t cseq, uint64_t now)
{
	struct leg_way way = leg_way(l, now);
	struct pkt *p = msgs_ack(l->sip, l, cseq);
	if (p && transport_send(l->sip, p, &way.to, way.name, now) == 0)
		sip_count(l->sip, STAT_sip_requests_out);
}

static void send_ack(struct leg *l, uint64_t now)
{
	send_ack_of(l, l->invite_cseq, now);
}

void uac_ack_again(struct leg *l, const struct msg_in *h)
{
	send_ack_of(l, h->c->cseq, h->now);
}

/* Tell, then hang up: BYE goes out at once or when it can. */
void uac_end_with_bye(struct leg *l, const struct leg_end *e, uint64_t now)
{
	leg_tell_end(l, e, now);
	leg_clear(l, now);
}

/* A 2xx whose dialog cannot be taken. */
static void refuse_2xx(struct leg *l, const struct uac_arg *a, const char *why)
{
	fork_2xx(l->sip, a->h);
	if (l->state == LEG_CANCELING)
		uac_end_canceled(l, a, a->m->status);
	else
		uac_end(l, a, DP_END_PROTOCOL, a->m->status, span_str(why));
}

static bool agree(struct leg *l, const struct uac_arg *a, const char **reason)
{
	struct media_agreed agreed;
	if (!a->m->body.len) {
		*reason = "answer without SDP";
		return l->early && l->early_tag == (uint32_t)uac_to_hash(l->sip, a->h); /* the preview was it */
	}
	*reason = "answer's body is not SDP";
	if (!uas_is_sdp(a->m) || session_answer(&l->session, a->m->body, &l->sip->sdp, &agreed, reason))
		return false;
	leg_agree(l, &agreed, a->now);
	return true;
}

static void tell_answered(struct leg *l, const struct uac_arg *a)
{
	struct dp_event *e = leg_event(l, DP_EV_ANSWERED, a->now);
	e->sip_status = a->m->status;
	e->codec = l->session.pt;
	e->remote = *a->src;
	leg_event_headers(l->sip, e, a->m);
	event_tell(l->sip, e);
	sip_count(l->sip, STAT_legs_answered);
}

void uac_on_2xx(struct leg *l, const struct uac_arg *a)
{
	const char *why = take_dialog(l, a);
	if (why) {
		refuse_2xx(l, a, why);
		return;
	}
	wheel_cancel(l->sip->env.wheel, &l->timer);
	l->state = LEG_UP;
	send_ack(l, a->now);
	if (l->auth && !auth_used(l->auth))
		leg_forget_credentials(l);
	else if (l->auth)
		auth_begin(l->auth);
	if (!agree(l, a, &why)) {
		struct leg_end e = {DP_END_MEDIA, 488, span_str(why), NULL, a->src};
		l->bye_status = 488;
		uac_end_with_bye(l, &e, a->now);
		return;
	}
	tell_answered(l, a);
	struct session_timer timer;
	session_timer_answered(&timer, a->m);
	if (timer.seconds)
		reinvite_session(l, &timer, a->now);
	if (l->early_bye && l->early_bye == (uint32_t)uac_to_hash(l->sip, a->h))
		uac_end(l, a, DP_END_REMOTE_BYE, 0, SPAN("BYE overtook the answer"));
}

/* 200 crossing our CANCEL (§9.1, RFC 5407 §3.1.2): the call is up on the far side and must be ended there. */
void uac_on_2xx_canceling(struct leg *l, const struct uac_arg *a)
{
	const char *why = take_dialog(l, a);
	if (why) {
		refuse_2xx(l, a, why);
		return;
	}
	send_ack(l, a->now);
	uac_tell_canceled(l, a, a->m->status);
	if (l->early_bye && l->early_bye == (uint32_t)uac_to_hash(l->sip, a->h))
		leg_free(l, a->now);
	else
		leg_clear(l, a->now);
}

/* 2xx again: ACK again for our own, ACK and BYE for another fork's. */
void uac_on_2xx_up(struct leg *l, const struct uac_arg *a)
{
	if (span_eq(msg_to_tag(a->h), dialog_span(&l->dialog, DIALOG_TAG))) {
		sip_count(l->sip, STAT_sip_retransmits_in);
		uac_ack_again(l, a->h);
	} else {
		fork_2xx(l->sip, a->h);
	}
}

static void end_redirected(struct leg *l, const struct uac_arg *a)
{
	char text[256];
	struct buf b = buf_on(text, sizeof text);
	struct span to = sip_msg_val(a->m, SIP_H_CONTACT);
	buf_lit(&b, "redirect refused: ");
	if (to.len > 200)
		to.len = 200;
	buf_span(&b, to.len ? to : SPAN("no Contact"));
	uac_end(l, a, DP_END_REJECTED, a->m->status, buf_view(&b));
}

/* What a person reads: the challenge's trouble. Otherwise the INVITE goes out again (§22.2). */
static void on_challenge(struct leg *l, const struct uac_arg *a)
{
	const char *why = leg_challenged(l, a->h, false);
	if (why)
		uac_end(l, a, DP_END_REJECTED, a->m->status, span_str(why));
	else if (!uac_invite_again(l, a, &why))
		uac_end(l, a, DP_END_CAPACITY, 503, span_str(why));
}

void uac_on_final(struct leg *l, const struct uac_arg *a)
{
	uint16_t status = a->m->status;
	struct span words = a->m->reason.len ? a->m->reason : sip_reason_of(status);
	if (status < 400)
		end_redirected(l, a);
	else if (status == 401 || status == 407)
		on_challenge(l, a);
	else
		uac_end(l, a, DP_END_REJECTED, status, words);
}
