/* SPDX-License-Identifier: Apache-2.0 */
#include "control/call_status.h"

/* First row that fits. cause NONE: any; sip_status 0: any; progressed -1: either. */
static const struct row {
	enum dp_end_cause cause;
	uint16_t sip_status;
	int progressed;
	const char *status;
} rows[] = {
    {DP_END_REJECTED, 486, -1, "busy"},
    {DP_END_REJECTED, 600, -1, "busy"},
    {DP_END_REJECTED, 480, -1, "no-answer"},
    {DP_END_REJECTED, 603, -1, "no-answer"},
    {DP_END_REJECTED, 408, 1, "no-answer"},
    {DP_END_NO_RESPONSE, 0, 1, "no-answer"},
    {DP_END_RING_TIMEOUT, 0, -1, "no-answer"},
    {DP_END_CANCELED, 0, -1, "canceled"},
    {DP_END_REMOTE_CANCEL, 0, -1, "canceled"},
    {DP_END_DECLINED, 0, -1, "canceled"},
    {DP_END_NONE, 0, -1, "failed"},
};

static bool fits(const struct row *r, enum dp_end_cause cause, uint16_t sip_status, bool progressed)
{
	return (r->cause == DP_END_NONE || r->cause == cause) &&
	       (!r->sip_status || r->sip_status == sip_status) &&
	       (r->progressed < 0 || r->progressed == progressed);
}

const char *call_status_of(
    enum dp_end_cause cause, uint16_t sip_status, bool answered, bool progressed, bool canceled)
{
	if (answered)
		return "completed";
	if (canceled && cause != DP_END_REJECTED)
		return "canceled";
	const struct row *r = rows;
	while (!fits(r, cause, sip_status, progressed))
		r++;
	return r->status;
}
