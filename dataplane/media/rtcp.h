/* SPDX-License-Identifier: Apache-2.0 */
/* RTCP between bridged legs (RFC 3550 §6): sender and receiver reports and source descriptions go on with
 * SSRCs, RTP timestamps and sequence numbers mapped into the other side's streams. A BYE is not passed on
 * (our stream lives on when its feeder leaves), nor is any packet type whose SSRCs we cannot map. */
#ifndef DP_RTCP_H
#define DP_RTCP_H

#include "dataplane/media/media.h"

/* A datagram on the RTCP port of leg l; takes the packet. */
void rtcp_in(struct media *m, struct media_leg *l, struct udp_in *in, uint64_t now);

#endif
