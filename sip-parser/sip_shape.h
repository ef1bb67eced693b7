/* SPDX-License-Identifier: Apache-2.0 */
/* The shape most headers share: a head (a token, a number, an address, …) and parameters behind it. A header
 * is described once, by the kind of its head and the parameters it gives a meaning to (struct sip_shape); the
 * decoders in sip_reason.h, sip_event.h, sip_contact.h, … are that description and a struct to read into.
 *
 * Such a struct begins with a struct sip_value (or, for SIP_HEAD_ADDR, a struct sip_addr); each known
 * parameter fills one member. Unknown parameters stay in .params for sip_param_next. A known parameter that
 * is there twice or has a value of the wrong kind makes the element malformed (RFC 3261 §7.3.1). */
#ifndef SIP_SHAPE_H
#define SIP_SHAPE_H

#include <stddef.h>

#include "sip-parser/sip_addr.h"

enum sip_head {
	SIP_HEAD_NONE,   /* nothing: the element is parameters only */
	SIP_HEAD_TOKEN,  /* token, "*" included */
	SIP_HEAD_TEXT,   /* token or quoted string */
	SIP_HEAD_MEDIA,  /* token "/" token: type and subtype */
	SIP_HEAD_NUMBER, /* delta-seconds, with a comment allowed behind it */
	SIP_HEAD_CALLID, /* word [ "@" word ] */
	SIP_HEAD_BASE64, /* base64, base64url or a JWT of them; a quoted string as RFC 4474 had it */
	SIP_HEAD_ADDR,   /* name-addr or addr-spec */
};

struct sip_value {
	struct span value;   /* the head as written; a quoted string keeps its quotes */
	struct span subtype; /* SIP_HEAD_MEDIA */
	struct span comment; /* SIP_HEAD_NUMBER: with its parentheses; empty = none */
	struct span params;  /* behind the head, without the first ';' */
	uint32_t number;     /* SIP_HEAD_NUMBER: by sip_delta */
};

enum sip_field_type {
	SIP_FIELD_FLAG,   /* bool: the parameter is there */
	SIP_FIELD_TOKEN,  /* struct span: not quoted, not empty */
	SIP_FIELD_TEXT,   /* struct span: its quotes removed, escapes left as written */
	SIP_FIELD_NUMBER, /* uint32_t by sip_delta; SIP_ABSENT when not given */
	SIP_FIELD_Q,      /* uint16_t in thousandths by sip_qvalue; SIP_Q_ABSENT when not given */
	SIP_FIELD_URI,    /* struct span: what stands between < and > */
};

#define SIP_ABSENT   UINT32_MAX
#define SIP_Q_ABSENT UINT16_MAX

struct sip_field {
	struct span name;
	uint16_t offset; /* of the member in the decoder's struct */
	uint8_t type;    /* enum sip_field_type */
};

struct sip_shape {
	const struct sip_field *fields;
	uint16_t size; /* of the decoder's struct */
	uint8_t n_fields;
	uint8_t head;           /* enum sip_head */
	bool (*rule)(void *to); /* what must hold beyond the grammar of each part; NULL = nothing */
};

#define SIP_FIELD(st, member, lit, kind)                                                                     \
	{                                                                                                    \
		{(lit), sizeof(lit) - 1}, offsetof(st, member), SIP_FIELD_##kind                             \
	}

#define SIP_SHAPE(st, head_kind, rows, rule_fn)                                                              \
	{                                                                                                    \
		(rows), sizeof(st), sizeof(rows) / sizeof(rows)[0], SIP_HEAD_##head_kind, (rule_fn)          \
	}

/* Decode one element into *to (sh->size bytes). -1 with *err_off within s. */
[[nodiscard]] int sip_shape_read(const struct sip_shape *sh, void *to, struct span s, uint32_t *err_off);

/* value *( ";" generic-param ) with no parameter known: what every header without its own decoder can use. */
[[nodiscard]] int sip_value_parse(struct sip_value *v, enum sip_head head, struct span s, uint32_t *err_off);

/* 1*DIGIT of any length; what exceeds SIP_ABSENT - 1 is SIP_ABSENT - 1 (RFC 4475 §3.1.2.4: too large is not
 * malformed). -1 when there is another byte or none. */
[[nodiscard]] int sip_delta(struct span s, uint32_t *out);

/* qvalue = "0" [ "." 0*3DIGIT ] / "1" [ "." 0*3("0") ] in thousandths (RFC 3261 §25.1). Further digits are cut
 * off. */
[[nodiscard]] int sip_qvalue(struct span s, uint16_t *thousandths);

#endif
