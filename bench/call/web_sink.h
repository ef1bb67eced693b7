/* SPDX-License-Identifier: Apache-2.0 */
/* The user's application: answers every request at once, by the first letter of its path, and counts.
 *   /v…  the voice document     /a…  the action document     anything else  204 */
#ifndef BENCH_WEB_SINK_H
#define BENCH_WEB_SINK_H

#include "bench/call/http.h"

#define WEB_CONNS_MAX 8192

struct web_sink {
	int epoll, listener;
	struct http_conn *conns[WEB_CONNS_MAX]; /* by descriptor */
	char voice[1024], action[512];          /* whole responses */
	const char *answer;                     /* for every other path, NULL: 204 */
	uint64_t requests, voices, actions, statuses, completed, bad;
	uint64_t failed; /* final status callbacks other than completed */
	void (*ended)(void *ctx, bool completed);
	void *ctx;
};

/* Listens and joins epoll; 0 or -1. twiml: the voice document. */
int web_sink_open(struct web_sink *w, int epoll, struct sockaddr_in at, const char *twiml);
/* A descriptor of epoll is ready. False: it is none of ours. */
bool web_sink_ready(struct web_sink *w, int fd);

#endif
