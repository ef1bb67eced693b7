/* SPDX-License-Identifier: Apache-2.0 */
/* One element of Security-Client, Security-Server and Security-Verify (RFC 3329 §2.2; the IPsec parameters are
 * TS 33.203's). */
#ifndef SIP_SECURITY_H
#define SIP_SECURITY_H

#include "sip-parser/sip_shape.h"

struct sip_security {
	struct sip_value v; /* mechanism: digest, tls, ipsec-3gpp, … */
	uint16_t q;         /* thousandths; SIP_Q_ABSENT = not given */
	struct span d_alg, d_qop, d_ver;
	struct span alg, ealg, mod, prot;
	uint32_t spi_c, spi_s, port_c, port_s; /* SIP_ABSENT = not given */
};

/* -1 with *err_off within s. */
extern const struct sip_shape sip_security_shape;
[[nodiscard]] int sip_security_parse(struct sip_security *to, struct span s, uint32_t *err_off);

#endif
