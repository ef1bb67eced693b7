/* SPDX-License-Identifier: Apache-2.0 */
/* CSeq (RFC 3261 §20.16) and the bounded decimal numbers of other headers. */
#ifndef SIP_CSEQ_H
#define SIP_CSEQ_H

#include "sip-parser/sip_msg.h"

struct sip_cseq {
	uint32_t number; /* 0 … 2^31-1 expected, up to 2^32-1 accepted (RFC 4475 §3.1.2.4) */
	uint8_t method;  /* enum sip_method */
	struct span method_text;
};

[[nodiscard]] int sip_cseq_parse(struct sip_cseq *c, struct span s, uint32_t *err_off);

/* A decimal number 0 … max that is the whole of s. -1 when it is empty, has another byte, or exceeds max. */
[[nodiscard]] int sip_number(struct span s, uint32_t max, uint32_t *out);

#endif
