/* SPDX-License-Identifier: Apache-2.0 */
/* RTP (RFC 3550) relayed in place: checked, rewritten into the stream of the peer's far side, sent on. */
#ifndef DP_RTP_H
#define DP_RTP_H

#include "dataplane/media/media.h"

/* A datagram on the RTP port of leg l; takes the packet. */
void rtp_in(struct media *m, struct media_leg *l, struct udp_in *in, uint64_t now);

#endif
