/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/session_timer.h"

#include "sip-parser/base/ascii.h"
#include "sip-parser/sip_addr.h"

#define SECONDS_MAX 86400u

bool session_timer_option(const struct sip_msg *m, enum sip_hdr_id header, struct span option)
{
	for (const struct sip_hdr *h = sip_msg_hdr(m, header); h; h = sip_msg_hdr_next(m, h)) {
		struct span rest = sip_hdr_val(m, h), elem;
		while (sip_list_next(&rest, &elem))
			if (span_ieq(elem, option))
				return true;
	}
	return false;
}

static uint32_t seconds_of(struct span v)
{
	uint32_t n = 0, i = 0;
	for (; i < v.len && ascii_is(v.p[i], ASCII_DIGIT); i++)
		n = n > SECONDS_MAX ? n : n * 10 + (uint32_t)(v.p[i] - '0');
	return n > SECONDS_MAX ? SECONDS_MAX : n;
}

/* "uac", "uas", or nothing. */
static struct span refresher_of(struct span v)
{
	const char *semi = memchr(v.p, ';', v.len);
	struct span who;
	if (!semi || !sip_param_get(span_of(semi, v.len - (uint32_t)(semi - v.p)), SPAN("refresher"), &who))
		return SPAN("");
	return who;
}

bool session_timer_asked(struct session_timer *t, const struct sip_msg *m)
{
	struct span v = sip_msg_val(m, SIP_H_SESSION_EXPIRES);
	*t = (struct session_timer){.told = session_timer_option(m, SIP_H_SUPPORTED, SPAN("timer")) ||
	                                    session_timer_option(m, SIP_H_REQUIRE, SPAN("timer"))};
	if (!v.len)
		return true;
	t->seconds = seconds_of(v);
	t->ours = !t->told || span_ieq(refresher_of(v), SPAN("uas"));
	if (t->seconds >= SESSION_TIMER_MIN)
		return true;
	if (t->told)
		return false;
	t->seconds = SESSION_TIMER_MIN;
	return true;
}

void session_timer_answered(struct session_timer *t, const struct sip_msg *m)
{
	struct span v = sip_msg_val(m, SIP_H_SESSION_EXPIRES);
	*t = (struct session_timer){.told = true};
	if (!v.len)
		return;
	t->seconds = seconds_of(v);
	if (t->seconds && t->seconds < SESSION_TIMER_MIN)
		t->seconds = SESSION_TIMER_MIN;
	t->ours = !span_ieq(refresher_of(v), SPAN("uas"));
}

void session_timer_put_answer(const struct session_timer *t, struct buf *b)
{
	if (!t->seconds)
		return;
	if (!t->ours)
		buf_lit(b, "Require: timer\r\n");
	buf_lit(b, "Session-Expires: ");
	buf_u32(b, t->seconds);
	buf_span(b, t->ours ? SPAN(";refresher=uas\r\n") : SPAN(";refresher=uac\r\n"));
}

void session_timer_put_request(const struct session_timer *t, struct buf *b)
{
	if (!t->seconds)
		return;
	buf_lit(b, "Session-Expires: ");
	buf_u32(b, t->seconds);
	buf_span(b, t->ours ? SPAN(";refresher=uac\r\n") : SPAN(";refresher=uas\r\n"));
}

uint32_t session_timer_min(const struct sip_msg *m)
{
	return seconds_of(sip_msg_val(m, SIP_H_MIN_SE));
}
