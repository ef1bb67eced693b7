/* SPDX-License-Identifier: Apache-2.0 */
/* How a leg's end is told: Twilio's call status from the dataplane's cause and the final SIP response. */
#ifndef CONTROL_CALL_STATUS_H
#define CONTROL_CALL_STATUS_H

#include "dataplane/api/dp_msg.h"

/* answered: the call had been answered. progressed: a provisional response had come. canceled: we asked for the
 * end before there was an answer. Always one of completed, busy, failed, no-answer, canceled. */
const char *call_status_of(
    enum dp_end_cause cause, uint16_t sip_status, bool answered, bool progressed, bool canceled);

#endif
