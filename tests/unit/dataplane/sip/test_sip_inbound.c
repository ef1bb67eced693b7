/* SPDX-License-Identifier: Apache-2.0 */
/* Calls from outside (RFC 3261 §8.2, §9.2, §13.3, §15; RFC 3264 §6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/dataplane/sip/harness.h"

#define SDP_TYPE "Content-Type: application/sdp\r\n"
#define CONTACT  "Contact: <sip:ann@192.0.2.9:5080>\r\n"
#define SERVES   (&(struct rig_conf){.serves = true})

/* What the caller says. NULL: the usual. */
struct word {
	const char *method, *branch, *to_tag, *more, *body, *uri, *call_id;
	uint32_t cseq;
};

static uint32_t text_of(char *t, size_t room, struct word w)
{
	const char *body = w.body ? w.body : "";
	const char *more = w.more ? w.more : *body ? CONTACT SDP_TYPE : CONTACT;
	int n = snprintf(t, room,
	    "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5080;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\n"
	    "From: \"Ann\" <sip:ann@example.org>;tag=ann1\r\nTo: <sip:support@dialplane.example>%s%s\r\n"
	    "Call-ID: %s\r\nCSeq: %u %s\r\n%sContent-Length: %zu\r\n\r\n%s",
	    w.method, w.uri ? w.uri : "sip:support@192.0.2.1", w.branch ? w.branch : "one",
	    w.to_tag ? ";tag=" : "", w.to_tag ? w.to_tag : "", w.call_id ? w.call_id : "ann-call",
	    w.cseq ? w.cseq : 1, w.method, more, strlen(body), body);
	assert_true(n > 0 && (size_t)n < room);
	return (uint32_t)n;
}

static void say(struct rig *r, struct word w)
{
	char t[RIG_MESSAGE];
	(void)text_of(t, sizeof t, w);
	rig_say(r, t);
}

static void say_from(struct rig *r, const char *ip, struct word w)
{
	char t[RIG_MESSAGE];
	struct ip_sock src = rig_sock(ip, 5080);
	rig_say_from(r, &src, t, text_of(t, sizeof t, w));
}

static void do_cmd(struct rig *r, struct dp_cmd c)
{
	sip_command(r->sip, &c, r->now);
	net_flush(r->net, r->now);
}

static void ring(struct rig *r, dp_leg leg, uint16_t status, bool media)
{
	do_cmd(
	    r, (struct dp_cmd){.type = DP_CMD_RING, .leg = leg, .sip_status = status, .early_media = media});
}

static void answer(struct rig *r, dp_leg leg)
{
	do_cmd(r, (struct dp_cmd){.type = DP_CMD_ANSWER, .leg = leg});
}

/* An INVITE comes and is told. */
static dp_leg incoming(struct rig *r, const char *body)
{
	struct heard h;
	say(r, (struct word){.method = "INVITE", .body = body});
	rig_hear(r, &h, "SIP/2.0 100 ");
	assert_false(heard_has(&h, "To: <sip:support@dialplane.example>;tag="));
	dp_leg leg = rig_event(r, DP_EV_INCOMING)->leg;
	assert_int_not_equal(leg, 0);
	return leg;
}

static void tag_of(char out[64], const struct heard *h)
{
	const char *to = heard_hdr(h, SIP_H_TO), *tag = strstr(to, ";tag=");
	assert_non_null(tag);
	snprintf(out, 64, "%s", tag + 5);
}

/* Answered and acknowledged; our tag. */
static dp_leg up(struct rig *r, char tag[64])
{
	struct heard h;
	dp_leg leg = incoming(r, RIG_SDP);
	answer(r, leg);
	rig_hear(r, &h, "SIP/2.0 200 ");
	tag_of(tag, &h);
	rig_event(r, DP_EV_ANSWERED);
	say(r, (struct word){.method = "ACK", .branch = "ack", .to_tag = tag});
	rig_silent(r);
	return leg;
}

static void ended(struct rig *r, dp_leg leg, enum dp_end_cause cause, uint16_t status)
{
	const struct dp_event *e = rig_event(r, DP_EV_ENDED);
	assert_string_equal(dp_end_name((enum dp_end_cause)e->cause), dp_end_name(cause));
	assert_int_equal(e->sip_status, status);
	assert_true(e->leg == leg);
}

static struct span text(const struct dp_event *e, struct dp_text t)
{
	return dp_event_span(e, t);
}

static void an_invite_is_told_with_all_that_it_says(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, SERVES);
	say(&r, (struct word){.method = "INVITE",
	            .body = RIG_SDP,
	            .uri = "sip:4815@192.0.2.1:5060;user=phone",
	            .more = CONTACT SDP_TYPE "X-Ticket: 42\r\nUser-to-User: 00c0ffee;encoding=hex\r\n"
	                                     "P-Asserted-Identity: <sip:boss@example.org>\r\n"});
	rig_hear(&r, &h, "SIP/2.0 100 ");
	const struct dp_event *e = rig_event(&r, DP_EV_INCOMING);
	assert_true(span_eq(text(e, e->request_uri), SPAN("sip:4815@192.0.2.1:5060;user=phone")));
	assert_true(span_eq(text(e, e->remote_uri), SPAN("sip:ann@example.org")));
	assert_true(span_eq(text(e, e->local_uri), SPAN("sip:support@dialplane.example")));
	assert_true(span_eq(text(e, e->sip_call_id), SPAN("ann-call")));
	assert_true(
	    span_eq(text(e, e->headers), SPAN("X-Ticket: 42\r\nUser-to-User: 00c0ffee;encoding=hex\r\n")));
	assert_true(e->early_media);
	assert_int_equal(e->max_forwards, 70);
	assert_int_equal(e->remote.port, 5080);
	rig_close(&r);
}

static void only_configured_sources_may_call(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, SERVES);
	r.conf.sources[0].prefix = 32; /* 192.0.2.0 alone */
	say(&r, (struct word){.method = "INVITE", .body = RIG_SDP});
	rig_hear(&r, &h, "SIP/2.0 403 Calls from outside are not served");
	rig_no_event(&r);
	r.conf.sources[0].prefix = 24;
	say_from(&r, "198.51.100.7",
	    (struct word){.method = "INVITE", .body = RIG_SDP, .branch = "far", .call_id = "far"});
	rig_drain(&r);
	rig_no_event(&r);
	assert_int_equal(rig_stat(&r, STAT_sip_invites_refused), 2);
	assert_int_equal(sip_legs_live(r.sip), 0);
	rig_close(&r);
}

static void rfc3261_13_3_ring_and_answer(void **state)
{
	struct rig r;
	struct heard h;
	char tag[64], again[64];
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	ring(&r, leg, 180, false);
	rig_hear(&r, &h, "SIP/2.0 180 Ringing\r\n");
	tag_of(tag, &h);
	assert_true(heard_has(&h, "Contact: <sip:t"));
	assert_true(heard_has(&h, "Content-Length: 0\r\n"));
	say(&r, (struct word){.method = "INVITE", .body = RIG_SDP});
	rig_hear(&r, &h, "SIP/2.0 180 "); /* again, for the INVITE that came again */
	answer(&r, leg);
	rig_hear(&r, &h, "SIP/2.0 200 OK\r\n");
	tag_of(again, &h);
	assert_string_equal(tag, again);
	assert_true(heard_has(&h, "m=audio ") && heard_has(&h, " RTP/AVP 0 101\r\n"));
	assert_true(heard_has(&h, "Allow: ") && heard_has(&h, "Contact: <sip:t"));
	const struct dp_event *e = rig_event(&r, DP_EV_ANSWERED);
	assert_int_equal(e->codec, 0);
	rig_run(&r, 600); /* §13.3.1.4: again after T1, until the ACK */
	rig_hear(&r, &h, "SIP/2.0 200 ");
	say(&r, (struct word){.method = "ACK", .branch = "ack", .to_tag = tag});
	rig_run(&r, 40000);
	rig_silent(&r);
	say(&r, (struct word){.method = "BYE", .branch = "bye", .to_tag = tag, .cseq = 2});
	rig_hear(&r, &h, "SIP/2.0 200 ");
	ended(&r, leg, DP_END_REMOTE_BYE, 0);
	rig_close(&r);
}

static void our_bye_goes_to_the_contact_with_the_names_turned_round(void **state)
{
	struct rig r;
	struct heard h;
	char tag[64], from[128];
	rig_open(&r, SERVES);
	dp_leg leg = up(&r, tag);
	rig_hangup(&r, leg);
	ended(&r, leg, DP_END_LOCAL_HANGUP, 0);
	rig_hear(&r, &h, "BYE sip:ann@192.0.2.9:5080 SIP/2.0\r\n");
	snprintf(from, sizeof from, "From: <sip:support@dialplane.example>;tag=%s\r\n", tag);
	assert_true(heard_has(&h, from));
	assert_true(heard_has(&h, "To: <sip:ann@example.org>;tag=ann1\r\n"));
	assert_true(heard_has(&h, "Call-ID: ann-call\r\n"));
	rig_answer(&r, &h, 200, NULL, "", "");
	rig_close(&r);
}

static void the_route_set_of_the_called_side_is_in_order(void **state)
{
	struct rig r;
	struct heard h;
	char tag[64];
	rig_open(&r, SERVES);
	say(&r, (struct word){.method = "INVITE",
	            .body = RIG_SDP,
	            .more = CONTACT SDP_TYPE "Record-Route: <sip:192.0.2.20;lr>, <sip:192.0.2.21;lr>\r\n"});
	rig_hear(&r, &h, "SIP/2.0 100 ");
	dp_leg leg = rig_event(&r, DP_EV_INCOMING)->leg;
	answer(&r, leg);
	rig_hear(&r, &h, "SIP/2.0 200 ");
	assert_true(heard_has(&h, "Record-Route: <sip:192.0.2.20;lr>, <sip:192.0.2.21;lr>\r\n"));
	tag_of(tag, &h);
	say(&r, (struct word){.method = "ACK", .branch = "ack", .to_tag = tag});
	rig_hangup(&r, leg);
	rig_hear(&r, &h, "BYE ");
	assert_true(heard_has(&h, "Route: <sip:192.0.2.20;lr>, <sip:192.0.2.21;lr>\r\n"));
	assert_int_equal(h.dst.a.b[3], 20);
	rig_close(&r);
}

static void rfc3261_9_2_cancel_gets_200_and_the_invite_487(void **state)
{
	struct rig r;
	struct heard h, bye;
	char tag[64], two[64];
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	ring(&r, leg, 180, false);
	rig_hear(&r, &h, "SIP/2.0 180 ");
	tag_of(tag, &h);
	say(&r, (struct word){.method = "CANCEL"});
	rig_hear(&r, &bye, "SIP/2.0 200 ");
	assert_true(heard_has(&bye, "CSeq: 1 CANCEL"));
	tag_of(two, &bye);
	assert_string_equal(tag, two);
	rig_hear(&r, &h, "SIP/2.0 487 ");
	tag_of(two, &h);
	assert_string_equal(tag, two);
	ended(&r, leg, DP_END_REMOTE_CANCEL, 487);
	answer(&r, leg); /* crossed */
	assert_int_equal(rig_stat(&r, STAT_cmd_stale_handle), 1);
	rig_run(&r, 600);
	rig_hear(&r, &h, "SIP/2.0 487 "); /* Timer G */
	say(&r, (struct word){.method = "ACK", .to_tag = tag});
	rig_run(&r, 6000);
	rig_silent(&r);
	rig_close(&r);
}

static void a_cancel_from_somewhere_else_is_a_forgery(void **state)
{
	struct rig r;
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	say_from(&r, "192.0.2.66", (struct word){.method = "CANCEL"});
	struct heard h;
	rig_hear(&r, &h, "SIP/2.0 481 ");
	rig_no_event(&r);
	answer(&r, leg);
	rig_hear(&r, &h, "SIP/2.0 200 ");
	rig_close(&r);
}

static void a_cancel_that_crosses_the_answer_changes_nothing(void **state)
{
	struct rig r;
	struct heard h;
	char tag[64];
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	answer(&r, leg);
	rig_hear(&r, &h, "SIP/2.0 200 ");
	tag_of(tag, &h);
	rig_event(&r, DP_EV_ANSWERED);
	say(&r, (struct word){.method = "CANCEL"});
	rig_hear(&r, &h, "SIP/2.0 200 ");
	assert_true(heard_has(&h, "CSeq: 1 CANCEL"));
	rig_no_event(&r);
	say(&r, (struct word){.method = "ACK", .branch = "ack", .to_tag = tag});
	say(&r, (struct word){.method = "BYE", .branch = "bye", .to_tag = tag, .cseq = 2});
	rig_hear(&r, &h, "SIP/2.0 200 ");
	ended(&r, leg, DP_END_REMOTE_BYE, 0);
	rig_close(&r);
}

static void rfc3261_15_a_caller_may_end_the_early_dialog_by_bye(void **state)
{
	struct rig r;
	struct heard h;
	char tag[64];
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	ring(&r, leg, 180, false);
	rig_hear(&r, &h, "SIP/2.0 180 ");
	tag_of(tag, &h);
	say(&r, (struct word){.method = "BYE", .branch = "bye", .to_tag = tag, .cseq = 2});
	rig_hear(&r, &h, "SIP/2.0 200 ");
	rig_hear(&r, &h, "SIP/2.0 487 ");
	ended(&r, leg, DP_END_REMOTE_CANCEL, 487);
	rig_close(&r);
}

static void a_rejected_call_has_the_status_and_words_of_control(void **state)
{
	struct rig r;
	struct heard h;
	bool bad = false;
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	struct dp_cmd c = {.type = DP_CMD_REJECT, .leg = leg, .sip_status = 200};
	do_cmd(&r, c); /* no refusal */
	assert_int_equal(rig_stat(&r, STAT_cmd_bad), 1);
	c.sip_status = 486;
	c.reason = dp_cmd_text(&c, SPAN("Busy Elsewhere"), &bad);
	do_cmd(&r, c);
	rig_hear(&r, &h, "SIP/2.0 486 Busy Elsewhere\r\n");
	ended(&r, leg, DP_END_DECLINED, 486);
	say(&r, (struct word){.method = "ACK"});
	rig_run(&r, 6000);
	rig_silent(&r);
	rig_close(&r);
}

static void hanging_up_before_the_answer_says_480(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	rig_hangup(&r, leg);
	rig_hear(&r, &h, "SIP/2.0 480 ");
	ended(&r, leg, DP_END_DECLINED, 480);
	rig_close(&r);
}

static void stopping_ends_an_incoming_call_by_503(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	sip_shutdown(r.sip, r.now);
	rig_hear(&r, &h, "SIP/2.0 503 ");
	ended(&r, leg, DP_END_SHUTDOWN, 503);
	say(&r, (struct word){.method = "INVITE", .body = RIG_SDP, .branch = "new", .call_id = "new"});
	rig_hear(&r, &h, "SIP/2.0 503 ");
	assert_true(heard_has(&h, "Retry-After: "));
	rig_close(&r);
}

static void rfc3261_13_3_1_4_no_ack_ends_in_bye(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	answer(&r, leg);
	rig_event(&r, DP_EV_ANSWERED);
	rig_drain(&r);
	rig_run(&r, 31900);
	assert_int_equal(rig_drain(&r), 10); /* 0.5, 1.5, 3.5, 7.5, then every 4 s */
	rig_run(&r, 200);
	rig_hear(&r, &h, "BYE ");
	ended(&r, leg, DP_END_PROTOCOL, 0);
	rig_close(&r);
}

static void rfc3261_15_no_bye_before_the_ack_of_our_2xx(void **state)
{
	struct rig r;
	struct heard h;
	char tag[64];
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	answer(&r, leg);
	rig_hear(&r, &h, "SIP/2.0 200 ");
	tag_of(tag, &h);
	rig_event(&r, DP_EV_ANSWERED);
	rig_hangup(&r, leg);
	ended(&r, leg, DP_END_LOCAL_HANGUP, 0);
	rig_silent(&r);
	rig_run(&r, 600);
	rig_hear(&r, &h, "SIP/2.0 200 "); /* still sent again */
	say(&r, (struct word){.method = "ACK", .branch = "ack", .to_tag = tag});
	rig_hear(&r, &h, "BYE ");
	rig_answer(&r, &h, 200, NULL, "", "");
	assert_int_equal(sip_legs_live(r.sip), 0);
	rig_close(&r);
}

static void without_any_ack_the_bye_follows_timer_h(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	answer(&r, leg);
	rig_event(&r, DP_EV_ANSWERED);
	rig_hangup(&r, leg);
	rig_run(&r, 31900);
	rig_drain(&r);
	rig_run(&r, 200);
	rig_hear(&r, &h, "BYE ");
	ended(&r, leg, DP_END_LOCAL_HANGUP, 0);
	rig_close(&r);
}

static void a_bye_before_the_ack_ends_the_call(void **state)
{
	struct rig r;
	struct heard h;
	char tag[64];
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	answer(&r, leg);
	rig_hear(&r, &h, "SIP/2.0 200 ");
	tag_of(tag, &h);
	rig_event(&r, DP_EV_ANSWERED);
	say(&r, (struct word){.method = "BYE", .branch = "bye", .to_tag = tag, .cseq = 2});
	rig_hear(&r, &h, "SIP/2.0 200 ");
	ended(&r, leg, DP_END_REMOTE_BYE, 0);
	say(&r, (struct word){.method = "ACK", .branch = "ack", .to_tag = tag});
	say(&r, (struct word){.method = "INVITE", .body = RIG_SDP}); /* a late copy is no new call */
	rig_silent(&r);
	rig_no_event(&r);
	rig_close(&r);
}

static void an_offerless_invite_gets_our_offer_and_its_ack_the_answer(void **state)
{
	struct rig r;
	struct heard h;
	char tag[64];
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, "");
	ring(&r, leg, 183, true); /* nothing to answer: no SDP yet */
	rig_hear(&r, &h, "SIP/2.0 183 ");
	assert_true(heard_has(&h, "Content-Length: 0\r\n"));
	answer(&r, leg);
	rig_hear(&r, &h, "SIP/2.0 200 ");
	assert_true(heard_has(&h, " RTP/AVP 0 8 101\r\n"));
	assert_int_equal(rig_event(&r, DP_EV_ANSWERED)->codec, 0xff);
	tag_of(tag, &h);
	say(&r, (struct word){.method = "ACK", .branch = "ack", .to_tag = tag, .body = RIG_SDP});
	rig_silent(&r);
	assert_int_equal(sip_legs_live(r.sip), 1);
	rig_close(&r);
}

static void an_offerless_invite_whose_ack_has_no_answer_is_ended(void **state)
{
	struct rig r;
	struct heard h;
	char tag[64];
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, "");
	answer(&r, leg);
	rig_hear(&r, &h, "SIP/2.0 200 ");
	rig_event(&r, DP_EV_ANSWERED);
	tag_of(tag, &h);
	say(&r, (struct word){.method = "ACK", .branch = "ack", .to_tag = tag});
	rig_hear(&r, &h, "BYE ");
	assert_true(heard_has(&h, "Reason: SIP;cause=488"));
	ended(&r, leg, DP_END_MEDIA, 0);
	rig_close(&r);
}

static void early_media_is_answered_once_and_in_the_same_words(void **state)
{
	struct rig r;
	struct heard a, b;
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	ring(&r, leg, 183, true);
	rig_hear(&r, &a, "SIP/2.0 183 ");
	answer(&r, leg);
	rig_hear(&r, &b, "SIP/2.0 200 ");
	assert_true(a.m.body.len > 0);
	assert_true(span_eq(a.m.body, b.m.body));
	rig_close(&r);
}

static void an_early_leg_can_be_bridged_before_its_answer(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, SERVES);
	dp_leg out = rig_up(&r, &h), in = incoming(&r, RIG_SDP);
	do_cmd(&r, (struct dp_cmd){.type = DP_CMD_BRIDGE, .leg = in, .peer = out});
	assert_int_equal(rig_stat(&r, STAT_cmd_bad), 1);
	ring(&r, in, 183, true);
	rig_hear(&r, &h, "SIP/2.0 183 ");
	do_cmd(&r, (struct dp_cmd){.type = DP_CMD_BRIDGE, .leg = in, .peer = out});
	rig_event(&r, DP_EV_BRIDGED);
	answer(&r, in);
	rig_event(&r, DP_EV_ANSWERED);
	rig_close(&r);
}

static void rfc3264_6_no_common_codec_gets_488(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, SERVES);
	say(&r, (struct word){.method = "INVITE",
	            .body = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
	                    "m=audio 4000 RTP/AVP 18\r\n"});
	rig_hear(&r, &h, "SIP/2.0 488 ");
	rig_no_event(&r);
	assert_int_equal(sip_legs_live(r.sip), 0);
	rig_close(&r);
}

static void refusals_before_a_call_exists(void **state)
{
	static const struct {
		const char *more, *start;
	} CASES[] = {
	    {CONTACT SDP_TYPE "Require: 100rel\r\n", "SIP/2.0 420 "},
	    {CONTACT SDP_TYPE "Max-Forwards: 0\r\n", "SIP/2.0 400 "}, /* twice */
	    {SDP_TYPE, "SIP/2.0 400 "},                               /* no Contact */
	    {CONTACT "Content-Type: text/plain\r\n", "SIP/2.0 415 "},
	};
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct rig r;
		struct heard h;
		rig_open(&r, SERVES);
		say(&r, (struct word){.method = "INVITE", .body = RIG_SDP, .more = CASES[i].more});
		rig_hear(&r, &h, CASES[i].start);
		rig_no_event(&r);
		rig_close(&r);
	}
}

static void rfc3261_8_2_2_2_the_second_path_of_a_forked_invite_gets_482(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	say(&r, (struct word){.method = "INVITE", .body = RIG_SDP, .branch = "two"});
	rig_hear(&r, &h, "SIP/2.0 482 ");
	rig_no_event(&r);
	answer(&r, leg);
	rig_hear(&r, &h, "SIP/2.0 200 ");
	rig_close(&r);
}

static void rfc3261_14_2_an_invite_inside_the_unanswered_one_gets_500(void **state)
{
	struct rig r;
	struct heard h;
	char tag[64];
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	ring(&r, leg, 180, false);
	rig_hear(&r, &h, "SIP/2.0 180 ");
	tag_of(tag, &h);
	say(&r, (struct word){.method = "INVITE", .branch = "re", .to_tag = tag, .cseq = 2, .body = RIG_SDP});
	rig_hear(&r, &h, "SIP/2.0 500 ");
	assert_true(heard_has(&h, "Retry-After: "));
	rig_close(&r);
}

static void hold_of_an_inbound_leg_is_answered_and_told(void **state)
{
	struct rig r;
	struct heard h;
	char tag[64];
	rig_open(&r, SERVES);
	(void)up(&r, tag);
	say(&r, (struct word){.method = "INVITE",
	            .branch = "hold",
	            .to_tag = tag,
	            .cseq = 2,
	            .body = RIG_SDP_DIR("sendonly")});
	rig_hear(&r, &h, "SIP/2.0 200 ");
	assert_true(heard_has(&h, "a=recvonly\r\n"));
	rig_event(&r, DP_EV_HELD);
	say(&r, (struct word){.method = "ACK", .branch = "ack2", .to_tag = tag, .cseq = 2});
	rig_silent(&r);
	rig_close(&r);
}

static void rfc3261_13_3_1_1_a_provisional_goes_out_every_minute(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, SERVES);
	dp_leg leg = incoming(&r, RIG_SDP);
	ring(&r, leg, 180, false);
	rig_hear(&r, &h, "SIP/2.0 180 ");
	rig_run(&r, 130000);
	rig_hear(&r, &h, "SIP/2.0 180 ");
	rig_hear(&r, &h, "SIP/2.0 180 ");
	rig_silent(&r);
	rig_close(&r);
}

/* ---- starved pools */

static void starve(struct rig_conf c, const char *body)
{
	struct rig r;
	struct heard h;
	c.serves = true;
	rig_open(&r, &c);
	for (int i = 0; i < 40; i++) {
		char id[16];
		snprintf(id, sizeof id, "call%d", i);
		say(&r, (struct word){.method = "INVITE", .branch = id, .call_id = id, .body = body});
		if (!rig_next(&r, &h))
			continue;
		if (strncmp(h.text, "SIP/2.0 503 ", 12) == 0) {
			assert_true(heard_has(&h, "Retry-After: 1\r\n"));
			assert_true(rig_stat(&r, STAT_sip_invites_full) > 0);
			rig_close(&r);
			return;
		}
		assert_memory_equal(h.text, "SIP/2.0 100 ", 12);
	}
	fail_msg("forty calls into a small pool, and none was refused");
}

static void every_empty_pool_is_a_503_with_retry_after(void **state)
{
	starve((struct rig_conf){.legs = 3}, RIG_SDP);
	starve((struct rig_conf){.txns = 12}, RIG_SDP);
	starve((struct rig_conf){.ports = 2}, RIG_SDP);
	starve((struct rig_conf){.legs = 3}, "");
}

static void a_full_event_ring_is_a_503(void **state)
{
	struct rig r;
	struct heard h;
	rig_open(&r, SERVES);
	r.ring_room = 0;
	say(&r, (struct word){.method = "INVITE", .body = RIG_SDP});
	rig_hear(&r, &h, "SIP/2.0 503 ");
	assert_true(heard_has(&h, "Retry-After: "));
	r.ring_room = 16;
	say(&r, (struct word){.method = "INVITE", .body = RIG_SDP}); /* a copy that was under way */
	rig_hear(&r, &h, "SIP/2.0 503 ");
	rig_no_event(&r);
	rig_close(&r);
}

/* Take every packet buffer there is. */
static uint32_t hoard(struct rig *r, struct pkt **p, uint32_t max)
{
	uint32_t n = 0;
	while (n < max && (p[n] = net_alloc(r->net)))
		n++;
	return n;
}

static void without_a_buffer_the_answer_and_the_refusal_wait(void **state)
{
	for (int refused = 0; refused < 2; refused++) {
		static struct pkt *p[8192];
		struct rig r;
		struct heard h;
		rig_open(&r, &(struct rig_conf){.serves = true, .pkts = 64});
		dp_leg leg = incoming(&r, RIG_SDP);
		uint32_t n = hoard(&r, p, 8192);
		if (refused)
			rig_hangup(&r, leg);
		else
			answer(&r, leg);
		rig_silent(&r);
		while (n)
			pkt_put(p[--n]);
		rig_run(&r, 600);
		rig_hear(&r, &h, refused ? "SIP/2.0 480 " : "SIP/2.0 200 ");
		rig_event(&r, refused ? DP_EV_ENDED : DP_EV_ANSWERED);
		rig_close(&r);
	}
}

static void commands_for_another_state_are_counted_and_harmless(void **state)
{
	struct rig r;
	struct heard h;
	char tag[64];
	rig_open(&r, SERVES);
	dp_leg leg = up(&r, tag);
	answer(&r, leg);
	ring(&r, leg, 180, false);
	do_cmd(&r, (struct dp_cmd){.type = DP_CMD_REJECT, .leg = leg, .sip_status = 486});
	assert_int_equal(rig_stat(&r, STAT_cmd_bad), 3);
	rig_silent(&r);
	dp_leg out = rig_call(&r, 0);
	rig_hear(&r, &h, "INVITE ");
	answer(&r, out);
	assert_int_equal(rig_stat(&r, STAT_cmd_bad), 4);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_invite_is_told_with_all_that_it_says),
	    cmocka_unit_test(only_configured_sources_may_call),
	    cmocka_unit_test(rfc3261_13_3_ring_and_answer),
	    cmocka_unit_test(our_bye_goes_to_the_contact_with_the_names_turned_round),
	    cmocka_unit_test(the_route_set_of_the_called_side_is_in_order),
	    cmocka_unit_test(rfc3261_9_2_cancel_gets_200_and_the_invite_487),
	    cmocka_unit_test(a_cancel_from_somewhere_else_is_a_forgery),
	    cmocka_unit_test(a_cancel_that_crosses_the_answer_changes_nothing),
	    cmocka_unit_test(rfc3261_15_a_caller_may_end_the_early_dialog_by_bye),
	    cmocka_unit_test(a_rejected_call_has_the_status_and_words_of_control),
	    cmocka_unit_test(hanging_up_before_the_answer_says_480),
	    cmocka_unit_test(stopping_ends_an_incoming_call_by_503),
	    cmocka_unit_test(rfc3261_13_3_1_4_no_ack_ends_in_bye),
	    cmocka_unit_test(rfc3261_15_no_bye_before_the_ack_of_our_2xx),
	    cmocka_unit_test(without_any_ack_the_bye_follows_timer_h),
	    cmocka_unit_test(a_bye_before_the_ack_ends_the_call),
	    cmocka_unit_test(an_offerless_invite_gets_our_offer_and_its_ack_the_answer),
	    cmocka_unit_test(an_offerless_invite_whose_ack_has_no_answer_is_ended),
	    cmocka_unit_test(early_media_is_answered_once_and_in_the_same_words),
	    cmocka_unit_test(an_early_leg_can_be_bridged_before_its_answer),
	    cmocka_unit_test(rfc3264_6_no_common_codec_gets_488),
	    cmocka_unit_test(refusals_before_a_call_exists),
	    cmocka_unit_test(rfc3261_8_2_2_2_the_second_path_of_a_forked_invite_gets_482),
	    cmocka_unit_test(rfc3261_14_2_an_invite_inside_the_unanswered_one_gets_500),
	    cmocka_unit_test(hold_of_an_inbound_leg_is_answered_and_told),
	    cmocka_unit_test(rfc3261_13_3_1_1_a_provisional_goes_out_every_minute),
	    cmocka_unit_test(every_empty_pool_is_a_503_with_retry_after),
	    cmocka_unit_test(a_full_event_ring_is_a_503),
	    cmocka_unit_test(without_a_buffer_the_answer_and_the_refusal_wait),
	    cmocka_unit_test(commands_for_another_state_are_counted_and_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
