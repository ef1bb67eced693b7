/* SPDX-License-Identifier: Apache-2.0 */
/* The four machines on paper time: every timer and every transition of RFC 3261 §17 and RFC 6026. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/sip/txn_fsm.h"

#define MS    1000000ull
#define START (7 * 1000 * MS)

static const struct txn_times TIMES = {500 * MS, 4000 * MS, 5000 * MS};

static uint32_t feed(struct txn_fsm *f, enum txn_event ev, uint64_t now)
{
	bool illegal;
	uint32_t acts = txn_fsm_step(f, ev, &TIMES, now, &illegal);
	assert_false(illegal);
	return acts;
}

static void begin(struct txn_fsm *f, enum txn_kind kind)
{
	txn_fsm_init(f, kind);
	feed(f, TXN_EV_START, START);
}

/* The next timer fires: it must be this event, at this many ms after the start. */
static uint32_t fire(struct txn_fsm *f, enum txn_event ev, uint64_t at_ms)
{
	uint64_t at = txn_fsm_next(f);
	assert_int_equal((at - START) / MS, at_ms);
	assert_int_equal(txn_fsm_due(f, at), ev);
	return feed(f, ev, at);
}

/* ---- INVITE client */

static void rfc3261_17_1_1_2_timer_a_doubles(void **state)
{
	static const uint64_t AT[] = {500, 1500, 3500, 7500, 15500, 31500};
	struct txn_fsm f;
	begin(&f, TXN_ICT);
	for (int i = 0; i < 6; i++)
		assert_int_equal(fire(&f, TXN_EV_RESEND, AT[i]), TXN_DO_RESEND);
}

static void rfc3261_17_1_1_2_timer_b_is_64_t1(void **state)
{
	struct txn_fsm f;
	begin(&f, TXN_ICT);
	while (txn_fsm_due(&f, txn_fsm_next(&f)) == TXN_EV_RESEND)
		feed(&f, TXN_EV_RESEND, txn_fsm_next(&f));
	assert_true(fire(&f, TXN_EV_EXPIRE, 32000) & TXN_DO_TIMEOUT);
	assert_int_equal(f.state, TXN_TERMINATED);
	assert_int_equal(txn_fsm_next(&f), UINT64_MAX);
}

static void rfc3261_17_1_1_2_1xx_stops_timers_a_and_b(void **state)
{
	struct txn_fsm f;
	begin(&f, TXN_ICT);
	assert_true(feed(&f, TXN_EV_1XX, START) & TXN_DO_TELL);
	assert_int_equal(f.state, TXN_PROCEEDING);
	assert_int_equal(txn_fsm_next(&f), UINT64_MAX);
	assert_int_equal(feed(&f, TXN_EV_1XX, START), TXN_DO_TELL);
}

static void rfc3261_17_1_1_2_final_is_acked_and_timer_d_is_32_s(void **state)
{
	struct txn_fsm f;
	begin(&f, TXN_ICT);
	uint32_t acts = feed(&f, TXN_EV_FINAL, START + 10 * MS);
	assert_true((acts & TXN_DO_ACK) && (acts & TXN_DO_TELL));
	assert_int_equal(f.state, TXN_COMPLETED);
	acts = feed(&f, TXN_EV_FINAL, START + 20 * MS);
	assert_true((acts & TXN_DO_ACK) && !(acts & TXN_DO_TELL));
	assert_false(feed(&f, TXN_EV_1XX, START) & TXN_DO_TELL);
	fire(&f, TXN_EV_EXPIRE, 32010);
	assert_int_equal(f.state, TXN_TERMINATED);
}

static void rfc6026_8_4_accepted_passes_every_2xx_until_timer_m(void **state)
{
	struct txn_fsm f;
	begin(&f, TXN_ICT);
	feed(&f, TXN_EV_1XX, START);
	assert_int_equal(feed(&f, TXN_EV_2XX, START), TXN_DO_TELL);
	assert_int_equal(f.state, TXN_ACCEPTED);
	assert_int_equal(feed(&f, TXN_EV_2XX, START + 1000 * MS), TXN_DO_TELL);
	assert_int_equal(feed(&f, TXN_EV_FINAL, START), TXN_DO_ABSORB);
	assert_int_equal(feed(&f, TXN_EV_1XX, START), TXN_DO_ABSORB);
	fire(&f, TXN_EV_EXPIRE, 32000);
	assert_int_equal(f.state, TXN_TERMINATED);
}

static void rfc3261_17_1_4_transport_error_ends_only_what_waits(void **state)
{
	struct txn_fsm f;
	begin(&f, TXN_ICT);
	assert_true(feed(&f, TXN_EV_ERROR, START) & TXN_DO_FAIL);
	assert_int_equal(f.state, TXN_TERMINATED);
	begin(&f, TXN_ICT);
	feed(&f, TXN_EV_1XX, START);
	assert_int_equal(feed(&f, TXN_EV_ERROR, START), 0);
	assert_int_equal(f.state, TXN_PROCEEDING);
	begin(&f, TXN_NICT);
	assert_true(feed(&f, TXN_EV_ERROR, START) & TXN_DO_FAIL);
}

/* ---- non-INVITE client */

static void rfc3261_17_1_2_2_timer_e_doubles_up_to_t2(void **state)
{
	static const uint64_t AT[] = {500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};
	struct txn_fsm f;
	begin(&f, TXN_NICT);
	for (int i = 0; i < 10; i++)
		assert_int_equal(fire(&f, TXN_EV_RESEND, AT[i]), TXN_DO_RESEND);
	assert_true(fire(&f, TXN_EV_EXPIRE, 32000) & TXN_DO_TIMEOUT); /* Timer F */
	assert_int_equal(f.state, TXN_TERMINATED);
}

static void rfc3261_17_1_2_2_after_1xx_timer_e_is_t2_and_f_goes_on(void **state)
{
	struct txn_fsm f;
	begin(&f, TXN_NICT);
	feed(&f, TXN_EV_1XX, START + 100 * MS);
	assert_int_equal(fire(&f, TXN_EV_RESEND, 4100), TXN_DO_RESEND);
	assert_int_equal(fire(&f, TXN_EV_RESEND, 8100), TXN_DO_RESEND);
	while (txn_fsm_due(&f, txn_fsm_next(&f)) == TXN_EV_RESEND)
		feed(&f, TXN_EV_RESEND, txn_fsm_next(&f));
	assert_true(fire(&f, TXN_EV_EXPIRE, 32000) & TXN_DO_TIMEOUT);
}

static void rfc3261_17_1_2_2_timer_k_is_t4(void **state)
{
	for (int final = 0; final < 2; final++) {
		struct txn_fsm f;
		begin(&f, TXN_NICT);
		assert_true(feed(&f, final ? TXN_EV_FINAL : TXN_EV_2XX, START) & TXN_DO_TELL);
		assert_int_equal(feed(&f, TXN_EV_2XX, START), TXN_DO_ABSORB);
		fire(&f, TXN_EV_EXPIRE, 5000);
		assert_int_equal(f.state, TXN_TERMINATED);
	}
}

/* ---- INVITE server */

static void rfc3261_17_2_1_timer_g_doubles_up_to_t2_and_h_ends(void **state)
{
	static const uint64_t AT[] = {500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};
	struct txn_fsm f;
	begin(&f, TXN_IST);
	assert_int_equal(feed(&f, TXN_EV_FINAL, START), TXN_DO_SEND);
	for (int i = 0; i < 10; i++)
		assert_int_equal(fire(&f, TXN_EV_RESEND, AT[i]), TXN_DO_RESEND);
	fire(&f, TXN_EV_EXPIRE, 32000);
	assert_int_equal(f.state, TXN_TERMINATED);
}

static void rfc3261_17_2_1_ack_stops_g_and_timer_i_is_t4(void **state)
{
	struct txn_fsm f;
	begin(&f, TXN_IST);
	feed(&f, TXN_EV_FINAL, START);
	assert_true(feed(&f, TXN_EV_REQUEST, START) & TXN_DO_RESEND);
	feed(&f, TXN_EV_ACK, START + 1000 * MS);
	assert_int_equal(f.state, TXN_CONFIRMED);
	assert_int_equal(feed(&f, TXN_EV_ACK, START), TXN_DO_ABSORB);
	assert_int_equal(feed(&f, TXN_EV_REQUEST, START), TXN_DO_ABSORB);
	fire(&f, TXN_EV_EXPIRE, 6000);
	assert_int_equal(f.state, TXN_TERMINATED);
}

static void rfc3261_13_3_1_4_2xx_is_sent_until_its_ack(void **state)
{
	static const uint64_t AT[] = {500, 1500, 3500, 7500, 11500};
	struct txn_fsm f;
	begin(&f, TXN_IST);
	feed(&f, TXN_EV_2XX, START);
	for (int i = 0; i < 5; i++)
		assert_int_equal(fire(&f, TXN_EV_RESEND, AT[i]), TXN_DO_RESEND);
	assert_int_equal(feed(&f, TXN_EV_REQUEST, START), TXN_DO_ABSORB); /* RFC 6026 §8.7 */
	assert_true(feed(&f, TXN_EV_ACK, START + 12000 * MS) & TXN_DO_TELL);
	assert_int_equal(feed(&f, TXN_EV_ACK, START + 13000 * MS), TXN_DO_ABSORB);
	fire(&f, TXN_EV_EXPIRE, 32000); /* Timer L */
	assert_int_equal(f.state, TXN_TERMINATED);
}

static void rfc3261_13_3_1_4_no_ack_within_64_t1_is_told(void **state)
{
	struct txn_fsm f;
	begin(&f, TXN_IST);
	feed(&f, TXN_EV_2XX, START);
	while (txn_fsm_due(&f, txn_fsm_next(&f)) == TXN_EV_RESEND)
		feed(&f, TXN_EV_RESEND, txn_fsm_next(&f));
	assert_true(fire(&f, TXN_EV_EXPIRE, 32000) & TXN_DO_TIMEOUT);
}

/* ---- non-INVITE server */

static void rfc3261_17_2_2_timer_j_absorbs_for_64_t1(void **state)
{
	struct txn_fsm f;
	begin(&f, TXN_NIST);
	assert_int_equal(feed(&f, TXN_EV_REQUEST, START), TXN_DO_ABSORB);
	assert_int_equal(feed(&f, TXN_EV_1XX, START), TXN_DO_SEND);
	assert_true(feed(&f, TXN_EV_REQUEST, START) & TXN_DO_RESEND);
	assert_int_equal(feed(&f, TXN_EV_2XX, START), TXN_DO_SEND);
	assert_true(feed(&f, TXN_EV_REQUEST, START) & TXN_DO_RESEND);
	fire(&f, TXN_EV_EXPIRE, 32000);
	assert_int_equal(f.state, TXN_TERMINATED);
}

/* ---- all of them */

static void abort_ends_every_living_state(void **state)
{
	for (int kind = 0; kind < TXN_KINDS; kind++) {
		for (int s = TXN_CALLING; s < TXN_TERMINATED; s++) {
			struct txn_fsm f;
			bool illegal, other;
			txn_fsm_init(&f, (enum txn_kind)kind);
			f.state = (uint8_t)s;
			txn_fsm_step(&f, TXN_EV_ERROR, &TIMES, START, &other);
			f.state = (uint8_t)s;
			txn_fsm_step(&f, TXN_EV_ABORT, &TIMES, START, &illegal);
			assert_int_equal(
			    illegal, other); /* a state has both rows or is not of this machine */
			if (!illegal)
				assert_int_equal(f.state, TXN_TERMINATED);
		}
	}
}

static void illegal_event_changes_nothing(void **state)
{
	struct txn_fsm f, before;
	bool illegal;
	begin(&f, TXN_ICT);
	before = f;
	assert_int_equal(txn_fsm_step(&f, TXN_EV_ACK, &TIMES, START, &illegal), 0);
	assert_true(illegal);
	assert_memory_equal(&f, &before, sizeof f);
}

static void timers_work_across_the_wrap_of_the_clock(void **state)
{
	static const uint64_t AFTER[] = {500, 1500, 3500, 7500, 15500, 31500, 32000};
	struct txn_fsm f;
	bool illegal;
	uint64_t start = UINT64_MAX - 5000 * MS;
	txn_fsm_init(&f, TXN_ICT);
	txn_fsm_step(&f, TXN_EV_START, &TIMES, start, &illegal);
	for (int i = 0; i < 7; i++) {
		uint64_t at = txn_fsm_next(&f);
		assert_int_equal((at - start) / MS, AFTER[i]);
		assert_int_equal(txn_fsm_due(&f, at), i < 6 ? TXN_EV_RESEND : TXN_EV_EXPIRE);
		txn_fsm_step(&f, txn_fsm_due(&f, at), &TIMES, at, &illegal);
	}
	assert_int_equal(f.state, TXN_TERMINATED);
}

/* ---- reliable transports */

static void begin_reliable(struct txn_fsm *f, enum txn_kind kind)
{
	txn_fsm_init(f, kind);
	f->reliable = true;
	feed(f, TXN_EV_START, START);
}

static void rfc3261_17_1_1_2_no_timer_a_over_a_reliable_transport(void **state)
{
	struct txn_fsm f;
	begin_reliable(&f, TXN_ICT);
	assert_true(fire(&f, TXN_EV_EXPIRE, 32000) & TXN_DO_TIMEOUT);
}

static void rfc3261_17_1_1_2_timer_d_is_zero_over_a_reliable_transport(void **state)
{
	struct txn_fsm f;
	begin_reliable(&f, TXN_ICT);
	feed(&f, TXN_EV_FINAL, START + 100 * MS);
	fire(&f, TXN_EV_EXPIRE, 100);
	assert_int_equal(f.state, TXN_TERMINATED);
}

static void rfc3261_17_1_2_2_no_timer_e_and_k_over_a_reliable_transport(void **state)
{
	struct txn_fsm f;
	begin_reliable(&f, TXN_NICT);
	assert_int_equal((txn_fsm_next(&f) - START) / MS, 32000);
	feed(&f, TXN_EV_1XX, START + 100 * MS);
	assert_int_equal((txn_fsm_next(&f) - START) / MS, 32000);
	feed(&f, TXN_EV_2XX, START + 200 * MS);
	fire(&f, TXN_EV_EXPIRE, 200);
	assert_int_equal(f.state, TXN_TERMINATED);
}

static void rfc3261_17_2_1_no_timer_g_and_i_over_a_reliable_transport(void **state)
{
	struct txn_fsm f;
	begin_reliable(&f, TXN_IST);
	feed(&f, TXN_EV_FINAL, START);
	assert_int_equal((txn_fsm_next(&f) - START) / MS, 32000); /* Timer H still waits for the ACK */
	feed(&f, TXN_EV_ACK, START + 10 * MS);
	fire(&f, TXN_EV_EXPIRE, 10);
	assert_int_equal(f.state, TXN_TERMINATED);
}

static void rfc3261_13_3_1_4_a_2xx_comes_again_over_any_transport(void **state)
{
	struct txn_fsm f;
	begin_reliable(&f, TXN_IST);
	feed(&f, TXN_EV_2XX, START);
	assert_int_equal(fire(&f, TXN_EV_RESEND, 500), TXN_DO_RESEND);
	assert_int_equal(fire(&f, TXN_EV_RESEND, 1500), TXN_DO_RESEND);
}

static void rfc3261_17_2_2_timer_j_is_zero_over_a_reliable_transport(void **state)
{
	struct txn_fsm f;
	begin_reliable(&f, TXN_NIST);
	feed(&f, TXN_EV_2XX, START + 5 * MS);
	fire(&f, TXN_EV_EXPIRE, 5);
	assert_int_equal(f.state, TXN_TERMINATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc3261_17_1_1_2_timer_a_doubles),
	    cmocka_unit_test(rfc3261_17_1_1_2_timer_b_is_64_t1),
	    cmocka_unit_test(rfc3261_17_1_1_2_1xx_stops_timers_a_and_b),
	    cmocka_unit_test(rfc3261_17_1_1_2_final_is_acked_and_timer_d_is_32_s),
	    cmocka_unit_test(rfc6026_8_4_accepted_passes_every_2xx_until_timer_m),
	    cmocka_unit_test(rfc3261_17_1_4_transport_error_ends_only_what_waits),
	    cmocka_unit_test(rfc3261_17_1_2_2_timer_e_doubles_up_to_t2),
	    cmocka_unit_test(rfc3261_17_1_2_2_after_1xx_timer_e_is_t2_and_f_goes_on),
	    cmocka_unit_test(rfc3261_17_1_2_2_timer_k_is_t4),
	    cmocka_unit_test(rfc3261_17_2_1_timer_g_doubles_up_to_t2_and_h_ends),
	    cmocka_unit_test(rfc3261_17_2_1_ack_stops_g_and_timer_i_is_t4),
	    cmocka_unit_test(rfc3261_13_3_1_4_2xx_is_sent_until_its_ack),
	    cmocka_unit_test(rfc3261_13_3_1_4_no_ack_within_64_t1_is_told),
	    cmocka_unit_test(rfc3261_17_2_2_timer_j_absorbs_for_64_t1),
	    cmocka_unit_test(abort_ends_every_living_state),
	    cmocka_unit_test(illegal_event_changes_nothing),
	    cmocka_unit_test(timers_work_across_the_wrap_of_the_clock),
	    cmocka_unit_test(rfc3261_17_1_1_2_no_timer_a_over_a_reliable_transport),
	    cmocka_unit_test(rfc3261_17_1_1_2_timer_d_is_zero_over_a_reliable_transport),
	    cmocka_unit_test(rfc3261_17_1_2_2_no_timer_e_and_k_over_a_reliable_transport),
	    cmocka_unit_test(rfc3261_17_2_1_no_timer_g_and_i_over_a_reliable_transport),
	    cmocka_unit_test(rfc3261_13_3_1_4_a_2xx_comes_again_over_any_transport),
	    cmocka_unit_test(rfc3261_17_2_2_timer_j_is_zero_over_a_reliable_transport),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
