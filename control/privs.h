/* SPDX-License-Identifier: Apache-2.0 */
/* What the process may still do once the device is open. */
#ifndef CONTROL_PRIVS_H
#define CONTROL_PRIVS_H

/* Nothing this process starts may gain privileges; and with a user name, become that user in every thread. The
 * calling thread keeps CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF, which giving the device back needs. -1 with a
 * sentence in err. */
[[nodiscard]] int privs_drop(const char *user, char err[256]);
/* Those of CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF that the calling thread lacks for opening a device, with ", "
 * between them; "" when it has all (CAP_SYS_ADMIN stands in for CAP_BPF). */
void privs_missing(char out[64]);
/* Does that user exist, and may we become it? 0, or -1 with a sentence. */
[[nodiscard]] int privs_check(const char *user, char err[256]);

#endif
