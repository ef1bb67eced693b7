/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_date.h"

#include "sip-parser/sip_lex.h"

#define DAY_S    86400
#define UNIX_MAX 253402300799

static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static bool literal(struct lex *l, struct span want)
{
	if ((size_t)(l->end - l->p) < want.len || !span_ieq(span_of(l->p, want.len), want))
		return false;
	l->p += want.len;
	return true;
}

static bool name3(struct lex *l, const char *names, unsigned int n, uint8_t *out)
{
	for (uint8_t i = 0; i < n; i++) {
		if (literal(l, span_of(names + 3 * i, 3))) {
			*out = i;
			return true;
		}
	}
	return false;
}

static bool digits(struct lex *l, unsigned int n, uint16_t *out)
{
	uint16_t v = 0;
	for (; n; n--, l->p++) {
		if (!lex_more(l) || !ascii_is(*l->p, ASCII_DIGIT))
			return false;
		v = (uint16_t)(v * 10 + (*l->p - '0'));
	}
	*out = v;
	return true;
}

static bool two(struct lex *l, uint8_t min, uint8_t max, uint8_t *out)
{
	uint16_t v;
	const char *from = l->p;
	if (!digits(l, 2, &v))
		return false;
	*out = (uint8_t)v;
	if (v >= min && v <= max)
		return true;
	l->p = from;
	return false;
}

static uint8_t month_days(uint16_t year, uint8_t month)
{
	static const uint8_t len[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return (uint8_t)(len[month - 1] + (month == 2 && leap));
}

/* Days from 1970-01-01 in the Gregorian calendar; years are counted from March so that leap days come last. */
static int64_t day_number(int64_t year, unsigned int month, unsigned int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool date_part(struct sip_date *d, struct lex *l)
{
	bool ok = name3(l, days, 7, &d->weekday) && literal(l, SPAN(", ")) && two(l, 1, 31, &d->day) &&
	          literal(l, SPAN(" ")) && name3(l, months, 12, &d->month) && literal(l, SPAN(" ")) &&
	          digits(l, 4, &d->year);
	d->month++;
	return ok && d->day <= month_days(d->year, d->month);
}

static bool time_part(struct sip_date *d, struct lex *l)
{
	return two(l, 0, 23, &d->hour) && literal(l, SPAN(":")) && two(l, 0, 59, &d->minute) &&
	       literal(l, SPAN(":")) && two(l, 0, 60, &d->second);
}

int sip_date_parse(struct sip_date *d, struct span s, uint32_t *err_off)
{
	struct lex l = lex_on(s);
	*d = (struct sip_date){0};
	lex_ws(&l);
	bool ok = date_part(d, &l) && literal(&l, SPAN(" ")) && time_part(d, &l) && literal(&l, SPAN(" GMT"));
	if (ok)
		lex_ws(&l);
	if (!ok || lex_more(&l)) {
		*err_off = (uint32_t)(l.p - s.p);
		return -1;
	}
	d->unix_s =
	    day_number(d->year, d->month, d->day) * DAY_S + d->hour * 3600 + d->minute * 60 + d->second;
	return 0;
}

static void put_digits(struct buf *b, uint32_t v, uint32_t n)
{
	char t[4];
	for (uint32_t i = n; i-- > 0; v /= 10)
		t[i] = (char)('0' + v % 10);
	buf_put(b, t, n);
}

/* The inverse of day_number. */
static void civil(int64_t day, uint32_t *year, uint32_t *month, uint32_t *dom)
{
	int64_t z = day + 719468, era = z / 146097, of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;
	*dom = (uint32_t)(of_year - (153 * m + 2) / 5 + 1);
	*month = (uint32_t)(m < 10 ? m + 3 : m - 9);
	*year = (uint32_t)(y + era * 400 + (*month <= 2));
}

void sip_date_write(struct buf *b, int64_t unix_s)
{
	uint32_t year, month, dom;
	if (unix_s < 0 || unix_s > UNIX_MAX) {
		b->full = true;
		return;
	}
	int64_t day = unix_s / DAY_S;
	uint32_t s = (uint32_t)(unix_s % DAY_S);
	civil(day, &year, &month, &dom);
	buf_put(b, days + 3 * ((day + 4) % 7), 3);
	buf_lit(b, ", ");
	put_digits(b, dom, 2);
	buf_chr(b, ' ');
	buf_put(b, months + 3 * (month - 1), 3);
	buf_chr(b, ' ');
	put_digits(b, year, 4);
	buf_chr(b, ' ');
	put_digits(b, s / 3600, 2);
	buf_chr(b, ':');
	put_digits(b, s / 60 % 60, 2);
	buf_chr(b, ':');
	put_digits(b, s % 60, 2);
	buf_lit(b, " GMT");
}
