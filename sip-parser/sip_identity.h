/* SPDX-License-Identifier: Apache-2.0 */
/* One element of Identity (RFC 8224 §4): its syntax. Nothing is verified. */
#ifndef SIP_IDENTITY_H
#define SIP_IDENTITY_H

#include "sip-parser/sip_shape.h"

struct sip_identity {
	struct sip_value v; /* the signed digest: a PASSporT, in full or compact form ("..signature") */
	struct span info;   /* URI of the certificate, without its brackets */
	struct span alg;    /* "ES256" */
	struct span ppt;    /* "shaken", "div", … without its quotes */
};

/* -1 with *err_off within s. `info` may be missing only behind a quoted digest, as RFC 4474 had it. */
extern const struct sip_shape sip_identity_shape;
[[nodiscard]] int sip_identity_parse(struct sip_identity *to, struct span s, uint32_t *err_off);

#endif
