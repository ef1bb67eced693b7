/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: the pure machines of txn_fsm.h given packets, timers and a place in the pool.
 *
 * Client transactions are found by the token in their branch, server transactions by a keyed hash of branch,
 * sent-by and method (RFC 3261 §17.2.3), with the RFC 2543 rule for branches without the cookie. */
#ifndef DP_SIP_TXN_H
#define DP_SIP_TXN_H

#include "dataplane/core/wheel.h"
#include "dataplane/net/net.h"
#include "dataplane/sip/dialog.h"
#include "dataplane/sip/glance.h"
#include "dataplane/sip/ident.h"
#include "dataplane/sip/msg_in.h"
#include "dataplane/sip/txn_fsm.h"

struct sip;
struct txn;

#define TXN_NO_INDEX 0xffffffffu

struct txn_list {
	struct txn_list *prev, *next;
};

struct txn {
	struct sip *sip;
	struct wtimer timer;
	struct txn_fsm fsm;
	struct pkt *pkt; /* kept for sending again; NULL = nothing kept */
	struct ip_sock remote;
	uint8_t method;        /* enum sip_method */
	uint8_t extra;         /* server: enum msgs_extra of the response */
	bool canceled;         /* INVITE client: its CANCEL went out */
	bool in_dialog;        /* INVITE client: a re-INVITE */
	uint16_t status;       /* server: of the response sent */
	uint32_t index;        /* its own in the pool */
	uint32_t leg;          /* pool index of the leg, TXN_NO_INDEX when it has gone */
	uint64_t rand;         /* client: of the branch; server: the match key */
	char token[IDENT_LEN]; /* client: the branch behind its cookie */
	uint32_t cseq;
	uint64_t name; /* client, TLS: what its connection must be for (conns_name) */
	bool resent;   /* client: sent once more by a new connection */
	bool or_udp;   /* client: by UDP after all when nobody accepts the connection (§18.1.1) */
	/* INVITE client */
	uint32_t cancel;           /* its CANCEL; of a CANCEL: its INVITE; TXN_NO_INDEX = none */
	struct dialog_block *text; /* for the ACK of a refusal */
	struct txn_list waiting;   /* client: nothing has come back yet */
};

/* What happens to the user of a transaction. */
struct txn_user {
	/* True: the transaction is not needed any more and ends now. */
	bool (*response)(struct sip *s, struct txn *t, const struct msg_in *h);
	void (*timeout)(struct sip *s, struct txn *t, uint64_t now); /* Timer B, F; IST: no ACK for the 2xx */
	void (*failed)(struct sip *s, struct txn *t, uint64_t now);
	void (*moved)(struct sip *s, struct txn *t); /* the INVITE goes by UDP from now on */
	void (*gone)(struct sip *s, struct txn *t);  /* before it returns to the pool */
	/* ACK for a non-2xx; a server response again. The user knows how to write them. */
	void (*ack)(struct sip *s, struct txn *t, const struct msg_in *h);
};

/* NULL: no room (not counted here). The last quarter of the pool is for what ends calls, CANCEL and BYE: new calls and
 * the requests of others leave it alone. The index is what a branch token names. */
struct txn *txn_open(struct sip *s, enum txn_kind kind, uint8_t method, const struct ip_sock *remote);
static inline uint32_t txn_index(const struct sip *s, const struct txn *t)
{
	return t->index;
}
/* txn_at is in core.h. */

/* Client: send pkt (takes the caller's reference) and run. 0; -ENETUNREACH: nothing was sent, the transaction
 * is gone. */
[[nodiscard]] int txn_start(struct txn *t, struct pkt *pkt, uint64_t now);
/* Server: the request has come; key from txn_key. False: the table is full, the transaction is gone. */
[[nodiscard]] bool txn_serve(struct txn *t, uint64_t key, uint64_t now);
/* Server: send the response (takes the reference); keep: the machine sends it again. */
void txn_respond(struct txn *t, struct pkt *pkt, uint16_t status, bool keep, uint64_t now);
/* Server, INVITE: the ACK for a 2xx came (it is matched by its dialog). */
void txn_acked(struct txn *t, uint64_t now);
/* Give back one that was never started or served. */
void txn_discard(struct txn *t);
/* Client: nothing is sent again; a response is still waited for. */
void txn_mute(struct txn *t);
/* End it now, without telling anybody. */
void txn_abort(struct txn *t, uint64_t now);

/* A response: find its client transaction and feed it. False: it belongs to none. */
bool txn_response(struct sip *s, const struct msg_in *h);
/* The same for a message of which Via, CSeq and status are all that matters; nothing else of it is looked at (RFC 3261
 * §8.2.2 asks for no more). False: decode it, it may still belong to a transaction.
 * brief: it was indexed; a provisional without a body. glance: 100 Trying, any provisional that is seen to have no body,
 * and any answer to CANCEL or BYE. */
bool txn_response_brief(struct sip *s, const struct sip_msg *m, const struct ip_sock *src, uint64_t now);
bool txn_response_glance(struct sip *s, const struct glance *g, const struct ip_sock *src, uint64_t now);
/* The client transaction of this branch still runs (method: of the response; the CANCEL of an INVITE may be over before
 * the INVITE is). */
bool txn_awaits(const struct sip *s, const struct ident *branch, enum sip_method method);
/* The key of the server transaction of a request as if its method were `method` (an ACK's is that of its
 * INVITE; a CANCEL is looked up once as itself and once as the INVITE), and that transaction. */
uint64_t txn_key(const struct sip *s, const struct msg_in *h, enum sip_method as);
struct txn *txn_find_server(const struct sip *s, uint64_t key);
/* An ACK for a non-2xx of ours: feeds the transaction. False: none. */
bool txn_ack(struct sip *s, uint64_t key, uint64_t now);
/* The same request again. */
void txn_again(struct txn *t, uint64_t now);

/* The network says that nothing we send to `remote` arrives: every client transaction to it that still waits
 * for its first response fails. */
void txn_unreachable(struct sip *s, const struct ip_sock *remote, uint64_t now);
/* A connection to `remote`, made for the TLS name `name`, has ended. Client transactions that wait for a first response by
 * it fail; retry: it had worked, so each may have been too late for it and is sent once more by a new one. */
void txn_conn_lost(struct sip *s, const struct ip_sock *remote, struct span name, bool retry, uint64_t now);

#endif
