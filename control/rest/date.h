/* SPDX-License-Identifier: Apache-2.0 */
/* Times as the API writes and reads them, in UTC and without the C locale. */
#ifndef CONTROL_REST_DATE_H
#define CONTROL_REST_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* RFC 2822 §3.3: "Tue, 31 Aug 2010 20:36:28 +0000". t: Unix seconds, years 1970 … 9999. */
void date_rfc2822(char out[32], int64_t t);

/* "2026-01-31", or with a time: "2026-01-31T20:36:28Z" (also without Z, with fractions, or +hh:mm).
 * 0 and Unix seconds in *t, *whole_day true for a plain date; -EINVAL. */
[[nodiscard]] int date_parse_iso(const char *s, int64_t *t, bool *whole_day);

#endif
