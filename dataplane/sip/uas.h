/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that come in: inside dialogs of ours (BYE, re-INVITE, INFO, OPTIONS, ACK, CANCEL) and outside of
 * any. Strangers are answered without state: once per request, to where it came from, with nothing in it that
 * makes the answer worth asking for. */
#ifndef DP_SIP_UAS_H
#define DP_SIP_UAS_H

#include "dataplane/sip/core.h"

/* A checked request. */
void uas_request(struct sip *s, const struct msg_in *h);

/* The body is there and said to be SDP. */
bool uas_is_sdp(const struct sip_msg *m);

#endif
