/* SPDX-License-Identifier: Apache-2.0 */
/* One element of Contact with what a registrar reads from it: q and expires (RFC 3261 §20.10), the instance and
 * flow of RFC 5626 §4, the GRUUs of RFC 5627 §5 and the methods of RFC 3840. For routing alone sip_addr_parse is
 * enough. */
#ifndef SIP_CONTACT_H
#define SIP_CONTACT_H

#include "sip-parser/sip_shape.h"

#define SIP_CONTACT_EXPIRES_DEFAULT 3600

struct sip_contact {
	struct sip_addr a;
	uint16_t q; /* thousandths; SIP_Q_ABSENT = not given */
	struct span expires_text;
	uint32_t expires;     /* seconds; SIP_ABSENT = not given; a malformed one is 3600 (§20.10) */
	struct span instance; /* "<urn:uuid:…>" with its brackets, without its quotes */
	uint32_t reg_id;      /* SIP_ABSENT = not given */
	struct span pub_gruu, temp_gruu, methods;
};

/* -1 with *err_off within s. */
extern const struct sip_shape sip_contact_shape;
[[nodiscard]] int sip_contact_parse(struct sip_contact *to, struct span s, uint32_t *err_off);

#endif
