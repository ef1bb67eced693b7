/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the REST API: calls are created over a fixed number of keep-alive connections, one request at a
 * time on each. */
#ifndef BENCH_REST_GEN_H
#define BENCH_REST_GEN_H

#include "bench/call/http.h"
#include "bench/lib/hist.h"

#define REST_CONNS_MAX 1024
#define REST_FD_MAX    8192

struct rest_conf {
	struct sockaddr_in to;
	const char *account, *token;
	const char *form; /* the body, with one %llu for the moment of the request in ns */
	unsigned conns;
};

struct rest_gen {
	struct rest_conf conf;
	int epoll;
	char head[512];
	struct http_conn *conns[REST_FD_MAX];
	uint64_t due[REST_FD_MAX]; /* when the request under way was due */
	int idle[REST_CONNS_MAX];
	unsigned n_idle;
	uint64_t sent, accepted, refused,
	    broken;          /* refused: 429 and 503; broken: anything else that is not 201 */
	struct hist latency; /* from due to 201 */
	char first_broken[160];
};

/* Connects and joins epoll; 0 or -1. */
int rest_gen_open(struct rest_gen *g, int epoll, const struct rest_conf *conf);
/* Create one call that was due at due_ns. False: every connection is busy. */
bool rest_gen_create(struct rest_gen *g, uint64_t due_ns);
/* A descriptor of epoll is ready. False: it is none of ours. */
bool rest_gen_ready(struct rest_gen *g, int fd);

#endif
