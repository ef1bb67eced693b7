/* SPDX-License-Identifier: Apache-2.0 */
/* The tree against the table: what runs, what is passed over, and what is said about it. */
#ifndef TWIML_CHECK_H
#define TWIML_CHECK_H

#include "twiml/program.h"

/* Fills elem, def, skip, refused and trims text, in document order. Only for a tree whose root is <Response>. */
void twiml_check(struct twiml_program *p);

#endif
