/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_accept.h"

static const struct sip_field accept_fields[] = {
    SIP_FIELD(struct sip_accept, q, "q", Q),
};

const struct sip_shape sip_accept_shape = SIP_SHAPE(struct sip_accept, MEDIA, accept_fields, NULL);

int sip_accept_parse(struct sip_accept *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_accept_shape, to, s, err_off);
}

static const struct sip_field accept_token_fields[] = {
    SIP_FIELD(struct sip_accept_token, q, "q", Q),
};

const struct sip_shape sip_accept_token_shape =
    SIP_SHAPE(struct sip_accept_token, TOKEN, accept_token_fields, NULL);

int sip_accept_token_parse(struct sip_accept_token *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_accept_token_shape, to, s, err_off);
}
