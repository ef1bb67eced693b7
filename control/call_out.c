/* SPDX-License-Identifier: Apache-2.0 */
/* A call on its way out: where its target is, the ORIGINATE, and the next address when one does not take it (RFC 3263
 * §4.3). For everybody else this is one leg: it is initiated once, and its ring timeout runs from the first INVITE. */
#include "control/call_priv.h"

#include <stdio.h>

#define NS_PER_MS UINT64_C(1000000)

static uint64_t now_ns(const struct call *call)
{
	return call->calls->ops.now_ns(call->calls->ops.ctx);
}

/* ---- where to */

static void note_params(struct call *call)
{
	if (call->target.odd_transport)
		call_note(call, 32114, false,
		    "the transport parameter of the SIP URI has an unknown value: UDP is used");
	if (call->target.odd_egress)
		call_note(call, 32114, false,
		    "the region or edge of the SIP URI is none of those known: the default is used");
}

/* From here on the call is on its way: it has left the queue. */
void call_dial_out(struct call *call)
{
	struct calls *c = call->calls;
	call->phase = CALL_RESOLVING;
	call_story(call, "starts: looking for %s", call->target.host);
	note_params(call);
	if (call->target.secure)
		call_fail(call, 32114, 0,
		    "not built yet: secure=true asks for encrypted media (SRTP); the call is not made in the "
		    "clear");
	else if (call->target.transport != DP_UDP && !(c->conf.transports & 1u << call->target.transport))
		call_fail(call, 32114, 0,
		    call->target.transport == DP_TLS
		        ? "SIP over TLS is not switched on here (sip.tcp, tls.port)"
		        : "SIP over TCP is not switched on here (sip.tcp)");
	else
		c->ops.resolve(c->ops.ctx, &call->target, call_tag(call, TAG_RESOLVE));
}

void calls_resolved(struct calls *c, uint64_t tag, const struct ip_sock *hops, uint32_t n, const char *why)
{
	call_reap(c);
	struct call *call = call_by_tag(c, tag);
	if (!call || tag != call_tag(call, TAG_RESOLVE) || call->phase != CALL_RESOLVING || call->n_hops)
		return;
	if (!n) {
		char reason[400];
		snprintf(reason, sizeof reason, "the SIP host %s cannot be called: %s", call->target.host,
		    why ? why : "it does not resolve");
		call_fail(call, 13254, 0, reason);
		return;
	}
	call->n_hops = n < CALL_HOPS_MAX ? n : CALL_HOPS_MAX;
	memcpy(call->hops, hops, call->n_hops * sizeof *hops);
	struct call *parent = call->parent ? call_by_tag(c, call->parent) : NULL;
	call->worker = parent ? parent->worker : c->ops.pick_worker(c->ops.ctx);
	call->ring_by_ns = now_ns(call) + call->ring_timeout_s * 1000 * NS_PER_MS;
	call_originate(call);
}

/* ---- the ORIGINATE */

static struct dp_text put(struct dp_cmd *cmd, const char *s, bool *bad)
{
	return dp_cmd_text(cmd, span_str(s), bad);
}

/* What is left of the ring timeout; the first INVITE has all of it. */
static uint32_t ring_ms(const struct call *call)
{
	uint64_t now = now_ns(call);
	if (!call->hop)
		return call->ring_timeout_s * 1000;
	return now < call->ring_by_ns ? (uint32_t)((call->ring_by_ns - now) / NS_PER_MS) : 0;
}

static void fill_credentials(const struct call *call, struct dp_cmd *cmd, bool *bad)
{
	if (!call->sip_username)
		return;
	cmd->orig.auth_user = put(cmd, call->sip_username, bad);
	cmd->orig.auth_password = put(cmd, call->sip_password ? call->sip_password : "", bad);
}

static bool fill_originate(const struct call *call, struct dp_cmd *cmd)
{
	const struct ip_sock *hop = &call->hops[call->hop];
	bool bad = false, last = call->hop + 1 == call->n_hops;
	cmd->type = DP_CMD_ORIGINATE;
	cmd->cookie = call_tag(call, TAG_LEG);
	cmd->orig.target = *hop;
	cmd->orig.transport = hop->transport;
	cmd->orig.ring_timeout_ms = ring_ms(call);
	cmd->orig.first_response_ms = last ? 0 : call->calls->conf.first_response_ms;
	cmd->orig.codecs = DP_CODECS_BOTH;
	cmd->orig.ruri = put(cmd, call->target.uri, &bad);
	cmd->orig.from_user = put(cmd, call->from, &bad);
	cmd->orig.call_sid = put(cmd, call->row.sid, &bad);
	cmd->orig.account_sid = put(cmd, call->row.account_sid, &bad);
	cmd->orig.headers = dp_cmd_text(cmd, span_of(call->target.headers, call->target.headers_len), &bad);
	if (hop->transport == DP_TLS)
		cmd->orig.tls_name = put(cmd, call->target.host, &bad);
	fill_credentials(call, cmd, &bad);
	return !bad;
}

static void hop_text(const struct ip_sock *hop, char *out, size_t n)
{
	static const char *const names[] = {"UDP", "TCP", "TLS", "?"};
	char addr[64];
	struct buf b = buf_on(addr, sizeof addr - 1);
	ip_addr_put(&b, &hop->a);
	addr[b.len] = '\0';
	snprintf(out, n, "%s port %u by %s", addr, hop->port, names[hop->transport]);
}

static void tell_where(struct call *call)
{
	char at[96];
	hop_text(&call->hops[call->hop], at, sizeof at);
	call_story(call, "to %s, address %u of %u, worker %u", at, call->hop + 1, call->n_hops, call->worker);
}

void call_originate(struct call *call)
{
	struct calls *c = call->calls;
	struct dp_cmd cmd = {0};
	if (!fill_originate(call, &cmd)) {
		call_fail(call, 13253, 0, "the SIP URI and headers do not fit into one request");
	} else if (c->ops.originate(c->ops.ctx, call->worker, &cmd) == 0) {
		call->phase = CALL_DIALING;
		tell_where(call);
	} else if (call->retries++ < CALL_RETRIES_MAX) {
		call_set_timer(call, TAG_RETRY, now_ns(call) + CALL_RETRY_NS);
	} else {
		call_fail(call, 10004, 503, "the engine had no room for the call for two seconds");
	}
	dp_cmd_wipe(&cmd);
}

/* ---- the next address */

static void judge(struct call *call, bool reached)
{
	struct calls *c = call->calls;
	if (c->ops.hop_done && call->hop < call->n_hops)
		c->ops.hop_done(c->ops.ctx, &call->hops[call->hop], reached);
}

void call_hop_reached(struct call *call)
{
	judge(call, true);
}

/* What RFC 3263 §4.3 calls a failure of the server: it is silent, cannot be reached, or says 503. */
static bool is_hop_failure(const struct dp_event *e)
{
	return e->cause == DP_END_NO_RESPONSE || e->cause == DP_END_TRANSPORT ||
	       (e->cause == DP_END_REJECTED && e->sip_status == 503);
}

bool call_next_hop(struct call *call, const struct dp_event *e)
{
	char at[96], why[400];
	bool failed = is_hop_failure(e) && !e->progressed;
	if (failed || e->cause == DP_END_REJECTED)
		judge(call, !failed);
	if (!failed || call->hangup_wanted || call->ringing || call->hop + 1 >= call->n_hops ||
	    now_ns(call) + NS_PER_MS > call->ring_by_ns)
		return false;
	hop_text(&call->hops[call->hop], at, sizeof at);
	call_why(call, e, why, sizeof why);
	call_note(call, 32011, false, "address %u of %u, %s: %s; the next one is tried", call->hop + 1,
	    call->n_hops, at, why);
	call->hop++;
	call->retries = 0;
	call->phase = CALL_RESOLVING;
	call_originate(call);
	return true;
}
