/* SPDX-License-Identifier: Apache-2.0 */
/* Format: draft-ietf-opsawg-pcapng. Native byte order, nanoseconds, one interface a queue. */
#include "dataplane/pktio/pcapng.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/api/dp_conf.h"
#include "dataplane/api/dp_ring.h"
#include "dataplane/core/tick.h"
#include "dataplane/pktio/pkt.h"

#define BLOCK_SECTION   0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET    6u
#define OPT_EPB_FLAGS   2
#define OPT_IF_TSRESOL  9
#define NS_PER_S        1000000000ull
#define NAP_NS          5000000 /* the thread looks into the rings this often: no system call on the poll core */

enum direction { INBOUND = 1, OUTBOUND = 2 }; /* of epb_flags */

struct record {
	uint64_t at_ns; /* CLOCK_MONOTONIC */
	uint32_t len, kept;
	uint32_t direction;
	uint8_t bytes[PCAPNG_SNAP];
};

struct tap {
	struct pktio io; /* first: ops get the tap from it */
	struct pktio *inner;
	struct pcapng *file;
	struct dp_ring *ring;
	uint32_t index;
};

struct pcapng {
	FILE *f;
	pthread_t thread;
	atomic_bool stop;
	atomic_uint n_taps;
	atomic_ullong written, lost;
	uint64_t wall_offset; /* CLOCK_REALTIME − CLOCK_MONOTONIC */
	bool failed;          /* the disk refused once: nothing more is written */
	struct tap *taps[DP_WORKERS_MAX];
};

/* ---- the poll core's side ---- */

static void record(struct tap *t, const struct pkt *p, enum direction d, uint64_t now)
{
	struct record *r = dp_ring_claim(t->ring);
	if (!r) {
		atomic_fetch_add_explicit(&t->file->lost, 1, memory_order_relaxed);
		return;
	}
	r->at_ns = now;
	r->len = p->len;
	r->kept = p->len < PCAPNG_SNAP ? p->len : PCAPNG_SNAP;
	r->direction = d;
	memcpy(r->bytes, p->data, r->kept);
	dp_ring_publish(t->ring);
}

static uint32_t tap_rx(struct pktio *io, struct pkt **out, uint32_t n)
{
	struct tap *t = (struct tap *)io;
	uint32_t got = t->inner->ops->rx(t->inner, out, n);
	uint64_t now = got ? tick_ns() : 0;
	for (uint32_t i = 0; i < got; i++)
		record(t, out[i], INBOUND, now);
	return got;
}

/* Only what the device took is recorded; the extra reference keeps it readable until then. */
static uint32_t tap_tx(struct pktio *io, struct pkt **in, uint32_t n)
{
	struct tap *t = (struct tap *)io;
	uint64_t now = tick_ns();
	for (uint32_t i = 0; i < n; i++)
		pkt_ref(in[i]);
	uint32_t sent = t->inner->ops->tx(t->inner, in, n);
	for (uint32_t i = 0; i < sent; i++)
		record(t, in[i], OUTBOUND, now);
	for (uint32_t i = 0; i < n; i++)
		pkt_put(in[i]);
	return sent;
}

static struct pkt *tap_alloc(struct pktio *io)
{
	struct pktio *inner = ((struct tap *)io)->inner;
	return inner->ops->alloc(inner);
}

static void tap_release(struct pktio *io, struct pkt *p)
{
	struct pktio *inner = ((struct tap *)io)->inner;
	inner->ops->release(inner, p);
}

static uint32_t tap_fds(struct pktio *io, int *fds, uint32_t n)
{
	struct pktio *inner = ((struct tap *)io)->inner;
	return inner->ops->fds(inner, fds, n);
}

static uint32_t tap_used(struct pktio *io)
{
	struct pktio *inner = ((struct tap *)io)->inner;
	return inner->ops->pkts_used(inner);
}

static uint32_t tap_size(struct pktio *io)
{
	struct pktio *inner = ((struct tap *)io)->inner;
	return inner->ops->pkts_size(inner);
}

static const struct pktio_ops tap_ops = {
    .rx = tap_rx,
    .tx = tap_tx,
    .alloc = tap_alloc,
    .release = tap_release,
    .fds = tap_fds,
    .pkts_used = tap_used,
    .pkts_size = tap_size,
};

/* ---- the file ---- */

static void put(struct pcapng *c, const void *p, size_t n)
{
	if (!c->failed && n && fwrite(p, n, 1, c->f) != 1)
		c->failed = true;
}

static void put_words(struct pcapng *c, const uint32_t *w, uint32_t n)
{
	put(c, w, n * sizeof *w);
}

static uint32_t option_head(uint16_t code, uint16_t len)
{
	const uint16_t h[2] = {code, len};
	uint32_t w;
	memcpy(&w, h, sizeof w);
	return w;
}

static void put_section(struct pcapng *c)
{
	const uint16_t v[2] = {1, 0}; /* version 1.0 */
	uint32_t w[7] = {BLOCK_SECTION, 28, 0x1a2b3c4d, 0, 0xffffffff, 0xffffffff, 28};
	memcpy(&w[3], v, sizeof v);
	put_words(c, w, 7);
}

static void put_interface(struct pcapng *c)
{
	const uint16_t link[2] = {1, 0}; /* ethernet */
	const uint8_t resolution[4] = {9};
	uint32_t w[8] = {BLOCK_INTERFACE, 32, 0, PCAPNG_SNAP, option_head(OPT_IF_TSRESOL, 1), 0, 0, 32};
	memcpy(&w[2], link, sizeof link);
	memcpy(&w[5], resolution, sizeof resolution);
	put_words(c, w, 8);
}

static void put_record(struct pcapng *c, uint32_t interface, const struct record *r)
{
	static const uint8_t zero[4];
	uint64_t at = r->at_ns + c->wall_offset;
	uint32_t padded = (r->kept + 3) & ~3u, total = 28 + padded + 12 + 4;
	const uint32_t head[7] = {
	    BLOCK_PACKET, total, interface, (uint32_t)(at >> 32), (uint32_t)at, r->kept, r->len};
	const uint32_t tail[4] = {option_head(OPT_EPB_FLAGS, 4), r->direction, 0, total};
	put_words(c, head, 7);
	put(c, r->bytes, r->kept);
	put(c, zero, padded - r->kept);
	put_words(c, tail, 4);
	atomic_fetch_add(c->failed ? &c->lost : &c->written, 1);
}

static bool drain(struct pcapng *c, uint32_t *known)
{
	bool any = false;
	uint32_t n = atomic_load_explicit(&c->n_taps, memory_order_acquire);
	for (; *known < n; ++*known)
		put_interface(c);
	for (uint32_t i = 0; i < n; i++) {
		struct record *r;
		for (uint32_t k = 0; k < PCAPNG_SLOTS && (r = dp_ring_peek(c->taps[i]->ring)); k++) {
			put_record(c, i, r);
			dp_ring_release(c->taps[i]->ring);
			any = true;
		}
	}
	if (any && fflush(c->f))
		c->failed = true;
	return any;
}

static void *writer(void *arg)
{
	struct pcapng *c = arg;
	uint32_t known = 0;
	const struct timespec nap = {.tv_nsec = NAP_NS};
	while (!atomic_load(&c->stop))
		if (!drain(c, &known))
			nanosleep(&nap, NULL);
	while (drain(c, &known))
		;
	return NULL;
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

int pcapng_open(struct pcapng **out, const char *path, char err[256])
{
	struct pcapng *c = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	c->f = fopen(path, "wbe");
	int rc = c->f ? 0 : -errno;
	c->wall_offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	if (!rc) {
		put_section(c);
		rc = -pthread_create(&c->thread, NULL, writer, c);
	}
	if (rc) {
		snprintf(err, 256, "cannot capture to %.160s: %s", path, strerror(-rc));
		if (c->f)
			fclose(c->f);
		free(c);
		return rc;
	}
	*out = c;
	return 0;
}

struct pktio *pcapng_tap(struct pcapng *c, struct pktio *inner)
{
	uint32_t i = atomic_load(&c->n_taps);
	struct tap *t = i < DP_WORKERS_MAX ? calloc(1, sizeof *t) : NULL;
	if (!t)
		return NULL;
	t->ring = dp_ring_new(PCAPNG_SLOTS, sizeof(struct record), -1);
	if (!t->ring) {
		free(t);
		return NULL;
	}
	t->io = *inner;
	t->io.ops = &tap_ops;
	t->inner = inner;
	t->file = c;
	c->taps[i] = t;
	atomic_store_explicit(&c->n_taps, i + 1, memory_order_release);
	return &t->io;
}

uint64_t pcapng_written(const struct pcapng *c)
{
	return atomic_load(&c->written);
}

uint64_t pcapng_lost(const struct pcapng *c)
{
	return atomic_load(&c->lost);
}

void pcapng_close(struct pcapng *c)
{
	if (!c)
		return;
	atomic_store(&c->stop, true);
	pthread_join(c->thread, NULL);
	fclose(c->f);
	for (uint32_t i = 0; i < c->n_taps; i++) {
		dp_ring_free(c->taps[i]->ring);
		free(c->taps[i]);
	}
	free(c);
}
