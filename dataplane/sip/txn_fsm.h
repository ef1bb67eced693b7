/* SPDX-License-Identifier: Apache-2.0 */
/* The four transaction machines of RFC 3261 §17 as pure tables, with the Accepted states of RFC 6026: client
 * and server, INVITE and everything else, over transports of either kind. A machine knows no message, no packet
 * and no clock: events and the time go in, actions come out.
 *
 * Each machine runs at most two timers, one that sends again and one that ends the state:
 *
 *   machine  state       send again   end
 *   ICT      CALLING     A            B
 *            COMPLETED                D
 *            ACCEPTED                 M (RFC 6026)
 *   NICT     TRYING      E            F
 *            PROCEEDING  E (at T2)    F
 *            COMPLETED                K
 *   IST      COMPLETED   G            H
 *            CONFIRMED                I
 *            ACCEPTED    2xx, §13.3.1.4   L (RFC 6026)
 *            ACKED                    L
 *   NIST     COMPLETED                J
 *
 * Over a reliable transport only a 2xx is sent again (§13.3.1.4: behind it the way may be another one). */
#ifndef DP_SIP_TXN_FSM_H
#define DP_SIP_TXN_FSM_H

#include <stdbool.h>
#include <stdint.h>

enum txn_kind { TXN_ICT, TXN_NICT, TXN_IST, TXN_NIST, TXN_KINDS };

enum txn_state {
	TXN_NONE = 0, /* a row that leads here is illegal */
	TXN_INIT,
	TXN_CALLING,
	TXN_TRYING,
	TXN_PROCEEDING,
	TXN_COMPLETED,
	TXN_CONFIRMED,
	TXN_ACCEPTED,
	TXN_ACKED, /* IST: the ACK for our 2xx came, Timer L still runs */
	TXN_TERMINATED,
	TXN_STATES
};

enum txn_event {
	TXN_EV_START = 0, /* client: send the request; server: it came */
	TXN_EV_RESEND,    /* the send-again timer fired */
	TXN_EV_EXPIRE,    /* the end-of-state timer fired */
	TXN_EV_1XX,       /* client: a response came; server: the user sends one */
	TXN_EV_2XX,
	TXN_EV_FINAL,   /* 300-699 */
	TXN_EV_REQUEST, /* server: the request came again */
	TXN_EV_ACK,     /* server: ACK */
	TXN_EV_ERROR,   /* the transport says the packet did not arrive */
	TXN_EV_ABORT,   /* the user gives up */
	TXN_EVENTS
};

enum txn_act {
	TXN_DO_SEND = 1 << 0,    /* send the message of this event for the first time */
	TXN_DO_RESEND = 1 << 1,  /* send the kept message again */
	TXN_DO_ACK = 1 << 2,     /* acknowledge the non-2xx final (§17.1.1.3) */
	TXN_DO_TELL = 1 << 3,    /* give the message to the user */
	TXN_DO_TIMEOUT = 1 << 4, /* tell the user that Timer B, F, H or L ran out */
	TXN_DO_FAIL = 1 << 5,    /* tell the user that the transport failed */
	TXN_DO_DROP = 1 << 6,    /* the kept message is not needed any more */
	TXN_DO_ABSORB = 1 << 7,  /* a retransmission or latecomer without effect: count it */
};

enum txn_resend { TXN_RS_KEEP = 0, TXN_RS_OFF, TXN_RS_T1, TXN_RS_DOUBLE, TXN_RS_DOUBLE_T2, TXN_RS_T2 };
enum txn_expire { TXN_EX_KEEP = 0, TXN_EX_OFF, TXN_EX_64T1, TXN_EX_D, TXN_EX_T4 };

struct txn_row {
	uint8_t next;   /* enum txn_state; TXN_NONE: illegal */
	uint8_t acts;   /* enum txn_act */
	uint8_t resend; /* enum txn_resend */
	uint8_t expire; /* enum txn_expire */
};

typedef const struct txn_row txn_rows[TXN_STATES][TXN_EVENTS];
extern txn_rows txn_ict_rows, txn_nict_rows, txn_ist_rows, txn_nist_rows;

/* RFC 3261 Table 4, in ns. */
struct txn_times {
	uint64_t t1, t2, t4;
};

/* Times are compared by their difference, so the clock may wrap. */
struct txn_fsm {
	uint64_t resend_at, expire_at; /* ns, where the timer runs */
	uint64_t interval;             /* ns, of the send-again timer */
	uint8_t kind, state;
	bool resends, expires; /* which timers run */
	bool
	    reliable; /* set after init: the transport does not lose messages (no Timer A, E, G; D, I, J, K zero) */
};

void txn_fsm_init(struct txn_fsm *f, enum txn_kind kind);

/* Feed one event. Returns the actions in the order send, resend, ack, tell; *illegal is set (and nothing
 * else happens) when the table has no row. After TXN_TERMINATED the machine must not be fed again. */
uint32_t txn_fsm_step(
    struct txn_fsm *f, enum txn_event ev, const struct txn_times *t, uint64_t now, bool *illegal);

/* When the next timer is due, UINT64_MAX when none runs; and which event that is. */
uint64_t txn_fsm_next(const struct txn_fsm *f);
enum txn_event txn_fsm_due(const struct txn_fsm *f, uint64_t now);

/* The event that a response with this status is. */
static inline enum txn_event txn_event_of(uint32_t status)
{
	return status < 200 ? TXN_EV_1XX : status < 300 ? TXN_EV_2XX : TXN_EV_FINAL;
}

#endif
