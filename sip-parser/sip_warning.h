/* SPDX-License-Identifier: Apache-2.0 */
/* One element of Warning (RFC 3261 §20.43): warn-code SP warn-agent SP warn-text. */
#ifndef SIP_WARNING_H
#define SIP_WARNING_H

#include "sip-parser/base/span.h"

struct sip_warning {
	uint16_t code;     /* three digits */
	struct span agent; /* hostport or pseudonym as written */
	struct span text;  /* without its quotes, escapes left as written */
};

/* -1 with *err_off within s. */
[[nodiscard]] int sip_warning_parse(struct sip_warning *w, struct span s, uint32_t *err_off);

#endif
