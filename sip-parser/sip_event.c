/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_event.h"

static const struct sip_field event_fields[] = {
    SIP_FIELD(struct sip_event, id, "id", TOKEN),
};

const struct sip_shape sip_event_shape = SIP_SHAPE(struct sip_event, TOKEN, event_fields, NULL);

int sip_event_parse(struct sip_event *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_event_shape, to, s, err_off);
}

static const struct sip_field sub_state_fields[] = {
    SIP_FIELD(struct sip_sub_state, reason, "reason", TOKEN),
    SIP_FIELD(struct sip_sub_state, expires, "expires", NUMBER),
    SIP_FIELD(struct sip_sub_state, retry_after, "retry-after", NUMBER),
};

const struct sip_shape sip_sub_state_shape = SIP_SHAPE(struct sip_sub_state, TOKEN, sub_state_fields, NULL);

int sip_sub_state_parse(struct sip_sub_state *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_sub_state_shape, to, s, err_off);
}
