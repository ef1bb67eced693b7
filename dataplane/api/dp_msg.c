/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/api/dp_msg.h"

static struct dp_text text_put(char area[DP_TEXT_MAX], uint16_t *used, struct span s, bool *bad)
{
	struct dp_text t = {*used, (uint16_t)s.len};
	if (s.len > DP_TEXT_MAX || *used > DP_TEXT_MAX - s.len) {
		*bad = true;
		return (struct dp_text){0, 0};
	}
	if (s.len)
		memcpy(area + *used, s.p, s.len);
	*used = (uint16_t)(*used + s.len);
	return t;
}

struct dp_text dp_cmd_text(struct dp_cmd *c, struct span s, bool *bad)
{
	return text_put(c->text, &c->text_len, s, bad);
}

struct dp_text dp_event_text(struct dp_event *e, struct span s, bool *bad)
{
	return text_put(e->text, &e->text_len, s, bad);
}

static void wipe(struct dp_cmd *c, struct dp_text *t)
{
	if (t->len <= DP_TEXT_MAX && t->off <= DP_TEXT_MAX - t->len)
		explicit_bzero(c->text + t->off, t->len);
	*t = (struct dp_text){0, 0};
}

void dp_cmd_wipe(struct dp_cmd *c)
{
	if (c->type != DP_CMD_ORIGINATE)
		return;
	wipe(c, &c->orig.auth_user);
	wipe(c, &c->orig.auth_password);
}

static const char *const cmd_names[DP_CMD_TYPES] = {
    [DP_CMD_NONE] = "NONE",
    [DP_CMD_ORIGINATE] = "ORIGINATE",
    [DP_CMD_BRIDGE] = "BRIDGE",
    [DP_CMD_UNBRIDGE] = "UNBRIDGE",
    [DP_CMD_HANGUP] = "HANGUP",
    [DP_CMD_RING] = "RING",
    [DP_CMD_ANSWER] = "ANSWER",
    [DP_CMD_REJECT] = "REJECT",
    [DP_CMD_PING] = "PING",
};

static const char *const ev_names[DP_EV_TYPES] = {
    [DP_EV_NONE] = "NONE",
    [DP_EV_STARTED] = "STARTED",
    [DP_EV_PROGRESS] = "PROGRESS",
    [DP_EV_ANSWERED] = "ANSWERED",
    [DP_EV_BRIDGED] = "BRIDGED",
    [DP_EV_UNBRIDGED] = "UNBRIDGED",
    [DP_EV_HELD] = "HELD",
    [DP_EV_RESUMED] = "RESUMED",
    [DP_EV_DTMF] = "DTMF",
    [DP_EV_ENDED] = "ENDED",
    [DP_EV_REFER] = "REFER",
    [DP_EV_INCOMING] = "INCOMING",
    [DP_EV_PONG] = "PONG",
};

static const char *const end_names[DP_END_CAUSES] = {
    [DP_END_NONE] = "none",
    [DP_END_REMOTE_BYE] = "remote-bye",
    [DP_END_LOCAL_HANGUP] = "local-hangup",
    [DP_END_CANCELED] = "canceled",
    [DP_END_RING_TIMEOUT] = "ring-timeout",
    [DP_END_REJECTED] = "rejected",
    [DP_END_NO_RESPONSE] = "no-response",
    [DP_END_TRANSPORT] = "transport",
    [DP_END_MEDIA] = "media",
    [DP_END_PROTOCOL] = "protocol",
    [DP_END_CAPACITY] = "capacity",
    [DP_END_BAD_COMMAND] = "bad-command",
    [DP_END_SHUTDOWN] = "shutdown",
    [DP_END_REMOTE_CANCEL] = "remote-cancel",
    [DP_END_DECLINED] = "declined",
};

static const char *name_of(const char *const *names, unsigned count, unsigned i)
{
	return i < count && names[i] ? names[i] : "unknown";
}

const char *dp_cmd_name(enum dp_cmd_type t)
{
	return name_of(cmd_names, DP_CMD_TYPES, (unsigned)t);
}

const char *dp_ev_name(enum dp_ev_type t)
{
	return name_of(ev_names, DP_EV_TYPES, (unsigned)t);
}

const char *dp_end_name(enum dp_end_cause c)
{
	return name_of(end_names, DP_END_CAUSES, (unsigned)c);
}
