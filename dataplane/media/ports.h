/* SPDX-License-Identifier: Apache-2.0 */
/* Which port pairs are free. Pairs are numbered 0 … n-1, come out in the order they were given back (so a
 * port rests as long as possible), start in random order (so a stranger cannot guess where calls are), and
 * stay out of use for the quarantine time: late packets of the old call must not reach the next one. One
 * thread. */
#ifndef DP_PORTS_H
#define DP_PORTS_H

#include "dataplane/api/dp_conf.h"

#include <stdbool.h>
#include <stdint.h>

#define PORTS_NONE 0xffffffffu

struct ports {
	uint32_t *fifo;    /* n entries, a ring: free pairs, oldest first */
	uint64_t *free_at; /* by pair: when its quarantine ends (ns) */
	uint32_t n, head, count;
	uint32_t fresh; /* entries at the head that were never used: no quarantine to check */
	uint64_t quarantine_ns;
};

#define PORTS_MAX (32768u * (1 + DP_MEDIA_IPS_MAX))

/* n: 1 … PORTS_MAX pairs. -EINVAL, -ENOMEM: nothing is left behind. */
[[nodiscard]] int ports_init(struct ports *p, uint32_t n, uint64_t quarantine_ns, uint64_t seed);
void ports_fini(struct ports *p);
/* PORTS_NONE: none free, or all that are free still rest. */
uint32_t ports_get(struct ports *p, uint64_t now);
/* What the next ports_get will give if nothing is put back before; PORTS_NONE: nothing is free. */
uint32_t ports_next(const struct ports *p);
void ports_put(struct ports *p, uint32_t pair, uint64_t now);
/* Pairs that ports_get would not give at `now`: in use or resting. */
uint32_t ports_busy(const struct ports *p, uint64_t now);

#endif
