/* SPDX-License-Identifier: Apache-2.0 */
/* One element of User-to-User (RFC 7433 §4). */
#ifndef SIP_UUI_H
#define SIP_UUI_H

#include "sip-parser/sip_shape.h"

struct sip_uui {
	struct sip_value v;   /* the data as written: a token or a quoted string */
	struct span purpose;  /* empty = none: isdn-uui (RFC 7434) */
	struct span content;  /* empty = none */
	struct span encoding; /* empty = none: hex */
};

/* -1 with *err_off within s. */
extern const struct sip_shape sip_uui_shape;
[[nodiscard]] int sip_uui_parse(struct sip_uui *to, struct span s, uint32_t *err_off);

/* The data itself: hex digits to bytes when encoding is hex or not given, the text otherwise. -1 when hex was
 * due and it is none. */
[[nodiscard]] int sip_uui_data(struct buf *out, const struct sip_uui *u);

#endif
