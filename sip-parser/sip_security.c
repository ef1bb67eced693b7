/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_security.h"

static const struct sip_field security_fields[] = {
    SIP_FIELD(struct sip_security, q, "q", Q),
    SIP_FIELD(struct sip_security, d_alg, "d-alg", TEXT),
    SIP_FIELD(struct sip_security, d_qop, "d-qop", TEXT),
    SIP_FIELD(struct sip_security, d_ver, "d-ver", TEXT),
    SIP_FIELD(struct sip_security, alg, "alg", TOKEN),
    SIP_FIELD(struct sip_security, ealg, "ealg", TOKEN),
    SIP_FIELD(struct sip_security, mod, "mod", TOKEN),
    SIP_FIELD(struct sip_security, prot, "prot", TOKEN),
    SIP_FIELD(struct sip_security, spi_c, "spi-c", NUMBER),
    SIP_FIELD(struct sip_security, spi_s, "spi-s", NUMBER),
    SIP_FIELD(struct sip_security, port_c, "port-c", NUMBER),
    SIP_FIELD(struct sip_security, port_s, "port-s", NUMBER),
};

const struct sip_shape sip_security_shape = SIP_SHAPE(struct sip_security, TOKEN, security_fields, NULL);

int sip_security_parse(struct sip_security *to, struct span s, uint32_t *err_off)
{
	return sip_shape_read(&sip_security_shape, to, s, err_off);
}
