/* SPDX-License-Identifier: Apache-2.0 */
/* `dialplane parse [FILE…|-]`: what the parser makes of a message, as JSON, one line per file. */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

/* argv[0] is "parse". Prints to stdout; returns the exit status: 0 every input was read (whatever the
 * verdict), 1 the output could not be written, 2 an input could not be read or the arguments are wrong. */
int cli_parse(int argc, char **argv);

#endif
