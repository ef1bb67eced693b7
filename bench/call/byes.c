/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/call/byes.h"

#include "sip-parser/base/buf.h"
#include "sip-parser/sip_addr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int byes_init(struct byes *b, const char *address, uint64_t run)
{
	*b = (struct byes){.address = address, .run = run};
	b->slots = calloc(BYES_SLOTS, sizeof *b->slots);
	b->again = calloc(BYES_SLOTS, sizeof *b->again);
	return b->slots && b->again ? 0 : -1;
}

void byes_fini(struct byes *b)
{
	free(b->slots);
	free(b->again);
	*b = (struct byes){0};
}

static struct bye *at(const struct byes *b, uint32_t number)
{
	return &b->slots[number % BYES_SLOTS];
}

static bool write_bye(
    const struct byes *s, struct buf *b, const struct sip_msg *m, struct span to_tag, uint32_t number)
{
	struct sip_addr contact;
	uint32_t off;
	char branch[64];
	if (sip_addr_parse(&contact, sip_msg_val(m, SIP_H_CONTACT), &off) < 0)
		return false;
	snprintf(branch, sizeof branch, ";branch=z9hG4bK-%llx-bye-%u", (unsigned long long)s->run, number);
	buf_lit(b, "BYE ");
	buf_span(b, contact.uri.text);
	buf_lit(b, " SIP/2.0\r\nVia: SIP/2.0/UDP ");
	buf_span(b, span_str(s->address));
	buf_span(b, span_str(branch));
	buf_lit(b, "\r\nMax-Forwards: 70\r\nFrom: ");
	buf_span(b, sip_msg_val(m, SIP_H_TO));
	buf_lit(b, ";tag=");
	buf_span(b, to_tag);
	buf_lit(b, "\r\nTo: ");
	buf_span(b, sip_msg_val(m, SIP_H_FROM));
	buf_lit(b, "\r\nCall-ID: ");
	buf_span(b, sip_msg_val(m, SIP_H_CALL_ID));
	buf_lit(b, "\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n");
	return !b->full;
}

bool byes_plan(struct byes *b, const struct sip_msg *invite, struct span to_tag, const struct sockaddr_in *to,
    uint64_t due_ns)
{
	struct bye *y = at(b, b->next);
	struct buf text = buf_on(y->text, sizeof y->text);
	if (b->next - b->first >= BYES_SLOTS / 2 || y->open ||
	    !write_bye(b, &text, invite, to_tag, b->next)) {
		b->full++;
		return false;
	}
	y->number = b->next++;
	y->len = (uint16_t)text.len;
	y->open = true;
	y->tries = 0;
	y->to = *to;
	y->due_ns = due_ns;
	return true;
}

void byes_answered(struct byes *b, const struct sip_msg *m)
{
	struct span via = sip_msg_val(m, SIP_H_VIA);
	const char *p = memmem(via.p, via.len, "-bye-", 5);
	if (!p || m->status < 200)
		return;
	uint32_t number = (uint32_t)strtoul(p + 5, NULL, 10);
	struct bye *y = at(b, number);
	if (y->number == number)
		y->open = false;
}

static void send_one(struct byes *b, uint32_t number, uint64_t now, byes_send_fn send, void *ctx)
{
	struct bye *y = at(b, number);
	if (!y->open || y->number != number)
		return;
	if (y->tries == BYES_TRIES || b->again_next - b->again_first == BYES_SLOTS) {
		b->lost++;
		y->open = false;
		return;
	}
	y->tries++;
	y->due_ns = now + BYES_AGAIN_NS;
	b->again[b->again_next++ % BYES_SLOTS] = number;
	send(ctx, y);
}

static bool waits(const struct byes *b, uint32_t number, uint64_t now)
{
	const struct bye *y = at(b, number);
	return y->number == number && y->open && y->due_ns > now;
}

void byes_send(struct byes *b, uint64_t now, byes_send_fn send, void *ctx)
{
	while (b->again_first != b->again_next && !waits(b, b->again[b->again_first % BYES_SLOTS], now))
		send_one(b, b->again[b->again_first++ % BYES_SLOTS], now, send, ctx);
	while (b->first != b->next && at(b, b->first)->due_ns <= now)
		send_one(b, b->first++, now, send, ctx);
}
