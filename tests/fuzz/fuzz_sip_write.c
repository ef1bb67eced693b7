/* SPDX-License-Identifier: Apache-2.0 */
/* parse(write(parse(x))) = parse(x) for every message that is well formed; and the head of a response to any
 * request that passed the checks is itself a well-formed response. */
#include "tests/fuzz/fuzz.h"

#include "sip-parser/sip_hdr.h"
#include "sip-parser/sip_write.h"

static char room[4 * SIP_MSG_BYTES_MAX];

/* Values compare with their folds read as one space. */
static bool same_value(struct span a, struct span b)
{
	uint32_t i = 0, j = 0;
	while (i < a.len && j < b.len) {
		if (a.p[i] == '\r' || a.p[i] == '\n') {
			while (i < a.len &&
			       (a.p[i] == ' ' || a.p[i] == '\t' || a.p[i] == '\r' || a.p[i] == '\n'))
				i++;
			if (b.p[j++] != ' ')
				return false;
		} else if (a.p[i++] != b.p[j++]) {
			return false;
		}
	}
	return i == a.len && j == b.len;
}

/* The value with folds replaced, as a writer has to give it. */
static struct span unfold(struct span s, char *to)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s.len;) {
		if (s.p[i] == '\r' || s.p[i] == '\n') {
			while (i < s.len &&
			       (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\r' || s.p[i] == '\n'))
				i++;
			to[n++] = ' ';
		} else {
			to[n++] = s.p[i++];
		}
	}
	return span_of(to, n);
}

static void rewrite(struct buf *b, const struct sip_msg *m)
{
	static char value[SIP_MSG_BYTES_MAX];
	if (m->is_request)
		sip_write_request_line(b, m->method_text, m->ruri);
	else
		sip_write_status_line(b, m->status, m->reason);
	for (uint32_t i = 0; i < m->n_hdrs; i++) {
		const struct sip_hdr *h = &m->hdrs[i];
		if (m->ids[i] != SIP_H_CONTENT_LENGTH && m->ids[i] != SIP_H_CONTENT_TYPE)
			sip_write_hdr(b, sip_hdr_name(m, h), unfold(sip_hdr_val(m, h), value));
	}
	sip_write_body(b, unfold(sip_msg_val(m, SIP_H_CONTENT_TYPE), value), m->body);
}

static void compare(const struct sip_msg *a, const struct sip_msg *b)
{
	uint32_t j = 0;
	MUST(a->is_request == b->is_request && a->method == b->method && a->status == b->status);
	MUST(span_eq(a->ruri, b->ruri) && span_eq(a->body, b->body));
	for (uint32_t i = 0; i < a->n_hdrs; i++) {
		const struct sip_hdr *h = &a->hdrs[i];
		if (a->ids[i] == SIP_H_CONTENT_LENGTH || a->ids[i] == SIP_H_CONTENT_TYPE)
			continue;
		MUST(j < b->n_hdrs && b->ids[j] == a->ids[i]);
		MUST(span_eq(sip_hdr_name(a, h), sip_hdr_name(b, &b->hdrs[j])));
		MUST(same_value(sip_hdr_val(a, h), sip_hdr_val(b, &b->hdrs[j])));
		j++;
	}
}

static void round_trip(struct sip_msg *m)
{
	static struct sip_msg again;
	struct buf b = buf_on(room, sizeof room);
	struct sip_err err;
	rewrite(&b, m);
	if (b.full || b.len > SIP_MSG_BYTES_MAX)
		return; /* a NUL in a value is refused by the writer; adding spaces may pass the limit */
	MUST(sip_msg_parse(&again, room, b.len, SIP_STREAM, &err) == 0);
	MUST(again.len == b.len);
	MUST(sip_msg_check(&again, &err) == 0);
	compare(m, &again);
}

static void response(const struct sip_msg *m)
{
	static struct sip_msg resp;
	struct buf b = buf_on(room, sizeof room);
	struct sip_err err;
	sip_write_response_head(&b, m, 200, SPAN(""), SPAN("a1b2"), SPAN("192.0.2.77"), 40000, true);
	sip_write_body(&b, SPAN(""), SPAN(""));
	MUST(!b.full);
	if (b.len > SIP_MSG_BYTES_MAX)
		return;
	int rc = sip_msg_parse(&resp, room, b.len, SIP_STREAM, &err);
	if (rc < 0 && m->len > SIP_HDR_LINE_MAX)
		return; /* `received` may push a line over its limit */
	MUST(rc == 0 && sip_msg_check(&resp, &err) == 0);
	MUST(resp.status == 200 && resp.method == m->method);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sip_msg m;
	struct sip_err err;
	if (size > SIP_MSG_BYTES_MAX ||
	    sip_msg_parse(&m, (const char *)data, (uint32_t)size, SIP_DATAGRAM, &err) < 0 ||
	    sip_msg_check(&m, &err) < 0)
		return 0;
	round_trip(&m);
	if (m.is_request)
		response(&m);
	return 0;
}
