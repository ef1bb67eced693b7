/* SPDX-License-Identifier: Apache-2.0 */
/* INVITE client transaction: RFC 3261 §17.1.1, Figure 5, with RFC 6026 §8.4 (ACCEPTED, Timer M). */
#include "dataplane/sip/txn_fsm.h"

#define END                                                                                                  \
	{                                                                                                    \
		TXN_TERMINATED, TXN_DO_DROP                                                                  \
	}
#define ABSORB(state)                                                                                        \
	{                                                                                                    \
		state, TXN_DO_ABSORB                                                                         \
	}

txn_rows txn_ict_rows = {
    [TXN_INIT] =
        {
            [TXN_EV_START] = {TXN_CALLING, TXN_DO_SEND, TXN_RS_T1, TXN_EX_64T1}, /* Timers A, B */
        },
    [TXN_CALLING] =
        {
            [TXN_EV_RESEND] = {TXN_CALLING, TXN_DO_RESEND, TXN_RS_DOUBLE},
            [TXN_EV_EXPIRE] = {TXN_TERMINATED, TXN_DO_TIMEOUT | TXN_DO_DROP},
            /* Timer B guards CALLING only (§17.1.1.2): from here the caller's patience is the limit. */
            [TXN_EV_1XX] = {TXN_PROCEEDING, TXN_DO_TELL | TXN_DO_DROP, TXN_RS_OFF, TXN_EX_OFF},
            [TXN_EV_2XX] = {TXN_ACCEPTED, TXN_DO_TELL | TXN_DO_DROP, TXN_RS_OFF, TXN_EX_64T1},
            [TXN_EV_FINAL] = {TXN_COMPLETED, TXN_DO_ACK | TXN_DO_TELL | TXN_DO_DROP, TXN_RS_OFF, TXN_EX_D},
            [TXN_EV_ERROR] = {TXN_TERMINATED, TXN_DO_FAIL | TXN_DO_DROP},
            [TXN_EV_ABORT] = END,
        },
    [TXN_PROCEEDING] =
        {
            [TXN_EV_1XX] = {TXN_PROCEEDING, TXN_DO_TELL},
            [TXN_EV_2XX] = {TXN_ACCEPTED, TXN_DO_TELL, TXN_RS_OFF, TXN_EX_64T1},
            [TXN_EV_FINAL] = {TXN_COMPLETED, TXN_DO_ACK | TXN_DO_TELL, TXN_RS_OFF, TXN_EX_D},
            [TXN_EV_ERROR] = {TXN_PROCEEDING, 0}, /* somebody answered: the path works */
            [TXN_EV_ABORT] = END,
        },
    [TXN_COMPLETED] =
        {
            [TXN_EV_EXPIRE] = END, /* Timer D */
            [TXN_EV_1XX] = ABSORB(TXN_COMPLETED),
            [TXN_EV_2XX] = ABSORB(TXN_COMPLETED),
            [TXN_EV_FINAL] = {TXN_COMPLETED, TXN_DO_ACK | TXN_DO_ABSORB},
            [TXN_EV_ERROR] = {TXN_COMPLETED, 0},
            [TXN_EV_ABORT] = END,
        },
    [TXN_ACCEPTED] =
        {
            [TXN_EV_EXPIRE] = END, /* Timer M */
            [TXN_EV_1XX] = ABSORB(TXN_ACCEPTED),
            [TXN_EV_2XX] = {TXN_ACCEPTED, TXN_DO_TELL},
            [TXN_EV_FINAL] = ABSORB(TXN_ACCEPTED),
            [TXN_EV_ERROR] = {TXN_ACCEPTED, 0},
            [TXN_EV_ABORT] = END,
        },
};
