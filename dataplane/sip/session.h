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

struct session {
	uint32_t id;      /* o= session id */
	uint32_t version; /* of the SDP we sent last */
	uint16_t port;    /* our RTP port */
	uint8_t codecs;   /* enum dp_media_pref */
	uint8_t pt;       /* agreed codec; SESSION_NO_CODEC = none yet */
	bool six;         /* our address is IPv6, so theirs must be */
	bool held;        /* the far side does not want to hear us */
};

void session_init(struct session *s, uint32_t id, uint16_t port, uint8_t codecs);

/* Write our offer (sendrecv). Again later: a new version of the same session. */
void session_offer(struct session *s, const struct ip_addr *own, struct buf *out);

/* Evaluate the answer to our offer. 0: *out is filled and the codec taken over. -1 with a static reason: no
 * audio stream, refused, no common codec, unusable address, not SDP. */
[[nodiscard]] int session_answer(
    struct session *s, struct span body, struct sdp *tmp, struct media_agreed *out, const char **reason);

/* Evaluate an offer and write the answer to it. -1 with a static reason: nothing was changed (488). */
[[nodiscard]] int session_reoffer(struct session *s, struct span body, struct sdp *tmp,
    const struct ip_addr *own, struct media_agreed *out, struct buf *answer, const char **reason);

#endif
