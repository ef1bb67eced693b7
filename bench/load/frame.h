/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet frames with UDP inside, as a far host writes and reads them. */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include "dataplane/api/ip_addr.h"

#define FRAME_UDP_HEAD 42 /* ethernet 14, IPv4 20, UDP 8 */

struct frame_udp {
	uint8_t src_mac[6], dst_mac[6];
	struct ip_sock src, dst;
	const uint8_t *payload;
	uint32_t len;
};

/* Read a frame: true when it is an unfragmented UDP datagram over IPv4. Views into the frame. */
bool frame_read_udp(struct frame_udp *out, const uint8_t *frame, uint32_t len);

/* The headers of an answer, written to the FRAME_UDP_HEAD bytes in front of `len` payload bytes. `to` is the
 * datagram being answered. The UDP checksum is left 0, which IPv4 allows (RFC 768). */
void frame_head_reply(uint8_t *head, const struct frame_udp *to, uint32_t len);

/* Fill in the UDP checksum of a frame made by it, payload and all: what is measured checks it. */
void frame_sum(uint8_t *frame, uint32_t len);

/* If the frame is an ARP request for `ip`, write the reply (42 bytes) to out and return its length; else 0. */
uint32_t frame_arp_reply(
    uint8_t *out, const uint8_t *frame, uint32_t len, const struct ip_addr *ip, const uint8_t mac[6]);

/* Write an ARP request (42 bytes) of our ip and mac for `who`. */
void frame_arp_request(
    uint8_t *out, const struct ip_addr *ip, const uint8_t mac[6], const struct ip_addr *who);
bool frame_arp_is(const uint8_t *frame, uint32_t len);
/* An ARP packet (frame_arp_is) sent by `who`: its MAC, and true. */
bool frame_arp_from(const uint8_t *frame, const struct ip_addr *who, uint8_t mac[6]);

#endif
