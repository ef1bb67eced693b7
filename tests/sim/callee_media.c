/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/callee_media.h"

#include "dataplane/media/g711.h"
#include "tests/sim/sim.h"

#define RTP_PACKETS 25u
#define RTP_BYTES   160u

/* Bytes that come back the same from PCMU to PCMA to PCMU. */
static const uint8_t voices[] = {0x10, 0x21, 0x32, 0x43, 0x90, 0xa1, 0xb2, 0xc3, 0x15, 0x26, 0x37, 0x48};

void callee_media_init(struct sim *s, struct callee *c, uint32_t index)
{
	c->voice = voices[index % sizeof voices];
	c->rtp_left = RTP_PACKETS;
	c->rtp_seq = (uint16_t)sim_rand(s, 65536);
	c->rtp_ts = sim_rand(s, UINT32_MAX);
}

void callee_media_start(struct sim *s, struct callee *c)
{
	if (!c->engine_rtp.port || c->speaking)
		return;
	c->speaking = true;
	c->rtp_at = s->t;
}

void callee_media_stop(struct callee *c)
{
	c->speaking = false;
	c->rtp_at = SIM_NEVER;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

uint32_t callee_media_run(struct sim *s, struct callee *c)
{
	uint8_t pt = c->both && c->rtp_seq & 1 ? callee_other_pt(c) : c->pt;
	uint8_t d[12 + RTP_BYTES] = {0x80, pt, (uint8_t)(c->rtp_seq >> 8), (uint8_t)c->rtp_seq};
	const uint8_t *table = g711_table(G711_PCMU, pt);
	if (c->rtp_at > s->t)
		return 0;
	put32(d + 4, c->rtp_ts);
	put32(d + 8, 0xca110000u | c->voice);
	memset(d + 12, table ? table[c->voice] : c->voice, RTP_BYTES);
	wire_send(s, &c->rtp, &c->engine_rtp, d, sizeof d);
	c->rtp_sent++;
	c->rtp_last = s->t;
	c->rtp_seq++;
	c->rtp_ts += RTP_BYTES;
	c->rtp_at = --c->rtp_left ? s->t + 20 * SIM_MS : SIM_NEVER;
	return 1;
}

/* The other leg of the same call is the neighbour: 0 with 1, 2 with 3. */
/* Is it somebody it may be bridged to? */
static bool knows(const struct sim *s, const struct callee *c, uint8_t voice)
{
	for (uint32_t i = 0; i < s->n_callees; i++)
		if (s->callees[i].voice == voice && control_pairs((uint32_t)(c - s->callees), i))
			return true;
	return false;
}

void callee_media_in(struct sim *s, struct callee *c, const struct frame_udp *u)
{
	const uint8_t *d = u->payload;
	if (u->dst.port != c->rtp.port || u->len != 12 + RTP_BYTES) {
		sim_fail(s, "media to a port or of a size nobody has");
		return;
	}
	uint32_t ssrc = (uint32_t)d[8] << 24 | (uint32_t)d[9] << 16 | (uint32_t)d[10] << 8 | d[11];
	uint8_t pt = d[1] & 0x7f;
	const uint8_t *table = g711_table(pt, G711_PCMU);
	uint8_t heard = table ? table[d[12]] : d[12];
	if (!ip_sock_eq(&u->src, &c->engine_rtp) || (pt != c->pt && !(c->both && pt == callee_other_pt(c))))
		sim_fail(s, "media from another port or with another payload type than was agreed");
	if (c->rtp_got && ssrc != c->rtp_ssrc_seen)
		sim_fail(s, "the SSRC of a leg changed");
	if (!knows(s, c, heard))
		sim_fail(s, "callee %u heard a voice of another call", c->sip.a.b[3]);
	c->rtp_ssrc_seen = ssrc;
	c->rtp_got++;
}
