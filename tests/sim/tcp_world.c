/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/tcp_world.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/net/tcp_key.h"
#include "dataplane/net/wire.h"

#define ROOM 2048u

#define MUST(rule)                                                                                           \
	do {                                                                                                 \
		if (!(rule)) {                                                                               \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #rule);             \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

static void *must_have(void *p)
{
	MUST(p);
	return p;
}

/* xorshift64* */
uint32_t tw_draw(struct tw *w, uint32_t n)
{
	w->rng ^= w->rng >> 12;
	w->rng ^= w->rng << 25;
	w->rng ^= w->rng >> 27;
	return (uint32_t)((w->rng * 2685821657736338717ull) >> 33) % n;
}

/* ---- packets ---- */

static struct pkt *make(struct tw_host *h, uint32_t room)
{
	uint8_t *buf = must_have(malloc(PKT_HEADROOM + room));
	struct pkt *p = must_have(malloc(sizeof *p));
	pkt_reset(p, &h->io, buf, room);
	h->pkts++;
	return p;
}

static void release(struct pktio *io, struct pkt *p)
{
	struct tw_host *h = (void *)((char *)io - offsetof(struct tw_host, io));
	free(p->buf0);
	free(p);
	h->pkts--;
}

static const struct pktio_ops io_ops = {.release = release};

static struct pkt *tw_alloc(void *ctx)
{
	struct tw_host *h = ctx;
	struct tw *w = h->world;
	if (w->wire.no_pkt && tw_draw(w, 10000) < w->wire.no_pkt)
		return NULL;
	return make(h, ROOM);
}

/* ---- the wire: a heap by time ---- */

static bool before(const struct tw_frame *a, const struct tw_frame *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void heap_up(struct tw *w, uint32_t i)
{
	struct tw_frame f = w->heap[i];
	for (; i && before(&f, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = f;
}

static void heap_down(struct tw *w)
{
	struct tw_frame f = w->heap[w->n];
	uint32_t i = 0, k;
	for (; (k = 2 * i + 1) < w->n; i = k) {
		if (k + 1 < w->n && before(&w->heap[k + 1], &w->heap[k]))
			k++;
		if (!before(&w->heap[k], &f))
			break;
		w->heap[i] = w->heap[k];
	}
	w->heap[i] = f;
}

static void carry(struct tw *w, int to, const uint8_t *seg, uint32_t len, bool df)
{
	if (w->n == w->cap) {
		w->cap = w->cap ? 2 * w->cap : 256;
		w->heap = must_have(realloc(w->heap, w->cap * sizeof *w->heap));
	}
	uint64_t late = w->wire.jitter_ns ? tw_draw(w, (uint32_t)w->wire.jitter_ns) : 0;
	struct tw_frame f = {
	    .at = w->now + w->wire.delay_ns + late, .order = w->order++, .to = to, .len = len, .df = df};
	f.b = must_have(malloc(len));
	memcpy(f.b, seg, len);
	w->heap[w->n++] = f;
	heap_up(w, w->n - 1);
}

/* A router on the path has a smaller MTU (RFC 1191). */
static bool too_big(struct tw *w, int from, const uint8_t *seg, uint32_t len, bool df)
{
	if (!w->wire.path_mtu || !df || len + 20 <= w->wire.path_mtu)
		return false;
	struct tcp_unreachable u = {
	    .local = TW_IP(from), .remote = TW_IP(!from), .too_big = true, .mtu = (uint16_t)w->wire.path_mtu};
	memcpy(u.quote, seg, sizeof u.quote);
	if (w->host[from].tcp)
		(void)tcp_icmp(w->host[from].tcp, &u, w->now);
	return true;
}

void tw_send(struct tw *w, int from, const uint8_t *seg, uint32_t len, bool df)
{
	w->carried++;
	if (too_big(w, from, seg, len, df) || (w->watch && !w->watch(w, from, seg, len)) ||
	    tw_draw(w, 10000) < w->wire.loss) {
		w->lost++;
		return;
	}
	carry(w, !from, seg, len, df);
	if (tw_draw(w, 10000) < w->wire.dup)
		carry(w, !from, seg, len, df);
}

static void output(void *ctx, struct pkt *p, const struct tcp_key *key, bool df, uint64_t now)
{
	struct tw_host *h = ctx;
	struct ip_addr me = TW_IP(h->side), other = TW_IP(!h->side);
	struct ip_addr src = tcp_key_local(key), dst = tcp_key_remote(key);
	MUST(ip_addr_eq(&src, &me) && ip_addr_eq(&dst, &other) && p->len >= 20 && p->data >= p->buf0 + 64);
	tw_send(h->world, h->side, p->data, p->len, df);
	pkt_put(p);
}

/* ---- life ---- */

void tw_init(struct tw *w, uint64_t seed, const struct tw_wire *wire)
{
	memset(w, 0, sizeof *w);
	w->rng = seed * 0x9e3779b97f4a7c15ull | 1;
	w->now = 1000000000ull;
	w->wire = *wire;
	for (int i = 0; i < 2; i++) {
		struct tw_host *h = &w->host[i];
		h->world = w;
		h->side = i;
		h->io.ops = &io_ops;
		h->wheel = must_have(wheel_new(w->now, h));
	}
}

void tw_tcp(struct tw *w, int side, const struct tcp_conf *conf, const struct tcp_ops *ops)
{
	struct tw_host *h = &w->host[side];
	struct tcp_ops o = *ops;
	o.ctx = h;
	o.alloc = tw_alloc;
	o.output = output;
	MUST(tcp_new(&h->tcp, conf, &o, h->wheel, &h->stats, w->now) == 0);
}

void tw_fini(struct tw *w)
{
	for (int i = 0; i < 2; i++) {
		tcp_free(w->host[i].tcp);
		wheel_free(w->host[i].wheel);
		MUST(w->host[i].pkts == 0);
	}
	for (uint32_t i = 0; i < w->n; i++)
		free(w->heap[i].b);
	free(w->heap);
}

/* ---- time ---- */

void tw_flush(struct tw *w)
{
	for (int i = 0; i < 2; i++)
		if (w->host[i].tcp)
			tcp_flush(w->host[i].tcp, w->now);
}

void tw_arrive(struct tw *w, int to, const uint8_t *seg, uint32_t len)
{
	struct tw_host *h = &w->host[to];
	struct ip_addr src = TW_IP(!to), dst = TW_IP(to);
	if (!h->tcp) {
		h->input(h, seg, len, w->now);
		return;
	}
	struct pkt *p = make(h, len);
	memcpy(p->data, seg, len);
	p->len = len;
	tcp_input(h->tcp, p, &src, &dst, true, w->now);
}

bool tw_step(struct tw *w, uint64_t until)
{
	uint64_t at = w->n ? w->heap[0].at : UINT64_MAX;
	for (int i = 0; i < 2; i++) {
		uint64_t t = wheel_next(w->host[i].wheel);
		at = t < at ? t : at;
	}
	if (at > until) {
		w->now = until;
		return false;
	}
	w->now = at > w->now ? at : w->now;
	while (w->n && w->heap[0].at <= w->now) {
		struct tw_frame f = w->heap[0];
		w->n--;
		if (w->n)
			heap_down(w);
		tw_arrive(w, f.to, f.b, f.len);
		free(f.b);
	}
	for (int i = 0; i < 2; i++)
		(void)wheel_run(w->host[i].wheel, w->now);
	tw_flush(w);
	return true;
}
