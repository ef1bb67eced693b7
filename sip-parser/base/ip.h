/* SPDX-License-Identifier: Apache-2.0 */
/* Textual IP addresses to bytes, without a terminator and without a system call. */
#ifndef SIP_BASE_IP_H
#define SIP_BASE_IP_H

#include "sip-parser/base/span.h"

/* The whole of s is a dotted IPv4 address (four decimal numbers up to 255). out may be NULL. */
bool ip4_parse(struct span s, uint8_t out[4]);

/* The whole of s is an IPv6 address (RFC 4291 §2.2), without brackets or zone. out may be NULL. */
bool ip6_parse(struct span s, uint8_t out[16]);

#endif
