/* SPDX-License-Identifier: Apache-2.0 */
/* A small SIP user agent server of our own, apart from dataplane/sip: reads with sip-parser, writes its own
 * text, keeps its own timers. Each serves one call, in the way its kind says. */
#ifndef SIM_CALLEE_H
#define SIM_CALLEE_H

#include "sip-parser/sip_msg.h"
#include "tests/sim/frame.h"

struct sim;

enum callee_kind {
	CALLEE_ANSWERS = 0,
	CALLEE_BUSY,        /* 486 */
	CALLEE_REJECTS,     /* some other final */
	CALLEE_SILENT,      /* hears everything, says nothing */
	CALLEE_RINGS,       /* until it is cancelled or gives up by itself */
	CALLEE_LATE_ANSWER, /* 200 although it was cancelled */
	CALLEE_TWO_TAGS,    /* two 200s, as from two phones behind a forking proxy */
	CALLEE_BYE_AT_ONCE, /* 200 and BYE together */
	CALLEE_DEAF_TO_ACK, /* never takes the ACK: 200 for 64*T1, then BYE (RFC 3261 §13.3.1.4) */
	CALLEE_HOLDS,       /* re-INVITEs to hold and to resume */
	CALLEE_NO_CODEC,    /* answers with a codec that was not offered */
	CALLEE_UNREACHABLE, /* ICMP port unreachable */
	CALLEE_DEAD,        /* does not even answer ARP */
	CALLEE_KINDS
};

#define CALLEE_TEXT  1400
#define CALLEE_FORKS 2

/* A final response, sent again until its ACK. */
struct callee_final {
	char text[CALLEE_TEXT];
	uint32_t len;
	uint64_t again_at, every, until; /* again_at SIM_NEVER: not under way */
};

enum callee_state { CALLEE_IDLE = 0, CALLEE_EARLY, CALLEE_ANSWERED, CALLEE_UP, CALLEE_ENDED };

/* One dialog: one To tag. */
struct callee_dialog {
	uint8_t state; /* enum callee_state */
	char tag[24];
	struct callee_final ok; /* the 200 */
	uint32_t cseq;          /* of our requests */
	bool said_bye, heard_bye, acked;
};

/* Our own request, one at a time. */
struct callee_request {
	char text[CALLEE_TEXT];
	uint32_t len;
	char branch[32];
	uint8_t method; /* enum sip_method; 0 = idle */
	uint8_t dialog;
	uint32_t cseq;
	uint64_t again_at, every, until;
};

/* The ACK of a re-INVITE, for a 200 that comes again. */
struct callee_ack {
	char text[CALLEE_TEXT];
	uint32_t len, cseq;
};

#define CALLEE_ACKS 2 /* hold, resume */

struct callee {
	uint8_t kind; /* enum callee_kind */
	struct ip_sock sip, rtp;
	uint8_t voice; /* the byte it speaks, as PCMU */
	uint8_t pt;    /* 0 or 8 */
	bool both;     /* names the other law too, and speaks either */
	bool early_media, record_route;
	uint16_t reject;
	/* when to do what, after the INVITE came; SIM_NEVER = not */
	uint64_t trying_at, ring_at, answer_at, bye_at, hold_at, resume_at, give_up_at;
	uint64_t ring_ms, answer_ms, bye_ms, hold_ms, resume_ms; /* the same as lengths of time */
	/* the INVITE */
	bool invited, canceled;
	struct ip_sock from;
	char vias[400], from_hdr[256], to_hdr[256], call_id[128], target[256];
	uint32_t cseq;
	char last[CALLEE_TEXT]; /* provisional sent last, for retransmissions */
	uint32_t last_len;
	struct callee_final failed; /* a non-2xx final */
	bool rejected;
	uint16_t said; /* the first final status sent */
	struct callee_dialog dialogs[CALLEE_FORKS];
	struct callee_request req;
	struct callee_ack acks[CALLEE_ACKS];
	uint32_t n_acks;
	/* media */
	struct ip_sock engine_rtp;
	uint64_t rtp_at, rtp_last; /* when it speaks next, spoke last */
	uint32_t rtp_left, rtp_got, rtp_sent, rtp_ssrc_seen, rtp_ts;
	uint16_t rtp_seq;
	uint32_t sdp_version;
	bool speaking;
};

void callee_init(struct sim *s, struct callee *c, uint32_t index);
void callee_in(struct sim *s, struct callee *c, const struct frame_udp *u);
/* Do what is due. Returns how much was done. */
uint32_t callee_run(struct sim *s, struct callee *c);
uint64_t callee_next(const struct callee *c);
/* Nothing of the call is left on this side. */
bool callee_done(const struct callee *c);
const char *callee_kind_name(const struct callee *c);

#endif
