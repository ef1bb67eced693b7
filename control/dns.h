/* SPDX-License-Identifier: Apache-2.0 */
/* Host names of SIP targets to addresses, by c-ares on the loop. Never blocks. */
#ifndef CONTROL_DNS_H
#define CONTROL_DNS_H

#include "control/dns_rr.h"
#include "control/loop.h"
#include "dataplane/api/ip_addr.h"

struct dns;

struct dns *dns_new(
    struct loop *l, const char *servers /* "ip[:port],…" or NULL: the system's */, char err[256]);
/* Lookups under way are answered first: n == 0, "stopped". */
void dns_free(struct dns *d);
/* addrs: up to n IPv4 addresses in the order to try; n == 0: failed, why says how ("NXDOMAIN", "timeout"). */
typedef void (*dns_fn)(void *ctx, const struct ip_addr *addrs, uint32_t n, const char *why);
void dns_resolve(struct dns *d, const char *host, dns_fn fn,
    void *ctx); /* an address literal answers too; always later, on the loop */
/* The same with IPv6 addresses as well (webhooks). */
void dns_resolve_any(struct dns *d, const char *host, dns_fn fn, void *ctx);

/* Records instead of addresses. The set is good during the call, empty unless DNS_FOUND. */
enum dns_found {
	DNS_FOUND,
	DNS_NOTHING, /* the name does not exist, or has no such record */
	DNS_REFUSED, /* the server would not say: SERVFAIL, REFUSED, a malformed answer */
	DNS_SILENT,  /* no answer in time, or we did not ask */
};
typedef void (*dns_rr_fn)(void *ctx, const struct dns_rrset *set, enum dns_found found, const char *why);
/* type: DNS_TYPE_SRV or DNS_TYPE_NAPTR. */
void dns_records(struct dns *d, const char *name, uint16_t type, dns_rr_fn fn, void *ctx);

/* Answers are kept for their TTL within these bounds (1 s … 5 min unless set), that there are no records for 30 s of it.
 * A lookup takes 6 s at most; more than 4096 at one time are refused. */
void dns_keep(struct dns *d, uint32_t ttl_min_s, uint32_t ttl_max_s);

struct dns_counts {
	uint64_t asked, kept; /* sent to a server; answered from what was kept */
	uint64_t nothing, refused, silent, left_out;
};
struct dns_counts dns_counts(const struct dns *d);

#endif
