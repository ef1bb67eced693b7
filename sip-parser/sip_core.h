/* SPDX-License-Identifier: Apache-2.0 */
/* What a B2BUA needs of a message, decoded and checked at once: the headers that sip_msg_check verifies are the ones a
 * UA reads next, so this does both in one walk and the price is paid once.
 *
 * Fields are offsets from m->base, like the index's: small, and good for any copy of the bytes. sip_core_addr_of and
 * its like turn them into the views of sip_addr.h. A field that is absent is {0, 0}; one that is there but empty has
 * an offset. */
#ifndef SIP_CORE_H
#define SIP_CORE_H

#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_msg.h"
#include "sip-parser/sip_via.h"

#define SIP_CORE_ADDRS                                                                                       \
	24 /* elements of Contact, Route and Record-Route kept; a UA can walk the lines for more */

struct sip_at {
	uint16_t off, len;
};

struct sip_core_uri {
	struct sip_at text, scheme, user, password, host, params, headers;
	uint16_t port;
	uint8_t kind; /* enum sip_scheme */
	bool host_is_v6, host_is_v4;
};

struct sip_core_addr {
	struct sip_core_uri uri;
	struct sip_at display, params, tag;
	bool star;
};

struct sip_core_via {
	struct sip_at text, sent, protocol, version, transport, host, params, branch, received, maddr;
	uint16_t port, ttl, rport;
	bool host_is_v6, has_rport;
};

struct sip_core {
	struct sip_core_uri ruri; /* requests only */
	struct sip_core_via via;  /* the topmost */
	struct sip_core_addr from, to;
	struct sip_at call_id, cseq_method, content_type;
	uint32_t cseq;
	uint32_t content_length; /* UINT32_MAX = no such header */
	uint8_t cseq_kind;       /* enum sip_method */
	uint16_t max_forwards;   /* 0xffff = no such header */
	uint16_t n_vias;
	/* Elements in the order of the lines; n counts them all, of which those below SIP_CORE_ADDRS - at are kept in
	 * addrs[at], addrs[at + 1], … */
	struct {
		uint16_t at, n;
	} contact, route, record_route;
	struct sip_core_addr addrs[SIP_CORE_ADDRS];
};

/* Check m as sip_msg_check does, with the same verdict and error, and fill *c when it is accepted. m is as
 * sip_msg_parse left it. 0, or -1 with *err and *c undefined. Any thread. */
[[nodiscard]] int sip_msg_core(struct sip_msg *m, struct sip_core *c, struct sip_err *err);

/* The text of a field; p is NULL when it is absent. */
static inline struct span sip_at(const struct sip_msg *m, struct sip_at at)
{
	return at.off ? span_of(m->base + at.off, at.len) : (struct span){0};
}

/* The same as the typed decoders give, from a decoded core. */
struct sip_uri sip_core_uri_of(const struct sip_msg *m, const struct sip_core_uri *u);
struct sip_addr sip_core_addr_of(const struct sip_msg *m, const struct sip_core_addr *a);
struct sip_via sip_core_via_of(const struct sip_msg *m, const struct sip_core_via *v);

#endif
