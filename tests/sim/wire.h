/* SPDX-License-Identifier: Apache-2.0 */
/* The network between the engine and the callees: every frame is lost, doubled, delayed and overtaken as the
 * seed's world says. ARP is answered by hosts that are alive. */
#ifndef SIM_WIRE_H
#define SIM_WIRE_H

#include "tests/sim/frame.h"

struct sim;

#define WIRE_FRAMES 512u

struct wire_frame {
	uint64_t at, order;
	bool to_engine;
	uint32_t len;
	uint8_t bytes[FRAME_MAX];
};

struct wire {
	struct wire_frame *frames; /* WIRE_FRAMES */
	uint16_t heap[WIRE_FRAMES], free[WIRE_FRAMES];
	uint32_t n, n_free;
	uint64_t order;
	uint64_t sent, lost, doubled;
};

int wire_open(struct wire *w);
void wire_close(struct wire *w);
void wire_reset(struct wire *w);

/* A far side sends a datagram to the engine. */
void wire_send(
    struct sim *s, const struct ip_sock *src, const struct ip_sock *dst, const void *data, uint32_t len);
/* Take what the engine has sent. Returns how many frames. */
uint32_t wire_collect(struct sim *s);
/* Hand over everything due. Returns how many frames. */
uint32_t wire_deliver(struct sim *s);
uint64_t wire_next(const struct sim *s); /* SIM_NEVER: nothing is under way */

#endif
