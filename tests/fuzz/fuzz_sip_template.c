/* SPDX-License-Identifier: Apache-2.0 */
/* Every well-formed message as a template: with a hole for each header value and its body, filled with what stood
 * there, it is the same bytes; with the values of the headers in other places it is what its parts say. */
#include "tests/fuzz/fuzz.h"

#include "sip-parser/sip_template.h"
#include "sip-parser/sip_write.h"

static char room[SIP_MSG_BYTES_MAX], out[2 * SIP_MSG_BYTES_MAX];

static uint32_t mark_all(const struct sip_msg *m, struct sip_mark *marks, struct span *values)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < m->n_hdrs && n < SIP_CUTS_MAX - 1; i++) {
		struct span v = sip_hdr_val(m, &m->hdrs[i]);
		if (!sip_write_clean(v))
			continue;
		marks[n] = (struct sip_mark){v, (uint8_t)n};
		values[n++] = v;
	}
	return n;
}

static void same(const struct sip_msg *m)
{
	struct sip_mark marks[SIP_CUTS_MAX];
	struct span values[SIP_CUTS_MAX], whole = span_of(m->base, m->len);
	struct sip_template t;
	uint32_t n = mark_all(m, marks, values);
	if (m->body.len)
		marks[n++] = (struct sip_mark){m->body, SIP_HOLE_BODY};
	MUST(sip_template_compile(&t, room, sizeof room, whole, marks, n) == 0);
	struct buf b = buf_on(out, sizeof out);
	sip_template_fill(&t, &b, values, n, m->body);
	MUST(!b.full && span_eq(buf_view(&b), whole));
	struct buf tight = buf_on(out, m->len - 1);
	sip_template_fill(&t, &tight, values, n, m->body);
	MUST(tight.full && tight.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sip_msg m;
	struct sip_err err;
	if (size > SIP_MSG_BYTES_MAX)
		return 0;
	if (sip_msg_parse(&m, (const char *)data, (uint32_t)size, SIP_DATAGRAM, &err) == 0 && m.len)
		same(&m);
	return 0;
}
