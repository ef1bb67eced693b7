/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at the network device once a second and says in the log when its link changes: the poll cores do not
 * print. On the loop's thread. */
#ifndef CONTROL_LINK_WATCH_H
#define CONTROL_LINK_WATCH_H

#include "control/loop.h"
#include "dataplane/api/dp.h"

struct link_watch;

/* Asks dp_link of every worker; the worst is the device's. device: its name for the log, borrowed. */
struct link_watch *link_watch_new(struct loop *l, const struct dp *d, const char *device);
void link_watch_free(struct link_watch *w); /* NULL is fine; before the dataplane stops */

/* The worst link of all workers. */
enum dp_link link_worst(const struct dp *d);
const char *link_name(enum dp_link link); /* "up", "down", "gone" */

#endif
