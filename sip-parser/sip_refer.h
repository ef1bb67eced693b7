/* SPDX-License-Identifier: Apache-2.0 */
/* What names another dialog or who asked for it: Replaces (RFC 3891 §6.1), Join (RFC 3911 §7.1), Target-Dialog
 * (RFC 4538 §7) and Referred-By (RFC 3892 §3). Refer-To (RFC 3515 §2.1) is a plain struct sip_addr, whose URI may
 * carry method= and, in its headers, an escaped Replaces. */
#ifndef SIP_REFER_H
#define SIP_REFER_H

#include "sip-parser/sip_shape.h"

/* Replaces and Join. Both tags must be there. */
struct sip_replaces {
	struct sip_value v; /* the Call-ID */
	struct span to_tag, from_tag;
	bool early_only; /* Replaces */
};

/* Both tags must be there. */
struct sip_target_dialog {
	struct sip_value v; /* the Call-ID */
	struct span local_tag, remote_tag;
};

struct sip_referred_by {
	struct sip_addr a;
	struct span cid; /* Content-ID of the token in the body, without its quotes */
};

/* -1 with *err_off within s. */
extern const struct sip_shape sip_replaces_shape;
[[nodiscard]] int sip_replaces_parse(struct sip_replaces *to, struct span s, uint32_t *err_off);
extern const struct sip_shape sip_target_dialog_shape;
[[nodiscard]] int sip_target_dialog_parse(struct sip_target_dialog *to, struct span s, uint32_t *err_off);
extern const struct sip_shape sip_referred_by_shape;
[[nodiscard]] int sip_referred_by_parse(struct sip_referred_by *to, struct span s, uint32_t *err_off);

#endif
