/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/txn_fsm.h"

#define NS_PER_S 1000000000ull

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
	*f = (struct txn_fsm){.kind = kind, .state = TXN_INIT};
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void set_resend(struct txn_fsm *f, enum txn_resend how, const struct txn_times *t, uint64_t now)
{
	if (f->reliable && how > TXN_RS_OFF && !(f->kind == TXN_IST && f->state == TXN_ACCEPTED))
		how = TXN_RS_OFF;
	switch (how) {
	case TXN_RS_KEEP:
		return;
	case TXN_RS_OFF:
		f->resends = false;
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
	f->resends = true;
}

static void set_expire(struct txn_fsm *f, enum txn_expire how, const struct txn_times *t, uint64_t now)
{
	uint64_t after = 0;
	switch (how) {
	case TXN_EX_KEEP:
		return;
	case TXN_EX_OFF:
		break;
	case TXN_EX_64T1:
		after = 64 * t->t1;
		break;
	case TXN_EX_D:
		after = 64 * t->t1 > TIMER_D_MIN ? 64 * t->t1 : TIMER_D_MIN;
		break;
	case TXN_EX_T4:
		after = t->t4;
		break;
	}
	/* Nothing comes again that would have to be absorbed (§17.1.1.2, §17.1.2.2, §17.2.1, §17.2.2). */
	bool absorbs = how == TXN_EX_D || how == TXN_EX_T4 || f->kind == TXN_NIST;
	f->expire_at = now + (f->reliable && absorbs ? 0 : after);
	f->expires = how != TXN_EX_OFF;
}

uint32_t txn_fsm_step(
    struct txn_fsm *f, enum txn_event ev, const struct txn_times *t, uint64_t now, bool *illegal)
{
	const struct txn_row *r = &MACHINES[f->kind][f->state][ev];
	*illegal = r->next == TXN_NONE;
	if (*illegal)
		return 0;
	if (r->next != f->state && r->resend == TXN_RS_KEEP)
		f->resends = false;
	if (r->next == TXN_TERMINATED)
		f->expires = false;
	f->state = r->next;
	set_resend(f, r->resend, t, now);
	set_expire(f, r->expire, t, now);
	return r->acts;
}

static bool expires_first(const struct txn_fsm *f)
{
	return f->expires && (!f->resends || (int64_t)(f->expire_at - f->resend_at) <= 0);
}

uint64_t txn_fsm_next(const struct txn_fsm *f)
{
	uint64_t at = expires_first(f) ? f->expire_at : f->resend_at;
	if (!f->resends && !f->expires)
		return UINT64_MAX;
	return at == UINT64_MAX ? at - 1 : at; /* that value means none: one ns early is no harm */
}

enum txn_event txn_fsm_due(const struct txn_fsm *f, uint64_t now)
{
	return f->expires && (int64_t)(f->expire_at - now) <= 0 ? TXN_EV_EXPIRE : TXN_EV_RESEND;
}
