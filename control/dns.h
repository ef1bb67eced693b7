/* SPDX-License-Identifier: Apache-2.0 */
/* Host names of SIP targets to addresses, by c-ares on the loop. Never blocks. */
#ifndef CONTROL_DNS_H
#define CONTROL_DNS_H

#include "control/loop.h"
#include "dataplane/api/ip_addr.h"

struct dns;

struct dns *dns_new(struct loop *l, const char *servers /* "ip[:port],…" or NULL: the system's */, char err[256]);
/* Lookups under way are answered first: n == 0, "stopped". */
void dns_free(struct dns *d);
/* addrs: up to n IPv4 addresses in the order to try; n == 0: failed, why says how ("NXDOMAIN", "timeout"). */
typedef void (*dns_fn)(void *ctx, const struct ip_addr *addrs, uint32_t n, const char *why);
void dns_resolve(struct dns *d, const char *host, dns_fn fn, void *ctx); /* an address literal answers too; always later, on the loop */
/* The same with IPv6 addresses as well (webhooks). */
void dns_resolve_any(struct dns *d, const char *host, dns_fn fn, void *ctx);
/* Answers are kept for their TTL, 1 s … 5 min. A lookup takes 6 s at most; more than 4096 at one time are refused. */

#endif
