/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/wire.h"

#include "sip-parser/sip_msg.h"
#include "tests/sim/sim.h"

#include <stdlib.h>

static const uint8_t far_mac[6] = {2, 0, 0, 0, 0, 9};

int wire_open(struct wire *w)
{
	w->frames = calloc(WIRE_FRAMES, sizeof *w->frames);
	return w->frames ? 0 : -1;
}

void wire_close(struct wire *w)
{
	free(w->frames);
}

void wire_reset(struct wire *w)
{
	struct wire_frame *frames = w->frames;
	*w = (struct wire){.frames = frames, .n_free = WIRE_FRAMES};
	for (uint16_t i = 0; i < WIRE_FRAMES; i++)
		w->free[i] = i;
}

static bool before(const struct wire *w, uint16_t a, uint16_t b)
{
	const struct wire_frame *x = &w->frames[a], *y = &w->frames[b];
	return x->at != y->at ? x->at < y->at : x->order < y->order;
}

static void swap(struct wire *w, uint32_t i, uint32_t j)
{
	uint16_t t = w->heap[i];
	w->heap[i] = w->heap[j];
	w->heap[j] = t;
}

static void heap_push(struct wire *w, uint16_t f)
{
	uint32_t i = w->n++;
	w->heap[i] = f;
	for (; i && before(w, w->heap[i], w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(w, i, (i - 1) / 2);
}

static uint16_t heap_pop(struct wire *w)
{
	uint16_t top = w->heap[0];
	w->heap[0] = w->heap[--w->n];
	for (uint32_t i = 0;;) {
		uint32_t least = i, l = 2 * i + 1, r = l + 1;
		if (l < w->n && before(w, w->heap[l], w->heap[least]))
			least = l;
		if (r < w->n && before(w, w->heap[r], w->heap[least]))
			least = r;
		if (least == i)
			return top;
		swap(w, i, least);
		i = least;
	}
}

static void put(struct sim *s, bool to_engine, const uint8_t *frame, uint32_t len, uint64_t delay)
{
	struct wire *w = &s->wire;
	if (w->n_free == 0) {
		w->lost++;
		return;
	}
	uint16_t i = w->free[--w->n_free];
	struct wire_frame *f = &w->frames[i];
	f->at = s->t + delay;
	f->order = w->order++;
	f->to_engine = to_engine;
	f->len = len;
	memcpy(f->bytes, frame, len);
	heap_push(w, i);
}

static uint64_t delay(struct sim *s)
{
	uint64_t j = s->world.jitter / SIM_MS;
	return s->world.delay + (j ? sim_ms(s, 0, (uint32_t)j) : 0);
}

static void cross(struct sim *s, bool to_engine, const uint8_t *frame, uint32_t len)
{
	s->wire.sent++;
	if (sim_chance(s, s->world.loss)) {
		s->wire.lost++;
		sim_say(s, "      lost");
		return;
	}
	put(s, to_engine, frame, len, delay(s));
	if (sim_chance(s, s->world.dup)) {
		s->wire.doubled++;
		put(s, to_engine, frame, len, delay(s));
	}
}

static void trace(
    const struct sim *s, const char *dir, const struct ip_sock *far, const uint8_t *p, uint32_t len)
{
	uint32_t line = 0;
	if (!s->verbose)
		return;
	while (line < len && line < 100 && p[line] != '\r')
		line++;
	if (len && p[0] < 0x80 && p[0] > 0x20)
		sim_say(s, "%s .%u:%u %.*s", dir, far->a.b[3], far->port, (int)line, (const char *)p);
	else
		sim_say(s, "%s .%u:%u RTP %u bytes", dir, far->a.b[3], far->port, len);
}

void wire_send(
    struct sim *s, const struct ip_sock *src, const struct ip_sock *dst, const void *data, uint32_t len)
{
	uint8_t f[FRAME_MAX];
	trace(s, "<-", src, data, len);
	cross(s, true, f, frame_udp(f, far_mac, s->conf.mac, src, dst, data, len));
}

static struct callee *callee_at(struct sim *s, const uint8_t ip[4])
{
	for (uint32_t i = 0; i < s->n_callees; i++) {
		if (memcmp(s->callees[i].sip.a.b, ip, 4) == 0)
			return &s->callees[i];
	}
	return NULL;
}

/* ARP is quick and never lost; a dead host does not answer. */
static bool arp(struct sim *s, const uint8_t *frame, uint32_t len)
{
	uint8_t answer[FRAME_MAX];
	if (frame[12] != 8 || frame[13] != 6)
		return false;
	const struct callee *c = callee_at(s, frame + 38);
	uint32_t n = frame_arp_reply(answer, frame, len, far_mac);
	bool alive = c ? c->kind != CALLEE_DEAD : frame[41] == STRANGER_HOST || caller_host(frame + 38);
	if (n && alive)
		put(s, true, answer, n, SIM_MS / 10);
	return true;
}

/* What the engine sends must be right, whatever it is told. */
static void check_sip(struct sim *s, const struct frame_udp *u)
{
	static struct sip_msg m;
	struct sip_err e;
	if (sip_msg_parse(&m, (const char *)u->payload, u->len, SIP_DATAGRAM, &e) || sip_msg_check(&m, &e))
		sim_fail(s, "the engine sent a bad message: %s", e.reason);
}

static void from_engine(struct sim *s, const uint8_t *frame, uint32_t len)
{
	struct frame_udp u;
	if (arp(s, frame, len))
		return;
	int rc = frame_read_udp(&u, frame, len);
	if (rc < 0)
		sim_fail(s, "the engine sent a frame with wrong lengths or checksums");
	if (rc <= 0)
		return;
	trace(s, "->", &u.dst, u.payload, u.len);
	if (u.dst.a.b[3] == STRANGER_HOST && s->world.noise) {
		stranger_in(s, &u);
		return;
	}
	if (u.src.port == s->conf.sip_port)
		check_sip(s, &u);
	if (!callee_at(s, u.dst.a.b) && !caller_host(u.dst.a.b))
		sim_fail(s, "the engine sent to an address nobody gave it");
	cross(s, false, frame, len);
}

uint32_t wire_collect(struct sim *s)
{
	uint8_t f[FRAME_MAX];
	uint32_t n = 0;
	for (uint32_t len; (len = pktio_mem_pull(s->io, f, sizeof f)); n++)
		from_engine(s, f, len);
	return n;
}

static void to_callee(struct sim *s, const struct wire_frame *f)
{
	uint8_t icmp[FRAME_MAX];
	struct frame_udp u;
	if (frame_read_udp(&u, f->bytes, f->len) != 1)
		return;
	struct callee *c = callee_at(s, u.dst.a.b);
	if (!c && caller_host(u.dst.a.b))
		caller_in(s, &u);
	if (!c)
		return;
	if (c->kind == CALLEE_UNREACHABLE)
		put(s, true, icmp, frame_unreachable(icmp, f->bytes, f->len), delay(s));
	else
		callee_in(s, c, &u);
}

uint32_t wire_deliver(struct sim *s)
{
	struct wire *w = &s->wire;
	uint32_t done = 0;
	while (w->n && w->frames[w->heap[0]].at <= s->t) {
		uint16_t i = heap_pop(w);
		const struct wire_frame *f = &w->frames[i];
		if (!f->to_engine)
			to_callee(s, f);
		else if (pktio_mem_push(s->io, f->bytes, f->len) != 0)
			w->lost++;
		w->free[w->n_free++] = i;
		done++;
	}
	return done;
}

uint64_t wire_next(const struct sim *s)
{
	return s->wire.n ? s->wire.frames[s->wire.heap[0]].at : SIM_NEVER;
}
