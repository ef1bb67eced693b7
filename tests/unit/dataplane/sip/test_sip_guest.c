/* SPDX-License-Identifier: Apache-2.0 */
/* What strangers get: requests outside of dialogs, stray and malformed messages (RFC 3261 §8.2, §18; RFC 3581;
 * RFC 4475), and what they must not get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/dataplane/sip/harness.h"

struct guest_ask {
	const char *method, *uri, *via, *more, *body, *from_tag, *call_id, *cseq_method;
	int max_forwards;
};

static void put(char *out, size_t room, const struct guest_ask *g)
{
	snprintf(out, room,
	    "%s %s SIP/2.0\r\nVia: %s\r\nMax-Forwards: %d\r\nFrom: <sip:mallory@example.org>;tag=%s\r\n"
	    "To: <sip:us@192.0.2.1>\r\nCall-ID: %s\r\nCSeq: 1 %s\r\n%sContent-Length: %zu\r\n\r\n%s",
	    g->method, g->uri ? g->uri : "sip:us@192.0.2.1",
	    g->via ? g->via : "SIP/2.0/UDP 192.0.2.9:5080;branch=z9hG4bKguest", g->max_forwards,
	    g->from_tag ? g->from_tag : "m1", g->call_id ? g->call_id : "guest-call@example.org",
	    g->cseq_method ? g->cseq_method : g->method, g->more ? g->more : "",
	    g->body ? strlen(g->body) : 0, g->body ? g->body : "");
}

static void say(struct rig *r, struct guest_ask g)
{
	char t[RIG_MESSAGE];
	if (!g.max_forwards)
		g.max_forwards = 70;
	put(t, sizeof t, &g);
	rig_say(r, t);
}

/* One request to a fresh agent: the start of the answer, and something it must contain. */
static void expect(struct guest_ask g, const char *start, const char *has)
{
	struct rig r;
	struct heard h;
	rig_open(&r, NULL);
	say(&r, g);
	rig_hear(&r, &h, start);
	if (has && !heard_has(&h, has))
		fail_msg("%s expected in:\n%s", has, h.text);
	rig_silent(&r);
	rig_run(&r, 40000);
	rig_silent(&r); /* sent once */
	assert_int_equal(r.sip->txns.used, 0);
	rig_close(&r);
}

static void options_outside_of_dialogs_gets_200(void **state)
{
	expect((struct guest_ask){.method = "OPTIONS"}, "SIP/2.0 200 OK\r\n",
	    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE\r\nAccept: application/sdp\r\n");
}

static void invites_from_outside_are_refused_with_words(void **state)
{
	expect(
	    (struct guest_ask){
	        .method = "INVITE", .body = RIG_SDP, .more = "Content-Type: application/sdp\r\n"},
	    "SIP/2.0 403 Calls from outside are not served\r\n", ";tag=");
}

static void rfc3261_8_2_1_methods_get_405_or_501(void **state)
{
	static const char *const KNOWN[] = {"REGISTER", "SUBSCRIBE", "MESSAGE", "PUBLISH", "REFER", "NOTIFY"};
	for (int i = 0; i < 6; i++)
		expect((struct guest_ask){.method = KNOWN[i]}, "SIP/2.0 405 ", "Allow: ");
	expect((struct guest_ask){.method = "NEWMETHOD"}, "SIP/2.0 501 ", NULL);
}

static void rfc3261_8_2_2_refusals_by_header(void **state)
{
	expect((struct guest_ask){.method = "INVITE", .uri = "nobody:us@192.0.2.1"}, "SIP/2.0 416 ", NULL);
	expect((struct guest_ask){.method = "OPTIONS", .more = "Require: nothingSupportsThis\r\n"},
	    "SIP/2.0 420 ", "Unsupported: nothingSupportsThis\r\n");
	expect(
	    (struct guest_ask){
	        .method = "INVITE", .more = "Content-Type: application/unknown\r\n", .body = "x"},
	    "SIP/2.0 415 ", "Accept: application/sdp\r\n");
	expect((struct guest_ask){.method = "BYE"}, "SIP/2.0 481 ", NULL);
	expect((struct guest_ask){.method = "CANCEL"}, "SIP/2.0 481 ", NULL);
	expect((struct guest_ask){.method = "OPTIONS", .cseq_method = "INVITE"}, "SIP/2.0 400 ", NULL);
}

static void rfc3261_8_2_2_2_merged_request_gets_482(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, NULL);
	say(&r, (struct guest_ask){.method = "INVITE"});
	rig_hear(&r, &h, "SIP/2.0 403 ");
	say(&r, (struct guest_ask){.method = "INVITE"}); /* a retransmission */
	rig_hear(&r, &h, "SIP/2.0 403 ");
	say(&r,
	    (struct guest_ask){.method = "INVITE", .via = "SIP/2.0/UDP 192.0.2.9:5080;branch=z9hG4bKother"});
	rig_hear(&r, &h, "SIP/2.0 482 ");
	assert_int_equal(rig_stat(&r, STAT_sip_merged), 1);
	rig_run(&r, 33000); /* forgotten */
	say(&r,
	    (struct guest_ask){.method = "INVITE", .via = "SIP/2.0/UDP 192.0.2.9:5080;branch=z9hG4bKother"});
	rig_hear(&r, &h, "SIP/2.0 403 ");
	rig_close(&r);
}

static void rfc3261_16_3_max_forwards_used_up_gets_483(void **state)
{
	struct rig r;
	struct heard h;
	char t[RIG_MESSAGE];
	rig_open(&r, NULL);
	put(t, sizeof t, &(struct guest_ask){.method = "INVITE", .max_forwards = 0});
	rig_say(&r, t);
	rig_hear(&r, &h, "SIP/2.0 483 ");
	assert_int_equal(rig_stat(&r, STAT_sip_loops), 1);
	rig_close(&r);
}

static void our_own_invite_coming_back_gets_482(void **state)
{
	struct rig r;
	struct heard inv, h;
	char via[256];
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	rig_say(&r, inv.text); /* as it was: Call-ID and Via are ours */
	rig_hear(&r, &h, "SIP/2.0 482 ");
	snprintf(via, sizeof via, "SIP/2.0/UDP 192.0.2.9:5080;branch=z9hG4bKproxy, %s",
	    heard_hdr(&inv, SIP_H_VIA));
	say(&r, (struct guest_ask){.method = "INVITE", .via = via});
	rig_hear(&r, &h, "SIP/2.0 482 ");
	assert_int_equal(rig_stat(&r, STAT_sip_loops), 2);
	rig_close(&r);
}

static void rfc3261_8_2_7_same_request_same_to_tag(void **state)
{
	struct rig r;
	struct heard a, b;
	rig_open(&r, NULL);
	say(&r, (struct guest_ask){.method = "OPTIONS"});
	rig_hear(&r, &a, "SIP/2.0 200 ");
	say(&r, (struct guest_ask){.method = "OPTIONS"});
	rig_hear(&r, &b, "SIP/2.0 200 ");
	assert_string_equal(heard_hdr(&a, SIP_H_TO), heard_hdr(&b, SIP_H_TO));
	rig_close(&r);
}

static void rfc3581_answers_go_to_the_packets_source(void **state)
{
	struct rig r;
	struct heard h;
	char t[RIG_MESSAGE];
	struct ip_sock src = rig_sock("192.0.2.44", 33333);
	rig_open(&r, NULL);
	put(t, sizeof t,
	    &(struct guest_ask){.method = "OPTIONS",
	        .via = "SIP/2.0/UDP "
	               "198.51.100.1:5060;branch=z9hG4bKa;rport;maddr=192.0.2.66;received=192.0.2.66"});
	rig_say_from(&r, &src, t, (uint32_t)strlen(t));
	rig_hear(&r, &h, "SIP/2.0 200 ");
	assert_true(ip_sock_eq(&h.dst, &src));
	assert_true(heard_has(&h, ";rport=33333"));
	assert_true(heard_has(&h, ";received=192.0.2.44"));
	rig_close(&r);
}

static void forbidden_sources_get_nothing(void **state)
{
	static const char *const IP[] = {
	    "192.0.2.1", "192.0.2.255", "224.0.0.1", "255.255.255.255", "0.0.0.0"};
	struct rig r;
	char t[RIG_MESSAGE];
	rig_open(&r, NULL);
	put(t, sizeof t, &(struct guest_ask){.method = "OPTIONS", .max_forwards = 70});
	for (int i = 0; i < 5; i++) {
		struct ip_sock src = rig_sock(IP[i], 5080);
		rig_say_from(&r, &src, t, (uint32_t)strlen(t));
	}
	struct ip_sock zero = rig_sock("192.0.2.9", 0);
	rig_say_from(&r, &zero, t, (uint32_t)strlen(t));
	rig_silent(&r);
	rig_close(&r);
}

static void answers_to_strangers_do_not_amplify(void **state)
{
	static const struct guest_ask ASK[] = {{.method = "INVITE"}, {.method = "BYE"}, {.method = "CANCEL"},
	    {.method = "INVITE", .uri = "x:y"}};
	for (uint32_t i = 0; i < sizeof ASK / sizeof *ASK; i++) {
		struct rig r;
		struct heard h;
		char t[RIG_MESSAGE];
		struct guest_ask g = ASK[i];
		rig_open(&r, NULL);
		g.max_forwards = 70;
		put(t, sizeof t, &g);
		rig_say(&r, t);
		rig_hear(&r, &h, "SIP/2.0 ");
		assert_true(h.len * 10 <= strlen(t) * 12);
		assert_false(heard_has(&h, "Allow"));
		assert_false(heard_has(&h, "Supported"));
		rig_close(&r);
	}
}

static void words_give_way_when_the_request_is_short(void **state)
{
	static const char ASK[] =
	    "INVITE sip:a@h SIP/2.0\r\nv:SIP/2.0/UDP h;branch=z9hG4bKa\r\nf:<sip:a@b>;tag=1\r\n"
	    "t:<sip:c@d>\r\ni:x\r\nCSeq:1 INVITE\r\n\r\n";
	struct rig r;
	struct heard h;
	rig_open(&r, NULL);
	rig_say(&r, ASK);
	rig_hear(&r, &h, "SIP/2.0 403 Forbidden\r\n");
	rig_close(&r);
}

/* ---- malformed and stray */

static void silence(const char *text, enum stat_id id)
{
	struct rig r;
	rig_open(&r, NULL);
	rig_say(&r, text);
	rig_silent(&r);
	assert_int_equal(rig_stat(&r, id), 1);
	rig_close(&r);
}

#define HEAD                                                                                                 \
	"Via: SIP/2.0/UDP 192.0.2.9:5080;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\nTo: "                   \
	"<sip:c@d>;tag=2\r\n"                                                                                \
	"Call-ID: x\r\n"

static void stray_messages_are_dropped_and_counted(void **state)
{
	silence("ACK sip:a@192.0.2.1 SIP/2.0\r\n" HEAD "CSeq: 1 ACK\r\n\r\n", STAT_drop_sip_stray_ack);
	silence("SIP/2.0 200 OK\r\n" HEAD "CSeq: 1 INVITE\r\n\r\n", STAT_drop_sip_stray_response);
	silence("SIP/2.0 999 Odd\r\n" HEAD "CSeq: 1 INVITE\r\n\r\n", STAT_drop_sip_bad);
	silence("ACK sip:a@192.0.2.1 SIP/2.0\r\n" HEAD "CSeq: 1 INVITE\r\n\r\n", STAT_drop_sip_bad);
	silence("hello there", STAT_drop_sip_bad);
	silence("INVITE sip:a@b SIP/2.0\r\n\r\n", STAT_drop_sip_bad);
	silence("\r\n\r\n", STAT_sip_keepalives);
}

static void malformed_requests_are_answered_with_their_status(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, NULL);
	rig_say(&r, "OPTIONS sip:a@192.0.2.1 SIP/2.0\r\n" HEAD
	            "CSeq: 1 OPTIONS\r\nContent-Length: 9999\r\n\r\nshort");
	rig_hear(&r, &h, "SIP/2.0 400 ");
	rig_say(&r, "OPTIONS sip:a@192.0.2.1 SIP/7.0\r\n" HEAD "CSeq: 1 OPTIONS\r\n\r\n");
	rig_hear(&r, &h, "SIP/2.0 505 ");
	assert_int_equal(rig_stat(&r, STAT_sip_bad_requests), 2);
	rig_close(&r);
}

/* Responses that know almost everything about a transaction of ours. */
static void forged_responses_touch_nothing(void **state)
{
	struct rig r;
	struct heard inv;
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	struct heard bad = inv;
	bad.m.base = bad.text;
	char *branch = strstr(bad.text, "z9hG4bKb");
	branch[20] ^= 1;
	rig_answer(&r, &bad, 486, "b", "", "");
	bad = inv;
	bad.m.base = bad.text;
	memcpy(strstr(bad.text, "CSeq: 1"), "CSeq: 2", 7);
	rig_answer(&r, &bad, 486, "b", "", "");
	bad = inv;
	bad.m.base = bad.text;
	memcpy(strstr(bad.text, "1 INVITE\r\n"), "1 CANCEL\r\n", 10);
	rig_answer(&r, &bad, 486, "b", "", "");
	assert_int_equal(rig_stat(&r, STAT_drop_sip_stray_response), 3);
	rig_no_event(&r);
	assert_int_equal(sip_legs_live(r.sip), 1);
	rig_close(&r);
}

static void answer_from_elsewhere_is_taken_and_counted(void **state)
{
	struct rig r;
	struct heard inv;
	char t[RIG_MESSAGE];
	struct ip_sock src = rig_sock("192.0.2.77", 5060);
	rig_open(&r, NULL);
	rig_call(&r, 0);
	rig_hear(&r, &inv, "INVITE ");
	snprintf(t, sizeof t,
	    "SIP/2.0 180 Ringing\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=b\r\nCall-ID: %s\r\nCSeq: 1 "
	    "INVITE\r\n\r\n",
	    heard_hdr(&inv, SIP_H_VIA), heard_hdr(&inv, SIP_H_FROM), heard_hdr(&inv, SIP_H_TO),
	    heard_hdr(&inv, SIP_H_CALL_ID));
	rig_say_from(&r, &src, t, (uint32_t)strlen(t));
	rig_event(&r, DP_EV_PROGRESS);
	assert_int_equal(rig_stat(&r, STAT_sip_response_source), 1);
	rig_close(&r);
}

/* ---- the owner of a message */

static void owner_is_read_from_what_we_wrote(void **state)
{
	struct rig r;
	struct heard inv;
	rig_open(&r, &(struct rig_conf){.workers = 8});
	rig_up(&r, &inv);
	/* our worker is 0; the same bytes from any worker say so, however the Call-ID hashes */
	for (uint16_t w = 0; w < 8; w++) {
		char t[RIG_MESSAGE];
		r.sip->env.worker = w;
		assert_int_equal(sip_owner(r.sip, (const uint8_t *)inv.text, inv.len) < 8, 1);
		snprintf(t, sizeof t,
		    "SIP/2.0 180 Ringing\r\nVia: %s\r\nFrom: <sip:a@b>\r\nTo: <sip:c@d>\r\nCall-ID: q%u\r\n"
		    "CSeq: 1 INVITE\r\n\r\n",
		    heard_hdr(&inv, SIP_H_VIA), w);
		assert_int_equal(sip_owner(r.sip, (const uint8_t *)t, (uint32_t)strlen(t)), 0);
		snprintf(t, sizeof t,
		    "BYE sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@b>\r\n"
		    "To: %s\r\nCall-ID: q%u\r\nCSeq: 1 BYE\r\n\r\n",
		    heard_hdr(&inv, SIP_H_FROM), w);
		assert_int_equal(sip_owner(r.sip, (const uint8_t *)t, (uint32_t)strlen(t)), 0);
	}
	r.sip->env.worker = 0;
	rig_close(&r);
}

static void strangers_are_spread_by_call_id(void **state)
{
	struct rig r;
	char t[RIG_MESSAGE], id[32];
	uint32_t seen = 0;
	rig_open(&r, &(struct rig_conf){.workers = 4});
	for (int i = 0; i < 64; i++) {
		snprintf(id, sizeof id, "call-%d", i);
		put(t, sizeof t, &(struct guest_ask){.method = "INVITE", .call_id = id});
		uint16_t w = sip_owner(r.sip, (const uint8_t *)t, (uint32_t)strlen(t));
		assert_true(w < 4);
		assert_int_equal(w, sip_owner(r.sip, (const uint8_t *)t, (uint32_t)strlen(t)));
		seen |= 1u << w;
	}
	assert_int_equal(seen, 15);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_outside_of_dialogs_gets_200),
	    cmocka_unit_test(invites_from_outside_are_refused_with_words),
	    cmocka_unit_test(rfc3261_8_2_1_methods_get_405_or_501),
	    cmocka_unit_test(rfc3261_8_2_2_refusals_by_header),
	    cmocka_unit_test(rfc3261_8_2_2_2_merged_request_gets_482),
	    cmocka_unit_test(rfc3261_16_3_max_forwards_used_up_gets_483),
	    cmocka_unit_test(our_own_invite_coming_back_gets_482),
	    cmocka_unit_test(rfc3261_8_2_7_same_request_same_to_tag),
	    cmocka_unit_test(rfc3581_answers_go_to_the_packets_source),
	    cmocka_unit_test(forbidden_sources_get_nothing),
	    cmocka_unit_test(answers_to_strangers_do_not_amplify),
	    cmocka_unit_test(words_give_way_when_the_request_is_short),
	    cmocka_unit_test(stray_messages_are_dropped_and_counted),
	    cmocka_unit_test(malformed_requests_are_answered_with_their_status),
	    cmocka_unit_test(forged_responses_touch_nothing),
	    cmocka_unit_test(answer_from_elsewhere_is_taken_and_counted),
	    cmocka_unit_test(owner_is_read_from_what_we_wrote),
	    cmocka_unit_test(strangers_are_spread_by_call_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
