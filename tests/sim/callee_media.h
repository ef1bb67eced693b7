/* SPDX-License-Identifier: Apache-2.0 */
/* A callee's voice: each says one byte of its own over and over, so that who hears whom can be checked. */
#ifndef SIM_CALLEE_MEDIA_H
#define SIM_CALLEE_MEDIA_H

#include "tests/sim/callee.h"

void callee_media_init(struct sim *s, struct callee *c, uint32_t index);
static inline uint8_t callee_other_pt(const struct callee *c)
{
	return c->pt ? 0 : 8;
}

void callee_media_start(struct sim *s, struct callee *c);
void callee_media_stop(struct callee *c);
uint32_t callee_media_run(struct sim *s, struct callee *c);
void callee_media_in(struct sim *s, struct callee *c, const struct frame_udp *u);

#endif
