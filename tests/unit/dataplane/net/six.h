/* SPDX-License-Identifier: Apache-2.0 */
/* The rig with an IPv6 address: one host for all tests of a program, and its frames. */
#ifndef TEST_SIX_H
#define TEST_SIX_H

#include "tests/unit/dataplane/net/rig.h"

#define AT 14 /* the IPv6 header in a frame */

extern struct rig r;
extern struct frame f; /* the last one that was made or came out */

/* fd00:1::2, fd00:1::9, fe80::1, fd00:2::7, and the link-local address of 02:00:00:00:00:02 */
extern const uint8_t ours[16], peer[16], gate[16], far_off[16], link_own[16];
extern const uint8_t all_nodes[16], ours_group[16], peer_group[16], nobody[16];

struct six {
	const uint8_t *src, *dst;
	uint8_t proto, hops;
};

/* Building: the checksum of an upper layer is at `at`; opt 0: no option with a MAC. */
struct ip_sock sock6(const uint8_t ip[16], uint16_t port);
void conf6(struct rig *x);
void swallow(void);
int setup(void **state);
int teardown(void **state);
uint16_t sum6(const uint8_t *ip, uint8_t proto, const uint8_t *p, uint32_t n);
void f_six(struct frame *x, const struct six *h, const void *p, uint32_t n);
void f_sealed(struct frame *x, const struct six *h, uint8_t *p, uint32_t n, uint32_t at);
void f_icmp(struct frame *x, const struct six *h, uint8_t type, uint32_t word, const void *p, uint32_t n);
void f_udp6(struct frame *x, const uint8_t *src, uint16_t sport, uint16_t dport, const void *p, uint32_t n);
void f_nd(struct frame *x, const struct six *h, uint8_t type, uint32_t flags, const uint8_t *target,
    uint8_t opt, const uint8_t *mac);
void advertise(const uint8_t *who, const uint8_t *mac);
void know(const uint8_t *who, const uint8_t *mac);
void check_sealed(const struct frame *x, uint8_t proto);
bool solicits(const struct frame *x, const uint8_t *target);
bool is_udp(const struct frame *x, const uint8_t mac[6]);
int send6(const uint8_t *to, const void *p, uint32_t n);
void dropped(enum stat_id why);
/* A router advertisement. */
void f_router(struct frame *x, const uint8_t *from, uint8_t hops, uint16_t seconds);

#endif
