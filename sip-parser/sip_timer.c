/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_timer.h"

static bool refresher_known(void *to)
{
	struct sip_session_expires *e = to;
	e->by_uac = span_ieq(e->refresher, SPAN("uac"));
	e->by_uas = span_ieq(e->refresher, SPAN("uas"));
	return !e->refresher.p || e->by_uac || e->by_uas;
}

static const struct sip_field session_expires_fields[] = {
    SIP_FIELD(struct sip_session_expires, refresher, "refresher", TOKEN),
};

const struct sip_shape sip_session_expires_shape =
    SIP_SHAPE(struct sip_session_expires, NUMBER, session_expires_fields, refresher_known);

int sip_session_expires_parse(struct sip_session_expires *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_session_expires_shape, to, s, err_off);
}

static const struct sip_field retry_after_fields[] = {
    SIP_FIELD(struct sip_retry_after, duration, "duration", NUMBER),
};

const struct sip_shape sip_retry_after_shape =
    SIP_SHAPE(struct sip_retry_after, NUMBER, retry_after_fields, NULL);

int sip_retry_after_parse(struct sip_retry_after *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_retry_after_shape, to, s, err_off);
}
