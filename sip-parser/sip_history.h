/* SPDX-License-Identifier: Apache-2.0 */
/* One element of History-Info (RFC 7044 §5.1) or Diversion (RFC 5806 §4). */
#ifndef SIP_HISTORY_H
#define SIP_HISTORY_H

#include "sip-parser/sip_shape.h"

/* Indexes are digits with dots between them ("1.2.1"). A Reason or Privacy of the entry is in the headers of
 * its URI. */
struct sip_history {
	struct sip_addr a;
	struct span index; /* empty = not given: RFC 7044 wants it, RFC 4244 had peers that left it out */
	struct span rc, mp, np; /* the index this one was made from, by the way it was made */
};

struct sip_diversion {
	struct sip_addr a;
	struct span reason;      /* user-busy, no-answer, unconditional, …, without its quotes */
	uint32_t counter, limit; /* SIP_ABSENT = not given */
	struct span privacy, screen;
};

/* -1 with *err_off within s. */
extern const struct sip_shape sip_history_shape;
[[nodiscard]] int sip_history_parse(struct sip_history *to, struct span s, uint32_t *err_off);
extern const struct sip_shape sip_diversion_shape;
[[nodiscard]] int sip_diversion_parse(struct sip_diversion *to, struct span s, uint32_t *err_off);

#endif
