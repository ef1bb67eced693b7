/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by uas.c (which request belongs where), uas_dialog.c (inside our dialogs) and uas_guest.c (outside). */
#ifndef DP_SIP_UAS_CORE_H
#define DP_SIP_UAS_CORE_H

#include "dataplane/sip/call_leg.h"
#include "dataplane/sip/sip_msgs.h"
#include "dataplane/sip/uas.h"

/* A request being answered. */
struct ask {
	struct sip *s;
	const struct msg_in *h;
	const struct sip_msg *m; /* and what else h has */
	const struct ip_sock *src;
	uint64_t key; /* of its server transaction */
	uint64_t now;
};

/* uas_dialog.c */
void uas_dialog_request(struct leg *l, const struct ask *a);
void uas_dialog_ack(struct leg *l, const struct ask *a);

/* uas_guest.c */
[[nodiscard]] int uas_guests_init(struct sip *s, uint32_t size);
void uas_guests_fini(struct sip *s);
void uas_guest_request(const struct ask *a);

/* Known method → 405, unknown → 501 (§8.2.1). */
static inline uint16_t uas_method_status(const struct sip_msg *m)
{
	return m->method == SIP_UNKNOWN ? 501 : 405;
}

/* Option tags that we do not speak are required: 420 (§8.2.2.3). */
bool uas_requires_more(const struct sip_msg *m);

/* A body we cannot read in an INVITE: 415 (§8.2.3). */
bool uas_bad_body(const struct sip_msg *m);

#endif
