/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that ask a running engine. */
#ifndef CONTROL_CLI_ADMIN_H
#define CONTROL_CLI_ADMIN_H

#include <jansson.h>

int cli_calls(int argc, char **argv);
int cli_call(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_reload(int argc, char **argv);

/* cli_story.c: what came back, as a person reads it, on standard output. */
void cli_story_call(const json_t *o);
/* One line of `calls`. */
void cli_story_row(const json_t *o);

#endif
