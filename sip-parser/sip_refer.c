/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_refer.h"

static bool has_tags(void *to)
{
	const struct sip_replaces *r = to;
	return r->to_tag.p && r->from_tag.p;
}

static bool has_both(void *to)
{
	const struct sip_target_dialog *d = to;
	return d->local_tag.p && d->remote_tag.p;
}

static const struct sip_field replaces_fields[] = {
    SIP_FIELD(struct sip_replaces, to_tag, "to-tag", TOKEN),
    SIP_FIELD(struct sip_replaces, from_tag, "from-tag", TOKEN),
    SIP_FIELD(struct sip_replaces, early_only, "early-only", FLAG),
};

const struct sip_shape sip_replaces_shape = SIP_SHAPE(struct sip_replaces, CALLID, replaces_fields, has_tags);

int sip_replaces_parse(struct sip_replaces *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_replaces_shape, to, s, err_off);
}

static const struct sip_field target_dialog_fields[] = {
    SIP_FIELD(struct sip_target_dialog, local_tag, "local-tag", TOKEN),
    SIP_FIELD(struct sip_target_dialog, remote_tag, "remote-tag", TOKEN),
};

const struct sip_shape sip_target_dialog_shape =
    SIP_SHAPE(struct sip_target_dialog, CALLID, target_dialog_fields, has_both);

int sip_target_dialog_parse(struct sip_target_dialog *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_target_dialog_shape, to, s, err_off);
}

static const struct sip_field referred_by_fields[] = {
    SIP_FIELD(struct sip_referred_by, cid, "cid", TEXT),
};

const struct sip_shape sip_referred_by_shape =
    SIP_SHAPE(struct sip_referred_by, ADDR, referred_by_fields, NULL);

int sip_referred_by_parse(struct sip_referred_by *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_referred_by_shape, to, s, err_off);
}
