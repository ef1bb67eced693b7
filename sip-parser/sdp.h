/* SPDX-License-Identifier: Apache-2.0 */
/* SDP (RFC 8866) as far as offer/answer needs it (RFC 3264). Views into the body.
 *
 * Strict where a stream is described (v=, o=, c=, m=, a=rtcp): malformed means refused, with the offending line.
 * Tolerant where nothing depends on it: t= and b= that are malformed read as not given, attributes that are
 * unknown or malformed are passed over (§5.13), and s=, i=, u=, e=, p=, r=, z=, k= are not looked into.
 * Limits: SDP_BYTES_MAX and SDP_MEDIA_MAX, beyond which the body is refused (488); SDP_FMTS_MAX and
 * SDP_CRYPTO_MAX, of which the first ones are kept: whoever offers more has put what it prefers in front. */
#ifndef SDP_H
#define SDP_H

#include "sip-parser/base/buf.h"

#define SDP_BYTES_MAX  16384
#define SDP_MEDIA_MAX  8
#define SDP_FMTS_MAX   32
#define SDP_CRYPTO_MAX 8
#define SDP_ABSENT     UINT32_MAX

enum sdp_dir { SDP_SENDRECV = 0, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

struct sdp_fmt {
	uint8_t pt;       /* payload type number */
	struct span name; /* encoding name from rtpmap (static types filled in: PCMU, PCMA, …) */
	uint32_t rate;    /* clock rate */
	uint8_t channels; /* 1 when the rtpmap does not say; 255 when it says more */
	struct span fmtp; /* parameters after the number, empty when absent */
};

/* b= lines of one level; each SDP_ABSENT when not given. */
struct sdp_bandwidth {
	uint32_t as_kbps;        /* AS: kilobits, lower layers included */
	uint32_t tias_bps;       /* TIAS (RFC 3890): bits, without them */
	uint32_t rs_bps, rr_bps; /* RTCP of senders and receivers (RFC 3556); both 0: no RTCP */
};

/* a=crypto (RFC 4568 §9.1): views, nothing decoded. */
struct sdp_crypto {
	uint32_t tag;               /* up to nine digits */
	struct span suite;          /* AES_CM_128_HMAC_SHA1_80, … */
	struct span key_params;     /* inline:…[;inline:…] */
	struct span session_params; /* the rest of the line; empty = none */
};

/* One key of key_params (§6.1): inline:<key||salt>["|" lifetime]["|" MKI ":" length]. */
struct sdp_key {
	struct span key_salt; /* base64 */
	struct span lifetime; /* "2^20" or a number; empty = the default */
	struct span mki;      /* decimal; empty = no MKI in the packets */
	uint8_t mki_len;      /* bytes in each packet, 1 … 128; 0 = no MKI */
};

struct sdp_media {
	struct span type;  /* audio, video, … */
	uint16_t port;     /* 0 = refused stream */
	uint16_t n_ports;  /* port "/" number: 1 when not given */
	struct span proto; /* RTP/AVP, RTP/SAVP, … */
	struct span addr;  /* connection address in force for this stream (media or session level) */
	bool addr_is_v6;
	uint8_t dir; /* enum sdp_dir in force; c=0.0.0.0 reads as sendonly/inactive hold (RFC 3264 §8.4) */
	uint16_t ptime_ms, maxptime_ms; /* 0 = not given */
	uint16_t rtcp_port;             /* from a=rtcp (RFC 3605); 0 = not given: port + 1 */
	struct span rtcp_addr;          /* empty = not given: addr */
	bool rtcp_mux;                  /* RFC 5761 */
	struct span mid;                /* RFC 5888; empty = none */
	struct sdp_bandwidth bw;
	uint16_t fmts_more; /* formats behind the SDP_FMTS_MAX that are kept */
	uint8_t n_fmts, n_crypto;
	struct sdp_fmt fmts[SDP_FMTS_MAX];
	struct sdp_crypto crypto[SDP_CRYPTO_MAX];
};

struct sdp {
	struct span origin_user, origin_addr;
	uint64_t session_id, session_version; /* UINT64_MAX when longer than 64 bits */
	struct span name;                     /* s= */
	struct span bundle;                   /* mids of the first a=group:BUNDLE (RFC 9143); empty = none */
	uint64_t start_ntp, stop_ntp;         /* first t= line; 0 0 = not bounded, or not given */
	struct sdp_bandwidth bw;
	uint8_t n_media;
	struct sdp_media media[SDP_MEDIA_MAX];
};

/* -1 with the offending byte in *err_off and a static text in *reason. */
[[nodiscard]] int sdp_parse(struct sdp *s, struct span body, uint32_t *err_off, const char **reason);

/* The next key of c->key_params; *rest starts as those. 1: *k is filled; 0: none left; -1: malformed, or a key
 * method other than inline. */
[[nodiscard]] int sdp_key_next(struct span *rest, struct sdp_key *k);

#endif
