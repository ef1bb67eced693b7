/* SPDX-License-Identifier: Apache-2.0 */
/* A dialog as we keep it, calling or called (RFC 3261 §12): both tags, the Call-ID, the two sequence numbers, the
 * remote target and the route set. The long parts are text in a bounded, reference-counted block, because the
 * INVITE transaction needs the Request-URI longer than the leg does. Pure: no packet, no clock. */
#ifndef DP_SIP_DIALOG_H
#define DP_SIP_DIALOG_H

#include "dataplane/api/ip_addr.h"
#include "dataplane/core/pool.h"
#include "dataplane/sip/ident.h"
#include "dataplane/sip/msg_in.h"

/* What the text block holds. */
enum dialog_text {
	DIALOG_RURI,   /* the far side's URI: Request-URI and To of our INVITE, or From of theirs */
	DIALOG_USER,   /* our user part; called (uas): our URI, the To of their INVITE */
	DIALOG_SID,    /* X-Twilio-CallSid */
	DIALOG_TAG,    /* remote tag */
	DIALOG_TARGET, /* remote target URI */
	DIALOG_TLS,    /* TLS: the name that the certificate of the target must have */
	DIALOG_ROUTE,  /* route set, ready for a Route header: "<sip:a;lr>, <sip:b;lr>"; empty = none */
	DIALOG_CALL,   /* called (uas): their Call-ID */
	DIALOG_TEXTS
};

/* Blocks come in three sizes. Nearly every call fits into the first; a route set or long URIs want the second; more than
 * the third holds is refused. */
enum dialog_size { DIALOG_BRIEF, DIALOG_MEDIUM, DIALOG_LARGE, DIALOG_SIZES };

#define DIALOG_BRIEF_BYTES  276
#define DIALOG_MEDIUM_BYTES 468
#define DIALOG_LONG_BYTES   4096

struct dialog_block {
	uint32_t refs;
	uint16_t len, cap;
	uint8_t size; /* enum dialog_size */
	struct {
		uint16_t off, len;
	} t[DIALOG_TEXTS];
	char b[];
};
_Static_assert(
    sizeof(struct dialog_block) + DIALOG_BRIEF_BYTES <= 320, "there is one for each leg that is up");
_Static_assert(sizeof(struct dialog_block) + DIALOG_MEDIUM_BYTES <= 512, "and one of these for every eighth");

struct dialog_pools {
	struct pool of[DIALOG_SIZES];
};

struct dialog {
	struct dialog_block *text;
	uint32_t local_cseq, remote_cseq;
	char tag[IDENT_LEN]; /* ours, a token of ident.h */
	char call_mac
	    [IDENT_MAC_LEN]; /* what our Call-ID, the other token of the same random part, ends with */
	bool remote_cseq_set;
	bool confirmed; /* the far side's tag is known */
	bool uas;       /* the far side called */
};

[[nodiscard]] int dialog_pools_init(struct dialog_pools *p, const uint32_t count[DIALOG_SIZES]);
void dialog_pools_fini(struct dialog_pools *p);

/* An empty dialog with room for text. False: no block (nothing is held). */
[[nodiscard]] bool dialog_open(struct dialog *d, struct dialog_pools *p);
void dialog_close(struct dialog *d, struct dialog_pools *p);
/* A further owner of a text block, and its end. */
struct dialog_block *dialog_block_get(struct dialog_block *b);
void dialog_block_put(struct dialog_pools *p, struct dialog_block *b);

static inline struct span dialog_block_span(const struct dialog_block *b, enum dialog_text which)
{
	return (struct span){b->b + b->t[which].off, b->t[which].len};
}

static inline struct span dialog_span(const struct dialog *d, enum dialog_text which)
{
	return dialog_block_span(d->text, which);
}

static inline struct span dialog_tag(const struct dialog *d)
{
	return span_of(d->tag, IDENT_LEN);
}

/* Called: theirs. Else ours, written into room. */
static inline struct span dialog_call_id(const struct dialog *d, char room[IDENT_LEN])
{
	if (d->uas)
		return dialog_span(d, DIALOG_CALL);
	room[0] = IDENT_CALL_ID;
	memcpy(room + 1, d->tag + 1, IDENT_LEN - 1 - IDENT_MAC_LEN);
	memcpy(room + IDENT_LEN - IDENT_MAC_LEN, d->call_mac, IDENT_MAC_LEN);
	return span_of(room, IDENT_LEN);
}

/* Replace one text (moves to a larger block when needed). False: longer than DIALOG_LONG_BYTES in all, or no
 * block; the dialog keeps what it had. Other owners of the block may only read texts that are never replaced
 * (the INVITE transaction: DIALOG_RURI). */
[[nodiscard]] bool dialog_set(
    struct dialog *d, struct dialog_pools *p, enum dialog_text which, struct span s);

/* Become confirmed by a 2xx to our INVITE: remote tag, remote target from Contact, route set from
 * Record-Route in reverse (§12.1.2). -1 with a static reason: no To tag, no usable Contact, too long. */
[[nodiscard]] int dialog_confirm(
    struct dialog *d, struct dialog_pools *p, const struct msg_in *h, const char **reason);

/* Become the called side's dialog of an INVITE (§12.1.1): its tag, Call-ID, URIs, Contact, Record-Route in order. -1 with
 * a static reason: what the far side left out or made too long, or *full: no room for the text. */
[[nodiscard]] int dialog_accept(
    struct dialog *d, struct dialog_pools *p, const struct msg_in *h, const char **reason, bool *full);

/* A target refresh request (§12.2.2): take over its Contact, if it has a usable one. False: no room. */
[[nodiscard]] bool dialog_refresh(struct dialog *d, struct dialog_pools *p, const struct msg_in *h);

/* Check a request's CSeq (§12.2.2). False: out of order, answer 500. True: remembered. */
bool dialog_cseq_in(struct dialog *d, uint32_t cseq);

/* Write the Record-Route values of a response as a Route value, in reverse. */
void dialog_route_reverse(struct buf *out, const struct sip_msg *m);

/* Header text on one line: a fold becomes white space (§7.3.1). */
void dialog_put_unfolded(struct buf *out, struct span s);

/* Contact URI of a message; false when there is none that a request could be sent to. */
bool dialog_contact(const struct msg_in *h, struct span *uri);

/* How to address a request from target and route set (§12.2.1.1): *ruri and *route are what goes into the
 * message (tmp holds a rewritten route for a strict router), *hop the URI that says where to send it. */
struct dialog_route {
	struct span ruri, route, hop;
};
void dialog_route(struct dialog_route *out, struct span target, struct span route_set, struct buf *tmp);

/* The IP address and port a hop URI names literally, and the transport, DP_TRANSPORTS when it names none; false when it
 * names a host. */
bool dialog_hop_sock(struct span hop, struct ip_sock *out);

#endif
