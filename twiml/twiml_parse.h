/* SPDX-License-Identifier: Apache-2.0 */
/* A TwiML document from somebody else's server into a program. No DTD, no entity but XML's own five, no
 * network, no file, UTF-8 only, TWIML_BYTES_MAX bytes, TWIML_DEPTH_MAX levels, TWIML_ATTRS_MAX attributes. Any
 * thread; nothing shared. */
#ifndef TWIML_PARSE_H
#define TWIML_PARSE_H

#include "twiml/program.h"

/* Never NULL unless the machine has no memory. ->ok says whether it may run; what is unknown, misplaced, badly
 * valued or not built is in ->notes, in document order. */
struct twiml_program *twiml_parse(const char *p, size_t len);
void twiml_program_free(struct twiml_program *p);

#endif
