/* SPDX-License-Identifier: Apache-2.0 */
/* Non-INVITE client transaction: RFC 3261 §17.1.2, Figure 6. */
#include "dataplane/sip/txn_fsm.h"

txn_rows txn_nict_rows = {
    [TXN_INIT] =
        {
            [TXN_EV_START] = {TXN_TRYING, TXN_DO_SEND, TXN_RS_T1, TXN_EX_64T1}, /* Timers E, F */
        },
    [TXN_TRYING] =
        {
            [TXN_EV_RESEND] = {TXN_TRYING, TXN_DO_RESEND, TXN_RS_DOUBLE_T2},
            [TXN_EV_EXPIRE] = {TXN_TERMINATED, TXN_DO_TIMEOUT | TXN_DO_DROP},
            [TXN_EV_1XX] = {TXN_PROCEEDING, TXN_DO_TELL, TXN_RS_T2},
            [TXN_EV_2XX] = {TXN_COMPLETED, TXN_DO_TELL | TXN_DO_DROP, TXN_RS_OFF, TXN_EX_T4},
            [TXN_EV_FINAL] = {TXN_COMPLETED, TXN_DO_TELL | TXN_DO_DROP, TXN_RS_OFF, TXN_EX_T4},
            [TXN_EV_ERROR] = {TXN_TERMINATED, TXN_DO_FAIL | TXN_DO_DROP},
            [TXN_EV_ABORT] = {TXN_TERMINATED, TXN_DO_DROP},
        },
    [TXN_PROCEEDING] =
        {
            [TXN_EV_RESEND] = {TXN_PROCEEDING, TXN_DO_RESEND, TXN_RS_T2},
            [TXN_EV_EXPIRE] = {TXN_TERMINATED, TXN_DO_TIMEOUT | TXN_DO_DROP},
            [TXN_EV_1XX] = {TXN_PROCEEDING, TXN_DO_TELL},
            [TXN_EV_2XX] = {TXN_COMPLETED, TXN_DO_TELL | TXN_DO_DROP, TXN_RS_OFF, TXN_EX_T4},
            [TXN_EV_FINAL] = {TXN_COMPLETED, TXN_DO_TELL | TXN_DO_DROP, TXN_RS_OFF, TXN_EX_T4},
            [TXN_EV_ERROR] = {TXN_PROCEEDING, 0},
            [TXN_EV_ABORT] = {TXN_TERMINATED, TXN_DO_DROP},
        },
    [TXN_COMPLETED] =
        {
            [TXN_EV_EXPIRE] = {TXN_TERMINATED, TXN_DO_DROP}, /* Timer K */
            [TXN_EV_1XX] = {TXN_COMPLETED, TXN_DO_ABSORB},
            [TXN_EV_2XX] = {TXN_COMPLETED, TXN_DO_ABSORB},
            [TXN_EV_FINAL] = {TXN_COMPLETED, TXN_DO_ABSORB},
            [TXN_EV_ERROR] = {TXN_COMPLETED, 0},
            [TXN_EV_ABORT] = {TXN_TERMINATED, TXN_DO_DROP},
        },
};
