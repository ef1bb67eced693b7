/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_history.h"

/* 1*DIGIT *( DOT 1*DIGIT ) */
static bool index_ok(struct span s)
{
	bool digit = false;
	for (uint32_t i = 0; i < s.len; i++) {
		bool d = (unsigned char)(s.p[i] - '0') < 10;
		if (!d && (s.p[i] != '.' || !digit))
			return false;
		digit = d;
	}
	return s.p == NULL || digit;
}

static bool indexes_ok(void *to)
{
	const struct sip_history *h = to;
	return index_ok(h->index) && index_ok(h->rc) && index_ok(h->mp) && index_ok(h->np);
}

static const struct sip_field history_fields[] = {
    SIP_FIELD(struct sip_history, index, "index", TOKEN),
    SIP_FIELD(struct sip_history, rc, "rc", TOKEN),
    SIP_FIELD(struct sip_history, mp, "mp", TOKEN),
    SIP_FIELD(struct sip_history, np, "np", TOKEN),
};

const struct sip_shape sip_history_shape = SIP_SHAPE(struct sip_history, ADDR, history_fields, indexes_ok);

int sip_history_parse(struct sip_history *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_history_shape, to, s, err_off);
}

static const struct sip_field diversion_fields[] = {
    SIP_FIELD(struct sip_diversion, reason, "reason", TEXT),
    SIP_FIELD(struct sip_diversion, counter, "counter", NUMBER),
    SIP_FIELD(struct sip_diversion, limit, "limit", NUMBER),
    SIP_FIELD(struct sip_diversion, privacy, "privacy", TEXT),
    SIP_FIELD(struct sip_diversion, screen, "screen", TEXT),
};

const struct sip_shape sip_diversion_shape = SIP_SHAPE(struct sip_diversion, ADDR, diversion_fields, NULL);

int sip_diversion_parse(struct sip_diversion *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_diversion_shape, to, s, err_off);
}
