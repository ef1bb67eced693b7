/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/ping.h"

#include "dataplane/sip/call_leg.h"
#include "dataplane/sip/conns.h"
#include "dataplane/sip/core.h"
#include "dataplane/sip/sip_msgs.h"
#include "dataplane/sip/transport.h"
#include "dataplane/sip/uac_check.h"

#include <errno.h>

static void tell(
    struct sip *s, uint64_t cookie, const struct ip_sock *src, uint16_t status, struct span why, uint64_t now)
{
	struct dp_event *e = event_new(s, DP_EV_PONG, 0, cookie, now);
	e->sip_status = status;
	if (src)
		e->remote = *src;
	leg_event_reason(s, e, why, NULL);
	event_tell(s, e);
}

static struct ping *free_slot(struct sip *s)
{
	for (int i = 0; i < PINGS_MAX; i++)
		if (!s->pings[i].used)
			return &s->pings[i];
	return NULL;
}

/* 0, or why nothing was sent, as transport_words knows it. */
static int start(
    struct sip *s, struct ping *p, const struct dp_cmd *c, const struct ip_sock *to, uint64_t now)
{
	struct span name = dp_cmd_span(c, c->orig.tls_name);
	struct txn *t = txn_open(s, TXN_NICT, SIP_OPTIONS, to);
	if (!t)
		return -ENOSPC;
	t->cseq = 1;
	if (to->transport == DP_TLS)
		t->name = conns_name(s, name);
	struct pkt *pkt = msgs_options(s, t, dp_cmd_span(c, c->orig.ruri), dp_cmd_span(c, c->orig.from_user));
	int rc = !pkt ? -ENOSPC : to->transport ? conns_have(s, to, name, now) : 0;
	*p = (struct ping){c->cookie, txn_index(s, t), rc == 0};
	if (rc == 0)
		return txn_start(t, pkt, now);
	if (pkt)
		pkt_put(pkt);
	txn_discard(t);
	return rc;
}

void ping_send(struct sip *s, const struct dp_cmd *c, uint64_t now)
{
	const char *bad = uac_check(s, c);
	struct ping *p = free_slot(s);
	struct ip_sock to = c->orig.target;
	if (bad || !p || s->stopping) {
		sip_count(s, STAT_cmd_bad);
		tell(
		    s, c->cookie, NULL, 0, bad ? span_str(bad) : SPAN("too many OPTIONS are under way"), now);
		return;
	}
	to.transport = c->orig.transport & 3;
	int rc = start(s, p, c, &to, now);
	if (rc == 0) {
		sip_count(s, STAT_sip_pings);
		return;
	}
	p->used = false;
	tell(s, c->cookie, NULL, 0, transport_words(&to, rc), now);
}

bool ping_done(struct sip *s, const struct txn *t, const struct ip_sock *src, uint16_t status,
    struct span why, uint64_t now)
{
	uint32_t idx = txn_index(s, t);
	for (int i = 0; i < PINGS_MAX; i++) {
		struct ping *p = &s->pings[i];
		if (!p->used || p->txn != idx || t->method != SIP_OPTIONS)
			continue;
		p->used = false;
		tell(s, p->cookie, src, status, why, now);
		return true;
	}
	return false;
}
