/* SPDX-License-Identifier: Apache-2.0 */
/* What a UA verifies before it acts. This is the one place where "malformed, refuse" and "odd, accept" part:
 *
 *   necessary     Only header fields needed to process and route a message are checked (RFC 3261 §8.2.2: "A
 * UAS SHOULD ignore any malformed header fields that are not necessary for processing requests"). So a Date
 * in EST, an Expires beyond 2^32 or an odd Warning does not refuse a message. single        A single-value
 * header on two lines is refused, also when both say the same (RFC 4475 §3.3.8, §3.3.9): whoever reads the
 * other line would act on another message. RFC 2543      No Via branch, no tag in From, no Max-Forwards, no
 * Content-Length over a datagram: accepted (RFC 4475 §3.4.1). A branch that is the bare magic cookie z9hG4bK
 * claims RFC 3261 and then has no identifier: refused (§3.2.1 allows either). separators    Empty parameters
 * (";;") and empty list elements (",,") are refused (§3.1.2.1). Request-URI   Header parts ("?a=b") are
 * refused (§3.1.2.11 allows either); a scheme we do not know is not our business here: the UA answers 416
 * (§3.3.2). methods       An unknown method is well formed: the UA answers 405 or 501. With a CSeq of another
 * method the answer is 501 (§3.1.2.18), with a known method 400 (§3.1.2.17). numbers       CSeq up to 2^32 -
 * 1 although §8.1.1.5 says 2^31 - 1; Max-Forwards up to 255. */
#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_fast.h"
#include "sip-parser/sip_hdr.h"
#include "sip-parser/sip_lex.h"
#include "sip-parser/sip_msg.h"
#include "sip-parser/sip_via.h"

static int refuse(
    const struct sip_msg *m, struct sip_err *err, uint16_t status, const char *at, const char *reason)
{
	bool drop = !m->is_request || m->method == SIP_ACK || !m->first[SIP_H_VIA];
	*err = (struct sip_err){drop ? 0 : status, (uint16_t)(at ? at - m->base : 0), reason};
	return -1;
}

static int check_ruri(const struct sip_msg *m, struct sip_err *err)
{
	struct sip_uri u;
	uint32_t off;
	if (!m->is_request)
		return 0;
	if (sip_uri_parse(&u, m->ruri, &off) < 0)
		return refuse(m, err, 400, m->ruri.p + off, "Request-URI: malformed (RFC 3261 19.1.1)");
	if (u.headers.p)
		return refuse(m, err, 400, u.headers.p - 1,
		    "Request-URI: headers are not allowed in it (RFC 3261 19.1.1)");
	return 0;
}

/* The text for a single-value header on two lines, per header. */
static const char *const twice[SIP_H_COUNT] = {
    [SIP_H_OTHER] = "",
#define HDR(id, name, compact, kind) [SIP_H_##id] = name ": more than one line (RFC 3261 7.3.1)",
#include "sip-parser/sip_hdr.def"
#undef HDR
};

static int check_single(const struct sip_msg *m, struct sip_err *err)
{
	for (uint32_t i = 0; i < m->n_hdrs; i++) {
		uint8_t next = m->next[i], id = m->ids[i];
		if (next && sip_hdr_kind(id) == SIP_KIND_SINGLE)
			return refuse(m, err, 400, m->base + m->hdrs[next - 1].name_off, twice[id]);
	}
	return 0;
}

static const struct {
	uint8_t id;
	const char *missing;
} required[] = {
    {SIP_H_VIA, "Via: missing (RFC 3261 8.1.1)"},
    {SIP_H_FROM, "From: missing (RFC 3261 8.1.1)"},
    {SIP_H_TO, "To: missing (RFC 3261 8.1.1)"},
    {SIP_H_CALL_ID, "Call-ID: missing (RFC 3261 8.1.1)"},
    {SIP_H_CSEQ, "CSeq: missing (RFC 3261 8.1.1)"},
};

static int check_required(const struct sip_msg *m, struct sip_err *err)
{
	for (unsigned int i = 0; i < sizeof required / sizeof *required; i++) {
		if (!m->first[required[i].id])
			return refuse(m, err, 400, m->base, required[i].missing);
	}
	return 0;
}

/* Element checkers: 0, or -1 with *off within the element. */
static int via_elem(struct span s, uint32_t *off)
{
	struct sip_via v;
	if (sip_via_parse(&v, s, off) < 0)
		return -1;
	*off = 0;
	return span_ieq(v.protocol, SPAN("SIP")) && span_eq(v.version, SPAN("2.0")) ? 0 : -1;
}

static int addr_elem(struct span s, uint32_t *off)
{
	struct sip_addr a;
	if (sip_addr_parse(&a, s, off) < 0)
		return -1;
	*off = 0;
	return a.star ? -1 : 0;
}

static int contact_elem(struct span s, uint32_t *off)
{
	struct sip_addr a;
	return sip_addr_parse(&a, s, off);
}

/* callid = word [ "@" word ] */
static int call_id_elem(struct span s, uint32_t *off)
{
	struct lex l = lex_on(s);
	bool ok = lex_run(&l, ASCII_WORD).len > 0;
	if (ok && lex_at(&l, '@')) {
		l.p++;
		ok = lex_run(&l, ASCII_WORD).len > 0;
	}
	*off = (uint32_t)(l.p - s.p);
	return ok && !lex_more(&l) ? 0 : -1;
}

static int max_forwards_elem(struct span s, uint32_t *off)
{
	uint32_t n;
	*off = 0;
	return sip_number(s, 255, &n);
}

/* media-type = m-type SLASH m-subtype *( SEMI m-parameter ) */
static int media_type_elem(struct span s, uint32_t *off)
{
	struct lex l = lex_on(s);
	struct span t;
	bool ok = lex_token(&l, &t) && lex_sep(&l, '/') && lex_token(&l, &t) && lex_params(&l);
	*off = (uint32_t)(l.p - s.p);
	return ok ? 0 : -1;
}

bool sip_media_type_ok(struct span s)
{
	uint32_t off;
	return media_type_elem(s, &off) == 0;
}

static const struct {
	uint8_t id;
	bool list;
	uint16_t max; /* elements over all lines */
	int (*elem)(struct span s, uint32_t *off);
	const char *bad;
} typed[] = {
    {SIP_H_VIA, true, SIP_VIAS_MAX, via_elem, "Via: malformed (RFC 3261 20.42)"},
    {SIP_H_FROM, false, 1, addr_elem, "From: malformed (RFC 3261 20.20)"},
    {SIP_H_TO, false, 1, addr_elem, "To: malformed (RFC 3261 20.39)"},
    {SIP_H_CALL_ID, false, 1, call_id_elem, "Call-ID: malformed (RFC 3261 20.8)"},
    {SIP_H_MAX_FORWARDS, false, 1, max_forwards_elem,
        "Max-Forwards: not a number from 0 to 255 (RFC 3261 20.22)"},
    {SIP_H_CONTACT, true, SIP_ELEMS_MAX, contact_elem, "Contact: malformed (RFC 3261 20.10)"},
    {SIP_H_ROUTE, true, SIP_ELEMS_MAX, addr_elem, "Route: malformed (RFC 3261 20.34)"},
    {SIP_H_RECORD_ROUTE, true, SIP_ELEMS_MAX, addr_elem, "Record-Route: malformed (RFC 3261 20.30)"},
    {SIP_H_CONTENT_TYPE, false, 1, media_type_elem, "Content-Type: malformed (RFC 3261 20.15)"},
};

#define N_TYPED (sizeof typed / sizeof *typed)

/* One line of a comma list: every element, and no empty one. */
static int check_list(
    const struct sip_msg *m, unsigned int t, struct span v, uint32_t *n, struct sip_err *err)
{
	struct span rest = v, e = v;
	uint32_t off = 0;
	if (v.len == 0 || v.p[v.len - 1] == ',')
		return refuse(m, err, 400, v.p + v.len, typed[t].bad);
	while (sip_list_next(&rest, &e)) {
		if (++*n > typed[t].max)
			return refuse(m, err, 400, e.p, "too many elements in a list header");
		if (typed[t].elem(e, &off) < 0)
			return refuse(m, err, 400, e.p + off, typed[t].bad);
	}
	return 0;
}

static int check_typed(const struct sip_msg *m, unsigned int t, struct sip_err *err)
{
	uint32_t n = 0, off = 0;
	for (const struct sip_hdr *h = sip_msg_hdr(m, typed[t].id); h; h = sip_msg_hdr_next(m, h)) {
		struct span v = sip_hdr_val(m, h);
		if (typed[t].list) {
			if (check_list(m, t, v, &n, err) < 0)
				return -1;
		} else if (typed[t].elem(v, &off) < 0) {
			return refuse(m, err, 400, v.p + off, typed[t].bad);
		}
	}
	return 0;
}

static int check_cseq(struct sip_msg *m, struct sip_err *err)
{
	struct sip_cseq c;
	struct span v = sip_msg_val(m, SIP_H_CSEQ);
	uint32_t off = 0;
	if (sip_cseq_parse(&c, v, &off) < 0)
		return refuse(
		    m, err, 400, v.p + off, "CSeq: not a number below 2^32 and a method (RFC 3261 20.16)");
	if (!m->is_request) {
		m->method = c.method;
		return 0;
	}
	if (span_eq(c.method_text, m->method_text))
		return 0;
	return refuse(m, err, m->method == SIP_UNKNOWN ? 501 : 400, c.method_text.p,
	    "CSeq: method is not the request's (RFC 3261 8.1.1.5)");
}

/* RFC 4475 §3.2.1. */
static int check_branch(const struct sip_msg *m, struct sip_err *err)
{
	struct span rest = sip_msg_val(m, SIP_H_VIA), e;
	struct sip_via v;
	uint32_t off;
	if (!m->is_request || !sip_list_next(&rest, &e) || sip_via_parse(&v, e, &off) < 0)
		return 0;
	if (span_ieq(v.branch, SPAN("z9hG4bK")))
		return refuse(
		    m, err, 400, v.branch.p, "Via: branch is the magic cookie alone (RFC 3261 8.1.1.7)");
	return 0;
}

int sip_msg_check_plain(struct sip_msg *m, struct sip_err *err)
{
	*err = (struct sip_err){0};
	if (check_ruri(m, err) < 0 || check_single(m, err) < 0 || check_required(m, err) < 0)
		return -1;
	if (check_cseq(m, err) < 0)
		return -1;
	for (unsigned int t = 0; t < N_TYPED; t++) {
		bool idle = typed[t].id == SIP_H_CONTENT_TYPE && m->body.len == 0;
		if (!idle && check_typed(m, t, err) < 0)
			return -1;
	}
	return check_branch(m, err);
}
