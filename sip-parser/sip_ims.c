/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_ims.h"

static bool has_icid(void *to)
{
	const struct sip_charging_vector *v = to;
	return v->icid_value.p != NULL;
}

static const struct sip_field access_network_fields[] = {
    SIP_FIELD(struct sip_access_network, cell_id, "utran-cell-id-3gpp", TEXT),
    SIP_FIELD(struct sip_access_network, network_provided, "network-provided", FLAG),
};

const struct sip_shape sip_access_network_shape =
    SIP_SHAPE(struct sip_access_network, TOKEN, access_network_fields, NULL);

int sip_access_network_parse(struct sip_access_network *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_access_network_shape, to, s, err_off);
}

static const struct sip_field charging_vector_fields[] = {
    SIP_FIELD(struct sip_charging_vector, icid_value, "icid-value", TEXT),
    SIP_FIELD(struct sip_charging_vector, icid_generated_at, "icid-generated-at", TEXT),
    SIP_FIELD(struct sip_charging_vector, orig_ioi, "orig-ioi", TEXT),
    SIP_FIELD(struct sip_charging_vector, term_ioi, "term-ioi", TEXT),
};

const struct sip_shape sip_charging_vector_shape =
    SIP_SHAPE(struct sip_charging_vector, NONE, charging_vector_fields, has_icid);

int sip_charging_vector_parse(struct sip_charging_vector *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_charging_vector_shape, to, s, err_off);
}

static const struct sip_field served_user_fields[] = {
    SIP_FIELD(struct sip_served_user, sescase, "sescase", TOKEN),
    SIP_FIELD(struct sip_served_user, regstate, "regstate", TOKEN),
};

const struct sip_shape sip_served_user_shape =
    SIP_SHAPE(struct sip_served_user, ADDR, served_user_fields, NULL);

int sip_served_user_parse(struct sip_served_user *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_served_user_shape, to, s, err_off);
}
