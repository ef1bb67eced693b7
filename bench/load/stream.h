/* SPDX-License-Identifier: Apache-2.0 */
/* Packets without a dialog, a window of them under way: RTP on streams whose far ports are known, or datagrams
 * that whoever is at the far end sends back (testpmd). What comes back is counted, and that it is long enough;
 * what does not within 10 ms is given up, so that a loss does not stop the window. */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include "bench/load/link.h"

struct stream {
	struct ip_sock to; /* a.fam 0: the next hop */
	uint16_t seq;
	uint32_t ts;
};

struct streams {
	struct stream *list;
	uint32_t n, max, at;
	uint32_t bytes;  /* of UDP payload */
	uint32_t window; /* 0: silent */
	uint16_t sport;
	uint64_t sent, back, given_up, odd; /* odd: came back with another length */
	uint64_t progress_at;
};

[[nodiscard]] int streams_init(struct streams *s, uint32_t max);
void streams_fini(struct streams *s);
/* The far port that an SDP offers. False: none in it, or the table is full. */
bool streams_add_sdp(struct streams *s, struct span sdp);
/* One "address port" a line. -errno. */
int streams_read(struct streams *s, const char *path);
/* The stream whose turn it is, its next packet written to `at` (bytes of room). Only when there is one. */
struct stream *streams_next(struct streams *s, uint8_t *at);
void streams_back(struct streams *s, uint32_t payload, uint64_t now);
uint32_t streams_turn(struct streams *s, struct link *l, uint64_t now);

#endif
