/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the media folder: what a media leg is made of. Nobody outside dataplane/media includes this.
 * A leg's index is address number × pairs + port pair, so where a datagram went finds its leg without a table. */
#ifndef DP_MEDIA_H
#define DP_MEDIA_H

#include "dataplane/core/random.h"
#include "dataplane/media/leg.h"
#include "dataplane/media/ports.h"

#include <assert.h>
#include <stddef.h>

enum media_state {
	MEDIA_CLOSED = 0,
	MEDIA_OPEN,    /* nothing agreed: nothing is accepted */
	MEDIA_LEARN,   /* agreed; no packet from the SDP's address yet */
	MEDIA_LEARNED, /* locked to another source than the SDP's (NAT); the SDP's address may still take over
	                */
	MEDIA_LOCKED,  /* locked to the SDP's address */
};

/* The RTP stream we send to one far side: one SSRC for the leg's whole life, continuous whoever feeds it. */
struct media_stream {
	uint32_t ssrc;
	uint32_t in_ssrc; /* the SSRC that feeds it now */
	uint32_t ts_off, last_ts;
	uint16_t seq_off, last_seq;
	bool resync;  /* the feeder changed: new offsets with its next packet */
	bool started; /* something was sent */
	bool mark;    /* set the marker on the next audio packet */
	uint64_t last_ns;
};

/* Another source than the SDP's, and how often it was seen in a row. */
struct media_candidate {
	struct ip_sock src;
	uint32_t ssrc __attribute__((packed, aligned(2))); /* leaves no hole behind this struct */
	uint8_t run;
	uint8_t seen; /* packets of any candidate in this window */
};

/* What becomes of one payload type on its way to the peer. */
struct media_route {
	uint8_t pt; /* as the far side sends it; MEDIA_NO_PT: unused */
	uint8_t to; /* as the peer gets it; MEDIA_NO_PT: dropped */
	bool audio;
	bool transcode; /* else the bytes stay */
};

#define MEDIA_NO_PT  0xff /* no packet has it: 7 bits */
#define MEDIA_ROUTES 3    /* the preferred codec, the other one, telephone-event */

/* The first cache line is all that a packet from the far side needs, the second all that one to it needs: with
 * many legs up each line comes from memory. */
struct media_leg {
	struct ip_sock src; /* accepted source, in LEARNED and LOCKED */
	uint8_t state;      /* enum media_state */
	uint8_t own;        /* on which of our addresses, see net_own */
	uint16_t verdict;   /* stat id why nothing is relayed from here; 0: relay */
	uint32_t peer;
	struct media_route route[MEDIA_ROUTES]; /* by how often they match */
	uint64_t rx_packets, rx_bytes, dropped;
	/* to the far side */
	struct net_flow flow; /* to dst */
	struct media_stream out;
	uint64_t tx_packets, tx_bytes;
	/* seldom */
	uint64_t learn_until; /* end of the learning window */
	struct media_candidate cand;
	struct ip_sock dst; /* fam 0: nowhere */
	struct ip_sock sdp; /* the last usable address the SDP gave */
	struct ip_sock rtcp_dst;
	struct media_agreed a;
	uint16_t port; /* ours */
	bool agreed;
	bool rtcp_locked; /* rtcp_dst was seen as a source */
} __attribute__((aligned(64)));
static_assert(offsetof(struct media_leg, flow) == 64 && offsetof(struct media_leg, learn_until) == 128,
    "a packet needs one line of each leg");
static_assert(sizeof(struct media_leg) == 256 && DP_MEDIA_IPS_MAX < 255, "there is one for each port pair");

struct media {
	struct media_leg *legs;  /* n, by address and port pair */
	uint32_t n, pairs, owns; /* owns: addresses, each with so many pairs */
	uint32_t n4;             /* legs on IPv4 addresses; those on the IPv6 one come behind */
	uint16_t base;           /* first RTP port of this worker's slice */
	uint16_t worker;
	bool learn; /* another source than the SDP's may take over */
	struct net *net;
	struct dp_stats *stats;
	struct ports ports, ports6;
	struct random random;
	uint32_t used;
};

/* Count `why`, count it on the leg (may be NULL), give the packet back. */
void media_drop(struct media *m, struct media_leg *l, struct pkt *p, enum stat_id why);
/* An acceptable source? Follows the learning rules of leg.c. */
bool media_source_ok(
    struct media *m, struct media_leg *l, const struct ip_sock *src, uint32_t ssrc, uint64_t now);

static inline struct media_leg *media_peer(struct media *m, const struct media_leg *l)
{
	return l->peer == MEDIA_NONE ? NULL : &m->legs[l->peer];
}

#endif
