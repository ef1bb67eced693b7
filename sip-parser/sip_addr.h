/* SPDX-License-Identifier: Apache-2.0 */
/* name-addr / addr-spec with header parameters: From, To, Contact, Route, Record-Route, Refer-To, …
 * (RFC 3261 §20.10: without <> the first ';' and '?' end the URI, and a comma ends the element). */
#ifndef SIP_ADDR_H
#define SIP_ADDR_H

#include "sip-parser/sip_uri.h"

struct sip_addr {
	struct span display; /* as written: a quoted string keeps its quotes; empty = none */
	struct span uri_text;
	struct sip_uri uri;
	struct span params; /* header parameters after the address, without the first ';' */
	struct span tag;    /* From, To: empty = no tag */
	bool star;          /* Contact: * */
};

/* Parse one element (use sip_list_next on list headers first). -1 with *err_off within s. */
[[nodiscard]] int sip_addr_parse(struct sip_addr *a, struct span s, uint32_t *err_off);

#endif
