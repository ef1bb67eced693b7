/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the program. Each takes its own arguments, argv[0] being its name, and returns the exit
 * status; --help is answered before it is called. */
#ifndef CONTROL_CLI_H
#define CONTROL_CLI_H

#include "control/config.h"

int cli_main(int argc, char **argv);

int cli_run(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_config(int argc, char **argv);

/* For commands: a sentence and where to read on, on standard error; returns 2. */
int cli_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Reads -c FILE and, where pcap is not NULL, --pcap FILE. 0 or the exit status. */
[[nodiscard]] int cli_options(int argc, char **argv, const char **config, const char **pcap);
/* Reads the file; every problem as FILE:line:column: text on standard error. 0 or the exit status. */
[[nodiscard]] int cli_load(struct config **out, const char *path);

#endif
