/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_privacy.h"

static const struct sip_field privacy_fields[] = {
    SIP_FIELD(struct sip_privacy, id, "id", FLAG),
    SIP_FIELD(struct sip_privacy, user, "user", FLAG),
    SIP_FIELD(struct sip_privacy, header, "header", FLAG),
    SIP_FIELD(struct sip_privacy, session, "session", FLAG),
    SIP_FIELD(struct sip_privacy, none, "none", FLAG),
    SIP_FIELD(struct sip_privacy, critical, "critical", FLAG),
    SIP_FIELD(struct sip_privacy, history, "history", FLAG),
};

const struct sip_shape sip_privacy_shape = SIP_SHAPE(struct sip_privacy, NONE, privacy_fields, NULL);

int sip_privacy_parse(struct sip_privacy *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_privacy_shape, to, s, err_off);
}

static const struct sip_field rpid_fields[] = {
    SIP_FIELD(struct sip_rpid, party, "party", TEXT),
    SIP_FIELD(struct sip_rpid, id_type, "id-type", TEXT),
    SIP_FIELD(struct sip_rpid, privacy, "privacy", TEXT),
    SIP_FIELD(struct sip_rpid, screen, "screen", TEXT),
};

const struct sip_shape sip_rpid_shape = SIP_SHAPE(struct sip_rpid, ADDR, rpid_fields, NULL);

int sip_rpid_parse(struct sip_rpid *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_rpid_shape, to, s, err_off);
}
