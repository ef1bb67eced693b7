/* SPDX-License-Identifier: Apache-2.0 */
/* One structured line (JSON or text) per thing that happened, with the CallSid; rate-limited per message
 * kind; bytes that are not printable UTF-8 are escaped; no secrets. Any thread but a poll core. */
#ifndef CONTROL_LOG_H
#define CONTROL_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR = 0, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_init(enum log_level max, bool json);
void log_limit(enum log_level max); /* change it later */
void log_line(enum log_level level, const char *area, const char *call_sid, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Lines held back by the rate limit (50 a second of one kind) or lost because nobody read standard error. A
 * kind is an area with a format; with the format "%s", the words the text starts with, up to a digit, quote or
 * colon. How many were held back is told in a line of its own the next second. */
unsigned long log_suppressed(void);
/* Tell now what is still held back (at the end of the process). */
void log_flush(void);

#endif
