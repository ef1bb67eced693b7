/* SPDX-License-Identifier: Apache-2.0 */
/* The vector code behind sip_msg_parse and sip_msg_core, inside the library only.
 *
 * There is one reference, byte by byte: sip_msg_parse_plain, sip_msg_check_plain and the typed decoders. A variant
 * takes the shapes nearly every message has and gives exactly the reference's result for them; of anything else (a
 * fold, an odd space, an escape, any error) it says "unusual" and the reference decides. So no variant ever refuses a
 * message, and hostile input costs at most the fast pass more than the reference alone: both are linear.
 *
 * No variant reads outside the bytes it was given. */
#ifndef SIP_FAST_H
#define SIP_FAST_H

#include <stdatomic.h>

#include "sip-parser/sip_core.h"
#include "sip-parser/sip_msg.h"

struct sip_fast {
	const char *name; /* "avx512", "avx2", "sse42", "neon", "scalar" */
	/* True: *m is what sip_msg_parse_plain would make of it without an error, and marked. False: unusual. */
	bool (*index)(struct sip_msg *m, const char *buf, uint32_t len, enum sip_framing framing);
	/* m is marked. True: sip_msg_check_plain accepts it, m->method is set and *c filled as sip_core_plain does. */
	bool (*core)(struct sip_msg *m, struct sip_core *c);
};

/* The variant for this CPU, found once; or the one forced. Any thread: the pointer is atomic, and threads that race to
 * find it find the same. */
extern _Atomic(const struct sip_fast *) sip_fast_chosen;
const struct sip_fast *sip_fast_find(void);

static inline const struct sip_fast *sip_fast(void)
{
	const struct sip_fast *f = atomic_load_explicit(&sip_fast_chosen, memory_order_relaxed);
	return __builtin_expect(f != NULL, 1) ? f : sip_fast_find();
}

/* The i-th variant this CPU can run, from the best to scalar; NULL behind the last. */
const struct sip_fast *sip_fast_at(unsigned int i);

/* For tests and comparisons: use this one from now on; NULL finds it anew. */
void sip_fast_force(const struct sip_fast *f);

/* The references. */
[[nodiscard]] int sip_msg_parse_plain(
    struct sip_msg *m, const char *buf, uint32_t len, enum sip_framing framing, struct sip_err *err);
[[nodiscard]] int sip_msg_check_plain(struct sip_msg *m, struct sip_err *err);
/* Fill *c of a message that sip_msg_check_plain accepted. */
void sip_core_plain(const struct sip_msg *m, struct sip_core *c);

/* One element by the reference into the core's form; false: malformed. */
bool sip_core_via_plain(const struct sip_msg *m, struct span elem, struct sip_core_via *v);
bool sip_core_addr_plain(const struct sip_msg *m, struct span elem, struct sip_core_addr *a);
bool sip_core_uri_plain(const struct sip_msg *m, struct span text, struct sip_core_uri *u);

/* A Content-Type value. */
bool sip_media_type_ok(struct span s);

#endif
