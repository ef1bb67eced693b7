/* SPDX-License-Identifier: Apache-2.0 */
/* The one file of the dataplane that reads a clock: TSC cycles and their translation to CLOCK_MONOTONIC ns.
 */
#ifndef DP_TICK_H
#define DP_TICK_H

#include <stdint.h>

void tick_init(void); /* calibrates TSC against CLOCK_MONOTONIC (≈ 20 ms); once, before workers start */
uint64_t tick_cycles(void);
uint64_t tick_ns(void); /* now, CLOCK_MONOTONIC ns, from the TSC */
uint64_t tick_cycles_hz(void);

#endif
