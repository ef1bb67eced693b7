/* SPDX-License-Identifier: Apache-2.0 */
/* P-Access-Network-Info and P-Charging-Vector (RFC 7315 §5.4, §5.6), P-Served-User (RFC 5502 §6). The other
 * P- headers are an address, a token or a bare value: sip_typed.h names the shape of each. */
#ifndef SIP_IMS_H
#define SIP_IMS_H

#include "sip-parser/sip_shape.h"

struct sip_access_network {
	struct sip_value v;  /* access type: 3GPP-E-UTRAN-FDD, IEEE-802.11, … */
	struct span cell_id; /* utran-cell-id-3gpp without its quotes */
	bool network_provided;
};

struct sip_charging_vector {
	struct sip_value v;
	struct span icid_value; /* must be there */
	struct span icid_generated_at, orig_ioi, term_ioi;
};

struct sip_served_user {
	struct sip_addr a;
	struct span sescase, regstate;
};

/* -1 with *err_off within s. */
extern const struct sip_shape sip_access_network_shape;
[[nodiscard]] int sip_access_network_parse(struct sip_access_network *to, struct span s, uint32_t *err_off);
extern const struct sip_shape sip_charging_vector_shape;
[[nodiscard]] int sip_charging_vector_parse(struct sip_charging_vector *to, struct span s, uint32_t *err_off);
extern const struct sip_shape sip_served_user_shape;
[[nodiscard]] int sip_served_user_parse(struct sip_served_user *to, struct span s, uint32_t *err_off);

#endif
