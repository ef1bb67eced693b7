/* SPDX-License-Identifier: Apache-2.0 */
/* What DPDK, libxdp and libbpf say while a device is opened, kept for our own error text instead of being
 * printed. One at a time, main thread. */
#ifndef DP_COMPLAINT_H
#define DP_COMPLAINT_H

#include <stdio.h>

struct complaint {
	FILE *stream;
	char *text;
	size_t len;
};

void complaint_begin(struct complaint *c);
/* Their first line into out (room bytes, always terminated, empty when they said nothing). */
void complaint_end(struct complaint *c, char *out, size_t room);

#endif
