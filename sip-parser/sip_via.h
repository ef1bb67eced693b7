/* SPDX-License-Identifier: Apache-2.0 */
/* One Via element (RFC 3261 §20.42, RFC 3581 rport). */
#ifndef SIP_VIA_H
#define SIP_VIA_H

#include "sip-parser/base/span.h"

struct sip_via {
	struct span text;      /* the whole element */
	struct span sent;      /* sent-protocol and sent-by as written, without the parameters */
	struct span protocol;  /* "SIP" as written */
	struct span version;   /* "2.0" as written */
	struct span transport; /* UDP, TCP, TLS, anything else as written */
	struct span host;      /* without brackets */
	bool host_is_v6;
	uint16_t port; /* 0 = not given */
	struct span params;
	struct span branch, received, maddr;
	uint16_t ttl;   /* 0xffff = not given */
	bool has_rport; /* a parameter rport is there, with or without a value */
	uint16_t rport; /* value, 0 when written without one */
};

/* Parse one element (the first of the top Via header, by sip_list_next). -1 with *err_off within s. */
[[nodiscard]] int sip_via_parse(struct sip_via *v, struct span s, uint32_t *err_off);

#endif
