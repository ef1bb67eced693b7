/* SPDX-License-Identifier: Apache-2.0 */
/* Content-Type (RFC 3261 §20.15) and Content-Disposition (§20.11, RFC 5621 §8). */
#ifndef SIP_CONTENT_H
#define SIP_CONTENT_H

#include "sip-parser/sip_shape.h"

struct sip_content_type {
	struct sip_value v;   /* value "/" subtype */
	struct span boundary; /* multipart: without its quotes; empty = none */
	struct span charset;  /* without its quotes; empty = none */
};

struct sip_disposition {
	struct sip_value v;   /* session, render, icon, alert, by-reference, … */
	struct span handling; /* optional, required, another token; empty = none, which means required */
	bool optional;        /* a body that is not understood may be passed over */
};

/* -1 with *err_off within s. */
extern const struct sip_shape sip_content_type_shape;
[[nodiscard]] int sip_content_type_parse(struct sip_content_type *to, struct span s, uint32_t *err_off);
extern const struct sip_shape sip_disposition_shape;
[[nodiscard]] int sip_disposition_parse(struct sip_disposition *to, struct span s, uint32_t *err_off);

#endif
