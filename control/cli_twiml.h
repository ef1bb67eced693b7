/* SPDX-License-Identifier: Apache-2.0 */
/* `dialplane twiml FILE|-`: what the engine makes of a TwiML document, as JSON. argv[0] is "twiml".
 * Returns the exit code: 0 it runs, 1 it does not (the errors are in the JSON), 2 usage, 3 it cannot be read. */
#ifndef CONTROL_CLI_TWIML_H
#define CONTROL_CLI_TWIML_H

int cli_twiml(int argc, char **argv);

#endif
