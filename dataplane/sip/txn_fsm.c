/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/txn_fsm.h"

#define NS_PER_S  1000000000ull
#define TIMER_OFF UINT64_MAX

/* Timer D: at least 32 s over UDP (§17.1.1.2), and never shorter than the peer's Timer H. */
#define TIMER_D_MIN (32 * NS_PER_S)

static const struct txn_row (*const MACHINES[TXN_KINDS])[TXN_EVENTS] = {
    [TXN_ICT] = txn_ict_rows,
    [TXN_NICT] = txn_nict_rows,
    [TXN_IST] = txn_ist_rows,
    [TXN_NIST] = txn_nist_rows,
};

void txn_fsm_init(struct txn_fsm *f, enum txn_kind kind)
{
	*f =
	    (struct txn_fsm){.resend_at = TIMER_OFF, .expire_at = TIMER_OFF, .kind = kind, .state = TXN_INIT};
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void set_resend(struct txn_fsm *f, enum txn_resend how, const struct txn_times *t, uint64_t now)
{
	switch (how) {
	case TXN_RS_KEEP:
		return;
	case TXN_RS_OFF:
		f->resend_at = TIMER_OFF;
		return;
	case TXN_RS_T1:
		f->interval = t->t1;
		break;
	case TXN_RS_DOUBLE:
		f->interval *= 2;
		break;
	case TXN_RS_DOUBLE_T2:
		f->interval = min_u64(f->interval * 2, t->t2);
		break;
	case TXN_RS_T2:
		f->interval = t->t2;
		break;
	}
	f->resend_at = now + f->interval;
}

static void set_expire(struct txn_fsm *f, enum txn_expire how, const struct txn_times *t, uint64_t now)
{
	switch (how) {
	case TXN_EX_KEEP:
		break;
	case TXN_EX_OFF:
		f->expire_at = TIMER_OFF;
		break;
	case TXN_EX_64T1:
		f->expire_at = now + 64 * t->t1;
		break;
	case TXN_EX_D:
		f->expire_at = now + (64 * t->t1 > TIMER_D_MIN ? 64 * t->t1 : TIMER_D_MIN);
		break;
	case TXN_EX_T4:
		f->expire_at = now + t->t4;
		break;
	}
}

uint32_t txn_fsm_step(
    struct txn_fsm *f, enum txn_event ev, const struct txn_times *t, uint64_t now, bool *illegal)
{
	const struct txn_row *r = &MACHINES[f->kind][f->state][ev];
	*illegal = r->next == TXN_NONE;
	if (*illegal)
		return 0;
	if (r->next != f->state && r->resend == TXN_RS_KEEP)
		f->resend_at = TIMER_OFF;
	if (r->next == TXN_TERMINATED)
		f->expire_at = TIMER_OFF;
	set_resend(f, r->resend, t, now);
	set_expire(f, r->expire, t, now);
	f->state = r->next;
	return r->acts;
}

/* Signed difference: a clock that wraps keeps its order. */
static uint64_t sooner(uint64_t a, uint64_t b)
{
	if (a == TIMER_OFF || b == TIMER_OFF)
		return a == TIMER_OFF ? b : a;
	return (int64_t)(a - b) < 0 ? a : b;
}

uint64_t txn_fsm_next(const struct txn_fsm *f)
{
	return sooner(f->resend_at, f->expire_at);
}

enum txn_event txn_fsm_due(const struct txn_fsm *f, uint64_t now)
{
	bool over = f->expire_at != TIMER_OFF && (int64_t)(f->expire_at - now) <= 0;
	return over ? TXN_EV_EXPIRE : TXN_EV_RESEND;
}
