/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a log line. What came from outside cannot end a line, forge a field, drive a terminal or show a
 * password that stood in a URL. */
#ifndef CONTROL_LOG_TEXT_H
#define CONTROL_LOG_TEXT_H

#include "sip-parser/base/buf.h"

#define LOG_LINE_MAX  4096 /* PIPE_BUF: a line goes out whole or not at all */
#define LOG_TAIL_ROOM 8

/* Everything but the end of the line ("}\n" or "\n"). A full buffer cuts the text between characters. */
void log_put_json(struct buf *b, const char *when, const char *level, const char *area, const char *call_sid,
    const char *text);
void log_put_text(struct buf *b, const char *when, const char *level, const char *area, const char *call_sid,
    const char *text);

/* Escape into b. json: \u00NN for control characters, \" and \\; text: \xNN and \\. Bytes that are not UTF-8
 * show as \xNN; so do C1 controls and the characters that reorder text. User info of URLs becomes "***". */
void log_escape(struct buf *b, const char *text, bool json);

/* What is kept of an application's document, changed in place: the value of every `password` attribute becomes "***". */
void log_hide_passwords(char *text);

#endif
