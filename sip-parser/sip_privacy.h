/* SPDX-License-Identifier: Apache-2.0 */
/* Privacy (RFC 3323 §4.2, RFC 3325 §9.3, RFC 7044) and one element of Remote-Party-ID
 * (draft-ietf-sip-privacy-04). P-Asserted-Identity and P-Preferred-Identity (RFC 3325) are plain struct sip_addr. */
#ifndef SIP_PRIVACY_H
#define SIP_PRIVACY_H

#include "sip-parser/sip_shape.h"

/* priv-value *( ";" priv-value ): which are there. Others stay in .v.params. */
struct sip_privacy {
	struct sip_value v;
	bool id, user, header, session, none, critical, history;
};

struct sip_rpid {
	struct sip_addr a;
	struct span party;   /* calling, called, … */
	struct span id_type; /* subscriber, user, term, … */
	struct span privacy; /* full, name, uri, off, … with a comma list in quotes */
	struct span screen;  /* yes, no */
};

/* -1 with *err_off within s. */
extern const struct sip_shape sip_privacy_shape;
[[nodiscard]] int sip_privacy_parse(struct sip_privacy *to, struct span s, uint32_t *err_off);
extern const struct sip_shape sip_rpid_shape;
[[nodiscard]] int sip_rpid_parse(struct sip_rpid *to, struct span s, uint32_t *err_off);

#endif
