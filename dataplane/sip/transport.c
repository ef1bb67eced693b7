/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/transport.h"

#include "dataplane/sip/conns.h"
#include "dataplane/sip/core.h"
#include "dataplane/sip/fork.h"
#include "dataplane/sip/sip_msgs.h"
#include "dataplane/sip/uas.h"

#include <errno.h>

int transport_send(struct sip *s, struct pkt *pkt, const struct ip_sock *dst, uint64_t name, uint64_t now)
{
	if (dst->transport)
		return conns_send(s, pkt, dst, name, now);
	return net_udp_send(s->env.net, pkt, s->env.conf->sip_port, dst, now);
}

void transport_respond(struct sip *s, struct pkt *pkt, const struct ip_sock *dst, uint64_t now)
{
	if (dst->transport)
		conns_respond(s, pkt, dst, now);
	else if (net_udp_send(s->env.net, pkt, s->env.conf->sip_port, dst, now) == 0)
		sip_count(s, STAT_sip_responses_out);
}

void transport_resend(struct sip *s, struct pkt *pkt, const struct ip_sock *dst, uint64_t now)
{
	pkt_ref(pkt);
	if (dst->transport) { /* a 2xx until its ACK (§13.3.1.4), a provisional */
		conns_respond(s, pkt, dst, now);
		return;
	}
	/* No route any more: counted below; the machine's own timer is the judge. */
	(void)!net_udp_resend(s->env.net, pkt, s->env.conf->sip_port, dst, now);
}

/* RFC 5626 §4.4.1 and what NATs are kept open with: nothing but line ends or NULs. */
static bool is_keepalive(const struct pkt *p)
{
	for (uint32_t i = 0; i < p->len; i++)
		if (p->data[i] != '\r' && p->data[i] != '\n' && p->data[i] != 0)
			return false;
	return true;
}

static bool top_via(const struct sip_msg *m, struct sip_via *v)
{
	struct span rest = sip_msg_val(m, SIP_H_VIA), elem;
	uint32_t off;
	return rest.p && sip_list_next(&rest, &elem) && sip_via_parse(v, elem, &off) == 0;
}

/* A malformed message is answered when it is a request that has what a response is made of. */
static void refuse_bad(struct sip *s, const struct sip_err *err, const struct ip_sock *src, uint64_t now)
{
	const struct sip_msg *m = &s->msg;
	struct sip_via v;
	bool can = m->is_request && err->status && m->method != SIP_ACK && top_via(m, &v) &&
	           sip_msg_hdr(m, SIP_H_FROM) && sip_msg_hdr(m, SIP_H_TO) && sip_msg_hdr(m, SIP_H_CALL_ID) &&
	           sip_msg_hdr(m, SIP_H_CSEQ);
	if (!can) {
		sip_count(s, STAT_drop_sip_bad);
		return;
	}
	sip_count(s, STAT_sip_bad_requests);
	msgs_refuse(s, m, src, err->status, span_str(err->reason), MSGS_PLAIN, now);
}

static void dispatch(struct sip *s, const struct msg_in *h)
{
	sip_count(s, h->m->is_request ? STAT_sip_requests_in : STAT_sip_responses_in);
	if (h->m->is_request)
		uas_request(s, h);
	else if (!txn_response(s, h) && !fork_response(s, h))
		sip_count(s, STAT_drop_sip_stray_response);
}

/* Responses whose status says everything. Rest: parse. */
static bool glanced(struct sip *s, struct span text, const struct ip_sock *src, uint64_t now)
{
	struct glance g;
	return glance_at(&g, text) && txn_response_glance(s, &g, src, now);
}

static void message(
    struct sip *s, struct span text, enum sip_framing framing, const struct ip_sock *src, uint64_t now)
{
	struct sip_err err = {0};
	if (glanced(s, text, src, now)) {
		sip_count(s, STAT_sip_responses_in);
		return;
	}
	if (sip_msg_parse(&s->msg, text.p, text.len, framing, &err)) {
		refuse_bad(s, &err, src, now);
		return;
	}
	if (!s->msg.is_request && txn_response_brief(s, &s->msg, src, now))
		sip_count(s, STAT_sip_responses_in);
	else if (sip_msg_core(&s->msg, &s->core, &err))
		refuse_bad(s, &err, src, now);
	else
		dispatch(s, &(struct msg_in){&s->msg, &s->core, src, now});
}

void transport_stream(struct sip *s, struct span text, const struct ip_sock *src, uint64_t now)
{
	message(s, text, SIP_STREAM, src, now);
}

void transport_refuse(
    struct sip *s, struct span text, const struct ip_sock *src, const struct sip_err *why, uint64_t now)
{
	struct sip_err err;
	(void)!sip_msg_parse(&s->msg, text.p, text.len, SIP_DATAGRAM, &err);
	refuse_bad(s, why, src, now);
}

void transport_in(struct sip *s, struct udp_in *in, uint64_t now)
{
	if (in->src.port ==
	    0) /* nobody could be answered there; addresses that are nobody's do not come up to here */
		sip_count(s, STAT_drop_sip_source);
	else if (is_keepalive(in->pkt))
		sip_count(s, STAT_sip_keepalives);
	else
		message(s, span_of((const char *)in->pkt->data, in->pkt->len), SIP_DATAGRAM, &in->src, now);
	pkt_put(in->pkt);
}

struct span transport_words(const struct ip_sock *dst, int rc)
{
	static const char *const TLS = "TLS is not spoken here: sip.tcp or tls.port is off";
	if (rc == -ENOTSUP)
		return span_str(dst->transport == DP_TLS ? TLS : "TCP is not spoken here: sip.tcp is off");
	if (rc == -ENOSPC)
		return SPAN("no room for another connection");
	if (rc == -EPIPE)
		return SPAN("connection closed: the far side does not read");
	return rc == -ENOTCONN ? SPAN("the connection has gone") : SPAN("no route to the target");
}
