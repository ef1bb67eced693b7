/* SPDX-License-Identifier: Apache-2.0 */
/* Both parties of the calls, on kernel sockets in the peers' host: A (the one REST calls) answers and waits to be
 * hung up; B (the one <Dial> calls) answers and says BYE after the talk time, repeating it until it is answered.
 * The user part of A's request URI is "k" and the moment of the REST request in ns.
 *
 * From B's answer to bridged is taken from the media, on one call in PROBE_EVERY: from the 200 on B sends an RTP
 * packet at each turn of the loop until the first of them comes out at A. */
#ifndef BENCH_SIP_SINK_H
#define BENCH_SIP_SINK_H

#include "bench/call/byes.h"
#include "bench/call/seen.h"
#include "bench/lib/hist.h"
#include "bench/load/callee.h"

#include <netinet/in.h>

#define PROBE_EVERY 16
#define PROBES      64

struct sip_probe {
	uint64_t since_ns; /* 0: free */
	uint64_t due_ns; /* of the next packet: every 100 us at first, later every 20th of the time waited */
	uint32_t id;
	uint16_t seq;
	struct sockaddr_in to;
};

struct sip_party {
	int sip, rtp;
	struct callee callee;
	char address[32], media[16];
};

struct sip_sink {
	struct sip_party a, b;
	bool busy; /* A refuses every call with 486 */
	uint64_t talk_ns;
	struct byes byes;
	struct seen seen; /* a repeated INVITE is answered again and nothing more */
	struct sip_probe probes[PROBES];
	struct hist to_invite, to_bridge;
	uint64_t invites, repeats, probed;
};

/* Sockets at ip_a:5070 and ip_b:5070 (RTP 6000) in the network namespace of that name, which join epoll. The
 * calling thread is back in its own namespace afterwards. 0 or -1 with errno. */
int sip_sink_open(struct sip_sink *s, int epoll, const char *netns, const char *ip_a, const char *ip_b);
bool sip_sink_ready(struct sip_sink *s, int fd);
/* Once a turn: BYEs and media that are due. */
void sip_sink_tick(struct sip_sink *s, uint64_t now_ns);

#endif
