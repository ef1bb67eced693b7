/* SPDX-License-Identifier: Apache-2.0 */
/* The media side of a leg: one RTP/RTCP port pair, where the far side is, which payload types were agreed,
 * and the leg it is bridged to. The relay rewrites packets in place and sends them on. One thread; no
 * allocation after media_new. */
#ifndef DP_MEDIA_LEG_H
#define DP_MEDIA_LEG_H

#include "dataplane/api/dp_conf.h"
#include "dataplane/api/dp_msg.h"
#include "dataplane/net/net.h"

struct media;

#define MEDIA_NONE 0xffffffffu

/* worker / workers: which slice of [rtp_lo, rtp_hi] is ours. */
[[nodiscard]] int media_new(struct media **out, const struct dp_conf *conf, uint16_t worker, struct net *net,
    struct wheel *wheel, struct dp_stats *stats);
void media_free(struct media *m);

/* What an answer agreed on (RFC 3264). */
struct media_agreed {
	struct ip_sock remote_rtp; /* from SDP; a.fam 0 or port 0: nothing may be sent */
	uint16_t remote_rtcp_port; /* 0 = RTP port + 1 */
	uint8_t pt;                /* 0 PCMU, 8 PCMA: payload type and codec at once; sent by choice */
	bool pcmu, pcma;           /* further codecs that either side may use at any time (§6.1, §7) */
	uint8_t dtmf_pt_send;      /* telephone-event number towards the far side, 0xff = not agreed */
	uint8_t dtmf_pt_recv;      /* number we asked the far side to use */
	bool may_send, may_recv;   /* from the direction attributes: hold */
};

/* Take a port pair on an address of this family (4, 6); returns the media index or MEDIA_NONE (no port: counted rtp_port_starved). */
uint32_t media_open(struct media *m, uint8_t fam, uint64_t now);
uint16_t media_port(const struct media *m, uint32_t idx);       /* RTP; RTCP is +1 */
struct ip_addr media_addr(const struct media *m, uint32_t idx); /* ours, for c= */
void media_agree(struct media *m, uint32_t idx, const struct media_agreed *a,
    uint64_t now); /* again after a re-INVITE: re-learns the source when the address changed */
void media_bridge(struct media *m, uint32_t a, uint32_t b);
void media_unbridge(struct media *m, uint32_t a);
/* Gives the counts, the port goes into quarantine, the index is dead. A bridge is taken apart first. */
void media_close(struct media *m, uint32_t idx, struct dp_media_counts *out, uint64_t now);

/* A datagram on a port of [rtp_lo, rtp_hi]; takes the packet. */
void media_udp_in(struct media *m, struct udp_in *in, uint64_t now);
/* The same datagram will come soon: fetch what it needs. In two steps, with some time in between each: media_fetch
 * returns what media_fetch_peer takes. Change nothing. */
uint32_t media_fetch(const struct media *m, const struct udp_in *in);
void media_fetch_peer(const struct media *m, uint32_t idx);
/* A media leg will be agreed, bridged or closed soon. */
void media_fetch_leg(const struct media *m, uint32_t idx);
/* Which worker owns this port (for handing packets over); 0xffff: outside the range. */
uint16_t media_port_owner(const struct dp_conf *conf, uint16_t port);
/* legs: media legs open. ports: port pairs open or resting in quarantine at `now`. */
void media_gauges(
    const struct media *m, struct dp_pool_gauge *legs, struct dp_pool_gauge *ports, uint64_t now);

#endif
