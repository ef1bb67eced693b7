/* SPDX-License-Identifier: Apache-2.0 */
/* The SDP that nearly every answer of a telephone is, one audio stream over RTP/AVP with an IPv4 address, read in one
 * pass and without views: what sdp_parse would say of it, in a fraction of the time. Whatever is not of this shape, or
 * wrong in any way, is left to sdp_parse, which alone knows what to say about it. */
#ifndef SDP_AUDIO_H
#define SDP_AUDIO_H

#include "sip-parser/sdp.h"

#define SDP_NO_PT 0xff

struct sdp_audio {
	uint8_t ip[16];     /* connection address in force: IPv4 in the first four, or */
	bool six;           /* IPv6 */
	uint16_t port;      /* 0 = refused stream */
	uint16_t rtcp_port; /* 0 = not given */
	uint8_t dir;        /* enum sdp_dir in force */
	uint8_t dtmf_pt;    /* the first telephone-event at 8 kHz; SDP_NO_PT = none */
	uint8_t n_pts;
	uint8_t pts[SDP_FMTS_MAX]; /* payload types in the order of the m= line */
};

/* True: *a is what sdp_audio_of makes of sdp_parse's first stream, and there is no other. False: parse it; *a is void.
 * Reads nothing outside of the body. */
bool sdp_audio_read(struct sdp_audio *a, struct span body);

/* The same of a stream that was parsed: any audio stream over RTP/AVP that is refused (port 0; ip is void then) or whose
 * address is IPv4 or IPv6. NULL, or a static text why it is none. */
const char *sdp_audio_of(struct sdp_audio *a, const struct sdp_media *m);

#endif
