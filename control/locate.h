/* SPDX-License-Identifier: Apache-2.0 */
/* Where a SIP URI is to be sent (RFC 3263 §4): NAPTR, SRV, A and AAAA to a list of addresses with port and transport, in the
 * order to try them. On the loop; never blocks. What a name server says is bounded: ways, records, addresses, time. Nothing it
 * says leads back to an earlier step, so there are no loops. */
#ifndef CONTROL_LOCATE_H
#define CONTROL_LOCATE_H

#include "control/dns.h"

#define LOCATE_HOPS_MAX 16
#define LOCATE_NS       9000000000u /* all of it together */

struct locate_want {
	const char *host;     /* name or literal without brackets; copied */
	uint16_t port;        /* 0: not given */
	bool transport_given; /* by the URI's transport= */
	uint8_t transport;    /* enum dp_transport; used if given */
	bool sips;            /* nothing but TLS */
	uint8_t can;          /* transports that there are: bits 1 << enum dp_transport */
	bool ip6;             /* IPv6 addresses as well */
};

struct locate_conf {
	bool naptr, srv; /* ask for them at all */
	uint64_t (*random)(void *ctx);
	void *ctx;
};

/* n == 0: there is nowhere to send it; why says how it came to that, NULL otherwise. */
typedef void (*locate_fn)(void *ctx, const struct ip_sock *hops, uint32_t n, const char *why);

/* Answers always later. conf is copied. While dns_free runs it answers "stopped". */
void locate(struct loop *l, struct dns *d, const struct locate_conf *conf, const struct locate_want *want,
    locate_fn fn, void *ctx);

/* Put SRV records of a set, sorted by priority, into the order to try them: within a priority by chance, weighted
 * (RFC 2782). order: n indices. */
void locate_srv_order(const struct dns_rrset *set, const struct locate_conf *conf, uint8_t order[DNS_RR_MAX]);

#endif
