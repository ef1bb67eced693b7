/* SPDX-License-Identifier: Apache-2.0 */
/* One TCP segment: its header and options read and written (RFC 9293 §3.1, RFC 2018, RFC 7323 §2). */
#ifndef DP_TCP_SEG_H
#define DP_TCP_SEG_H

#include <stdbool.h>
#include <stdint.h>

#define TCP_HDR       20u
#define TCP_HDR_MAX   60u
#define TCP_SACKS     4u

#define TCP_FIN       0x01
#define TCP_SYN       0x02
#define TCP_RST       0x04
#define TCP_PSH       0x08
#define TCP_ACK       0x10

#define TCP_NO_SCALE  0xff
#define TCP_SCALE_MAX 14u /* RFC 7323 §2.3 */

struct tcp_range {
	uint32_t from, to; /* [from, to) */
};

struct tcp_seg {
	uint32_t seq, ack;
	uint16_t sport, dport, wnd;
	uint16_t len; /* of data */
	uint16_t mss; /* 0: not said */
	uint8_t flags, scale /* or TCP_NO_SCALE */, n_sack;
	bool sack_ok;
	const uint8_t *data;
	struct tcp_range sack[TCP_SACKS];
};

/* Sequence numbers are compared within half their space (RFC 9293 §3.4). */
static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_le(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

/* Bytes of sequence space. */
static inline uint32_t seg_space(const struct tcp_seg *s)
{
	return s->len + (s->flags & TCP_SYN ? 1u : 0) + (s->flags & TCP_FIN ? 1u : 0);
}

/* False: shorter than its header says. A malformed option ends the reading of options, as everywhere. */
bool tcp_seg_read(struct tcp_seg *s, const uint8_t *p, uint32_t len);
/* Length of the header that tcp_seg_write makes of s, a multiple of 4. */
uint32_t tcp_seg_hdr(const struct tcp_seg *s);
/* Write header and options at h; checksum 0. */
void tcp_seg_write(const struct tcp_seg *s, uint8_t *h);

#endif
