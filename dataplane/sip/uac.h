/* SPDX-License-Identifier: Apache-2.0 */
/* The calling side of a leg: ORIGINATE to INVITE, its responses, CANCEL and its races, forks, the ACK
 * (RFC 3261 §13.2, §9.1; RFC 5407). */
#ifndef DP_SIP_UAC_H
#define DP_SIP_UAC_H

#include "dataplane/sip/call_leg.h"

void uac_originate(struct sip *s, const struct dp_cmd *c, uint64_t now);
/* End a leg from our side: CANCEL or BYE, whatever its state asks for. */
void uac_hangup(struct leg *l, enum dp_end_cause cause, uint16_t sip_status, uint64_t now);
/* A 2xx to the INVITE of a leg that had one before: its own again, or another fork's. */
void uac_2xx_again(struct leg *l, const struct msg_in *h);
/* ACK for a 2xx in the leg's dialog, made for its CSeq. */
void uac_ack_again(struct leg *l, const struct msg_in *h);
/* A BYE with our tag and Call-ID came (already answered 200). */
void uac_bye(struct leg *l, const struct msg_in *h);
/* The CANCEL of an INVITE that called us (already answered 200). */
void uac_cancel(struct leg *l, const struct msg_in *h);

/* After a target refresh: where requests of the dialog go from now on. */
void uac_rehop(struct leg *l, const struct ip_sock *src);

/* What transactions tell (struct txn_user). */
extern const struct txn_user uac_txn_user;

#endif
