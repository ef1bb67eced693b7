/* SPDX-License-Identifier: Apache-2.0 */
/* Every message this user agent writes, straight into the packet that leaves. A function that returns a packet
 * gives its one reference to the caller; NULL: no buffer (net_alloc has counted it) or the message does not
 * fit into one. */
#ifndef DP_SIP_MSGS_H
#define DP_SIP_MSGS_H

#include "dataplane/api/dp_msg.h"
#include "dataplane/net/net.h"
#include "dataplane/sip/dialog.h"
#include "sip-parser/sip_msg.h"

#define MSGS_ALLOW_LINE     "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE\r\n"
#define MSGS_SUPPORTED_LINE "Supported: timer\r\n"

struct sip;
struct leg;
struct txn;

/* What a response carries beyond the headers of the request. */
enum msgs_extra {
	MSGS_PLAIN = 0,
	MSGS_ALLOW,       /* Allow (405) */
	MSGS_OPTIONS,     /* Allow, Accept, Supported (200 to OPTIONS) */
	MSGS_ACCEPT_SDP,  /* Accept: application/sdp (415) */
	MSGS_ACCEPT_DTMF, /* Accept: what INFO may carry (415) */
	MSGS_RETRY,       /* Retry-After: 1 (503, 500) */
	MSGS_UNSUPPORTED, /* Unsupported: every option tag of Require that we do not speak (420) */
	MSGS_MIN_SE,      /* Min-SE (422) */
	MSGS_EXTRAS
};

/* The INVITE of a leg (RFC 3261 §13.2.1). NULL with *limit > 0: it does not fit into the limit bytes of a
 * buffer; with *limit 0: no buffer. */
struct msgs_invite {
	struct span account, headers; /* of the ORIGINATE */
	struct span sdp;
};
struct pkt *msgs_invite(
    struct sip *s, const struct leg *l, const struct txn *t, const struct msgs_invite *say, uint32_t *limit);

/* Make an INVITE of ours that was written for TCP one for UDP, in place. False: it is no such thing. */
bool msgs_say_udp(struct pkt *p);

/* OPTIONS outside of any dialog; its own token is tag and Call-ID as well. */
struct pkt *msgs_options(struct sip *s, const struct txn *t, struct span ruri, struct span user);
/* ACK for a 2xx (§13.2.2.4) in the leg's dialog. */
struct pkt *msgs_ack(struct sip *s, const struct leg *l, uint32_t cseq);
/* re-INVITE in the leg's dialog; more: further header lines. */
struct pkt *msgs_reinvite(
    struct sip *s, const struct leg *l, const struct txn *t, struct span more, struct span sdp);
/* BYE in the leg's dialog; t is its transaction; reason: value of the Reason header. */
struct pkt *msgs_bye(struct sip *s, const struct leg *l, const struct txn *t, struct span reason);
/* CANCEL of an INVITE (§9.1); reason may be empty. */
struct pkt *msgs_cancel(struct sip *s, const struct leg *l, const struct txn *invite, struct span reason);
/* ACK for a 300-699 (§17.1.1.3): made of the response and the INVITE's Request-URI. */
struct pkt *msgs_ack_failure(struct sip *s, const struct txn *invite, const struct sip_msg *m);
/* ACK (t NULL) or BYE for a 2xx of which no leg is kept: made of the response alone. hop: where it will go. */
struct pkt *msgs_from_2xx(struct sip *s, const struct msg_in *h, struct span target,
    const struct ip_sock *hop, const struct txn *t);

/* Response to a request. Out of a dialog the To tag is a keyed hash of the request, so that the same request
 * gets the same tag without state (§8.2.7). */
struct pkt *msgs_response(struct sip *s, const struct sip_msg *req, const struct ip_sock *src,
    uint16_t status, struct span reason, enum msgs_extra extra);
/* Response to a request with our tag of this leg: above 100 with Contact and, where sdp is not empty, SDP; more: further
 * header lines. */
struct pkt *msgs_reply(struct sip *s, const struct leg *l, const struct sip_msg *req,
    const struct ip_sock *src, uint16_t status, struct span reason, struct span more, struct span sdp);
/* 2xx of a re-INVITE or UPDATE, with Contact and SDP. */
struct pkt *msgs_accept(struct sip *s, const struct leg *l, const struct sip_msg *req,
    const struct ip_sock *src, struct span more, struct span sdp);
/* Write it, send it once to the source, forget it. The reason gives way to the RFC's phrase when it would make
 * the answer larger than 1.2 times the request. */
void msgs_refuse(struct sip *s, const struct sip_msg *req, const struct ip_sock *src, uint16_t status,
    struct span reason, enum msgs_extra extra, uint64_t now);

/* The From URI of a leg, as events tell it. */
void msgs_local_uri(const struct sip *s, const struct leg *l, struct buf *out);

#endif
