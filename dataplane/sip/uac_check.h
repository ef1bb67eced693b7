/* SPDX-License-Identifier: Apache-2.0 */
/* The last look at the text of an ORIGINATE before it becomes a message. Control has checked it; this is the
 * place where a mistake there would become a second header line. */
#ifndef DP_SIP_UAC_CHECK_H
#define DP_SIP_UAC_CHECK_H

#include "dataplane/api/dp_msg.h"

struct sip;

#define UAC_USER_MAX 128
#define UAC_SID_MAX  64

/* NULL when the command can be carried out; else which field breaks which rule. */
const char *uac_check(const struct sip *s, const struct dp_cmd *c);

#endif
