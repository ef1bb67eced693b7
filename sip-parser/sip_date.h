/* SPDX-License-Identifier: Apache-2.0 */
/* Date (RFC 3261 §20.17): SIP-date = rfc1123-date, always GMT. */
#ifndef SIP_DATE_H
#define SIP_DATE_H

#include "sip-parser/base/buf.h"

#define SIP_DATE_LEN 29 /* "Sat, 13 Nov 2010 23:29:00 GMT" */

struct sip_date {
	uint16_t year;                /* 0000 … 9999 */
	uint8_t month, day;           /* 1 … 12, 1 … 31 and within the month */
	uint8_t hour, minute, second; /* second up to 60: a leap second */
	uint8_t weekday;              /* 0 = Sunday, as written: not compared with the date */
	int64_t unix_s;               /* seconds since 1970-01-01T00:00:00Z */
};

/* Names of days and months in any case (§7.3.1); one space where the RFC has SP. Another zone than GMT is
 * malformed (RFC 4475 §3.1.2.12). -1 with *err_off within s. */
[[nodiscard]] int sip_date_parse(struct sip_date *d, struct span s, uint32_t *err_off);

/* Writes SIP_DATE_LEN bytes. unix_s from 0 to 253402300799 (the end of 9999); beyond: b->full. */
void sip_date_write(struct buf *b, int64_t unix_s);

#endif
