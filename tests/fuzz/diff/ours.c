/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/diff/ours.h"

#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_msg.h"
#include "sip-parser/sip_via.h"

static void put(struct diff_view *v, enum diff_field f, struct span s)
{
	diff_put(v, f, s.p, s.len);
}

static void port(struct diff_view *v, enum diff_field f, uint16_t n)
{
	if (n)
		diff_number(v, f, n);
}

static void start_line(struct diff_view *v, const struct sip_msg *m)
{
	struct sip_uri u;
	uint32_t off;
	if (!m->is_request) {
		diff_number(v, DIFF_STATUS, m->status);
		return;
	}
	put(v, DIFF_METHOD, m->method_text);
	if (sip_uri_parse(&u, m->ruri, &off) < 0)
		return;
	put(v, DIFF_RURI_USER, u.user);
	put(v, DIFF_RURI_HOST, u.host);
	port(v, DIFF_RURI_PORT, u.port);
}

static void party(struct diff_view *v, struct span s, enum diff_field host, enum diff_field tag)
{
	struct sip_addr a;
	uint32_t off;
	if (sip_addr_parse(&a, s, &off) < 0)
		return;
	put(v, host, a.uri.host);
	put(v, tag, a.tag);
}

static void top_via(struct diff_view *v, const struct sip_msg *m)
{
	struct span rest = sip_msg_val(m, SIP_H_VIA), e;
	struct sip_via via;
	uint32_t off;
	if (!sip_list_next(&rest, &e) || sip_via_parse(&via, e, &off) < 0)
		return;
	put(v, DIFF_VIA_HOST, via.host);
	port(v, DIFF_VIA_PORT, via.port);
	put(v, DIFF_VIA_BRANCH, via.branch);
}

const char *ours_view(const char *msg, size_t len, struct diff_view *v)
{
	static struct sip_msg m;
	struct sip_err err;
	struct sip_cseq c;
	uint32_t off;
	memset(v, 0, sizeof *v);
	if (len > SIP_MSG_BYTES_MAX)
		return "too large";
	if (sip_msg_parse(&m, msg, (uint32_t)len, SIP_DATAGRAM, &err) < 0 || sip_msg_check(&m, &err) < 0)
		return err.reason;
	start_line(v, &m);
	put(v, DIFF_CALL_ID, sip_msg_val(&m, SIP_H_CALL_ID));
	if (sip_cseq_parse(&c, sip_msg_val(&m, SIP_H_CSEQ), &off) == 0) {
		diff_number(v, DIFF_CSEQ_NUMBER, c.number);
		put(v, DIFF_CSEQ_METHOD, c.method_text);
	}
	party(v, sip_msg_val(&m, SIP_H_FROM), DIFF_FROM_HOST, DIFF_FROM_TAG);
	party(v, sip_msg_val(&m, SIP_H_TO), DIFF_TO_HOST, DIFF_TO_TAG);
	top_via(v, &m);
	diff_number(v, DIFF_BODY_LENGTH, m.body.len);
	return NULL;
}
