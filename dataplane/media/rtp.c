/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/media/rtp.h"

#include "dataplane/media/g711.h"
#include "dataplane/net/cksum.h"
#include "dataplane/net/wire.h"

#define RTP_HDR    12
#define TS_PER_MS  8 /* 8 kHz: both laws and telephone-event */
#define TS_FRAME   160
#define NS_PER_MS  1000000ull
#define NO_PAYLOAD 0xffffffffu

/* Header with CSRCs, extension or padding (RFC 3550 §5.1): where the payload starts, its length in *bytes. */
static uint32_t header_full(const uint8_t *d, uint32_t len, uint32_t *bytes)
{
	uint32_t at = RTP_HDR + 4u * (d[0] & 15);
	uint32_t pad = 0;
	if (d[0] & 0x10) {
		if (at + 4 > len)
			return NO_PAYLOAD;
		at += 4 + 4 * get16(d + at + 2);
	}
	if (at > len)
		return NO_PAYLOAD;
	if (d[0] & 0x20) {
		pad = d[len - 1];
		if (pad == 0 || pad > len - at)
			return NO_PAYLOAD;
	}
	*bytes = len - at - pad;
	return at;
}

static uint32_t header(const uint8_t *d, uint32_t len, uint32_t *bytes)
{
	if (len < RTP_HDR || d[0] >> 6 != 2)
		return NO_PAYLOAD;
	if (d[0] == 0x80) {
		*bytes = len - RTP_HDR;
		return RTP_HDR;
	}
	return header_full(d, len, bytes);
}

/* A new feeder continues the old numbering: the next sequence number, and the timestamp moved on by the time
 * that has passed, at least by one frame. */
static void resync(struct media_stream *s, uint16_t seq, uint32_t ts, uint32_t ssrc, uint64_t now)
{
	uint32_t gap = (uint32_t)((now - s->last_ns) / NS_PER_MS) * TS_PER_MS;
	if (!s->started)
		gap = 0;
	else if (gap < TS_FRAME)
		gap = TS_FRAME;
	s->seq_off = (uint16_t)(s->last_seq + 1 - seq);
	s->ts_off = s->last_ts + gap - ts;
	s->in_ssrc = ssrc;
	s->mark = true;
	s->resync = false;
	/* The old feeder's highest number is behind us for good. */
	s->last_seq = (uint16_t)(s->last_seq + 1);
	s->last_ts += gap;
	s->last_ns = now;
	s->started = true;
}

/* The header that goes out is the one that came, but for what the new stream is about. Returns the change of the payload's
 * sum (RFC 1624): the new words and the complements of the old ones. */
static uint64_t stream_write(struct media_stream *s, uint8_t *d, uint8_t pt, bool audio, uint64_t now)
{
	uint16_t seq = get16(d + 2);
	uint32_t ts = get32(d + 4), ssrc = get32(d + 8);
	if (s->resync || ssrc != s->in_ssrc)
		resync(s, seq, ts, ssrc, now);
	seq = (uint16_t)(seq + s->seq_off);
	ts += s->ts_off;
	if ((int16_t)(seq - s->last_seq) >= 0) {
		s->last_seq = seq;
		s->last_ts = ts;
		s->last_ns = now;
	}
	uint8_t mark = d[1] & 0x80;
	if (s->mark && audio) {
		mark = 0x80;
		s->mark = false;
	}
	const uint32_t was[3] = {get32(d), get32(d + 4), ssrc};
	const uint32_t is[3] = {(uint32_t)d[0] << 24 | (uint32_t)(mark | pt) << 16 | seq, ts, s->ssrc};
	uint64_t change = 0;
	for (uint32_t i = 0; i < 3; i++) {
		put32(d + 4 * i, is[i]);
		change += cksum_word(is[i]) + cksum_word(~was[i]);
	}
	return change;
}

static void relay(struct media *m, struct media_leg *to, struct pkt *p, uint64_t sum, uint64_t now)
{
	uint32_t len = p->len;
	if (net_flow_send_sum(m->net, p, &to->flow, &to->dst, sum, now) != 0)
		return;
	to->tx_packets++;
	to->tx_bytes += len;
	stat_inc(m->stats, STAT_rtp_out);
}

/* NULL: the payload type was not agreed, or the peer has no use for it. */
static const struct media_route *route_of(const struct media_leg *l, uint8_t pt)
{
	for (uint32_t i = 0; i < MEDIA_ROUTES; i++) {
		if (l->route[i].pt == pt)
			return l->route[i].to == MEDIA_NO_PT ? NULL : &l->route[i];
	}
	return NULL;
}

/* Source and header are good; the payload starts at `at`. */
static void accepted(
    struct media *m, struct media_leg *l, const struct udp_in *in, uint32_t at, uint32_t bytes, uint64_t now)
{
	struct pkt *p = in->pkt;
	uint8_t *d = p->data;
	stat_inc(m->stats, STAT_rtp_in);
	l->rx_packets++;
	l->rx_bytes += p->len;
	if (l->verdict) {
		media_drop(m, l, p, (enum stat_id)l->verdict);
		return;
	}
	const struct media_route *r = route_of(l, d[1] & 0x7f);
	if (!r) {
		media_drop(m, l, p, STAT_drop_rtp_codec);
		return;
	}
	if (r->transcode)
		g711_apply(g711_table(r->pt, r->to), d + at, bytes);
	struct media_leg *to = &m->legs[l->peer];
	uint64_t change = stream_write(&to->out, d, r->to, r->audio, now);
	relay(m, to, p, in->sum && !r->transcode ? in->sum + change : 0, now);
}

void rtp_in(struct media *m, struct media_leg *l, struct udp_in *in, uint64_t now)
{
	const uint8_t *d = in->pkt->data;
	uint32_t bytes = 0, at = header(d, in->pkt->len, &bytes);
	if (at == NO_PAYLOAD) {
		media_drop(m, l, in->pkt, STAT_drop_rtp_bad);
		return;
	}
	/* src is all zero until a source is known: nothing that came over IP equals it. */
	if (!ip_sock_eq(&in->src, &l->src) && !media_source_ok(m, l, &in->src, get32(d + 8), now)) {
		media_drop(m, l, in->pkt, STAT_drop_rtp_stranger);
		return;
	}
	accepted(m, l, in, at, bytes, now);
}
