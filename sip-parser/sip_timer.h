/* SPDX-License-Identifier: Apache-2.0 */
/* Session-Expires and Min-SE (RFC 4028 §4, §5), Retry-After (RFC 3261 §20.33). Min-SE is read with
 * sip_value_parse(…, SIP_HEAD_NUMBER, …): it has no parameters of its own. */
#ifndef SIP_TIMER_H
#define SIP_TIMER_H

#include "sip-parser/sip_shape.h"

struct sip_session_expires {
	struct sip_value v; /* .number: seconds */
	struct span refresher;
	bool by_uac, by_uas; /* which of the two refresher says; neither when it is not given */
};

struct sip_retry_after {
	struct sip_value v; /* .number: seconds; .comment */
	uint32_t duration;  /* seconds the callee will be there; SIP_ABSENT = not given */
};

/* -1 with *err_off within s. A refresher other than uac and uas is malformed. */
extern const struct sip_shape sip_session_expires_shape;
[[nodiscard]] int sip_session_expires_parse(struct sip_session_expires *to, struct span s, uint32_t *err_off);
extern const struct sip_shape sip_retry_after_shape;
[[nodiscard]] int sip_retry_after_parse(struct sip_retry_after *to, struct span s, uint32_t *err_off);

#endif
