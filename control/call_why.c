/* SPDX-License-Identifier: Apache-2.0 */
/* Why a call ended as it did: one sentence for its record, a notification when it did not complete, and a last entry
 * in its events. */
#include "control/call_priv.h"
#include "control/mem.h"

#include <stdio.h>
#include <stdlib.h>

static void printable(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

void call_why(const struct call *call, const struct dp_event *e, char *out, size_t n)
{
	struct span said = dp_event_span(e, e->reason);
	int len = (int)(said.len < 300 ? said.len : 300);
	bool ours =
	    e->cause == DP_END_LOCAL_HANGUP || e->cause == DP_END_CANCELED || e->cause == DP_END_DECLINED;
	if (e->cause == DP_END_REMOTE_BYE)
		snprintf(out, n, "the far side hung up%s%.*s", len ? ": " : "", len, said.p);
	else if (e->cause == DP_END_RING_TIMEOUT)
		snprintf(out, n, "no answer within %u s (%s)", call->ring_timeout_s,
		    call->parent ? "timeout of the <Dial>" : "Timeout of the call");
	else if (e->cause == DP_END_REJECTED && (e->sip_status == 401 || e->sip_status == 407))
		snprintf(out, n, "the far side asks for credentials (%u), which did not do: %.*s",
		    e->sip_status, len, said.p);
	else if (e->cause == DP_END_REJECTED)
		snprintf(
		    out, n, "the far side answered %u%s%.*s", e->sip_status, len ? " " : "", len, said.p);
	else if (ours && call->hangup_why[0])
		snprintf(out, n, "%s", call->hangup_why);
	else
		snprintf(out, n, "%s%s%.*s", dp_end_name((enum dp_end_cause)e->cause), len ? ": " : "", len,
		    said.p);
	printable(out);
}

/* First row that fits: the code of the notification. sip_status 0: any. */
static const struct row {
	uint8_t cause;
	uint16_t sip_status;
	int code;
} rows[] = {
    {DP_END_REJECTED, 401, 32202},
    {DP_END_REJECTED, 407, 32202},
    {DP_END_REJECTED, 403, 31403},
    {DP_END_REJECTED, 404, 31404},
    {DP_END_REJECTED, 480, 31480},
    {DP_END_REJECTED, 486, 31486},
    {DP_END_REJECTED, 600, 31486},
    {DP_END_REJECTED, 603, 31603},
    {DP_END_RING_TIMEOUT, 0, 31480},
    {DP_END_CANCELED, 0, 31487},
    {DP_END_REMOTE_CANCEL, 0, 31487},
    {DP_END_DECLINED, 404, 31404},
    {DP_END_DECLINED, 480, 31480},
    {DP_END_DECLINED, 486, 31486},
    {DP_END_MEDIA, 0, 32102},
    {DP_END_CAPACITY, 0, 10004},
    {DP_END_BAD_COMMAND, 0, 12400},
    {DP_END_SHUTDOWN, 0, 12400},
};

int call_why_code(const struct dp_event *e)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].cause == e->cause && (!rows[i].sip_status || rows[i].sip_status == e->sip_status))
			return rows[i].code;
	return 32011;
}

static char *invite_params(const struct call *call)
{
	struct form f;
	form_init(&f);
	form_add(&f, "CallSid", call->row.sid);
	form_add(&f, "From", call->row.from);
	form_add(&f, "To", call->row.to);
	char *text = form_encode(&f);
	form_fini(&f);
	return text;
}

/* The INVITE among the requests: what was asked of whom, what came of it. */
static void tell_event(struct call *call, int code, const char *next)
{
	struct calls *c = call->calls;
	if (!c->ops.event)
		return;
	char *params = invite_params(call);
	uint64_t us = call->started_ns ? (c->ops.now_ns(c->ops.ctx) - call->started_ns) / 1000 : 0;
	struct event_row e = {.at_ms = c->ops.wall_ms(c->ops.ctx),
	    .method = "INVITE",
	    .url = call->target.uri[0] ? call->target.uri : call->row.to,
	    .params = params,
	    .status = (uint32_t)call->row.sip_status,
	    .error = (uint32_t)code,
	    .message = call->row.reason,
	    .total_us = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us,
	    .attempt = call->started_ns ? 1 : 0,
	    .next = next};
	call_hex_sid(c, e.sid, "EV");
	memcpy(e.account_sid, call->row.account_sid, sizeof e.account_sid);
	memcpy(e.call_sid, call->row.sid, sizeof e.call_sid);
	c->ops.event(c->ops.ctx, &e);
	free(params);
}

/* The record says why already. A call that the other side did not take, or ours did not want any more, is a warning;
 * one that could not be made is an error. */
void call_why_tell(struct call *call, int code)
{
	char next[64];
	bool failed = strcmp(call->row.status, "failed") == 0;
	snprintf(next, sizeof next, "the call has ended as %s", call->row.status);
	call_note(call, code, failed, "%s: %s", call->row.status, call->row.reason ? call->row.reason : "");
	tell_event(call, code, next);
}
