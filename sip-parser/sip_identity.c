/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_identity.h"

static bool has_info(void *to)
{
	const struct sip_identity *i = to;
	return i->info.p || i->v.value.p[0] == '"';
}

static const struct sip_field identity_fields[] = {
    SIP_FIELD(struct sip_identity, info, "info", URI),
    SIP_FIELD(struct sip_identity, alg, "alg", TEXT),
    SIP_FIELD(struct sip_identity, ppt, "ppt", TEXT),
};

const struct sip_shape sip_identity_shape = SIP_SHAPE(struct sip_identity, BASE64, identity_fields, has_info);

int sip_identity_parse(struct sip_identity *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_identity_shape, to, s, err_off);
}
