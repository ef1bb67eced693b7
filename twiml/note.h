/* SPDX-License-Identifier: Apache-2.0 */
/* Remarks on a document, kept with it. */
#ifndef TWIML_NOTE_H
#define TWIML_NOTE_H

#include "twiml/program.h"

enum twiml_level { TWIML_WARNING = 0, TWIML_ERROR = 1 };

/* Append a remark; control bytes in the text become '?'. Beyond TWIML_NOTES_MAX it is only counted. */
void twiml_note(struct twiml_program *p, int code, enum twiml_level level, uint32_t line, uint32_t col,
    const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* An error after which nothing of the document may run; the first one stays. */
void twiml_fail(struct twiml_program *p, int code, uint32_t line, uint32_t col, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
