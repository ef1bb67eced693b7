/* SPDX-License-Identifier: Apache-2.0 */
/* A user agent under test: real net and media over packets in memory, virtual time, a ring of events that can
 * be made full, and a peer whose messages are written by hand. */
#ifndef SIP_HARNESS_H
#define SIP_HARNESS_H

#include "dataplane/pktio/pktio_mem.h"
#include "dataplane/sip/core.h"
#include "tests/sim/frame.h"

#define RIG_MS      1000000ull
#define RIG_EVENTS  256u
#define RIG_MESSAGE 4096u
#define RIG_SENT    1024u

struct rig_conf {
	uint32_t legs, txns, pkts, buf_bytes, ports; /* 0: plenty */
	uint16_t workers;
	struct stream *stream; /* who speaks TCP; NULL: nobody */
	uint64_t start; /* ns; 0 = some ordinary time */
	bool dead;      /* nobody answers ARP */
	bool serves;    /* 192.0.2.0/24 may call us */
};

struct rig {
	struct dp_conf conf;
	struct dp_stats stats;
	struct pktio *io;
	struct wheel *wheel;
	struct net *net;
	struct media *media;
	struct sip *sip;
	uint64_t now, seed;
	struct dp_event events[RIG_EVENTS];
	uint32_t n_events, taken; /* published; read by the test */
	uint32_t ring_room;       /* how many more fit into the ring */
	bool dead, errors;        /* no ARP answers; ICMP for everything */
	bool hostile;             /* the peer's headers may be malformed, and so may be what echoes them */
	uint8_t frame[2048];
	struct sent *sent; /* what left, in order, RIG_SENT at most */
	uint32_t n_sent, heard;
};

/* A message that was sent, or a request to be answered. */
struct heard {
	char text[RIG_MESSAGE];
	uint32_t len;
	struct sip_msg m;
	struct ip_sock src, dst;
};

void rig_open(struct rig *r, const struct rig_conf *c);
/* End every leg, let all timers run out, and assert that nothing is held. The rig may be used again. */
void rig_settle(struct rig *r);
/* Asserts that after all timers nothing is held: legs, transactions, texts, packets, events. */
void rig_close(struct rig *r);
void rig_discard(struct rig *r); /* without waiting */

struct ip_sock rig_sock(const char *ip, uint16_t port);
#define RIG_PEER "192.0.2.9"

/* Time passes, timers fire at their moment. */
void rig_run(struct rig *r, uint64_t ms);

/* The next message that left, false when none did. rig_hear insists, and on its method or status too. */
bool rig_next(struct rig *r, struct heard *h);
void rig_hear(struct rig *r, struct heard *h, const char *start);
void rig_silent(struct rig *r);
uint32_t rig_drain(struct rig *r); /* throw away what was sent; how many */

/* A datagram from the peer (or from elsewhere). */
void rig_say(struct rig *r, const char *text);
void rig_say_from(struct rig *r, const struct ip_sock *src, const void *data, uint32_t len);

/* The peer answers a request of ours: to_tag NULL = none, more = further header lines, body = SDP or "". */
void rig_answer(struct rig *r, const struct heard *req, int status, const char *to_tag, const char *more,
    const char *body);
/* The peer asks within the dialog that `invite` opened. */
void rig_ask(struct rig *r, const struct heard *invite, const char *method, uint32_t cseq,
    const char *from_tag, const char *more, const char *body);
/* The same with a branch of one's own, to say it again or to CANCEL. */
void rig_ask_branch(struct rig *r, const struct heard *invite, const char *method, uint32_t cseq,
    const char *from_tag, const char *branch, const char *more, const char *body);

/* Commands. Returns what STARTED told; 0 when it was refused. */
dp_leg rig_call(struct rig *r, uint32_t ring_ms);
void rig_fill(struct dp_cmd *c); /* a good ORIGINATE */
void rig_hangup(struct rig *r, dp_leg leg);
/* A call that is up; *invite is its INVITE, everything it sent and told so far is taken. */
dp_leg rig_up(struct rig *r, struct heard *invite);

/* The next event, which must be of this type; NULL instead of insisting when type is DP_EV_NONE. */
struct dp_event *rig_event(struct rig *r, enum dp_ev_type type);
void rig_ended(struct rig *r, enum dp_end_cause cause, uint16_t status);
void rig_no_event(struct rig *r);
uint64_t rig_stat(const struct rig *r, enum stat_id id);

/* Value of a header as text, "" when absent. */
const char *heard_hdr(const struct heard *h, enum sip_hdr_id id);
bool heard_has(const struct heard *h, const char *text);

#define RIG_SDP                                                                                              \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"                          \
	"m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
#define RIG_SDP_DIR(dir) RIG_SDP "a=" dir "\r\n"
#define RIG_CONTACT      "Contact: <sip:bob@192.0.2.9:5080>\r\n"

#endif
