/* SPDX-License-Identifier: Apache-2.0 */
/* One engine, a bad network, callees and a control, all on virtual time and all decided by one seed. */
#ifndef SIM_H
#define SIM_H

#include "dataplane/pktio/pktio_mem.h"
#include "dataplane/worker.h"
#include "tests/sim/callee.h"
#include "tests/sim/caller.h"
#include "tests/sim/control.h"
#include "tests/sim/stranger.h"
#include "tests/sim/wire.h"

#ifndef SIM_CALLS
#define SIM_CALLS 2
#endif
#define SIM_CALLEES (2 * SIM_CALLS)
#define SIM_MS      1000000ull
#define SIM_S       1000000000ull
#define SIM_NEVER   UINT64_MAX

/* What kind of world the seed drew. */
struct sim_world {
	uint32_t loss, dup;     /* per mille of packets, each way */
	uint64_t delay, jitter; /* ns; jitter reorders */
	uint32_t ring_slots, legs_max, txns_max, pkts;
	uint64_t drain_every; /* control looks at its events this often; 0 = at once */
	bool noise;           /* a stranger is there */
	uint64_t stop_at;     /* orderly stop of the engine; SIM_NEVER */
	bool jams;            /* the device takes nothing for a while */
	uint64_t jam_from, jam_until;
};

struct sim {
	uint64_t seed, rng;
	bool verbose, failed;
	char why[256];
	uint64_t t;     /* virtual ns since the start */
	uint64_t start; /* what the engine's clock said then */
	struct sim_world world;
	struct dp_conf conf;
	struct pktio *io;
	struct dp_ring *cmds, *events;
	struct worker *w;
	struct wire wire;
	uint32_t n_callees;
	struct callee callees[SIM_CALLEES];
	struct caller callers[SIM_CALLERS];
	struct control control;
	struct stranger stranger;
	bool stopping;
};

/* Nothing in the world itself keeps a call from going well. */
static inline bool sim_calm(const struct sim_world *w)
{
	return !w->loss && !w->dup && !w->jitter && w->pkts > 64 && w->txns_max >= 64 &&
	       w->stop_at == SIM_NEVER && w->jam_from == SIM_NEVER;
}

/* The first one counts. */
__attribute__((format(printf, 2, 3))) void sim_fail(struct sim *s, const char *fmt, ...);
/* Printed with --verbose, with the virtual time in front. */
__attribute__((format(printf, 2, 3))) void sim_say(const struct sim *s, const char *fmt, ...);

uint32_t sim_rand(struct sim *s, uint32_t n); /* 0 … n-1 */
static inline bool sim_chance(struct sim *s, uint32_t per_mille)
{
	return sim_rand(s, 1000) < per_mille;
}
/* lo … hi milliseconds, in ns */
static inline uint64_t sim_ms(struct sim *s, uint32_t lo, uint32_t hi)
{
	return SIM_MS * (lo + sim_rand(s, hi - lo + 1));
}

#endif
