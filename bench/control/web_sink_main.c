/* SPDX-License-Identifier: Apache-2.0 */
/* The receiver of webhooks as a program of its own: web_sink PORT. Ends with its parent. */
#include "bench/call/web_sink.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

int main(int argc, char **argv)
{
	static struct web_sink w;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	at.sin_port = htons((uint16_t)(argc == 2 ? strtoul(argv[1], NULL, 10) : 0));
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (epoll < 0 || at.sin_port == 0 || web_sink_open(&w, epoll, at, "<Response/>") < 0)
		return fprintf(stderr, "web_sink: cannot listen\n"), 1;
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		struct epoll_event ready[256];
		int n = epoll_wait(epoll, ready, 256, -1);
		for (int i = 0; i < n; i++)
			web_sink_ready(&w, ready[i].data.fd);
	}
}
