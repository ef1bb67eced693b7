/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet frames as the far side makes and reads them: written apart from dataplane/net, so that both do not
 * share a mistake. */
#ifndef SIM_FRAME_H
#define SIM_FRAME_H

#include "dataplane/api/ip_addr.h"

#define FRAME_MAX 1600u

/* A UDP datagram over IPv4 without options. Returns the frame's length; len ≤ 1472. */
uint32_t frame_udp(uint8_t out[FRAME_MAX], const uint8_t smac[6], const uint8_t dmac[6],
    const struct ip_sock *src, const struct ip_sock *dst, const void *payload, uint32_t len);

struct frame_udp {
	struct ip_sock src, dst;
	const uint8_t *payload; /* in the frame */
	uint32_t len;
};
/* 1: a UDP datagram, whole and with right checksums. 0: something else (ARP, ICMP, a fragment). -1: wrong. */
int frame_read_udp(struct frame_udp *out, const uint8_t *frame, uint32_t len);

/* The answer of `mac` to an ARP request for anybody but the asker itself; 0: not such a request. */
uint32_t frame_arp_reply(uint8_t out[FRAME_MAX], const uint8_t *request, uint32_t len, const uint8_t mac[6]);
/* ICMP port unreachable that quotes the start of the IPv4 frame `sent`. */
uint32_t frame_unreachable(uint8_t out[FRAME_MAX], const uint8_t *sent, uint32_t len);

#endif
