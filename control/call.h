/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: what a REST request, a <Dial> noun or an INVITE from outside started, the TwiML that runs on it, its status callbacks and
 * its record. Pure of I/O: everything that leaves goes through struct calls_ops, everything that comes in is a
 * function here, time is an argument or ops->now. So the same code runs under the loop and in simulation. */
#ifndef CONTROL_CALL_H
#define CONTROL_CALL_H

#include "control/form.h"
#include "control/http_client.h"
#include "control/store.h"
#include "dataplane/api/dp_msg.h"

struct calls;
struct call;
struct sip_target;

struct calls_ops {
	void *ctx;
	uint64_t (*now_ns)(void *ctx);
	int64_t (*wall_ms)(void *ctx);
	void (*random)(void *ctx, void *out, size_t n);
	/* dataplane */
	uint16_t (*pick_worker)(void *ctx);
	int (*originate)(void *ctx, uint16_t worker, const struct dp_cmd *c); /* 0, -EAGAIN: ring full */
	void (*command)(void *ctx, const struct dp_cmd *c);
	/* SIP target: answer by calls_resolved(tag). Policy has been applied: n == 0 and why on refusal. */
	void (*resolve)(void *ctx, const struct sip_target *target, uint64_t tag);
	/* An address answered, or failed as RFC 3263 §4.3 has it. NULL: nobody wants to know. */
	void (*hop_done)(void *ctx, const struct ip_sock *hop, bool reached);
	/* signed webhook: answer by calls_http_done(tag). -EINVAL: not sent. */
	int (*webhook)(void *ctx, const char *account_sid, const char *url, bool post,
	    const struct form *params, uint64_t tag);
	/* durable record. tag 0: nobody waits. Otherwise calls_stored(tag). */
	void (*save)(void *ctx, const struct call_row *r, uint64_t tag);
	void (*note)(void *ctx, const struct call_note *n);
	/* What came of an INVITE that did not lead to a call. NULL: not kept. */
	void (*event)(void *ctx, const struct event_row *e);
	/* one-shot timer: calls_timer(tag) at the time; arming a tag again moves it, at 0 cancels it. */
	void (*timer)(void *ctx, uint64_t tag, uint64_t at_ns);
	/* one log line; level E, W, I or D; call_sid may be "". Never a secret in it. Notes are not logged here. */
	void (*log)(void *ctx, char level, const char *call_sid, const char *text);
	/* NULL: status callbacks go out as webhooks that are sent once (TAG_CALLBACK). Otherwise: keep this one, number
	 * r->next_sequence - 1, with the save of the same call that follows at once, and deliver it when both are on
	 * disk; its failure is the outbox's to report. */
	void (*callback)(void *ctx, const struct call_row *r, const struct form *params);
	/* May this account put several nouns into one <Dial>? NULL: every account may. */
	bool (*enhanced_sip)(void *ctx, const char *account_sid);
};

struct calls_conf {
	uint32_t calls_max;        /* live calls (legs), beyond it 429/20429 */
	const char *default_from;  /* "anonymous" */
	const char *outbound_host; /* host of the From URI: the dataplane's address (host[:port]) */
	uint32_t time_limit_s;     /* longest call, 14400 */
	/* Calls from outside: whose they are and what runs on them. voice_url NULL or "": they are refused. */
	struct {
		const char *account_sid, *voice_url, *fallback_url, *status_callback;
		bool voice_get, fallback_get, callback_get;
	} inbound;
	uint8_t transports;         /* that there are: bits 1 << enum dp_transport; UDP always is */
	uint32_t first_response_ms; /* silence after which the next address of a target is tried */
	/* SIP URIs with {…} for the number or the client's identity; NULL or "": such nouns cannot be dialled. */
	const char *trunk_uri, *client_uri;
	bool last_good; /* a document that cannot be had: what its URL answered last is run */
	const char
	    *trunk_from; /* From user of calls to numbers without a callerId; NULL or "": the caller's */
};

/* What POST Calls.json asked for, already decoded; calls_create checks it. Strings borrowed. */
struct call_request {
	const char *account_sid;
	const struct form *params;
};

/* A refusal in Twilio's words: HTTP status, code, message. */
struct call_error {
	int http_status, code;
	char message[256];
};

struct calls *calls_new(const struct calls_conf *conf, const struct calls_ops *ops);
void calls_free(struct calls *c);

/* Check a create request and make the call: status queued, not started, not yet on disk. NULL with *err.
 * A struct call is good until the next thing happens (any function below that reports an event, or a timer): keep
 * the SID and look it up again with calls_find, which finds nothing once the call has ended. */
struct call *calls_create(struct calls *c, const struct call_request *r, struct call_error *err);
/* How long the call will wait for its turn (ms), before its row is stored and shown. */
void calls_set_queue_time(struct call *call, uint32_t ms);
/* Live calls of one account. */
uint32_t calls_live_of(const struct calls *c, const char *account_sid);
/* The row is on disk and 201 may be sent: start dialling. Nothing happens when it was canceled meanwhile. */
void calls_start(struct calls *c, struct call *call);
/* The row could not be stored: forget the call. */
void calls_discard(struct calls *c, struct call *call);
/* POST Calls/{Sid}: Status=canceled|completed ends it; Url or Twiml (an answered call only) abandons what runs and
 * goes on there: the other leg of a bridge, when it is the calling one, continues behind its <Dial>; FallbackUrl,
 * StatusCallback, TimeLimit count from here on. 0, or -1 with *err (21220 when the state does not allow it). */
[[nodiscard]] int calls_update(
    struct calls *c, struct call *call, const struct form *params, struct call_error *err);

/* The longest call, for those that are made from now on. */
void calls_set_time_limit(struct calls *c, uint32_t seconds);

struct call *calls_find(struct calls *c, const char *sid); /* live ones only */
const struct call_row *call_row(const struct call *call);
/* What has happened to it so far, for a person: "<Unix ms> <what>\n" … in order. When the call has ended it is in its row. */
const char *calls_story(const struct call *call);
/* Every live call, in no order. */
void calls_each(const struct calls *c, void (*fn)(void *ctx, const struct call *call), void *ctx);
uint32_t calls_live(const struct calls *c);
/* Live calls by status, for /metrics: name and count pairs; returns how many were filled. */
uint32_t calls_by_status(const struct calls *c, const char *names[16], uint32_t counts[16]);

/* Things that happen. Tags that are no longer known are ignored. */
void calls_dp_event(struct calls *c, const struct dp_event *e);
/* hops: in the order to try them, transport and port filled. */
void calls_resolved(struct calls *c, uint64_t tag, const struct ip_sock *hops, uint32_t n, const char *why);
void calls_http_done(struct calls *c, uint64_t tag, const struct http_result *r);
void calls_stored(struct calls *c, uint64_t tag, bool ok, const char *why);
void calls_timer(struct calls *c, uint64_t tag);
/* After a restart: a row that was up when the engine died. Closes it as failed with an end time, saves it and
 * sends its completed callback when it asked for one. */
void calls_recover(struct calls *c, const struct call_row *row);
/* Calls from outside are refused (503), or no longer: the engine drains, or has not come up. */
void calls_close(struct calls *c, bool closed);
/* Orderly stop: hang up everything. */
void calls_shutdown(struct calls *c);

#endif
