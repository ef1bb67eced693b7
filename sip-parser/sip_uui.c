/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_uui.h"

#include "sip-parser/base/ascii.h"
#include "sip-parser/sip_auth.h"

static const struct sip_field uui_fields[] = {
    SIP_FIELD(struct sip_uui, purpose, "purpose", TOKEN),
    SIP_FIELD(struct sip_uui, content, "content", TOKEN),
    SIP_FIELD(struct sip_uui, encoding, "encoding", TOKEN),
};

const struct sip_shape sip_uui_shape = SIP_SHAPE(struct sip_uui, TEXT, uui_fields, NULL);

int sip_uui_parse(struct sip_uui *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_uui_shape, to, s, err_off);
}

int sip_uui_data(struct buf *out, const struct sip_uui *u)
{
	struct span s = u->v.value;
	if (u->encoding.p && !span_ieq(u->encoding, SPAN("hex"))) {
		sip_unquote(out, s);
		return 0;
	}
	if (s.len >= 2 && s.p[0] == '"')
		s = span_of(s.p + 1, s.len - 2);
	for (uint32_t i = 0; i + 1 < s.len; i += 2) {
		int hi = ascii_hex(s.p[i]), lo = ascii_hex(s.p[i + 1]);
		if (hi < 0 || lo < 0)
			return -1;
		buf_chr(out, (char)(hi << 4 | lo));
	}
	return s.len % 2 ? -1 : 0;
}
