/* SPDX-License-Identifier: Apache-2.0 */
/* SDP (RFC 8866) as far as offer/answer of one audio stream needs it (RFC 3264). Views into the body.
 * Limits: SDP_BYTES_MAX, SDP_MEDIA_MAX, SDP_FMTS_MAX; beyond them the body is refused (488). */
#ifndef SDP_H
#define SDP_H

#include "sip-parser/base/buf.h"

#define SDP_BYTES_MAX 16384
#define SDP_MEDIA_MAX 8
#define SDP_FMTS_MAX  32

enum sdp_dir { SDP_SENDRECV = 0, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

struct sdp_fmt {
	uint8_t pt;       /* payload type number */
	struct span name; /* encoding name from rtpmap (static types filled in: PCMU, PCMA, …) */
	uint32_t rate;    /* clock rate */
	struct span fmtp; /* parameters after the number, empty when absent */
};

struct sdp_media {
	struct span type;  /* audio, video, … */
	uint16_t port;     /* 0 = refused stream */
	struct span proto; /* RTP/AVP, RTP/SAVP, … */
	struct span addr;  /* connection address in force for this stream (media or session level) */
	bool addr_is_v6;
	uint8_t dir; /* enum sdp_dir in force; c=0.0.0.0 reads as sendonly/inactive hold (RFC 3264 §8.4) */
	uint16_t ptime_ms;  /* 0 = not given */
	uint16_t rtcp_port; /* from a=rtcp (RFC 3605); 0 = not given: port + 1 */
	uint8_t n_fmts;
	struct sdp_fmt fmts[SDP_FMTS_MAX];
};

struct sdp {
	struct span origin_user, origin_addr;
	uint64_t session_id, session_version; /* UINT64_MAX when longer than 64 bits */
	uint8_t n_media;
	struct sdp_media media[SDP_MEDIA_MAX];
};

/* -1 with the offending byte in *err_off and a static text in *reason. */
[[nodiscard]] int sdp_parse(struct sdp *s, struct span body, uint32_t *err_off, const char **reason);

#endif
