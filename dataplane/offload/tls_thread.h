/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that does TLS for the workers (dataplane/net/tls.h): 1.2 and 1.3 by OpenSSL over memory BIOs. What has come for
 * sessions that are up is done before the next step of a handshake, so that a storm of handshakes delays a record by one
 * step, most of a millisecond, and no more. Sessions of names we connect to are resumed. */
#ifndef DP_TLS_THREAD_H
#define DP_TLS_THREAD_H

#include "dataplane/api/dp_conf.h"
#include "dataplane/net/tls.h"

struct tls_thread;

/* sessions: the numbers of one worker's streams. wake[i]: eventfd of worker i. NULL with a sentence in err. */
struct tls_thread *tls_thread_start(
    const struct dp_conf *conf, uint32_t sessions, const int wake[], char err[256]);
void tls_thread_stop(struct tls_thread *t); /* after the workers */
const struct tls_rings *tls_thread_rings(const struct tls_thread *t, uint16_t worker);

/* Any thread: read the files of certificate, key and CAs again. 0: new sessions use them; -1 with err: nothing has changed. */
int tls_thread_reload(struct tls_thread *t, char err[256]);

#endif
