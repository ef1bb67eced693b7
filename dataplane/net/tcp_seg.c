/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tcp_seg.h"

#include <string.h>

#include "dataplane/net/wire.h"

enum opt { OPT_END = 0, OPT_NOP = 1, OPT_MSS = 2, OPT_SCALE = 3, OPT_SACK_OK = 4, OPT_SACK = 5 };

static void read_sacks(struct tcp_seg *s, const uint8_t *p, uint32_t bytes)
{
	for (; bytes >= 8 && s->n_sack < TCP_SACKS; p += 8, bytes -= 8)
		s->sack[s->n_sack++] = (struct tcp_range){get32(p), get32(p + 4)};
}

static void read_option(struct tcp_seg *s, const uint8_t *o, uint32_t len)
{
	if (o[0] == OPT_SACK && (len - 2) % 8 == 0) {
		read_sacks(s, o + 2, len - 2);
		return;
	}
	if (!(s->flags & TCP_SYN))
		return;
	if (o[0] == OPT_MSS && len == 4)
		s->mss = get16(o + 2);
	else if (o[0] == OPT_SCALE && len == 3)
		s->scale = o[2] > TCP_SCALE_MAX ? TCP_SCALE_MAX : o[2];
	else if (o[0] == OPT_SACK_OK && len == 2)
		s->sack_ok = true;
}

static void read_options(struct tcp_seg *s, const uint8_t *o, uint32_t len)
{
	for (uint32_t i = 0; i < len && o[i] != OPT_END;) {
		if (o[i] == OPT_NOP) {
			i++;
			continue;
		}
		if (i + 2 > len || o[i + 1] < 2 || o[i + 1] > len - i)
			return;
		read_option(s, o + i, o[i + 1]);
		i += o[i + 1];
	}
}

bool tcp_seg_read(struct tcp_seg *s, const uint8_t *p, uint32_t len)
{
	if (len < TCP_HDR || len > 65535)
		return false;
	uint32_t hlen = (p[12] >> 4) * 4u;
	if (hlen < TCP_HDR || hlen > len)
		return false;
	s->sport = get16(p);
	s->dport = get16(p + 2);
	s->seq = get32(p + 4);
	s->ack = get32(p + 8);
	s->flags = p[13] & (TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH | TCP_ACK);
	s->wnd = get16(p + 14);
	s->mss = 0;
	s->scale = TCP_NO_SCALE;
	s->n_sack = 0;
	s->sack_ok = false;
	s->data = p + hlen;
	s->len = (uint16_t)(len - hlen);
	if (hlen > TCP_HDR)
		read_options(s, p + TCP_HDR, hlen - TCP_HDR);
	return true;
}

uint32_t tcp_seg_hdr(const struct tcp_seg *s)
{
	uint32_t n = TCP_HDR;
	if (s->flags & TCP_SYN) /* scale and SACK permitted take a word each, with NOPs */
		n += (s->mss ? 4u : 0) + (s->scale != TCP_NO_SCALE ? 4u : 0) + (s->sack_ok ? 4u : 0);
	return n + (s->n_sack ? 4 + 8u * s->n_sack : 0);
}

static uint8_t *put_syn_options(const struct tcp_seg *s, uint8_t *o)
{
	if (s->mss) {
		put32(o, OPT_MSS << 24 | 4 << 16 | s->mss);
		o += 4;
	}
	if (s->scale != TCP_NO_SCALE) {
		put32(o, OPT_NOP << 24 | OPT_SCALE << 16 | 3 << 8 | s->scale);
		o += 4;
	}
	if (s->sack_ok) {
		put32(o, OPT_NOP << 24 | OPT_NOP << 16 | OPT_SACK_OK << 8 | 2);
		o += 4;
	}
	return o;
}

void tcp_seg_write(const struct tcp_seg *s, uint8_t *h)
{
	put16(h, s->sport);
	put16(h + 2, s->dport);
	put32(h + 4, s->seq);
	put32(h + 8, s->ack);
	put16(h + 12, (uint16_t)(tcp_seg_hdr(s) / 4 << 12 | s->flags));
	put16(h + 14, s->wnd);
	put32(h + 16, 0);
	uint8_t *o = h + TCP_HDR;
	if (s->flags & TCP_SYN)
		o = put_syn_options(s, o);
	if (!s->n_sack)
		return;
	put32(o, (uint32_t)OPT_NOP << 24 | OPT_NOP << 16 | OPT_SACK << 8 | (2 + 8u * s->n_sack));
	o += 4;
	for (uint32_t i = 0; i < s->n_sack; i++, o += 8) {
		put32(o, s->sack[i].from);
		put32(o + 4, s->sack[i].to);
	}
}
