/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_contact.h"

static bool expires_of(void *to)
{
	struct sip_contact *c = to;
	c->expires = SIP_ABSENT;
	if (c->expires_text.p && sip_delta(c->expires_text, &c->expires) < 0)
		c->expires = SIP_CONTACT_EXPIRES_DEFAULT;
	return true;
}

static const struct sip_field contact_fields[] = {
    SIP_FIELD(struct sip_contact, q, "q", Q),
    SIP_FIELD(struct sip_contact, expires_text, "expires", TEXT),
    SIP_FIELD(struct sip_contact, instance, "+sip.instance", TEXT),
    SIP_FIELD(struct sip_contact, reg_id, "reg-id", NUMBER),
    SIP_FIELD(struct sip_contact, pub_gruu, "pub-gruu", TEXT),
    SIP_FIELD(struct sip_contact, temp_gruu, "temp-gruu", TEXT),
    SIP_FIELD(struct sip_contact, methods, "methods", TEXT),
};

const struct sip_shape sip_contact_shape = SIP_SHAPE(struct sip_contact, ADDR, contact_fields, expires_of);

int sip_contact_parse(struct sip_contact *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_contact_shape, to, s, err_off);
}
