/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the call logic: what call_*.c and dial.c share. Nobody else includes this. */
#ifndef CONTROL_CALL_PRIV_H
#define CONTROL_CALL_PRIV_H

#include "control/call.h"
#include "control/call_check.h"
#include "control/dial_fork.h"
#include "control/sip_target.h"
#include "sip-parser/base/hash.h"
#include "twiml/twiml_exec.h"

#define CALL_EVENTS_QUEUED 4
#define CALL_NOTES_MAX     200 /* notifications of one call; later ones are only counted */
#define CALL_FROM_MAX      128
#define CALL_RETRY_NS      (20 * UINT64_C(1000000))
#define CALL_HOPS_MAX      16
#define CALL_RETRIES_MAX   100 /* a full ring is tried again for two seconds */

/* A call's way; it never goes back. */
enum call_phase {
	CALL_NEW,       /* made, not on disk */
	CALL_RESOLVING, /* looking for an address, or waiting for room in the ring */
	CALL_DIALING,   /* ORIGINATE is with the worker */
	CALL_INCOMING,  /* from outside, not answered: its TwiML may run */
	CALL_UP,        /* answered */
	CALL_OVER,      /* terminal status told; may linger for what is still in flight */
	CALL_PHASES
};

/* What a tag is for; the tag also holds the slot and its generation, never a pointer. */
enum call_tag {
	TAG_LEG = 1, /* cookie of the leg's events */
	TAG_RESOLVE,
	TAG_DOCUMENT, /* TwiML is being fetched */
	TAG_CALLBACK, /* a status callback is on its way */
	TAG_REPORT,   /* a request whose answer nobody waits for */
	TAG_PAUSE,
	TAG_LIMIT, /* longest call */
	TAG_RETRY,
	TAG_ANSWERED, /* the record that tells of the answer is on disk */
	TAG_TAKEN,    /* the record of a call from outside is on disk */
};

/* A remark kept until the call is on disk. */
struct call_early_note {
	struct call_early_note *next;
	int code;
	bool error;
	char text[];
};

/* The <Dial> that runs, and how the last one ended, as its action is told. */
struct call_dial {
	bool active, advancing;
	bool dialled; /* somebody's INVITE has left */
	bool bridged; /* audio has flowed with an answered child */
	struct dial_fork fork;
	const struct twiml_node *node; /* of the running document */
	char *base;                    /* what its URLs are relative to; NULL: nothing */
	struct {
		const struct twiml_node *noun;
		uint64_t child; /* TAG_LEG tag, 0: was never called */
	} branch[DIAL_BRANCHES_MAX];
	uint64_t early; /* child whose early media the caller was given, 0: none */
	dp_leg relayed; /* leg the caller's audio flows with, 0: none */
	struct form form;
	struct twiml_param *params;
};

struct call {
	struct calls *calls;
	uint32_t slot, gen;
	enum call_phase phase;
	uint32_t in_flight; /* callbacks and reports without an answer */
	struct call *sid_next, *reap_next;
	bool reaping;

	struct call_row row; /* its strings are the next ones */
	char *to, *from, *reason, *status_callback, *status_callback_method;
	char *caller_name, *forwarded_from, *answered_by; /* of a recovered row */
	char *url, *twiml_text, *fallback_url;
	bool url_post, fallback_post;
	char *sip_username, *sip_password; /* for a 401 or 407; wiped when the call is freed */
	struct call_early_note *early_notes;
	uint32_t notes;

	struct sip_target target;
	struct ip_sock hops[CALL_HOPS_MAX]; /* where the target is, in the order to try them */
	uint32_t n_hops, hop;               /* hop: the one that is tried */
	uint16_t worker;
	uint32_t ring_timeout_s, time_limit_s, retries;
	uint64_t ring_by_ns; /* end of the ring timeout, for all addresses together */
	dp_leg leg;
	bool hangup_wanted, hangup_sent; /* wanted: before there was an answer */
	char hangup_why[300];
	char trouble[256];   /* what the program stumbled over in this step, "": nothing */
	uint64_t started_ns; /* the INVITE left, 0: not yet */
	char *story;
	uint32_t story_len, story_cap;
	uint16_t progress; /* the last provisional response */
	bool ringing;
	uint64_t answered_ns;
	/* A call from outside: local_uri and remote_uri are From and To of its INVITE, answer_headers those of the INVITE. */
	bool inbound, offers_media, answer_sent, early_sent;
	char caller[CALL_FROM_MAX + 1]; /* user part of its From: the From of whom it dials */
	const char *refused_as;         /* the status we gave it by refusing; NULL: not refused */
	struct call *leg_next;          /* calls found by their leg */
	dp_leg leg_key;
	uint16_t invite_status; /* final response to the INVITE, 0 = none */
	char *sip_call_id, *local_uri, *remote_uri;
	char *answer_headers, *end_headers; /* "Name: value\r\n" … */
	char source_ip[48];

	/* Of a called leg: the calling one's TAG_LEG tag, 0 = none, and its place in the <Dial>. */
	uint64_t parent;
	uint8_t branch;
	bool screened;  /* its document decides whether it is put through */
	bool connected; /* it was put through: BRIDGE has been asked for */

	struct twiml_session *twiml;
	struct twiml_event queued[CALL_EVENTS_QUEUED];
	uint32_t n_queued;
	bool feeding;
	uint8_t document;   /* number of the request in flight; an answer to an earlier one is ignored */
	char *document_url; /* of the request in flight, or the last one */
	bool document_post;
	char fetch_error[256];
	struct call_dial dial;
};

struct call_slot {
	struct call *call;
	uint32_t gen;
	uint32_t next_free;
};

struct calls {
	struct calls_conf conf;
	struct calls_ops ops;
	struct hash_key key;
	struct call_slot *slots;
	uint32_t n_slots, free_slot; /* free_slot: index + 1, 0 = none */
	struct call **by_sid;        /* n_buckets chains, a power of two */
	struct call **by_leg;        /* calls from outside, as many chains */
	uint32_t n_buckets, n_calls; /* n_calls: objects, live or lingering */
	uint32_t live, lingering;
	struct http_cache *good; /* what documents answered last; NULL: not kept */
	struct call *reap;       /* to be freed at the next entry */
	bool closed;             /* no new calls from outside */
};

/* call_table.c: objects by SID and by tag */
/* sid NULL: a new one. */
struct call *call_new(struct calls *c, const char *account_sid, const char *sid);
void call_table_free(struct calls *c);
struct call *call_by_tag(struct calls *c, uint64_t tag);
uint64_t call_tag(const struct call *call, enum call_tag kind);
/* TAG_DOCUMENT of the request in flight. */
uint64_t call_document_tag(const struct call *call);
/* Free what ended before this entry: pointers handed out stay good until the next thing happens. */
void call_reap(struct calls *c);
/* The call has nothing more to wait for? Then it is freed at the next entry. */
void call_settle(struct call *call);
void call_live_ended(struct call *call);

/* The leg of a call from outside is its name in events. */
void call_key_leg(struct call *call, dp_leg leg);
struct call *call_by_leg(struct calls *c, dp_leg leg);

/* Its TwiML may run. */
static inline bool call_runs(const struct call *call)
{
	return call->phase == CALL_UP || call->phase == CALL_INCOMING;
}

/* call_inbound.c: calls from outside */
void call_incoming(struct calls *c, const struct dp_event *e);
/* Whom a called leg shows as its caller, when nothing else is said. */
const char *call_caller(const struct call *call);
/* Answer it, if that has not been asked for. */
void call_answer(struct call *call);
void call_reject(struct call *call, uint16_t status);
/* 183 with our SDP, once; false: its INVITE offered none. */
bool call_early_media(struct call *call);

/* call_out.c: where to, the ORIGINATE, the next address */
void call_dial_out(struct call *call);
void call_originate(struct call *call);
/* The address that is tried lives. */
void call_hop_reached(struct call *call);
/* The leg ended unanswered: true when the next address is tried instead. */
bool call_next_hop(struct call *call, const struct dp_event *e);

/* call_leg.c: what happens to a leg, and the end */
void call_fail(struct call *call, int code, uint16_t sip_status, const char *reason);
/* End it by the shortest way its phase allows; the terminal status may be told before this returns. */
void call_hangup(struct call *call, const char *why);
/* code: of the notification that says why it did not complete; of a completed call, 0: there is none. */
void call_finish(struct call *call, const char *status, uint16_t sip_status, int code, const char *reason);
void call_set_status(struct call *call, const char *status);
/* Save the record; tag: what waits for it, 0 = nothing. */
void call_save(struct call *call, uint64_t tag);
void call_set_timer(struct call *call, enum call_tag kind, uint64_t at_ns);

/* call_story.c: one more line, "<Unix ms> text" */
void call_story(struct call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* call_why.c: the end in words */
/* One sentence for row.reason. */
void call_why(const struct call *call, const struct dp_event *e, char *out, size_t n);
int call_why_code(const struct dp_event *e); /* Twilio's */
/* Into the notifications and the events of a call that has ended otherwise than completed. */
void call_why_tell(struct call *call, int code);

/* call_hook.c: requests to the user's application */
void call_params(const struct call *call, struct form *f, const char *status);
void call_sip_params(const struct call *call, struct form *f);
void call_header_params(struct form *f, const char *prefix, const char *lines);
/* true: the outbox keeps it, with the save that has to follow. */
bool call_event(struct call *call, uint32_t event, const char *status);
void call_fetch(struct call *call, const struct twiml_effect *e);
void call_report(struct call *call, const struct twiml_effect *e);
void call_document_done(struct call *call, const struct http_result *r);
void call_callback_done(struct call *call, const struct http_result *r, bool report);

/* call_good.c: the last good answers, when they are kept */
void call_good_keep(struct call *call, const struct http_result *r);
/* The document that was asked for cannot be had or run, and no fallback is left: feeds what it was when it was last good,
 * and notes that. false: there is none. why: with its code. */
bool call_good_use(struct call *call, int code, const char *why);

/* call_twiml.c: the document runs */
void call_twiml_start(struct call *call);
/* Abandon what runs and begin with this: url, or twiml (one is NULL). The call is CALL_UP. */
void call_redirect(struct call *call, const char *url, bool post, const char *twiml);
void call_twiml_feed(struct call *call, const struct twiml_event *ev);

/* dial.c: the called legs */
void dial_start(struct call *parent, const struct twiml_effect *e);
/* The calling leg has gone: everybody is hung up, the outcome follows. */
void dial_stop(struct call *parent);
/* The calling leg does something else: everybody is hung up, nobody is told how it ended. */
void dial_abandon(struct call *parent);
void dial_progress(struct call *child, bool early_media);
void dial_answered(struct call *child);
/* The document that screened child came to its end. */
void dial_screened(struct call *child);
/* The calling leg has been answered: whoever was to be put through to it is. */
void dial_caller_up(struct call *parent);
/* The caller's audio flows with peer (on), or no longer. */
void dial_bridged(struct call *parent, dp_leg peer, bool on);
/* An answered child does something else from here on: for its parent the <Dial> is over. */
void dial_leave(struct call *child);
void dial_child_ended(struct call *child);

/* call_note.c */
void call_note(struct call *call, int code, bool error, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void call_note_url(struct call *call, int code, bool error, const char *url, bool post, const char *text);
void call_early_note(struct call *call, int code, bool error, const char *text);
void call_early_notes_send(struct call *call);
void call_early_notes_drop(struct call *call);
void call_log(struct call *call, char level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A header of a target was left out. ctx: the call. */
void call_note_drop(void *call, enum target_drop why, struct span name);

void call_hex_sid(struct calls *c, char out[35], const char *prefix);
void call_text(char **to, const char *from); /* replace an owned string */
void call_text_span(char **to, struct span from);

#endif
