/* SPDX-License-Identifier: Apache-2.0 */
/* One SIP message: the start line and an index of its headers, found in one pass over the bytes.
 *
 * Three depths (take only what you need):
 *   1. sip_msg_parse   start line, header ids, offsets, lengths, body. Splits; decodes nothing.
 *   2. sip_uri_parse, sip_addr_parse, sip_via_parse, …   one header, typed, when asked for.
 *   3. sip_msg_check   what a UA must verify before acting on the message (RFC 3261 §8.2, §16.3; RFC 4475).
 *
 * Nothing is copied, allocated or written: every view points into the caller's buffer and lives as long
 * as that does. NUL and bytes above 0x7f are data. Any thread; no globals. */
#ifndef SIP_MSG_H
#define SIP_MSG_H

#include "sip-parser/base/span.h"

/* Limits, each with the status that answers a request beyond it. */
#define SIP_MSG_BYTES_MAX 65535 /* whole message: 513 */
#define SIP_HDRS_MAX      128   /* header lines: 400 */
#define SIP_HDR_LINE_MAX  8192  /* one header, folds included: 400 */
#define SIP_METHOD_MAX    64    /* method token: 400. RFC 4475 §3.1.1.2 has a valid one of 43 bytes */
#define SIP_REASON_MAX    512   /* reason phrase: the response is dropped */
#define SIP_URI_MAX       2048  /* Request-URI: 414 */
#define SIP_VIAS_MAX      70    /* Via elements over all lines: 400 */
#define SIP_ELEMS_MAX     256   /* Contact, Route, Record-Route elements, each over all lines: 400 */

#define SIP_MARKS_WORDS                                                                                      \
	64 /* no limit of the grammar: headers behind the first 4096 bytes are read byte by byte */

enum sip_method {
	SIP_UNKNOWN = 0, /* a valid token that is none of these; m->method has its text */
	SIP_INVITE,
	SIP_ACK,
	SIP_BYE,
	SIP_CANCEL,
	SIP_OPTIONS,
	SIP_REGISTER,
	SIP_PRACK,
	SIP_UPDATE,
	SIP_INFO,
	SIP_SUBSCRIBE,
	SIP_NOTIFY,
	SIP_REFER,
	SIP_MESSAGE,
	SIP_PUBLISH,
	SIP_METHODS
};

/* Header ids: SIP_H_VIA, SIP_H_FROM, … from sip_hdr.def; SIP_H_OTHER for a name not listed there. */
enum sip_hdr_id {
	SIP_H_OTHER = 0,
#define HDR(id, name, compact, kind) SIP_H_##id,
#include "sip-parser/sip_hdr.def"
#undef HDR
	SIP_H_COUNT
};

/* One header line. Offsets are from the start of the message. The value has outer white space removed and
 * may contain folds (CRLF + white space, RFC 3261 §7.3.1), which typed decoders read as one space. */
struct sip_hdr {
	uint16_t name_off, name_len;
	uint16_t val_off, val_len;
};

struct sip_msg {
	const char *base;
	uint32_t len; /* bytes that belong to the message: start line to end of body */
	bool is_request;
	uint8_t method;  /* enum sip_method: of the request line, or of the CSeq in a response once checked */
	uint16_t status; /* response: 100…699 */
	struct span method_text, ruri; /* request: as written */
	struct span version;           /* "SIP/2.0" as written */
	struct span reason;            /* response: reason phrase, may be empty */
	struct span body;
	uint16_t n_hdrs;
	bool marked; /* the fast code indexed this message */
	bool due;    /* if marked: marks[] is still to be filled */
	bool twice;                 /* if marked: a header that may stand only once stands on two lines */
	uint8_t first[SIP_H_COUNT]; /* index + 1 of the first line with that id; 0 = absent */
	struct sip_hdr hdrs[SIP_HDRS_MAX];
	uint8_t ids[SIP_HDRS_MAX];  /* of line i: enum sip_hdr_id */
	uint8_t next[SIP_HDRS_MAX]; /* of line i: index + 1 of the next line with its id; 0 = none */
	/* For the decoders of sip_core.h: bit i % 64 of word i / 64 is set where byte i is none of a-z A-Z 0-9 - . _ */
	uint64_t marks[SIP_MARKS_WORDS];
};

/* Why a message was refused. `status` is what a request should be answered with (RFC 3261 §21, RFC 4475),
 * 0 when it must be dropped without an answer (a response, an ACK, bytes that have no usable Via). */
struct sip_err {
	uint16_t status;
	uint16_t offset;    /* byte where it went wrong */
	const char *reason; /* static text: names the rule and the header; no bytes of the message */
};

enum sip_framing {
	SIP_DATAGRAM, /* body ends at Content-Length or at the end of the datagram; extra bytes ignored
	                 (§18.3) */
	SIP_STREAM,   /* Content-Length required; m->len says where the next message starts */
};

/* Index one message in buf[0, len). Leading CRLFs are skipped (§7.5).
 * 0: *m is filled. -1: *err is filled and *m holds what was understood before the error (m->n_hdrs lines),
 * so that a caller may still build an answer. Cost is linear in len. */
[[nodiscard]] int sip_msg_parse(
    struct sip_msg *m, const char *buf, uint32_t len, enum sip_framing framing, struct sip_err *err);

/* Check what a UA must before acting: the mandatory headers present once and well formed (Via, From, To,
 * Call-ID, CSeq, Max-Forwards if present), CSeq method equals the request's, version, every single-value
 * header at most once, typed headers well formed, Content-Length within the datagram.
 * 0, or -1 with *err. Also sets m->method for a response (from its CSeq). */
[[nodiscard]] int sip_msg_check(struct sip_msg *m, struct sip_err *err);

/* First line with this id, or NULL; and the next line with the same id. With SIP_H_OTHER: lines of any unlisted name. */
static inline const struct sip_hdr *sip_msg_hdr(const struct sip_msg *m, enum sip_hdr_id id)
{
	return m->first[id] ? &m->hdrs[m->first[id] - 1] : NULL;
}

static inline const struct sip_hdr *sip_msg_hdr_next(const struct sip_msg *m, const struct sip_hdr *h)
{
	uint8_t next = m->next[h - m->hdrs];
	return next ? &m->hdrs[next - 1] : NULL;
}

static inline enum sip_hdr_id sip_hdr_id(const struct sip_msg *m, const struct sip_hdr *h)
{
	return m->ids[h - m->hdrs];
}

static inline struct span sip_hdr_name(const struct sip_msg *m, const struct sip_hdr *h)
{
	return span_of(m->base + h->name_off, h->name_len);
}

static inline struct span sip_hdr_val(const struct sip_msg *m, const struct sip_hdr *h)
{
	return span_of(m->base + h->val_off, h->val_len);
}

/* Value of the first line with this id, or an empty span with p == NULL when absent. */
static inline struct span sip_msg_val(const struct sip_msg *m, enum sip_hdr_id id)
{
	const struct sip_hdr *h = sip_msg_hdr(m, id);
	return h ? sip_hdr_val(m, h) : (struct span){0};
}

/* Split a comma list (Via, Route, Record-Route, Contact, Allow, …) into elements: quotes and <> protect
 * commas. *rest starts as the header value; returns false when it is used up. Elements are trimmed. */
bool sip_list_next(struct span *rest, struct span *elem);

/* Method by its text (case-sensitive, §7.1); SIP_UNKNOWN when not listed. And the reverse. */
enum sip_method sip_method_of(struct span text);
struct span sip_method_name(enum sip_method m);

/* The RFC's reason phrase for a status, "" when unknown. */
struct span sip_reason_of(uint16_t status);

#endif
