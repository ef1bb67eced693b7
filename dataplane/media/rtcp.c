/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/media/rtcp.h"

#include "dataplane/net/wire.h"

enum { RTCP_SR = 200, RTCP_RR = 201, RTCP_SDES = 202, RTCP_LAST = 207 };
#define BLOCK 24

static uint32_t piece_len(const uint8_t *d)
{
	return 4 * (get16(d + 2) + 1u);
}

/* RFC 3550 appendix A.2: a compound packet starts with a report, every piece is version 2 and inside the
 * datagram, the last ends where the datagram ends, only the last is padded. */
static bool compound_ok(const uint8_t *d, uint32_t len)
{
	if (len < 8 || (d[1] != RTCP_SR && d[1] != RTCP_RR))
		return false;
	for (uint32_t at = 0; at < len;) {
		if (len - at < 4 || d[at] >> 6 != 2 || d[at + 1] < RTCP_SR || d[at + 1] > RTCP_LAST)
			return false;
		uint32_t n = piece_len(d + at);
		if (n > len - at || (d[at] & 0x20 && n != len - at))
			return false;
		at += n;
	}
	return true;
}

/* Report blocks speak about the stream we send to l: in the peer's terms it is the stream the peer sends us.
 */
static void map_blocks(uint8_t *d, uint32_t blocks, const struct media_leg *l)
{
	for (uint32_t i = 0; i < blocks; i++, d += BLOCK) {
		if (get32(d) != l->out.ssrc)
			continue;
		put32(d, l->out.in_ssrc);
		put16(d + 10, (uint16_t)(get16(d + 10) - l->out.seq_off));
	}
}

static bool map_report(
    uint8_t *d, uint32_t n, uint32_t head, const struct media_leg *l, const struct media_leg *to)
{
	uint32_t blocks = d[0] & 31;
	if (n < head + blocks * BLOCK)
		return false;
	put32(d + 4, to->out.ssrc);
	if (d[1] == RTCP_SR)
		put32(d + 16, get32(d + 16) + to->out.ts_off);
	map_blocks(d + head, blocks, l);
	return true;
}

/* One chunk, for the sender itself: that is all an endpoint sends; a mixer's further chunks are refused. */
static bool map_sdes(uint8_t *d, uint32_t n, const struct media_leg *to)
{
	if ((d[0] & 31) != 1 || n < 8)
		return false;
	put32(d + 4, to->out.ssrc);
	return true;
}

/* Map the pieces in place; returns how many bytes go on (0: the packet is malformed). */
static uint32_t map_compound(uint8_t *d, uint32_t len, const struct media_leg *l, const struct media_leg *to)
{
	uint32_t at = 0;
	while (at < len) {
		uint8_t *p = d + at;
		uint32_t n = piece_len(p);
		bool ok = true;
		if (p[1] == RTCP_SR || p[1] == RTCP_RR)
			ok = map_report(p, n, p[1] == RTCP_SR ? 28 : 8, l, to);
		else if (p[1] == RTCP_SDES)
			ok = map_sdes(p, n, to);
		else
			break;
		if (!ok)
			return 0;
		at += n;
	}
	return at;
}

/* The address must be the RTP's; the port is learned from the first packet (RFC 4961 symmetric RTCP), unless
 * the config says that only what the SDP named is heard. */
static bool source_ok(const struct media *m, struct media_leg *l, const struct ip_sock *src)
{
	if (l->rtcp_locked || !m->learn)
		return ip_sock_eq(src, &l->rtcp_dst);
	const struct ip_sock *rtp = l->state == MEDIA_LEARN ? &l->sdp : &l->src;
	if (l->state < MEDIA_LEARN || !ip_addr_eq(&src->a, &rtp->a))
		return false;
	l->rtcp_dst = *src;
	l->rtcp_locked = true;
	return true;
}

void rtcp_in(struct media *m, struct media_leg *l, struct udp_in *in, uint64_t now)
{
	struct pkt *p = in->pkt;
	if (!compound_ok(p->data, p->len)) {
		media_drop(m, l, p, STAT_drop_rtcp_bad);
		return;
	}
	if (!source_ok(m, l, &in->src)) {
		media_drop(m, l, p, STAT_drop_rtp_stranger);
		return;
	}
	stat_inc(m->stats, STAT_rtcp_in);
	struct media_leg *to = media_peer(m, l);
	if (!to || to->rtcp_dst.a.fam == 0) {
		media_drop(m, NULL, p, STAT_drop_rtp_no_peer);
		return;
	}
	p->len = map_compound(p->data, p->len, l, to);
	if (p->len == 0) {
		media_drop(m, l, p, STAT_drop_rtcp_bad);
		return;
	}
	if (net_udp_send_from(m->net, p, to->own, (uint16_t)(to->port + 1), &to->rtcp_dst, now) == 0)
		stat_inc(m->stats, STAT_rtcp_out);
}
