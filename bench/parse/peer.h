/* SPDX-License-Identifier: Apache-2.0 */
/* A parser to compare with: a module of its own (libraries of this field share symbol names), loaded with
 * dlopen. It must decode what the suite's "decode" case decodes: start line with its URI, top Via, From and To
 * with tags, Call-ID, CSeq, Contact, Route and Record-Route, Max-Forwards, Content-Length and -Type. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stddef.h>

/* Once. 0 = ready. */
int bench_peer_init(void);
/* Parse one message as its library's user would; what was allocated is freed again. Returns a number that
 * depends on what was found (0 = it refused the message). */
unsigned long bench_peer_parse(const char *msg, size_t len);
/* "libosip2 5.3.0". */
const char *bench_peer_name(void);

#endif
