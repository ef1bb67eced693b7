/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to call: the text of REST's `To` and of TwiML's <Sip>, checked and taken apart in one place.
 * `[sip:]user@host[:port][;params][?Name=value&…]`. The first '?' begins the headers. */
#ifndef CONTROL_SIP_TARGET_H
#define CONTROL_SIP_TARGET_H

#include "dataplane/api/ip_addr.h"

#define TARGET_URI_MAX       255  /* the URI without headers must be shorter */
#define TARGET_HEADERS_MAX   1024 /* the part behind '?' must be shorter */
#define TARGET_HEADERS_COUNT 64

enum target_error {
	TARGET_OK = 0,
	TARGET_EMPTY,
	TARGET_NOT_SIP, /* tel:, client:, a telephone number, no scheme where one is required */
	TARGET_BAD_URI,
	TARGET_URI_TOO_LONG,
	TARGET_HEADERS_TOO_LONG,
};

/* Why a header is not sent. */
enum target_drop {
	TARGET_HEADER_NAME,  /* not a token */
	TARGET_HEADER_VALUE, /* control byte, bad escape or broken UTF-8 */
	TARGET_HEADER_NOT_ALLOWED, /* not on the allow-list: x-… (but not x-twilio…), User-to-User, Remote-Party-ID, … */
	TARGET_HEADER_TOO_MANY,
};

struct sip_target {
	char uri[TARGET_URI_MAX + 8]; /* with scheme, without headers */
	char host[TARGET_URI_MAX];    /* without brackets */
	uint16_t port;                /* 0 = not given */
	uint8_t transport;            /* enum dp_transport */
	bool transport_given, sips;
	bool secure;                  /* secure=true: media and signalling encrypted */
	bool odd_egress;              /* region= or edge= had an unknown value and was ignored (32114) */
	bool odd_transport;           /* transport= had an unknown value and was ignored (32114) */
	uint16_t headers_len;
	char headers[TARGET_HEADERS_MAX + 2 * TARGET_HEADERS_COUNT]; /* "Name: value\r\n" … */
};

/* dropped (may be NULL) is told each header that is left out; name is a view into the text, still encoded.
 * On an error *t is unspecified. */
[[nodiscard]] enum target_error sip_target_parse(struct sip_target *t, struct span text, bool scheme_required,
    void (*dropped)(void *ctx, enum target_drop why, struct span name), void *ctx);

/* One more header, not encoded in any way. false: *why tells, nothing is added. */
bool sip_target_add(struct sip_target *t, struct span name, struct span value, enum target_drop *why);

/* A configured address for those who are not called by SIP URI: the one {…} in pattern stands for the user, which
 * is escaped as RFC 3261 wants it. TARGET_BAD_URI when there is not exactly one {…}, or the rest is no SIP URI. */
[[nodiscard]] enum target_error sip_target_pattern(
    struct sip_target *t, const char *pattern, struct span user);

#endif
