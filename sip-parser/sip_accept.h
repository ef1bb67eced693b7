/* SPDX-License-Identifier: Apache-2.0 */
/* One element of Accept (RFC 3261 §20.1), or of Accept-Encoding and Accept-Language (§20.2, §20.3): a range and
 * how much it is wanted. An empty Accept is allowed and has no elements. */
#ifndef SIP_ACCEPT_H
#define SIP_ACCEPT_H

#include "sip-parser/sip_shape.h"

/* Accept: type "/" subtype, each may be "*". */
struct sip_accept {
	struct sip_value v;
	uint16_t q; /* thousandths; SIP_Q_ABSENT = not given, which counts as 1000 */
};

/* Accept-Encoding, Accept-Language: a token or "*". */
struct sip_accept_token {
	struct sip_value v;
	uint16_t q;
};

/* -1 with *err_off within s. */
extern const struct sip_shape sip_accept_shape;
[[nodiscard]] int sip_accept_parse(struct sip_accept *to, struct span s, uint32_t *err_off);
extern const struct sip_shape sip_accept_token_shape;
[[nodiscard]] int sip_accept_token_parse(struct sip_accept_token *to, struct span s, uint32_t *err_off);

#endif
