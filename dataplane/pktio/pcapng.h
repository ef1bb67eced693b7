/* SPDX-License-Identifier: Apache-2.0 */
/* Capture: what a pktio receives and sends, into a pcapng file. The poll core copies each frame into a ring
 * and goes on; a thread of ours writes the file. When the ring or the disk is full, frames are missing from
 * the file and counted, the engine never waits.
 *
 * open and close: main thread. A tapped pktio belongs to the worker whose queue it wraps. */
#ifndef DP_PCAPNG_H
#define DP_PCAPNG_H

#include <stdint.h>

#include "dataplane/pktio/pktio.h"

struct pcapng;

#define PCAPNG_SNAP  4032u /* bytes kept of one frame */
#define PCAPNG_SLOTS 1024u /* frames that may wait, per tapped queue */

/* Create (or empty) the file and start the thread. -errno with a sentence in err. */
[[nodiscard]] int pcapng_open(struct pcapng **out, const char *path, char err[256]);
/* A pktio that does what `inner` does and records it; valid until pcapng_close. NULL: no memory, or more than
 * DP_WORKERS_MAX. Each is an interface of its own in the file, in the order of these calls. */
struct pktio *pcapng_tap(struct pcapng *c, struct pktio *inner);
uint64_t pcapng_written(const struct pcapng *c); /* frames, any thread */
uint64_t pcapng_lost(const struct pcapng *c);    /* frames, any thread */
/* Write what waits and close. Workers must be off their tapped queues. NULL is allowed. */
void pcapng_close(struct pcapng *c);

#endif
