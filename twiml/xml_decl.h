/* SPDX-License-Identifier: Apache-2.0 */
/* The XML declaration, read before the parser sees it: it must not make the parser change its encoding. */
#ifndef TWIML_XML_DECL_H
#define TWIML_XML_DECL_H

#include "sip-parser/base/span.h"

struct xml_decl {
	struct span version, encoding; /* p NULL: not given */
};

/* Only the pseudo-attributes are looked at; a malformed declaration is left to the parser to refuse. */
struct xml_decl xml_decl_read(struct span doc);

#endif
