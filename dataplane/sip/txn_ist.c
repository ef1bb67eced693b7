/* SPDX-License-Identifier: Apache-2.0 */
/* INVITE server transaction: RFC 3261 §17.2.1, Figure 7, with RFC 6026 §8.5-8.7 (ACCEPTED, Timer L). The
 * retransmission of a 2xx until its ACK, which RFC 3261 §13.3.1.4 gives to the user, is run here too: there is
 * one user and one timer fewer. */
#include "dataplane/sip/txn_fsm.h"

txn_rows txn_ist_rows = {
    [TXN_INIT] =
        {
            [TXN_EV_START] = {TXN_PROCEEDING, TXN_DO_TELL},
        },
    [TXN_PROCEEDING] =
        {
            [TXN_EV_REQUEST] = {TXN_PROCEEDING, TXN_DO_RESEND | TXN_DO_ABSORB},
            [TXN_EV_1XX] = {TXN_PROCEEDING, TXN_DO_SEND},
            [TXN_EV_2XX] = {TXN_ACCEPTED, TXN_DO_SEND, TXN_RS_T1, TXN_EX_64T1},
            [TXN_EV_FINAL] = {TXN_COMPLETED, TXN_DO_SEND, TXN_RS_T1, TXN_EX_64T1}, /* Timers G, H */
            [TXN_EV_ERROR] = {TXN_PROCEEDING, 0},
            [TXN_EV_ABORT] = {TXN_TERMINATED, TXN_DO_DROP},
        },
    [TXN_COMPLETED] =
        {
            [TXN_EV_REQUEST] = {TXN_COMPLETED, TXN_DO_RESEND | TXN_DO_ABSORB},
            [TXN_EV_RESEND] = {TXN_COMPLETED, TXN_DO_RESEND, TXN_RS_DOUBLE_T2},
            [TXN_EV_EXPIRE] = {TXN_TERMINATED,
                TXN_DO_DROP}, /* Timer H: a refused re-INVITE left the call as it was */
            [TXN_EV_ACK] = {TXN_CONFIRMED, TXN_DO_DROP, TXN_RS_OFF, TXN_EX_T4},
            [TXN_EV_ERROR] = {TXN_COMPLETED, 0},
            [TXN_EV_ABORT] = {TXN_TERMINATED, TXN_DO_DROP},
        },
    [TXN_CONFIRMED] =
        {
            [TXN_EV_REQUEST] = {TXN_CONFIRMED, TXN_DO_ABSORB},
            [TXN_EV_ACK] = {TXN_CONFIRMED, TXN_DO_ABSORB},
            [TXN_EV_EXPIRE] = {TXN_TERMINATED, 0}, /* Timer I */
            [TXN_EV_ERROR] = {TXN_CONFIRMED, 0},
            [TXN_EV_ABORT] = {TXN_TERMINATED, 0},
        },
    [TXN_ACCEPTED] =
        {
            [TXN_EV_REQUEST] = {TXN_ACCEPTED, TXN_DO_ABSORB},
            [TXN_EV_RESEND] = {TXN_ACCEPTED, TXN_DO_RESEND, TXN_RS_DOUBLE_T2},
            [TXN_EV_ACK] = {TXN_ACKED, TXN_DO_TELL | TXN_DO_DROP, TXN_RS_OFF},
            [TXN_EV_EXPIRE] = {TXN_TERMINATED,
                TXN_DO_TIMEOUT | TXN_DO_DROP}, /* 64*T1 without ACK: §13.3.1.4 */
            [TXN_EV_ERROR] = {TXN_ACCEPTED, 0},
            [TXN_EV_ABORT] = {TXN_TERMINATED, TXN_DO_DROP},
        },
    [TXN_ACKED] =
        {
            [TXN_EV_REQUEST] = {TXN_ACKED, TXN_DO_ABSORB},
            [TXN_EV_ACK] = {TXN_ACKED, TXN_DO_ABSORB},
            [TXN_EV_EXPIRE] = {TXN_TERMINATED, 0}, /* Timer L */
            [TXN_EV_ERROR] = {TXN_ACKED, 0},
            [TXN_EV_ABORT] = {TXN_TERMINATED, 0},
        },
};
