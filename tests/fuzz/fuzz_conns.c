/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes on a connection: however they are cut into pieces, what is written back is the same and the connection ends the
 * same way; afterwards nothing is held. The first byte of an input says how to cut, the rest is the stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/net/stream.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/dataplane/sip/harness.h"

#define SIZE  64u
#define OUT   (1u << 20)
#define WHOLE 2016u

struct end {
	bool closed;
	uint32_t len;
	char out[OUT];
};

static struct rig rig;
static struct end ends[2];
static struct end *cur;

static uint32_t no_connect(struct stream *s, const struct ip_sock *to, uint64_t now)
{
	return STREAM_NONE;
}

static bool write_out(struct stream *s, uint32_t id, const void *p, uint32_t n, uint64_t now)
{
	if (cur->len + n > OUT)
		return false;
	memcpy(cur->out + cur->len, p, n);
	cur->len += n;
	return true;
}

static uint32_t none_unsent(const struct stream *s, uint32_t id)
{
	return 0;
}

static void close_it(struct stream *s, uint32_t id, bool abort, uint64_t now)
{
	cur->closed = true;
}

static uint32_t no_turn(struct stream *s, uint64_t now)
{
	return 0;
}

static const struct stream_ops OPS = {
    .connect = no_connect, .write = write_out, .unsent = none_unsent, .close = close_it, .turn = no_turn};
static struct stream stream = {.ops = &OPS, .size = SIZE};

static void open_once(void)
{
	static bool ready;
	if (ready)
		return;
	ready = true;
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	rig_open(&rig, &(struct rig_conf){.stream = &stream});
	rig.hostile = true;
}

/* cut 0: pieces as large as a ring's slot; else pseudo-random ones. */
static void run(struct end *e, const uint8_t *p, size_t n, uint8_t cut)
{
	const struct ip_sock from = {.a = {4, {192, 0, 2, 9}}, .port = 40000};
	uint32_t x = cut * 2654435761u | 1;
	cur = e;
	e->closed = false;
	e->len = 0;
	MUST(stream.user.accepted(stream.user.ctx, 40, &from, rig.conf.sip_port, rig.now));
	for (size_t at = 0; at < n && !e->closed;) {
		x = x * 1664525u + 1013904223u;
		size_t k = cut ? 1 + (x >> 16) % (cut < 128 ? 7 : 300) : WHOLE;
		k = k < n - at ? k : n - at;
		stream.user.bytes(stream.user.ctx, 40, p + at, (uint32_t)k, rig.now);
		at += k;
	}
	stream.user.closed(stream.user.ctx, 40, e->closed ? STREAM_END_LOCAL : STREAM_END_FIN, rig.now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dp_pool_gauge g[DP_POOLS_MAX];
	if (size < 2 || size > 200000)
		return 0;
	open_once();
	run(&ends[0], data + 1, size - 1, 0);
	run(&ends[1], data + 1, size - 1, data[0] | 1);
	MUST(ends[0].closed == ends[1].closed);
	MUST(ends[0].len == ends[1].len && memcmp(ends[0].out, ends[1].out, ends[0].len) == 0);
	rig_run(&rig, 70000);
	rig_drain(&rig);
	uint32_t n = sip_gauges(rig.sip, g, DP_POOLS_MAX);
	for (uint32_t i = 0; i < n; i++)
		MUST(g[i].used == 0);
	return 0;
}
