/* SPDX-License-Identifier: Apache-2.0 */
/* One structured line (JSON or text) per thing that happened, with the CallSid; rate-limited per message
 * kind; bytes that are not printable UTF-8 are escaped; no secrets. Any thread but a poll core. */
#ifndef CONTROL_LOG_H
#define CONTROL_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR = 0, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_init(enum log_level max, bool json);
void log_line(enum log_level level, const char *area, const char *call_sid, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
unsigned long log_suppressed(void);

#endif
