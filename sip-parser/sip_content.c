/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_content.h"

static const struct sip_field content_type_fields[] = {
    SIP_FIELD(struct sip_content_type, boundary, "boundary", TEXT),
    SIP_FIELD(struct sip_content_type, charset, "charset", TEXT),
};

const struct sip_shape sip_content_type_shape =
    SIP_SHAPE(struct sip_content_type, MEDIA, content_type_fields, NULL);

int sip_content_type_parse(struct sip_content_type *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_content_type_shape, to, s, err_off);
}

static bool optional_of(void *to)
{
	struct sip_disposition *d = to;
	d->optional = span_ieq(d->handling, SPAN("optional"));
	return true;
}

static const struct sip_field disposition_fields[] = {
    SIP_FIELD(struct sip_disposition, handling, "handling", TOKEN),
};

const struct sip_shape sip_disposition_shape =
    SIP_SHAPE(struct sip_disposition, TOKEN, disposition_fields, optional_of);

int sip_disposition_parse(struct sip_disposition *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_disposition_shape, to, s, err_off);
}
