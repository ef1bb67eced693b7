/* SPDX-License-Identifier: Apache-2.0 */
/* One element of Reason (RFC 3326 §2; `location` is RFC 8606's). */
#ifndef SIP_REASON_H
#define SIP_REASON_H

#include "sip-parser/sip_shape.h"

struct sip_reason {
	struct sip_value v;   /* protocol: SIP, Q.850, another token */
	uint32_t cause;       /* SIP_ABSENT = not given */
	struct span text;     /* without its quotes */
	struct span location; /* Q.850: U, LPN, TN, … */
};

/* -1 with *err_off within s. */
extern const struct sip_shape sip_reason_shape;
[[nodiscard]] int sip_reason_parse(struct sip_reason *to, struct span s, uint32_t *err_off);

#endif
