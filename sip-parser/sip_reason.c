/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_reason.h"

static const struct sip_field reason_fields[] = {
    SIP_FIELD(struct sip_reason, cause, "cause", NUMBER),
    SIP_FIELD(struct sip_reason, text, "text", TEXT),
    SIP_FIELD(struct sip_reason, location, "location", TOKEN),
};

const struct sip_shape sip_reason_shape = SIP_SHAPE(struct sip_reason, TOKEN, reason_fields, NULL);

int sip_reason_parse(struct sip_reason *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_reason_shape, to, s, err_off);
}
