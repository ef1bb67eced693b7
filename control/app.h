/* SPDX-License-Identifier: Apache-2.0 */
/* A whole engine: the dataplane, the loop and everything on it, wired together from one configuration. */
#ifndef CONTROL_APP_H
#define CONTROL_APP_H

#include "control/config.h"

enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1, /* while running */
	EXIT_USAGE = 2,
	EXIT_CONFIG = 3, /* the configuration is wrong */
	EXIT_HOST = 4,   /* the machine lacks something: device, privilege, port, directory */
};

/* c was read from path, which is read again on SIGHUP and by `dialplane reload`; what can be changed meanwhile is changed
 * in *c. Runs until SIGTERM or SIGINT, then ends calls and gives everything back (a second signal hurries). Returns an
 * exit code; what went wrong has been logged. */
int app_run(struct config *c, const char *path);

#endif
