/* SPDX-License-Identifier: Apache-2.0 */
/* One host on packets in memory, with virtual time: tests push frames, look at what comes out and at what the
 * layer above was told. cmocka asserts inside. */
#ifndef TEST_RIG_H
#define TEST_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/net/net.h"
#include "dataplane/pktio/pktio_mem.h"

#define RIG_IP   0x0a000002u /* 10.0.0.2/24, gateway 10.0.0.1 */
#define RIG_PEER 0x0a000009u
#define RIG_GW   0x0a000001u
#define MS       1000000ull

struct rig {
	struct dp_conf conf;
	struct pktio_mem_conf mem;
	struct dp_stats stats;
	struct wheel *wheel;
	struct pktio *io;
	struct net *net;
	uint64_t now;
	/* told to the layer above */
	uint32_t n_udp, n_err, n_neigh;
	struct ip_sock src, dst;
	uint8_t got[16384];
	uint32_t got_len;
	struct udp_err err;
	void (*on_error)(struct rig *r); /* what the layer above does about it */
};

/* A frame under construction, or one that came out. */
struct frame {
	uint32_t len;
	uint8_t b[20000];
};

extern const uint8_t rig_mac[6], peer_mac[6], other_mac[6];

void rig_defaults(struct rig *r);
void rig_start(struct rig *r); /* after changes to conf; swallows the announcement */
void rig_stop(struct rig *r);  /* asserts that no packet is missing */

void rig_in(struct rig *r, const struct frame *f); /* a frame arrives, with turn */
bool rig_out(struct rig *r, struct frame *f);      /* the next frame that was sent */
void rig_none(struct rig *r);                      /* nothing was sent */
void rig_pass(struct rig *r, uint64_t ns);         /* time goes by, in steps of 10 ms */
uint64_t rig_stat(const struct rig *r, enum stat_id id);
uint64_t rig_drops(const struct rig *r); /* the sum of all rows drop_… */

/* Building: ethernet, IP and so on, outermost first; lengths and checksums are set by the next function. */
void f_eth(struct frame *f, const uint8_t dst[6], const uint8_t src[6], uint16_t type);
void f_put(struct frame *f, const void *p, uint32_t n);
void f_u16(struct frame *f, uint16_t v);
void f_u32(struct frame *f, uint32_t v);
void f_arp(struct frame *f, uint16_t op, const uint8_t sender[6], uint32_t sip, uint32_t tip);
/* An IP packet to the rig with this payload; off_flags as in the header. */
void f_ip(
    struct frame *f, uint8_t proto, uint32_t src, uint16_t id, uint16_t off_flags, const void *p, uint32_t n);
/* UDP header and payload with a right checksum into out; returns the length. */
uint32_t make_udp(uint8_t *out, uint32_t src, uint16_t sport, uint16_t dport, const void *p, uint32_t n);
void f_udp(struct frame *f, uint32_t src, uint16_t sport, uint16_t dport, const void *p, uint32_t n);
uint16_t sum16(const void *p, uint32_t n); /* RFC 1071 by bytes, host order, complemented */
uint16_t udp_sum(const uint8_t *ip);       /* of a whole unfragmented packet; 0 when right */

/* The peer's MAC is known after this. */
void rig_know(struct rig *r, uint32_t ip, const uint8_t mac[6]);
/* Send n bytes of payload from port 5060. */
int rig_send(struct rig *r, uint32_t dst, uint16_t port, const void *p, uint32_t n);
struct ip_sock sock4(uint32_t ip, uint16_t port);
/* Every byte depends on the seed and its place. */
void fill(uint8_t *p, uint32_t n, uint32_t seed);

#endif
