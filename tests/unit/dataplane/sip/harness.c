/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/dataplane/sip/harness.h"

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1}, far_mac[6] = {2, 0, 0, 0, 0, 9};

struct sent {
	struct ip_sock src, dst;
	uint32_t len;
	char text[2048];
};

/* ---- the environment */

static struct dp_event *claim(void *ctx)
{
	struct rig *r = ctx;
	if (!r->ring_room)
		return NULL;
	assert_true(r->n_events < RIG_EVENTS);
	return &r->events[r->n_events];
}

static void publish(void *ctx)
{
	struct rig *r = ctx;
	r->n_events++;
	r->ring_room--;
}

static uint64_t next_random(void *ctx)
{
	struct rig *r = ctx;
	uint64_t z = (r->seed += 0x9e3779b97f4a7c15ull);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static void on_udp(void *ctx, struct udp_in *in, uint64_t now)
{
	struct rig *r = ctx;
	if (in->dst.port == r->conf.sip_port)
		sip_udp_in(r->sip, in, now);
	else
		media_udp_in(r->media, in, now);
}

static void on_udp_error(void *ctx, const struct udp_err *e, uint64_t now)
{
	struct rig *r = ctx;
	sip_udp_error(r->sip, e, now);
}

struct ip_sock rig_sock(const char *ip, uint16_t port)
{
	struct ip_sock s = {.port = port};
	assert_int_equal(ip_addr_parse(&s.a, span_str(ip)), 0);
	return s;
}

static uint32_t either(uint32_t v, uint32_t otherwise)
{
	return v ? v : otherwise;
}

static void conf_fill(struct dp_conf *c, const struct rig_conf *rc)
{
	*c = (struct dp_conf){.workers = rc->workers ? rc->workers : 1,
	    .prefix = 24,
	    .mtu = 1500,
	    .check_l4_sums = true,
	    .sip_port = 5060,
	    .t1_ms = 500,
	    .t2_ms = 4000,
	    .t4_ms = 5000,
	    .user_agent = "Dialplane/test",
	    .rtp_lo = 10000,
	    .rtp_hi = (uint16_t)(10000 + 2 * either(rc->ports, 64) - 1),
	    .rtp_quarantine_ms = 1000,
	    .legs_max = either(rc->legs, 32),
	    .txns_max = either(rc->txns, 128),
	    .pkts_max = either(rc->pkts, 256),
	    .ring_slots = 16,
	    .key = "0123456789abcde"};
	if (rc->stream) {
		c->tcp = DP_TCP_KERNEL;
		c->conns_max = 16;
		c->conns_peer_max = 16;
		c->conn_out_bytes = 65536;
		c->conn_idle_ms = 60000;
		c->conn_setup_ms = c->conn_header_ms = 5000;
		c->tls_port = 5061;
	}
	c->ip = rig_sock("192.0.2.1", 1).a;
	if (rc->serves) {
		c->n_sources = 1;
		c->sources[0] = (struct dp_net){rig_sock("192.0.2.0", 1).a, 24};
	}
	memcpy(c->mac, our_mac, 6);
}

void rig_open(struct rig *r, const struct rig_conf *rc)
{
	static const struct rig_conf PLAIN;
	rc = rc ? rc : &PLAIN;
	struct pktio_mem_conf mem = {.mtu = 1500,
	    .buf_bytes = (uint16_t)either(rc->buf_bytes, 2048),
	    .pkts = either(rc->pkts, 256),
	    .queue = 256};
	struct net_ops ops = {.ctx = r, .udp = on_udp, .udp_error = on_udp_error};
	memset(r, 0, sizeof *r);
	memcpy(mem.mac, our_mac, 6);
	conf_fill(&r->conf, rc);
	r->now = rc->start ? rc->start : 5000 * RIG_MS;
	r->seed = 1;
	r->dead = rc->dead;
	r->ring_room = RIG_EVENTS;
	r->sent = calloc(RIG_SENT, sizeof *r->sent);
	r->io = pktio_mem_new(&mem);
	assert_non_null(r->sent);
	r->wheel = wheel_new(r->now, NULL);
	assert_non_null(r->io);
	assert_non_null(r->wheel);
	assert_int_equal(net_new(&r->net, &r->conf, r->io, r->wheel, &r->stats, &ops, r->now), 0);
	assert_int_equal(media_new(&r->media, &r->conf, 0, r->net, r->wheel, &r->stats), 0);
	struct sip_env env = {.conf = &r->conf,
	    .net = r->net,
	    .media = r->media,
	    .wheel = r->wheel,
	    .stats = &r->stats,
	    .ctx = r,
	    .stream = rc->stream,
	    .event_claim = claim,
	    .event_publish = publish,
	    .random64 = next_random};
	assert_int_equal(sip_new(&r->sip, &env, r->now), 0);
}

void rig_discard(struct rig *r)
{
	net_flush(r->net, r->now);
	sip_free(r->sip);
	media_free(r->media);
	net_free(r->net);
	wheel_free(r->wheel);
	free(r->sent);
	pktio_mem_free(r->io); /* asserts that every packet is back */
}

void rig_settle(struct rig *r)
{
	struct dp_pool_gauge g[DP_POOLS_MAX];
	r->ring_room = RIG_EVENTS;
	sip_turn(r->sip, r->now);
	sip_shutdown(r->sip, r->now);
	rig_run(r, 400 * 1000);
	rig_drain(r);
	uint32_t n = sip_gauges(r->sip, g, DP_POOLS_MAX);
	assert_true(n >= 5);
	for (uint32_t i = 0; i < n; i++)
		if (g[i].used)
			fail_msg("%u of pool %s are still used", g[i].used, g[i].name);
	assert_int_equal(sip_legs_live(r->sip), 0);
	assert_int_equal(table_used(r->sip->servers), 0);
	r->sip->stopping = false;
}

void rig_close(struct rig *r)
{
	rig_settle(r);
	rig_discard(r);
}

/* ---- packets */

static void arrive(struct rig *r, const uint8_t *frame, uint32_t len)
{
	struct pkt *p;
	assert_int_equal(pktio_mem_push(r->io, frame, len), 0);
	if (r->io->ops->rx(r->io, &p, 1) == 1)
		net_input(r->net, p, r->now);
	net_flush(r->net, r->now);
}

void rig_say_from(struct rig *r, const struct ip_sock *src, const void *data, uint32_t len)
{
	uint8_t f[FRAME_MAX];
	struct ip_sock dst = {.a = r->conf.ip, .port = r->conf.sip_port};
	arrive(r, f, frame_udp(f, far_mac, our_mac, src, &dst, data, len));
}

void rig_say(struct rig *r, const char *text)
{
	struct ip_sock src = rig_sock(RIG_PEER, 5080);
	rig_say_from(r, &src, text, (uint32_t)strlen(text));
}

static bool is_arp(const struct rig *r)
{
	return r->frame[12] == 8 && r->frame[13] == 6;
}

static void keep(struct rig *r, uint32_t n)
{
	struct frame_udp u;
	assert_int_equal(frame_read_udp(&u, r->frame, n), 1);
	assert_true(u.len < sizeof r->sent->text);
	assert_true(r->n_sent < RIG_SENT);
	struct sent *s = &r->sent[r->n_sent++];
	*s = (struct sent){.src = u.src, .dst = u.dst, .len = u.len};
	memcpy(s->text, u.payload, u.len);
}

/* Take what the engine sent; answer its ARP requests. */
static void pump(struct rig *r)
{
	uint8_t back[FRAME_MAX];
	net_flush(r->net, r->now);
	for (uint32_t n; (n = pktio_mem_pull(r->io, r->frame, sizeof r->frame));) {
		uint32_t a = 0;
		if (!is_arp(r))
			keep(r, n);
		if (is_arp(r))
			a = r->dead ? 0 : frame_arp_reply(back, r->frame, n, far_mac);
		else if (r->errors)
			a = frame_unreachable(back, r->frame, n);
		if (a)
			arrive(r, back, a);
	}
}

bool rig_next(struct rig *r, struct heard *h)
{
	struct sip_err err;
	pump(r);
	if (r->heard == r->n_sent)
		return false;
	struct sent *s = &r->sent[r->heard++];
	memcpy(h->text, s->text, s->len);
	h->text[s->len] = 0;
	h->len = s->len;
	h->src = s->src;
	h->dst = s->dst;
	if (r->heard == r->n_sent)
		r->heard = r->n_sent = 0;
	bool bad = sip_msg_parse(&h->m, h->text, h->len, SIP_DATAGRAM, &err) || sip_msg_check(&h->m, &err);
	if (bad && !r->hostile)
		fail_msg("we sent a bad message: %s at %u:\n%s", err.reason, err.offset, h->text);
	return true;
}

void rig_hear(struct rig *r, struct heard *h, const char *start)
{
	if (!rig_next(r, h))
		fail_msg("nothing was sent; %s expected", start);
	if (strncmp(h->text, start, strlen(start)) != 0)
		fail_msg("%s expected, this was sent:\n%s", start, h->text);
}

void rig_silent(struct rig *r)
{
	struct heard h;
	if (rig_next(r, &h))
		fail_msg("silence expected, this was sent:\n%s", h.text);
}

uint32_t rig_drain(struct rig *r)
{
	struct heard h;
	uint32_t n = 0;
	while (rig_next(r, &h))
		n++;
	return n;
}

void rig_run(struct rig *r, uint64_t ms)
{
	uint64_t end = r->now + ms * RIG_MS;
	for (;;) {
		uint64_t next = wheel_next(r->wheel);
		if (next == UINT64_MAX || sip_before(end, next))
			break;
		r->now = sip_before(r->now, next) ? next : r->now + RIG_MS;
		wheel_run(r->wheel, r->now);
		pump(r);
	}
	r->now = sip_before(r->now, end) ? end : r->now;
	wheel_run(r->wheel, r->now);
	pump(r);
}

/* ---- what the peer says */

const char *heard_hdr(const struct heard *h, enum sip_hdr_id id)
{
	static char text[8][512];
	static int turn;
	struct span v = sip_msg_val(&h->m, id);
	char *t = text[turn++ & 7];
	assert_true(v.len < 512);
	if (v.len)
		memcpy(t, v.p, v.len);
	t[v.len] = 0;
	return t;
}

bool heard_has(const struct heard *h, const char *text)
{
	return strstr(h->text, text) != NULL;
}

static void put_body(char *out, size_t room, const char *more, const char *body)
{
	bool type = *body && !strstr(more, "Content-Type");
	snprintf(out, room, "%sContent-Length: %zu\r\n\r\n%s",
	    type ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
}

void rig_answer(struct rig *r, const struct heard *req, int status, const char *to_tag, const char *more,
    const char *body)
{
	char t[RIG_MESSAGE];
	int n = snprintf(t, sizeof t,
	    "SIP/2.0 %d Because\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n%s",
	    status, heard_hdr(req, SIP_H_VIA), heard_hdr(req, SIP_H_FROM), heard_hdr(req, SIP_H_TO),
	    to_tag ? ";tag=" : "", to_tag ? to_tag : "", heard_hdr(req, SIP_H_CALL_ID),
	    heard_hdr(req, SIP_H_CSEQ), more);
	put_body(t + n, sizeof t - (size_t)n, more, body);
	rig_say(r, t);
}

void rig_ask_branch(struct rig *r, const struct heard *invite, const char *method, uint32_t cseq,
    const char *from_tag, const char *branch, const char *more, const char *body)
{
	char t[RIG_MESSAGE], target[128];
	const char *contact = heard_hdr(invite, SIP_H_CONTACT);
	assert_int_equal(sscanf(contact, "<%127[^>]>", target), 1);
	int n = snprintf(t, sizeof t,
	    "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5080;branch=%s\r\nMax-Forwards: 70\r\n"
	    "From: %s;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n%s",
	    method, target, branch, heard_hdr(invite, SIP_H_TO), from_tag, heard_hdr(invite, SIP_H_FROM),
	    heard_hdr(invite, SIP_H_CALL_ID), cseq, method, more);
	put_body(t + n, sizeof t - (size_t)n, more, body);
	rig_say(r, t);
}

void rig_ask(struct rig *r, const struct heard *invite, const char *method, uint32_t cseq,
    const char *from_tag, const char *more, const char *body)
{
	char branch[64];
	snprintf(branch, sizeof branch, "z9hG4bKpeer%s%u", method, cseq);
	rig_ask_branch(r, invite, method, cseq, from_tag, branch, more, body);
}

/* ---- commands and events */

void rig_fill(struct dp_cmd *c)
{
	bool bad = false;
	memset(c, 0, sizeof *c);
	c->type = DP_CMD_ORIGINATE;
	c->cookie = 77;
	c->orig.target = rig_sock(RIG_PEER, 5080);
	c->orig.ruri = dp_cmd_text(c, SPAN("sip:bob@example.com;x=1"), &bad);
	c->orig.from_user = dp_cmd_text(c, SPAN("+15550100"), &bad);
	c->orig.call_sid = dp_cmd_text(c, SPAN("CA0123456789abcdef0123456789abcdef"), &bad);
	c->orig.account_sid = dp_cmd_text(c, SPAN("AC0123456789abcdef0123456789abcdef"), &bad);
	c->orig.headers = dp_cmd_text(c, SPAN("X-One: 1\r\nUser-to-User: abc\r\n"), &bad);
	assert_false(bad);
}

dp_leg rig_call(struct rig *r, uint32_t ring_ms)
{
	struct dp_cmd c;
	rig_fill(&c);
	c.orig.ring_timeout_ms = ring_ms;
	uint32_t before = r->n_events;
	sip_command(r->sip, &c, r->now);
	net_flush(r->net, r->now);
	assert_int_equal(r->n_events, before + 1);
	if (r->events[before].type != DP_EV_STARTED)
		return 0;
	return rig_event(r, DP_EV_STARTED)->leg;
}

void rig_hangup(struct rig *r, dp_leg leg)
{
	struct dp_cmd c = {.type = DP_CMD_HANGUP, .leg = leg};
	sip_command(r->sip, &c, r->now);
	net_flush(r->net, r->now);
}

dp_leg rig_up(struct rig *r, struct heard *invite)
{
	struct heard ack;
	dp_leg leg = rig_call(r, 60000);
	assert_int_not_equal(leg, 0);
	rig_hear(r, invite, "INVITE ");
	rig_answer(r, invite, 200, "bob1", RIG_CONTACT, RIG_SDP);
	rig_hear(r, &ack, "ACK ");
	rig_event(r, DP_EV_ANSWERED);
	return leg;
}

struct dp_event *rig_event(struct rig *r, enum dp_ev_type type)
{
	if (r->taken == r->n_events) {
		if (type != DP_EV_NONE)
			fail_msg("no event; %s expected", dp_ev_name(type));
		return NULL;
	}
	struct dp_event *e = &r->events[r->taken++];
	if (type != DP_EV_NONE && e->type != type)
		fail_msg("event %s; %s expected", dp_ev_name((enum dp_ev_type)e->type), dp_ev_name(type));
	return e;
}

void rig_ended(struct rig *r, enum dp_end_cause cause, uint16_t status)
{
	struct dp_event *e = rig_event(r, DP_EV_ENDED);
	assert_string_equal(dp_end_name((enum dp_end_cause)e->cause), dp_end_name(cause));
	assert_int_equal(e->sip_status, status);
	assert_int_equal(e->cookie, 77);
}

void rig_no_event(struct rig *r)
{
	if (r->taken != r->n_events)
		fail_msg("no event expected, but %s", dp_ev_name((enum dp_ev_type)r->events[r->taken].type));
}

uint64_t rig_stat(const struct rig *r, enum stat_id id)
{
	return stat_get(&r->stats, id);
}
