/* SPDX-License-Identifier: Apache-2.0 */
/* Everything full: each pool starved once, the event ring, text that may not become a header. Afterwards every
 * pool is full again (rig_close looks). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/dataplane/sip/harness.h"

/* ---- pools */

static void refused_for_room(const struct rig_conf *c, uint32_t fit)
{
	struct rig r;
	rig_open(&r, c);
	for (uint32_t i = 0; i < fit; i++)
		assert_int_not_equal(rig_call(&r, 0), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rig_call(&r, 0), 0);
		rig_ended(&r, DP_END_CAPACITY, 503);
	}
	assert_int_equal(rig_stat(&r, STAT_leg_refused_full), 3);
	assert_int_equal(sip_legs_live(r.sip), fit);
	rig_close(&r);
}

static void starved_leg_pool_refuses_new_calls(void **state)
{
	refused_for_room(&(struct rig_conf){.legs = 2}, 2);
}

static void starved_transaction_pool_refuses_new_calls(void **state)
{
	refused_for_room(&(struct rig_conf){.txns = 3}, 3);
}

static void starved_rtp_ports_refuse_new_calls(void **state)
{
	refused_for_room(&(struct rig_conf){.ports = 4}, 4);
}

static void starved_packet_pool_refuses_new_calls(void **state)
{
	struct rig r;
	uint32_t made = 0;
	rig_open(&r, &(struct rig_conf){.pkts = 8});
	while (rig_call(&r, 0))
		made++;
	rig_ended(&r, DP_END_CAPACITY, 503);
	assert_int_equal(made, 8);
	assert_true(rig_stat(&r, STAT_drop_no_pkt) >= 1);
	rig_close(&r);
}

/* A call that is up and a pool that is empty: BYE waits for a transaction, as long as it takes. */
static void bye_waits_for_a_transaction(void **state)
{
	struct rig r;
	struct heard inv, h[2], m;
	rig_open(&r, &(struct rig_conf){.txns = 2});
	dp_leg leg = rig_up(&r, &inv);
	for (int i = 0; i < 2; i++) {
		rig_call(&r, 0);
		rig_hear(&r, &h[i], "INVITE ");
		rig_answer(&r, &h[i], 180, "b", "", "");
		rig_event(&r, DP_EV_PROGRESS);
	}
	rig_hangup(&r, leg);
	rig_ended(&r, DP_END_LOCAL_HANGUP, 0);
	rig_run(&r, 100000);
	rig_silent(&r);
	assert_int_equal(sip_legs_live(r.sip), 3);
	rig_answer(&r, &h[0], 200, "b", RIG_CONTACT, RIG_SDP);
	rig_hear(&r, &m, "ACK ");
	rig_event(&r, DP_EV_ANSWERED);
	rig_run(&r, 600);
	rig_hear(&r, &m, "BYE ");
	assert_int_equal(sip_legs_live(r.sip), 2);
	rig_close(&r);
}

/* New calls and the requests of others leave a quarter of the pool to what ends calls. */
static void last_quarter_of_the_transactions_ends_calls(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, &(struct rig_conf){.txns = 4});
	dp_leg leg = rig_up(&r, &inv);
	for (int i = 0; i < 3; i++) {
		rig_call(&r, 0);
		rig_hear(&r, &h, "INVITE ");
	}
	assert_int_equal(rig_call(&r, 0), 0);
	rig_ended(&r, DP_END_CAPACITY, 503);
	rig_ask(&r, &inv, "OPTIONS", 1, "bob1", "", "");
	rig_hear(&r, &h, "SIP/2.0 503 ");
	rig_hangup(&r, leg);
	rig_hear(&r, &h, "BYE ");
	rig_close(&r);
}

static void bye_of_the_far_side_is_taken_without_a_transaction(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, &(struct rig_conf){.txns = 1});
	rig_up(&r, &inv);
	rig_ask(&r, &inv, "OPTIONS", 1, "bob1", "", "");
	rig_hear(&r, &h, "SIP/2.0 200 ");
	rig_ask(&r, &inv, "OPTIONS", 2, "bob1", "", "");
	rig_hear(&r, &h, "SIP/2.0 503 ");
	assert_true(heard_has(&h, "Retry-After: 1\r\n"));
	rig_ask(&r, &inv, "BYE", 3, "bob1", "", "");
	rig_hear(&r, &h, "SIP/2.0 200 ");
	rig_ended(&r, DP_END_REMOTE_BYE, 0);
	assert_int_equal(rig_stat(&r, STAT_sip_txn_full), 2);
	rig_close(&r);
}

static void reinvite_without_a_transaction_is_unheard(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, &(struct rig_conf){.txns = 1});
	rig_up(&r, &inv);
	rig_ask(&r, &inv, "OPTIONS", 1, "bob1", "", "");
	rig_hear(&r, &h, "SIP/2.0 200 ");
	rig_ask(&r, &inv, "INVITE", 2, "bob1", RIG_CONTACT, RIG_SDP_DIR("sendonly"));
	rig_silent(&r);
	rig_no_event(&r);
	rig_run(&r, 33000); /* Timer J of the OPTIONS */
	rig_ask(&r, &inv, "INVITE", 2, "bob1", RIG_CONTACT, RIG_SDP_DIR("sendonly"));
	rig_hear(&r, &h, "SIP/2.0 200 ");
	rig_event(&r, DP_EV_HELD);
	rig_close(&r);
}

static void invite_larger_than_a_buffer_is_a_bad_command(void **state)
{
	struct rig r;
	rig_open(&r, &(struct rig_conf){.buf_bytes = 700});
	assert_int_equal(rig_call(&r, 0), 0);
	struct dp_event *e = rig_event(&r, DP_EV_ENDED);
	assert_int_equal(e->cause, DP_END_BAD_COMMAND);
	assert_true(span_eq(dp_event_span(e, e->reason),
	    SPAN("INVITE does not fit into one packet buffer: limit in bytes 700")));
	assert_int_equal(sip_legs_live(r.sip), 0);
	rig_close(&r);
}

/* ---- the event ring */

static void full_ring_keeps_events_back_in_order(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	r.ring_room = 0;
	assert_false(sip_may_take(r.sip));
	for (int i = 0; i < 30; i++) {
		rig_answer(&r, &inv, 180 + i % 4, "bob1", "", "");
	}
	rig_answer(&r, &inv, 200, "bob1", RIG_CONTACT "X-Kept: yes\r\n", RIG_SDP);
	rig_hear(&r, &h, "ACK ");
	rig_ask(&r, &inv, "INFO", 1, "bob1", "Content-Type: application/dtmf\r\n", "1");
	rig_hear(&r, &h, "SIP/2.0 500 "); /* nothing that has more to tell is taken */
	rig_ask(&r, &inv, "INVITE", 2, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(&r, &h, "SIP/2.0 500 ");
	rig_ask(&r, &inv, "BYE", 3, "bob1", "X-Bye: 1\r\n", "");
	rig_no_event(&r);
	assert_int_equal(sip_turn(r.sip, r.now), 0);
	r.ring_room = 2;
	assert_int_equal(sip_turn(r.sip, r.now), 2);
	assert_int_equal(rig_event(&r, DP_EV_PROGRESS)->sip_status, 181); /* the latest one */
	struct dp_event *e = rig_event(&r, DP_EV_ANSWERED);
	assert_true(span_eq(dp_event_span(e, e->headers), SPAN("X-Kept: yes\r\n")));
	assert_false(sip_may_take(r.sip));
	r.ring_room = 5;
	assert_int_equal(sip_turn(r.sip, r.now), 1);
	e = rig_event(&r, DP_EV_ENDED);
	assert_int_equal(e->cause, DP_END_REMOTE_BYE);
	assert_true(span_eq(dp_event_span(e, e->headers), SPAN("X-Bye: 1\r\n")));
	assert_true(sip_may_take(r.sip));
	rig_close(&r);
}

static void full_ring_loses_no_end_of_any_leg(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, &(struct rig_conf){.legs = 100, .txns = 200, .ports = 100});
	for (int i = 0; i < 100; i++) {
		assert_int_not_equal(rig_call(&r, 0), 0);
		rig_run(&r, 1);
	}
	r.ring_room = 0;
	while (rig_next(&r, &h)) {
		if (strncmp(h.text, "INVITE ", 7) != 0)
			continue;
		rig_answer(&r, &h, 180, "b", "", "");
		rig_answer(&r, &h, 486, "b", "X-Why: busy\r\n", "");
	}
	assert_int_equal(rig_stat(&r, STAT_ev_held), 200);
	assert_true(rig_stat(&r, STAT_ev_text_lost) > 0);
	uint32_t ended = 0;
	for (int turn = 0; turn < 1000 && r.sip->events.count; turn++) {
		r.taken = r.n_events = 0; /* control has read */
		r.ring_room = 3;
		sip_turn(r.sip, r.now);
		for (uint32_t i = 0; i < r.n_events; i++)
			ended += r.events[i].type == DP_EV_ENDED && r.events[i].cause == DP_END_REJECTED;
	}
	assert_int_equal(ended, 100);
	rig_close(&r);
}

static void command_taken_against_a_full_ring_is_refused_and_told(void **state)
{
	struct rig r;
	struct dp_cmd c;
	rig_open(&r, NULL);
	r.ring_room = 0;
	rig_fill(&c);
	c.type = DP_CMD_ORIGINATE;
	c.orig.from_user = (struct dp_text){0, 0};
	sip_command(r.sip, &c, r.now); /* its refusal is the first event that waits */
	rig_fill(&c);
	sip_command(r.sip, &c, r.now);
	r.ring_room = 8;
	sip_turn(r.sip, r.now);
	rig_ended(&r, DP_END_BAD_COMMAND, 0);
	rig_ended(&r, DP_END_CAPACITY, 503);
	rig_close(&r);
}

/* ---- text */

static void refused(struct dp_cmd *c, const char *why)
{
	struct rig r;
	struct heard h;
	rig_open(&r, NULL);
	sip_command(r.sip, c, r.now);
	struct dp_event *e = rig_event(&r, DP_EV_ENDED);
	struct span reason = dp_event_span(e, e->reason);
	if (e->cause != DP_END_BAD_COMMAND || reason.len < strlen(why) ||
	    memcmp(reason.p, why, strlen(why)) != 0)
		fail_msg("refused otherwise: %.*s, expected %s", (int)reason.len, reason.p, why);
	assert_false(rig_next(&r, &h));
	assert_int_equal(rig_stat(&r, STAT_cmd_bad), 1);
	rig_close(&r);
}

enum field { RURI, USER, CALL, ACCOUNT, HEADERS };

static void bad_text(enum field f, struct span text, const char *why)
{
	struct dp_cmd c;
	bool bad = false;
	rig_fill(&c);
	struct dp_text t = dp_cmd_text(&c, text, &bad);
	assert_false(bad);
	*(f == RURI        ? &c.orig.ruri
	    : f == USER    ? &c.orig.from_user
	    : f == CALL    ? &c.orig.call_sid
	    : f == ACCOUNT ? &c.orig.account_sid
	                   : &c.orig.headers) = t;
	refused(&c, why);
}

static void injection_into_any_field_is_refused(void **state)
{
	static const char *const EVIL[] = {"a\r\nX-Evil: 1", "a\nb", "a\rb", "a b", "a\x7f", "a\tb", "a\x01"};
	for (uint32_t i = 0; i < sizeof EVIL / sizeof *EVIL; i++) {
		char t[64];
		snprintf(t, sizeof t, "sip:%s@h", EVIL[i]);
		bad_text(RURI, span_str(t), "ruri: ");
		bad_text(USER, span_str(EVIL[i]), "from_user: ");
		bad_text(CALL, span_str(EVIL[i]), "call_sid: ");
		bad_text(ACCOUNT, span_str(EVIL[i]), "account_sid: ");
	}
	bad_text(RURI, SPAN("sip:a\0b@h"), "ruri: ");
	bad_text(USER, SPAN("a\0b"), "from_user: ");
}

static void request_uri_must_be_a_plain_sip_uri(void **state)
{
	bad_text(RURI, SPAN(""), "ruri: 1 to 2048");
	bad_text(RURI, SPAN("tel:+15550100"), "ruri: not a sip: URI");
	bad_text(RURI, SPAN("sips:a@h"), "ruri: not a sip: URI");
	bad_text(RURI, SPAN("a@h"), "ruri: not a sip: URI");
	bad_text(RURI, SPAN("sip:a@h?x=1"), "ruri: ?headers");
	bad_text(RURI, SPAN("sip:a@h>;tag=x"), "ruri: a byte");
	bad_text(RURI, SPAN("sip:a\"@h"), "ruri: a byte");
}

static void header_lines_are_whole_and_allowed(void **state)
{
	bad_text(HEADERS, SPAN("X-A: 1"), "headers: each line");
	bad_text(HEADERS, SPAN("X-A: 1\n"), "headers: each line");
	bad_text(HEADERS, SPAN("X-A: 1\r\nX-B: 2"), "headers: each line");
	bad_text(HEADERS, SPAN("X-A: 1\r\n\r\nbody\r\n"), "headers: a line without a colon");
	bad_text(HEADERS, SPAN("Via: SIP/2.0/UDP x\r\n"), "headers: a name");
	bad_text(HEADERS, SPAN("Route: <sip:x>\r\n"), "headers: a name");
	bad_text(HEADERS, SPAN("Content-Length: 0\r\n"), "headers: a name");
	bad_text(HEADERS, SPAN("X-A : 1\r\n"), "headers: a name");
	bad_text(HEADERS, SPAN("X-A: a\x01\r\n"), "headers: a control byte");
	bad_text(HEADERS, SPAN("X-A: a\0b\r\n"), "headers: a control byte");
	bad_text(HEADERS, SPAN("X-A: a\nVia: b\r\n"), "headers: a control byte");
}

static void text_outside_of_the_slot_is_refused(void **state)
{
	struct dp_cmd c;
	rig_fill(&c);
	c.orig.ruri = (struct dp_text){DP_TEXT_MAX - 1, 20};
	refused(&c, "text outside");
	rig_fill(&c);
	c.orig.headers = (struct dp_text){65535, 65535};
	refused(&c, "text outside");
}

static void target_must_be_one_that_may_be_sent_to(void **state)
{
	static const char *const IP[] = {
	    "192.0.2.1", "192.0.2.255", "224.0.0.1", "255.255.255.255", "0.0.0.0"};
	struct dp_cmd c;
	for (int i = 0; i < 5; i++) {
		rig_fill(&c);
		c.orig.target = rig_sock(IP[i], 5060);
		refused(&c, "target: ");
	}
	rig_fill(&c);
	c.orig.target.port = 0;
	refused(&c, "target: ");
}

static void unknown_and_stale_commands_are_counted(void **state)
{
	struct rig r;
	struct heard inv;
	rig_open(&r, NULL);
	struct dp_cmd c = {.type = 99};
	sip_command(r.sip, &c, r.now);
	c.type = DP_CMD_NONE;
	sip_command(r.sip, &c, r.now);
	assert_int_equal(rig_stat(&r, STAT_cmd_bad), 2);
	dp_leg leg = rig_up(&r, &inv);
	rig_hangup(&r, dp_leg_make(0, dp_leg_gen(leg) + 1, dp_leg_index(leg)));
	rig_hangup(&r, dp_leg_make(3, dp_leg_gen(leg), dp_leg_index(leg)));
	rig_hangup(&r, dp_leg_make(0, dp_leg_gen(leg), 12345678));
	rig_hangup(&r, 0);
	assert_int_equal(rig_stat(&r, STAT_cmd_stale_handle), 4);
	rig_no_event(&r);
	rig_close(&r);
}

/* ---- bridges */

static void bridge_unbridge_and_the_peers_end_are_told(void **state)
{
	struct rig r;
	struct heard a_inv, b_inv, h;
	rig_open(&r, NULL);
	dp_leg a = rig_up(&r, &a_inv), b = rig_up(&r, &b_inv);
	struct dp_cmd c = {.type = DP_CMD_BRIDGE, .leg = a, .peer = b};
	sip_command(r.sip, &c, r.now);
	struct dp_event *e = rig_event(&r, DP_EV_BRIDGED);
	assert_true(e->leg == a && e->peer == b);
	c.type = DP_CMD_UNBRIDGE;
	sip_command(r.sip, &c, r.now);
	e = rig_event(&r, DP_EV_UNBRIDGED);
	assert_true(e->leg == a && e->peer == b);
	sip_command(r.sip, &c, r.now); /* there is nothing left to take apart */
	rig_no_event(&r);
	c.type = DP_CMD_BRIDGE;
	sip_command(r.sip, &c, r.now);
	rig_event(&r, DP_EV_BRIDGED);
	rig_ask(&r, &a_inv, "BYE", 1, "bob1", "", "");
	rig_hear(&r, &h, "SIP/2.0 200 ");
	e = rig_event(&r, DP_EV_UNBRIDGED);
	assert_true(e->leg == b && e->peer == a);
	assert_true(rig_event(&r, DP_EV_ENDED)->leg == a);
	sip_command(r.sip, &c, r.now);
	assert_int_equal(rig_stat(&r, STAT_cmd_stale_handle), 1);
	c.peer = c.leg = b;
	sip_command(r.sip, &c, r.now);
	assert_int_equal(rig_stat(&r, STAT_cmd_bad), 1);
	rig_close(&r);
}

static void ringing_leg_without_media_cannot_be_bridged(void **state)
{
	struct rig r;
	struct heard inv, h;
	rig_open(&r, NULL);
	dp_leg a = rig_up(&r, &inv), b = rig_call(&r, 0);
	rig_hear(&r, &h, "INVITE ");
	struct dp_cmd c = {.type = DP_CMD_BRIDGE, .leg = a, .peer = b};
	sip_command(r.sip, &c, r.now);
	assert_int_equal(rig_stat(&r, STAT_cmd_bad), 1);
	rig_answer(&r, &h, 183, "b", "", RIG_SDP);
	rig_event(&r, DP_EV_PROGRESS);
	sip_command(r.sip, &c, r.now);
	rig_event(&r, DP_EV_BRIDGED);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(starved_leg_pool_refuses_new_calls),
	    cmocka_unit_test(starved_transaction_pool_refuses_new_calls),
	    cmocka_unit_test(starved_rtp_ports_refuse_new_calls),
	    cmocka_unit_test(starved_packet_pool_refuses_new_calls),
	    cmocka_unit_test(bye_waits_for_a_transaction),
	    cmocka_unit_test(last_quarter_of_the_transactions_ends_calls),
	    cmocka_unit_test(bye_of_the_far_side_is_taken_without_a_transaction),
	    cmocka_unit_test(reinvite_without_a_transaction_is_unheard),
	    cmocka_unit_test(invite_larger_than_a_buffer_is_a_bad_command),
	    cmocka_unit_test(full_ring_keeps_events_back_in_order),
	    cmocka_unit_test(full_ring_loses_no_end_of_any_leg),
	    cmocka_unit_test(command_taken_against_a_full_ring_is_refused_and_told),
	    cmocka_unit_test(injection_into_any_field_is_refused),
	    cmocka_unit_test(request_uri_must_be_a_plain_sip_uri),
	    cmocka_unit_test(header_lines_are_whole_and_allowed),
	    cmocka_unit_test(text_outside_of_the_slot_is_refused),
	    cmocka_unit_test(target_must_be_one_that_may_be_sent_to),
	    cmocka_unit_test(unknown_and_stale_commands_are_counted),
	    cmocka_unit_test(bridge_unbridge_and_the_peers_end_are_told),
	    cmocka_unit_test(ringing_leg_without_media_cannot_be_bridged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
