/* SPDX-License-Identifier: Apache-2.0 */
/* A message written once and sent many times: what stays between the messages of a leg is copied, what changes
 * (branch, CSeq number, tag, status, body, …) is a hole.
 *
 * Write the message by sip_write.h into a buffer, note where the changing parts are (sip_mark, or spans that
 * the decoders gave), compile, and fill as often as wanted:
 *
 *     uint32_t from = b.len;  buf_span(&b, branch);  marks[n++] = sip_mark(&b, from, HOLE_BRANCH);
 *     …
 *     sip_template_compile(&t, room, sizeof room, buf_view(&b), marks, n);
 *     sip_template_fill(&t, &out, values, HOLES, body);
 *
 * A template borrows `room` and nothing else. Any thread. */
#ifndef SIP_TEMPLATE_H
#define SIP_TEMPLATE_H

#include "sip-parser/base/buf.h"

#define SIP_CUTS_MAX 48 /* holes in one template; one value may fill several */

enum {
	SIP_HOLE_BODY = 254,   /* the body: bytes of any kind */
	SIP_HOLE_LENGTH = 255, /* decimal number of the body's bytes */
};

/* A part of the message that is to be replaced; empty: something is to be put in there. */
struct sip_mark {
	struct span at;
	uint8_t hole; /* index into the values, or one of the two above */
};

struct sip_template {
	const char *text; /* what stays, without gaps */
	uint32_t text_len;
	uint8_t n_cuts, n_values; /* n_values: how many values fill needs at least */
	bool has_body;
	struct {
		uint16_t before; /* bytes of text in front of the hole, behind the one before it */
		uint8_t hole;
	} cuts[SIP_CUTS_MAX];
};

/* From byte `from` of the buffer to its present end. */
static inline struct sip_mark sip_mark(const struct buf *b, uint32_t from, uint8_t hole)
{
	return (struct sip_mark){span_of(b->p + from, b->len - from), hole};
}

/* Marks lie inside msg, in the order of their places, and do not overlap; msg is at most 65,535 bytes. room takes
 * what stays (msg.len bytes are always enough) and must live as long as *t. -1 when one of this does not hold. */
[[nodiscard]] int sip_template_compile(struct sip_template *t, char *room, uint32_t room_len, struct span msg,
    const struct sip_mark *marks, uint32_t n_marks);

/* Append the message with its holes filled. out->full and nothing appended when it does not fit, a value is
 * missing (n_values too small), a value contains CR, LF or NUL, or there is a body but no hole for it. */
void sip_template_fill(const struct sip_template *t, struct buf *out, const struct span *values,
    uint32_t n_values, struct span body);

#endif
