/* SPDX-License-Identifier: Apache-2.0 */
/* SRV and NAPTR records (RFC 2782, RFC 3403) out of a DNS answer. Pure: bytes in, at most DNS_RR_MAX records out. */
#ifndef CONTROL_DNS_RR_H
#define CONTROL_DNS_RR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_RR_MAX     16  /* of one answer; of more those with the lowest priority (order) are kept */
#define DNS_NAME_MAX   254 /* with the terminator, without a dot at the end */

#define DNS_TYPE_SRV   33
#define DNS_TYPE_NAPTR 35

struct dns_srv {
	uint16_t priority, weight, port;
	char target[DNS_NAME_MAX]; /* empty: "." */
};

struct dns_naptr {
	uint16_t order, preference;
	char flags[8], service[32]; /* lower case; longer ones are left out */
	bool has_regexp;
	char replacement[DNS_NAME_MAX];
};

struct dns_rrset {
	uint32_t n, left_out; /* left_out: of no use, or too many */
	uint32_t ttl_s;       /* the smallest of those kept */
	union {
		struct dns_srv srv[DNS_RR_MAX];
		struct dns_naptr naptr[DNS_RR_MAX];
	};
};

/* Records of `type` in the answer section of a message, sorted by priority, or order and preference. -1: the message is
 * malformed; *out is empty then. */
[[nodiscard]] int dns_rr_parse(struct dns_rrset *out, const uint8_t *msg, size_t len, uint16_t type);

#endif
