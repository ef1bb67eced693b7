/* SPDX-License-Identifier: Apache-2.0 */
/* Header names: text to id and back, and how often a header may appear. Rows in sip_hdr.def. */
#ifndef SIP_HDR_H
#define SIP_HDR_H

#include "sip-parser/sip_msg.h"

enum sip_hdr_kind {
	SIP_KIND_OTHER = 0, /* not in the table */
	SIP_KIND_SINGLE,    /* at most one line */
	SIP_KIND_LIST,      /* comma list: split with sip_list_next */
	SIP_KIND_MULTI,     /* many lines, commas belong to the value */
};

/* Id of a header name (long or compact, case ignored, RFC 3261 §7.3.1); SIP_H_OTHER when not listed. */
enum sip_hdr_id sip_hdr_of(struct span name);

/* Canonical long name; empty for SIP_H_OTHER. */
struct span sip_hdr_long(enum sip_hdr_id id);

/* Compact letter, 0 when the header has none. */
char sip_hdr_compact(enum sip_hdr_id id);

enum sip_hdr_kind sip_hdr_kind(enum sip_hdr_id id);

#endif
