/* SPDX-License-Identifier: Apache-2.0 */
/* What control and a worker say to each other. Fixed-size slots holding values, handles and short text:
 * never a pointer. Commands go to the worker that owns the leg; events come back in the order things
 * happened on that worker.
 *
 * A leg's life as control sees it:
 *   ORIGINATE ─► STARTED ─► PROGRESS* ─► ANSWERED ─► (BRIDGED, HELD, RESUMED …)* ─► ENDED
 *            └─► ENDED (refused: no capacity, bad target; the leg never had a handle)
 * A call from outside:
 *   INCOMING ─► RING* ─► ANSWER ─► ANSWERED ─► … ─► ENDED
 *            ├─► REJECT ─► ENDED (declined)
 *            └─► ENDED (remote-cancel: the caller gave up)
 * The cookie of its events is 0: its handle is its name.
 * ENDED is told exactly once for every ORIGINATE and INCOMING, is the last event of the leg, and its handle is dead
 * afterwards: later commands to it are counted (cmd_stale_handle) and ignored. */
#ifndef DP_MSG_H
#define DP_MSG_H

#include "dataplane/api/dp_handle.h"
#include "dataplane/api/ip_addr.h"

#define DP_TEXT_MAX 2304 /* bytes of text in one slot */

/* A piece of the slot's text area. len 0: absent. */
struct dp_text {
	uint16_t off, len;
};

enum dp_cmd_type {
	DP_CMD_NONE = 0,
	DP_CMD_ORIGINATE, /* send an INVITE */
	DP_CMD_BRIDGE,    /* relay audio between .leg and .peer (same worker); either may be early (183 with SDP) */
	DP_CMD_UNBRIDGE,  /* stop relaying for .leg and its peer; both stay up */
	DP_CMD_HANGUP,    /* before the answer CANCEL (of a call from outside: 480, or .sip_status), after it BYE */
	DP_CMD_RING,      /* INCOMING: 180 or 183 (.sip_status); early_media: with our SDP, the leg may be bridged */
	DP_CMD_ANSWER,    /* INCOMING: 200 with our SDP */
	DP_CMD_REJECT,    /* INCOMING: final response .sip_status (400 to 699) with .reason */
	DP_CMD_PING,      /* send OPTIONS to .orig's target, with its ruri, from_user, transport, tls_name; PONG follows */
	DP_CMD_TYPES
};

enum dp_media_pref { DP_CODECS_BOTH = 0, DP_CODECS_PCMU = 1, DP_CODECS_PCMA = 2 };

/* A request that is too long for UDP, more than 1,300 bytes (RFC 3261 §18.1.1). */
enum dp_size_policy {
	DP_SIZE_TCP_FIRST = 0, /* by TCP, and by UDP after all when nobody accepts the connection */
	DP_SIZE_FRAGMENT,      /* by UDP in IP fragments */
	DP_SIZE_REJECT,        /* not at all: ENDED with DP_END_BAD_COMMAND */
	DP_SIZE_POLICIES
};

struct dp_originate {
	struct ip_sock target;     /* where to send: resolved by control, checked against its target policy */
	uint8_t transport;         /* enum dp_transport: by what; target's own field is not read */
	uint8_t size_policy;       /* enum dp_size_policy, for DP_UDP */
	uint32_t ring_timeout_ms;  /* from INVITE sent; 0 = none. At its end: CANCEL, ENDED with DP_END_RING_TIMEOUT */
	uint32_t first_response_ms; /* nothing at all within this time: ENDED with DP_END_NO_RESPONSE (other targets are to
	                               be tried); 0 = Timer B (64*T1) */
	uint8_t codecs;            /* enum dp_media_pref: which codecs to offer */
	/* All text is checked by control: no bytes 00-1f, 7f; the worker refuses such text all the same. */
	struct dp_text ruri;       /* Request-URI and To URI, without ?headers */
	struct dp_text from_user;  /* From user and display name; [A-Za-z0-9+._-] */
	struct dp_text call_sid, account_sid;
	struct dp_text headers;    /* extra lines "Name: value\r\n" … already on the allow-list */
	/* DP_TLS: the name that the certificate must have (RFC 5922 §7.1): the host of the URI as the user wrote it,
	 * never what DNS made of it; an address literal without brackets. Which CAs are trusted for it, or that
	 * nothing is verified, is in dp_conf.tls_peers. */
	struct dp_text tls_name;
	/* For a 401 or 407 (dataplane/sip/auth.h); at most 255 bytes each. The slot is wiped once it was read. */
	struct dp_text auth_user, auth_password;
};

struct dp_cmd {
	uint16_t type;      /* enum dp_cmd_type */
	uint16_t text_len;
	uint16_t sip_status; /* HANGUP: Reason: SIP;cause=… ; 0 = normal clearing */
	bool early_media;    /* RING */
	uint64_t cookie;    /* ORIGINATE: control's name for the leg, returned in every event of it */
	dp_leg leg, peer;
	struct dp_originate orig; /* RING, ANSWER: .call_sid alone, if it is to be told in our BYE */
	struct dp_text reason;    /* REJECT: reason phrase; empty: the RFC's */
	char text[DP_TEXT_MAX];
};

enum dp_ev_type {
	DP_EV_NONE = 0,
	DP_EV_STARTED,   /* the INVITE left: .leg is valid from here; text: sip_call_id, local_uri, remote_uri */
	DP_EV_PROGRESS,  /* provisional response above 100: sip_status, early_media */
	DP_EV_ANSWERED,  /* 2xx accepted and ACKed, media agreed: codec; text: headers */
	DP_EV_BRIDGED,   /* .leg and .peer are relayed */
	DP_EV_UNBRIDGED, /* the peer has gone or UNBRIDGE was asked for */
	DP_EV_HELD,      /* the far side put us on hold by re-INVITE */
	DP_EV_RESUMED,
	DP_EV_DTMF,      /* digit by SIP INFO; text: reason holds the digit */
	DP_EV_ENDED,     /* cause, sip_status, reason, headers, counts */
	DP_EV_REFER,     /* the far side asked to be transferred (603): text: reason holds the Refer-To */
	DP_EV_INCOMING,  /* a call from outside: .leg is valid from here; text: request_uri, remote_uri (From), local_uri
	                    (To), sip_call_id, headers; early_media: it offers SDP; max_forwards; remote */
	DP_EV_PONG,      /* of the PING with that cookie: sip_status of the answer, 0 = none came (reason) */
	DP_EV_TYPES
};

/* Why a leg ended. Control maps it to Twilio's status; the text in .reason says it for a person. */
enum dp_end_cause {
	DP_END_NONE = 0,
	DP_END_REMOTE_BYE,    /* far side hung up after the answer */
	DP_END_LOCAL_HANGUP,  /* our HANGUP after the answer */
	DP_END_CANCELED,      /* our HANGUP before the answer */
	DP_END_RING_TIMEOUT,  /* ring_timeout_ms ran out; sip_status 487 (or what came) */
	DP_END_REJECTED,      /* final response 3xx-6xx: sip_status */
	DP_END_NO_RESPONSE,   /* Timer B/F: nothing at all came (sip_status 408) */
	DP_END_TRANSPORT,     /* ICMP unreachable, no route, ARP without answer; connection or TLS handshake failed */
	DP_END_MEDIA,         /* answer without a common codec or unusable SDP: ACK, BYE (sip_status 488) */
	DP_END_PROTOCOL,      /* the far side broke the protocol beyond repair; reason says how */
	DP_END_CAPACITY,      /* refused: a pool or the event ring has no room (sip_status 503) */
	DP_END_BAD_COMMAND,   /* ORIGINATE that cannot be sent: reason says which field and limit */
	DP_END_SHUTDOWN,      /* engine stops */
	DP_END_REMOTE_CANCEL, /* the caller gave up before the answer: CANCEL or BYE (sip_status 487) */
	DP_END_DECLINED,      /* our REJECT or HANGUP before the answer: sip_status is what we said */
	DP_END_CAUSES
};

struct dp_media_counts {
	uint64_t rx_packets, rx_bytes; /* from the far side, accepted */
	uint64_t tx_packets, tx_bytes; /* to the far side */
	uint64_t dropped;              /* from a stranger, or nowhere to go */
};

struct dp_event {
	uint16_t type;       /* enum dp_ev_type */
	uint16_t text_len;
	uint16_t sip_status; /* the response this event stands for; 0 = none */
	uint8_t cause;       /* ENDED: enum dp_end_cause */
	uint8_t codec;       /* ANSWERED: payload type 0 or 8; 0xff: known when the ACK comes */
	uint8_t max_forwards; /* INCOMING */
	bool early_media;    /* PROGRESS: it had usable SDP, the leg may be bridged; INCOMING: it has an offer */
	bool progressed;     /* ENDED: a provisional response had come */
	uint64_t cookie;
	dp_leg leg, peer;
	uint64_t at_ns;      /* when, on the dataplane's clock */
	struct ip_sock remote; /* signalling source of the response */
	struct dp_media_counts media; /* ENDED */
	struct dp_text sip_call_id, local_uri, remote_uri; /* STARTED: Call-ID, From URI, To URI of the INVITE */
	struct dp_text request_uri; /* INCOMING */
	struct dp_text reason;  /* reason phrase, Reason/Warning text, or our own words */
	struct dp_text headers; /* X- headers of the response or BYE that this event stands for: "Name: value\r\n" … */
	char text[DP_TEXT_MAX];
};

/* Put text into a slot; returns where. Truncates nothing: when it does not fit, returns len 0 and sets *bad. */
struct dp_text dp_cmd_text(struct dp_cmd *c, struct span s, bool *bad);
struct dp_text dp_event_text(struct dp_event *e, struct span s, bool *bad);

static inline struct span dp_cmd_span(const struct dp_cmd *c, struct dp_text t)
{
	return (struct span){c->text + t.off, t.len};
}

static inline struct span dp_event_span(const struct dp_event *e, struct dp_text t)
{
	return (struct span){e->text + t.off, t.len};
}

/* Credentials are gone from the slot afterwards. */
void dp_cmd_wipe(struct dp_cmd *c);

/* Names for logs: "ORIGINATE", "ring-timeout", … never NULL. */
const char *dp_cmd_name(enum dp_cmd_type t);
const char *dp_ev_name(enum dp_ev_type t);
const char *dp_end_name(enum dp_end_cause c);

#endif
