/* SPDX-License-Identifier: Apache-2.0 */
/* What a callee says, as text. */
#ifndef SIM_CALLEE_TEXT_H
#define SIM_CALLEE_TEXT_H

#include "tests/sim/callee.h"

enum callee_sdp { SDP_NONE = 0, SDP_ANSWER, SDP_HOLD, SDP_HOLD_ZERO, SDP_FOREIGN };

/* A response to the INVITE; tag "" = none (100). Returns its length. */
uint32_t callee_respond(
    struct callee *c, char out[CALLEE_TEXT], uint16_t status, const char *tag, enum callee_sdp sdp);
/* A response to another request, without body. */
uint32_t callee_answer(
    const struct callee *c, char out[CALLEE_TEXT], const struct sip_msg *m, uint16_t status, const char *tag);
/* 200 with SDP to a re-INVITE. */
uint32_t callee_accept(struct callee *c, char out[CALLEE_TEXT], const struct sip_msg *m);
/* A request inside the dialog. */
uint32_t callee_request(struct callee *c, char out[CALLEE_TEXT], const struct callee_dialog *d,
    const char *method, uint32_t cseq, const char *branch, enum callee_sdp sdp);

#endif
