/* SPDX-License-Identifier: Apache-2.0 */
/* SIP over connections: a stream that the test holds the other end of, and bad ends of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/net/stream.h"
#include "dataplane/sip/conns.h"
#include "dataplane/sip/sip_msgs.h"
#include "tests/unit/dataplane/sip/harness.h"

/* ---- the other end */

#define FAKE_SIZE 64u
#define FAKE_OUT  131072u

struct fake_end {
	struct ip_sock remote;
	uint32_t len, at; /* what was written, and read of it by the test */
	bool used, closed, aborted, full;
	char *out;
};

struct fake {
	struct stream s;
	struct fake_end e[FAKE_SIZE];
};

static struct fake fake;

static uint32_t f_connect(struct stream *s, const struct ip_sock *to, uint64_t now)
{
	for (uint32_t i = 0; i < FAKE_SIZE / 2; i++) {
		struct fake_end *e = &fake.e[i];
		if (e->used)
			continue;
		*e = (struct fake_end){.used = true, .remote = *to, .out = e->out};
		return i;
	}
	return STREAM_NONE;
}

static bool f_write(struct stream *s, uint32_t id, const void *p, uint32_t n, uint64_t now)
{
	struct fake_end *e = &fake.e[id];
	if (e->full || e->closed || e->len + n > FAKE_OUT)
		return false;
	memcpy(e->out + e->len, p, n);
	e->len += n;
	return true;
}

static uint32_t f_unsent(const struct stream *s, uint32_t id)
{
	return 0;
}

static void f_close(struct stream *s, uint32_t id, bool abort, uint64_t now)
{
	fake.e[id].closed = true;
	fake.e[id].aborted = abort;
}

static uint32_t f_turn(struct stream *s, uint64_t now)
{
	return 0;
}

static const struct stream_ops FAKE_OPS = {
    .connect = f_connect, .write = f_write, .unsent = f_unsent, .close = f_close, .turn = f_turn};

static struct rig *open_rig(struct rig *r, const struct rig_conf *conf)
{
	struct rig_conf c = conf ? *conf : (struct rig_conf){0};
	char *outs[FAKE_SIZE];
	for (uint32_t i = 0; i < FAKE_SIZE; i++)
		outs[i] = fake.e[i].out ? fake.e[i].out : malloc(FAKE_OUT);
	memset(&fake, 0, sizeof fake);
	for (uint32_t i = 0; i < FAKE_SIZE; i++)
		fake.e[i].out = outs[i];
	fake.s.ops = &FAKE_OPS;
	fake.s.size = FAKE_SIZE;
	c.stream = &fake.s;
	rig_open(r, &c);
	return r;
}

/* A closed end is told so, and free again. */
static void settle(struct rig *r)
{
	for (uint32_t i = 0; i < FAKE_SIZE; i++) {
		if (!fake.e[i].used || !fake.e[i].closed)
			continue;
		fake.s.user.closed(fake.s.user.ctx, i, STREAM_END_LOCAL, r->now);
		fake.e[i].used = false;
	}
}

/* The other end goes away. */
static void leave(struct rig *r, uint32_t id, enum stream_end why)
{
	fake.s.user.closed(fake.s.user.ctx, id, why, r->now);
	fake.e[id].used = false;
}

static void close_rig(struct rig *r)
{
	settle(r);
	for (uint32_t i = 0; i < FAKE_SIZE; i++)
		if (fake.e[i].used)
			leave(r, i, STREAM_END_FIN);
	rig_close(r);
	for (uint32_t i = 0; i < FAKE_SIZE; i++) {
		free(fake.e[i].out);
		fake.e[i].out = NULL;
	}
}

static bool come(struct rig *r, uint32_t id, const char *ip, uint16_t port)
{
	struct ip_sock from = rig_sock(ip, port);
	struct fake_end *e = &fake.e[id];
	*e = (struct fake_end){.used = true, .remote = from, .out = e->out};
	if (fake.s.user.accepted(fake.s.user.ctx, id, &from, r->conf.sip_port, r->now))
		return true;
	e->used = false;
	return false;
}

static void say_n(struct rig *r, uint32_t id, const char *text, uint32_t n)
{
	for (uint32_t at = 0; at < n;) {
		uint32_t k = n - at < 2000 ? n - at : 2000;
		fake.s.user.bytes(fake.s.user.ctx, id, (const uint8_t *)text + at, k, r->now);
		at += k;
	}
}

static void say(struct rig *r, uint32_t id, const char *text)
{
	say_n(r, id, text, (uint32_t)strlen(text));
}

/* The next message that was written to this end. */
static void hear(struct rig *r, uint32_t id, struct heard *h, const char *start)
{
	struct sip_err err;
	struct fake_end *e = &fake.e[id];
	if (e->at == e->len)
		fail_msg("nothing was written; %s expected", start);
	int rc = sip_msg_parse(&h->m, e->out + e->at, e->len - e->at, SIP_STREAM, &err);
	assert_int_equal(rc, 0);
	assert_true(h->m.len < sizeof h->text);
	h->len = h->m.len;
	memcpy(h->text, e->out + e->at, h->len);
	h->text[h->len] = 0;
	e->at += h->len;
	assert_int_equal(sip_msg_parse(&h->m, h->text, h->len, SIP_STREAM, &err), 0);
	assert_int_equal(sip_msg_check(&h->m, &err), 0);
	if (strncmp(h->text, start, strlen(start)) != 0)
		fail_msg("%s expected, this was written:\n%s", start, h->text);
}

static void silent(uint32_t id)
{
	assert_int_equal(fake.e[id].at, fake.e[id].len);
}

/* ---- messages */

static const char *options(int n)
{
	static char t[4][512];
	static int turn;
	char *s = t[turn++ & 3];
	snprintf(s, sizeof t[0],
	    "OPTIONS sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.9:5070;branch=z9hG4bK%d\r\n"
	    "From: <sip:a@192.0.2.9>;tag=1\r\nTo: <sip:b@192.0.2.1>\r\nCall-ID: c%d\r\nCSeq: 1 OPTIONS\r\n"
	    "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
	    n, n);
	return s;
}

static const char *answer(
    const struct heard *req, int status, const char *to_tag, const char *more, const char *body)
{
	static char t[RIG_MESSAGE];
	snprintf(t, sizeof t,
	    "SIP/2.0 %d Because\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n%s%s"
	    "Content-Length: %zu\r\n\r\n%s",
	    status, heard_hdr(req, SIP_H_VIA), heard_hdr(req, SIP_H_FROM), heard_hdr(req, SIP_H_TO),
	    to_tag ? ";tag=" : "", to_tag ? to_tag : "", heard_hdr(req, SIP_H_CALL_ID),
	    heard_hdr(req, SIP_H_CSEQ), more, *body ? "Content-Type: application/sdp\r\n" : "", strlen(body),
	    body);
	return t;
}

static const char *bye(const struct heard *invite, uint32_t cseq)
{
	static char t[RIG_MESSAGE];
	char target[256];
	assert_int_equal(sscanf(heard_hdr(invite, SIP_H_CONTACT), "<%255[^>]>", target), 1);
	snprintf(t, sizeof t,
	    "BYE %s SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.9:5070;branch=z9hG4bKbye%u\r\nMax-Forwards: 70\r\n"
	    "From: %s;tag=bob1\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u BYE\r\nContent-Length: 0\r\n\r\n",
	    target, cseq, heard_hdr(invite, SIP_H_TO), heard_hdr(invite, SIP_H_FROM),
	    heard_hdr(invite, SIP_H_CALL_ID), cseq);
	return t;
}

#define TCP_CONTACT "Contact: <sip:bob@192.0.2.9:5080;transport=tcp>\r\n"

static dp_leg call_by(struct rig *r, enum dp_transport by)
{
	struct dp_cmd c;
	uint32_t before = r->n_events;
	rig_fill(&c);
	c.orig.transport = (uint8_t)by;
	sip_command(r->sip, &c, r->now);
	assert_int_equal(r->n_events, before + 1);
	return r->events[before].type == DP_EV_STARTED ? rig_event(r, DP_EV_STARTED)->leg : 0;
}

static void open_end(struct rig *r, uint32_t id)
{
	fake.s.user.opened(fake.s.user.ctx, id, r->now);
}

/* A call that is up by the connection 0; *invite is its INVITE. */
static dp_leg up(struct rig *r, struct heard *invite)
{
	struct heard ack;
	dp_leg leg = call_by(r, DP_TCP);
	assert_int_not_equal(leg, 0);
	open_end(r, 0);
	hear(r, 0, invite, "INVITE ");
	say(r, 0, answer(invite, 200, "bob1", TCP_CONTACT, RIG_SDP));
	hear(r, 0, &ack, "ACK ");
	rig_event(r, DP_EV_ANSWERED);
	return leg;
}

static uint64_t now_counts(const struct rig *r, enum stat_id id)
{
	return rig_stat(r, id);
}

/* ---- framing */

static void rfc3261_18_3_a_message_may_be_split_at_every_offset(void **state)
{
	struct rig r;
	struct heard h;
	open_rig(&r, NULL);
	assert_true(come(&r, 40, RIG_PEER, 40000));
	uint32_t n = (uint32_t)strlen(options(0));
	for (uint32_t at = 1; at < n; at++) {
		const char *t = options((int)at + 1000);
		say_n(&r, 40, t, at);
		silent(40);
		say(&r, 40, t + at);
		hear(&r, 40, &h, "SIP/2.0 200 ");
	}
	assert_int_equal(now_counts(&r, STAT_conn_bad), 0);
	close_rig(&r);
}

static void rfc3261_18_3_two_messages_in_one_segment_have_two_answers(void **state)
{
	struct rig r;
	struct heard h;
	char both[2048];
	open_rig(&r, NULL);
	assert_true(come(&r, 40, RIG_PEER, 40000));
	int n = snprintf(both, sizeof both, "%s%s%.50s", options(1), options(2), options(3));
	say_n(&r, 40, both, (uint32_t)n);
	hear(&r, 40, &h, "SIP/2.0 200 ");
	assert_string_equal(heard_hdr(&h, SIP_H_CALL_ID), "c1");
	hear(&r, 40, &h, "SIP/2.0 200 ");
	silent(40);
	say(&r, 40, options(3) + 50);
	hear(&r, 40, &h, "SIP/2.0 200 ");
	close_rig(&r);
}

static void rfc5626_4_4_1_a_double_crlf_is_answered_by_one(void **state)
{
	struct rig r;
	struct heard h;
	open_rig(&r, NULL);
	assert_true(come(&r, 40, RIG_PEER, 40000));
	say(&r, 40, "\r\n\r\n");
	assert_int_equal(fake.e[40].len, 2);
	assert_memory_equal(fake.e[40].out, "\r\n", 2);
	say(&r, 40, "\r\n");
	say(&r, 40, "\r\n");
	assert_int_equal(fake.e[40].len, 4);
	fake.e[40].at = 4;
	say(&r, 40, "\r\n"); /* a pong, and what follows it is a message */
	rig_run(&r, 6000);
	assert_false(fake.e[40].closed);
	say(&r, 40, options(1));
	hear(&r, 40, &h, "SIP/2.0 200 ");
	close_rig(&r);
}

static void a_byte_a_second_runs_out_of_time(void **state)
{
	struct rig r;
	struct heard h;
	open_rig(&r, NULL);
	assert_true(come(&r, 40, RIG_PEER, 40000) && come(&r, 41, RIG_PEER, 40001));
	const char *t = options(1);
	for (int i = 0; i < 8 && !fake.e[40].closed; i++) {
		say_n(&r, 40, t + i, 1);
		rig_run(&r, 1000);
	}
	assert_true(fake.e[40].closed);
	assert_int_equal(now_counts(&r, STAT_conn_slow), 1);
	say(&r, 41, options(2));
	hear(&r, 41, &h, "SIP/2.0 200 ");
	close_rig(&r);
}

static void a_body_that_does_not_come_runs_out_of_time(void **state)
{
	struct rig r;
	open_rig(&r, NULL);
	assert_true(come(&r, 40, RIG_PEER, 40000));
	say(&r, 40, "OPTIONS sip:x SIP/2.0\r\nContent-Length: 60000\r\n\r\nabc");
	rig_run(&r, 30000);
	assert_false(fake.e[40].closed);
	rig_run(&r, 3000);
	assert_true(fake.e[40].closed);
	assert_int_equal(now_counts(&r, STAT_conn_slow), 1);
	close_rig(&r);
}

/* What cannot be cut into messages: answered if it can be, and closed. */
static void lost_framing(struct rig *r, const char *replace, const char *by, const char *start)
{
	struct heard h;
	char t[1024];
	const char *o = options(77), *at = strstr(o, replace);
	assert_non_null(at);
	int n = snprintf(t, sizeof t, "%.*s%s%s", (int)(at - o), o, by, at + strlen(replace));
	uint64_t before = now_counts(r, STAT_conn_bad);
	assert_true(come(r, 40, RIG_PEER, 40000));
	say_n(r, 40, t, (uint32_t)n);
	if (start)
		hear(r, 40, &h, start);
	assert_true(fake.e[40].closed);
	assert_int_equal(now_counts(r, STAT_conn_bad), before + 1);
	settle(r);
}

static void framing_errors_are_answered_and_closed(void **state)
{
	struct rig r;
	open_rig(&r, NULL);
	lost_framing(&r, "Content-Length: 0", "Content-Length: 4294967296", "SIP/2.0 400 ");
	lost_framing(&r, "Content-Length: 0", "Content-Length: 4294967295", "SIP/2.0 413 ");
	lost_framing(&r, "Content-Length: 0", "Content-Length: -1", "SIP/2.0 400 ");
	lost_framing(&r, "Content-Length: 0", "Content-Length: 0\r\nl: 1", "SIP/2.0 400 ");
	lost_framing(&r, "Content-Length: 0\r\n", "", "SIP/2.0 400 ");
	close_rig(&r);
}

static void headers_of_64_kb_end_the_connection(void **state)
{
	struct rig r;
	struct heard h;
	open_rig(&r, NULL);
	assert_true(come(&r, 40, RIG_PEER, 40000) && come(&r, 41, RIG_PEER, 40001));
	say_n(&r, 40, options(1), 100);
	for (int i = 0; i < 3000 && !fake.e[40].closed; i++)
		say(&r, 40, "X-Long: 0123456789012345678901234567890123456789\r\n");
	assert_true(fake.e[40].closed);
	assert_int_equal(now_counts(&r, STAT_conn_bad), 1);
	say(&r, 41, options(2));
	hear(&r, 41, &h, "SIP/2.0 200 ");
	close_rig(&r);
}

/* Half messages take buffers; who finds none loses its connection, and nobody else anything. */
static void long_messages_starve_their_pool_and_nothing_else(void **state)
{
	struct rig r;
	struct heard h;
	uint32_t closed = 0;
	char *t = malloc(8000);
	open_rig(&r, NULL);
	int n = snprintf(t, 8000, "OPTIONS sip:x SIP/2.0\r\nContent-Length: 60000\r\n\r\n%06000d", 1);
	for (uint32_t i = 0; i < 15; i++) {
		assert_true(come(&r, 32 + i, RIG_PEER, (uint16_t)(40000 + i)));
		say_n(&r, 32 + i, t, (uint32_t)n);
		closed += fake.e[32 + i].closed;
	}
	free(t);
	assert_true(closed > 0);
	assert_int_equal(now_counts(&r, STAT_conn_no_room), closed);
	assert_true(come(&r, 60, RIG_PEER, 41000));
	say(&r, 60, options(2));
	hear(&r, 60, &h, "SIP/2.0 200 ");
	close_rig(&r);
}

/* ---- limits */

static void connections_of_one_address_are_limited(void **state)
{
	struct rig r;
	open_rig(&r, NULL);
	r.conf.conns_peer_max = 3;
	for (uint32_t i = 0; i < 3; i++)
		assert_true(come(&r, 40 + i, RIG_PEER, (uint16_t)(40000 + i)));
	assert_false(come(&r, 43, RIG_PEER, 40003));
	assert_int_equal(now_counts(&r, STAT_conn_refused_peer), 1);
	assert_true(come(&r, 43, "192.0.2.10", 40003));
	leave(&r, 40, STREAM_END_FIN);
	assert_true(come(&r, 40, RIG_PEER, 40004));
	close_rig(&r);
}

static void a_flood_ends_idle_strangers_before_a_trunk(void **state)
{
	struct rig r;
	struct heard h;
	open_rig(&r, NULL);
	assert_true(come(&r, 40, RIG_PEER, 40000));
	say(&r, 40, options(1));
	hear(&r, 40, &h, "SIP/2.0 200 ");
	for (uint32_t i = 0; i < 15; i++)
		assert_true(come(&r, 41 + i, "192.0.2.66", (uint16_t)(50000 + i)));
	assert_false(come(&r, 56, "192.0.2.66", 50099)); /* all of them young */
	assert_int_equal(now_counts(&r, STAT_conn_refused_full), 1);
	rig_run(&r, 1500);
	assert_true(come(&r, 56, "192.0.2.66", 50100));
	assert_int_equal(now_counts(&r, STAT_conn_swept), 1);
	assert_true(fake.e[41].closed); /* the oldest of those that never said anything */
	assert_false(fake.e[40].closed);
	close_rig(&r);
}

static void an_idle_connection_is_closed(void **state)
{
	struct rig r;
	open_rig(&r, NULL);
	assert_true(come(&r, 40, RIG_PEER, 40000));
	say(&r, 40, options(1));
	rig_run(&r, 59000);
	assert_false(fake.e[40].closed);
	rig_run(&r, 3000);
	assert_true(fake.e[40].closed);
	assert_int_equal(now_counts(&r, STAT_conn_idle), 1);
	close_rig(&r);
}

static void a_far_side_that_does_not_read_is_reset(void **state)
{
	struct rig r;
	struct heard h;
	open_rig(&r, NULL);
	assert_true(come(&r, 40, RIG_PEER, 40000) && come(&r, 41, RIG_PEER, 40001));
	fake.e[40].full = true;
	say(&r, 40, options(1));
	assert_true(fake.e[40].closed && fake.e[40].aborted);
	assert_int_equal(now_counts(&r, STAT_conn_stuck), 1);
	say(&r, 41, options(2));
	hear(&r, 41, &h, "SIP/2.0 200 ");
	close_rig(&r);
}

static void nobodys_address_is_refused(void **state)
{
	struct rig r;
	open_rig(&r, NULL);
	assert_false(come(&r, 40, "192.0.2.1", 40000)); /* our own */
	assert_int_equal(now_counts(&r, STAT_conn_refused_source), 1);
	close_rig(&r);
}

/* ---- calls */

static void rfc3261_18_1_1_an_invite_by_tcp_says_so(void **state)
{
	struct rig r;
	struct heard h;
	open_rig(&r, NULL);
	assert_int_not_equal(call_by(&r, DP_TCP), 0);
	assert_true(fake.e[0].used);
	assert_int_equal(fake.e[0].remote.port, 5080);
	hear(&r, 0, &h, "INVITE ");
	assert_true(heard_has(&h, "Via: SIP/2.0/TCP 192.0.2.1:5060;branch="));
	assert_true(heard_has(&h, "@192.0.2.1;transport=tcp>\r\n"));
	rig_silent(&r);
	leave(&r, 0, STREAM_END_FIN);
	close_rig(&r);
}

static void rfc3261_17_1_1_2_no_retransmission_by_tcp(void **state)
{
	struct rig r;
	struct heard h;
	open_rig(&r, NULL);
	assert_int_not_equal(call_by(&r, DP_TCP), 0);
	open_end(&r, 0);
	hear(&r, 0, &h, "INVITE ");
	rig_run(&r, 31000);
	silent(0);
	rig_no_event(&r);
	rig_run(&r, 2000); /* Timer B */
	rig_ended(&r, DP_END_NO_RESPONSE, 408);
	close_rig(&r);
}

static void rfc3261_12_2_1_the_dialog_stays_on_its_connection(void **state)
{
	struct rig r;
	struct heard invite, h;
	open_rig(&r, NULL);
	dp_leg leg = up(&r, &invite);
	rig_hangup(&r, leg);
	hear(&r, 0, &h, "BYE ");
	assert_true(heard_has(&h, "Via: SIP/2.0/TCP "));
	say(&r, 0, answer(&h, 200, NULL, "", ""));
	rig_ended(&r, DP_END_LOCAL_HANGUP, 0);
	rig_silent(&r);
	assert_int_equal(now_counts(&r, STAT_conn_out), 1);
	/* and the next call uses it as well (RFC 5923) */
	assert_int_not_equal(call_by(&r, DP_TCP), 0);
	hear(&r, 0, &h, "INVITE ");
	assert_int_equal(now_counts(&r, STAT_conn_out), 1);
	close_rig(&r);
}

static void rfc3261_18_2_2_a_bye_is_answered_on_the_connection_it_came_by(void **state)
{
	struct rig r;
	struct heard invite, h;
	open_rig(&r, NULL);
	(void)up(&r, &invite);
	assert_true(come(&r, 40, RIG_PEER, 45000));
	say(&r, 40, bye(&invite, 1));
	hear(&r, 40, &h, "SIP/2.0 200 ");
	silent(0);
	rig_ended(&r, DP_END_REMOTE_BYE, 0);
	close_rig(&r);
}

static void a_refused_connection_ends_the_call_with_words(void **state)
{
	struct rig r;
	open_rig(&r, NULL);
	assert_int_not_equal(call_by(&r, DP_TCP), 0);
	leave(&r, 0, STREAM_END_REFUSED);
	struct dp_event *e = rig_event(&r, DP_EV_ENDED);
	assert_int_equal(e->cause, DP_END_TRANSPORT);
	struct span why = dp_event_span(e, e->reason);
	assert_true(span_eq(why, span_str(stream_end_words(STREAM_END_REFUSED))));
	assert_int_equal(now_counts(&r, STAT_conn_failed), 1);
	close_rig(&r);
}

static void a_connect_without_answer_runs_out_of_time(void **state)
{
	struct rig r;
	open_rig(&r, NULL);
	assert_int_not_equal(call_by(&r, DP_TCP), 0);
	rig_run(&r, 5100);
	rig_ended(&r, DP_END_TRANSPORT, 0);
	assert_true(fake.e[0].closed);
	close_rig(&r);
}

static void a_reset_in_mid_call_leaves_the_call_up(void **state)
{
	struct rig r;
	struct heard invite, h;
	open_rig(&r, NULL);
	dp_leg leg = up(&r, &invite);
	leave(&r, 0, STREAM_END_RESET);
	rig_run(&r, 1000);
	rig_no_event(&r);
	rig_hangup(&r, leg);
	assert_true(fake.e[0].used); /* a new connection, to the Contact */
	assert_int_equal(fake.e[0].remote.port, 5080);
	hear(&r, 0, &h, "BYE ");
	say(&r, 0, answer(&h, 200, NULL, "", ""));
	rig_ended(&r, DP_END_LOCAL_HANGUP, 0);
	close_rig(&r);
}

/* The far side closes what has been idle just when we use it: the request goes once more by a new connection. */
static void a_request_that_crosses_a_close_is_sent_once_more(void **state)
{
	struct rig r;
	struct heard invite, h;
	open_rig(&r, NULL);
	(void)up(&r, &invite);
	assert_int_not_equal(call_by(&r, DP_TCP), 0);
	hear(&r, 0, &h, "INVITE ");
	leave(&r, 0, STREAM_END_FIN);
	assert_true(fake.e[1].used);
	hear(&r, 1, &h, "INVITE ");
	rig_no_event(&r);
	leave(&r, 1, STREAM_END_FIN); /* it does not help twice */
	rig_ended(&r, DP_END_TRANSPORT, 0);
	close_rig(&r);
}

static void rfc3261_18_2_2_a_response_without_its_connection_goes_to_the_via(void **state)
{
	struct rig r;
	struct heard h;
	struct pkt *p;
	open_rig(&r, NULL);
	struct ip_sock to = rig_sock(RIG_PEER, 40000);
	to.transport = DP_TCP;
	struct sip_msg m;
	struct sip_err err;
	const char *t = options(5);
	assert_int_equal(sip_msg_parse(&m, t, (uint32_t)strlen(t), SIP_STREAM, &err), 0);
	p = msgs_response(r.sip, &m, &to, 200, SPAN(""), MSGS_PLAIN);
	assert_non_null(p);
	conns_respond(r.sip, p, &to, r.now);
	assert_int_equal(fake.e[0].remote.port, 5070);
	hear(&r, 0, &h, "SIP/2.0 200 ");
	assert_int_equal(now_counts(&r, STAT_conn_reopened), 1);
	close_rig(&r);
}

static void cancel_goes_by_the_connection_of_its_invite(void **state)
{
	struct rig r;
	struct heard invite, h;
	open_rig(&r, NULL);
	dp_leg leg = call_by(&r, DP_TCP);
	open_end(&r, 0);
	hear(&r, 0, &invite, "INVITE ");
	say(&r, 0, answer(&invite, 180, "bob1", "", ""));
	rig_event(&r, DP_EV_PROGRESS);
	rig_hangup(&r, leg);
	hear(&r, 0, &h, "CANCEL ");
	say(&r, 0, answer(&h, 200, NULL, "", ""));
	say(&r, 0, answer(&invite, 487, "bob1", "", ""));
	hear(&r, 0, &h, "ACK ");
	rig_ended(&r, DP_END_CANCELED, 487);
	assert_int_equal(r.sip->txns.used, 1); /* Timer D is zero: it ends with the next turn of the wheel */
	rig_run(&r, 10);
	assert_int_equal(r.sip->txns.used, 0);
	close_rig(&r);
}

/* ---- the size of a request */

static dp_leg long_call(struct rig *r, enum dp_size_policy policy)
{
	struct dp_cmd c;
	char big[600];
	bool bad = false;
	uint32_t before = r->n_events;
	int n = snprintf(big, sizeof big, "X-Big: %0500d\r\n", 7);
	rig_fill(&c);
	c.orig.size_policy = (uint8_t)policy;
	c.orig.headers = dp_cmd_text(&c, span_of(big, (uint32_t)n), &bad);
	assert_false(bad);
	sip_command(r->sip, &c, r->now);
	return r->events[before].type == DP_EV_STARTED ? rig_event(r, DP_EV_STARTED)->leg : 0;
}

static void rfc3261_18_1_1_a_long_request_goes_by_tcp_and_then_by_udp(void **state)
{
	struct rig r;
	struct heard h;
	open_rig(&r, NULL);
	assert_int_not_equal(long_call(&r, DP_SIZE_TCP_FIRST), 0);
	hear(&r, 0, &h, "INVITE ");
	assert_true(heard_has(&h, "Via: SIP/2.0/TCP ") && heard_has(&h, ";transport=tcp>"));
	rig_silent(&r);
	leave(&r, 0, STREAM_END_REFUSED);
	rig_hear(&r, &h, "INVITE ");
	assert_true(heard_has(&h, "Via: SIP/2.0/UDP ") && heard_has(&h, ";transport=udp>"));
	assert_int_equal(now_counts(&r, STAT_sip_fell_to_udp), 1);
	rig_run(&r, 600); /* Timer A */
	rig_hear(&r, &h, "INVITE ");
	rig_answer(&r, &h, 200, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(&r, &h, "ACK ");
	assert_true(heard_has(&h, "Via: SIP/2.0/UDP "));
	rig_event(&r, DP_EV_ANSWERED);
	close_rig(&r);
}

static void the_size_policy_may_refuse_or_fragment(void **state)
{
	struct rig r;
	struct heard h;
	open_rig(&r, NULL);
	assert_int_equal(long_call(&r, DP_SIZE_REJECT), 0);
	rig_ended(&r, DP_END_BAD_COMMAND, 0);
	assert_int_not_equal(long_call(&r, DP_SIZE_FRAGMENT), 0);
	rig_hear(&r, &h, "INVITE ");
	assert_int_equal(now_counts(&r, STAT_conn_out), 0);
	close_rig(&r);
}

static void tls_without_tls_is_refused_with_words(void **state)
{
	struct rig r;
	open_rig(&r, NULL);
	assert_int_equal(call_by(&r, DP_TLS), 0);
	rig_ended(&r, DP_END_BAD_COMMAND, 0);
	close_rig(&r);
}

static void no_number_is_left_for_a_connection(void **state)
{
	struct rig r;
	open_rig(&r, NULL);
	for (uint32_t i = 0; i < FAKE_SIZE / 2; i++)
		fake.e[i].used = true;
	assert_int_equal(call_by(&r, DP_TCP), 0);
	rig_ended(&r, DP_END_CAPACITY, 503);
	for (uint32_t i = 0; i < FAKE_SIZE / 2; i++)
		fake.e[i].used = false;
	close_rig(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc3261_18_3_a_message_may_be_split_at_every_offset),
	    cmocka_unit_test(rfc3261_18_3_two_messages_in_one_segment_have_two_answers),
	    cmocka_unit_test(rfc5626_4_4_1_a_double_crlf_is_answered_by_one),
	    cmocka_unit_test(a_byte_a_second_runs_out_of_time),
	    cmocka_unit_test(a_body_that_does_not_come_runs_out_of_time),
	    cmocka_unit_test(framing_errors_are_answered_and_closed),
	    cmocka_unit_test(headers_of_64_kb_end_the_connection),
	    cmocka_unit_test(long_messages_starve_their_pool_and_nothing_else),
	    cmocka_unit_test(connections_of_one_address_are_limited),
	    cmocka_unit_test(a_flood_ends_idle_strangers_before_a_trunk),
	    cmocka_unit_test(an_idle_connection_is_closed),
	    cmocka_unit_test(a_far_side_that_does_not_read_is_reset),
	    cmocka_unit_test(nobodys_address_is_refused),
	    cmocka_unit_test(rfc3261_18_1_1_an_invite_by_tcp_says_so),
	    cmocka_unit_test(rfc3261_17_1_1_2_no_retransmission_by_tcp),
	    cmocka_unit_test(rfc3261_12_2_1_the_dialog_stays_on_its_connection),
	    cmocka_unit_test(rfc3261_18_2_2_a_bye_is_answered_on_the_connection_it_came_by),
	    cmocka_unit_test(a_refused_connection_ends_the_call_with_words),
	    cmocka_unit_test(a_connect_without_answer_runs_out_of_time),
	    cmocka_unit_test(a_reset_in_mid_call_leaves_the_call_up),
	    cmocka_unit_test(a_request_that_crosses_a_close_is_sent_once_more),
	    cmocka_unit_test(rfc3261_18_2_2_a_response_without_its_connection_goes_to_the_via),
	    cmocka_unit_test(cancel_goes_by_the_connection_of_its_invite),
	    cmocka_unit_test(rfc3261_18_1_1_a_long_request_goes_by_tcp_and_then_by_udp),
	    cmocka_unit_test(the_size_policy_may_refuse_or_fragment),
	    cmocka_unit_test(tls_without_tls_is_refused_with_words),
	    cmocka_unit_test(no_number_is_left_for_a_connection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
