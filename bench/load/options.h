/* SPDX-License-Identifier: Apache-2.0 */
/* What dialplane-load was asked for. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "bench/load/cpu.h"
#include "dataplane/api/dp_conf.h"

struct options {
	bool caller, callee, echo, loop; /* loop: --self */
	char device[64], driver[16];
	uint16_t core;
	struct ip_addr ip;
	uint8_t prefix;
	struct ip_sock to; /* the subject */
	uint16_t port, callee_port;
	char ruri[96];
	uint32_t window, calls_max, headers, sdp_bytes, busy, silent, streams, bytes;
	double rate, length_s, ring_s, patience_s, warm_s, seconds;
	const char *rtp_ports; /* file, NULL: from the INVITEs that come */
	uint32_t rtp;          /* window of RTP packets */
	struct cpu_watch watch;
};

/* 0, or the exit status with what was wrong said on stderr (or the help on stdout). -1: go on. */
int options_read(struct options *o, int argc, char **argv);

#endif
