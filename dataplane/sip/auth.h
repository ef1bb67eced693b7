/* SPDX-License-Identifier: Apache-2.0 */
/* The credentials of one call leg: kept from its ORIGINATE to its end, wiped then. What they are used for, and no more:
 *  - the realm is the one first seen on the INVITE, the challenger the address that INVITE's challenge came from: no
 *    other realm and, later in the dialog, no other address is ever answered;
 *  - an algorithm weaker than the one begun with is not answered;
 *  - a leg whose INVITE was not challenged lets go of them when it is answered, so that the callee cannot ask for them
 *    later;
 *  - at most two challenges per request are answered, the second only if it says stale (the INVITE) or has another
 *    nonce (in a dialog, where the first answer was ahead of its challenge);
 *  - ACK and CANCEL are never challenged. The ACK of a 2xx carries what its INVITE carried (RFC 3261 §13.2.2.4). */
#ifndef DP_SIP_AUTH_H
#define DP_SIP_AUTH_H

#include "dataplane/api/dp_msg.h"
#include "dataplane/core/pool.h"
#include "dataplane/sip/digest.h"
#include "sip-parser/sip_msg.h"

#define AUTH_USER_MAX     255
#define AUTH_PASSWORD_MAX 255
#define AUTH_TRIES_MAX    2
#define AUTH_LEGS_MAX     65536u /* legs with credentials of one worker, at most */

struct auth;
struct sip;

/* What one worker needs for all of its legs. */
struct auths {
	struct pool pool;
};
[[nodiscard]] int auths_init(struct auths *a, uint32_t legs_max);
void auths_fini(struct auths *a);

/* Take the credentials, the account's SID and the extra headers of a checked ORIGINATE (the INVITE is written again when it
 * was challenged). NULL: the pool is empty. */
struct auth *auth_open(struct auths *as, const struct dp_cmd *c);
/* Wipes and gives back; NULL is fine. */
void auth_close(struct auths *as, struct auth *a);

struct span auth_account(const struct auth *a);
struct span auth_headers(const struct auth *a);

/* A 401 or 407 to our INVITE (in_dialog false) or to a request of its dialog came from src: take its challenge. NULL: the
 * same request may be sent again with auth_put; otherwise a static text that says why not. cnonce: 64 random bits. */
const char *auth_challenged(
    struct auth *a, const struct sip_msg *m, const struct ip_sock *src, bool in_dialog, uint64_t cnonce);
/* Was any challenge answered? */
bool auth_used(const struct auth *a);
/* A new request of the dialog begins: its tries are counted from none. */
void auth_begin(struct auth *a);

/* The header line for a request; nothing while there was no challenge. An ACK's is the INVITE's: ruri is that URI. */
void auth_put(struct auth *a, struct buf *b, struct span method, struct span ruri);

#endif
