/* SPDX-License-Identifier: Apache-2.0 */
/* Non-INVITE server transaction: RFC 3261 §17.2.2, Figure 8. The kept message is not a packet: the user writes
 * the same response again from the request that came again. */
#include "dataplane/sip/txn_fsm.h"

txn_rows txn_nist_rows = {
    [TXN_INIT] =
        {
            [TXN_EV_START] = {TXN_TRYING, TXN_DO_TELL},
        },
    [TXN_TRYING] =
        {
            [TXN_EV_REQUEST] = {TXN_TRYING, TXN_DO_ABSORB},
            [TXN_EV_1XX] = {TXN_PROCEEDING, TXN_DO_SEND},
            [TXN_EV_2XX] = {TXN_COMPLETED, TXN_DO_SEND, TXN_RS_OFF, TXN_EX_64T1}, /* Timer J */
            [TXN_EV_FINAL] = {TXN_COMPLETED, TXN_DO_SEND, TXN_RS_OFF, TXN_EX_64T1},
            [TXN_EV_ERROR] = {TXN_TRYING, 0},
            [TXN_EV_ABORT] = {TXN_TERMINATED, TXN_DO_DROP},
        },
    [TXN_PROCEEDING] =
        {
            [TXN_EV_REQUEST] = {TXN_PROCEEDING, TXN_DO_RESEND | TXN_DO_ABSORB},
            [TXN_EV_1XX] = {TXN_PROCEEDING, TXN_DO_SEND},
            [TXN_EV_2XX] = {TXN_COMPLETED, TXN_DO_SEND, TXN_RS_OFF, TXN_EX_64T1},
            [TXN_EV_FINAL] = {TXN_COMPLETED, TXN_DO_SEND, TXN_RS_OFF, TXN_EX_64T1},
            [TXN_EV_ERROR] = {TXN_TERMINATED, TXN_DO_FAIL | TXN_DO_DROP},
            [TXN_EV_ABORT] = {TXN_TERMINATED, TXN_DO_DROP},
        },
    [TXN_COMPLETED] =
        {
            [TXN_EV_REQUEST] = {TXN_COMPLETED, TXN_DO_RESEND | TXN_DO_ABSORB},
            [TXN_EV_EXPIRE] = {TXN_TERMINATED, TXN_DO_DROP}, /* Timer J */
            [TXN_EV_ERROR] = {TXN_COMPLETED, 0},
            [TXN_EV_ABORT] = {TXN_TERMINATED, TXN_DO_DROP},
        },
};
