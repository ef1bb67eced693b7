/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIFF_OURS_H
#define DIFF_OURS_H

#include "tests/fuzz/diff/diff.h"

/* Our view of the datagram. NULL: accepted; else why it was refused. */
const char *ours_view(const char *msg, size_t len, struct diff_view *v);

#endif
