/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_template.h"

#include "sip-parser/sip_write.h"

static bool add_cut(struct sip_template *t, uint32_t before, uint8_t hole)
{
	if (t->n_cuts == SIP_CUTS_MAX)
		return false;
	t->cuts[t->n_cuts].before = (uint16_t)before;
	t->cuts[t->n_cuts++].hole = hole;
	t->has_body |= hole == SIP_HOLE_BODY;
	if (hole < SIP_HOLE_BODY && hole >= t->n_values)
		t->n_values = (uint8_t)(hole + 1);
	return true;
}

int sip_template_compile(struct sip_template *t, char *room, uint32_t room_len, struct span msg,
    const struct sip_mark *marks, uint32_t n_marks)
{
	struct buf b = buf_on(room, room_len);
	const char *at = msg.p, *end = msg.p + msg.len;
	*t = (struct sip_template){.text = room};
	if (msg.len > UINT16_MAX)
		return -1;
	for (uint32_t i = 0; i < n_marks; i++) {
		struct span m = marks[i].at;
		if (m.p < at || m.p > end || m.len > (size_t)(end - m.p))
			return -1;
		buf_put(&b, at, (uint32_t)(m.p - at));
		if (!add_cut(t, (uint32_t)(m.p - at), marks[i].hole))
			return -1;
		at = m.p + m.len;
	}
	buf_put(&b, at, (uint32_t)(end - at));
	t->text_len = b.len;
	return b.full ? -1 : 0;
}

static void put_hole(struct buf *out, uint8_t hole, const struct span *values, struct span body)
{
	if (hole == SIP_HOLE_LENGTH)
		buf_u32(out, body.len);
	else
		buf_span(out, hole == SIP_HOLE_BODY ? body : values[hole]);
}

static bool values_ok(
    const struct sip_template *t, const struct span *values, uint32_t n_values, struct span body)
{
	if (n_values < t->n_values || (body.len && !t->has_body))
		return false;
	for (uint32_t i = 0; i < t->n_values; i++) {
		if (!sip_write_clean(values[i]))
			return false;
	}
	return true;
}

void sip_template_fill(const struct sip_template *t, struct buf *out, const struct span *values,
    uint32_t n_values, struct span body)
{
	const char *at = t->text;
	uint32_t from = out->len;
	if (!values_ok(t, values, n_values, body)) {
		out->full = true;
		return;
	}
	for (uint8_t i = 0; i < t->n_cuts; i++) {
		buf_put(out, at, t->cuts[i].before);
		at += t->cuts[i].before;
		put_hole(out, t->cuts[i].hole, values, body);
	}
	buf_put(out, at, (uint32_t)(t->text + t->text_len - at));
	if (out->full)
		out->len = from;
}
