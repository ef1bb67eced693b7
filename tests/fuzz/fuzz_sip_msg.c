/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a message: index and check, in both framings; what the index says lies inside the bytes; every
 * value through the typed decoders. */
#include "tests/fuzz/fuzz.h"

#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_auth.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_hdr.h"
#include "sip-parser/sip_via.h"

static void decode(struct span v)
{
	struct sip_addr a;
	struct sip_via via;
	struct sip_cseq c;
	struct sip_auth auth;
	struct span name, value, rest;
	uint32_t off = 0;
	if (sip_addr_parse(&a, v, &off) == 0) {
		rest = a.params;
		while (sip_param_next(&rest, &name, &value))
			INSIDE(name, (const uint8_t *)v.p, v.len);
		MUST(sip_uri_equal(&a.uri, &a.uri));
	} else {
		MUST(off <= v.len);
	}
	MUST(sip_via_parse(&via, v, &off) == 0 || off <= v.len);
	MUST(sip_cseq_parse(&c, v, &off) == 0 || off <= v.len);
	MUST(sip_auth_parse(&auth, v, &off) == 0 || off <= v.len);
}

static void walk(const struct sip_msg *m, const uint8_t *data, size_t size)
{
	uint32_t linked = 0;
	for (uint32_t i = 0; i < m->n_hdrs; i++) {
		const struct sip_hdr *h = &m->hdrs[i];
		struct span v = sip_hdr_val(m, h), rest = v, e = v;
		INSIDE(v, data, size);
		INSIDE(sip_hdr_name(m, h), data, size);
		MUST(m->ids[i] < SIP_H_COUNT);
		MUST(sip_hdr_of(sip_hdr_name(m, h)) == m->ids[i]);
		decode(v);
		while (sip_list_next(&rest, &e))
			decode(e);
	}
	for (unsigned int id = 0; id < SIP_H_COUNT; id++) {
		for (const struct sip_hdr *h = sip_msg_hdr(m, id); h; h = sip_msg_hdr_next(m, h), linked++)
			MUST(sip_hdr_id(m, h) == id);
	}
	MUST(linked == m->n_hdrs);
	INSIDE(m->body, data, size);
	MUST(m->len <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sip_msg m;
	struct sip_err err;
	if (size > 2 * SIP_MSG_BYTES_MAX)
		return 0;
	for (int framing = SIP_DATAGRAM; framing <= SIP_STREAM; framing++) {
		int rc = sip_msg_parse(&m, (const char *)data, (uint32_t)size, framing, &err);
		MUST(rc == 0 || (err.reason && err.offset <= size));
		walk(&m, data, size);
		if (rc == 0 && sip_msg_check(&m, &err) < 0)
			MUST(err.reason && err.offset <= size);
	}
	return 0;
}
