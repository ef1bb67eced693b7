/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of a connection between any two steps. */
#ifndef TCP_CHECK_H
#define TCP_CHECK_H

#include "dataplane/net/tcp_conn.h"

/* NULL: all is well; else what is wrong. */
const char *tcp_check(const struct tcp_conn *c);

#endif
