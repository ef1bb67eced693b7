/* SPDX-License-Identifier: Apache-2.0 */
/* Offer/answer of one audio stream (RFC 3264): our offer, the evaluation of an answer, the answer to a later
 * offer (hold, resume, refresh). PCMU and PCMA with telephone-event, ptime 20. Pure; no clock. */
#ifndef DP_SIP_SESSION_H
#define DP_SIP_SESSION_H

#include "dataplane/api/dp_msg.h"
#include "dataplane/media/leg.h"
#include "sip-parser/sdp.h"

#define SESSION_DTMF_PT  101  /* the number we offer for telephone-event */
#define SESSION_SDP_MAX  1024 /* bytes of an SDP we write */
#define SESSION_NO_CODEC 0xff

/* Directions of audio, seen from us. */
#define SESSION_SEND 1u
#define SESSION_RECV 2u
#define SESSION_BOTH 3u

struct session {
	uint32_t id;      /* o= session id */
	uint32_t version; /* of the SDP we sent last */
	uint16_t port;    /* our RTP port */
	uint8_t codecs;   /* enum dp_media_pref */
	uint8_t pt;       /* agreed codec; SESSION_NO_CODEC = none yet */
	bool six;         /* our address is IPv6, so theirs must be */
	bool held;        /* the far side does not want to hear us */
	uint8_t wish;     /* SESSION_*: what the far side allows when it may say so freely */
	uint8_t limit;    /* SESSION_*: what the far side has been told it may have */
};

void session_init(struct session *s, uint32_t id, uint16_t port, uint8_t codecs);

/* Write our offer (sendrecv). Again later: a new version of the same session. */
void session_offer(struct session *s, const struct ip_addr *own, struct buf *out);

/* The same with another direction. */
void session_offer_dir(struct session *s, const struct ip_addr *own, uint8_t dir, struct buf *out);

/* Evaluate the answer to our offer. 0: *out is filled and the codec taken over. -1 with a static reason: no
 * audio stream, refused, no common codec, unusable address, not SDP. */
[[nodiscard]] int session_answer(
    struct session *s, struct span body, struct sdp *tmp, struct media_agreed *out, const char **reason);

/* The same for an offer with direction dir in a session that is up: held stays as it was, wish unless dir is both. */
[[nodiscard]] int session_answer_dir(struct session *s, struct span body, struct sdp *tmp, uint8_t dir,
    struct media_agreed *out, const char **reason);

/* Evaluate an offer and write the answer to it, within limit. -1 with a static reason: nothing was changed (488). */
[[nodiscard]] int session_reoffer(struct session *s, struct span body, struct sdp *tmp,
    const struct ip_addr *own, struct media_agreed *out, struct buf *answer, const char **reason);

#endif
