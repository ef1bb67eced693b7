/* SPDX-License-Identifier: Apache-2.0 */
/* SIP, SIPS and TEL URIs (RFC 3261 §19.1, §25.1; RFC 3966). Views into the text given; nothing decoded. */
#ifndef SIP_URI_H
#define SIP_URI_H

#include "sip-parser/base/buf.h"

enum sip_scheme { SIP_URI_OTHER = 0, SIP_URI_SIP, SIP_URI_SIPS, SIP_URI_TEL };

struct sip_uri {
	struct span text; /* the whole URI */
	uint8_t scheme;   /* enum sip_scheme */
	bool host_is_v6;  /* host is written in brackets; .host has them removed */
	bool host_is_v4;  /* host is a dotted IPv4 address */
	struct span scheme_text, user, password, host;
	uint16_t port;       /* 0 = not given */
	struct span params;  /* after the first ';' of the URI, without it; empty = none */
	struct span headers; /* after '?', without it; empty = none */
};

/* Parse a whole URI. An unknown scheme is SIP_URI_OTHER with only .text and .scheme_text set and is not an
 * error (RFC 4475 §3.3.2). -1: malformed; *err_off is the byte within s. */
[[nodiscard]] int sip_uri_parse(struct sip_uri *u, struct span s, uint32_t *err_off);

/* Walk `a=b;c;…` (URI or header parameters; quoted values keep their quotes). *rest starts as u->params. */
bool sip_param_next(struct span *rest, struct span *name, struct span *value);

/* Value of parameter `name` (case-insensitive); false when absent. A parameter without '=' gives an empty
 * value. */
bool sip_param_get(struct span params, struct span name, struct span *value);

/* Equal by RFC 3261 §19.1.4. */
bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b);

/* Decode %HH into out; other bytes as they are. -1 on a bad escape. */
[[nodiscard]] int sip_unescape(struct buf *out, struct span s);

#endif
