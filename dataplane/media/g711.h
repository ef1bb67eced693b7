/* SPDX-License-Identifier: Apache-2.0 */
/* G.711 from one law to the other, sample by sample through a table. Any thread after g711_fill. */
#ifndef DP_G711_H
#define DP_G711_H

#include <stdint.h>

enum { G711_PCMU = 0, G711_PCMA = 8 }; /* RFC 3551 payload types */

/* Fills the tables from spandsp's functions. Called at start by media_new; again changes nothing. */
void g711_fill(void);
/* The table that turns payload type `from` into `to`; NULL when they are the same or not G.711. */
const uint8_t *g711_table(uint8_t from, uint8_t to);

static inline void g711_apply(const uint8_t table[256], uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		p[i] = table[p[i]];
}

#endif
