/* SPDX-License-Identifier: Apache-2.0 */
/* One header value through the decoder of the header that the first byte chooses: a refusal says where, what was
 * accepted lies inside, and is accepted again with its parameters in other places of the memory. */
#include "tests/fuzz/fuzz.h"

#include "sip-parser/sip_date.h"
#include "sip-parser/sip_hdr.h"
#include "sip-parser/sip_history.h"
#include "sip-parser/sip_typed.h"
#include "sip-parser/sip_uui.h"

union room {
	struct sip_value value;
	struct sip_addr addr;
	max_align_t align;
	char bytes[SIP_TYPED_BYTES_MAX];
};

static void fields(const struct sip_shape *sh, const union room *to, const uint8_t *data, size_t size)
{
	for (uint8_t i = 0; i < sh->n_fields; i++) {
		const void *at = to->bytes + sh->fields[i].offset;
		if (sh->fields[i].type == SIP_FIELD_Q)
			MUST(*(const uint16_t *)at <= 1000 || *(const uint16_t *)at == SIP_Q_ABSENT);
		if (sh->fields[i].type != SIP_FIELD_TOKEN && sh->fields[i].type != SIP_FIELD_TEXT &&
		    sh->fields[i].type != SIP_FIELD_URI)
			continue;
		INSIDE(*(const struct span *)at, data, size);
	}
}

static void shaped(const struct sip_shape *sh, struct span s)
{
	union room to;
	uint32_t off = 0;
	if (sip_shape_read(sh, &to, s, &off) < 0) {
		MUST(off <= s.len);
		return;
	}
	fields(sh, &to, (const uint8_t *)s.p, s.len);
	INSIDE(sh->head == SIP_HEAD_ADDR ? to.addr.params : to.value.params, (const uint8_t *)s.p, s.len);
}

/* A date that was read is written as the same second, unless it is a leap second. */
static void date(struct span s)
{
	struct sip_date d, again;
	char room[SIP_DATE_LEN];
	struct buf b = buf_on(room, sizeof room);
	uint32_t off;
	if (sip_date_parse(&d, s, &off) < 0 || d.unix_s < 0)
		return;
	sip_date_write(&b, d.unix_s);
	if (!b.full)
		MUST(sip_date_parse(&again, buf_view(&b), &off) == 0 && again.unix_s == d.unix_s);
}

static void user_data(struct span s)
{
	struct sip_uui u;
	uint32_t off;
	char room[64];
	struct buf b = buf_on(room, sizeof room);
	if (sip_uui_parse(&u, s, &off) == 0)
		MUST(sip_uui_data(&b, &u) == 0 || b.len < s.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > SIP_HDR_LINE_MAX)
		return 0;
	enum sip_hdr_id id = data[0] % SIP_H_COUNT;
	struct span s = span_of((const char *)data + 1, (uint32_t)size - 1), rest = s, e = s;
	uint32_t off = 0;
	MUST(sip_typed_check(id, s, &off) == 0 || off <= s.len);
	if (sip_typed_shape(id))
		shaped(sip_typed_shape(id), s);
	for (int n = 0; n < 64 && sip_list_next(&rest, &e); n++)
		MUST(sip_typed_check(id, e, &off) == 0 || off <= e.len);
	date(s);
	user_data(s);
	return 0;
}
