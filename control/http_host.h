/* SPDX-License-Identifier: Apache-2.0 */
/* The requests that wait, by host and port: each host in its order, the hosts in turn, and a host that does not
 * answer left alone for a while. Times are arguments. Inside control only, for http_client.c. */
#ifndef CONTROL_HTTP_HOST_H
#define CONTROL_HTTP_HOST_H

#include "control/http_job.h"

struct http_hosts {
	struct http_host *buckets[256];
	struct http_host *turn; /* ring of the hosts something waits for */
	uint32_t n, waiting;
	uint32_t per_host, failures; /* 0: no limit */
	uint64_t pause_ns;
};

void http_hosts_fini(struct http_hosts *h);
/* Behind the others of its host, made on demand. */
void http_hosts_push(struct http_hosts *h, struct http_job *j, const struct http_origin *o);
/* The next that may start, or *refused: one whose host is left alone. NULL: none. It counts as in flight until
 * http_hosts_left. */
struct http_job *http_hosts_pop(struct http_hosts *h, uint64_t now_ns, bool *refused);
/* Any, whatever its host is like. */
struct http_job *http_hosts_take(struct http_hosts *h);
/* It has ended; answered: the host said something. tried: false when it was refused. */
void http_hosts_left(
    struct http_hosts *h, struct http_host *host, bool tried, bool answered, uint64_t now_ns);

#endif
