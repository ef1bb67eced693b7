/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody who has no business here: sends garbage, forged requests and responses, and RTP to our ports. None of
 * it may change a call. */
#ifndef SIM_STRANGER_H
#define SIM_STRANGER_H

#include "tests/sim/frame.h"

struct sim;

#define STRANGER_HOST 66u /* 192.0.2.66 */

struct stranger {
	uint64_t at; /* when it speaks next */
	uint32_t left, answers;
};

void stranger_init(struct sim *s);
uint32_t stranger_run(struct sim *s);
/* What the engine answers: must be a response, and nothing but one. */
void stranger_in(struct sim *s, const struct frame_udp *u);

#endif
